"""One bucket's watcher: keeps ``data`` in step with the bucket, through whatever happens to NATS.

A thread of its own reads one watch stream: the initial values, committed at once, then updates,
committed in batches. All that the thread ever waits for arrives in one queue, the word to stop
among it, so it always sees it. When the stream is lost the data stays, marked stale, until the
bucket has been loaded again over a new one.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

from regolive.concurrency import waiting_for
from regolive.storage import Store
from regolive_nats.entries import DELETED, RawEntry, parse_value
from regolive_nats.errors import (
    BucketNotFoundError,
    NatsError,
    NatsTimeoutError,
    NatsUnavailableError,
    StreamLostError,
)
from regolive_nats.placing import BucketPlace, Place, RootPlace, write
from regolive_nats.stream import BucketInfo, Item, Loaded, Lost, Sink, Updates
from regolive_nats.tree import Event, KeyTree
from regolive_nats.yielding import OFTEN, rest

log = logging.getLogger("regolive.plugin.nats")

# Seconds that a watcher which ends has to take its bucket out of the store, in any case.
_AT_LEAST = 1.0

Condition = Literal["loading", "live", "stale", "missing", "stopped"]


class Stream(Protocol):
    """A watch stream, as the client's ``StreamHandle`` is one."""

    @property
    def info(self) -> BucketInfo:
        """The bucket just before the stream began."""

    @property
    def silent_for(self) -> float:
        """Seconds since it was last heard of."""

    @property
    def patience(self) -> float:
        """Seconds of silence after which it is dead."""

    def taken(self, count: int) -> None:
        """``count`` updates have been dealt with."""

    def close(self) -> None:
        """End it, leaving nothing on the server. Raises nothing."""


class Feed(Protocol):
    """Where streams come from: the client."""

    def open(self, bucket: str, sink: Sink) -> Stream:
        """Watch a bucket. Raises NatsError."""

    def info(self, bucket: str) -> BucketInfo:
        """A bucket's state. Raises NatsError."""

    def listen(self, listener: Callable[[bool], object]) -> Callable[[], None]:
        """Be told when the connection comes and goes."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations in seconds. ``refresh``: between comparisons with the bucket (0: none).

    After a loss the first new attempt waits ``backoff``, each further one twice as long, up to
    ``max_backoff``. ``linger``: a batch waits that long for more updates to join it.
    """

    refresh: float = 30.0
    backoff: float = 0.05
    max_backoff: float = 5.0
    linger: float = 0.002


class _Stop:
    """In the queue: end now."""


class _Wake:
    """In the queue: something has changed, look again."""


_Received: TypeAlias = tuple[int, Item] | _Stop | _Wake


