"""Changing documents: OPA's patch semantics, copy-on-write, and what commit callbacks hear."""

from __future__ import annotations

import copy
import logging
import threading
from typing import Any

import pytest

from regolive.concurrency import held_locks
from regolive.errors import InvalidPathError, NotFoundError, StorageError, TransactionError
from regolive.storage import (
    Change,
    CommitEvent,
    LockingStore,
    SnapshotStore,
    Store,
    WriteConflictError,
    open_store,
)


def contents(store: Store) -> Any:
    with store.read() as txn:
        return txn.root


@pytest.mark.parametrize(
    ("op", "path", "value", "where", "after"),
    [
        ("add", "/new", 1, "/new", 1),
        ("add", "/users/alice", 1, "/users/alice", 1),
        ("add", "/list/0", 0, "/list", [0, 1, [2], {"x": 3}]),
        ("add", "/list/3", 4, "/list", [1, [2], {"x": 3}, 4]),
        ("add", "/list/-", 4, "/list", [1, [2], {"x": 3}, 4]),
        ("add", "/list/1/-", 9, "/list/1", [2, 9]),
        ("add", "/", {"all": "new"}, "/", {"all": "new"}),
        ("replace", "/", {}, "/", {}),
        ("replace", "/n", 5, "/n", 5),
        ("replace", "/list/2/x", 5, "/list/2", {"x": 5}),
        ("replace", "/list/1", 5, "/list", [1, 5, {"x": 3}]),
        ("remove", "/users/alice/roles", None, "/users/alice", {}),
        ("remove", "/list/0", None, "/list", [[2], {"x": 3}]),
        ("put", "/a/b/c", 1, "/a", {"b": {"c": 1}}),
        ("put", "/list/2/y/z", 1, "/list/2", {"x": 3, "y": {"z": 1}}),
        ("put", "/n", 1, "/n", 1),
        ("put", "/", {"k": 1}, "/", {"k": 1}),
    ],
)
def test_an_operation_is_seen_in_the_transaction_and_after_the_commit(
    store: Store, op: str, path: str, value: Any, where: str, after: Any
) -> None:
    before = contents(store)
    unchanged = copy.deepcopy(before)
    with store.write() as txn:
        getattr(txn, op)(path, *([] if op == "remove" else [value]))
        assert txn.read(where) == after
    with store.read() as read:
        assert read.read(where) == after
        assert read.revision == 1
    assert before == unchanged, "a committed document is never changed"


@pytest.mark.parametrize(
    ("op", "path", "error", "message"),
    [
        ("add", "/x/y", NotFoundError, "/x/y: document does not exist"),
        ("add", "/n/y", NotFoundError, "/n/y: document does not exist"),
        ("add", "/list/4", NotFoundError, "/list/4: array index out of range"),
        ("add", "/list/x", NotFoundError, "/list/x: array index must be integer"),
        ("add", "/list/7/x", NotFoundError, "/list/7/x: array index out of range"),
        ("add", "/list/-/x", NotFoundError, "/list/-/x: array index must be integer"),
        ("add", "/", InvalidPathError, "/: root must be object"),
        ("replace", "/", InvalidPathError, "/: root must be object"),
        ("replace", "/x", NotFoundError, "/x: document does not exist"),
        ("replace", "/list/-", InvalidPathError, "/list/-: invalid patch path"),
        ("replace", "/list/3", InvalidPathError, "/list/3: invalid patch path"),
        ("replace", "/list/9", NotFoundError, "/list/9: array index out of range"),
        ("remove", "/", InvalidPathError, "/: root cannot be removed"),
        ("remove", "/x", NotFoundError, "/x: document does not exist"),
        ("remove", "/n/x", NotFoundError, "/n/x: document does not exist"),
        ("remove", "/list/3", InvalidPathError, "/list/3: invalid patch path"),
        ("put", "/n/x/y", WriteConflictError, "/n/x/y: /n is neither object nor array"),
        ("put", "/list/0/x", WriteConflictError, "/list/0/x: /list/0 is neither"),
        ("put", "/list/8/x", NotFoundError, "/list/8/x: array index out of range"),
        ("put", "/", InvalidPathError, "/: root must be object"),
        ("put", ("users", 1), InvalidPathError, "segments are strings, not 1"),
        ("put", ("a", "b", 1), InvalidPathError, "segments are strings, not 1"),
        ("add", "users", InvalidPathError, "begins with '/'"),
    ],
)
def test_an_operation_that_is_refused_names_the_path_and_changes_nothing(
    store: Store, root: dict[str, Any], op: str, path: Any, error: type[Exception], message: str
) -> None:
    before = copy.deepcopy(root)
    with store.write() as txn:
        with pytest.raises(error) as caught:
            getattr(txn, op)(path, *([] if op == "remove" else [1]))
        assert message in str(caught.value)
        assert txn.read("/") == before
    assert contents(store) == before
    assert store.revision == 0


def test_the_error_codes_are_opas() -> None:
    codes = {NotFoundError.code, InvalidPathError.code, WriteConflictError.code}
    assert codes == {
        "storage_not_found_error",
        "storage_invalid_patch_error",
        "storage_write_conflict_error",
    }


