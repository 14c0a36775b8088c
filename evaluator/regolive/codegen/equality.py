"""Equality and order in line: Python's own operators, wherever what is known makes them Rego's."""

from __future__ import annotations

from typing import Any

from regolive.codegen.gen import Expr
from regolive.values import equal


def equal_code(a: Expr, b: Expr) -> tuple[str, str]:
    """Conditions for ``a == b`` and its negation. Both values must be defined.

    Python holds that ``1 == True``; that is the whole difference, so a string on either side, or
    two values known to be numbers, may be compared by Python.
    """
    if a.is_const and b.is_const:
        return ("True", "False") if equal(a.const, b.const) else ("False", "True")
    if a.is_const:
        a, b = b, a
    if a.code == b.code:
        return "True", "False"
    if (b.is_const and b.const.__class__ is bool) or (b.is_const and b.const is None):
        return f"{a.code} is {b.code}", f"{a.code} is not {b.code}"
    if b.kind == "str" or a.kind == "str" or (b.is_const and _only_strings(b.const)):
        return f"{a.code} == {b.code}", f"{a.code} != {b.code}"
    numbers = ("int", "num")
    if b.kind in numbers:
        if a.kind in numbers or (b.is_const and b.const not in (0, 1)):
            return f"{a.code} == {b.code}", f"{a.code} != {b.code}"
        if b.is_const:
            odd = "True" if b.const == 1 else "False"
            return (
                f"{a.code} == {b.code} and {a.code} is not {odd}",
                f"{a.code} != {b.code} or {a.code} is {odd}",
            )
    ok = f"({a.code} == {b.code} if {a.cls} is str else equal({a.code}, {b.code}))"
    return ok, f"not {ok}"


def _only_strings(value: Any) -> bool:
    """Whether a constant has no number or boolean in it, which Python might take for each other."""
    if value.__class__ is list:
        return all(map(_only_strings, value))
    return value.__class__ is str or value is None


def order_code(a: Expr, b: Expr, operator: str) -> str:
    """A condition for ``a < b`` and the like, in Rego's order over all types."""
    tests = [f"{e.cls} is int" for e in (a, b) if e.kind != "int"]
    texts = [f"{e.cls} is str" for e in (a, b) if e.kind != "str"]
    if all(e.kind in ("int", "num") for e in (a, b)) or not tests:
        return f"{a.code} {operator} {b.code}"
    slow = f"compare({a.code}, {b.code}) {operator} 0"
    if all(e.kind in (None, "str") for e in (a, b)):
        # By code points, which is the order of UTF-8's bytes, too.
        slow = f"{a.code} {operator} {b.code} if {' and '.join(texts)} else {slow}"
        if len(texts) < 2:
            return f"({slow})" if texts else f"{a.code} {operator} {b.code}"
    return f"({a.code} {operator} {b.code} if {' and '.join(tests)} else {slow})"