class BucketWatcher:
    """Follows one bucket. Fits ``WatcherManager``: start loads it, stop takes it out again.

    Args:
        bucket: its name.
        feed: where watch streams come from.
        store: where the documents go.
        timing: how often and how long.
        give_up: whether a write that waits for other transactions should be given up (because the
            process ends, say). Data that cannot be removed any more is left, with an error logged.
        root: its keys stand at the top of ``data``, not under ``data.nats.kv``.

    The attributes are for status; they are written by the watcher's thread only.
    """

    def __init__(
        self,
        bucket: str,
        feed: Feed,
        store: Store,
        *,
        timing: Timing | None = None,
        give_up: Callable[[], bool] = lambda: False,
        root: bool = False,
    ) -> None:
        self._bucket = bucket
        self.root = root
        self.condition: Condition = "loading"
        self.problem = ""  # why it is not live
        self.revision = 0
        self.bucket_revision = 0  # as last heard of the bucket itself
        self.reloads = 0
        self.last_change: float | None = None  # time.time()
        self.stale_since: float | None = None  # time.time()
        self._feed = feed
        self._store = store
        self._timing = timing or Timing()
        self._place: Place = RootPlace(bucket) if root else BucketPlace(bucket)
        self._tree = KeyTree()
        self._created = ""
        self._placed = False
        self._queue: queue.SimpleQueue[_Received] = queue.SimpleQueue()
        self._generation = 0
        self._stopping = False
        self._give_up = give_up
        self._must_load = True  # the first load decides whether there is a watcher at all
        self._first = threading.Event()  # opens when the first load has ended, well or not
        self._failure: Exception | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"regolive-nats-watch-{bucket}", daemon=False
        )

    # for other threads

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

    @property
    def keys(self) -> int:
        """How many keys the bucket has, as far as is known here."""
        return len(self._tree)

    @property
    def hidden_keys(self) -> int:
        """How many of them are not in the data, because a later key is their parent or child."""
        return len(self._tree.hidden)

    @property
    def lost_values(self) -> int:
        """How many values could not be stored. Each was logged."""
        return self._place.lost

    @property
    def stale(self) -> bool:
        """Whether the data may be out of date."""
        return self.condition != "live"

    def start(self) -> None:
        """Load the bucket and follow it. Waits until the initial values are in the store.

        Raises BucketNotFoundError, or another NatsError; then nothing is left running.
        """
        self._thread.start()
        with waiting_for(self._thread, f"the first load of bucket {self.bucket!r}"):
            self._first.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def start_soon(self) -> None:
        """Follow the bucket as soon as it can be loaded, however long that takes to come."""
        self._must_load = False
        self._thread.start()

    def wait_loaded(self, timeout: float) -> bool:
        """Wait for the end of the first attempt to load. Returns whether the data is there."""
        self._first.wait(timeout)
        return self.condition == "live"

    def stop(self) -> None:
        """End the thread, and take the bucket out of the store. Stopping again does nothing.

        Waits for that: for a request to NATS that is under way, which has a time limit, and for
        the store's other transactions.
        """
        if self._thread.ident is None:
            return
        self.stop_soon()
        with waiting_for(self._thread, f"the watch loop of bucket {self.bucket!r} to end"):
            self._thread.join()

    def stop_soon(self) -> None:
        """Have it end, as :meth:`stop` does, without waiting for that."""
        self._stopping = True
        self._queue.put(_Stop())

    def set_refresh(self, seconds: float) -> None:
        """Change how often the revision is compared with the bucket's."""
        t = self._timing
        self._timing = Timing(seconds, t.backoff, t.max_backoff, t.linger)
        self._queue.put(_Wake())

    # the watcher's thread

    def _run(self) -> None:
        unlisten = self._feed.listen(lambda connected: self._queue.put(_Wake()))
        wait = self._timing.backoff
        try:
            while not self._stopping:
                try:
                    self._follow()
                    break
                except Exception as error:
                    if self._gives_up(error):
                        return
                    if not isinstance(error, NatsError) and str(error) != self.problem:
                        log.exception("the watcher of bucket %r failed; it goes on", self.bucket)
                    if self.stale_since is None:
                        wait = self._timing.backoff
                    if not self._stopping:
                        self._not_live(error)
                if self._pause(wait):
                    wait = self._timing.backoff
                else:
                    wait = min(2 * wait, self._timing.max_backoff)
        finally:
            unlisten()
            self._leave()
            if self._must_load and not self._first.is_set() and self._failure is None:
                self._failure = NatsError(f"bucket {self.bucket!r}: stopped while loading")
            self.condition = "stopped"
            self._first.set()

    def _follow(self) -> None:
        """One stream, from its opening to its end. Returns when told to stop; raises NatsError."""
        self._generation += 1
        mine = self._generation
        received = self._queue
        stream = self._feed.open(self.bucket, lambda item: received.put((mine, item)))
        try:
            while not self._stopping:
                self._read(stream, mine)
        finally:
            stream.close()

    def _read(self, stream: Stream, mine: int) -> None:
        refresh = self._timing.refresh
        look = time.monotonic() + refresh if refresh else float("inf")
        while not self._stopping:
            now = time.monotonic()
            try:
                received = self._queue.get(timeout=max(0.0, min(stream.patience / 3, look - now)))
            except queue.Empty:
                received = _Wake()
            if isinstance(received, tuple):
                if received[0] == mine:
                    self._take(stream, received[1])
            elif isinstance(received, _Wake):
                if stream.silent_for > stream.patience:
                    raise StreamLostError(
                        f"nothing was heard of bucket {self.bucket!r} for {stream.patience:g} s"
                    )
                if self._timing.refresh != refresh:
                    return
            if time.monotonic() >= look:
                self._compare(stream, mine)
                return

    def _take(self, stream: Stream, item: Item) -> None:
        if isinstance(item, Lost):
            raise item.error
        if isinstance(item, Loaded):
            self._load(stream.info, item.entries)
        else:
            self._update(stream, item)

    # what the stream brings

    def _load(self, info: BucketInfo, entries: list[RawEntry]) -> None:
        began = time.monotonic()
        count = len(entries)
        revision = max(info.last_revision, entries[-1][1] if entries else 0)
        tree = KeyTree()
        root = tree.load(_events(entries))
        entries.clear()
        if not self._write(lambda txn: self._place.load(txn, tree, root)):
            raise StreamLostError(f"bucket {self.bucket!r} was loaded, but not stored: stopping")
        again, self._tree, self._placed = self._placed, tree, True
        self._created = info.created
        self.revision = self.bucket_revision = revision
        self.last_change = time.time()
        self.reloads += again
        self._log_hidden()
        log.info(
            "bucket %r %s: %d keys at revision %d (%d messages, %.0f ms to build)",
            self.bucket,
            "loaded again" if again else "loaded",
            len(tree),
            revision,
            count,
            (time.monotonic() - began) * 1000,
        )
        self._live()

    def _update(self, stream: Stream, first: Updates) -> None:
        """Commit one batch: this, and what has arrived since."""
        entries = first.entries
        pushed_back: _Received | None = None
        deadline = time.monotonic() + self._timing.linger
        while len(entries) < 10_000:
            try:
                more = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(more, tuple) and isinstance(more[1], Updates):
                if more[0] == self._generation:
                    entries += more[1].entries
            elif not isinstance(more, _Wake):
                pushed_back = more
                break
        ops = self._tree.apply(_events(entries))
        if self._write(lambda txn: self._place.apply(txn, ops)):
            self.revision = entries[-1][1]
            self.bucket_revision = max(self.bucket_revision, self.revision)
            self.last_change = time.time()
        self._log_hidden()
        stream.taken(len(entries))
        if isinstance(pushed_back, tuple) and pushed_back[0] == self._generation:
            self._take(stream, pushed_back[1])

    def _compare(self, stream: Stream, mine: int) -> None:
        """Does the bucket have more than we do? Raises StreamLostError if it has."""
        try:
            info = self._feed.info(self.bucket)
        except (NatsTimeoutError, NatsUnavailableError) as error:
            log.debug("bucket %r: cannot compare revisions: %s", self.bucket, error)
            return  # if the stream has ended too, it says so by itself
        self.bucket_revision = max(self.revision, info.last_revision)
        # What is under way already may take a moment.
        deadline = time.monotonic() + stream.patience / 3
        while self.revision < info.last_revision and not self._stopping:
            try:
                received = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if isinstance(received, tuple) and received[0] == mine:
                self._take(stream, received[1])
        if self._stopping:
            return
        if info.created != self._created:
            raise StreamLostError(f"bucket {self.bucket!r} was deleted and created again")
        if self.revision < info.last_revision:
            raise StreamLostError(
                f"bucket {self.bucket!r} is at revision {info.last_revision}, "
                f"its watcher at {self.revision}"
            )
        # Keys that went away without a message: expired, or the stream was purged.
        if self.revision == info.last_revision and info.subjects < self._tree.subjects:
            raise StreamLostError(f"keys of bucket {self.bucket!r} expired or were purged")

    # conditions

    def _live(self) -> None:
        if self.stale_since is not None:
            log.info("bucket %r is live again", self.bucket)
        self.condition, self.problem, self.stale_since = "live", "", None
        self._first.set()

    def _gives_up(self, error: Exception) -> bool:
        """The first load has failed, and whoever waits for it is to be told."""
        if self._first.is_set() or not self._must_load:
            return False
        self._failure = error
        return True

    def _not_live(self, error: Exception) -> None:
        """Say once what is wrong, keep what we have; but a bucket that is gone leaves ``data``."""
        if str(error) != self.problem:
            had = self._placed and not isinstance(error, BucketNotFoundError)
            consequence = "its data is stale" if had else "it has no data"
            log.warning("bucket %r: %s; %s until it is loaded", self.bucket, error, consequence)
        self.problem = str(error)
        if self.stale_since is None:
            self.stale_since = time.time()
        if isinstance(error, BucketNotFoundError):
            self._clear(self._wanted)
            self.condition = "missing"
        else:
            self.condition = "stale" if self._placed else "loading"
        self._first.set()

    def _pause(self, seconds: float) -> bool:
        """Wait to try again; news of the connection, or a stop, end it early. Returns which."""
        until = time.monotonic() + seconds
        while not self._stopping:
            try:
                received = self._queue.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return False
            if isinstance(received, _Wake):
                return True
        return True

    def _leave(self) -> None:
        """Take the bucket out of the store, for good."""
        try:
            # However late it is: what need not wait for others is removed.
            until = time.monotonic() + _AT_LEAST
            self._clear(lambda: not self._give_up() or time.monotonic() < until)
        except Exception:
            log.exception("bucket %r could not be removed from data", self.bucket)
        if self._placed:
            log.error(
                "bucket %r is not followed any more, but is left in data: other transactions "
                "did not end in time",
                self.bucket,
            )

    def _clear(self, wanted: Callable[[], bool]) -> None:
        if self._placed and write(self._store, self._place.clear, wanted):
            self._placed = False
            self._tree = KeyTree()

    def _write(self, change: Callable[[Any], object]) -> bool:
        return write(self._store, change, self._wanted)

    def _wanted(self) -> bool:
        return not self._stopping and not self._give_up()

    def _log_hidden(self) -> None:
        hidden, self._tree.new_hidden = self._tree.new_hidden, []
        for key, revision, by, by_revision in hidden[:20]:
            log.warning(
                "bucket %r: key %r (revision %d) is hidden by %r (revision %d): "
                "one is the other's parent, and the later stands in data",
                self.bucket, key, revision, by, by_revision,
            )  # fmt: skip
        if len(hidden) > 20:
            log.warning(
                "bucket %r: %d more keys are hidden like this", self.bucket, len(hidden) - 20
            )


def _events(entries: Iterable[RawEntry]) -> Iterable[Event]:
    rest_at = often = 8 * OFTEN  # less work than receiving a message
    for done, (key, revision, data, deleted) in enumerate(entries):
        if done >= rest_at:
            rest_at = rest(done, often)
        yield Event(key, revision, DELETED if deleted else parse_value(data))
