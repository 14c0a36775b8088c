"""Numbers: arithmetic, rounding and ranges.

Integers are exact at any size. Everything else follows OPA's ``topdown/arithmetic.go``: binary
floating point with a mantissa of 64 bits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from regolive import BuiltinContext, BuiltinError, Number, RegoSet
from regolive.values import (
    add,
    as_integer,
    bigfloat,
    div,
    from_big,
    is_number,
    mul,
    rem,
    sub,
    to_big,
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

_HALF, _MINUS_HALF = bigfloat.Big(1, -1), bigfloat.Big(-1, -1)
_WORD = 1 << 63
_NUMBER_OR_SET = one_of(NUMBER, set_of())


@std("plus", infix="+", result_name="z")
def plus(x: Number, y: Number) -> Number:
    """The sum of two numbers.

    Example:
        >>> 1 + 2
        3
        >>> 0.1 + 0.2
        0.3
        >>> 9007199254740993 + 1
        9007199254740994
    """
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
    """The difference of two numbers, or of two sets.

    Example:
        >>> 3 - 5
        -2
        >>> {1, 2, 3} - {2}
        [1, 3]
    """
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
    """The product of two numbers.

    Example:
        >>> 6 * 7
        42
    """
    if x.__class__ is int and y.__class__ is int and -_WORD < x < _WORD and -_WORD < y < _WORD:
        return x * y
    return mul(x, y)  # type: ignore[no-any-return]


@std("div", infix="/", result_name="z")
def div_(x: Number, y: Number) -> Number:
    """The quotient of two numbers; dividing by zero is an error.

    Example:
        >>> 7 / 2
        3.5
        >>> 6 / 3
        2
        >>> 1 / 0
        error: eval_builtin_error: div: divide by zero
    """
    return div(x, y)  # type: ignore[no-any-return]


@std("rem", infix="%", result_name="z")
def rem_(x: Number, y: Number) -> Number:
    """The remainder of dividing two integers, with the sign of the first.

    Example:
        >>> 7 % 3
        1
        >>> -7 % 3
        -1
        >>> 7 % 2.5
        error: eval_builtin_error: rem: modulo on floating-point number
        >>> 7 % 0
        error: eval_builtin_error: rem: modulo by zero
    """
    return rem(x, y)  # type: ignore[no-any-return]


# What is smaller is whole in OPA's floating point, and still is with a half added.
_EXACT = 1 << 63


def _small(n: Any) -> int | None:
    """The integer that ``n`` equals, if OPA's floating point adds a half to it without rounding."""
    whole = as_integer(n)
    return whole if whole is not None and -_EXACT < whole < _EXACT else None


# A double that is smaller has a point where its decimal has it, and so where OPA's number has it.
_DOUBLE = 1 << 53


def _cut(x: Any) -> tuple[int, bool]:
    """What is before the point, and whether that is all."""
    if x.__class__ is float and -_DOUBLE < x < _DOUBLE:
        return int(x), x.is_integer()
    whole = _small(x)
    return (whole, True) if whole is not None else bigfloat.whole_part(to_big(x))


@std("abs", result_name="y")
def abs_(x: Number) -> Number:
    """The number without its sign.

    Example:
        >>> abs(-1.5)
        1.5
    """
    if x.__class__ is float and not x.is_integer():
        return abs(x)
    whole = _small(x)
    if whole is not None:
        return abs(whole)
    return from_big(bigfloat.magnitude(to_big(x)))  # type: ignore[no-any-return]


# OPA cuts off what is behind the point and then looks at the sign of what is left, which 0 has not:
# between -1 and 0 it rounds up to 1, and down to 0.


@std("round", result_name="y")
def round_(x: Number) -> Number:
    """The nearest integer; halves go away from zero.

    Example:
        >>> round(2.5)
        3
        >>> round(-2.5)
        -3
    """
    if x.__class__ is float and -_DOUBLE < x < _DOUBLE:
        cut = int(x)
        return cut + int(2 * (x - cut))  # what is behind the point is exact, and so is its double
    whole = _small(x)
    if whole is not None:
        return whole
    exact = to_big(x)
    half = _HALF if exact.mantissa > 0 else _MINUS_HALF
    return bigfloat.whole_part(bigfloat.add(exact, half))[0]


