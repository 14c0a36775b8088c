"""Binary floating point against exact fractions: rounding, arithmetic, and texts that read back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
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
