"""How hard a run is: threads, buckets, time, and what goes on beside the queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal["soak", "stress"]


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of run.

    ``threads`` counts the queries' threads; with ``chaos`` every thread that does something to the
    runtime, so some of them write, delete buckets, stop and reconfigure instead. ``mortal``: how
    many of the buckets are deleted and created again. ``query_limit``: seconds that a query may
    take. ``stuck``: seconds without progress after which a thread counts as stuck.
    ``wait_threshold``: seconds; the watchdog reports longer waits, and a wait that is longer than
    that for other reasons than the store's or NATS's own is a failure.
    """

    name: Name
    seconds: float
    threads: int
    buckets: int
    watchers: int
    bucket_writers: int = 2
    store_writers: int = 2
    mortal: int = 0
    chaos: bool = False
    query_limit: float = 10.0
    stuck: float = 20.0
    wait_threshold: float = 1.0

    @property
    def query_threads(self) -> int:
        """How many threads ask queries."""
        if not self.chaos:
            return self.threads
        others = self.bucket_writers + self.store_writers + bool(self.mortal) + 1
        return max(1, self.threads - others)


SOAK = Profile("soak", seconds=60, threads=8, buckets=25, watchers=10)
STRESS = Profile(
    "stress", seconds=120, threads=64, buckets=200, watchers=10,
    bucket_writers=4, mortal=40, chaos=True, query_limit=20.0, stuck=30.0,
)  # fmt: skip

PROFILES: dict[str, Profile] = {p.name: p for p in (SOAK, STRESS)}
