"""The ten tests of the incident's table, and what else the manager promises.

None needs NATS: a factory makes the watchers. Races are driven by gates.
"""

from __future__ import annotations

import threading
import time

import pytest
from tests.unit.nats.conftest import LIMIT, Actor, FakeFeed, World, wait_until

from regolive.storage import LockingStore, SnapshotStore, Store
from regolive_nats.errors import ManagerStoppingError, NatsError
from regolive_nats.manager import Primitives, WatcherManager
from regolive_nats.watcher import BucketWatcher

PROMPT = 0.1  # seconds in which has_watcher answers, whatever else goes on


def answers_promptly(manager: WatcherManager, bucket: str) -> bool:
    """Ask on a thread of its own, as a query does; fail if the answer takes too long.

    A busy machine may keep a thread waiting that nothing holds up, but not each time: of three
    answers one has to be prompt. If a lock is in the way, none is.
    """

    def ask() -> tuple[bool, float]:
        began = time.monotonic()
        return manager.has_watcher(bucket), time.monotonic() - began

    for _ in range(3):
        answer, took = Actor(ask, "query").join(LIMIT)
        if took < PROMPT:
            return bool(answer)
    pytest.fail(f"has_watcher took {took:.3f} s, three times in a row too long")


# The table of ten.


def test_fast_path(manager_type: type[WatcherManager], world: World) -> None:
    """A cached bucket is returned without the creation lock."""
    manager = manager_type(world.make)
    first = manager.get_or_create_watcher("a")
    with manager._creation:
        assert Actor(lambda: manager.get_or_create_watcher("a")).join() is first


def test_refused_after_stop(manager_type: type[WatcherManager], world: World) -> None:
    """A new bucket after stop is an error that says stopping."""
    manager = manager_type(world.make)
    manager.stop()
    with pytest.raises(ManagerStoppingError, match=r"'a'.*stopping"):
        manager.get_or_create_watcher("a")
    assert world.made == []


def test_cached_after_stop(manager_type: type[WatcherManager], world: World) -> None:
    """A cached bucket is still returned."""
    manager = manager_type(world.make)
    first = manager.get_or_create_watcher("a")
    manager.stop()
    assert manager.get_or_create_watcher("a") is first
    assert manager.has_watcher("a")


def test_stop_is_idempotent(manager_type: type[WatcherManager], world: World) -> None:
    """Three times in a row; and each watcher is stopped once."""
    manager = manager_type(world.make)
    manager.get_or_create_watcher("a")
    for _ in range(3):
        manager.stop()
    for _ in range(3):
        manager.stop_watchers()
    assert [w.stops for w in world.made] == [1]
    assert world.data == {}


def test_concurrent_fast_path(manager_type: type[WatcherManager], world: World) -> None:
    """100 threads over 4 buckets."""
    manager = manager_type(world.make)
    buckets = ["a", "b", "c", "d"]
    made = {bucket: manager.get_or_create_watcher(bucket) for bucket in buckets}
    start = threading.Barrier(100)

    def ask(bucket: str) -> bool:
        start.wait(LIMIT)
        return all(
            manager.has_watcher(bucket) and manager.get_or_create_watcher(bucket) is made[bucket]
            for _ in range(20)
        )

    actors = [Actor(lambda b=buckets[i % 4]: ask(b)) for i in range(100)]
    assert all(actor.join() for actor in actors)
    assert len(world.made) == 4


def test_no_deadlock_on_a_reader(manager_type: type[WatcherManager], feed: FakeFeed) -> None:
    """A reader holds the store, a creation waits in its commit, has_watcher answers."""
    store = LockingStore()
    feed.fill(x=b"1")
    manager = manager_type(lambda bucket: BucketWatcher(bucket, feed, store))
    with store.read() as transaction:
        creation = Actor(lambda: manager.get_or_create_watcher("a"), "creation")
        wait_until(lambda: feed.streams, "the creation's stream")
        wait_until(
            lambda: any(t.kind == "write" for t in store.open_transactions()),
            "the creation's write transaction",
        )
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            assert not answers_promptly(manager, "a")
            assert not answers_promptly(manager, "b")
        assert not creation.done
        assert transaction.root == {}
    assert creation.join(5.0).bucket == "a"
    assert answers_promptly(manager, "a")
    with store.read() as transaction:
        assert transaction.read("/nats/kv/a") == {"x": 1}
    manager.stop_watchers()


