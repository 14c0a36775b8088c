"""Aggregates: a collection in, one value out."""

from __future__ import annotations

from typing import Any

from regolive import UNDEFINED, BuiltinError, RegoSet
from regolive.values import (
    MAX_BITS,
    as_integer,
    bigfloat,
    compare,
    from_big,
    is_number,
    sorted_values,
    to_big,
)
from regolive_std._declare import (
    ANY,
    BOOLEAN,
    NUMBER,
    STRING,
    array,
    object_of,
    one_of,
    set_of,
    std,
    unchecked,
    wrong_element,
    wrong_type,
)
from regolive_std.numbers import sum_floats

_INT = {int}
_PLAIN = frozenset({int, str})  # Python orders these as Rego does
_NUMBERS = unchecked(one_of(array(NUMBER), set_of(NUMBER)))
_COLLECTION = one_of(array(), set_of(), expected=["set", "array"])
# The deprecated ones list the types the other way round.
_ALL_ANY = one_of(array(), set_of())


@std(
    "count",
    args=[unchecked(one_of(STRING, array(), object_of(), set_of()))],
    result=NUMBER,
    result_name="n",
)
def count(collection: Any) -> int:
    """How many elements a collection has, or characters a string.

    Example:
        >>> count(["a", "b"])
        2
        >>> count({"x": 1})
        1
        >>> count("héllo")
        5
    """
    cls = collection.__class__
    if cls is list or cls is dict or cls is str:
        return len(collection)
    if cls is RegoSet:
        return len(collection.keys)
    raise wrong_type(1, collection, "array", "object", "set", "string")


def _elements(collection: Any) -> Any:
    """The elements in any order; numbers and strings stand in a set's keys as they are."""
    if collection.__class__ is list:
        return collection
    if collection.__class__ is RegoSet:
        return collection.keys
    raise wrong_type(1, collection, "set", "array")


def _numbers(collection: Any) -> list[Any]:
    items = collection if collection.__class__ is list else sorted_values(collection)
    for item in items:
        if not is_number(item):
            raise wrong_element(1, collection, item, "number")
    return items


@std("sum", args=[_NUMBERS], result=NUMBER, result_name="n")
def sum_(collection: Any) -> Any:
    """The sum of the numbers in an array or set.

    Example:
        >>> sum([1, 2, 3.5])
        6.5
        >>> sum([])
        0
        >>> sum({1, 1, 2})
        3
    """
    items = _elements(collection)
    if set(map(type, items)) <= _INT:
        return sum(items)
    numbers = _numbers(collection)
    whole = [as_integer(n) for n in numbers]
    if None in whole:
        return sum_floats(numbers)
    return sum(whole)


_DOUBLE = 53


@std("product", args=[_NUMBERS], result=NUMBER, result_name="n")
def product(collection: Any) -> Any:
    """The product of the numbers in an array or set.

    Example:
        >>> product([2, 3, 4])
        24
        >>> product([])
        1
    """
    _elements(collection)
    numbers = _numbers(collection)
    total = 1
    for n in numbers:
        whole = as_integer(n)
        if whole is None:
            return _float_product(numbers)
        total *= whole
        if total.bit_length() > MAX_BITS:
            raise BuiltinError("product out of range")
    return total


def _float_product(numbers: list[Any]) -> Any:
    # OPA starts from a one of 53 bits, and so rounds every step to as many.
    total = bigfloat.Big(1, 0)
    for n in numbers:
        total = bigfloat.mul(total, to_big(n), _DOUBLE)
        if total.exponent > MAX_BITS:
            raise BuiltinError("product out of range")
    return from_big(total, _DOUBLE)


@std("max", args=[_COLLECTION], result=ANY, result_name="n")
def max_(collection: Any) -> Any:
    """The greatest element of an array or set; undefined for an empty one.

    Example:
        >>> max([3, 1, 2])
        3
        >>> max({"a", "b"})
        "b"
        >>> max([])
        undefined
    """
    if not collection:
        return UNDEFINED
    items = _elements(collection)
    kinds = set(map(type, items))
    if len(kinds) == 1 and kinds <= _PLAIN:
        return max(items)
    found = UNDEFINED
    for item in collection:
        if found is UNDEFINED or compare(found, item) <= 0:
            found = item
    return found


@std("min", args=[_COLLECTION], result=ANY, result_name="n")
def min_(collection: Any) -> Any:
    """The least element of an array or set; undefined for an empty one.

    Example:
        >>> min([3, 1, 2])
        1
        >>> min([1, "a", null])
        null
        >>> min(set())
        undefined
    """
    if not collection:
        return UNDEFINED
    items = _elements(collection)
    kinds = set(map(type, items))
    if len(kinds) == 1 and kinds <= _PLAIN:
        return min(items)
    found = UNDEFINED
    for item in collection:
        if found is UNDEFINED or compare(found, item) >= 0:
            found = item
    return found


@std("sort", args=[_COLLECTION], result=array(), result_name="n")
def sort(collection: Any) -> list[Any]:
    """The elements of an array or set as an array, in the order of all values.

    Example:
        >>> sort([3, "a", 1])
        [1, 3, "a"]
        >>> sort({2, 1})
        [1, 2]
    """
    return sorted_values(collection)


@std("all", args=[_ALL_ANY], result=BOOLEAN, deprecated=True)
def all_(collection: Any) -> bool:
    """Whether every element of an array or set is true (deprecated: use ``every``).

    Example:
        >>> all([true, 1 == 1])
        true
        >>> all([true, false])
        false
    """
    return all(item is True for item in collection)


@std("any", args=[_ALL_ANY], result=BOOLEAN, deprecated=True)
def any_(collection: Any) -> bool:
    """Whether an array or set contains true (deprecated: use ``true in ...``).

    Example:
        >>> any([false, true])
        true
        >>> any([])
        false
    """
    return any(item is True for item in collection)
