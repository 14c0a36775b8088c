"""Units: amounts such as ``10K``, ``1.5Gi`` or ``128MiB`` as numbers."""

from __future__ import annotations

import re
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from typing import NoReturn

from regolive import BuiltinError, Number
from regolive.values import bigfloat, parse_number
from regolive_std._declare import NUMBER, std
from regolive_std.text import from_bytes, lower, to_bytes

_DECIMAL = {unit: 1000 ** (i + 1) for i, unit in enumerate("kmgtpe")}
_BINARY = {unit: 1024 ** (i + 1) for i, unit in enumerate("kmgtpe")}
# Integers here have so many digits at most; OPA's have a hundred thousand.
_MAX_EXPONENT = 4000
# An "e" belongs to the number if a digit or sign follows. Possessive: nothing is tried twice.
_NUMBER = re.compile(r"(?:[0-9.+-]++|[eE](?=[0-9+-]))*+")
_THOUSANDTH = Decimal.from_float(0.001)  # OPA's is the double nearest to it
_TEN_PLACES = Decimal("1e-10")
_LONG_EXPONENT = re.compile(r"[eE][+-]?[0-9]{7}")
_AMOUNT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")


def _fail(name: str, text: str) -> NoReturn:
    # The name twice: once from this family, once from OPA's wrapper of every error.
    raise BuiltinError(f"{name}: {name}: {text}")


def _split(name: str, text: str) -> tuple[str, str]:
    """The number and the unit: OPA reads digits, point, sign and exponent as the number."""
    found = _NUMBER.match(text)
    number = found[0] if found is not None else ""
    if _LONG_EXPONENT.search(number):
        _fail(name, "exponent too large")
    return number, text[len(number) :]


def _decimal(name: str, text: str, what: str) -> Decimal:
    if not _AMOUNT.match(text):
        _fail(name, f"could not parse {what} to a number")
    exponent = re.search("[eE]([+-]?[0-9]+)", text)
    if exponent and abs(int(exponent[1])) > 100_000:
        _fail(name, "exponent too large")
    exact = Decimal(text)
    if exact.adjusted() > _MAX_EXPONENT:
        _fail(name, f"{what} too large")
    return exact


@std("units.parse", result=NUMBER, result_name="y")
def units_parse(x: str) -> Number:
    """An amount with a decimal (K, M ...) or binary (Ki, Mi ...) unit; ``m`` is a thousandth.

    Example:
        >>> units.parse("1.5G")
        1500000000
        >>> units.parse("100m")
        0.1
        >>> units.parse("4Ki")
        4096
        >>> units.parse("1x")
        error: eval_builtin_error: units.parse: units.parse: unit x not recognized
        >>> units.parse("")
        error: eval_builtin_error: units.parse: units.parse: no amount provided
    """
    name = "units.parse"
    text = x.replace('"', "")
    if " " in text:
        _fail(name, "spaces not allowed in resource strings")
    number, unit = _split(name, text)
    if not number:
        _fail(name, "no amount provided")
    if not unit.isascii():
        # OPA lowers all but the first byte of it.
        first, *rest = to_bytes(unit)
        shown = from_bytes(bytes((first,))) + lower(from_bytes(bytes(rest)))
        _fail(name, f"unit {shown} not recognized")
    unit = unit[:1] + unit[1:].lower()
    known = unit.lower()
    if unit == "":
        factor = Decimal(1)
    elif unit == "m":
        factor = _THOUSANDTH
    elif known in _DECIMAL:
        factor = Decimal(_DECIMAL[known])
    elif known[1:] == "i" and known[0] in _BINARY:
        factor = Decimal(_BINARY[known[0]])
    else:
        _fail(name, f"unit {unit} not recognized")
    amount = _decimal(name, number, "amount")
    # Digits enough for all of the product: nothing is rounded but the result.
    context = Context(len(number) + 2 * _MAX_EXPONENT, ROUND_HALF_UP, MIN_EMIN, MAX_EMAX)
    exact = context.multiply(amount, factor)
    if exact == exact.to_integral_value():
        return int(exact)
    # Ten digits behind the point, halves away from zero, as Go's Rat.FloatString.
    return parse_number(  # type: ignore[no-any-return]
        format(exact.quantize(_TEN_PLACES, context=context), "f")
    )


@std("units.parse_bytes", result=NUMBER, result_name="y")
def units_parse_bytes(x: str) -> int:
    """A number of bytes with a decimal (KB, MB ...) or binary (KiB, MiB ...) unit.

    Example:
        >>> units.parse_bytes("1.5GB")
        1500000000
        >>> units.parse_bytes("4KiB")
        4096
        >>> units.parse_bytes("1x")
        error: eval_builtin_error: units.parse_bytes: units.parse_bytes: byte unit x not recognized
    """
    name = "units.parse_bytes"
    text = lower(x).replace('"', "")
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
    exact = bigfloat.to_big(_decimal(name, number, "byte amount"))
    return bigfloat.whole_part(bigfloat.mul(exact, bigfloat.to_big(factor)))[0]
