"""Watchers without NATS: made by a factory, their start and stop held open by gates."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from regolive.concurrency import dump_threads, held_locks, render_threads
from regolive_nats.errors import NatsError
from regolive_nats.manager import WatcherManager
from regolive_nats.stream import BucketInfo, Item, Loaded, Lost, Sink, Updates

LIMIT = 10.0  # seconds before a test that hangs gives up


def wait_until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait until something holds, or fail with every thread's stack."""
    deadline = time.monotonic() + LIMIT
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come about\n{render_threads(dump_threads())}")
        pause.wait(0.002)


class Actor:
    """A function in a thread of its own; what it returns or raises is kept."""

    def __init__(self, fn: Callable[[], Any], name: str = "actor") -> None:
        self.result: Any = None
        self.error: BaseException | None = None

        def run() -> None:
            try:
                self.result = fn()
            except BaseException as error:
                self.error = error

        self.thread = threading.Thread(target=run, name=name, daemon=True)
        self.thread.start()

    @property
    def done(self) -> bool:
        return not self.thread.is_alive()

    def join(self, limit: float = LIMIT) -> Any:
        self.thread.join(limit)
        if self.thread.is_alive():
            pytest.fail(f"{self.thread.name} hangs\n{render_threads(dump_threads())}")
        if self.error is not None:
            raise self.error
        return self.result


class Gate:
    """Held open until a test opens it; knows when somebody has come to it."""

    def __init__(self, is_open: bool = True) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        if is_open:
            self.opened.set()

    def shut(self) -> Gate:
        self.opened.clear()
        return self

    def pass_through(self) -> None:
        self.reached.set()
        assert self.opened.wait(LIMIT), "nobody opened the gate"

    def wait_reached(self) -> None:
        assert self.reached.wait(LIMIT), "nobody came to the gate"


class StubWatcher:
    """Counts its starts and stops, and checks the manager's first rule: no lock held there."""

    def __init__(self, bucket: str, world: World) -> None:
        self.bucket = bucket
        self.world = world
        self.starts = 0
        self.stops = 0

    def start(self) -> None:
        self._check_rules()
        self.starts += 1
        self.world.start_gate(self.bucket).pass_through()
        error = self.world.failures.get(self.bucket)
        if error is not None:
            raise error
        self.world.load(self)

    def stop(self) -> None:
        self._check_rules()
        self.stops += 1
        self.world.stop_gate(self.bucket).pass_through()
        self.world.unload(self)

    def _check_rules(self) -> None:
        held = [name for name in held_locks() if name.startswith("nats.")]
        if held:
            self.world.broken_rules.append(f"{held} held in {self.bucket}")


class World:
    """What the watchers of a test share: gates, and the data that stands in for a store."""

    def __init__(self) -> None:
        self.made: list[StubWatcher] = []
        self.data: dict[str, StubWatcher] = {}
        self.failures: dict[str, Exception] = {}
        self.broken_rules: list[str] = []
        self._starts: dict[str, Gate] = {}
        self._stops: dict[str, Gate] = {}

    def make(self, bucket: str) -> StubWatcher:
        watcher = StubWatcher(bucket, self)
        self.made.append(watcher)
        return watcher

    def start_gate(self, bucket: str) -> Gate:
        return self._starts.setdefault(bucket, Gate())

    def stop_gate(self, bucket: str) -> Gate:
        return self._stops.setdefault(bucket, Gate())

    # As with a store: stop removes the bucket, whoever loaded it.
    def load(self, watcher: StubWatcher) -> None:
        self.data[watcher.bucket] = watcher

    def unload(self, watcher: StubWatcher) -> None:
        self.data.pop(watcher.bucket, None)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    assert made.broken_rules == []


@pytest.fixture
def manager_type() -> type[WatcherManager]:
    """The manager under test: to be overridden by whoever has another one."""
    return WatcherManager


class FakeStream:
    """A watch stream that a test feeds."""

    def __init__(self, feed: FakeFeed, sink: Sink, info: BucketInfo) -> None:
        self.feed = feed
        self.sink = sink
        self.info = info
        self.closed = False
        self.silent_for = 0.0
        self.patience = 0.3
        self.read = 0

    def taken(self, count: int) -> None:
        self.read += count

    def close(self) -> None:
        self.closed = True

    def send(self, item: Item) -> None:
        self.sink(item)

    def put(self, key: str, data: bytes | None) -> int:
        """A put (or, with None, a deletion) as an update; returns its revision."""
        self.feed.revision += 1
        revision = self.feed.revision
        self.send(Updates([(key, revision, data or b"", data is None)]))
        return revision

    def lose(self, why: str = "lost by the test") -> None:
        self.send(Lost(NatsError(why)))


class FakeFeed:
    """A bucket without NATS: streams open with its contents, unless told to fail."""

    def __init__(self) -> None:
        self.contents: dict[str, bytes] = {}
        self.revision = 0
        self.created = "then"
        self.failure: NatsError | None = None
        self.hold_load = False
        self.streams: list[FakeStream] = []
        self.listeners: list[Callable[[bool], object]] = []
        self.info_now: BucketInfo | None = None

    def fill(self, **contents: bytes) -> None:
        for key, data in contents.items():
            self.revision += 1
            self.contents[key.replace("__", ".")] = data

    def open(self, bucket: str, sink: Sink) -> FakeStream:
        if self.failure is not None:
            raise self.failure
        stream = FakeStream(self, sink, self.info(bucket))
        self.streams.append(stream)
        if not self.hold_load:
            self.load(stream)
        return stream

    def load(self, stream: FakeStream) -> None:
        first = self.revision - len(self.contents) + 1
        stream.send(
            Loaded([(k, first + i, d, False) for i, (k, d) in enumerate(self.contents.items())])
        )

    def info(self, bucket: str) -> BucketInfo:
        if self.failure is not None:
            raise self.failure
        return self.info_now or BucketInfo(self.created, self.revision, len(self.contents))

    def listen(self, listener: Callable[[bool], object]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    @property
    def stream(self) -> FakeStream:
        return self.streams[-1]


@pytest.fixture
def feed() -> FakeFeed:
    return FakeFeed()
