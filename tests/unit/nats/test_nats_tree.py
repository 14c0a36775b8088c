"""Keys to nested objects: what updates make of a tree is what loading it again would."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regolive_nats.entries import DELETED, is_deletion, parse_value
from regolive_nats.tree import Event, KeyTree, Op

KEYS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)
VALUES = st.one_of(st.integers(0, 9), st.just({"b": 1}), st.just(DELETED))
BATCHES = st.lists(st.lists(st.tuples(KEYS, VALUES), max_size=8), max_size=8)


def model(live: dict[str, tuple[int, Any]]) -> dict[str, Any]:
    """Put every live key in the order of revisions, each throwing out what is in its way."""
    kept: dict[str, Any] = {}
    for key, (_, value) in sorted(live.items(), key=lambda item: item[1][0]):
        for other in list(kept):
            if other.startswith(key + ".") or key.startswith(other + "."):
                del kept[other]
        kept[key] = value
    root: dict[str, Any] = {}
    for key, value in kept.items():
        node = root
        *parents, last = key.split(".")
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = value
    return root


def perform(document: dict[str, Any], ops: list[Op]) -> None:
    """What the store does with the changes."""
    for path, value, _, emptied in ops:
        node = document
        if value is DELETED:
            *parents, last = path[: emptied + 1]
            for name in parents:
                node = node[name]
            del node[last]
            continue
        for name in path[:-1]:
            node = node.setdefault(name, {})
            assert isinstance(node, dict)
        node[path[-1]] = value


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(KEYS, VALUES), max_size=12), BATCHES)
def test_following_equals_loading(
    first: list[tuple[str, Any]], batches: list[list[tuple[str, Any]]]
) -> None:
    revision = 0
    live: dict[str, tuple[int, Any]] = {}

    def events(pairs: list[tuple[str, Any]]) -> list[Event]:
        nonlocal revision
        made = []
        for key, value in pairs:
            revision += 1
            made.append(Event(key, revision, value))
            live.pop(key, None)
            if value is not DELETED:
                live[key] = (revision, value)
        return made

    tree = KeyTree()
    document = copied(tree.load(events(first)))
    assert document == model(live)
    for batch in batches:
        perform(document, tree.apply(events(batch)))
        assert document == model(live)
        assert tree.entries == live
        again = KeyTree()
        in_order = sorted(live.items(), key=lambda item: item[1][0])
        assert again.load(Event(k, r, v) for k, (r, v) in in_order) == document
        assert again.hidden.keys() == tree.hidden.keys()
        assert again._children == {p: n for p, n in tree._children.items() if n or not p}


def copied(node: Any) -> Any:
    """The nested objects of a tree, copied; values are not."""
    if isinstance(node, dict):
        return {key: copied(child) for key, child in node.items()}
    return node


def test_a_key_that_is_a_parent_is_told_once() -> None:
    tree = KeyTree()
    assert tree.load([Event("users", 1, 5), Event("users.x", 2, 6)]) == {"users": {"x": 6}}
    assert [(h.key, h.by, h.by_revision) for h in tree.new_hidden] == [("users", "users.x", 2)]
    tree.new_hidden = []
    tree.apply([Event("users.y", 3, 7)])
    assert tree.new_hidden == []
    assert len(tree) == 3
    assert tree.subjects == 3


def test_the_last_child_takes_its_parents_along() -> None:
    tree = KeyTree()
    tree.load([Event("a.b.c", 1, 1), Event("z", 2, 1)])
    assert tree.apply([Event("a.b.c", 3, DELETED)]) == [Op(("a", "b", "c"), DELETED, 3, 0)]
    assert tree.subjects == 2  # the deletion is still in the stream


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"12", 12),
        (b"-12", -12),
        (b"0", 0),
        (b"012", "012"),
        (b"1.5", 1.5),
        (b"1e2", 100.0),
        (b"true", True),
        (b"false", False),
        (b"null", None),
        (b'"x"', "x"),
        (b'"a\\nb"', "a\nb"),
        (b'"a"b"', '"a"b"'),
        (b'"a\nb"', '"a\nb"'),
        (b'"', '"'),
        (b'""', ""),
        (b"", ""),
        (b" 7 ", 7),
        (b"plain text", "plain text"),
        (b'{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        (b"{broken", "{broken"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "[Infinity]"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        ("٣".encode(), "٣"),
        ("²".encode(), "²"),
        (b"12345678901234567890", 12345678901234567890),
        (b"[" * 100_000, "[" * 100_000),
    ],
)
def test_values_are_json_or_strings(data: bytes, value: Any) -> None:
    got = parse_value(data)
    assert got == value
    assert type(got) is type(value)


def test_deletions() -> None:
    assert is_deletion({"KV-Operation": "DEL"})
    assert is_deletion({"KV-Operation": "PURGE"})
    assert is_deletion({"Nats-Marker-Reason": "MaxAge"})
    assert not is_deletion({"KV-Operation": "PUT"})
    assert not is_deletion(None)
