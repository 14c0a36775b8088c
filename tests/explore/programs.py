"""What is explored: two to four threads that create, evict, ask, query and stop; what must hold.

A query is what ``watch_bucket`` does: a read transaction, and inside it ``has_watcher`` more than
once. Watchers are stand-ins with two commits, or real ones with their own threads over a feed that
needs no NATS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from regolive.concurrency import held_locks
from regolive.storage import LockingStore, SnapshotStore, Store
from regolive.testing import Program
from regolive_nats.errors import ManagerStoppingError
from regolive_nats.manager import Primitives, Watcher, WatcherManager
from regolive_nats.stream import BucketInfo, Item, Loaded, Sink, Updates
from regolive_nats.watcher import BucketWatcher

Stores = {"locking": LockingStore, "snapshot": SnapshotStore}


class StandIn:
    """A watcher without a thread: start and stop commit to the store, as a real one's do."""

    def __init__(self, world: World, bucket: str) -> None:
        self.world = world
        self.bucket = bucket
        self.running = False

    def start(self) -> None:
        """Load the bucket."""
        self.running = True
        with self.world.store.write() as transaction:
            transaction.put(("nats", "kv", self.bucket), {})

    def stop(self) -> None:
        """Remove the bucket, whoever loaded it."""
        with self.world.store.write() as transaction:
            if self.bucket in transaction.read(("nats", "kv")):
                transaction.remove(("nats", "kv", self.bucket))
        self.running = False


class Feed:
    """Buckets with one key, and streams that a test can send an update through."""

    def __init__(self) -> None:
        self.streams: list[FeedStream] = []

    def open(self, bucket: str, sink: Sink) -> FeedStream:
        """The stream, its first values sent."""
        stream = FeedStream(sink)
        self.streams.append(stream)
        sink(Loaded([("x", 1, b"1", False)]))
        return stream

    def info(self, bucket: str) -> BucketInfo:
        """As it was in the beginning."""
        return BucketInfo("then", 1, 1)

    def listen(self, listener: Callable[[bool], object]) -> Callable[[], None]:
        """The connection neither comes nor goes."""
        return lambda: None


class FeedStream:
    """A stream of one bucket."""

    def __init__(self, sink: Sink) -> None:
        self.send: Callable[[Item], object] = sink
        self.info = BucketInfo("then", 1, 1)
        self.silent_for = 0.0
        self.patience = 30.0

    def update(self) -> None:
        """Another value."""
        self.send(Updates([("x", 2, b"2", False)]))

    def taken(self, count: int) -> None:
        """Not kept."""

    def close(self) -> None:
        """Nothing to do."""


