"""The manager of bucket watchers as it once was: five faults, each in a file of its own.

For showing, explaining and testing only; the plugin never imports it. Each manager differs from
``regolive_nats.manager`` in its fault and in nothing else, and its docstring names the lines that
are wrong. ``docs/incident.md`` tells the story.
"""

from regolive_nats.incident.creation_outlives_stop import CreationOutlivesStop
from regolive_nats.incident.creation_under_lock import CreatesUnderTheLock
from regolive_nats.incident.deaf_loop import DeafWatcher, WaitsForADeafLoop
from regolive_nats.incident.eviction_under_lock import EvictsUnderTheLock
from regolive_nats.incident.loser_wipes_winner import LoserWipesTheWinner
from regolive_nats.manager import WatcherManager

BROKEN_MANAGERS: dict[str, type[WatcherManager]] = {
    "creation-under-lock": CreatesUnderTheLock,
    "loser-wipes-winner": LoserWipesTheWinner,
    "creation-outlives-stop": CreationOutlivesStop,
    "eviction-under-lock": EvictsUnderTheLock,
    "deaf-loop": WaitsForADeafLoop,
}
"""The managers with a fault, by the fault's name, in the order of the story."""

__all__ = [
    "BROKEN_MANAGERS",
    "CreatesUnderTheLock",
    "CreationOutlivesStop",
    "DeafWatcher",
    "EvictsUnderTheLock",
    "LoserWipesTheWinner",
    "WaitsForADeafLoop",
]
