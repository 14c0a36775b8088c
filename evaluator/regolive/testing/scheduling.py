"""One schedule of a concurrent program: real threads of which one runs at a time, and why that one.

Each explored thread has a baton, a lock that it waits for while others run. At every operation that
other threads can see (taking a lock, opening a gate, starting a thread) the running thread asks the
scheduler who goes on, and hands over the baton if it is somebody else. So a program does the same
thing every time it is given the same choices, and the choices can be enumerated.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from sys import _getframe
from threading import get_ident
from typing import Protocol

from regolive.concurrency import ThreadState, dump_threads, render_threads, this_thread
from regolive.errors import RegoliveError
from regolive.testing.tracing import Step, describe_step, explain_stuck

# Bit of a count that says that the running thread could have gone on: to leave it is a preemption.
CURRENT = 128
_CLOCK_LIMIT = 600.0  # seconds of the program's own time before it is said to hang
_UNWIND_LIMIT = 10_000  # operations a thread may need to end once its schedule is over
_allocate = threading.Lock  # the real ones, also while an exploration has put its own in place


class ExplorerError(RegoliveError):
    """The explorer cannot go on: the program is not deterministic, or blocks out of its sight."""


class Abandoned(BaseException):
    """Raised in an explored thread to end it when its schedule is over. Not to be caught."""


class Resource(Protocol):
    """What a thread can wait for: until it is not busy."""

    @property
    def busy(self) -> bool:
        """Whether whoever wants it has to wait."""


class _Constant:
    __slots__ = ("busy",)

    def __init__(self, busy: bool) -> None:
        self.busy = busy


FREE = _Constant(False)
NEVER = _Constant(True)


class Task:
    """One explored thread, for one schedule. ``busy`` until it has ended, so it can be waited for.

    ``main``: one of the program's own threads, whose end the schedule waits for; the others were
    started by those.
    """

    __slots__ = (
        "baton", "busy", "deadline", "error", "expected", "fired", "function", "ident", "main",
        "name", "state", "thread", "waiting",
    )  # fmt: skip

    def __init__(self, name: str, function: Callable[[], object], main: bool) -> None:
        self.name = name
        self.function = function
        self.main = main
        self.expected: tuple[type[BaseException], ...] = ()
        self.busy = True
        self.waiting: Resource = FREE
        self.deadline: float | None = None
        self.fired = False
        self.error: BaseException | None = None
        self.baton: threading.Lock
        self.thread: threading.Thread
        self.state: ThreadState | None = None
        self.ident = 0


class Outcome:
    """What came of one schedule.

    ``choices`` says who went on, wherever there was a choice, and ``counts`` among how many
    (with the bit ``CURRENT``). ``kind`` and ``message`` tell a failure; kind is "" without one.
    """

    __slots__ = ("choices", "counts", "kind", "message", "picture", "steps", "trace")

    def __init__(self) -> None:
        self.choices = bytearray()
        self.counts = bytearray()
        self.kind = ""
        self.message = ""
        self.picture = ""
        self.steps = 0
        self.trace: list[Step] = []

    def preemptions(self) -> int:
        """How often a thread had to stop that could have gone on."""
        return sum(1 for c, n in zip(self.choices, self.counts, strict=True) if c and n & CURRENT)


class _Worker:
    """A thread that plays one task after another. Starting a thread costs more than a schedule."""

    __slots__ = ("_known", "baton", "ident", "scheduler", "state", "task", "thread")

    def __init__(self, scheduler: Scheduler, number: int) -> None:
        self.scheduler = scheduler
        self.baton = _allocate()
        self.baton.acquire()
        self.task: Task | None = None
        self.ident = 0
        self.state: ThreadState
        self.thread = threading.Thread(target=self._work, name=f"explored-{number}", daemon=True)
        self._known = _allocate()
        self._known.acquire()
        self.thread.start()
        self._known.acquire()

    def _work(self) -> None:
        scheduler = self.scheduler
        self.ident = get_ident()
        self.state = this_thread()
        scheduler.idents.add(self.ident)
        scheduler.pin()
        self._known.release()
        while True:
            self.baton.acquire()
            task = self.task
            if task is None:
                scheduler.idents.discard(self.ident)
                return
            scheduler.play(task)

    def take(self, task: Task) -> None:
        self.task = task
        task.baton, task.thread, task.ident = self.baton, self.thread, self.ident
        state = task.state = self.state
        self.thread.name = task.name
        state.held.clear()
        state.queries.clear()


class Scheduler:
    """Runs a program again and again, each time by another schedule.

    Args:
        max_steps: after so many operations a schedule is said to hang.
        patience: seconds that a thread may take from one operation to the next.
        after_release: let others go on also right after a lock was released.
    """

    def __init__(
        self, max_steps: int = 20_000, patience: float = 10.0, after_release: bool = False
    ) -> None:
        self.max_steps = max_steps
        self.patience = patience
        self.after_release = after_release
        self.idents: set[int] = set()
        self.current: Task | None = None
        self.steps = 0
        self.clock = 0.0
        self.tracing = False
        self.exploring = False
        self.invariants: list[Callable[[], object]] = []
        self._quiet = False  # an invariant is looking
        self._unwinding = False
        self._unwound = 0
        self._workers: list[_Worker] = []
        self._ended = _allocate()
        self._ended.acquire()
        self._live: list[Task] = []
        self._left = 0
        self._director: Task
        self._outcome = Outcome()
        self._prefix = b""
        self._random: Random | None = None
        self._preempt = 0.0
        self._cpu: int | None = None
        if hasattr(os, "sched_getaffinity"):
            processors = sorted(os.sched_getaffinity(0))
            self._cpu = processors[os.getpid() % len(processors)]

    def pin(self) -> None:
        """Keep the current thread on the explorer's processor: only one thread runs at a time, and
        waking it on another processor takes several times as long."""
        if self._cpu is not None:
            try:
                os.sched_setaffinity(0, {self._cpu})
            except OSError:
                self._cpu = None

    @contextmanager
    def real_primitives(self) -> Iterator[None]:
        """For a ``with`` block, the current thread gets Python's own locks and threads."""
        me = get_ident()
        explored = me in self.idents
        self.idents.discard(me)
        try:
            yield
        finally:
            if explored:
                self.idents.add(me)

    # -- one schedule

    def run(
        self,
        direct: Callable[[], object],
        prefix: bytes = b"",
        random: Random | None = None,
        preempt: float = 0.0,
        tracing: bool = False,
    ) -> Outcome:
        """Run ``direct``, which makes the program and calls `play_all`, by one schedule.

        Args:
            direct: runs in a thread of its own, and is not explored itself.
            prefix: the choices to begin with; after them, nobody is preempted.
            random: chooses after the prefix instead.
            preempt: how likely it is to preempt the running thread, where that can be.
            tracing: keep what every step was.
        """
        outcome = self._outcome = Outcome()
        self._prefix, self._random, self._preempt = prefix, random, preempt
        self.tracing = tracing
        self.steps, self.clock, self._left = 0, 0.0, 0
        self.exploring = self._unwinding = False
        self.invariants = []
        director = self._director = Task("explorer", direct, main=False)
        self._live = [director]
        self._employ(director, 0)
        self.current = director
        director.baton.release()
        self._wait_for_end()
        if tracing and outcome.kind in ("deadlock", "hang"):
            outcome.picture = explain_stuck(t for t in self._live if t is not director)
        self._unwind()
        outcome.steps = self.steps
        return outcome

    def _employ(self, task: Task, number: int) -> None:
        if len(self._workers) <= number:
            with self.real_primitives():
                while len(self._workers) <= number:
                    self._workers.append(_Worker(self, len(self._workers)))
        self._workers[number].take(task)

    def _wait_for_end(self) -> None:
        seen = -1
        while not self._ended.acquire(timeout=self.patience):
            if self.steps == seen or self.current is None:
                raise ExplorerError(
                    f"thread {self.current.name if self.current else '?'!r} did not come to an "
                    f"operation that the explorer sees within {self.patience:g} s: it waits for "
                    "something that was made before the exploration, or for the world outside\n"
                    + render_threads(dump_threads())
                )
            seen = self.steps

    def _unwind(self) -> None:
        """End the threads that are left, one after the other."""
        self._unwinding = True
        self._unwound = 0
        if self._director.busy and self._director not in self._live:
            self._live.insert(0, self._director)
        if not self._live:
            return
        level = logging.root.manager.disable
        logging.disable(logging.CRITICAL)  # that they were ended is no news
        try:
            while self._live:
                task = self._live[-1]
                self.current = task
                task.baton.release()
                self._wait_for_end()
        finally:
            logging.disable(level)
        self.current = None

    def play_all(self, tasks: list[Task]) -> None:
        """Explore these threads, and return when all have ended. Only for the director."""
        director = self._director
        for number, task in enumerate(tasks, 1):
            self._employ(task, number)
        self._live.remove(director)
        # The program's own come first in the order, then those that its making has started.
        self._live[:0] = tasks
        self._left = len(tasks)
        self.exploring = True
        self._switch(director, self._next(None))

    # -- in the explored threads

    def play(self, task: Task) -> None:
        """Run one task to its end, in its own thread, having got the baton."""
        try:
            if not self._unwinding:
                task.function()
        except Abandoned:
            pass
        except BaseException as error:
            task.error = error
            if not self._unwinding and not isinstance(error, task.expected):
                self._failed_in(task, error)
        self.ended(task)

    def _failed_in(self, task: Task, error: BaseException) -> None:
        if not self._outcome.kind:
            director = task is self._director
            self._outcome.kind = "check" if director else "error"
            who = "" if director else f"thread {task.name!r} raised "
            text = str(error) or "(no message)"
            self._outcome.message = (
                f"{who}{text}" if director else f"{who}{type(error).__name__}: {text}"
            )

    def ended(self, task: Task) -> None:
        """The task's function is over: let somebody else go on."""
        task.busy = False
        if task in self._live:
            self._live.remove(task)
        if task.main:
            self._left -= 1
        over = self._unwinding or self._outcome.kind or task is self._director
        after = None if over else self._next(None)
        self.current = after
        if after is None:
            self._ended.release()
        else:
            after.baton.release()

    def start(self, task: Task) -> None:
        """A thread that an explored thread starts: from now on it may be chosen."""
        self._live.append(task)
        self.step()

    def controls(self) -> bool:
        """Whether the current thread is one of those explored, at a place where it may yield."""
        current = self.current
        return current is not None and current.ident == get_ident() and not self._quiet

    def step(self) -> None:
        """The current thread is about to do something that others can see: who goes on?"""
        task = self.current
        if task is None or self._quiet or task.ident != get_ident():
            return
        if self._unwinding:
            self._count_unwinding()
            return
        self._count(None)
        after = self._next(task)
        if after is not task:
            self._switch(task, after)

    def wait(self, resource: Resource, timeout: float = -1.0) -> bool:
        """Wait until the resource is not busy; False if the time (unless negative) was over first.

        Time passes only when nobody can go on.
        """
        task = self.current
        if task is None or self._quiet or task.ident != get_ident() or self._unwinding:
            if self._unwinding:
                self._count_unwinding()
            if resource.busy:
                if self._unwinding:
                    raise Abandoned
                raise ExplorerError("an invariant, or a thread that is not explored, would wait")
            return True
        task.waiting = resource
        if timeout >= 0:
            task.deadline = self.clock + timeout
        self._count(resource)
        after = self._next(task)
        if after is not task:
            self._switch(task, after)
        task.waiting = FREE
        task.deadline = None
        if task.fired:
            task.fired = False
            return False
        return True

    def _count(self, resource: Resource | None) -> None:
        self.steps += 1
        if self.tracing:
            self._outcome.trace.append(
                describe_step(_getframe(2), self.current, resource is not None and resource.busy)
            )
        if self.invariants and self.exploring:
            self._look()
        if self.steps > self.max_steps:
            self._fail("hang", f"the program was still going on after {self.max_steps} steps")
            assert self.current is not None
            self._switch(self.current, None)

    def _count_unwinding(self) -> None:
        self._unwound += 1
        if self._unwound > _UNWIND_LIMIT:
            raise Abandoned

    def _look(self) -> None:
        self._quiet = True
        try:
            for invariant in self.invariants:
                invariant()
        except BaseException as error:
            self._fail("check", str(error) or repr(error))
        finally:
            self._quiet = False
        if self._outcome.kind:
            assert self.current is not None
            self._switch(self.current, None)

    def _fail(self, kind: str, message: str) -> None:
        if not self._outcome.kind:
            self._outcome.kind, self._outcome.message = kind, message

    def _switch(self, task: Task, after: Task | None) -> None:
        self.current = after
        if after is None:
            self._ended.release()
        else:
            after.baton.release()
        task.baton.acquire()
        if self._unwinding:
            raise Abandoned

    def _next(self, task: Task | None) -> Task | None:
        """Who goes on; ``task`` is the one that runs, if it may be chosen. None: it is all over."""
        enabled = [each for each in self._live if not each.waiting.busy]
        count = len(enabled)
        if count == 0:
            return self._when_all_wait()
        here = task is not None and not task.waiting.busy
        if count == 1:
            return enabled[0]
        if here and enabled[0] is not task:
            assert task is not None
            enabled.remove(task)
            enabled.insert(0, task)
        if not self.exploring:
            return enabled[0]
        outcome = self._outcome
        at = len(outcome.choices)
        if at < len(self._prefix):
            choice = self._prefix[at]
            if choice >= count:
                self._fail("replay", f"choice {at} is {choice}, but only {count} threads can go on")
                return None
        elif self._random is None:
            choice = 0
        elif not here:
            choice = self._random.randrange(count)
        else:
            preempt = self._random.random() < self._preempt
            choice = self._random.randrange(1, count) if preempt else 0
        outcome.choices.append(choice)
        outcome.counts.append(count | CURRENT if here else count)
        return enabled[choice]

    def _when_all_wait(self) -> Task | None:
        if self.exploring and self._left == 0:
            if any(_wants_lock(task) for task in self._live):
                self._fail("deadlock", "the program's threads have ended, but others never will")
                return None
            # All is done, and what is left is idle: back to the director, for the checks.
            self.exploring = False
            self._live.insert(0, self._director)
            return self._director
        timed = [
            (task.deadline, i) for i, task in enumerate(self._live) if task.deadline is not None
        ]
        if timed:
            deadline, i = min(timed)
            self.clock = max(self.clock, deadline)
            if self.clock <= _CLOCK_LIMIT:
                task = self._live[i]
                task.fired, task.waiting, task.deadline = True, FREE, None
                return task
            self._fail(
                "hang", f"after {_CLOCK_LIMIT:g} s of its own time the program has not ended"
            )
            return None
        names = ", ".join(repr(task.name) for task in self._live)
        self._fail("deadlock", f"nobody can go on: {names}")
        return None

    def close(self) -> None:
        """End the threads."""
        for worker in self._workers:
            worker.task = None
            worker.baton.release()
            worker.thread.join(1.0)
        self._workers.clear()


def _wants_lock(task: Task) -> bool:
    """Whether a thread is blocked on a lock, and not just idle."""
    wait = task.state.wait if task.state is not None else None
    return wait is not None and task.deadline is None and wait.mode in ("mutex", "read", "write")
