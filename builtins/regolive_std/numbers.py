"""Numbers: arithmetic, rounding and ranges.

Integers are exact at any size. Everything else follows OPA's ``topdown/arithmetic.go``: binary
floating point with a mantissa of 64 bits.
"""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

from regolive import BuiltinContext, BuiltinError, Number, RegoSet
from regolive.values import (
    add,
    as_fraction,
    as_integer,
    div,
    from_float64,
    is_number,
    mul,
    rem,
    round64,
    sub,
)
from regolive_std._declare import (
    NUMBER,
    WHOLE,
    array,
    not_integer,
    one_of,
    set_of,
    std,
    unchecked,
    wrong_type,
)

_HALF = Fraction(1, 2)
_WORD = 1 << 63
_NUMBER_OR_SET = one_of(NUMBER, set_of())


@std("plus", infix="+", result_name="z")
def plus(x: Number, y: Number) -> Number:
    """The sum of two numbers."""
    if x.__class__ is int and y.__class__ is int:
        return x + y
    return add(x, y)  # type: ignore[no-any-return]


@std(
    "minus",
    infix="-",
    args=[unchecked(_NUMBER_OR_SET), unchecked(_NUMBER_OR_SET)],
    result=_NUMBER_OR_SET,
    result_name="z",
)
def minus(x: Any, y: Any) -> Any:
    """The difference of two numbers, or of two sets."""
    if x.__class__ is int and y.__class__ is int:
        return x - y
    if x.__class__ is RegoSet:
        if y.__class__ is RegoSet:
            return RegoSet.of_keys(x.keys - y.keys)
        if is_number(y):
            raise wrong_type(2, y, "set")
        raise wrong_type(2, y, "number")
    if not is_number(x):
        raise wrong_type(1, x, "number", "set")
    if not is_number(y):
        raise wrong_type(2, y, "number")
    return sub(x, y)


@std("mul", infix="*", result_name="z")
def mul_(x: Number, y: Number) -> Number:
    """The product of two numbers."""
    if x.__class__ is int and y.__class__ is int and -_WORD < x < _WORD and -_WORD < y < _WORD:
        return x * y
    return mul(x, y)  # type: ignore[no-any-return]


@std("div", infix="/", result_name="z")
def div_(x: Number, y: Number) -> Number:
    """The quotient of two numbers; dividing by zero is an error."""
    return div(x, y)  # type: ignore[no-any-return]


@std("rem", infix="%", result_name="z")
def rem_(x: Number, y: Number) -> Number:
    """The remainder of dividing two integers, with the sign of the first."""
    return rem(x, y)  # type: ignore[no-any-return]


def as_float(n: Any) -> Fraction:
    """A number as OPA's floating point holds it."""
    if n.__class__ is Decimal and abs(n.adjusted()) > 4000:
        raise BuiltinError(f"number out of range: {n:.5E}")
    return round64(as_fraction(n))


def _small(n: Any) -> int | None:
    """The integer that ``n`` equals, if OPA's floating point holds it without rounding."""
    whole = as_integer(n)
    return whole if whole is not None and -(1 << 64) < whole < 1 << 64 else None


@std("abs", result_name="y")
def abs_(x: Number) -> Number:
    """The number without its sign."""
    whole = _small(x)
    return abs(whole) if whole is not None else _printed(abs(as_float(x)))


def _printed(exact: Fraction) -> Number:
    return from_float64(exact)  # type: ignore[no-any-return]


def _integer(n: int) -> Number:
    return _printed(round64(Fraction(n)))


@std("round", result_name="y")
def round_(x: Number) -> Number:
    """The nearest integer; halves go away from zero."""
    whole = _small(x)
    if whole is not None:
        return whole
    exact = as_float(x)
    return _integer(int(round64(exact + _HALF if exact > 0 else exact - _HALF)))


@std("ceil", result_name="y")
def ceil(x: Number) -> Number:
    """The smallest integer that is not less than the number."""
    whole = _small(x)
    return whole if whole is not None else _integer(math.ceil(as_float(x)))


@std("floor", result_name="y")
def floor(x: Number) -> Number:
    """The largest integer that is not greater than the number."""
    whole = _small(x)
    return whole if whole is not None else _integer(math.floor(as_float(x)))


def whole_number(n: Any, operand: int) -> int:
    """An operand that must be an integer, whichever way it is written."""
    if n.__class__ is int:
        return n
    whole = as_integer(n)
    if whole is None:
        raise not_integer(operand)
    return whole


def _range(ctx: BuiltinContext, a: int, b: int, step: int) -> list[int]:
    numbers = range(a, b + 1, step) if a <= b else range(a, b - 1, -step)
    # A list of 100,000 numbers takes about a millisecond: look at the deadline that often.
    chunk = 100_000
    if len(numbers) <= chunk:
        return list(numbers)
    out: list[int] = []
    for start in range(0, len(numbers), chunk):
        ctx.check()
        out.extend(numbers[start : start + chunk])
    return out


@std("numbers.range", args=[WHOLE, WHOLE], result=array(NUMBER), result_name="range")
def numbers_range(ctx: BuiltinContext, a: Number, b: Number) -> list[int]:
    """The integers from one to another, both included; downwards if the first is the greater."""
    return _range(ctx, whole_number(a, 1), whole_number(b, 2), 1)


@std("numbers.range_step", args=[WHOLE, WHOLE, WHOLE], result=array(NUMBER), result_name="range")
def numbers_range_step(ctx: BuiltinContext, a: Number, b: Number, step: Number) -> list[int]:
    """The integers from one to another in steps of a positive size."""
    first, last, by = whole_number(a, 1), whole_number(b, 2), whole_number(step, 3)
    if by <= 0:
        name = "numbers.range_step"  # which OPA puts in front twice
        raise BuiltinError(f"{name}: {name}: step must be a positive integer")
    return _range(ctx, first, last, by)


def sum_floats(numbers: list[Any]) -> Any:
    """Add numbers one by one in OPA's floating point."""
    total = Fraction(0)
    for n in numbers:
        total = round64(total + as_float(n))
    return from_float64(total)
