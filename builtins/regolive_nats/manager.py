"""The manager of bucket watchers: the fixed design of a documented family of deadlocks.

It keeps at most ``capacity`` watchers, one for a bucket, the least recently used out first. What
makes it safe are three rules, and everything in this file is arranged around them:

1. No lock of the manager is held across I/O, a store transaction, a watcher's start or stop, or a
   callback.
2. Where both locks are held: "nats.creation" first, then "nats.manager". Never the other way.
3. A query waits for neither: it asks :meth:`WatcherManager.has_watcher`, a table lookup.

A bucket that is being created or stopped is in ``_moving``, with a gate that opens when that is
done. So one bucket never has two watchers, and the old one has left the store before a new one
loads: two at once would wipe each other's data.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from regolive.concurrency import Mutex, waiting_for
from regolive_nats.errors import ManagerStoppingError


class Watcher(Protocol):
    """What the manager needs of a watcher."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""

    def start(self) -> None:
        """Load the bucket into the store, and follow it. Raises if that cannot be done."""

    def stop(self) -> None:
        """End, and take the bucket out of the store. Not called twice by the manager."""


class Lock(Protocol):
    """A mutex: ``regolive.concurrency.Mutex``, or a test's."""

    def __enter__(self) -> Any:
        """Take it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let it go."""


class Gate(Protocol):
    """Opens once: ``threading.Event``, or a test's."""

    def set(self) -> None:
        """Open it."""

    def wait(self) -> object:
        """Wait until it is open."""


@dataclass(frozen=True, slots=True)
class Primitives:
    """Where the manager gets what threads can block on, so that a test can drive each step."""

    lock: Callable[[str, str], Lock] = Mutex
    gate: Callable[[], Gate] = threading.Event
    clock: Callable[[], float] = time.monotonic


class _Move:
    """A bucket on its way into the table, or out of it. ``error``: why it did not get in."""

    __slots__ = ("bucket", "error", "gate", "mover", "watcher")

    def __init__(self, bucket: str, gate: Gate) -> None:
        self.bucket = bucket
        self.gate = gate
        self.mover = threading.current_thread()
        self.watcher: Watcher | None = None
        self.error: BaseException | None = None

    def wait(self) -> None:
        """Wait until it is done. The wait graph sees whom this waits for."""
        with waiting_for(self.mover, f"bucket {self.bucket!r} to be created or stopped"):
            self.gate.wait()


class _Entry:
    """A watcher in the table, and when it was last used (seconds on the manager's clock)."""

    __slots__ = ("used", "watcher")

    def __init__(self, watcher: Watcher, used: float) -> None:
        self.watcher = watcher
        self.used = used


