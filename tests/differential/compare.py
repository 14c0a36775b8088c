"""Both answers to a call, and how they differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import regolive_std
from regolive.codegen.frame import Env, Frame
from regolive.errors import EvalError
from regolive.plugins import Registry
from regolive.values import UNDEFINED, Key, RegoSet, equal, format_number, from_key, is_number
from tests.differential.notation import as_value
from tests.differential.opa import Answer, Call, NoAnswer


@dataclass(frozen=True, slots=True)
class Difference:
    """A call that the two answer differently.

    ``kind``: ``outcome`` (value against error or undefined), ``value``, ``code``, ``text`` (of
    the error), or ``digits``: the same number, written otherwise.
    """

    call: Call
    kind: str
    ours: Answer
    theirs: Answer


class Ours:
    """regolive's answers: the bound builtins, called as generated code calls them."""

    def __init__(self) -> None:
        registry = Registry()
        registry.register(regolive_std.StdPlugin, "std")
        self.builtins = registry.builtins

    def answer(self, call: Call) -> Answer:
        """What the call comes to. An exception that is no EvalError is a defect, and passes."""
        frame = Frame(Env(True, _no_background), None, None)
        operands = [as_value(o) for o in call.operands]
        try:
            result = self.builtins[call.name].call(frame, *operands)
        except EvalError as error:
            return Answer(code=error.code, error=error.message)
        return Answer() if result is UNDEFINED else Answer(result, defined=True)


def _no_background(*_: Any, **__: Any) -> Any:
    raise AssertionError("no standard builtin works in the background")


def differ(call: Call, ours: Answer, theirs: Answer | NoAnswer) -> Difference | None:
    """How two answers differ, if they do."""
    if isinstance(theirs, NoAnswer):
        return None
    kind = ""
    if (ours.defined, bool(ours.code)) != (theirs.defined, bool(theirs.code)):
        kind = "outcome"
    elif ours.defined:
        if not equal(ours.value, theirs.value):
            kind = "value"
        elif sorted(_digits(ours.value)) != sorted(_digits(theirs.value)):
            kind = "digits"
    elif ours.code != theirs.code:
        kind = "code"
    elif _printed(ours.error) != theirs.error:
        kind = "text"
    return Difference(call, kind, ours, theirs) if kind else None


def _printed(error: str) -> str:
    """A text as OPA prints it: bytes that are no UTF-8 become replacement characters."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in error)


def _digits(value: Any) -> Iterable[str]:
    """The texts of the numbers in a value."""
    if is_number(value):
        yield format_number(value)
    elif isinstance(value, list | RegoSet):
        for item in value:
            yield from _digits(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.__class__ is not str:
                yield from _digits(from_key(key) if key.__class__ is Key else key)
            yield from _digits(item)
