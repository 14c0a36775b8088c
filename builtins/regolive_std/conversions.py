"""Conversions between types, and the deprecated ``cast_*`` checks."""

from __future__ import annotations

import math
import re
from typing import Any

from regolive import BuiltinError, RegoSet
from regolive.errors import BuiltinTypeError
from regolive.values import parse_number, sorted_values
from regolive_std._declare import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    STRING,
    array,
    object_of,
    one_of,
    set_of,
    std,
    wrong_type,
)
from regolive_std.text import go_quote

_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
# An integer that needs no second look.
_SMALL = re.compile(r"-?[1-9][0-9]{0,17}\Z")
# Digits may be set apart as in Go's own literals.
_APART = re.compile(r"(?<=[0-9])_(?=[0-9])")
_HEX_APART = re.compile(r"(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])")
_HEX = re.compile(r"[+-]?0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+\Z")


@std("to_number", args=[one_of(NULL, BOOLEAN, NUMBER, STRING)], result=NUMBER, result_name="num")
def to_number(x: Any) -> Any:
    """The number that a string spells; 0 for null and false, 1 for true.

    Example:
        >>> to_number("1.5")
        1.5
        >>> to_number(true)
        1
        >>> to_number(null)
        0
        >>> to_number("1x")
        error: eval_builtin_error: to_number: strconv.ParseFloat: parsing "1x": invalid syntax
    """
    if x.__class__ is str:
        return _from_text(x)
    if x is None or x is False:
        return 0
    return 1 if x is True else x


def is_too_large(number: Any) -> bool:
    """Whether a number is beyond what a double holds."""
    try:
        return math.isinf(float(number))
    except OverflowError:
        return True


def _from_text(text: str) -> Any:
    if _SMALL.match(text):
        return int(text)
    plain = _APART.sub("", text) if "_" in text else text
    if _DECIMAL.match(plain):
        try:
            number = parse_number(plain)
        except ValueError:  # an exponent that no number here has
            number = 0 if "e-" in plain.lower() else math.inf
        if is_too_large(number):
            raise BuiltinError(f"strconv.ParseFloat: parsing {go_quote(text)}: value out of range")
        return number
    if text.lstrip("+-").lower() in ("inf", "infinity", "nan"):
        raise BuiltinTypeError("operand 1 must be valid number string but got string")
    plain = _HEX_APART.sub("", text) if "_" in text else text
    if _HEX.match(plain):
        try:
            number = float.fromhex(plain)
        except OverflowError:
            raise BuiltinError(
                f"strconv.ParseFloat: parsing {go_quote(text)}: value out of range"
            ) from None
        return int(number) if number.is_integer() else number
    raise BuiltinError(f"strconv.ParseFloat: parsing {go_quote(text)}: invalid syntax")


@std("cast_array", args=[ANY], result=array(), deprecated=True)
def cast_array(x: Any) -> list[Any]:
    """An array as it is, a set as an array (deprecated).

    Example:
        >>> cast_array({2, 1})
        [1, 2]
        >>> cast_array(data.example.hs256)
        error: eval_type_error: cast_array: operand 1 must be one of {array, set} but got string
    """
    if x.__class__ is list:
        return x
    if x.__class__ is RegoSet:
        return sorted_values(x)
    raise wrong_type(1, x, "array", "set")


@std("cast_set", args=[ANY], result=set_of(), deprecated=True)
def cast_set(x: Any) -> RegoSet[Any]:
    """A set as it is, an array as a set (deprecated).

    Example:
        >>> cast_set([2, 1, 2])
        [1, 2]
    """
    if x.__class__ is RegoSet:
        return x
    if x.__class__ is list:
        return RegoSet(x)
    raise wrong_type(1, x, "array", "set")


@std("cast_string", args=[ANY], result=STRING, deprecated=True)
def cast_string(x: Any) -> str:
    """A string as it is; anything else is an error (deprecated).

    Example:
        >>> cast_string("a")
        "a"
    """
    if x.__class__ is not str:
        raise wrong_type(1, x, "string")
    return x


@std("cast_boolean", args=[ANY], result=BOOLEAN, deprecated=True)
def cast_boolean(x: Any) -> bool:
    """A boolean as it is; anything else is an error (deprecated).

    Example:
        >>> cast_boolean(true)
        true
    """
    if x.__class__ is not bool:
        raise wrong_type(1, x, "boolean")
    return x


@std("cast_null", args=[ANY], result=NULL, deprecated=True)
def cast_null(x: Any) -> None:
    """Null as it is; anything else is an error (deprecated).

    Example:
        >>> cast_null(null)
        null
    """
    if x is not None:
        raise wrong_type(1, x, "null")


@std("cast_object", args=[ANY], result=object_of(), deprecated=True)
def cast_object(x: Any) -> dict[Any, Any]:
    """An object as it is; anything else is an error (deprecated).

    Example:
        >>> cast_object({"a": 1})
        {"a": 1}
    """
    if x.__class__ is not dict:
        raise wrong_type(1, x, "object")
    return x
