"""The explorer: finds what there is to find, counts what it runs, and does it again."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import permutations

import pytest

from regolive.concurrency import BackgroundTasks, Mutex, RWLock, waiting_for
from regolive.storage import LockingStore, SnapshotStore
from regolive.testing import (
    ExplorerError,
    Program,
    ScheduleFailure,
    checkpoint,
    explore,
)
from regolive.testing.explorer import format_schedule, parse_schedule


def crossing(program: Program) -> None:
    """Two locks, taken in two orders."""
    a, b = Mutex("a"), Mutex("b")

    def take(first: Mutex, second: Mutex) -> None:
        with first, second:
            pass

    program.thread("one", take, a, b)
    program.thread("two", take, b, a)


def lost_update(program: Program) -> None:
    """A counter without a lock."""
    count = [0]

    def add() -> None:
        checkpoint()
        seen = count[0]
        checkpoint()
        count[0] = seen + 1

    def check() -> None:
        assert count[0] == 2, f"the counter is {count[0]}"

    program.thread("one", add)
    program.thread("two", add)
    program.at_end(check)


def test_finds_a_deadlock_and_says_who_is_stuck() -> None:
    failure = explore(crossing).failure
    assert failure is not None
    assert (failure.kind, failure.preemptions) == ("deadlock", 1)
    told = str(failure)
    assert "a circle: one -> 'b' -> two -> 'a' -> one" in told
    assert "holds lock 'a', taken at" in told
    assert "test_explorer.py" in told


def test_needs_the_preemption() -> None:
    """Without one there is nothing to find, and the explorer knows that it has seen all."""
    found = explore(crossing, preemptions=0)
    assert (found.failure, found.by_preemptions, found.complete) == (None, (2,), True)


def test_finds_a_lost_update() -> None:
    failure = explore(lost_update).failure
    assert failure is not None
    assert failure.kind == "check"
    assert failure.message.startswith("the counter is 1")


@pytest.mark.parametrize("program", [crossing, lost_update])
def test_replays_a_failure_from_its_text(program: Callable[[Program], None]) -> None:
    failure = explore(program).failure
    assert failure is not None
    again = explore(program, replay=failure.schedule).failure
    assert again is not None
    assert (again.kind, again.message, again.trace) == (
        failure.kind,
        failure.message,
        failure.trace,
    )
    with pytest.raises(ScheduleFailure, match="to see it again: replay="):
        explore(program).require()


def test_numbers_are_the_same_every_time() -> None:
    first, second = explore(lost_update).failure, explore(lost_update).failure
    assert first is not None
    assert second is not None
    assert (first.number, first.schedule) == (second.number, second.schedule)


def test_random_schedules_depend_on_the_seed_alone() -> None:
    def once(seed: int) -> tuple[int, str, int | None]:
        failure = explore(lost_update, schedules=0, random=200, seed=seed).failure
        assert failure is not None
        return failure.number, failure.schedule, failure.seed

    assert once(7) == once(7)
    assert len({once(seed)[:2] for seed in range(8)}) > 1


def test_every_order_is_there_exactly_once() -> None:
    """Three threads of two steps each: all 6!/(2!2!2!) orders, none of them twice."""
    seen: Counter[str] = Counter()

    def program(program: Program) -> None:
        order: list[str] = []

        def act(name: str) -> None:
            order.append(name)
            checkpoint()
            order.append(name)

        for name in "abc":
            program.thread(name, act, name)
        program.at_end(lambda: seen.update(["".join(order)]))

    found = explore(program, preemptions=6)
    assert found.complete
    assert found.schedules == 90
    assert set(seen) == {"".join(p) for p in permutations("aabbcc")}
    assert set(seen.values()) == {1}


def test_preempts_at_most_as_often_as_allowed() -> None:
    for bound, orders in enumerate((2, 4, 6)):
        seen: set[str] = set()

        def program(program: Program, seen: set[str] = seen) -> None:
            order: list[str] = []

            def act(name: str) -> None:
                order.append(name)
                checkpoint()
                order.append(name)

            program.thread("a", act, "a")
            program.thread("b", act, "b")
            program.at_end(lambda: seen.add("".join(order)))

        assert explore(program, preemptions=bound).schedules == orders
        assert len(seen) == orders


def test_a_nested_read_with_a_writer_waiting_is_a_deadlock() -> None:
    """The family of the incident: a reader that reads again while a writer waits."""

    def program(program: Program) -> None:
        store = LockingStore()

        def read_twice() -> None:
            with store.read(), store.read():
                pass

        def write() -> None:
            with store.write() as transaction:
                transaction.put(("x",), 1)

        program.thread("reader", read_twice)
        program.thread("writer", write)

    failure = explore(program).failure
    assert failure is not None
    assert failure.kind == "deadlock"
    assert "waits for lock 'store' to write" in failure.picture


def test_readers_of_a_snapshot_never_wait() -> None:
    def program(program: Program) -> None:
        store = SnapshotStore()

        def read_twice() -> None:
            with store.read() as outer, store.read() as inner:
                assert outer.revision <= inner.revision

        def write() -> None:
            with store.write() as transaction:
                transaction.put(("x",), 1)

        program.thread("reader", read_twice)
        program.thread("writer", write)
        program.thread("writer 2", write)

    assert explore(program).require().complete


def test_a_waiting_writer_keeps_readers_out() -> None:
    """And no schedule lets two writers in, or a reader beside one."""

    def program(program: Program) -> None:
        lock = RWLock("table")
        inside: list[str] = []

        def look() -> None:
            assert inside in ([], ["w"], ["r"], ["r", "r"])

        def read() -> None:
            with lock.read():
                inside.append("r")
                checkpoint()
                inside.remove("r")

        def write() -> None:
            with lock.write():
                inside.append("w")
                checkpoint()
                inside.remove("w")

        program.always(look)
        program.thread("reader 1", read)
        program.thread("reader 2", read)
        program.thread("writer", write)

    assert explore(program, preemptions=2).require().complete


def test_an_invariant_is_looked_at_on_every_step() -> None:
    def program(program: Program) -> None:
        busy: list[int] = []

        def act() -> None:
            busy.append(1)
            checkpoint()
            busy.pop()

        def alone() -> None:
            assert len(busy) < 2, "two at once"

        program.thread("one", act)
        program.thread("two", act)
        program.always(alone)

    failure = explore(program).failure
    assert failure is not None
    assert failure.kind == "check"
    assert failure.message.startswith("two at once")


def test_threads_events_and_queues_of_python_are_driven() -> None:
    def program(program: Program) -> None:
        items: queue.SimpleQueue[int] = queue.SimpleQueue()
        ready = threading.Event()
        got: list[int] = []

        def consume() -> None:
            ready.set()
            got.append(items.get())

        def produce() -> None:
            thread = threading.Thread(target=consume, name="consumer")
            thread.start()
            ready.wait()
            items.put(1)
            with waiting_for(thread, "the consumer"):
                thread.join()
            assert not thread.is_alive()
            assert got == [1]

        program.thread("producer", produce)

    assert explore(program).require().complete


def test_background_tasks_are_driven() -> None:
    def program(program: Program) -> None:
        tasks = BackgroundTasks("work", max_threads=2)
        done: list[int] = []

        def submit(number: int) -> None:
            assert tasks.submit(done.append, number).wait()

        def check() -> None:
            assert sorted(done) == [1, 2]
            assert tasks.close(1.0)

        program.thread("one", submit, 1)
        program.thread("two", submit, 2)
        program.at_end(check)

    assert explore(program, preemptions=1).require().schedules > 100


def test_time_passes_only_when_nobody_can_go_on() -> None:
    def program(program: Program) -> None:
        never = threading.Event()

        def wait() -> None:
            began = time.monotonic()
            assert not never.wait(3600 / 60)
            time.sleep(30)
            assert time.monotonic() - began == 90

        program.thread("patient", wait)

    began = time.perf_counter()
    assert explore(program).require().complete
    assert time.perf_counter() - began < 5


def test_a_loop_that_never_ends_is_a_hang() -> None:
    def program(program: Program) -> None:
        def poll() -> None:
            while True:
                time.sleep(1)

        program.thread("poll", poll)

    failure = explore(program).failure
    assert failure is not None
    assert failure.kind == "hang"

    def spin(program: Program) -> None:
        lock = Mutex("spun")

        def turn() -> None:
            while True:
                with lock:
                    pass

        program.thread("spin", turn)

    failure = explore(spin, max_steps=500).failure
    assert failure is not None
    assert failure.kind == "hang"


def test_an_exception_in_a_thread_fails_unless_expected() -> None:
    def program(program: Program, expect: tuple[type[BaseException], ...] = ()) -> None:
        def fail() -> None:
            raise KeyError("gone")

        program.thread("one", fail, expect=expect)

    failure = explore(program).failure
    assert failure is not None
    assert failure.kind == "error"
    assert "'one' raised KeyError" in failure.message
    assert explore(lambda p: program(p, (KeyError,))).failure is None


def test_a_lock_from_before_is_not_seen_and_said_to_be_so() -> None:
    before = threading.Lock()
    with before:

        def program(program: Program) -> None:
            program.thread("one", lambda: before.acquire(timeout=5))

        with pytest.raises(ExplorerError, match=r"thread 'one' did not come to an operation"):
            explore(program, patience=0.2)


def test_a_program_that_changes_is_told() -> None:
    runs = [0]

    def program(program: Program) -> None:
        runs[0] += 1
        lock = Mutex("once")

        def act() -> None:
            for _ in range(3 if runs[0] == 1 else 1):
                with lock:
                    pass

        for name in ("one", "two", "three")[: 3 if runs[0] == 1 else 2]:
            program.thread(name, act)

    with pytest.raises(ExplorerError, match="does not do the same thing again"):
        explore(program)


def test_everything_is_put_back() -> None:
    before = (threading.Lock, threading.Thread.start, time.sleep, queue.SimpleQueue)
    explore(crossing)
    assert (threading.Lock, threading.Thread.start, time.sleep, queue.SimpleQueue) == before
    assert not [t for t in threading.enumerate() if t.name.startswith(("explored", "one", "two"))]


@pytest.mark.parametrize("choices", [b"", b"\0\0\1", b"\2\2\0\1", b"\1" * 30])
def test_schedules_are_text(choices: bytes) -> None:
    assert parse_schedule(format_schedule(choices)).rstrip(b"\0") == choices.rstrip(b"\0")


def test_two_explorations_at_once_are_refused() -> None:
    def program(program: Program) -> None:
        program.thread("one", lambda: explore(crossing))

    failure = explore(program).failure
    assert failure is not None
    assert "one exploration at a time" in failure.message