class WatcherManager:
    """Creates, finds, evicts and stops the watchers of buckets. Safe to use from any thread.

    Args:
        make_watcher: makes a watcher for a bucket; it is started by the manager.
        capacity: how many watchers there may be, at least 1.
        primitives: locks, gates and clock.
    """

    def __init__(
        self,
        make_watcher: Callable[[str], Watcher],
        capacity: int = 10,
        primitives: Primitives | None = None,
    ) -> None:
        made = primitives or Primitives()
        self._make_watcher = make_watcher
        self._new_gate = made.gate
        self._clock = made.clock
        # Taken first where both are. Guards _moving, _stopping and _capacity, and the right to
        # change _table. Under it: the manager lock, nothing else.
        self._creation = made.lock("nats.creation", "who enters and leaves; nats.manager under it")
        # Guards _table, which queries read. Under it: nothing.
        self._lock = made.lock("nats.manager", "the table of watchers; nothing is taken under it")
        self._table: OrderedDict[str, _Entry] = OrderedDict()  # least recently used first
        self._moving: dict[str, _Move] = {}
        self._stopping = False
        self._capacity = capacity

    # asking

    def has_watcher(self, bucket: str) -> bool:
        """Whether the bucket has a watcher. Counts as use. The way of every query: one lookup."""
        return self._find(bucket) is not None

    def get_watcher(self, bucket: str) -> Watcher | None:
        """The bucket's watcher, if it has one. Counts as use."""
        return self._find(bucket)

    def watchers(self) -> list[Watcher]:
        """All watchers, least recently used first."""
        with self._lock:
            return [entry.watcher for entry in self._table.values()]

    def moving(self) -> list[str]:
        """The buckets whose watchers are being created or stopped at this moment."""
        with self._creation:
            return sorted(self._moving)

    @property
    def capacity(self) -> int:
        """How many watchers there may be."""
        return self._capacity

    def _find(self, bucket: str) -> Watcher | None:
        with self._lock:
            entry = self._table.get(bucket)
            if entry is None:
                return None
            entry.used = self._clock()
            self._table.move_to_end(bucket)
            return entry.watcher

    # changing

    def get_or_create_watcher(self, bucket: str) -> Watcher:
        """The bucket's watcher, created and started if there is none. Never called by a query.

        Waits for the watcher's start, and for the stop of the one it evicts; of several callers
        for one bucket, one creates and the others wait for it.

        Raises:
            ManagerStoppingError: a new bucket, while stopping or afterwards.
            Exception: what the watcher's start raised, in every caller that waited for it.
        """
        while True:
            watcher = self._find(bucket)
            if watcher is not None:
                return watcher
            with self._creation:
                # Look again: it may have come while this thread waited for the lock.
                watcher = self._find(bucket)
                if watcher is not None:
                    return watcher
                if self._stopping:
                    raise ManagerStoppingError(bucket)
                move = self._moving.get(bucket)
                if move is None:
                    mine = self._moving[bucket] = _Move(bucket, self._new_gate())
            if move is None:
                return self._create(bucket, mine)
            move.wait()
            if move.error is not None:
                raise move.error
            if move.watcher is not None:
                return move.watcher
            # It was on its way out, and has left the store now: once more from the beginning.

    def _create(self, bucket: str, move: _Move) -> Watcher:
        """Make and start a watcher, with no lock held; then enter it, and stop who had to leave."""
        try:
            watcher = self._make_watcher(bucket)
            watcher.start()
        except BaseException as error:
            move.error = error
            self._moved(bucket, move)
            raise
        move.watcher = watcher
        with self._creation:
            leaving = self._remove(self._overflow(1))
            with self._lock:
                self._table[bucket] = _Entry(watcher, self._clock())
            del self._moving[bucket]
        move.gate.set()
        self._stop_all(leaving)
        return watcher

    def retire_idle(self, ttl: float) -> list[str]:
        """Stop the watchers that nobody has used for ``ttl`` seconds. Returns their buckets."""
        with self._creation:
            with self._lock:
                oldest = self._clock() - ttl
                idle = [b for b, entry in self._table.items() if entry.used <= oldest]
            leaving = self._remove(idle)
        self._stop_all(leaving)
        return [watcher.bucket for watcher, _ in leaving]

    def retire(self, bucket: str) -> bool:
        """Stop one bucket's watcher. Returns whether it had one."""
        with self._creation:
            leaving = self._remove([bucket])
        self._stop_all(leaving)
        return bool(leaving)

    def resize(self, capacity: int) -> None:
        """Allow more or fewer watchers, stopping the least recently used if there are too many."""
        with self._creation:
            self._capacity = capacity
            leaving = self._remove(self._overflow(0))
        self._stop_all(leaving)

    def stop(self) -> None:
        """Refuse new buckets, and wait until creations and stops in flight are done.

        The watchers that are there stay, and are still returned; :meth:`stop_watchers` ends them.
        Stopping again does nothing.
        """
        with self._creation:
            self._stopping = True
            moves = list(self._moving.values())
        for move in moves:
            move.wait()
        # A creation that was in flight has entered its watcher, and may be stopping another one.
        with self._creation:
            moves = list(self._moving.values())
        for move in moves:
            move.wait()

    def stop_watchers(self) -> None:
        """:meth:`stop`, and then stop every watcher there is."""
        self.stop()
        with self._creation:
            leaving = self._remove(list(self._table))
        self._stop_all(leaving)

    # moving, with the creation lock held

    def _overflow(self, coming: int) -> list[str]:
        with self._lock:
            return list(self._table)[: max(0, len(self._table) + coming - self._capacity)]

    def _remove(self, buckets: list[str]) -> list[tuple[Watcher, _Move]]:
        """Take buckets out of the table. The caller stops them after it has let the lock go."""
        leaving = []
        with self._lock:
            entries = [(b, self._table.pop(b)) for b in buckets if b in self._table]
        for bucket, entry in entries:
            move = self._moving[bucket] = _Move(bucket, self._new_gate())
            leaving.append((entry.watcher, move))
        return leaving

    # moving, with no lock held

    def _stop_all(self, leaving: list[tuple[Watcher, _Move]]) -> None:
        failure: BaseException | None = None
        for watcher, move in leaving:
            try:
                watcher.stop()
            except BaseException as error:
                failure = failure or error
            finally:
                self._moved(watcher.bucket, move)
        if failure is not None:
            raise failure

    def _moved(self, bucket: str, move: _Move) -> None:
        with self._creation:
            del self._moving[bucket]
        move.gate.set()
