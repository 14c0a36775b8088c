"""Both stores against a model: a plain document, deep-copied at every commit into a list.

The model changes documents in the dullest way there is, so a fault in copy-on-write shows.
"""

from __future__ import annotations

import threading
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from regolive.errors import InvalidPathError, NotFoundError
from regolive.storage import LockingStore, ReadTransaction, SnapshotStore, Store, WriteTransaction
from regolive.storage.paths import Path

KEYS = st.sampled_from(["a", "b", "0", "1", "2", "-", ""])
PATHS = st.lists(KEYS, max_size=4).map(tuple)
VALUES = st.recursive(
    st.sampled_from([None, True, 1, "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OPS = st.sampled_from(["add", "put", "replace", "remove"])


class Refused(Exception):
    """What the model says instead of "not found", and of "invalid"."""

    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind


def model_get(document: Any, path: Path) -> Any:
    for segment in path:
        if isinstance(document, dict) and segment in document:
            document = document[segment]
        elif isinstance(document, list) and segment.isdigit() and int(segment) < len(document):
            document = document[int(segment)]
        else:
            raise Refused(NotFoundError)
    return document


def model_apply(document: Any, op: str, path: Path, value: Any) -> Any:
    """A new document with the operation done; everything is copied."""
    document, value = deepcopy(document), deepcopy(value)
    if not path:
        if op == "remove" or not isinstance(value, dict):
            raise Refused(InvalidPathError)
        return value
    *parents, last = path
    if op == "put":
        node = document
        for segment in parents:
            if isinstance(node, dict):
                node = node.setdefault(segment, {})
            elif isinstance(node, list):
                node = model_get(node, (segment,))
            else:
                raise Refused(InvalidPathError)
        if not isinstance(node, (dict, list)):
            raise Refused(InvalidPathError)
    parent = model_get(document, tuple(parents))
    if isinstance(parent, list):
        if last in ("-", str(len(parent))):
            if op not in ("add", "put"):
                raise Refused(InvalidPathError)
            parent.append(value)
            return document
        model_get(parent, (last,))
        if op == "remove":
            del parent[int(last)]
        elif op == "replace":
            parent[int(last)] = value
        else:
            parent.insert(int(last), value)
    elif isinstance(parent, dict):
        if op in ("replace", "remove") and last not in parent:
            raise Refused(NotFoundError)
        if op == "remove":
            del parent[last]
        else:
            parent[last] = value
    else:
        raise Refused(NotFoundError)
    return document


def size(value: Any) -> int:
    """How many values there are in ``value``."""
    if isinstance(value, dict):
        return 1 + sum(map(size, value.values()))
    return 1 + sum(map(size, value)) if isinstance(value, list) else 1


class StoreMachine(RuleBasedStateMachine):
    """One writer, readers at any time where the store allows, values that are passed around."""

    store_class: type[Store]

    def __init__(self) -> None:
        super().__init__()
        self.store = self.store_class()
        self.versions: list[Any] = [{}]
        self.draft: Any = None
        self.txn: WriteTransaction | None = None
        self.reads: list[ReadTransaction] = []
        self.kept: list[tuple[Any, Any]] = []  # values handed in or out, and copies of them
        self.events: list[int] = []
        self.store.on_commit(lambda event: self.events.append(event.revision))
        self.changed = False

    @precondition(lambda self: self.txn is None and not self.reads)
    @rule()
    def begin(self) -> None:
        self.txn = self.store.write()
        self.draft = deepcopy(self.versions[-1])
        self.changed = False

    def change(self, op: str, path: Path, value: Any) -> None:
        assert self.txn is not None
        try:
            after = model_apply(self.draft, op, path, value)
        except Refused as refused:
            with pytest.raises(refused.kind):
                getattr(self.txn, op)(path, *([] if op == "remove" else [value]))
        else:
            self.kept.append((value, deepcopy(value)))
            getattr(self.txn, op)(path, *([] if op == "remove" else [value]))
            self.draft = after
            self.changed = True

    @precondition(lambda self: self.txn is not None)
    @rule(op=OPS, path=PATHS, value=VALUES)
    def write(self, op: str, path: Path, value: Any) -> None:
        self.change(op, path, value)

    @precondition(lambda self: self.txn is not None and self.kept)
    @rule(path=PATHS, data=st.data())
    def write_again(self, path: Path, data: st.DataObject) -> None:
        """The same object at another place: a fault in ownership would change both."""
        value, _ = data.draw(st.sampled_from(self.kept))
        if size(value) <= 20:  # a document put into itself again and again grows without bounds
            self.change("put", path, value)

    @precondition(lambda self: self.txn is not None)
    @rule(path=PATHS)
    def read_own_writes(self, path: Path) -> None:
        assert self.txn is not None
        try:
            expected = model_get(self.draft, path)
        except Refused:
            with pytest.raises(NotFoundError):
                self.txn.read(path)
        else:
            value = self.txn.read(path)
            assert value == expected
            self.kept.append((value, deepcopy(value)))

    @precondition(lambda self: self.txn is not None and not self.reads)
    @rule()
    def commit(self) -> None:
        assert self.txn is not None
        revision = self.txn.commit()
        if self.changed:
            self.versions.append(self.draft)
        assert revision == len(self.versions) - 1
        self.txn = None

    @precondition(lambda self: self.txn is not None)
    @rule()
    def abort(self) -> None:
        assert self.txn is not None
        self.txn.abort()
        self.txn = None

    @rule()
    def open_read(self) -> None:
        self.reads.append(self.store.read())

    @precondition(lambda self: self.reads)
    @rule(data=st.data())
    def close_read(self, data: st.DataObject) -> None:
        self.reads.pop(data.draw(st.integers(0, len(self.reads) - 1))).close()

    @invariant()
    def every_reader_sees_its_version(self) -> None:
        for txn in self.reads:
            assert txn.root == self.versions[txn.revision]
        assert self.store.revision == len(self.versions) - 1
        assert self.events == list(range(1, len(self.versions)))
        opened = len(self.reads) + (self.txn is not None)
        assert len(self.store.open_transactions()) == opened

    @invariant()
    def what_was_handed_in_or_out_is_unchanged(self) -> None:
        for value, copy in self.kept:
            assert value == copy

    def teardown(self) -> None:
        for txn in self.reads:
            txn.close()
        if self.txn is not None:
            self.txn.abort()
        assert self.store.abandoned == 0


@pytest.mark.parametrize("kind", [SnapshotStore, LockingStore])
def test_a_store_is_a_list_of_versions(kind: type[Store]) -> None:
    machine = type("Machine", (StoreMachine,), {"store_class": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=80, stateful_step_count=40, deadline=None)
    )


def test_a_snapshot_reader_keeps_its_version_while_others_commit() -> None:
    """The machine's own readers keep it from committing; these belong to other threads."""
    store = SnapshotStore()
    readers: list[ReadTransaction] = []
    expected: list[Any] = []
    for n in range(50):
        with store.write() as txn:
            txn.put(("a", str(n % 7)), [n])
            txn.put(("a", "list"), list(range(n)))
            expected.append(deepcopy(txn.read(())))
        opener = threading.Thread(target=lambda: readers.append(store.read()))
        opener.start()
        opener.join(10)
    assert [reader.root for reader in readers] == expected
    for reader in readers:
        reader.close()
