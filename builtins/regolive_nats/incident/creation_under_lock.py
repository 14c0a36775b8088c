"""Fault 1, the original: a watcher is created under the manager's lock.

Wrong is the line ``with self._lock:``. It holds "nats.manager" across the watcher's start, which
loads a bucket over the network and commits it to the store. A query that holds the store and asks
``has_watcher`` then waits for the creation, whose commit waits for the query: for ever.
"""

from __future__ import annotations

from regolive_nats.manager import Watcher, WatcherManager, _Entry, _Move


class CreatesUnderTheLock(WatcherManager):
    """As the fixed manager, but for one lock held too long."""

    def _create(self, bucket: str, move: _Move) -> Watcher:
        try:
            with self._lock:  # WRONG: held until the commit is through
                watcher = self._make_watcher(bucket)
                watcher.start()
                self._table[bucket] = _Entry(watcher, self._clock())
        except BaseException as error:
            move.error = error
            self._moved(bucket, move)
            raise
        move.watcher = watcher
        with self._creation:
            leaving = self._remove(self._overflow(0))
            del self._moving[bucket]
        move.gate.set()
        self._stop_all(leaving)
        return watcher
