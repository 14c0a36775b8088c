"""Binary floating point against exact fractions: rounding, arithmetic, and texts that read back."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rego_values import numbers_written

from regolive.values import bigfloat, parse_number
from regolive.values.bigfloat import Big


def _exact(x: Big) -> Fraction:
    return Fraction(x.mantissa) * Fraction(2) ** x.exponent


def _rounded(x: Fraction, bits: int = 64) -> Fraction:
    """The nearest fraction whose numerator has so many bits, half to even."""
    if not x:
        return x
    unit = Fraction(1)
    while abs(x) >= unit * (1 << bits):
        unit *= 2
    while abs(x) < unit * (1 << (bits - 1)):
        unit /= 2
    return round(x / unit) * unit


bigs = numbers_written.map(lambda text: bigfloat.to_big(parse_number(text)))


@given(numbers_written)
def test_texts_are_rounded_to_64_bits(text: str) -> None:
    assert _exact(bigfloat.to_big(parse_number(text))) == _rounded(Fraction(text))


@given(bigs, bigs)
def test_arithmetic_is_exact_and_then_rounded(a: Big, b: Big) -> None:
    x, y = _exact(a), _exact(b)
    assert _exact(bigfloat.add(a, b)) == _rounded(x + y)
    assert _exact(bigfloat.sub(a, b)) == _rounded(x - y)
    assert _exact(bigfloat.mul(a, b)) == _rounded(x * y)
    assert _exact(bigfloat.mul(a, b, 53)) == _rounded(x * y, 53)
    if b.mantissa:
        assert _exact(bigfloat.div(a, b)) == _rounded(x / y)


@given(bigs, bigs)
def test_numbers_read_back_as_what_they_tell(a: Big, b: Big) -> None:
    for x in (a, bigfloat.add(a, b), bigfloat.mul(a, b)):
        number = bigfloat.to_number(x)
        assert _exact(bigfloat.to_big(number)) == _exact(x)


@given(bigs)
def test_what_is_before_the_point(x: Big) -> None:
    whole, exact = bigfloat.whole_part(x)
    assert whole == int(_exact(x))
    assert exact == (_exact(x).denominator == 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # OPA's: Go looks at one digit at a time, and so at times rounds down where up is nearer.
        ("715362305110972514354.15830232", 715362305110972514360),
        ("369283919867364812479292.76", 369283919867364812500000),
        ("0.1", 0.1),
        ("1e-7", 1e-07),
    ],
)
def test_digits_are_gos(text: str, shown: float) -> None:
    assert bigfloat.to_number(bigfloat.to_big(parse_number(text))) == shown


@given(st.integers(1, 9), st.integers(4001, 6000), st.integers(-3000, 300), st.booleans())
def test_numbers_of_thousands_of_digits(first: int, count: int, power: int, minus: bool) -> None:
    """More digits than Python makes an integer of."""
    digits = (str(first) + "0918273645" * 600)[:count]
    number = Decimal(("-" if minus else "") + digits[0] + "." + digits[1:]).scaleb(
        power, Context(prec=count)
    )
    assert _exact(bigfloat.to_big(number)) == _rounded(Fraction(*number.as_integer_ratio()))


def test_a_digit_far_behind_decides_between_two_that_are_as_near() -> None:
    half = Decimal(2**64 + 1)  # of 65 bits: half way between two of 64
    above = Context(prec=9000).add(half, Decimal("1e-4500"))
    assert bigfloat.to_big(half).mantissa == 2**63
    assert bigfloat.to_big(above).mantissa == 2**63 + 1


@given(st.integers(-(10**30), 10**30), st.integers(1, 10**30), st.integers(60, 500))
def test_quotients_and_their_digits(a: int, b: int, bits: int) -> None:
    x = bigfloat.ratio(a, b, bits)
    assert _exact(x) == _rounded(Fraction(a, b), bits)
    if a:
        digits, ten = bigfloat.shortest(x, bits)
        written = Fraction(digits) * Fraction(10) ** ten
        assert _rounded(written, bits) == _exact(x)
