"""JSON against ``json`` of Python, and paths in documents against plain recursion."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from regolive.values import RegoSet

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.integers(-99, 99) | texts
documents = st.recursive(
    scalars | st.integers(-999, 999).map(lambda n: n / 8 if n % 8 else n),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


def _same(a: Any, b: Any) -> bool:
    """Equal, and of the same types all the way: ``True`` is not 1."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


@given(documents)
def test_documents_are_read_back(call: Any, document: Any) -> None:
    text = call("json.marshal", document)
    assert _same(json.loads(text), document)
    assert _same(call("json.unmarshal", json.dumps(document)), document)
    assert _same(call("json.unmarshal", json.dumps(document, ensure_ascii=False)), document)
    # No spaces, keys in order, and nothing that ends a script in HTML.
    parsed = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
    assert len(json.dumps(json.loads(text), separators=(",", ":"))) == len(parsed)
    assert not set("<>&\u2028\u2029") & set(text)


@given(documents, st.sampled_from(["  ", "\t", " "]))
def test_indented(call: Any, document: Any, indent: str) -> None:
    text = call("json.marshal_with_options", document, {"pretty": True, "indent": indent})
    assert _same(json.loads(text), document)
    plain = json.loads(call("json.marshal", document))
    expected = json.dumps(plain, indent=indent, ensure_ascii=True)
    assert text.count("\n") == expected.count("\n")
    starts = [len(line) - len(line.lstrip(indent[0])) for line in text.split("\n")]
    assert starts == [len(line) - len(line.lstrip(indent[0])) for line in expected.split("\n")]


@st.composite
def almost(draw: Any) -> str:
    """A document's text with one thing changed in it."""
    text = json.dumps(draw(documents), ensure_ascii=draw(st.booleans()))
    at = draw(st.integers(0, len(text)))
    put = draw(st.sampled_from([*'0123456789.eE+-{}[]",:\\/ u', "true", "", "\n", "\x01", "\xa0"]))
    return str(text[:at] + put + text[at + draw(st.integers(0, 2)) :])


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


@given(almost())
def test_texts_that_are_json(call: Any, text: str) -> None:
    """As Python reads it, without ``NaN`` and its like."""
    try:
        found = json.loads(text, parse_constant=_refuse)
    except ValueError:
        assert not call("json.is_valid", text)
        return
    assert call("json.is_valid", text)
    if "\\ud" not in text:  # half a pair is U+FFFD here
        assert call("json.unmarshal", text) == found


# -- Paths -----------------------------------------------------------------------------------

keys = st.sampled_from(["a", "b", "c/d", "~", "0"])
trees = st.recursive(
    st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(keys, trees, max_size=4)
steps = st.lists(keys, min_size=1, max_size=3)


def _pointer(path: list[str]) -> str:
    return "/".join(s.replace("~", "~0").replace("/", "~1") for s in path)


def _kept(value: Any, paths: list[list[str]]) -> Any:
    """What lies on a path or below its end; a path through a scalar ends at it."""
    if [] in paths:
        return value
    if isinstance(value, dict):
        items = {k: _kept(v, [p[1:] for p in paths if p[0] == k]) for k, v in value.items()}
        heads = {p[0] for p in paths}
        return {k: v for k, v in items.items() if k in heads}
    if isinstance(value, list):
        found = [_kept(v, [p[1:] for p in paths if p[0] == str(i)]) for i, v in enumerate(value)]
        heads = {p[0] for p in paths}
        return [v for i, v in enumerate(found) if str(i) in heads]
    return value


def _without(value: Any, paths: list[list[str]]) -> Any:
    """Everything but what lies at the end of a path."""
    if isinstance(value, dict):
        pairs: Any = value.items()
    elif isinstance(value, list):
        pairs = [(str(i), v) for i, v in enumerate(value)]
    else:
        return value
    left = []
    for key, inner in pairs:
        below = [p[1:] for p in paths if p[0] == key]
        if [] not in below:
            left.append((key, _without(inner, below) if below else inner))
    return dict(left) if isinstance(value, dict) else [v for _, v in left]


path_lists = st.lists(steps, max_size=4)


@given(objects, path_lists, st.sampled_from(["pointer", "array", "set"]))
def test_filtering_and_removing(
    call: Any, document: dict[str, Any], paths: list[list[str]], kind: str
) -> None:
    operand: Any = paths if kind == "array" else [_pointer(p) for p in paths]
    operand = RegoSet(operand) if kind == "set" else operand
    before = deepcopy(document)
    assert _same(call("json.remove", document, operand), _without(document, paths))
    assert _same(document, before)
    assert _same(call("json.filter", document, operand), _kept(document, paths) if paths else {})


# -- Patches ---------------------------------------------------------------------------------


def _all_paths(value: Any) -> list[list[str]]:
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    return [[], *([str(k), *rest] for k, v in pairs for rest in _all_paths(v))]


def _at(value: Any, path: list[str]) -> Any:
    for step in path:
        value = value[int(step) if isinstance(value, list) else step]
    return value


def _changed(value: Any, path: list[str], op: str, new: Any) -> Any:
    """RFC 6902, on a copy."""
    if not path:
        return new
    value = deepcopy(value)
    parent, last = _at(value, path[:-1]), path[-1]
    if isinstance(parent, list):
        at = int(last)
        parent[at : at + (op != "add")] = [] if op == "remove" else [new]
    elif op == "remove":
        del parent[last]
    else:
        parent[last] = new
    return value


@given(objects, st.data())
def test_patches(call: Any, document: dict[str, Any], data: st.DataObject) -> None:
    before = deepcopy(document)
    path = data.draw(st.sampled_from(_all_paths(document)))
    op = data.draw(st.sampled_from(["add", "replace", "remove"] if path else ["add", "replace"]))
    new = data.draw(trees)
    pointer = "".join("/" + _pointer([s]) for s in path)
    patch = {"op": op, "path": pointer} | ({} if op == "remove" else {"value": new})
    found = call("json.patch", document, [patch])
    assert _same(found, _changed(document, path, op, new))
    test = {"op": "test", "path": pointer, "value": _at(document, path)}
    assert _same(call("json.patch", document, [test, patch]), found)
    assert _same(document, before)
