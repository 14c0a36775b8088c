"""Fault 4: eviction under the manager's lock.

The table is an LRU that stops whom it evicts, from inside the insertion. Wrong is the line
``entry.watcher.stop()``: it runs with "nats.manager" held, and a watcher's stop commits to the
store. It is the circle of fault 1, moved from start to eviction.
"""

from __future__ import annotations

from regolive_nats.manager import Watcher, WatcherManager, _Entry, _Move


class EvictsUnderTheLock(WatcherManager):
    """As the fixed manager, but for whom it stops where."""

    def _create(self, bucket: str, move: _Move) -> Watcher:
        try:
            watcher = self._make_watcher(bucket)
            watcher.start()
        except BaseException as error:
            move.error = error
            self._moved(bucket, move)
            raise
        move.watcher = watcher
        with self._creation:
            with self._lock:
                while len(self._table) >= self._capacity:
                    _, entry = self._table.popitem(last=False)
                    entry.watcher.stop()  # WRONG: waits for the store, and the lock is held
                self._table[bucket] = _Entry(watcher, self._clock())
            del self._moving[bucket]
        move.gate.set()
        return watcher
