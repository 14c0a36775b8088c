"""Numbers against ``fractions`` and ``decimal``.

What is not whole is computed as OPA does: operands and results are rounded to a binary mantissa of
64 bits, and shown with the fewest digits that stand for it.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from regolive.errors import BuiltinError
from regolive.values import RegoSet, format_number, parse_number

texts = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.integers(-200, 200).map(str),
    st.builds(
        lambda n, places: str(Decimal(n).scaleb(-places)),
        st.integers(-(10**24), 10**24),
        st.integers(0, 30),
    ),
    st.builds(lambda n, e: f"{n}e{e}", st.integers(-(10**6), 10**6), st.integers(-60, 60)),
    st.floats(-1e50, 1e50).map(repr),
)


def whole(text: str) -> bool:
    """Whether a text is a whole number."""
    return Fraction(text).denominator == 1


def _value(number: Any) -> Fraction:
    """What a number says, by its text."""
    return Fraction(Decimal(format_number(number)))


def _rounded(x: Fraction) -> Fraction:
    """To 64 binary digits, halves to even."""
    if not x:
        return x
    exponent = abs(x.numerator).bit_length() - x.denominator.bit_length() - 64
    unit = Fraction(1 << max(exponent, 0), 1 << max(-exponent, 0))
    if abs(x) >= unit * (1 << 64):
        unit *= 2
    return round(x / unit) * unit


def _check(found: Any, exact: Fraction) -> None:
    """That a result stands for the rounded value, and with no digit to spare."""
    expected = _rounded(exact)
    assert _rounded(_value(found)) == expected
    number = Decimal(format_number(found)).normalize()
    digits = number.as_tuple().digits
    if len(digits) > 1 and expected.denominator != 1:
        step = Decimal(1).scaleb(int(number.as_tuple().exponent) + 1)
        for shorter in (
            number // step * step,
            (number // step + Decimal(1).copy_sign(number)) * step,
        ):
            assert _rounded(Fraction(shorter)) != expected


@given(texts, texts)
def test_arithmetic_is_rounded_to_64_bits(call: Any, a: str, b: str) -> None:
    x, y = parse_number(a), parse_number(b)
    exact_x, exact_y = _rounded(Fraction(Decimal(a))), _rounded(Fraction(Decimal(b)))
    if whole(a) and whole(b):  # however they are written
        assert _value(call("plus", x, y)) == Fraction(a) + Fraction(b)
        assert _value(call("minus", x, y)) == Fraction(a) - Fraction(b)
        assert _value(call("mul", x, y)) == Fraction(a) * Fraction(b)
    else:
        _check(call("plus", x, y), exact_x + exact_y)
        _check(call("minus", x, y), exact_x - exact_y)
        _check(call("mul", x, y), exact_x * exact_y)
    if exact_y:
        _check(call("div", x, y), exact_x / exact_y)


@given(texts)
def test_rounding(call: Any, text: str) -> None:
    number = parse_number(text)
    assume(number.__class__ is not int)
    exact = _rounded(Fraction(Decimal(text)))
    assert _value(call("abs", number)) in (abs(exact), _value(call("abs", number)))
    _check(call("abs", number), abs(exact))
    half = Fraction(1, 2) if exact > 0 else Fraction(-1, 2)
    assert call("round", number) == math.trunc(_rounded(exact + half))
    if exact > 0 or exact <= -1:  # OPA rounds what is between -1 and 0 the wrong way
        assert call("ceil", number) == math.ceil(exact)
        assert call("floor", number) == math.floor(exact)


@given(st.integers(-(2**90), 2**90), st.integers(-(2**90), 2**90), st.integers(0, 300))
def test_integers(call: Any, x: int, y: int, shift: int) -> None:
    assert call("mul", x, y) == x * y
    assert call("bits.negate", x) == -x - 1
    assert call("bits.lsh", x, shift) == x * 2**shift
    assert call("bits.rsh", x, shift) == math.floor(Fraction(x, 2**shift))
    # Bit by bit, in two's complement.
    width = 2**100
    left, right = (format(n % width, "0100b") for n in (x, y))
    for name, keep in (("and", {2}), ("or", {1, 2}), ("xor", {1})):
        bits = "".join("01"[int(a) + int(b) in keep] for a, b in zip(left, right, strict=True))
        assert call(f"bits.{name}", x, y) % width == int(bits, 2)
    if y:
        rest = call("rem", x, y)
        assert (x - rest) % y == 0
        assert abs(rest) < abs(y)
        assert rest * x >= 0


# -- Comparison and order --------------------------------------------------------------------


@given(texts, texts)
def test_numbers_are_compared_by_value(call: Any, a: str, b: str) -> None:
    x, y = parse_number(a), parse_number(b)
    exact_x, exact_y = Fraction(Decimal(a)), Fraction(Decimal(b))
    assert call("lt", x, y) == (exact_x < exact_y)
    assert call("lte", x, y) == (exact_x <= exact_y)
    assert call("gt", x, y) == (exact_x > exact_y)
    assert call("gte", x, y) == (exact_x >= exact_y)
    assert call("equal", x, y) == (exact_x == exact_y)
    assert call("neq", x, y) == (exact_x != exact_y)


@given(st.lists(texts, min_size=1, max_size=6))
def test_order_of_numbers(call: Any, many: list[str]) -> None:
    numbers = [parse_number(t) for t in many]
    exact = sorted(Fraction(Decimal(t)) for t in many)
    assert [_value(n) for n in call("sort", numbers)] == exact
    assert _value(call("max", numbers)) == exact[-1]
    assert _value(call("min", numbers)) == exact[0]
    assert [_value(n) for n in call("sort", RegoSet(numbers))] == sorted(set(exact))


@given(st.lists(st.integers(-(2**70), 2**70), max_size=6))
def test_sums_and_products_of_integers(call: Any, numbers: list[int]) -> None:
    assert call("sum", numbers) == sum(numbers)
    assert call("product", numbers) == reduce(lambda a, b: a * b, numbers, 1)
    assert call("sum", RegoSet(numbers)) == sum(set(numbers))
    assert call("count", RegoSet(numbers)) == len(set(numbers))


# -- Ranges, texts ---------------------------------------------------------------------------


@given(st.integers(-300, 300), st.integers(-300, 300), st.integers(1, 50))
def test_ranges(call: Any, a: int, b: int, step: int) -> None:
    found = call("numbers.range_step", a, b, step)
    assert found[0] == a
    assert all(abs(y - x) == step for x, y in pairwise(found))
    assert all(min(a, b) <= x <= max(a, b) for x in found)
    assert abs(b - found[-1]) < step
    assert call("numbers.range", a, b) == sorted(range(min(a, b), max(a, b) + 1), reverse=a > b)


DIGITS = "0123456789abcdef"


@given(texts, st.sampled_from([2, 8, 10, 16]))
def test_integers_in_other_bases(call: Any, text: str, base: int) -> None:
    number = parse_number(text)
    exact = Fraction(Decimal(text))
    cut = math.trunc(exact if number.__class__ is int else _rounded(exact))
    found = call("format_int", number, base)
    digits = found.removeprefix("-")
    assert reduce(lambda n, d: n * base + DIGITS.index(d), digits, 0) == abs(cut)
    assert digits == "0" or digits[0] != "0"
    assert found.startswith("-") == (cut < 0)


numerals = st.one_of(
    texts,
    st.text("0123456789.eE+-x ", max_size=8),
    st.from_regex(r"[+-]?[0-9_]{1,5}\.?[0-9_]{0,3}", fullmatch=True),
    st.sampled_from(["Infinity", "NaN", "0x1", "٣", " 1", "1 ", "", "-", "01", "-0", "1.", ".5"]),
)


@given(numerals)
def test_numbers_from_texts(call: Any, text: str) -> None:
    """What ``decimal`` reads; but Go takes no space, ASCII only, and ``_`` between digits only."""
    try:
        if not text.isascii() or " " in text or re.search(r"\b_|_\b|__|_[.]", text):
            raise ArithmeticError
        expected = Decimal(text)
        if not expected.is_finite():
            raise ArithmeticError
    except ArithmeticError:
        with pytest.raises(BuiltinError):
            call("to_number", text)
        return
    if expected and expected.adjusted() > 308:
        with pytest.raises(BuiltinError):
            call("to_number", text)
    else:
        assert _value(call("to_number", text)) == Fraction(expected)
