"""Types: what kind of value a value is."""

from __future__ import annotations

from typing import Any

from regolive import RegoSet
from regolive.values import is_number as number
from regolive.values import type_name as name_of
from regolive_std._declare import std


@std("is_array", result_name="result")
def is_array(x: Any) -> bool:
    """Whether a value is an array."""
    return x.__class__ is list


@std("is_boolean", result_name="result")
def is_boolean(x: Any) -> bool:
    """Whether a value is a boolean."""
    return x.__class__ is bool


@std("is_null", result_name="result")
def is_null(x: Any) -> bool:
    """Whether a value is null."""
    return x is None


@std("is_number", result_name="result")
def is_number(x: Any) -> bool:
    """Whether a value is a number."""
    return number(x)


@std("is_object", result_name="result")
def is_object(x: Any) -> bool:
    """Whether a value is an object."""
    return x.__class__ is dict


@std("is_set", result_name="result")
def is_set(x: Any) -> bool:
    """Whether a value is a set."""
    return x.__class__ is RegoSet


@std("is_string", result_name="result")
def is_string(x: Any) -> bool:
    """Whether a value is a string."""
    return x.__class__ is str


@std("type_name", result_name="type")
def type_name(x: Any) -> str:
    """The name of a value's type: null, boolean, number, string, array, object or set."""
    return name_of(x)
