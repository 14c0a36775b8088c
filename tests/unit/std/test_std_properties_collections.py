"""Arrays, sets, objects and graphs against plain Python on texts: no equality of Rego's own.

A value's text (its JSON with the types kept apart) stands for it, so that what is one element of a
set here is decided by Python's ``str``.
"""

from __future__ import annotations

import json
from itertools import pairwise, product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regolive.values import RegoSet, obj_items

scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "1"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("ab1"), inner, max_size=3)
        | st.lists(inner, max_size=3).map(RegoSet)
    ),
    max_leaves=5,
)
many = st.lists(values, max_size=5)
objects = st.dictionaries(st.sampled_from("abc1"), values, max_size=4)


def text(value: Any) -> str:
    """One text for one value; 1 and 1.0 have the same."""
    if isinstance(value, RegoSet):
        return f"<{','.join(sorted(map(text, value)))}>"
    if isinstance(value, list):
        return f"[{','.join(map(text, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{text(k)}:{text(v)}" for k, v in obj_items(value))) + "}"
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def texts(collection: Any) -> set[str]:
    """The elements of a collection."""
    return set(map(text, collection))


# -- Sets and arrays -------------------------------------------------------------------------


@given(many, many)
def test_sets(call: Any, x: list[Any], y: list[Any]) -> None:
    a, b = RegoSet(x), RegoSet(y)
    assert call("count", a) == len(texts(x))
    assert texts(call("and", a, b)) == texts(x) & texts(y)
    assert texts(call("or", a, b)) == texts(x) | texts(y)
    assert texts(call("minus", a, b)) == texts(call("set_diff", a, b)) == texts(x) - texts(y)
    assert call("equal", a, b) == (texts(x) == texts(y))


@given(st.lists(many, min_size=1, max_size=4))
def test_sets_of_sets(call: Any, sets: list[list[Any]]) -> None:
    operand = RegoSet(map(RegoSet, sets))
    assert texts(call("union", operand)) == set.union(*map(texts, sets))
    assert texts(call("intersection", operand)) == set.intersection(*map(texts, sets))


@given(many, values)
def test_membership(call: Any, x: list[Any], value: Any) -> None:
    inside = text(value) in texts(x)
    assert call("internal.member_2", value, x) == inside
    assert call("internal.member_2", value, RegoSet(x)) == inside
    assert call("internal.member_2", value, {f"k{i}": v for i, v in enumerate(x)}) == inside
    at = [i for i, v in enumerate(x) if text(v) == text(value)]
    for i in range(len(x)):
        assert call("internal.member_3", i, value, x) == (i in at)
        assert call("internal.member_3", float(i), value, x) == (i in at)


@given(values, values)
def test_equality(call: Any, x: Any, y: Any) -> None:
    assert call("equal", x, y) == (text(x) == text(y))
    assert call("neq", x, y) == (text(x) != text(y))
    order = [call("lt", x, y), call("equal", x, y), call("gt", x, y)]
    assert sum(order) == 1


RANKS = {type(None): 0, bool: 1, int: 2, str: 3, list: 4, dict: 5, RegoSet: 6}


def _less(x: Any, y: Any) -> bool:
    """The order of types, then of what they hold, as OPA's documentation has it."""
    if RANKS[type(x)] != RANKS[type(y)]:
        return RANKS[type(x)] < RANKS[type(y)]
    if isinstance(x, list):
        for a, b in zip(x, y, strict=False):
            if text(a) != text(b):
                return _less(a, b)
        return len(x) < len(y)
    return bool(x is not None and x < y)


flat = st.lists(scalars | st.lists(scalars, max_size=2), max_size=5)


@given(flat)
def test_order(call: Any, x: list[Any]) -> None:
    found = call("sort", x)
    assert sorted(map(text, found)) == sorted(map(text, x))
    assert not any(_less(b, a) for a, b in pairwise(found))
    if x:
        assert not any(_less(v, call("min", x)) or _less(call("max", x), v) for v in x)


