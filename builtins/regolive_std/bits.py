"""Bitwise operations on integers of any size, in two's complement."""

from __future__ import annotations

from regolive import BuiltinError, Number
from regolive.errors import BuiltinTypeError
from regolive.values import MAX_BITS, format_number
from regolive_std._declare import NUMBER, WHOLE, std, unchecked
from regolive_std.numbers import whole_number

# Looked at one after the other: a first operand with a fraction is found before a second string.
_WHOLE = unchecked(WHOLE)


@std("bits.and", args=[_WHOLE, _WHOLE], result=NUMBER, result_name="z")
def bits_and(x: Number, y: Number) -> int:
    """The bits that both integers have set.

    Example:
        >>> bits.and(12, 10)
        8
    """
    return whole_number(x, 1) & whole_number(y, 2)


@std("bits.or", args=[_WHOLE, _WHOLE], result=NUMBER, result_name="z")
def bits_or(x: Number, y: Number) -> int:
    """The bits that either integer has set.

    Example:
        >>> bits.or(12, 10)
        14
    """
    return whole_number(x, 1) | whole_number(y, 2)


@std("bits.xor", args=[_WHOLE, _WHOLE], result=NUMBER, result_name="z")
def bits_xor(x: Number, y: Number) -> int:
    """The bits that just one of the integers has set.

    Example:
        >>> bits.xor(12, 10)
        6
    """
    return whole_number(x, 1) ^ whole_number(y, 2)


@std("bits.negate", args=[_WHOLE], result=NUMBER, result_name="z")
def bits_negate(x: Number) -> int:
    """The integer with every bit flipped.

    Example:
        >>> bits.negate(5)
        -6
    """
    return ~whole_number(x, 1)


def _shift(s: Number) -> int:
    shift = whole_number(s, 2)
    if shift < 0:
        raise BuiltinTypeError(
            "operand 2 must be an unsigned integer number but got a negative integer"
        )
    return shift


@std("bits.lsh", args=[_WHOLE, _WHOLE], result=NUMBER, result_name="z")
def bits_lsh(x: Number, s: Number) -> int:
    """The integer with its bits moved to the left by a number of places.

    Example:
        >>> bits.lsh(1, 70)
        1180591620717411303424
        >>> bits.lsh(1, -1)
        error: eval_type_error: bits.lsh: operand 2 must be an unsigned integer number but got a
        negative integer
    """
    n, shift = whole_number(x, 1), _shift(s)
    # A shift can make a number of any length out of two short ones: bound what it builds.
    if n and n.bit_length() + shift > MAX_BITS:
        raise BuiltinError(f"shift by {format_number(shift)} places is too far")
    return n << shift


@std("bits.rsh", args=[_WHOLE, _WHOLE], result=NUMBER, result_name="z")
def bits_rsh(x: Number, s: Number) -> int:
    """The integer with its bits moved to the right by a number of places.

    Example:
        >>> bits.rsh(-8, 1)
        -4
        >>> bits.rsh(1, -1)
        error: eval_type_error: bits.rsh: operand 2 must be an unsigned integer number but got a
        negative integer
    """
    return whole_number(x, 1) >> _shift(s)
