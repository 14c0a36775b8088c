"""Types: what kind of value a value is."""

from __future__ import annotations

from typing import Any

from regolive import RegoSet
from regolive.values import is_number as number
from regolive.values import type_name as name_of
from regolive_std._declare import std


@std("is_array", result_name="result")
def is_array(x: Any) -> bool:
    """Whether a value is an array.

    Example:
        >>> is_array([1])
        true
        >>> is_array({1})
        false
    """
    return x.__class__ is list


@std("is_boolean", result_name="result")
def is_boolean(x: Any) -> bool:
    """Whether a value is a boolean.

    Example:
        >>> is_boolean(false)
        true
    """
    return x.__class__ is bool


@std("is_null", result_name="result")
def is_null(x: Any) -> bool:
    """Whether a value is null.

    Example:
        >>> is_null(null)
        true
        >>> is_null(0)
        false
    """
    return x is None


@std("is_number", result_name="result")
def is_number(x: Any) -> bool:
    """Whether a value is a number.

    Example:
        >>> is_number(1.5)
        true
        >>> is_number("1")
        false
    """
    return number(x)


@std("is_object", result_name="result")
def is_object(x: Any) -> bool:
    """Whether a value is an object.

    Example:
        >>> is_object({})
        true
    """
    return x.__class__ is dict


@std("is_set", result_name="result")
def is_set(x: Any) -> bool:
    """Whether a value is a set.

    Example:
        >>> is_set(set())
        true
        >>> is_set({})
        false
    """
    return x.__class__ is RegoSet


@std("is_string", result_name="result")
def is_string(x: Any) -> bool:
    """Whether a value is a string.

    Example:
        >>> is_string("a")
        true
    """
    return x.__class__ is str


@std("type_name", result_name="type")
def type_name(x: Any) -> str:
    """The name of a value's type: null, boolean, number, string, array, object or set.

    Example:
        >>> type_name({1})
        "set"
        >>> type_name(null)
        "null"
    """
    return name_of(x)
