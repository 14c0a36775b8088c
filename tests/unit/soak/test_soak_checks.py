"""The soak's own checks: each finds what it is there to find."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.soak.outside import Bucket, document, torn
from tests.soak.policy import ACCOUNTS, BALANCE, problems_of
from tests.soak.waits import WaitMeter
from tests.unit.nats.conftest import Actor, wait_until

from regolive.concurrency import Mutex, waiting_for
from regolive.concurrency.waiting import current_waits
from regolive.storage import LockingStore

BUCKET = Bucket("b")


def decision(**changes: Any) -> dict[str, Any]:
    """One that is right, but for the changes."""
    bucket = {"pair": {"a": 2, "b": 2}}
    right = {
        "watched": True, "before": bucket, "after": bucket, "got": bucket, "pair": bucket["pair"],
        "transaction": bucket, "left": 7, "right": 7, "revisions": [5, 5], "rooted": None,
        "accounts": {f"a{n}": BALANCE for n in range(ACCOUNTS)},
    }  # fmt: skip
    return right | changes


def test_a_right_decision() -> None:
    assert problems_of(BUCKET, decision()) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"after": {"pair": {"a": 3, "b": 3}}}, "data differs within a query"),
        ({"transaction": None}, "data is not the transaction's"),
        ({"watched": False}, "watch_bucket says False"),
        ({"got": {"pair": {"a": 2, "b": 2}, "c": 1}}, "get_data is not what data has"),
        ({"pair": None}, "get_data differs within a query"),
        ({"left": 8}, "half a commit"),
        ({"revisions": [5, 6]}, "revision went from 5 to 6"),
        ({"accounts": {"a0": 1}}, "half a transfer"),
        ({"rooted": {"pair": {"a": 5, "b": 2}}}, "root bucket: two states"),
    ],
)
def test_a_wrong_decision(changes: dict[str, Any], problem: str) -> None:
    assert any(problem in text for text in problems_of(BUCKET, decision(**changes)))


@pytest.mark.parametrize(
    "pair",
    [{"a": 2, "b": 2}, {"a": 3, "b": 2}, {"a": 3, "b": 2, "mid": 3}, {"a": 3, "b": 3, "mid": 3}],
)
def test_states_that_a_round_goes_through(pair: dict[str, int]) -> None:
    assert torn(BUCKET, {"pair": pair}) is None


@pytest.mark.parametrize(
    "pair",
    [{"a": 2, "b": 3}, {"a": 4, "b": 2}, {"a": 3, "b": 3, "mid": 2}, {"a": 3}, {}],
)
def test_states_that_there_never_were(pair: dict[str, int]) -> None:
    assert torn(BUCKET, {"pair": pair}) is not None


def test_what_a_short_history_leaves_open() -> None:
    assert torn(Bucket("b", ordered=False), {"pair": {"a": 9, "b": 2}}) is None
    assert torn(Bucket("b", ordered=False), {"pair": {"a": 9}}) is not None
    assert torn(Bucket("b", mortal=True), {"pair": {"a": 9}}) is None


def test_dotted_keys_become_a_tree() -> None:
    assert document({"m.x": b"1", "m.y": b"text", "z": b"[2]"}) == {
        "m": {"x": 1, "y": "text"},
        "z": [2],
    }


def test_a_wait_of_its_own_is_told_from_one_for_the_store() -> None:
    """A thread that waits for another one that waits for the store does not wait by itself."""
    store = LockingStore(name="store")
    lock = Mutex("nats.creation")
    with WaitMeter(store.name, 0.2) as meter:
        reader = store.read()
        committing = Actor(lambda: _commit(store))
        waiting = Actor(lambda: _join(committing.thread))
        wait_until(lambda: len(current_waits()) == 2, "both wait")
        with lock:
            taking = Actor(lambda: _take(lock))
            wait_until(lambda: meter.too_long, "the wait for the lock is too long")
        taking.join()
        reader.close()
        committing.join()
        waiting.join()
    assert len(meter.too_long) == 1
    assert "nats.creation" in meter.too_long[0]


def _take(lock: Mutex) -> None:
    with lock:
        pass


def _commit(store: LockingStore) -> None:
    with store.write() as txn:
        txn.put(("k",), 1)


def _join(thread: threading.Thread) -> None:
    with waiting_for(thread, "the commit to end"):
        thread.join()