@given(many, many, st.integers(-7, 7), st.integers(-7, 7))
def test_arrays(call: Any, x: list[Any], y: list[Any], start: int, stop: int) -> None:
    both = call("array.concat", x, y)
    assert [text(v) for v in both] == [text(v) for v in (*x, *y)]
    assert text(call("array.reverse", x)) == text([x[-i - 1] for i in range(len(x))])
    part = [x[i] for i in range(len(x)) if start <= i < stop]
    assert text(call("array.slice", x, start, stop)) == text(part)
    assert call("count", both) == len(x) + len(y)


# -- Objects ---------------------------------------------------------------------------------


def _union(a: Any, b: Any) -> Any:
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return b
    return {
        k: _union(a[k], b[k]) if k in a and k in b else (b if k in b else a)[k] for k in {*a, *b}
    }


@given(objects, objects, objects)
def test_unions_of_objects(call: Any, a: Any, b: Any, c: Any) -> None:
    before = text([a, b, c])
    assert text(call("object.union", a, b)) == text(_union(a, b))
    assert text(call("object.union_n", [a, b, c])) == text(_union(_union(a, b), c))
    assert text([a, b, c]) == before


@given(objects, st.lists(st.sampled_from("abcd1"), max_size=3), st.sampled_from([list, RegoSet, 0]))
def test_some_keys(call: Any, obj: dict[str, Any], keys: list[str], kind: Any) -> None:
    operand = dict.fromkeys(keys, 0) if kind == 0 else kind(keys)
    kept = {k: v for k, v in obj.items() if k in keys}
    left = {k: v for k, v in obj.items() if k not in keys}
    assert text(call("object.filter", obj, operand)) == text(kept)
    assert text(call("object.remove", obj, operand)) == text(left)
    assert texts(call("object.keys", obj)) == {text(k) for k in obj}


@given(objects, st.lists(st.sampled_from(["a", "b", "1", 0, 1, 1.0]), max_size=3), scalars)
def test_getting(call: Any, obj: dict[str, Any], path: list[Any], default: Any) -> None:
    found: Any = obj
    for step in path:
        if isinstance(found, RegoSet):
            found = step if text(step) in texts(found) else ...
        elif isinstance(found, dict):
            found = found.get(step, ...) if isinstance(step, str) else ...
        elif isinstance(found, list) and isinstance(step, int | float) and step < len(found):
            found = found[int(step)]
        else:
            found = ...
    expected = default if found is ... else found
    assert text(call("object.get", obj, path, default)) == text(expected)


def _walked(value: Any, path: list[Any]) -> list[str]:
    out = [text([path, value])]
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = obj_items(value)
    elif isinstance(value, list):
        pairs = enumerate(value)
    elif isinstance(value, RegoSet):
        pairs = ((v, v) for v in value)
    for key, inner in pairs:
        out += _walked(inner, [*path, key])
    return out


@given(values)
def test_walking(call: Any, value: Any) -> None:
    assert sorted(map(text, call("walk", value))) == sorted(_walked(value, []))


# -- Graphs ----------------------------------------------------------------------------------

vertices = st.sampled_from("abcde")
graphs = st.dictionaries(vertices, st.lists(vertices, max_size=3), max_size=5)


@given(graphs, st.lists(vertices, max_size=2), st.booleans())
def test_reachable(call: Any, graph: dict[str, list[str]], start: list[str], sets: bool) -> None:
    """The closure of the edges, made by joining them until nothing is new."""
    edges = {(a, b) for a, bs in graph.items() for b in bs}
    while more := {(a, d) for (a, b), (c, d) in product(edges, edges) if b == c} - edges:
        edges |= more
    expected = {b for a, b in edges if a in start} | set(start)
    operand = {k: RegoSet(v) for k, v in graph.items()} if sets else graph
    found = call("graph.reachable", operand, RegoSet(start) if sets else start)
    # What is no vertex of the graph is not in it, even if an edge leads there.
    assert set(found) == expected & graph.keys()
