"""The life of transactions: isolation, who waits for whom, misuse, and those that are forgotten."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from regolive.concurrency import (
    LockTimeout,
    NamedLock,
    WaitObserver,
    held_locks,
    set_wait_observer,
)
from regolive.errors import TransactionError
from regolive.storage import LockingStore, SnapshotStore, Store

LIMIT = 10.0


class Waits(WaitObserver):
    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self._changed = threading.Condition()

    def before_wait(self, lock: NamedLock, mode: str, thread: threading.Thread) -> None:
        with self._changed:
            self.begun.append((lock.name, mode))
            self._changed.notify_all()

    def expect(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, LIMIT), self.begun


@pytest.fixture
def waits() -> Iterator[Waits]:
    observer = Waits()
    previous = set_wait_observer(observer)
    yield observer
    set_wait_observer(previous)


def start(fn: Callable[[], object], name: str = "other") -> threading.Thread:
    thread = threading.Thread(target=fn, name=name, daemon=True)
    thread.start()
    return thread


def join(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), f"{thread.name} hangs"


def commit(store: Store, value: object) -> None:
    with store.write() as txn:
        txn.put("/n", value)


def test_a_reader_sees_one_state(store: Store) -> None:
    with store.read() as txn:
        writer = start(lambda: commit(store, 1))
        if isinstance(store, SnapshotStore):
            join(writer)
            assert store.revision == 1
        assert txn.root["n"] is None
        assert txn.revision == 0
    join(writer)
    with store.read() as txn:
        assert txn.root["n"] == 1
        assert txn.revision == 1


def test_uncommitted_changes_are_seen_by_nobody_else(store: Store) -> None:
    seen: list[object] = []

    def look() -> None:
        with store.read() as txn:
            seen.append(txn.root["n"])

    with store.write() as txn:
        txn.add("/n", 1)
        join(start(look))
    assert seen == [None]


def test_writers_are_serialised_from_their_start(store: Store, waits: Waits) -> None:
    with store.write() as txn:
        second = start(lambda: commit(store, "second"))
        waits.expect(1)
        assert waits.begun == [("store.writer", "mutex")]
        with pytest.raises(TransactionError, match="already has a write transaction"):
            store.write()
        txn.add("/n", "first")
    join(second)
    with store.read() as read:
        assert read.root["n"] == "second"
        assert read.revision == 2


def test_a_writer_gives_up_after_its_time(store: Store) -> None:
    errors: list[LockTimeout] = []

    def impatient() -> None:
        with pytest.raises(LockTimeout, match=r"store\.writer") as caught:
            store.write(timeout=0.01)
        errors.append(caught.value)

    with store.write():
        join(start(impatient))
    assert len(errors) == 1
    commit(store, 1)


def test_locking_a_waiting_commit_keeps_new_readers_out(waits: Waits) -> None:
    store = LockingStore({"n": 0})
    seen: list[object] = []

    def read() -> None:
        with store.read() as txn:
            seen.append(txn.root["n"])

    first = store.read()
    assert held_locks() == ("store",)
    writer = start(lambda: commit(store, 1))
    waits.expect(1)
    late = start(read)
    waits.expect(2)
    assert waits.begun == [("store", "write"), ("store", "read")]
    with pytest.raises(LockTimeout, match="'store' for read"):
        store.read(timeout=0.01)  # nested: without the time limit it would wait for ever
    assert first.root["n"] == 0
    first.close()
    join(writer, late)
    assert seen == [1]
    assert held_locks() == ()


def test_locking_a_commit_out_of_time_leaves_the_transaction_open() -> None:
    store = LockingStore({"n": 0})
    results: list[object] = []

    def write() -> None:
        txn = store.write()
        txn.add("/n", 1)
        try:
            txn.commit(timeout=0.01)
        except LockTimeout as error:
            results.append(str(error))
        results.append(txn.open)
        reader_may_end.set()
        results.append(txn.commit(timeout=LIMIT))

    reader_may_end = threading.Event()
    with store.read():
        writer = start(write)
        assert reader_may_end.wait(LIMIT)
    join(writer)
    assert "'store' for write" in str(results[0])
    assert results[1:] == [True, 1]


def test_snapshot_nobody_waits(waits: Waits) -> None:
    store = SnapshotStore({"n": 0})
    with store.read() as old:
        join(start(lambda: commit(store, 1)))
        with store.read() as new:
            assert (old.root["n"], new.root["n"]) == (0, 1)
    assert waits.begun == []


def test_a_thread_that_reads_cannot_write(store: Store) -> None:
    refused = pytest.raises(TransactionError, match=r"opened at .*test_a_thread_that_reads")
    with store.read(), refused:
        store.write()
    commit(store, 1)


def test_a_commit_is_refused_while_its_thread_reads(store: Store) -> None:
    write = store.write()
    write.add("/n", 2)
    with store.read(), pytest.raises(TransactionError, match="cannot commit"):
        write.commit()
    assert write.open
    assert write.commit() == 1
    write = store.write()
    write.add("/n", 3)
    with store.read() as read, pytest.raises(TransactionError, match="cannot commit"):
        write.__exit__(None, None, None)
    assert not write.open, "a with block does not leave it open"
    assert read.revision == store.revision == 1
    commit(store, 4)


def test_reading_one_store_does_not_refuse_writing_another(store: Store) -> None:
    other = SnapshotStore(name="other")
    with store.read():
        commit(other, 1)


def test_transactions_can_be_ended_by_another_thread(store: Store) -> None:
    read = store.read()
    join(start(read.close))
    assert held_locks() == ()
    write = store.write()
    write.add("/n", 1)
    join(start(write.commit))
    assert held_locks() == ()
    assert store.open_transactions() == ()
    commit(store, 2)


def test_a_transaction_handed_on_does_not_burden_a_thread_that_comes_later(store: Store) -> None:
    handed: list[object] = []
    join(start(lambda: handed.append(store.read())))
    for _ in range(5):  # the system likes to give the same identifier again
        if isinstance(store, SnapshotStore):
            join(start(lambda: commit(store, 1)))
        else:
            join(start(lambda: store.write().abort()))
    assert [t.thread for t in store.open_transactions()] == ["other"]
    handed[0].close()  # type: ignore[attr-defined]
    assert store.open_transactions() == ()


def test_a_read_transaction_is_refused_after_its_end(store: Store) -> None:
    txn = store.read()
    assert txn.open
    txn.close()
    txn.close()
    assert not txn.open
    assert txn.revision == 0
    for use in (lambda: txn.root, lambda: txn.read("/n"), txn.__enter__):
        with pytest.raises(TransactionError) as caught:
            use()
        assert "opened at " in str(caught.value)
        assert str(caught.value).count("in test_a_read_transaction_is_refused") == 2
    with store.read() as txn:
        pass
    with pytest.raises(TransactionError, match="ended at"):
        txn.read("/n")
    txn.__exit__(None, None, None)


def test_the_places_in_an_error_are_exact(store: Store) -> None:
    first = test_the_places_in_an_error_are_exact.__code__.co_firstlineno
    txn = store.read()
    [opened] = store.open_transactions()
    txn.close()
    assert opened.kind == "read"
    assert opened.thread == threading.current_thread().name
    assert f"test_store_transactions.py:{first + 2} in " in opened.place
    with pytest.raises(TransactionError) as caught:
        txn.read("/")
    assert f":{first + 2} in " in str(caught.value)
    assert f":{first + 4} in " in str(caught.value)


def test_open_transactions_are_listed(store: Store) -> None:
    assert store.open_transactions() == ()
    with store.write():
        kinds = [t.kind for t in store.open_transactions()]
        with store.read():
            assert sorted(t.kind for t in store.open_transactions()) == ["read", "write"]
    assert kinds == ["write"]
    assert store.open_transactions() == ()


def test_abandoned_transactions_are_released_logged_and_counted(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "regolive.storage"):
        store.read()
        gc.collect()
        assert store.abandoned == 1
        write = store.write()
        write.add("/n", 1)
        del write
        gc.collect()
    assert store.abandoned == 2
    assert "read transaction of store was abandoned: opened at" in caplog.text
    assert "write transaction of store was abandoned: opened at" in caplog.text
    assert "test_store_transactions.py:" in caplog.text
    assert held_locks() == ()
    assert store.open_transactions() == ()
    commit(store, 2)


def test_an_abandoned_reader_in_a_cycle_lets_a_waiting_commit_go(waits: Waits) -> None:
    store = LockingStore()
    cycle: list[object] = [store.read()]
    cycle.append(cycle)
    writer = start(lambda: commit(store, 1))
    waits.expect(1)
    del cycle
    gc.collect()
    join(writer)
    assert store.abandoned == 1


def test_an_ended_transaction_keeps_no_documents_alive(store: Store) -> None:
    class Document(dict[str, object]):
        pass

    with store.write() as txn:
        txn.add("/", Document())
    read = store.read()
    read.close()
    commit(store, 1)
    gc.collect()
    assert not [o for o in gc.get_objects() if isinstance(o, Document)]


def test_readers_never_see_half_a_commit(store: Store) -> None:
    with store.write() as txn:
        txn.add("/", {"a": 0, "b": {"c": 0}})
    torn: list[object] = []
    revisions: list[int] = []

    def write() -> None:
        for _ in range(100):
            with store.write() as txn:
                n = txn.read("/a") + 1
                txn.replace("/a", n)
                txn.replace("/b/c", n)

    def read() -> None:
        last = 0
        for _ in range(300):
            with store.read() as txn:
                a, c = txn.root["a"], txn.root["b"]["c"]
                if a != c or a != txn.revision - 1 or txn.revision < last:
                    torn.append((a, c, txn.revision))
                last = txn.revision

    join(*(start(fn, f"t{n}") for n, fn in enumerate([write, read] * 3)))
    revisions.append(store.revision)
    assert torn == []
    assert revisions == [301]
    assert store.open_transactions() == ()
