"""Comparison: equality, and the order over all values."""

from __future__ import annotations

from typing import Any

from regolive.values import compare, equal
from regolive_std._declare import std

# Two of the same of these compare in Python as in Rego.
_SAME = frozenset({str, int, float})


@std("equal", infix="==", result_name="result")
def equal_(x: Any, y: Any) -> bool:
    """Whether two values are the same; numbers by value, composites by what they contain.

    Example:
        >>> 1 == 1.0
        true
        >>> {1, 2} == {2, 1}
        true
        >>> "1" == 1
        false
    """
    return equal(x, y)


@std("eq", infix="=")
def eq(x: Any, y: Any) -> bool:
    """Whether two values unify, both being known: the same as ``equal``.

    Example:
        >>> {x | [x, 2] = [1, 2]}
        [1]
    """
    return equal(x, y)


@std("assign", infix=":=")
def assign(x: Any, y: Any) -> bool:
    """Assignment of a known value to a known value: the same as ``equal``.

    Example:
        >>> {x | x := 1 + 1}
        [2]
    """
    return equal(x, y)


@std("neq", infix="!=", result_name="result")
def neq(x: Any, y: Any) -> bool:
    """Whether two values differ.

    Example:
        >>> 1 != 2
        true
        >>> 1 != 1.0
        false
    """
    return not equal(x, y)


@std("lt", infix="<", result_name="result")
def lt(x: Any, y: Any) -> bool:
    """Whether the first value comes before the second in the order of all values.

    Example:
        >>> 1 < 2
        true
        >>> "a" < "b"
        true
        >>> true < 0
        true
    """
    if x.__class__ is y.__class__ and x.__class__ in _SAME:
        return bool(x < y)
    return compare(x, y) < 0


@std("lte", infix="<=", result_name="result")
def lte(x: Any, y: Any) -> bool:
    """Whether the first value comes before the second, or is the same.

    Example:
        >>> 2 <= 2
        true
    """
    if x.__class__ is y.__class__ and x.__class__ in _SAME:
        return bool(x <= y)
    return compare(x, y) <= 0


@std("gt", infix=">", result_name="result")
def gt(x: Any, y: Any) -> bool:
    """Whether the first value comes after the second in the order of all values.

    Example:
        >>> [2] > [1, 5]
        true
    """
    if x.__class__ is y.__class__ and x.__class__ in _SAME:
        return bool(x > y)
    return compare(x, y) > 0


@std("gte", infix=">=", result_name="result")
def gte(x: Any, y: Any) -> bool:
    """Whether the first value comes after the second, or is the same.

    Example:
        >>> 2 >= 3
        false
    """
    if x.__class__ is y.__class__ and x.__class__ in _SAME:
        return bool(x >= y)
    return compare(x, y) >= 0
