"""Fault 5: stop waits for a loop that cannot see it.

``stop`` sets a flag and waits for the watch loop, and the loop looks at the flag between updates.
Wrong are three lines. The stop puts nothing into the queue that the loop waits at, and that wait
has no limit: so a bucket in which nothing happens is never left. And a commit is wanted whatever
happens, so that a loop that waits for the store in it does not see the flag either.
"""

from __future__ import annotations

from collections.abc import Callable

from regolive.concurrency import waiting_for
from regolive_nats.manager import Primitives, Watcher, WatcherManager
from regolive_nats.watcher import BucketWatcher, Stream


class DeafWatcher(BucketWatcher):
    """As the fixed watcher, but that its loop hears of a stop only when an update comes."""

    def stop(self) -> None:
        """Set the flag, and wait for the loop to see it."""
        if self._thread.ident is None:
            return
        self._stopping = True  # WRONG: that is all; the loop waits at its queue
        with waiting_for(self._thread, f"the watch loop of bucket {self.bucket!r} to end"):
            self._thread.join()

    def _read(self, stream: Stream, mine: int) -> None:
        while not self._stopping:
            received = self._queue.get()  # WRONG: no limit, so the flag is not looked at
            if isinstance(received, tuple) and received[0] == mine:
                self._take(stream, received[1])

    def _wanted(self) -> bool:
        return True  # WRONG: a commit is waited for, stop or no stop


class WaitsForADeafLoop(WatcherManager):
    """The fixed manager itself, over watchers as they were."""

    def __init__(
        self,
        make_watcher: Callable[[str], Watcher],
        capacity: int = 10,
        primitives: Primitives | None = None,
    ) -> None:
        super().__init__(lambda bucket: _deafen(make_watcher(bucket)), capacity, primitives)


def _deafen(watcher: Watcher) -> Watcher:
    # Whoever makes the watchers need not know of this module. Those that are no real watchers (the
    # stand-ins of tests) have no loop that could be deaf.
    if isinstance(watcher, BucketWatcher):
        kind = type(watcher)
        watcher.__class__ = type(f"Deaf{kind.__name__}", (DeafWatcher, kind), {})
    return watcher
