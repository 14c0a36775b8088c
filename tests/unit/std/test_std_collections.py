"""Arrays, sets, objects, graphs and walk against plain Python."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regolive.errors import BuiltinTypeError, CancelledError
from regolive.values import UNDEFINED, RegoSet, equal, from_python, obj_items, sorted_values

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.lists(inner, max_size=3).map(RegoSet)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)
indices = st.integers(-6, 6)


@settings(max_examples=40)
@given(st.lists(values, max_size=5), st.lists(values, max_size=5), indices, indices)
def test_arrays(call: Any, x: list[Any], y: list[Any], start: int, stop: int) -> None:
    assert equal(call("array.concat", x, y), x + y)
    assert equal(call("array.reverse", x), x[::-1])
    sliced = [v for i, v in enumerate(x) if start <= i < stop]
    assert equal(call("array.slice", x, start, stop), sliced)
    flat = [w for v in x for w in (v if isinstance(v, list) else [v])]
    assert equal(call("array.flatten", x), flat)


@settings(max_examples=40)
@given(st.lists(values), st.lists(values))
def test_set_algebra(call: Any, x: list[Any], y: list[Any]) -> None:
    a, b = RegoSet(x), RegoSet(y)
    assert set(call("and", a, b).keys) == {k for k in a.keys if k in b.keys}
    assert call("or", a, b) == RegoSet(x + y)
    assert call("minus", a, b) == RegoSet(v for v in x if v not in b)
    assert call("union", RegoSet([a, b])) == call("or", a, b)
    assert call("intersection", RegoSet([a, b])) == call("and", a, b)
    assert call("intersection", RegoSet()) == RegoSet()


@settings(max_examples=40)
@given(objects, values, values)
def test_object_get(call: Any, obj: dict[str, Any], key: Any, default: Any) -> None:
    for k, v in obj.items():
        assert equal(call("object.get", obj, k, default), v)
        assert equal(call("object.get", obj, [k], default), v)
    if not isinstance(key, list):
        found = [v for k, v in obj_items(obj) if equal(k, key)]
        assert equal(call("object.get", obj, key, default), found[0] if found else default)
    assert equal(call("object.get", obj, [], default), obj)
    assert call("object.keys", obj) == RegoSet(obj)


def test_object_get_walks_through_everything(call: Any) -> None:
    obj = {"a": [{"b": RegoSet(["x"])}], "n": None}
    assert call("object.get", obj, ["a", 0, "b", "x"], 9) == "x"
    assert call("object.get", obj, ["a", 1], 9) == 9
    assert call("object.get", obj, ["n"], 9) is None
    assert call("object.get", obj, ["n", "x"], 9) == 9


def _merge(a: Any, b: Any) -> Any:
    if isinstance(a, dict) and isinstance(b, dict):
        return {k: _merge(a[k], b[k]) if k in a and k in b else {**a, **b}[k] for k in {**a, **b}}
    return b


@settings(max_examples=40)
@given(st.lists(objects, max_size=4))
def test_unions_merge_from_left_to_right(call: Any, many: list[dict[str, Any]]) -> None:
    before = [from_python(o) for o in many]
    expected: Any = {}
    for one in many:
        expected = _merge(expected, one)
    assert equal(call("object.union_n", many), expected)
    if len(many) == 2:
        assert equal(call("object.union", *many), expected)
    assert equal(many, before)  # nothing that was given has changed


@settings(max_examples=40)
@given(objects, st.lists(st.sampled_from("abxy")))
def test_filter_and_remove_split_an_object(call: Any, obj: dict[str, Any], keys: list[str]) -> None:
    for given_keys in (keys, RegoSet(keys), dict.fromkeys(keys, 1)):
        kept = call("object.filter", obj, given_keys)
        rest = call("object.remove", obj, given_keys)
        assert set(kept) == set(obj) & set(keys)
        assert equal({**kept, **rest}, obj)
        assert len(kept) + len(rest) == len(obj)


@settings(max_examples=40)
@given(objects, objects)
def test_subset_of_a_merge(call: Any, a: dict[str, Any], b: dict[str, Any]) -> None:
    assert call("object.subset", a, a)
    if not set(a) & set(b):
        assert call("object.subset", {**a, **b}, a)
    assert call("object.subset", [1, 2, 3], [2, 3])
    assert not call("object.subset", [1, 2, 3], [1, 3])
    with pytest.raises(BuiltinTypeError, match="must be of the same type or array and set"):
        call("object.subset", a, [1])


def _walk(value: Any, path: list[Any]) -> list[Any]:
    out = [[path, value]]
    children: Any = ()
    if isinstance(value, dict):
        children = [(k, value[k]) for k in sorted(value)]
    elif isinstance(value, list):
        children = enumerate(value)
    elif isinstance(value, RegoSet):
        children = [(v, v) for v in sorted_values(value)]
    for key, child in children:
        out += _walk(child, [*path, key])
    return out


@settings(max_examples=40)
@given(values)
def test_walk_visits_everything_in_order(call: Any, value: Any) -> None:
    assert equal(call("walk", value), _walk(value, []))


def test_walk_of_a_deep_document_does_not_recurse(call: Any) -> None:
    deep: Any = 1
    for _ in range(3000):
        deep = [deep]
    assert len(call("walk", deep)) == 3001


def test_walk_can_be_cancelled(call: Any, cancelled: Any) -> None:
    with pytest.raises(CancelledError):
        call("walk", list(range(10_000)), frame=cancelled())


graphs = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=3), max_size=6
)


@settings(max_examples=40)
@given(graphs, st.lists(st.sampled_from("abcdefg"), max_size=2))
def test_reachable(call: Any, graph: dict[str, list[str]], start: list[str]) -> None:
    reached: set[str] = set()
    todo = [v for v in start if v in graph]
    while todo:
        vertex = todo.pop()
        if vertex not in reached:
            reached.add(vertex)
            todo += [v for v in graph[vertex] if v in graph]
    assert call("graph.reachable", graph, start) == RegoSet(reached)
    paths = call("graph.reachable_paths", graph, RegoSet(start))
    for path in paths:
        assert path[0] in start
        assert all(b in graph[a] for a, b in pairwise(path))


def test_exponentially_many_paths_can_be_cancelled(call: Any, cancelled: Any) -> None:
    everyone = [str(i) for i in range(40)]
    graph = dict.fromkeys(everyone, everyone)
    with pytest.raises(CancelledError):
        call("graph.reachable_paths", graph, ["0"], frame=cancelled())


def test_json_patch_leaves_what_it_was_given(call: Any) -> None:
    doc = {"a": [1, {"b": 2}], "s": RegoSet(["x"])}
    before = from_python(doc)
    patches = [
        {"op": "copy", "from": "/a/1", "path": "/c"},
        {"op": "add", "path": "/c/d", "value": [9]},
        {"op": "add", "path": "/a/-", "value": 3},
        {"op": "add", "path": ["s", "y"], "value": "y"},
        {"op": "move", "from": "/c/d", "path": "/a/0"},
    ]
    patched = call("json.patch", doc, patches)
    assert equal(patched, {"a": [[9], 1, {"b": 2}, 3], "c": {"b": 2}, "s": RegoSet(["x", "y"])})
    assert equal(doc, before)
    assert call("json.patch", doc, [{"op": "remove", "path": ""}]) is UNDEFINED


@settings(max_examples=40)
@given(values)
def test_json_reads_back(call: Any, value: Any) -> None:
    text = call("json.marshal", value)
    plain = call("json.unmarshal", text)
    assert call("json.marshal", plain) == text
    assert call("json.is_valid", text)
    spread = call("json.marshal_with_options", value, {"indent": " "})
    assert equal(call("json.unmarshal", spread), plain)