def test_no_deadlock_on_eviction(manager_type: type[WatcherManager], world: World) -> None:
    """Capacity 1: has_watcher answers while the evicted watcher's stop is held open."""
    manager = manager_type(world.make, capacity=1)
    manager.get_or_create_watcher("old")
    leaving = world.stop_gate("old").shut()
    creation = Actor(lambda: manager.get_or_create_watcher("new"), "creation")
    leaving.wait_reached()
    assert answers_promptly(manager, "new")
    assert not answers_promptly(manager, "old")
    leaving.opened.set()
    creation.join()
    assert [w.bucket for w in manager.watchers()] == ["new"]
    assert set(world.data) == {"new"}


def test_same_bucket_serialised(manager_type: type[WatcherManager], world: World) -> None:
    """25 threads, one creation, one object for all, and its data stays."""
    manager = manager_type(world.make)
    gate = world.start_gate("a").shut()
    start = threading.Barrier(25)

    def ask() -> object:
        start.wait(LIMIT)
        return manager.get_or_create_watcher("a")

    actors = [Actor(ask) for _ in range(25)]
    gate.wait_reached()
    gate.opened.set()
    got = {id(actor.join()) for actor in actors}
    assert len(world.made) == 1
    assert got == {id(world.made[0])}
    assert world.made[0].stops == 0
    assert world.data == {"a": world.made[0]}


def test_stop_drains_creations(manager_type: type[WatcherManager], world: World) -> None:
    """Stop blocks until the creation in flight is done; creations after it are refused."""
    manager = manager_type(world.make)
    gate = world.start_gate("a").shut()
    creation = Actor(lambda: manager.get_or_create_watcher("a"), "creation")
    gate.wait_reached()
    stop = Actor(manager.stop_watchers, "stop")
    wait_until(lambda: manager._stopping, "the stop")
    with pytest.raises(ManagerStoppingError):
        manager.get_or_create_watcher("b")
    assert not stop.done
    gate.opened.set()
    creation.join()
    stop.join()
    assert manager.watchers() == []
    assert [w.stops for w in world.made] == [1]
    assert world.data == {}
    with pytest.raises(ManagerStoppingError):
        manager.get_or_create_watcher("a")


@pytest.mark.parametrize("kind", [SnapshotStore, LockingStore])
def test_stop_ends_the_loop(
    manager_type: type[WatcherManager], feed: FakeFeed, kind: type[Store]
) -> None:
    """A real watch loop ends, even one that waits in its commit for a reader that stays."""
    store = kind()
    feed.fill(x=b"1")
    manager = manager_type(lambda bucket: BucketWatcher(bucket, feed, store))
    watcher = manager.get_or_create_watcher("a")
    assert isinstance(watcher, BucketWatcher)
    with store.read():
        feed.stream.put("y", b"2")
        # The loop is idle then, or in its commit: in neither does it wait for what a stop could
        # leave to chance.
        if isinstance(store, SnapshotStore):
            wait_until(lambda: feed.stream.read, "the update")
        else:
            wait_until(
                lambda: any(t.kind == "write" for t in store.open_transactions()),
                "the update's write transaction",
            )
        stop = Actor(manager.stop_watchers, "stop")
        if isinstance(store, SnapshotStore):
            stop.join()
        else:
            # The update is given up; only taking the bucket out of data waits for the reader.
            wait_until(lambda: feed.stream.closed, "the end of the loop")
            assert not stop.done
    stop.join()
    assert not watcher._thread.is_alive()
    assert feed.stream.closed
    assert feed.listeners == []
    with store.read() as transaction:
        assert transaction.root == {}


# What else it promises.


