"""Arithmetic, bits, ranges, aggregates and units against Python's own exact numbers."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regolive.errors import BuiltinError, BuiltinTypeError, CancelledError
from regolive.values import UNDEFINED, RegoSet, format_number

integers = st.integers(-(1 << 80), 1 << 80)
small = st.integers(-1000, 1000)
quarters = st.integers(-(1 << 40), 1 << 40).map(lambda n: n / 4)  # exact in every format


@given(integers, integers)
def test_integers_are_exact_at_any_size(call: Any, x: int, y: int) -> None:
    assert call("plus", x, y) == x + y
    assert call("minus", x, y) == x - y
    assert call("mul", x, y) == x * y
    assert call("bits.and", x, y) == x & y
    assert call("bits.or", x, y) == x | y
    assert call("bits.xor", x, y) == x ^ y
    if y:
        assert call("rem", x, y) == int(math.copysign(1, x)) * (abs(x) % abs(y))


@given(quarters, quarters)
def test_fractions_that_need_no_rounding_are_exact(call: Any, x: float, y: float) -> None:
    assert Fraction(call("plus", x, y)) == Fraction(x) + Fraction(y)
    assert Fraction(call("minus", x, y)) == Fraction(x) - Fraction(y)
    assert call("ceil", x) == math.ceil(x)
    assert call("floor", x) == math.floor(x)
    assert call("round", x) == int(math.copysign(math.floor(abs(x) + 0.5), x))
    assert call("abs", x) == abs(x)


def test_a_result_that_is_whole_is_an_integer(call: Any) -> None:
    assert repr(call("plus", 0.5, 0.5)) == "1"
    assert repr(call("div", 4, 2)) == "2"
    assert repr(call("abs", -3.0)) == "3"
    assert format_number(call("plus", 0.1, 0.2)) == "0.3"


def test_division_by_zero(call: Any) -> None:
    for name, text in (("div", "div: divide by zero"), ("rem", "rem: modulo by zero")):
        with pytest.raises(BuiltinError) as caught:
            call(name, 1, 0)
        assert caught.value.message == text


def test_minus_names_the_operand_that_does_not_fit(call: Any) -> None:
    for operands, text in (
        ((1, RegoSet([1])), "minus: operand 2 must be number but got set"),
        ((RegoSet([1]), 1), "minus: operand 2 must be set but got number"),
        (("a", 1), "minus: operand 1 must be one of {number, set} but got string"),
    ):
        with pytest.raises(BuiltinTypeError) as caught:
            call("minus", *operands)
        assert caught.value.message == text


@given(small, small, st.integers(1, 50))
def test_ranges_are_pythons_with_both_ends(call: Any, a: int, b: int, step: int) -> None:
    expected = list(range(a, b + 1, step)) if a <= b else list(range(a, b - 1, -step))
    assert call("numbers.range_step", a, b, step) == expected
    if step == 1:
        assert call("numbers.range", a, b) == expected


def test_a_long_range_can_be_cancelled(call: Any, cancelled: Any) -> None:
    with pytest.raises(CancelledError):
        call("numbers.range", 0, 10**6, frame=cancelled())


@given(st.lists(integers | quarters, max_size=12))
def test_aggregates_over_arrays(call: Any, numbers: list[Any]) -> None:
    if all(n == int(n) for n in numbers):
        assert call("sum", numbers) == sum(map(Fraction, numbers))
        assert call("product", numbers) == math.prod(map(Fraction, numbers))
    assert call("sort", numbers) == sorted(numbers)
    assert call("count", numbers) == len(numbers)
    if numbers:
        assert call("max", numbers) == max(numbers)
        assert call("min", numbers) == min(numbers)
        assert call("max", RegoSet(numbers)) == max(numbers)
    else:
        assert call("max", numbers) is UNDEFINED
        assert call("min", RegoSet()) is UNDEFINED


def test_order_of_all_values(call: Any) -> None:
    values = [RegoSet([1]), {"a": 1}, [1], "a", 1, 0.5, True, False, None]
    assert call("sort", values) == [None, False, True, 0.5, 1, "a", [1], {"a": 1}, RegoSet([1])]
    assert call("max", values) == RegoSet([1])
    assert call("min", values) is None
    for low, high in zip(call("sort", values), call("sort", values)[1:], strict=False):
        assert call("lt", low, high)
        assert call("lte", low, high)
        assert call("gt", high, low)
        assert call("gte", high, low)
        assert call("neq", low, high)


def test_one_is_not_true(call: Any) -> None:
    assert call("equal", 1, 1.0)
    assert not call("equal", 1, True)
    assert not call("equal", [1], [True])
    assert not call("internal.member_2", 1, [True])
    assert call("internal.member_2", 1, [True, 1.0])
    assert not call("internal.member_2", True, RegoSet([1]))
    assert call("internal.member_3", "a", 1, {"a": 1.0})
    assert not call("internal.member_3", 0, 1, [True])


def test_a_product_too_long_to_write_is_an_error(call: Any) -> None:
    with pytest.raises(BuiltinError):
        call("product", [10**2000, 10**2000, 10**2000])


def test_a_shift_that_would_fill_the_memory_is_an_error(call: Any) -> None:
    assert call("bits.lsh", 1, 100) == 1 << 100
    assert call("bits.rsh", -5, 1) == -3
    with pytest.raises(BuiltinError):
        call("bits.lsh", 1, 1 << 60)


@given(st.integers(0, 10**12), st.sampled_from(["", "K", "M", "G", "Ki", "Mi", "Gi", "Ti", "E"]))
def test_units_multiply(call: Any, amount: int, unit: str) -> None:
    base = 1024 if unit.endswith("i") else 1000
    factor = base ** " KMGTPE".index(unit[:1] or " ")
    assert call("units.parse", f"{amount}{unit}") == amount * factor
    # Bytes are counted in floating point of 64 bits, as OPA does.
    counted = call("units.parse_bytes", f"{amount}{unit}b" if unit else str(amount))
    assert abs(counted - amount * factor) <= (amount * factor) >> 63


@given(st.decimals(min_value=0, max_value=10**6, places=4, allow_nan=False))
def test_units_of_decimals_are_decimal(call: Any, amount: Decimal) -> None:
    assert Fraction(repr(call("units.parse", f"{amount}"))) == Fraction(str(amount))


@settings(max_examples=30)
@given(st.integers(-(1 << 70), 1 << 70), st.sampled_from([2, 8, 10, 16]))
def test_format_int_reads_back(call: Any, n: int, base: int) -> None:
    assert int(call("format_int", n, base), base) == n