@std("ceil", result_name="y")
def ceil(x: Number) -> Number:
    """The smallest integer that is not less than the number.

    Example:
        >>> ceil(1.2)
        2
    """
    cut, exact = _cut(x)
    return cut if cut < 0 or exact else cut + 1


@std("floor", result_name="y")
def floor(x: Number) -> Number:
    """The largest integer that is not greater than the number.

    Example:
        >>> floor(-1.2)
        -2
    """
    cut, exact = _cut(x)
    return cut if cut >= 0 or exact else cut - 1


def whole_number(n: Any, operand: int) -> int:
    """An operand that must be an integer, whichever way it is written."""
    if n.__class__ is int:
        return int(n)
    if not is_number(n):
        raise wrong_type(operand, n, "integer")
    whole = as_integer(n)
    if whole is None:
        if n.__class__ is Decimal and n == n.to_integral_value():
            raise BuiltinError(f"operand {operand}: number out of range: {n:.5E}")
        raise not_integer(operand)
    return whole


# OPA has no bound; this many take 400 MB.
_MAX_RANGE = 10_000_000
# A list of 100,000 numbers takes about a millisecond: look at the deadline that often.
_CHUNK = 100_000


def _range(ctx: BuiltinContext, a: int, b: int, step: int) -> list[int]:
    numbers = range(a, b + 1, step) if a <= b else range(a, b - 1, -step)
    if abs(b - a) // step >= _MAX_RANGE:
        raise BuiltinError(f"range of more than {_MAX_RANGE:,} numbers")
    if len(numbers) <= _CHUNK:
        return list(numbers)
    out: list[int] = []
    for start in range(0, len(numbers), _CHUNK):
        ctx.check()
        out.extend(numbers[start : start + _CHUNK])
    return out


@std("numbers.range", args=[unchecked(WHOLE)] * 2, result=array(NUMBER), result_name="range")
def numbers_range(ctx: BuiltinContext, a: Number, b: Number) -> list[int]:
    """The integers from one to another, both included; downwards if the first is the greater.

    Example:
        >>> numbers.range(1, 4)
        [1, 2, 3, 4]
        >>> numbers.range(3, 1)
        [3, 2, 1]
        >>> numbers.range(1, 2.5)
        error: eval_type_error: numbers.range: operand 2 must be integer number but got
        floating-point number
    """
    if a.__class__ is int and b.__class__ is int and 0 <= b - a < _CHUNK:
        return list(range(a, b + 1))
    return _range(ctx, whole_number(a, 1), whole_number(b, 2), 1)


@std("numbers.range_step", args=[unchecked(WHOLE)] * 3, result=array(NUMBER), result_name="range")
def numbers_range_step(ctx: BuiltinContext, a: Number, b: Number, step: Number) -> list[int]:
    """The integers from one to another in steps of a positive size.

    Example:
        >>> numbers.range_step(0, 10, 3)
        [0, 3, 6, 9]
        >>> numbers.range_step(5, 0, 2)
        [5, 3, 1]
        >>> numbers.range_step(0, 10, 0)
        error: eval_builtin_error: numbers.range_step: numbers.range_step: step must be a positive
        integer
    """
    first, last, by = whole_number(a, 1), whole_number(b, 2), whole_number(step, 3)
    if by <= 0:
        name = "numbers.range_step"  # which OPA puts in front twice
        raise BuiltinError(f"{name}: {name}: step must be a positive integer")
    return _range(ctx, first, last, by)


def sum_floats(numbers: list[Any]) -> Any:
    """Add numbers one by one in OPA's floating point."""
    total = bigfloat.Big(0, 0)
    for n in numbers:
        total = bigfloat.add(total, to_big(n))
    return from_big(total)
