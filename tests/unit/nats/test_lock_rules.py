"""The rules about the manager's locks are looked at, and a manager that breaks them is told."""

from __future__ import annotations

import pytest
from tests.lock_rules import Breaches, watch_lock_rules
from tests.unit.nats.conftest import FakeFeed

from regolive.storage import LockingStore, SnapshotStore, Store
from regolive_nats.client import NatsClient
from regolive_nats.config import NatsConfig
from regolive_nats.errors import NatsError
from regolive_nats.incident import CreatesUnderTheLock, EvictsUnderTheLock
from regolive_nats.manager import WatcherManager
from regolive_nats.watcher import BucketWatcher

pytestmark = pytest.mark.breaks_lock_rules


def breaches_of(kind: type[WatcherManager], store: Store) -> Breaches:
    """Create two watchers with room for one, and stop."""
    feed = FakeFeed()
    feed.fill(x=b"1")
    with watch_lock_rules() as breaches:
        manager = kind(lambda bucket: BucketWatcher(bucket, feed, store), 1)
        for bucket in ("a", "b"):
            manager.get_or_create_watcher(bucket)
        manager.stop_watchers()
    return breaches


@pytest.mark.parametrize("kind", [SnapshotStore, LockingStore])
def test_the_fixed_manager_keeps_the_rules(kind: type[Store]) -> None:
    assert breaches_of(WatcherManager, kind()) == []


def test_a_creation_under_the_lock_is_a_breach() -> None:
    found = breaches_of(CreatesUnderTheLock, SnapshotStore())
    assert found[0].startswith("BucketWatcher.start with nats.manager held")
    assert "creation_under_lock.py" in found[0]


def test_an_eviction_under_the_lock_is_a_breach() -> None:
    found = breaches_of(EvictsUnderTheLock, SnapshotStore())
    assert found[0].startswith("BucketWatcher.stop with nats.creation, nats.manager held")
    assert "eviction_under_lock.py" in found[0]


def test_each_kind_of_breach_is_seen() -> None:
    """Transactions, commits, callbacks, requests: each under a manager's lock, on purpose."""
    manager = WatcherManager(lambda bucket: pytest.fail("makes no watcher"))
    store = LockingStore()
    with watch_lock_rules() as breaches:
        client = NatsClient(NatsConfig())
        store.on_commit(lambda event: None)
        with store.write() as outside:
            outside.put(("y",), 1)
        assert breaches == []
        with manager._lock:
            with store.read():
                pass
            with store.write() as transaction:
                transaction.put(("x",), 1)
            with pytest.raises(NatsError):
                client.info("a")
    told = [breach.partition(" with ")[0] for breach in breaches]
    assert told == [
        "LockingStore.read",
        "Store.write",
        "WriteTransaction.__exit__",
        "Store._publish",
        "a commit callback",
        "NatsClient.info",
    ]
