"""A decision that reads one key costs the same over 100 users and over 1,000,000."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.bench import engines, peers
from tests.bench.cases import Case
from tests.bench.timing import Effort, compare, ratio

POLICY = """\
package scaling

default allow := false

allow if data.users[input.user].active
"""

SIZES = (100, 10_000, 1_000_000)

BAR = 1.25
"""The largest documents may cost this many times as much as the smallest: noise, and no more."""


@dataclass(frozen=True, slots=True)
class Row:
    """Nanoseconds per decision over a number of users, and the ratio to the smallest number."""

    users: int
    ns: float
    times_smallest: float


def measure(effort: Effort, sizes: Sequence[int] = SIZES) -> list[Row]:
    """Time the same decision, for 100 of the users, over documents of each size."""
    with ExitStack() as stack:
        stack.enter_context(_no_collection())
        batches = {}
        for size in sizes:
            case = users(size)
            engine = stack.enter_context(engines.regolive(case))
            assert [engine.decide(i) for i in case.inputs] == [
                case.by_hand(case.data, i) for i in case.inputs
            ]
            batches[f"{size:>9}"] = engine.batch
        taken = list(compare(batches, 100, effort).values())
        return [
            Row(size, measured.ns, ratio(measured, taken[0]))
            for size, measured in zip(sizes, taken, strict=True)
        ]


def users(size: int) -> Case:
    """Users of which every third is inactive; asked about are 100 from all over."""
    data = {
        "users": {f"user-{n:07}": {"active": n % 3 != 0, "name": f"User {n}"} for n in range(size)}
    }
    inputs = [{"user": f"user-{n * size // 100:07}"} for n in range(100)]
    return Case(
        f"{size} users",
        {"scaling.rego": POLICY},
        "data.scaling.allow",
        data,
        inputs,
        peers.scaling_allow,
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Millions of objects are about to be made, none of them garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