def test_an_exception_in_the_block_aborts(store: Store, root: dict[str, Any]) -> None:
    def fail() -> None:
        with store.write() as txn:
            txn.add("/n", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert contents(store) is root
    with store.write():
        pass  # the next writer is let in


def test_commit_and_abort_by_hand(store: Store) -> None:
    with store.write() as txn:
        txn.add("/n", 1)
        assert txn.commit() == 1
    with store.write() as txn:
        txn.add("/n", 2)
        txn.abort()
        txn.abort()
    assert contents(store)["n"] == 1


def test_an_empty_commit_is_no_revision(store: Store) -> None:
    heard: list[CommitEvent] = []
    store.on_commit(heard.append)
    with store.write() as txn:
        assert txn.commit() == 0
    assert store.revision == 0
    assert heard == []


def test_untouched_documents_are_shared_and_touched_ones_copied_once(store: Store) -> None:
    before = contents(store)
    with store.write() as txn:
        txn.add("/users/bob", 1)
        users = txn._draft.root["users"]  # type: ignore[union-attr]
        txn.add("/users/carol", 2)
        assert txn._draft.root["users"] is users  # type: ignore[union-attr]
    after = contents(store)
    assert after["users"] is users
    assert after["list"] is before["list"]
    assert after["users"]["alice"] is before["users"]["alice"]
    assert "bob" not in before["users"]


def test_what_was_read_or_given_is_never_changed(store: Store) -> None:
    given = {"k": {"deep": 1}}
    with store.write() as txn:
        txn.add("/given", given)
        txn.add("/twice", given)
        txn.add("/given/k/deep", 2)
        got = txn.read("/given")
        txn.add("/alias", got)
        txn.add("/given/k/deep", 3)
        txn.add("/given/more", 4)
        inner = txn.read("/given")["k"]
        txn.add("/inner", inner)
        txn.add("/given/k/deep", 5)
        txn.add("/alias/k/deep", 6)
        assert got == {"k": {"deep": 2}}
        assert inner == {"deep": 3}
    root = contents(store)
    assert given == {"k": {"deep": 1}}
    assert root["twice"] == {"k": {"deep": 1}}
    assert root["given"] == {"k": {"deep": 5}, "more": 4}
    assert root["alias"] == {"k": {"deep": 6}}
    assert root["inner"] == {"deep": 3}


def test_callbacks_hear_the_changes_after_the_commit_with_no_lock_held(store: Store) -> None:
    heard: list[tuple[CommitEvent, tuple[str, ...], Any, str]] = []

    def hear(event: CommitEvent) -> None:
        with store.read() as txn:
            seen = txn.root["list"]
        with store.write():
            pass
        heard.append((event, held_locks(), seen, threading.current_thread().name))

    stop = store.on_commit(hear)
    with store.write() as txn:
        txn.add("/list/-", 4)
        txn.replace("/n", 1)
        txn.remove("/users/alice")
        txn.put("/a/b", 2)
    changes = (
        Change("add", ("list", "3"), 4),
        Change("replace", ("n",), 1),
        Change("remove", ("users", "alice")),
        Change("add", ("a", "b"), 2),
    )
    expected = CommitEvent(1, changes)
    thread = threading.current_thread().name
    assert heard == [(expected, (), [1, [2], {"x": 3}, 4], thread)]
    stop()
    stop()
    with store.write() as txn:
        txn.add("/n", 3)
    assert len(heard) == 1


def test_a_callback_that_fails_is_logged_and_costs_nobody_anything(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []

    def fail(event: CommitEvent) -> None:
        raise ValueError("callback is broken")

    store.on_commit(fail)
    store.on_commit(lambda event: heard.append(event.revision))
    with caplog.at_level(logging.ERROR, "regolive.storage"), store.write() as txn:
        txn.add("/n", 1)
    assert heard == [1]
    assert "callback is broken" in caplog.text
    assert contents(store)["n"] == 1


def test_a_write_transaction_is_refused_after_its_end(store: Store) -> None:
    with store.write() as txn:
        txn.add("/n", 1)
    for use in (
        lambda: txn.add("/n", 2),
        lambda: txn.put("/n", 2),
        lambda: txn.replace("/n", 2),
        lambda: txn.remove("/n"),
        lambda: txn.read("/n"),
        txn.commit,
        txn.__enter__,
    ):
        with pytest.raises(TransactionError, match=r"opened at .*test_store_writes.py:\d+ in .*"):
            use()
    with pytest.raises(TransactionError, match=r"committed at .*test_store_writes.py:\d+"):
        txn.commit()


def test_a_closed_store_takes_no_transactions(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    read = store.read()
    with caplog.at_level(logging.WARNING, "regolive.storage"):
        store.close()
    store.close()
    assert store.closed
    assert "test_a_closed_store" in caplog.text
    assert read.read("/n") is None
    read.close()
    for use in (store.read, store.write):
        with pytest.raises(StorageError, match="store is closed"):
            use()


def test_a_commit_to_a_closed_store_is_refused(store: Store) -> None:
    txn = store.write()
    txn.add("/n", 1)
    store.close()
    with pytest.raises(StorageError, match="closed"):
        txn.commit()
    txn.abort()
    assert store.revision == 0


def test_open_store() -> None:
    assert isinstance(open_store(), SnapshotStore)
    assert isinstance(open_store("locking", {"a": 1}, name="docs"), LockingStore)
    with pytest.raises(StorageError, match="'snapshot' or 'locking'"):
        open_store("disk")
    with pytest.raises(StorageError, match="root must be object"):
        open_store("snapshot", [])  # type: ignore[arg-type]
