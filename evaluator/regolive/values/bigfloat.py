"""Binary floating point with a mantissa of some number of bits, as Go's ``math/big.Float`` has it.

OPA computes with 64 bits what is no integer: more than a double holds. A number here is a mantissa
and an exponent, both of them ints; results are rounded half to even, and printed with the fewest
digits that tell them from their neighbours.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

BITS = 64
"""The mantissa that ``big.Float`` takes when it is made from text."""


class Big(NamedTuple):
    """The number ``mantissa * 2**exponent``."""

    mantissa: int
    exponent: int


def _rounded(mantissa: int, exponent: int, bits: int, *, more: bool = False) -> Big:
    """Rounded half to even; ``more``: the number is a little larger, by less than one unit."""
    over = mantissa.bit_length() - bits
    if over <= 0:
        return Big(mantissa, exponent)
    size = abs(mantissa)
    kept = size >> over
    rest, half = size & ((1 << over) - 1), 1 << (over - 1)
    if rest > half or (rest == half and (more or kept & 1)):
        kept += 1
    return Big(kept if mantissa > 0 else -kept, exponent + over)


def _quotient(numerator: int, denominator: int, exponent: int, bits: int) -> Big:
    shift = max(0, bits + 2 + denominator.bit_length() - numerator.bit_length())
    whole, rest = divmod(abs(numerator) << shift, abs(denominator))
    found = _rounded(whole, exponent - shift, bits, more=rest != 0)
    return found if (numerator < 0) == (denominator < 0) else Big(-found.mantissa, found.exponent)


def to_big(n: Any) -> Big:
    """A number as ``big.Float`` reads its text."""
    cls = n.__class__
    if cls is int:
        return _rounded(n, 0, BITS)
    if cls is float:
        if n.is_integer() and -(1 << 53) < n < 1 << 53:
            return Big(int(n), 0)
        mantissa, _, power = repr(n).partition("e")
        whole, _, rest = mantissa.partition(".")
        digits, ten = int(whole + rest), int(power or 0) - len(rest)
    else:
        sign, places, power = n.as_tuple()
        digits, ten = int("".join(map(str, places))), int(power)
        digits = -digits if sign else digits
    if ten >= 0:
        return _rounded(digits * 5**ten, ten, BITS)
    return _quotient(digits, 5**-ten, ten, BITS)


def magnitude(x: Big) -> Big:
    """The number without its sign."""
    return Big(abs(x.mantissa), x.exponent)


def add(a: Big, b: Big) -> Big:
    """The sum."""
    low = min(a.exponent, b.exponent)
    total = (a.mantissa << (a.exponent - low)) + (b.mantissa << (b.exponent - low))
    return _rounded(total, low, BITS)


def sub(a: Big, b: Big) -> Big:
    """The difference."""
    return add(a, Big(-b.mantissa, b.exponent))


def mul(a: Big, b: Big, bits: int = BITS) -> Big:
    """The product, with a mantissa of some bits."""
    return _rounded(a.mantissa * b.mantissa, a.exponent + b.exponent, bits)


def div(a: Big, b: Big) -> Big:
    """The quotient; ``b`` is not zero."""
    return _quotient(a.mantissa, b.mantissa, a.exponent - b.exponent, BITS)


def whole_part(x: Big) -> tuple[int, bool]:
    """What is before the point (cut off towards zero), and whether that is all."""
    if x.exponent >= 0:
        return x.mantissa << x.exponent, True
    cut = abs(x.mantissa) >> -x.exponent
    exact = cut << -x.exponent == abs(x.mantissa)
    return (cut if x.mantissa > 0 else -cut), exact


_DIGITS = 21  # as many as ever are needed for 64 bits
_LOG10_2 = 0.30102999566398120
_TENS = [10**n for n in range(_DIGITS + 3)]


def shortest(x: Big, bits: int = BITS) -> tuple[int, int]:
    """The fewest digits that tell ``x`` from its neighbours: ``(digits, power of ten)``."""
    size, exponent = abs(x.mantissa), x.exponent
    spare = bits - size.bit_length()
    # Counted in halves of the last bit, the middle is even and the bounds are one away from it.
    mantissa = size << spare if spare >= 0 else size >> -spare
    two = exponent - spare - 1
    places = _DIGITS - int((bits + two) * _LOG10_2)
    up, down = 1, 1
    if places >= 0:
        up = 10**places
    else:
        down = 10**-places
    if two >= 0:
        up <<= two
    else:
        down <<= -two
    middle, behind = divmod(2 * mantissa * up, down)
    low, short = divmod((2 * mantissa - 1) * up, down)
    high, over = divmod((2 * mantissa + 1) * up, down)
    # A bound itself reads back as x where x is even.
    if short or mantissa & 1:
        low += 1
    if not over and mantissa & 1:
        high -= 1
    # If a multiple of 10**n is within the bounds, so is one of 10**(n-1): look for the largest n.
    least, most = 0, len(_TENS) - 1
    while least < most:
        n = (least + most + 1) // 2
        if high // _TENS[n] * _TENS[n] >= low:
            least = n
        else:
            most = n - 1
    unit = _TENS[least]
    count, rest = divmod(middle, unit)
    below, above = count * unit >= low, (count + 1) * unit <= high
    if above and (not below or 2 * rest > unit or (2 * rest == unit and (behind or count & 1))):
        count += 1
    return (count if x.mantissa > 0 else -count), least - places


def to_number(x: Big, bits: int = BITS) -> Decimal | int | float:
    """The number that OPA prints: an int, a float where its repr is that, or a Decimal."""
    whole, exact = whole_part(x)
    if exact and whole.bit_length() <= bits:
        return whole
    digits, ten = shortest(x, bits)
    if ten >= 0:
        return int(digits * 10**ten)
    while digits % 10 == 0:
        digits, ten = digits // 10, ten + 1
    if ten >= -22 and -(10**15) < digits < 10**15:
        return float(digits / 10**-ten)  # both are exact doubles, so this is the nearest one
    return Decimal(digits).scaleb(ten)
