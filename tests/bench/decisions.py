"""The comparison of decisions against regopy, hand-written Python and OPA, and its two bars."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from tests.bench import engines
from tests.bench.cases import Case
from tests.bench.timing import Effort, Measured, compare, ratio

REGOPY_BAR = 30.0
"""Geometric mean of regopy's time over ours: at least this."""

BY_HAND_BAR = 4.0
"""Geometric mean of our time over hand-written Python's: at most this."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case measured: microseconds per decision, and ratios of neighbours in time."""

    case: str
    regolive_us: float
    regopy_us: float
    by_hand_us: float
    opa_us: float | None
    times_regopy: float
    times_by_hand: float
    spread: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """All rows, their geometric means, and whether each bar is met."""

    rows: tuple[Row, ...]
    times_regopy: float
    times_by_hand: float
    failed: tuple[str, ...]

    @property
    def missed(self) -> list[str]:
        """A sentence for each bar that is missed, and for each case that could not be measured."""
        missed = list(self.failed)
        if self.times_regopy < REGOPY_BAR:
            missed.append(
                f"{self.times_regopy:.1f} times regopy's speed; the bar is {REGOPY_BAR:g}"
            )
        if self.times_by_hand > BY_HAND_BAR:
            missed.append(
                f"{self.times_by_hand:.2f} times as long as by hand; the bar is {BY_HAND_BAR:g}"
            )
        return missed

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {**asdict(self), "bars": [REGOPY_BAR, BY_HAND_BAR], "missed": self.missed}


class Disagreement(AssertionError):
    """Two peers decide differently: then there is nothing to compare."""


def measure(cases: Iterable[Case], effort: Effort, opa: str | None = None) -> Outcome:
    """Check that the peers agree on every input, then time them.

    A case on which they do not agree is not timed: it is one of ``Outcome.failed``.
    """
    rows: list[Row] = []
    failed: list[str] = []
    for case in cases:
        try:
            rows.append(_row(case, effort, opa))
        except Exception as error:
            failed.append(f"{case.name}: {error or type(error).__name__}")
    return Outcome(
        tuple(rows),
        _geometric_mean([row.times_regopy for row in rows]),
        _geometric_mean([row.times_by_hand for row in rows]),
        tuple(failed),
    )


def _row(case: Case, effort: Effort, opa: str | None) -> Row:
    with ExitStack() as stack:
        peers = {
            "regolive": stack.enter_context(engines.regolive(case)),
            "regopy": engines.regopy(case),
            "by hand": engines.by_hand(case),
        }
        agree(case, peers)
        batches = {name: engine.batch for name, engine in peers.items()}
        taken = compare(batches, len(case.inputs), effort)
    live, slow, hand = taken["regolive"], taken["regopy"], taken["by hand"]
    return Row(
        case.name,
        live.ns / 1e3,
        slow.ns / 1e3,
        hand.ns / 1e3,
        _opa(case, opa),
        ratio(slow, live),
        ratio(live, hand),
        _widest(taken.values()),
    )


def agree(case: Case, peers: dict[str, engines.Engine]) -> None:
    """Every peer decides as the hand-written one does, on every input.

    Raises Disagreement naming the input and both decisions.
    """
    for document in case.inputs:
        wanted = peers["by hand"].decide(document)
        for name, engine in peers.items():
            found = engine.decide(document)
            if found != wanted:
                raise Disagreement(
                    f"{name} decides {found!r:.300}, by hand {wanted!r:.300}, for {document!r:.600}"
                )


def _opa(case: Case, opa: str | None) -> float | None:
    if opa is None:
        return None
    try:
        return engines.opa_nanoseconds(case, opa) / 1e3
    except (subprocess.SubprocessError, OSError):
        return None


def _widest(measured: Iterable[Measured]) -> float:
    return max(m.spread for m in measured)


def _geometric_mean(values: list[float]) -> float:
    if not values:
        return math.nan
    return math.exp(sum(map(math.log, values)) / len(values))
