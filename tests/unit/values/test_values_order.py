"""Rego's total order and equality, and the keys that stand for values in hash tables."""

from __future__ import annotations

import copy
import pickle
from functools import cmp_to_key
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rego_values import values

from regolive.values import (
    UNDEFINED,
    Key,
    RegoSet,
    compare,
    equal,
    from_key,
    is_number,
    obj_items,
    sorted_items,
    sorted_values,
    to_key,
    type_name,
)

IN_ORDER: list[Any] = [
    None,
    False,
    True,
    -1.5,
    0,
    0.5,
    1,
    2**70,
    "",
    "A",
    "a",
    "aa",
    "é",
    "\U0001f600",
    [],
    [None],
    [1, 2],
    [2],
    {},
    {"a": 1},
    {"a": 1, "b": 1},
    {"a": 2},
    {"b": 0},
    RegoSet(),
    RegoSet([1, 2]),
    RegoSet([2]),
]


def test_the_order_of_types_and_of_values_within_them() -> None:
    for low, high in pairwise(IN_ORDER):
        assert compare(low, high) == -1, (low, high)
        assert compare(high, low) == 1
    assert sorted_values(reversed(IN_ORDER)) == IN_ORDER


@settings(deadline=None)
@given(values, values)
def test_order_is_antisymmetric_and_agrees_with_equality(a: Any, b: Any) -> None:
    assert compare(a, b) == -compare(b, a)
    assert (compare(a, b) == 0) == equal(a, b) == equal(b, a)


@settings(deadline=None)
@given(values)
def test_a_value_equals_itself_and_its_copy(a: Any) -> None:
    assert compare(a, a) == 0
    assert equal(a, copy.deepcopy(a))


@settings(deadline=None)
@given(st.tuples(values, values, values))
def test_order_is_transitive(three: tuple[Any, Any, Any]) -> None:
    for a, b, c in permutations(three):
        if compare(a, b) <= 0 and compare(b, c) <= 0:
            assert compare(a, c) <= 0


@settings(deadline=None)
@given(st.lists(values, max_size=6))
def test_sorting_is_by_that_order(items: list[Any]) -> None:
    by_compare = sorted(items, key=cmp_to_key(compare))
    assert all(equal(a, b) for a, b in zip(sorted_values(items), by_compare, strict=True))


@settings(deadline=None)
@given(values, values)
def test_keys_are_equal_exactly_when_values_are(a: Any, b: Any) -> None:
    assert (to_key(a) == to_key(b)) == equal(a, b)
    if equal(a, b):
        assert hash(to_key(a)) == hash(to_key(b))


@settings(deadline=None)
@given(values)
def test_a_key_gives_its_value_back(a: Any) -> None:
    again = from_key(to_key(a))
    assert equal(again, a)
    assert type_name(again) == type_name(a)


def test_what_python_takes_for_equal_and_rego_does_not() -> None:
    for a, b in [(1, True), (0, False), ([1], [True]), ({"a": 0}, {"a": False})]:
        assert a == b
        assert not equal(a, b)
        assert to_key(a) != to_key(b)
    assert len(RegoSet([1, True, 1.0, [1], [True], [1.0]])) == 4
    assert equal(1, 1.0)
    assert equal({"a": [1]}, {"a": [1.0]})


def test_plain_keys_are_the_values_themselves() -> None:
    for value in ("a", 1, 2.5, None):
        assert to_key(value) is value
    for value in (True, [], {}, RegoSet()):
        assert isinstance(to_key(value), Key)


@settings(deadline=None)
@given(st.lists(values, max_size=8), values)
def test_a_set_against_a_list_without_repeats(items: list[Any], other: Any) -> None:
    model: list[Any] = []
    for item in items:
        if not any(equal(item, known) for known in model):
            model.append(item)
    made = RegoSet(items)
    assert len(made) == len(model)
    assert all(item in made for item in items)
    assert (other in made) == any(equal(other, known) for known in model)
    assert made == RegoSet(reversed(model))
    assert equal(sorted_values(made), sorted_values(model))


@settings(deadline=None)
@given(st.lists(st.tuples(values, values), max_size=5))
def test_items_of_an_object_come_as_values_in_the_order_of_keys(items: list[Any]) -> None:
    made = {to_key(k): v for k, v in items}
    ordered = sorted_items(made)
    assert all(compare(a[0], b[0]) < 0 for a, b in pairwise(ordered))
    assert len(ordered) == len(made) == len(list(obj_items(made)))


def test_numbers_are_numbers_and_booleans_are_not() -> None:
    assert [is_number(v) for v in (1, 1.5, 10**40, True, False, "1", None)] == [True] * 3 + [
        False
    ] * 4


def test_undefined_is_one_and_false() -> None:
    assert not UNDEFINED
    assert pickle.loads(pickle.dumps(UNDEFINED)) is UNDEFINED
    assert copy.deepcopy([UNDEFINED])[0] is UNDEFINED
    assert repr(UNDEFINED) == "UNDEFINED"


def test_what_is_no_rego_value_is_said_to_be_none() -> None:
    with pytest.raises(TypeError, match="not a Rego value: object"):
        compare(object(), 1)
