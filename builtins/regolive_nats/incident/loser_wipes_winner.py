"""Fault 2, of the first fix: the loser of a race wipes the winner's data.

Creation has moved out of the lock, and a race of two creators is settled when they enter their
watchers in the table. Wrong are two lines: nobody looks into ``_moving`` whether the bucket is
being created already, so two watchers of one bucket start; and ``mine.stop()``, by which the loser
takes the bucket out of the store, with what the winner has just loaded.
"""

from __future__ import annotations

from regolive_nats.errors import ManagerStoppingError
from regolive_nats.manager import Watcher, WatcherManager, _Entry, _Move


class LoserWipesTheWinner(WatcherManager):
    """As the fixed manager, but that creators of one bucket do not know of each other."""

    def get_or_create_watcher(self, bucket: str) -> Watcher:
        """The bucket's watcher; of several creators the first to finish wins."""
        watcher = self._find(bucket)
        if watcher is not None:
            return watcher
        with self._creation:
            if self._stopping:
                raise ManagerStoppingError(bucket)
            # WRONG: not looked for, but entered under a name of its own, for `stop` to wait for.
            move = _Move(bucket, self._new_gate())
            self._moving[f"{bucket} {id(move)}"] = move
        return self._create(bucket, move)

    def _create(self, bucket: str, move: _Move) -> Watcher:
        try:
            mine = self._make_watcher(bucket)
            mine.start()
        except BaseException:
            self._moved(f"{bucket} {id(move)}", move)
            raise
        with self._creation:
            winner = self._find(bucket)
            leaving = self._remove(self._overflow(1)) if winner is None else []
            if winner is None:
                with self._lock:
                    self._table[bucket] = _Entry(mine, self._clock())
        if winner is not None:
            mine.stop()  # WRONG: to stop is to take the bucket out of the store
        self._moved(f"{bucket} {id(move)}", move)
        self._stop_all(leaving)
        return winner or mine
