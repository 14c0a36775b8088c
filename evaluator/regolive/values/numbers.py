"""Rego's numbers: integers exact at any size, everything else as OPA computes it.

OPA adds, subtracts and multiplies integers exactly, and does all else in binary floating point
with a mantissa of 64 bits, printing the fewest digits that tell the result apart
(OPA v1.20 ``topdown/arithmetic.go``; Go ``math/big.Float``). Here a number is an ``int``; a
``float`` where its shortest repr is the number; and a ``Decimal`` for the few others.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from regolive.errors import BuiltinError
from regolive.values import bigfloat
from regolive.values.bigfloat import Big

MAX_DIGITS = 4000
"""Beyond this exponent an integer is not written out: 1e1000000000 must not fill the memory."""
_MAX_FLOAT = 308
MAX_BITS = 14_000
"""The most bits that a computed integer may have: CPython prints no more than 4,300 digits."""


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
    if -MAX_DIGITS < exact.adjusted() <= _MAX_FLOAT:
        near = float(exact)
        if math.isfinite(near) and Decimal(repr(near)) == exact:
            return near
    if exact == 0:
        return 0
    exponent = exact.as_tuple().exponent
    integral = isinstance(exponent, int) and exponent >= 0
    if integral and exact.adjusted() < MAX_DIGITS:
        return int(exact)
    return exact


def format_number(n: Any) -> str:
    """A number as OPA prints it."""
    cls = n.__class__
    if cls is int:
        return bigfloat.text(n)  # a host may hand us one of very many digits
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
    if n.adjusted() < MAX_DIGITS and n == n.to_integral_value():
        return int(n)
    return None


def as_fraction(n: Any) -> Fraction:
    """The exact value of a number, decimals taken as they are written."""
    return Fraction(repr(n)) if n.__class__ is float else Fraction(n)


def from_big(x: Big, bits: int = bigfloat.BITS) -> Any:
    """The number OPA prints for a ``big.Float``: its shortest distinct decimal."""
    found = bigfloat.to_number(x, bits)
    return _from_decimal(found) if found.__class__ is Decimal else found


def to_big(n: Any) -> Big:
    """A number as OPA's floating point holds it. Raises BuiltinError for one out of all bounds."""
    if n.__class__ is Decimal and abs(n.adjusted()) > MAX_DIGITS:
        raise BuiltinError(f"number out of range: {n:.5E}")
    return bigfloat.to_big(n)


def add(a: Any, b: Any) -> Any:
    """``a + b``."""
    x, y = as_integer(a), as_integer(b)
    if x is not None and y is not None:
        return x + y
    return from_big(bigfloat.add(to_big(a), to_big(b)))


def sub(a: Any, b: Any) -> Any:
    """``a - b`` of numbers."""
    x, y = as_integer(a), as_integer(b)
    if x is not None and y is not None:
        return x - y
    return from_big(bigfloat.sub(to_big(a), to_big(b)))


def mul(a: Any, b: Any) -> Any:
    """``a * b``. Raises BuiltinError when the product has more digits than can be written."""
    x, y = as_integer(a), as_integer(b)
    if x is not None and y is not None:
        if x.bit_length() + y.bit_length() > MAX_BITS:
            raise BuiltinError("product out of range")
        return x * y
    return from_big(bigfloat.mul(to_big(a), to_big(b)))


def div(a: Any, b: Any) -> Any:
    """``a / b``. Raises BuiltinError for a zero divisor."""
    if not b:
        raise BuiltinError("divide by zero")
    if a.__class__ is int and b.__class__ is int and -(1 << 64) < a < 1 << 64:
        whole, rest = divmod(a, b)
        if not rest:
            return whole
    return from_big(bigfloat.div(to_big(a), to_big(b)))


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