def test_a_bucket_that_leaves_is_gone_before_it_comes_back(world: World) -> None:
    """An evicted bucket that is asked for again: the old stop must not wipe the new data."""
    manager = WatcherManager(world.make, capacity=1)
    manager.get_or_create_watcher("a")
    leaving = world.stop_gate("a").shut()
    evicting = Actor(lambda: manager.get_or_create_watcher("b"), "evicting")
    leaving.wait_reached()
    again = Actor(lambda: manager.get_or_create_watcher("a"), "again")
    wait_until(lambda: manager.has_watcher("b"))
    assert len(world.made) == 2
    leaving.opened.set()
    evicting.join()
    assert again.join() is world.made[2]
    assert world.data == {"a": world.made[2]}


def test_stop_waits_for_an_eviction(world: World) -> None:
    manager = WatcherManager(world.make, capacity=1)
    manager.get_or_create_watcher("a")
    leaving = world.stop_gate("a").shut()
    evicting = Actor(lambda: manager.get_or_create_watcher("b"))
    leaving.wait_reached()
    stop = Actor(manager.stop_watchers)
    wait_until(lambda: manager._stopping)
    assert not stop.done
    leaving.opened.set()
    evicting.join()
    stop.join()
    assert world.data == {}


def test_buckets_are_created_side_by_side(world: World) -> None:
    manager = WatcherManager(world.make)
    slow = world.start_gate("slow").shut()
    creation = Actor(lambda: manager.get_or_create_watcher("slow"))
    slow.wait_reached()
    assert Actor(lambda: manager.get_or_create_watcher("quick")).join().bucket == "quick"
    slow.opened.set()
    creation.join()


def test_least_recently_used_leaves(world: World) -> None:
    manager = WatcherManager(world.make, capacity=2)
    manager.get_or_create_watcher("a")
    manager.get_or_create_watcher("b")
    assert manager.has_watcher("a")
    manager.get_or_create_watcher("c")
    assert sorted(world.data) == ["a", "c"]
    assert manager.get_watcher("b") is None


def test_failure_reaches_all_who_wait_and_is_not_kept(world: World) -> None:
    manager = WatcherManager(world.make)
    gate = world.start_gate("a").shut()
    world.failures["a"] = NatsError("no luck")
    actors = [Actor(lambda: manager.get_or_create_watcher("a")) for _ in range(3)]
    gate.wait_reached()
    gate.opened.set()
    for actor in actors:
        with pytest.raises(NatsError, match="no luck"):
            actor.join()
    assert not manager.has_watcher("a")
    del world.failures["a"]
    assert manager.get_or_create_watcher("a").bucket == "a"


def test_retires_what_nobody_asks_for(world: World) -> None:
    now = [0.0]
    manager = WatcherManager(world.make, primitives=Primitives(clock=lambda: now[0]))
    manager.get_or_create_watcher("a")
    manager.get_or_create_watcher("b")
    now[0] = 6.0
    assert manager.has_watcher("b")
    now[0] = 10.0
    assert manager.retire_idle(5.0) == ["a"]
    assert manager.retire_idle(5.0) == []
    assert sorted(world.data) == ["b"]


def test_resize_evicts_the_surplus(world: World) -> None:
    manager = WatcherManager(world.make, capacity=3)
    for bucket in "abc":
        manager.get_or_create_watcher(bucket)
    manager.resize(1)
    assert sorted(world.data) == ["c"]
    assert manager.capacity == 1
    assert manager.retire("c")
    assert not manager.retire("c")


def test_a_stop_that_fails_leaves_the_manager_whole(world: World) -> None:
    manager = WatcherManager(world.make, capacity=1)
    watcher = manager.get_or_create_watcher("a")
    watcher.stop = lambda: (_ for _ in ()).throw(NatsError("broken"))  # type: ignore[method-assign]
    with pytest.raises(NatsError, match="broken"):
        manager.get_or_create_watcher("b")
    assert manager.has_watcher("b")
    assert manager.moving() == []
    manager.stop_watchers()
    assert manager.watchers() == []
