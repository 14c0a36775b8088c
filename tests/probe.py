"""A plugin of builtins for tests: they note, pair, fail and crash."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regolive import UNDEFINED, builtin, hookimpl
from regolive.errors import BuiltinError


class Probe:
    """Builtins for tests. ``calls`` collects the operand of each call of ``test.seen``."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    @builtin("test.seen")
    def seen(self, value: Any) -> Any:
        """The value itself, noted."""
        self.calls.append(value)
        return value

    @builtin("test.pair")
    def pair(self, a: Any, b: Any) -> Any:
        """An array of both."""
        return [a, b]

    @builtin("test.not")
    def negated(self, value: Any) -> bool:
        """Whether the value is false."""
        return value is False

    @builtin("test.odd")
    def odd(self, value: Any) -> Any:
        """True for some values, undefined for others."""
        return True if value.__class__ in (int, str) and value in (1, 3, "a") else UNDEFINED

    @builtin("test.fail")
    def fail(self, text: str) -> bool:
        """An error of the builtin's own."""
        raise BuiltinError(text)

    @builtin("test.crash")
    def crash(self, text: str) -> bool:
        """An error that nobody meant."""
        raise KeyError(text)

    @hookimpl
    def regolive_builtins(self) -> list[Callable[..., Any]]:
        return [
            self.seen,
            self.pair,
            self.negated,
            self.odd,
            self.fail,
            self.crash,
        ]
