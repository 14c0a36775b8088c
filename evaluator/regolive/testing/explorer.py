"""Enumerates the schedules of a concurrent program: all of them up to a number of preemptions.

Nearly every fault of this kind needs only one or two preemptions (a thread that is stopped although
it could go on), so schedules are tried in the order of their number: first all with none, then all
with one, and so on (iterative context bounding, Musuvathi and Qadeer, PLDI 2007). Each schedule is
run once, has a number that is always the same, and can be replayed by its choices alone.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from regolive.testing.primitives import explored_primitives
from regolive.testing.scheduling import CURRENT, ExplorerError, Outcome, Scheduler, Task
from regolive.testing.tracing import Step, render_trace

_COLLECT = 2000  # schedules between two collections of garbage


class ScheduleFailure(AssertionError):
    """A schedule failed. Its text tells which, how to see it again, and what happened.

    Attributes:
        failure: the same as data.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Failure:
    """A schedule that failed.

    Attributes:
        kind: "deadlock" (nobody can go on), "hang" (it never ends), "error" (a thread raised) or
            "check" (a check or an invariant did not hold).
        message: what failed.
        number: which schedule it was, counted from 1; of the random ones, which of them.
        schedule: its choices, to be given to ``explore(..., replay=...)``.
        preemptions: how often a thread was stopped that could have gone on.
        seed: of a random schedule; else None.
        trace: its steps.
        picture: for a deadlock, who holds what and waits for what.
    """

    kind: str
    message: str
    number: int
    schedule: str
    preemptions: int
    seed: int | None = None
    trace: tuple[Step, ...] = field(default=(), repr=False)
    picture: str = field(default="", repr=False)

    def __str__(self) -> str:
        which = f"schedule {self.number}" if self.seed is None else (
            f"random schedule {self.number} of seed {self.seed}"
        )  # fmt: skip
        lines = [
            f"{self.kind}: {self.message}",
            f"in {which}, with {self.preemptions} preemptions; "
            f"to see it again: replay={self.schedule!r}",
        ]
        if self.trace:
            lines += ["what each thread was about to do:", render_trace(self.trace)]
        if self.picture:
            lines += ["who is stuck:", self.picture]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Exploration:
    """What an exploration found.

    Attributes:
        schedules: how many different schedules were run.
        by_preemptions: how many of them with none, with one, ... preemptions.
        random: how many random ones besides; they may repeat.
        complete: whether these are all schedules within the bound.
        steps: operations, in all schedules together.
        seconds: how long it took.
        failure: the first schedule that failed, or None.
    """

    schedules: int
    by_preemptions: tuple[int, ...]
    random: int
    complete: bool
    steps: int
    seconds: float
    failure: Failure | None

    def require(self) -> Exploration:
        """Raise `ScheduleFailure`, an AssertionError, if a schedule failed. Returns itself."""
        if self.failure is not None:
            raise ScheduleFailure(self.failure)
        return self

    def __str__(self) -> str:
        total = self.schedules + self.random
        rate = total / self.seconds if self.seconds else 0.0
        bounds = ", ".join(f"{n} with {i}" for i, n in enumerate(self.by_preemptions))
        text = f"{self.schedules} schedules ({bounds} preemptions"
        text += ", all there are)" if self.complete else ")"
        if self.random:
            text += f", {self.random} random ones"
        text += f", {rate:.0f} a second"
        return text + (f"; {self.failure.kind}" if self.failure else "")


