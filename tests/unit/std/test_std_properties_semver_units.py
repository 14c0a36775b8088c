"""Versions against the text of semver.org; units against ``fractions``."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError
from regolive.values import format_number

numbers = st.integers(0, 12)
identifiers = st.sampled_from(["0", "1", "2", "10", "alpha", "beta", "rc", "x-1", "-", "1a", "A"])
versions = st.builds(
    lambda core, pre, meta: (
        ".".join(map(str, core))
        + ("-" + ".".join(pre) if pre else "")
        + ("+" + ".".join(meta) if meta else "")
    ),
    st.tuples(numbers, numbers, numbers),
    st.lists(identifiers, max_size=3),
    st.lists(identifiers, max_size=2),
)


def _precedence(text: str) -> tuple[Any, ...]:
    """Something that sorts as section 11 of semver.org says."""
    core, _, pre = text.partition("+")[0].partition("-")
    fields = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")] if pre else []
    return (*map(int, core.split(".")), not pre, fields)


@given(versions, versions)
def test_precedence(call: Any, a: str, b: str) -> None:
    x, y = _precedence(a), _precedence(b)
    assert call("semver.compare", a, b) == (x > y) - (x < y)


@given(st.lists(versions, max_size=6))
def test_sorted_by_comparison(call: Any, many: list[str]) -> None:
    found = sorted(many, key=cmp_to_key(lambda a, b: call("semver.compare", a, b)))
    assert found == sorted(many, key=_precedence)


# The expression that semver.org proposes, but for zeros in front, which OPA takes.
SUGGESTED = re.compile(
    r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
)


@given(versions, st.integers(0, 20), st.sampled_from([".", "x", "_", " ", "\u0661", "..", "9"]))
def test_texts_that_are_versions(call: Any, text: str, at: int, put: str) -> None:
    text = text[:at] + put + text[at + 1 :]
    # An empty pre-release or build is let pass: "1.0.0-" is 1.0.0.
    valid = SUGGESTED.fullmatch(text) is not None
    assert call("semver.is_valid", text) == valid
    if not valid:
        with pytest.raises(BuiltinError, match="is not a valid SemVer"):
            call("semver.compare", text, "1.0.0")


# -- Units -----------------------------------------------------------------------------------

STEPS = "kmgtpe"
amounts = st.one_of(
    st.integers(0, 10**6).map(str),
    st.builds(lambda n, d: f"{n}.{d}", st.integers(0, 999), st.sampled_from(["5", "25", "125"])),
    st.builds(lambda n, e: f"{n}e{e}", st.integers(0, 99), st.integers(0, 9)),
)
signs = st.sampled_from(["", "-", "+"])


@given(signs, amounts, st.sampled_from(STEPS), st.booleans(), st.booleans(), st.booleans())
def test_amounts(
    call: Any, sign: str, amount: str, unit: str, binary: bool, large: bool, quoted: bool
) -> None:
    factor = (1024 if binary else 1000) ** (STEPS.index(unit) + 1)
    # A lower m is a thousandth; else both cases are taken.
    shown = unit.upper() if large or (unit == "m" and not binary) else unit
    # An E after a number may be its exponent.
    text = f"{sign}{amount}{shown}{'i' if binary else ''}"
    exact = Fraction(sign + amount) * factor
    operand = f'"{text}"' if quoted else text
    assert Fraction(format_number(call("units.parse", operand))) == exact
    if abs(exact) < 2**64:  # bytes are computed with 64 digits
        assert call("units.parse_bytes", f"{text}B") == int(exact)


@given(signs, st.integers(0, 10**9))
def test_thousandths(call: Any, sign: str, n: int) -> None:
    exact = Fraction(f"{sign}{n}") / 1000
    assert Fraction(format_number(call("units.parse", f"{sign}{n}m"))) == exact


@given(st.text("0123456789.eE+-kKmMgGiIbB ", max_size=7))
def test_texts_that_are_no_amounts(call: Any, text: str) -> None:
    """Amount and unit are told apart by an expression of our own."""
    number = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]{1,6})?"
    if re.fullmatch(rf"{number}([kmgtpe]i?)?", text, re.IGNORECASE):
        return
    with pytest.raises(BuiltinError, match=r"units\.parse: units\.parse: "):
        call("units.parse", text)


@pytest.mark.parametrize("unit", ["", "Ki", "m"])
def test_digits_without_end(call: Any, unit: str) -> None:
    """More than Python reads as an integer, and by far too many for a fraction."""
    text = "1." + "2345" * 50_000 + unit
    exact = Fraction("1.2345234523452345") * {"": 1, "Ki": 1024, "m": Fraction(0.001)}[unit]
    found = call("units.parse", text)
    assert abs(Fraction(format_number(found)) - exact) <= Fraction(1, 10**10)
    if unit != "m":
        assert call("units.parse_bytes", text) == int(exact)
