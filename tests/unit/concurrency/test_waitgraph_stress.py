"""Many threads at once: no circle is missed, none is made up, and one thread is told of each."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from regolive.concurrency import (
    BackgroundTasks,
    CircularWait,
    Mutex,
    RWLock,
    dump_threads,
    held_locks,
    render_threads,
    wait_graph_status,
)

LIMIT = 30.0


@pytest.fixture(autouse=True)
def threads_take_turns_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def run_all(*bodies: Callable[[], object]) -> None:
    errors: list[BaseException] = []

    def run(body: Callable[[], object]) -> None:
        try:
            body()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(body,), daemon=True) for body in bodies]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + LIMIT
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
        if thread.is_alive():
            pytest.fail(f"a circle was missed\n{render_threads(dump_threads())}")
    assert errors == []


def take(stack: ExitStack, lock: Mutex | RWLock, rng: random.Random) -> None:
    if isinstance(lock, Mutex):
        stack.enter_context(lock)
    else:
        stack.enter_context(lock.read() if rng.random() < 0.7 else lock.write())


def some_locks() -> list[Mutex | RWLock]:
    return [Mutex(f"m{n}") if n % 3 else RWLock(f"rw{n}") for n in range(6)]


def test_locks_taken_in_order_never_seem_to_be_a_circle() -> None:
    locks = some_locks()
    until = time.monotonic() + 1.0
    before = wait_graph_status().circles
    tasks = BackgroundTasks("pool", 2)

    def body(seed: int) -> None:
        rng = random.Random(seed)

        def work() -> None:
            with ExitStack() as stack:
                for lock in sorted(rng.sample(range(len(locks)), 3)):
                    take(stack, locks[lock], rng)
                    if rng.random() < 0.2:
                        time.sleep(0)

        while time.monotonic() < until:
            work()
            if rng.random() < 0.05:
                task = tasks.submit(work)
                assert task.wait(LIMIT)
                assert task.error is None

    run_all(*(lambda seed=seed: body(seed) for seed in range(12)))
    assert tasks.close(LIMIT)
    assert wait_graph_status().circles == before


def test_locks_taken_in_any_order_never_hang() -> None:
    locks = some_locks()
    until = time.monotonic() + 1.5
    before = wait_graph_status().circles
    refused: list[CircularWait] = []

    def body(seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < until:
            try:
                with ExitStack() as stack:
                    for lock in rng.sample(locks, 3):
                        take(stack, lock, rng)
                        if rng.random() < 0.3:
                            time.sleep(0)
            except CircularWait as error:
                refused.append(error)
            assert held_locks() == ()

    run_all(*(lambda seed=seed: body(seed) for seed in range(8)))
    assert refused, "the test has circles in it"
    assert wait_graph_status().circles == before + len(refused)
    for error in refused:
        assert error.cycle[0].waits_for is not None
    for lock in locks:
        assert lock.holders() == ()


@pytest.mark.parametrize("parties", [2, 3])
def test_of_threads_that_close_a_circle_together_exactly_one_is_told(parties: int) -> None:
    locks: list[Any] = [Mutex(f"m{n}") for n in range(parties)]
    rounds = 150
    barrier = threading.Barrier(parties)
    told = [0] * rounds

    def body(n: int) -> None:
        for number in range(rounds):
            barrier.wait(LIMIT)
            try:
                with locks[n]:
                    barrier.wait(LIMIT)
                    with locks[(n + 1) % parties]:
                        pass
            except CircularWait:
                told[number] += 1

    run_all(*(lambda n=n: body(n) for n in range(parties)))
    assert told == [1] * rounds
