"""Binary floating point with a mantissa of some number of bits, as Go's ``math/big.Float`` has it.

OPA computes with 64 bits what is no integer: more than a double holds. A number here is a mantissa
and an exponent, both of them ints; results are rounded half to even, and printed with the fewest
digits that tell them from their neighbours.
"""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_DOWN, Context, Decimal
from typing import Any, NamedTuple

BITS = 64
"""The mantissa that ``big.Float`` takes when it is made from text."""

# Digits beyond these do not tell which of two neighbours is nearer, but cost the square of their
# number to read.
_READ = Context(prec=4000, rounding=ROUND_DOWN, Emax=MAX_EMAX, Emin=MIN_EMIN)
_WRITE = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)  # rounds nothing


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


def _quotient(
    numerator: int, denominator: int, exponent: int, bits: int, *, more: bool = False
) -> Big:
    shift = max(0, bits + 2 + denominator.bit_length() - numerator.bit_length())
    whole, rest = divmod(abs(numerator) << shift, abs(denominator))
    found = _rounded(whole, exponent - shift, bits, more=more or rest != 0)
    return found if (numerator < 0) == (denominator < 0) else Big(-found.mantissa, found.exponent)


def _decimal(x: float) -> tuple[int, int]:
    """The digits of a double's shortest text, and the power of ten that they count."""
    mantissa, _, power = repr(x).partition("e")
    whole, _, rest = mantissa.partition(".")
    return int(whole + rest), int(power or 0) - len(rest)


def to_big(n: Any) -> Big:
    """A number as ``big.Float`` reads its text."""
    cls = n.__class__
    if cls is int:
        return _rounded(n, 0, BITS)
    if cls is float:
        if n.is_integer() and -(1 << 53) < n < 1 << 53:
            return Big(int(n), 0)
        digits, ten = _decimal(n)
        more = False
    else:
        read = _READ.plus(n)
        ten = int(read.as_tuple().exponent)
        digits, more = int(read.scaleb(-ten, _READ)), read != n
    if ten >= 0:
        return _rounded(digits * 5**ten, ten, BITS, more=more)
    return _quotient(digits, 5**-ten, ten, BITS, more=more)


def ratio(numerator: int, denominator: int, bits: int = BITS) -> Big:
    """The quotient of two integers, the second of them not zero."""
    return _quotient(numerator, denominator, 0, bits)


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


_LOG10_2 = 0.30102999566398120
_TENS = [10**n for n in range(24)]


def text(n: int) -> str:
    """The digits of an integer, however many: Python itself writes no more than 4,300."""
    try:
        return str(n)
    except ValueError:
        return format(_WRITE.create_decimal(n), "f")


def shortest(x: Big, bits: int = BITS) -> tuple[int, int]:
    """The few digits that tell ``x`` from its neighbours, as Go finds them, and a power of ten.

    Go compares the digits of ``x`` and of the bounds half way to its neighbours one by one, and
    looks at no digit but the one at hand. So at times it rounds down where up is nearer.
    """
    size, exponent = abs(x.mantissa), x.exponent
    spare = bits - size.bit_length()
    # Counted in halves of the last bit, the middle is even and the bounds are one away from it.
    mantissa = size << spare if spare >= 0 else size >> -spare
    two = exponent - spare - 1
    # More digits than are ever needed to tell two numbers of so many bits apart.
    places = int(bits * _LOG10_2) + 5 - int((bits + two) * _LOG10_2)
    up, down = 1, 1
    if places >= 0:
        up = 10**places
    else:
        down = 10**-places
    if two >= 0:
        up <<= two
    else:
        down <<= -two
    middle, low, high = (divmod((2 * mantissa + d) * up, down) for d in (0, -1, 1))
    digits, lower, upper = (text(n) for n, _ in (middle, low, high))
    # How many digits the bounds have that are no zeros at the end.
    last = len(lower.rstrip("0")) if not low[1] else len(lower) + 1
    end = len(upper.rstrip("0")) if not high[1] else len(upper) + 1
    even = not mantissa & 1  # a bound itself reads back as x where x is even
    count = middle[0]
    for at, digit in enumerate(digits):
        least = lower[at] if at < len(lower) else "0"
        most = upper[at] if at < len(upper) else "0"
        below = least != digit or (even and at + 1 == last)
        above = digit != most and (even or ord(digit) + 1 < ord(most) or at + 1 < end)
        if below or above:
            unit = 10 ** (len(digits) - at - 1)
            count, rest = divmod(middle[0], unit)
            exactly_half = 2 * rest == unit and not middle[1]
            nearer_up = 2 * rest >= unit and (not exactly_half or count & 1)
            if above and (not below or nearer_up):
                count += 1
            places -= len(digits) - at - 1
            break
    return (count if x.mantissa > 0 else -count), -places


def _near(x: Big, bits: int) -> float | None:
    """The nearest double, if its text is what tells ``x`` from its neighbours: the usual case.

    No shorter one does: two texts of as few digits are further apart than ``x`` and its neighbours.
    """
    mantissa, exponent = x
    if not -1000 < exponent < 0:
        return None
    near = math.ldexp(mantissa, exponent)
    digits, ten = _decimal(near)
    if not -400 < ten < 0:
        return None
    if bits < BITS and abs(digits) >= 10**15:
        return None  # among the neighbours of a double, there may be several such texts
    tens = _TENS[-ten] if -ten < len(_TENS) else 10**-ten
    apart = abs((digits << -exponent) - mantissa * tens)
    return near if apart << (bits - mantissa.bit_length() + 1) < tens else None


def to_number(x: Big, bits: int = BITS) -> Decimal | int | float:
    """The number that OPA prints: an int, a float where its repr is that, or a Decimal."""
    whole, exact = whole_part(x)
    if exact and whole.bit_length() <= bits:
        return whole
    near = _near(x, bits)
    if near is not None:
        return near
    digits, ten = shortest(x, bits)
    if ten >= 0:
        return int(digits * 10**ten)
    while digits % 10 == 0:
        digits, ten = digits // 10, ten + 1
    if ten >= -22 and -(10**15) < digits < 10**15:
        return float(digits / 10**-ten)  # both are exact doubles, so this is the nearest one
    return Decimal(digits).scaleb(ten)