class Program:
    """What one schedule runs. Given to the function that makes it, once for each schedule."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._tasks: list[Task] = []
        self._checks: list[Callable[[], object]] = []
        self._invariants: list[Callable[[], object]] = []

    def thread(
        self,
        name: str,
        function: Callable[..., object],
        *args: Any,
        expect: type[BaseException] | tuple[type[BaseException], ...] = (),
    ) -> None:
        """Have ``function(*args)`` run in a thread of this name.

        Args:
            name: in traces and pictures.
            function: an exception from it fails the schedule.
            args: passed to it.
            expect: except these.
        """
        task = Task(name, (lambda: function(*args)) if args else function, main=True)
        task.expected = expect if isinstance(expect, tuple) else (expect,)
        self._tasks.append(task)

    def at_end(self, check: Callable[[], object]) -> None:
        """Call ``check`` when all threads have ended; it raises if something is wrong.

        It may use what the threads used, and stop what they left running.
        """
        self._checks.append(check)

    def always(self, invariant: Callable[[], object]) -> None:
        """Call ``invariant`` at every step; it raises if something is wrong.

        It must not wait: let it look at tables, not take locks that may be held.
        """
        self._invariants.append(invariant)


Make = Callable[[Program], object]
"""Makes a program: fresh objects, its threads and its checks."""


def checkpoint() -> None:
    """Say that other threads may go on here: before an access that no lock protects.

    Does nothing in a thread that is not explored.
    """
    scheduler = _active
    if scheduler is not None and scheduler.controls():
        scheduler.step()


_active: Scheduler | None = None


def explore(
    make: Make,
    *,
    preemptions: int = 2,
    schedules: int | None = None,
    random: int = 0,
    seed: int = 0,
    preempt: float = 0.2,
    replay: str | None = None,
    after_release: bool = False,
    max_steps: int = 20_000,
    patience: float = 10.0,
) -> Exploration:
    """Run a program by one schedule after another, until one fails or all have been tried.

    The locks, events, conditions, semaphores, queues, threads and sleeps that ``make`` and the
    threads make and use are driven by the explorer: Python's own and regolive's. Time passes only
    when nobody can go on, so a timeout comes after everything that could come before it. What was
    made earlier (a lock of a module, say) is not seen; a thread that blocks there ends the
    exploration with an error.

    Args:
        make: makes the program; called for each schedule, and has to do the same thing every time.
        preemptions: the bound: how often, at most, a thread is stopped that could go on.
        schedules: at most so many; None: no limit.
        random: so many random schedules after those, beyond the bound.
        seed: of the random ones.
        preempt: in them, how likely a thread is to be stopped at a step.
        replay: only this schedule, as a failure tells it.
        after_release: let others go on right after a lock was released, too. Needed only for data
            that no lock protects.
        max_steps: after so many operations a schedule is said to hang.
        patience: seconds in which a thread has to come from one operation to the next.

    Raises:
        ExplorerError: the program is not deterministic, or blocks on something from before.
    """
    global _active  # noqa: PLW0603 - one exploration at a time, and checkpoint() has no argument
    scheduler = Scheduler(max_steps, patience, after_release)
    with explored_primitives(scheduler), _quiet_process():
        _active = scheduler
        try:
            search = _Search(scheduler, make)
            if replay is not None:
                return search.replay(parse_schedule(replay))
            return search.search(preemptions, schedules, random, seed, preempt)
        finally:
            _active = None
            scheduler.close()


class _quiet_process:
    """No garbage collection in the middle of a schedule: finalisers run code of their own."""

    def __enter__(self) -> None:
        self._collected = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        if self._collected:
            gc.enable()


class _Search:
    def __init__(self, scheduler: Scheduler, make: Make) -> None:
        self._scheduler = scheduler
        self._make = make
        self._began = time.perf_counter()
        self._steps = 0
        self._counts: list[int] = []
        self._random = 0
        self._complete = False

    def _direct(self) -> None:
        scheduler = self._scheduler
        program = Program(scheduler)
        self._make(program)
        scheduler.invariants = program._invariants
        if program._tasks:
            scheduler.play_all(program._tasks)
        for check in program._checks:
            check()

    def _run(self, prefix: bytes, **how: Any) -> Outcome:
        outcome = self._scheduler.run(self._direct, prefix, **how)
        self._steps += outcome.steps
        if outcome.kind == "replay":
            raise ExplorerError(f"the program does not do the same thing again: {outcome.message}")
        return outcome

    def _result(self, failure: Failure | None) -> Exploration:
        return Exploration(
            sum(self._counts),
            tuple(self._counts),
            self._random,
            self._complete,
            self._steps,
            time.perf_counter() - self._began,
            failure,
        )

    def search(
        self, bound: int, limit: int | None, random: int, seed: int, preempt: float
    ) -> Exploration:
        number = 0
        level: Iterator[bytes] = iter([b""])
        for preemptions in range(bound + 1):
            self._counts.append(0)
            ran: list[tuple[int, bytes, bytes]] = []
            for prefix in level:
                todo = [prefix]
                while todo:
                    if limit is not None and number >= limit:
                        return self._beyond(random, seed, preempt)
                    start = todo.pop()
                    outcome = self._run(start)
                    number += 1
                    self._counts[preemptions] += 1
                    if outcome.kind:
                        return self._result(self._explain(outcome, number, None))
                    choices, counts = bytes(outcome.choices), bytes(outcome.counts)
                    todo += _others(len(start), choices, counts, preempting=False)
                    if preemptions < bound:
                        ran.append((len(start), choices, counts))
                    if number % _COLLECT == 0:
                        gc.collect()
            level = _preempted(ran)
            if not ran and preemptions < bound:
                break
        self._complete = True
        return self._beyond(random, seed, preempt)

    def _beyond(self, random: int, seed: int, preempt: float) -> Exploration:
        for number in range(1, random + 1):
            outcome = self._run(b"", random=Random(f"{seed}/{number}"), preempt=preempt)
            self._random += 1
            if outcome.kind:
                return self._result(self._explain(outcome, number, seed))
            if number % _COLLECT == 0:
                gc.collect()
        return self._result(None)

    def replay(self, choices: bytes) -> Exploration:
        outcome = self._run(choices, tracing=True)
        self._counts.append(1)
        return self._result(_failure(outcome, 1, None) if outcome.kind else None)

    def _explain(self, outcome: Outcome, number: int, seed: int | None) -> Failure:
        """Run it again, and write down every step this time."""
        again = self._run(bytes(outcome.choices), tracing=True)
        if again.kind != outcome.kind:
            raise ExplorerError(
                "the program does not do the same thing again: schedule "
                f"{format_schedule(outcome.choices)!r} failed ({outcome.kind}: {outcome.message}), "
                f"and then did not ({again.kind or 'no failure'})"
            )
        return _failure(again, number, seed)


def _failure(outcome: Outcome, number: int, seed: int | None) -> Failure:
    return Failure(
        outcome.kind,
        outcome.message,
        number,
        format_schedule(outcome.choices),
        outcome.preemptions(),
        seed,
        tuple(outcome.trace),
        outcome.picture,
    )


def _others(start: int, choices: bytes, counts: bytes, *, preempting: bool) -> Iterator[bytes]:
    """The schedules that first differ from this one at a choice from ``start`` on."""
    for i in range(start, len(choices)):
        count = counts[i]
        if bool(count & CURRENT) is preempting:
            for choice in range(1, count & ~CURRENT):
                yield choices[:i] + bytes((choice,))


def _preempted(ran: list[tuple[int, bytes, bytes]]) -> Iterator[bytes]:
    for start, choices, counts in ran:
        yield from _others(start, choices, counts, preempting=True)


def format_schedule(choices: bytes | bytearray) -> str:
    """Choices as text: ``0*12.1.0*3.2``; zeros at the end are left out."""
    parts: list[tuple[int, int]] = []
    for choice in bytes(choices).rstrip(b"\0"):
        if parts and parts[-1][0] == choice:
            parts[-1] = (choice, parts[-1][1] + 1)
        else:
            parts.append((choice, 1))
    return ".".join(str(c) if n == 1 else f"{c}*{n}" for c, n in parts) or "0"


def parse_schedule(text: str) -> bytes:
    """What `format_schedule` wrote.

    Raises:
        ValueError: it is no schedule.
    """
    choices = bytearray()
    for part in text.split("."):
        choice, _, count = part.partition("*")
        choices += bytes((int(choice),)) * int(count or 1)
    return bytes(choices)


__all__ = [
    "Exploration",
    "Failure",
    "Make",
    "Program",
    "ScheduleFailure",
    "checkpoint",
    "explore",
    "format_schedule",
    "parse_schedule",
]
