"""JSON in and out."""

from __future__ import annotations

import json
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rego_values import json_values, values

from regolive.values import (
    RegoSet,
    dumps,
    equal,
    from_python,
    loads,
    sorted_values,
    to_json,
    to_key,
)


@settings(deadline=None)
@given(json_values)
def test_json_written_and_read_is_the_same(value: Any) -> None:
    assert equal(loads(dumps(value)), value)


@settings(deadline=None)
@given(values)
def test_every_value_can_be_written_as_json(value: Any) -> None:
    text = dumps(value)
    json.dumps(to_json(value), allow_nan=False)
    assert dumps(loads(text)) == text


@settings(deadline=None)
@given(values)
def test_plain_json_shares_nothing_that_can_change(value: Any) -> None:
    def spoil(part: Any) -> None:
        if isinstance(part, list):
            for item in part:
                spoil(item)
            part.append("spoilt")
        elif isinstance(part, dict):
            for item in part.values():
                spoil(item)
            part["spoilt"] = True

    before = dumps(value)
    spoil(to_json(value))
    assert dumps(value) == before


def test_sets_are_written_as_sorted_lists_and_keys_as_text() -> None:
    assert to_json(RegoSet([3, "a", 1])) == [1, 3, "a"]
    assert to_json({to_key(1): 1, to_key(True): 2, to_key([1, "x"]): 3, "s": 4}) == {
        "1": 1,
        "true": 2,
        '[1,"x"]': 3,
        "s": 4,
    }
    assert dumps({"b": 1, "a": RegoSet([2, 1])}) == '{"a":[1,2],"b":1}'


def test_text_is_escaped_as_go_does() -> None:
    assert dumps("<a & b>é\u2028") == '"\\u003ca \\u0026 b\\u003eé\\u2028"'


@pytest.mark.parametrize("text", ["", "{", "NaN", "[1,]", "{'a': 1}", '"\t"'])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(text)


def test_numbers_are_read_exactly() -> None:
    assert loads("12345678901234567890123") == 12345678901234567890123
    assert loads("[0.1, 1e400, 1.00000000000000000001]")[1] == 10**400
    assert isinstance(loads("1.00000000000000000001"), Decimal)


def test_python_objects_become_rego_values() -> None:
    made = from_python({"t": (1, {2, 3}), "m": MappingProxyType({1: frozenset([True])})})
    assert made["t"][0] == 1
    assert sorted_values(made["t"][1]) == [2, 3]
    assert True in made["m"][1]
    with pytest.raises(TypeError, match="no counterpart in Rego"):
        from_python({"a": object()})
    for number in (float("nan"), float("inf"), Decimal("nan")):
        with pytest.raises(TypeError, match="not a number"):
            from_python([number])


@settings(deadline=None)
@given(st.recursive(st.integers(), lambda inner: st.lists(inner) | st.tuples(inner, inner)))
def test_tuples_are_arrays(value: Any) -> None:
    assert to_json(from_python(value)) == json.loads(json.dumps(value))
