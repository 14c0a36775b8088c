"""The algebra of types: unions, what agrees, what a step gives. For all types and their values."""

from __future__ import annotations

import pickle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.compiler.types.strategies import draw_value, elements, is_of, scalars, types, values

from regolive.compiler.types.algebra import keys_of, merged, select, unify, values_of
from regolive.compiler.types.build import from_declaration, to_declaration, type_of_value
from regolive.compiler.types.model import (
    ANY,
    NUMBER,
    STRING,
    Type,
    array,
    function,
    object_type,
    set_of,
    union,
)
from regolive.values import RegoSet, to_key


@given(types, types, types)
def test_unions_do_not_depend_on_order_or_grouping(a: Type, b: Type, c: Type) -> None:
    assert union([a, b]) is union([b, a])
    assert union([union([a, b]), c]) is union([a, union([b, c])])
    assert union([a, a]) is a
    assert union([a, ANY]) is ANY


@given(types, types)
def test_order_of_types_is_total(a: Type, b: Type) -> None:
    assert (a.order < b.order) + (b.order < a.order) == (a is not b)


@given(values)
def test_a_value_is_of_the_type_inferred_from_it(value: Any) -> None:
    assert is_of(value, type_of_value(value))


@given(st.data())
def test_a_value_of_a_type_is_of_its_unions(data: st.DataObject) -> None:
    t, other = data.draw(types), data.draw(types)
    value = draw_value(data, t)
    assert is_of(value, t)
    assert is_of(value, union([t, other]))
    assert is_of(value, merged([t, other]) or ANY)
    assert is_of(value, merged([other, t]) or ANY)


@given(st.data())
def test_a_constant_agrees_with_every_type_it_is_of(data: st.DataObject) -> None:
    t = data.draw(types)
    value = draw_value(data, t)
    assert unify(type_of_value(value), t)
    assert unify(type_of_value(value), type_of_value(value))


@given(types, types)
def test_agreement_is_mutual(a: Type, b: Type) -> None:
    assert unify(a, b) == unify(b, a)


@given(types, types, types)
def test_what_agrees_with_a_type_agrees_with_its_unions(a: Type, b: Type, c: Type) -> None:
    assert unify(union([a, b]), c) == (unify(a, c) or unify(b, c))


@given(st.data())
def test_what_is_found_in_a_value_is_of_the_type_of_the_step(data: st.DataObject) -> None:
    t = data.draw(types)
    value = draw_value(data, t)
    for key, element in elements(value):
        assert is_of(key, keys_of(t) or ANY)
        assert is_of(element, values_of(t) or ANY)
        if key.__class__ not in _COMPOSITES:
            found = select(t, to_key(key))
            assert found is not None
            assert is_of(element, found)


_COMPOSITES = (list, dict, RegoSet)


@given(types)
def test_types_survive_pickle_and_declaration(t: Type) -> None:
    assert pickle.loads(pickle.dumps(t)) is t
    assert from_declaration(to_declaration(t) or {}) is t


@given(st.lists(types, max_size=4))
def test_merging_depends_on_no_order(parts: list[Type]) -> None:
    assert merged(parts) is merged(reversed(parts))


def test_rules_of_one_path_make_one_set_one_object_one_function() -> None:
    assert merged([set_of(NUMBER), set_of(STRING)]) is set_of(union([NUMBER, STRING]))
    one, other = (
        object_type((), (STRING, set_of(NUMBER))),
        object_type((), (NUMBER, set_of(STRING))),
    )
    both = object_type((), (union([NUMBER, STRING]), set_of(union([NUMBER, STRING]))))
    assert merged([one, other]) is both
    assert merged([function([NUMBER], STRING), function([STRING], STRING)]) is function(
        [union([NUMBER, STRING])], STRING
    )
    assert merged([]) is None


def test_functions_agree_by_their_parameters() -> None:
    assert unify(function([NUMBER], STRING), function([ANY], NUMBER))
    assert not unify(function([NUMBER], STRING), function([STRING], STRING))
    assert not unify(function([NUMBER], STRING), function([NUMBER, ANY], STRING))
    assert not unify(function([ANY], ANY), ANY)


def test_nothing_agrees_with_what_is_not_known() -> None:
    assert not unify(None, ANY)
    assert not unify(array([None]), array([NUMBER]))


@given(scalars)
def test_scalars_have_no_elements(value: Any) -> None:
    t = type_of_value(value)
    assert keys_of(t) is None
    assert select(t, 0) is None
