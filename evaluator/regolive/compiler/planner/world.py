"""What ``with`` changes for rules: documents in the place of some, and mocked functions.

A rule that is asked inside ``with`` is planned for its world: a copy of it in which the rules that
a ``with data...`` replaces are not seen, and the functions that a ``with`` mocks are called as what
replaces them. Each world is a group of planned functions (``g1``, ``g2``, ...) as in OPA's plans.
``with`` on input, and on data that no rule defines, makes no new world.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias

from regolive.compiler.program import Path
from regolive.syntax import nodes as n


@dataclass(frozen=True, slots=True)
class ConstantMock:
    """A value that is known when the policy is planned. ``text`` is what tells two apart."""

    text: str
    term: n.Term = field(compare=False)


@dataclass(frozen=True, slots=True)
class ValueMock:
    """A value known when the query runs: handed on to each function of the world as an argument."""


@dataclass(frozen=True, slots=True)
class RuleMock:
    """What a rule or function of the policy gives, at ``path`` below ``data``."""

    path: Path


@dataclass(frozen=True, slots=True)
class BuiltinMock:
    """Another builtin."""

    name: str


Mock: TypeAlias = ConstantMock | ValueMock | RuleMock | BuiltinMock


@dataclass(frozen=True, slots=True)
class World:
    """``hidden`` are the paths whose rules a document stands in for; ``mocks`` what functions are.

    Names of functions are a builtin's, or ``data.`` and the path of one of the policy's.
    """

    hidden: frozenset[Path] = frozenset()
    mocks: tuple[tuple[str, Mock], ...] = ()

    def mock(self, name: str) -> Mock | None:
        """What stands in for a function, if something does."""
        return next((mock for known, mock in self.mocks if known == name), None)

    @property
    def values(self) -> tuple[str, ...]:
        """The functions mocked by values that are handed on, in the order of the arguments."""
        return tuple(name for name, mock in self.mocks if isinstance(mock, ValueMock))

    def hide(self, path: Path) -> World:
        """The world with a document in the place of the rules at a path."""
        return replace(self, hidden=self.hidden | {path})

    def mocked(self, name: str, mock: Mock) -> World:
        """The world with another function's stand-in."""
        others = [(known, m) for known, m in self.mocks if known != name]
        return replace(self, mocks=tuple(sorted([*others, (name, mock)], key=lambda m: m[0])))

    def unmocked(self) -> World:
        """The world that what replaces a function sees: all functions are themselves."""
        return replace(self, mocks=()) if self.mocks else self


PLAIN = World()
"""The world outside of every ``with``."""


def constant_text(term: n.Term) -> str | None:
    """A text that says which constant a term is; None if it is none."""
    match term:
        case n.Scalar():
            return repr(term.value)
        case n.Number():
            return term.text
        case n.Array() | n.Set():
            parts = [constant_text(item) for item in term.items]
        case n.Object():
            parts = [constant_text(item) for item in term.flat]
        case _:
            return None
    if any(part is None for part in parts):
        return None
    return f"{type(term).__name__}({','.join(map(str, parts))})"
