"""Units: amounts such as ``10K``, ``1.5Gi`` or ``128MiB`` as numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NoReturn

from regolive import BuiltinError, Number
from regolive.values import parse_number, round64
from regolive_std._declare import NUMBER, std

_DECIMAL = {unit: 1000 ** (i + 1) for i, unit in enumerate("kmgtpe")}
_BINARY = {unit: 1024 ** (i + 1) for i, unit in enumerate("kmgtpe")}
_AMOUNT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")


def _fail(name: str, text: str) -> NoReturn:
    # The name twice: once from this family, once from OPA's wrapper of every error.
    raise BuiltinError(f"{name}: {name}: {text}")


def _split(name: str, text: str) -> tuple[str, str]:
    """The number and the unit: OPA reads digits, point, sign and exponent as the number."""
    at = 0
    while at < len(text):
        char = text[at]
        if char in "eE":
            follows = text[at + 1 : at + 2]
            if not (follows and follows in "0123456789+-"):
                break
            if follows in "+-":
                at += 1
            digits = re.match("[0-9]*", text[at + 1 :])
            if digits and digits.end() > 6:
                _fail(name, "exponent too large")
        elif char not in "0123456789.+-":
            break
        at += 1
    return text[:at], text[at:]


def _amount(name: str, text: str, what: str) -> Fraction:
    if not _AMOUNT.match(text):
        _fail(name, f"could not parse {what} to a number")
    exponent = re.search("[eE]([+-]?[0-9]+)", text)
    if exponent and abs(int(exponent[1])) > 100_000:
        _fail(name, "exponent too large")
    return Fraction(text)


@std("units.parse", result=NUMBER, result_name="y")
def units_parse(x: str) -> Number:
    """An amount with a decimal (K, M ...) or binary (Ki, Mi ...) unit; ``m`` is a thousandth."""
    name = "units.parse"
    text = x.replace('"', "")
    if " " in text:
        _fail(name, "spaces not allowed in resource strings")
    number, unit = _split(name, text)
    if not number:
        _fail(name, "no amount provided")
    unit = unit[:1] + unit[1:].lower()
    known = unit.lower()
    if unit == "":
        factor = Fraction(1)
    elif unit == "m":
        factor = Fraction(0.001)  # OPA's is the double nearest to it
    elif known in _DECIMAL:
        factor = Fraction(_DECIMAL[known])
    elif known[1:] == "i" and known[0] in _BINARY:
        factor = Fraction(_BINARY[known[0]])
    else:
        _fail(name, f"unit {unit} not recognized")
    exact = _amount(name, number, "amount") * factor
    if exact.denominator == 1:
        return exact.numerator
    # Ten digits behind the point, halves away from zero, as Go's Rat.FloatString.
    scaled = (abs(exact.numerator) * 10**10 * 2 + exact.denominator) // (2 * exact.denominator)
    sign = "-" if exact < 0 else ""
    return parse_number(  # type: ignore[no-any-return]
        f"{sign}{scaled // 10**10}.{scaled % 10**10:010d}"
    )


@std("units.parse_bytes", result=NUMBER, result_name="y")
def units_parse_bytes(x: str) -> int:
    """A number of bytes with a decimal (KB, MB ...) or binary (KiB, MiB ...) unit."""
    name = "units.parse_bytes"
    text = x.lower().replace('"', "")
    if " " in text:
        _fail(name, "spaces not allowed in resource strings")
    number, unit = _split(name, text)
    if not number:
        _fail(name, "no byte amount provided")
    short = unit.removesuffix("b") if len(unit) > 1 else unit
    if unit == "":
        factor = 1
    elif short in _DECIMAL:
        factor = _DECIMAL[short]
    elif short[1:] == "i" and short[0] in _BINARY:
        factor = _BINARY[short[0]]
    else:
        _fail(name, f"byte unit {unit} not recognized")
    return int(round64(round64(_amount(name, number, "byte amount")) * factor))
