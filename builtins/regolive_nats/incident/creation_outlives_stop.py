"""Fault 3: a creation outlives the manager's stop.

Wrong is what is not there: ``stop`` sets no flag that a creation would see, and does not wait for
the creations in flight. One that was waiting for the store then puts a running watcher into a table
that has been emptied, and its data into a store that nobody keeps up to date any more.
"""

from __future__ import annotations

from regolive_nats.manager import WatcherManager


class CreationOutlivesStop(WatcherManager):
    """As the fixed manager, but that ``stop`` concerns only the watchers that are there."""

    def stop(self) -> None:
        """Do nothing, where the fixed manager refuses new creations and waits for old ones."""
        # WRONG: `self._stopping = True` is missing, and `move.wait()` for each of `_moving`.
