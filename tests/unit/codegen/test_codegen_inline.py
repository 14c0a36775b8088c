"""Builtins written in line give what the builtins themselves give, whatever the operands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from regolive import RegoSet, Runtime
from regolive.codegen import inline
from regolive.errors import EvalError
from regolive.values import UNDEFINED, equal

VALUES: list[Any] = [
    *(None, True, False, 0, 1, -3, 1.0, 2.5, Decimal("1e400"), 1 << 70),
    *("", "a", "abc", "  Abc \t", "\x1cX\x1c", "\u00a0ÄÖ\u2003", "İß", "x\udc80y", "n", "/a/b/"),
    *([], ["a"], [1, True, "a"], [False, 0], [["a"], {"a": 1}], [None]),
    *({}, {"a": 1}, {"a": {"n": 1}, "b": True}, {"a": {"n": {"z": None}}}, {"a": ["x"]}),
    *(RegoSet(), RegoSet(["a", 1]), RegoSet([True, "abc", None])),
]

CALLS = (
    *("input.a == input.b", "input.a != input.b", "input.a < input.b", "input.a <= input.b"),
    *("input.a > input.b", "input.a >= input.b", "input.a in input.b"),
    *('input.a < "abc"', '"abc" >= input.a', "input.a > 1", "1 in input.a", "3 in input.a"),
    *("true in input.a", '"a" in input.a', "null in input.a", "[false] in input.a"),
    *("count(input.a)", "is_array(input.a)", "is_boolean(input.a)", "is_null(input.a)"),
    *("is_object(input.a)", "is_set(input.a)", "is_string(input.a)"),
    *("lower(input.a)", "upper(input.a)", "trim_space(input.a)", 'trim(input.a, " x")'),
    *('trim_left(input.a, "a/")', 'trim_right(input.a, "c/")', 'trim(input.a, "é")'),
    *('trim_prefix(input.a, "a")', "trim_suffix(input.a, input.b)", "trim(input.a, input.b)"),
    *('replace(input.a, "a", "b")', 'replace(input.a, "", "b")', 'replace(input.a, "a", input.b)'),
    *("substring(input.a, 1, 2)", "substring(input.a, 0, -1)", "substring(input.a, -1, 2)"),
    *('split(input.a, "/")', 'split(input.a, "")', "startswith(input.a, input.b)"),
    *("endswith(input.a, input.b)", "contains(input.a, input.b)", "input.a + input.b"),
    *("input.a - input.b", "array.concat(input.a, input.b)", "input.a | input.b"),
    *("input.a & input.b", 'object.get(input.a, "a", input.b)', "object.get(input.a, input.b, 7)"),
    *('object.get(input.a, ["a", "n"], input.b)', 'object.get(input.a, ["a", "n", "z"], 7)'),
    *('object.get(input.a, ["a"], 7)', 'object.get(input.a, ["a", 0], 7)'),
)


def answers(call: str, pairs: list[tuple[Any, Any]]) -> list[Any]:
    """What the call gives as a value, and as a condition; errors are errors."""
    found: list[Any] = []
    text = f"package t\n\nvalue := x if x := {call}\n\nholds if {call}\n"
    with Runtime(modules={"t.rego": text}, strict_builtin_errors=True) as runtime:
        for rule in ("value", "holds"):
            evaluate = runtime.prepare(f"data.t.{rule}").evaluate
            for a, b in pairs:
                try:
                    result = evaluate({"a": a, "b": b})
                    found.append(result.rego if result.defined else UNDEFINED)
                except EvalError as error:
                    found.append((error.code, str(error)))
    return found


@pytest.mark.parametrize("call", CALLS)
def test_in_line_or_called(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(a, b) for a in VALUES for b in (VALUES if "input.b" in call else [None])]
    in_line = answers(call, pairs)
    monkeypatch.setattr(inline, "_TEMPLATES", {})
    called = answers(call, pairs)
    for place, (got, wanted) in enumerate(zip(in_line, called, strict=True)):
        same = got == wanted if isinstance(wanted, tuple) else equal(got, wanted)
        assert same, f"{call} of {pairs[place % len(pairs)]!r}: {got!r}, not {wanted!r}"


def test_time_is_read_in_line() -> None:
    text = "package t\n\nsame if time.now_ns() == time.now_ns()\n\nnow := time.now_ns()\n"
    with Runtime(modules={"t.rego": text}) as runtime:
        assert runtime.evaluate("data.t.same").value is True
        assert runtime.evaluate("data.t.now").value > 1_700_000_000 * 10**9
