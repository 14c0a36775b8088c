"""Numbers against OPA's rules, read independently: big integers, and floats of 64 bits.

OPA computes with integers exactly where both operands are integers, and with Go's ``big.Float``
otherwise; a ``big.Float`` made from text has a mantissa of 64 bits, and is printed as the shortest
decimal that reads back as the same (OPA ``topdown/arithmetic.go``, Go ``math/big``).
"""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from tests.rego_values import numbers_written

from regolive.errors import BuiltinError
from regolive.values import add, div, format_number, mul, parse_number, rem, sub

BITS = 64


def nearest(x: Fraction) -> Fraction:
    """``x`` with a mantissa of 64 bits, halves to even: by trying exponents one after another."""
    if x == 0:
        return x
    size, power = abs(x), 0
    for step in (64, 1):
        while size * Fraction(2) ** power >= 2**BITS:
            power -= step
        while size * Fraction(2) ** power < 2 ** (BITS - 1):
            power += step
    scaled = size * Fraction(2) ** power
    whole, over = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * over - scaled.denominator
    if twice > 0 or (twice == 0 and whole % 2):
        whole += 1
    result = whole / Fraction(2) ** power
    return result if x > 0 else -result


def shortest(x: Fraction) -> Decimal:
    """The decimal of the fewest digits that is read as ``x``."""
    for digits in range(1, 40):
        context = Context(prec=digits, Emin=-9999, Emax=9999)
        decimal = context.divide(Decimal(x.numerator), Decimal(x.denominator))
        if nearest(Fraction(decimal)) == x:
            return decimal
    raise AssertionError(x)


def exact(n: Any) -> Fraction:
    return Fraction(format_number(n))


def whole(text: str) -> bool:
    return Fraction(text).denominator == 1


def calculated(operation: Any, a: str, b: str) -> Fraction:
    x, y = Fraction(a), Fraction(b)
    return Fraction(shortest(nearest(operation(nearest(x), nearest(y)))))


OPERATIONS = {
    "plus": (add, lambda x, y: x + y),
    "minus": (sub, lambda x, y: x - y),
    "times": (mul, lambda x, y: x * y),
}


@pytest.mark.parametrize("name", OPERATIONS)
@settings(deadline=None)
@given(a=numbers_written, b=numbers_written)
def test_sums_and_products(name: str, a: str, b: str) -> None:
    ours, meant = OPERATIONS[name]
    got = ours(parse_number(a), parse_number(b))
    if whole(a) and whole(b):
        assert exact(got) == meant(Fraction(a), Fraction(b))
    elif meant(nearest(Fraction(a)), nearest(Fraction(b))) == 0:
        assert got == 0
    else:
        assert exact(got) == calculated(meant, a, b)


@settings(deadline=None)
@given(a=numbers_written, b=numbers_written)
def test_quotients(a: str, b: str) -> None:
    assume(Fraction(b) != 0)
    got = div(parse_number(a), parse_number(b))
    if Fraction(a) == 0:
        assert got == 0
    else:
        assert exact(got) == calculated(lambda x, y: x / y, a, b)


@settings(deadline=None)
@given(a=numbers_written, b=numbers_written)
def test_remainders_take_the_sign_of_the_dividend(a: str, b: str) -> None:
    assume(whole(a) and whole(b) and Fraction(b) != 0)
    x, y = int(Fraction(a)), int(Fraction(b))
    got = rem(parse_number(a), parse_number(b))
    assert abs(got) == abs(x) % abs(y)
    assert got == 0 or (got > 0) == (x > 0)


@pytest.mark.parametrize(
    ("operation", "a", "b", "text"),
    [
        (div, 1, 0, "divide by zero"),
        (div, 1, 0.0, "divide by zero"),
        (rem, 1, 0, "modulo by zero"),
        (rem, 1.5, 2, "modulo on floating-point number"),
        (rem, 1, 2.5, "modulo on floating-point number"),
        (mul, 10**3900, 10**3900, "out of range"),
    ],
)
def test_what_cannot_be_computed(operation: Any, a: Any, b: Any, text: str) -> None:
    with pytest.raises(BuiltinError, match=text):
        operation(a, b)


@settings(deadline=None)
@given(numbers_written)
def test_a_number_means_what_is_written(text: str) -> None:
    number = parse_number(text)
    assert exact(number) == Fraction(text)
    again = parse_number(format_number(number))
    assert exact(again) == exact(number)
    assert type(again) is type(number)


@pytest.mark.parametrize(
    ("text", "kind"),
    [("1", int), ("-0", int), ("1e3", (int, float)), ("0.1", float), ("9" * 40, int)],
)
def test_the_python_type_of_a_number(text: str, kind: Any) -> None:
    assert isinstance(parse_number(text), kind)


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity", "1e", "--1", "0x10"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        parse_number(text)


def test_a_large_float_is_what_is_written() -> None:
    assert add(6.082682830646249e16, 0) == 60826828306462490
    assert rem(4.73e21, 3) == 2
    assert mul(1e23, 1) == 10**23


def test_famous_sums() -> None:
    assert add(0.1, 0.2) == 0.3
    assert add(2**64, 1) == 2**64 + 1
    assert format_number(div(1, 3)) == "0.33333333333333333334"  # as OPA has it
    assert div(6, 3) == 2
    assert mul(10**30, 10**30) == 10**60
