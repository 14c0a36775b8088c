"""Explores the fixed manager in full, and each broken one until its fault is found.

Exits with 1 if the fixed manager fails a schedule, if a fault is not found, or if fewer than
100,000 schedules of the fixed manager were there to run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from os import cpu_count
from time import perf_counter

from regolive.testing import Exploration, explore
from regolive_nats.incident import BROKEN_MANAGERS
from regolive_nats.manager import WatcherManager
from tests.explore.programs import FOUND_BY, SCENARIOS

ENOUGH = 100_000  # schedules of the fixed manager


def run(manager: str, number: int, store: str, random: int, seed: int) -> Exploration:
    """Explore one scenario with one manager over one store."""
    kind = BROKEN_MANAGERS.get(manager, WatcherManager)
    scenario = SCENARIOS[number]
    return explore(
        scenario.program(kind, store),
        preemptions=scenario.bound,
        schedules=scenario.limit,
        random=random,
        seed=seed,
    )


def _jobs(random: int, seed: int) -> Iterator[tuple[str, int, str, int, int]]:
    names = [scenario.name for scenario in SCENARIOS]
    for manager in BROKEN_MANAGERS:
        scenario, store, *_ = FOUND_BY[manager]
        yield manager, names.index(scenario), store, 0, seed
    for number, each in enumerate(SCENARIOS):
        for store in each.stores:
            yield "fixed", number, store, random, seed


def main(say: Callable[[str], object] = print) -> int:
    """Run everything, and tell how it went. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.explore", description=__doc__)
    parser.add_argument("--random", type=int, default=500, help="random schedules a scenario")
    parser.add_argument("--seed", type=int, default=0, help="of the random schedules")
    parser.add_argument("--processes", type=int, default=cpu_count() or 1)
    options = parser.parse_args()
    began = perf_counter()
    jobs = list(_jobs(options.random, options.seed))
    wrong, total, beyond = [], 0, 0
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for job, result in zip(jobs, pool.map(run, *zip(*jobs, strict=True)), strict=True):
            manager, number, store, _, seed = job
            title = f"{manager}: {SCENARIOS[number].name}, {store} store"
            say(f"{title}: {result}")
            if manager == "fixed":
                total += result.schedules
                beyond += result.random
                if result.failure is not None:
                    wrong.append(f"{title} (seed {seed})\n{result.failure}")
            elif result.failure is None:
                wrong.append(f"{title}: the fault was not found")
            else:
                failure = result.failure
                say(f"    {failure.kind}: {failure.message}")
                say(
                    f"    schedule {failure.number}, {failure.preemptions} preemptions, "
                    f"replay={failure.schedule!r}"
                )
    if total < ENOUGH:
        wrong.append(f"only {total} schedules of the fixed manager, not {ENOUGH}")
    say(
        f"{total} different schedules of the fixed manager, and {beyond} random ones (seed "
        f"{options.seed}), in {perf_counter() - began:.0f} s: "
        + ("no failure" if not wrong else f"{len(wrong)} things wrong")
    )
    for each in wrong:
        say(each)
    return 1 if wrong else 0
