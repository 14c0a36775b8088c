"""The measuring loop: peers in one process, taking turns, each timed over whole batches.

A loop of our own rather than pyperf: the peers must share a process and take turns in short
rounds, so that whatever the machine does meanwhile happens to all of them, and ratios are of
neighbours in time. What is read is the thread's processor time: other processes do not count, and
no peer waits for anything. The garbage collector stays on, as in a service, but what was made
before the measurement is frozen out of its sight, as services do after start (``gc.freeze``).
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles

Batch = Callable[[int], None]
"""Makes every decision of the case this many times over."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure: rounds, and the least length of one peer's turn in seconds."""

    rounds: int
    turn: float


FULL = Effort(rounds=15, turn=0.04)
QUICK = Effort(rounds=5, turn=0.01)


@dataclass(frozen=True, slots=True)
class Measured:
    """Nanoseconds per decision of one peer, one value for each round."""

    rounds: tuple[float, ...]

    @property
    def ns(self) -> float:
        """The median."""
        return median(self.rounds)

    @property
    def best(self) -> float:
        """The fastest round."""
        return min(self.rounds)

    @property
    def spread(self) -> float:
        """Half of the distance between the quartiles, as a part of the median."""
        if len(self.rounds) < 4:
            return 0.0
        low, _, high = quantiles(self.rounds, n=4)
        return (high - low) / 2 / self.ns


def ratio(slow: Measured, fast: Measured) -> float:
    """How many times as long ``slow`` takes: the median over rounds of neighbours in time."""
    return median(s / f for s, f in zip(slow.rounds, fast.rounds, strict=True))


def compare(batches: Mapping[str, Batch], size: int, effort: Effort) -> dict[str, Measured]:
    """Time each peer over ``size`` decisions a batch, in rounds that all peers take part in."""
    gc.collect()
    gc.freeze()
    try:
        repeats = {name: _calibrated(batch, effort.turn) for name, batch in batches.items()}
        taken: dict[str, list[float]] = {name: [] for name in batches}
        for number in range(effort.rounds):
            # Every other round backwards: no peer always runs in the wake of the same other.
            for name in _ordered(batches, backwards=bool(number % 2)):
                start = time.thread_time_ns()
                batches[name](repeats[name])
                elapsed = time.thread_time_ns() - start
                taken[name].append(elapsed / (repeats[name] * size))
    finally:
        gc.unfreeze()
    return {name: Measured(tuple(rounds)) for name, rounds in taken.items()}


def _ordered(names: Iterable[str], *, backwards: bool) -> list[str]:
    return sorted(names, reverse=backwards)


def _calibrated(batch: Batch, turn: float) -> int:
    """The repeats that fill a turn. Finding them out warms the peer up."""
    batch(1)
    repeats = 1
    while True:
        start = time.thread_time()
        batch(repeats)
        elapsed = time.thread_time() - start
        if elapsed >= turn:
            return repeats
        repeats = max(repeats + 1, min(repeats * 10, int(repeats * turn / max(elapsed, 1e-7)) + 1))