class World:
    """A manager with its store and watchers, and the checks of what must hold at the end."""

    def __init__(self, kind: type[WatcherManager], store: str, real: bool, capacity: int) -> None:
        self.store: Store = Stores[store]()
        self.feed = Feed()
        self.made: list[Any] = []
        self.real = real
        primitives = Primitives(gate=threading.Event)  # the explorer's, at this moment
        self.manager = kind(self._make, capacity, primitives)

    def _make(self, bucket: str) -> Watcher:
        made: Any = (
            BucketWatcher(bucket, self.feed, self.store) if self.real else StandIn(self, bucket)
        )
        self.made.append(made)
        return made

    # what threads do

    def create(self, bucket: str) -> None:
        """As the background does for a query: refused while stopping."""
        try:
            self.manager.get_or_create_watcher(bucket)
        except ManagerStoppingError:
            pass

    def query(self, *buckets: str) -> None:
        """As ``watch_bucket`` does, twice."""
        with self.store.read() as transaction:
            for bucket in buckets:
                self.manager.has_watcher(bucket)
            transaction.root.get("nats")

    def has(self, *buckets: str) -> None:
        """Outside a query."""
        for bucket in buckets:
            self.manager.has_watcher(bucket)

    def update(self) -> None:
        """NATS has news."""
        for stream in self.feed.streams:
            stream.update()

    # what must hold

    def running(self) -> set[str]:
        """Buckets with a watcher at work."""
        if self.real:
            return {w.bucket for w in self.made if w.condition not in ("stopped", "loading")}
        return {w.bucket for w in self.made if w.running}

    def consistent(self) -> None:
        """Table, store and watchers at work are the same buckets, and not too many."""
        with self.store.read() as transaction:
            stored = set(transaction.root.get("nats", {}).get("kv", {}))
        table = {watcher.bucket for watcher in self.manager.watchers()}
        assert stored == table, f"watchers of {sorted(table)}, but data of {sorted(stored)}"
        assert self.running() == table, f"watchers {self.running()} run, but {table} are known"
        assert len(table) <= self.manager.capacity, f"{len(table)} watchers"
        assert self.manager.moving() == []
        assert held_locks() == ()

    def emptied(self) -> None:
        """After a stop nothing is left."""
        assert self.running() == set(), f"after the stop, {self.running()} still run"
        self.consistent()
        assert self.manager.watchers() == []

    def shut_down(self) -> None:
        """Leave no thread behind."""
        self.manager.stop_watchers()
        assert self.running() == set()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A program to explore: its threads, and the bound for the long form and for the tests."""

    name: str
    threads: tuple[tuple[str, Callable[[World], object]], ...]
    before: tuple[str, ...] = ()  # buckets that are followed when it begins
    stops: bool = False
    real: bool = False
    stores: tuple[str, ...] = ("locking", "snapshot")
    bound: int = 3
    limit: int | None = 15_000

    def program(self, kind: type[WatcherManager], store: str) -> Callable[[Program], None]:
        """For ``explore``: this scenario with a manager of this kind."""

        def make(program: Program) -> None:
            world = World(kind, store, self.real, 1)
            for bucket in self.before:
                world.manager.get_or_create_watcher(bucket)
            for name, act in self.threads:
                program.thread(name, lambda act=act: act(world))  # type: ignore[misc]
            program.at_end(world.emptied if self.stops else world.consistent)
            program.at_end(world.shut_down)

        return make


def _create(bucket: str) -> Callable[[World], object]:
    return lambda world: world.create(bucket)


def _query(*buckets: str) -> Callable[[World], object]:
    return lambda world: world.query(*buckets)


def _has(*buckets: str) -> Callable[[World], object]:
    return lambda world: world.has(*buckets)


def _stop(world: World) -> None:
    world.manager.stop_watchers()


SCENARIOS = (
    Scenario(
        "create beside a query",
        (("creator", _create("a")), ("query", _query("a", "a"))),
        bound=6,
        limit=5_000,
    ),
    Scenario(
        "two creators of one bucket, a query",
        (("creator 1", _create("a")), ("creator 2", _create("a")), ("query", _query("a", "a"))),
    ),
    Scenario(
        "create beside a stop",
        (("creator", _create("a")), ("stop", _stop)),
        stops=True,
        bound=6,
        limit=5_000,
    ),
    Scenario(
        "evict beside a query",
        (("creator", _create("b")), ("query", _query("a", "b"))),
        before=("a",),
        bound=6,
        limit=5_000,
    ),
    Scenario(
        "two buckets, room for one, a query",
        (("creator a", _create("a")), ("creator b", _create("b")), ("query", _query("a", "b"))),
    ),
    Scenario(
        "the evicted bucket comes back",
        (("creator a", _create("a")), ("creator b", _create("b")), ("asker", _has("a", "b"))),
        before=("a",),
    ),
    Scenario(
        "create, evict, query, stop",
        (
            ("creator", _create("b")),
            ("query", _query("a", "b")),
            ("stop", _stop),
        ),
        before=("a",),
        stops=True,
    ),
    Scenario(
        "four threads",
        (
            ("creator a", _create("a")),
            ("creator b", _create("b")),
            ("query", _query("a", "b")),
            ("stop", _stop),
        ),
        stops=True,
        bound=2,
        limit=None,
    ),
    Scenario(
        "a real watch loop, stopped",
        (("stop", _stop), ("query", _query("a"))),
        before=("a",),
        real=True,
        stops=True,
        bound=5,
    ),
    Scenario(
        "a real watch loop, stopped in its commit",
        (("stop", _stop), ("NATS", World.update), ("query", _query("a"))),
        before=("a",),
        real=True,
        stops=True,
        bound=2,
    ),
)

# Where each fault is found: scenario, store, the kind of failure, and words of its message.
FOUND_BY = {
    "creation-under-lock": ("create beside a query", "locking", "deadlock", "nobody can go on"),
    "loser-wipes-winner": (
        "two creators of one bucket, a query",
        "snapshot",
        "check",
        "watchers of ['a'], but data of []",
    ),
    "creation-outlives-stop": ("create beside a stop", "snapshot", "check", "{'a'} still run"),
    "eviction-under-lock": ("evict beside a query", "locking", "deadlock", "nobody can go on"),
    "deaf-loop": ("a real watch loop, stopped", "snapshot", "deadlock", "nobody can go on"),
}
