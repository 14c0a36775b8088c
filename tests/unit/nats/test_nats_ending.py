"""What remains true while the plugin ends, or has ended, around queries and watchers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.nats.conftest import Actor, FakeFeed
from tests.unit.nats.test_nats_builtins import Context, FakeBuckets, followed

from regolive.storage import LockingStore, SnapshotStore, Store
from regolive_nats.builtins import NO_BUCKETS, get_data, watch_bucket
from regolive_nats.watcher import BucketWatcher


def ask(buckets: Any, ctx: Any, path: str = "k") -> list[Any]:
    return [watch_bucket(buckets, ctx, "b"), get_data(buckets, ctx, "b", path)]


def test_a_query_keeps_the_buckets_of_its_transaction() -> None:
    """The plugin was stopped after the query began: its answers still agree with ``data``."""
    assert ask(NO_BUCKETS, followed(b={"k": 1})) == [True, 1]


def test_a_query_that_was_told_nothing_stays_told_so() -> None:
    """The plugin was started again within the query: it asks NATS at most once, and it has."""
    buckets = FakeBuckets()
    buckets.contents["b"] = [("k", 1, b"1", False)]
    ctx = Context()
    assert ask(NO_BUCKETS, ctx) == [False, None]
    assert ask(buckets, ctx) == [False, None]
    assert buckets.loads == []


def test_a_query_that_has_asked_keeps_the_answer() -> None:
    buckets = FakeBuckets()
    buckets.contents["b"] = [("k", 1, b"1", False)]
    ctx = Context()
    assert ask(buckets, ctx) == [False, 1]
    assert ask(NO_BUCKETS, ctx) == [False, 1]


@pytest.mark.parametrize("kind", [SnapshotStore, LockingStore])
def test_out_of_time_what_need_not_wait_is_still_removed(feed: FakeFeed, kind: type[Store]) -> None:
    """The time for a stop had been spent on others; nobody keeps this bucket in the store."""
    store = kind()
    feed.fill(k=b"1")
    late = False
    watcher = BucketWatcher("b", feed, store, give_up=lambda: late)
    watcher.start()
    late = True
    Actor(watcher.stop).join()
    with store.read() as transaction:
        assert transaction.root == {}
