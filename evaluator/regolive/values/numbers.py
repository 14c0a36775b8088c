"""Rego's numbers: integers exact at any size, everything else as OPA computes it.

OPA adds, subtracts and multiplies integers exactly, and does all else in binary floating point
with a mantissa of 64 bits, printing the fewest digits that tell the result apart
(OPA v1.20 ``topdown/arithmetic.go``; Go ``math/big.Float``). Here a number is an ``int``; a
``float`` where its shortest repr is the number; and a ``Decimal`` for the few others.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from regolive.errors import BuiltinError

# Beyond this exponent an integer is not written out: 1e1000000000 must not fill the memory.
# (CPython also refuses to print integers of more than 4,300 digits.)
_MAX_EXPONENT = 4000
_MANTISSA = 64  # Go's big.Float takes 64 bits when it is made from text


def parse_number(text: str) -> Any:
    """The number written as ``text`` (JSON's syntax). Raises ValueError if it is none."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        exact = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"not a number: {text!r}") from None
    if not exact.is_finite():
        raise ValueError(f"not a number: {text!r}")
    return _from_decimal(exact)


def _from_decimal(exact: Decimal) -> Any:
    if -_MAX_EXPONENT < exact.adjusted() < 308:
        near = float(exact)
        if Decimal(repr(near)) == exact:
            return near
    if exact == 0:
        return 0
    exponent = exact.as_tuple().exponent
    integral = isinstance(exponent, int) and exponent >= 0
    if integral and exact.adjusted() < _MAX_EXPONENT:
        return int(exact)
    return exact


def format_number(n: Any) -> str:
    """A number as OPA prints it."""
    cls = n.__class__
    if cls is int:
        return str(n)
    if cls is float:
        return repr(n)
    text = format(n, "E") if abs(n.adjusted()) > 20 else format(n, "f")
    return text.lower()


def as_integer(n: Any) -> int | None:
    """The integer that ``n`` equals, if it does and is of a size to be written out."""
    cls = n.__class__
    if cls is int:
        return n  # type: ignore[no-any-return]
    if cls is float:
        if not n.is_integer():
            return None
        # Past 2**53 a float's own value has digits that nobody wrote: 1e23 is 10**23.
        return int(n) if -(1 << 53) < n < 1 << 53 else int(Decimal(repr(n)))
    if n.adjusted() < _MAX_EXPONENT and n == n.to_integral_value():
        return int(n)
    return None


def as_fraction(n: Any) -> Fraction:
    """The exact value of a number, decimals taken as they are written."""
    return Fraction(repr(n)) if n.__class__ is float else Fraction(n)


def round64(x: Fraction) -> Fraction:
    """``x`` rounded half to even to a mantissa of 64 bits."""
    if not x:
        return x
    # Scale so that the integer part has 64 bits, round it, and scale back.
    shift = _MANTISSA - (x.numerator.bit_length() - x.denominator.bit_length())
    scaled = abs(x) * Fraction(2) ** shift
    while scaled >= 1 << _MANTISSA:
        scaled /= 2
        shift -= 1
    while scaled < 1 << (_MANTISSA - 1):
        scaled *= 2
        shift += 1
    rounded = Fraction(round(scaled)) / Fraction(2) ** shift
    return rounded if x > 0 else -rounded


def from_float64(x: Fraction) -> Any:
    """The number OPA prints for a big.Float of value ``x``: its shortest distinct decimal."""
    if not x:
        return 0
    # 19 digits always survive a mantissa of 64 bits, so 19 digits without their trailing zeros
    # are the shortest form if they read back as x; else 20 or 21 are needed.
    magnitude = len(str(x.numerator)) - len(str(x.denominator))
    for digits in (19, 20, 21):
        places = digits - magnitude
        scaled = round(x * Fraction(10) ** places)
        if abs(scaled) >= 10**digits:
            places -= 1
            scaled = round(x * Fraction(10) ** places)
        shortest = Fraction(scaled) / Fraction(10) ** places
        if round64(shortest) == x:
            break
    if shortest.denominator == 1:
        return shortest.numerator
    return _from_decimal(Decimal(scaled).scaleb(-places).normalize())


def _float_op(n: Any) -> Fraction:
    if n.__class__ is Decimal and abs(n.adjusted()) > _MAX_EXPONENT:
        raise BuiltinError(f"number out of range: {n:.5E}")
    return round64(as_fraction(n))


def add(a: Any, b: Any) -> Any:
    """``a + b``."""
    x, y = as_integer(a), as_integer(b)
    if x is not None and y is not None:
        return x + y
    return from_float64(round64(_float_op(a) + _float_op(b)))


def sub(a: Any, b: Any) -> Any:
    """``a - b`` of numbers."""
    x, y = as_integer(a), as_integer(b)
    if x is not None and y is not None:
        return x - y
    return from_float64(round64(_float_op(a) - _float_op(b)))


def mul(a: Any, b: Any) -> Any:
    """``a * b``. Raises BuiltinError when the product has more digits than can be written."""
    x, y = as_integer(a), as_integer(b)
    if x is not None and y is not None:
        if x.bit_length() + y.bit_length() > 4 * _MAX_EXPONENT:
            raise BuiltinError("product out of range")
        return x * y
    return from_float64(round64(_float_op(a) * _float_op(b)))


def div(a: Any, b: Any) -> Any:
    """``a / b``. Raises BuiltinError for a zero divisor."""
    if not b:
        raise BuiltinError("divide by zero")
    if a.__class__ is int and b.__class__ is int and -(1 << 64) < a < 1 << 64:
        whole, rest = divmod(a, b)
        if not rest:
            return whole
    return from_float64(round64(_float_op(a) / _float_op(b)))


def rem(a: Any, b: Any) -> Any:
    """The remainder of integers, with the sign of ``a`` as Go has it.

    Raises BuiltinError for a zero divisor and for numbers that are not integers.
    """
    x, y = as_integer(a), as_integer(b)
    if x is None or y is None:
        raise BuiltinError("modulo on floating-point number")
    if not y:
        raise BuiltinError("modulo by zero")
    r = abs(x) % abs(y)
    return r if x >= 0 else -r
