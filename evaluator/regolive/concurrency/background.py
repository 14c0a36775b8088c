"""Background work with an owner: threads that are started on demand, and joined at the end.

Tasks run first in, first out. An exception in one is logged and kept, never lost. A thread inside a
query may submit work but never waits for it: the work may need the lock that the query holds.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

from regolive.concurrency.threads import (
    ThreadState,
    describe_origin,
    in_query,
    state_of,
    this_thread,
)
from regolive.concurrency.waiting import Blockers, Wait, block, waiting_for
from regolive.errors import RegoliveError

logger = logging.getLogger("regolive.concurrency")

# How many seconds a look at the queue for a picture waits for its latch, at most. It may run in a
# finaliser, inside the latch's own holder.
_LOOK = 0.5


class BackgroundError(RegoliveError):
    """Background work refused: submitted while closing, or waited for where that may hang."""


def _refuse_in_query(what: str) -> None:
    if in_query():
        raise BackgroundError(
            f"{what} from inside a query: a query never waits for background work, because the "
            "work may need what the query holds; answer undefined or false, and let a later query "
            "see the result"
        )


class BackgroundTask:
    """One piece of work given to `BackgroundTasks.submit`.

    Attributes:
        name: what it is called in logs.
        started_by: name of the thread that submitted it.
        error: the exception it ended with, or None.
        result: what the function returned; None until then.
    """

    __slots__ = (
        "__weakref__",
        "_args",
        "_ended",
        "_fn",
        "_owner",
        "_runner",
        "error",
        "name",
        "result",
        "started_by",
    )

    def __init__(
        self,
        fn: Callable[..., object],
        args: tuple[Any, ...],
        name: str,
        owner: BackgroundTasks,
    ) -> None:
        self._owner: BackgroundTasks | None = owner
        self._runner: ThreadState | None = None  # from its start to its end
        self._fn: Callable[..., object] | None = fn
        self._args = args
        self._ended = threading.Event()
        self.name = name
        self.started_by = threading.current_thread().name
        self.error: BaseException | None = None
        self.result: object = None

    @property
    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._ended.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end, at most ``timeout`` seconds (None: for ever). Returns whether it came.

        Raises:
            BackgroundError: called from inside a query.
            CircularWait: the task waits, directly or not, for the thread that calls this.
        """
        _refuse_in_query(f"waiting for background task {self.name!r}")
        if self._ended.is_set() or timeout == 0:
            return self._ended.is_set()
        wait = Wait(self, "task", this_thread(), timeout)
        return block(wait, lambda limit: self._ended.wait(None if limit < 0 else limit))

    def holders(self) -> tuple[threading.Thread, ...]:
        """The thread that runs the task now, or nobody."""
        runner = self._runner
        return (runner.thread,) if runner is not None else ()

    def blockers(self, wait: Wait) -> Blockers:
        """Who keeps the task from ending: for the wait graph.

        The thread that runs it. Nobody runs a task in the queue, but any of the worker threads
        would, once it gets rid of the task it has.
        """
        owner, runner = self._owner, self._runner
        if owner is None or self._ended.is_set():
            return Blockers()
        return Blockers((runner,)) if runner is not None else owner._queued_behind(self)

    def _run(self) -> None:
        fn, args = self._fn, self._args
        assert fn is not None
        me = self._runner = this_thread()
        before, me.origin = (
            me.origin,
            f"background task {self.name!r}, submitted by thread {self.started_by!r}",
        )
        try:
            self.result = fn(*args)
        except BaseException as error:  # a worker outlives whatever its tasks raise
            self.error = error
            logger.exception(
                "background task %r, submitted by thread %r, failed", self.name, self.started_by
            )
        finally:
            me.origin = before
            self._finish()

    def _finish(self) -> None:
        self._fn, self._args, self._owner, self._runner = None, (), None, None
        self._ended.set()

    def __repr__(self) -> str:
        state = "running or queued" if not self.done else "failed" if self.error else "done"
        return f"<BackgroundTask {self.name!r} {state}>"


class BackgroundTasks:
    """A group of worker threads, and the work for them.

    Threads are started when there is work and no idle thread, up to ``max_threads``; one that has
    been idle for ``idle_seconds`` ends. They are not daemons: the owner calls `close`.

    Args:
        name: threads are called ``f"{name}-{n}"``, n counted from 1.
        max_threads: at most this many tasks run at once.
        idle_seconds: how long a thread waits for its next task.
    """

    def __init__(self, name: str, max_threads: int = 4, idle_seconds: float = 5.0) -> None:
        if max_threads < 1:
            raise ValueError(f"max_threads must be at least 1, not {max_threads}")
        self.name = name
        self.max_threads = max_threads
        self.idle_seconds = idle_seconds
        # Guards the fields below. Starting a thread is all that is done under it; a task runs, and
        # a thread is joined, without it.
        self._changed = threading.Condition(threading.Lock())
        self._queue: deque[BackgroundTask] = deque()
        self._running: dict[threading.Thread, BackgroundTask | None] = {}
        self._leaving: list[threading.Thread] = []  # on their way out, no longer in _running
        self._idle = 0
        self._started = 0
        self._closing = False

    def submit(
        self, fn: Callable[..., object], *args: Any, name: str | None = None
    ) -> BackgroundTask:
        """Queue ``fn(*args)`` and return its task at once.

        Args:
            fn: runs in a worker thread.
            args: passed to it.
            name: shown in logs; by default the function's own name.

        Raises:
            BackgroundError: `close` has been called, or no thread could be started.
        """
        task = BackgroundTask(fn, args, name or str(getattr(fn, "__qualname__", fn)), self)
        with self._changed:
            if self._closing:
                raise BackgroundError(f"{self.name} is closing: task {task.name!r} is refused")
            self._queue.append(task)
            if self._idle >= len(self._queue):
                self._changed.notify()
            elif len(self._running) < self.max_threads:
                self._start_thread(task)
        return task

    def _start_thread(self, task: BackgroundTask) -> None:
        self._started += 1
        self._leaving = [thread for thread in self._leaving if thread.is_alive()]
        thread = threading.Thread(
            target=self._work, name=f"{self.name}-{self._started}", daemon=False
        )
        self._running[thread] = None
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more threads to give
            del self._running[thread]
            if not self._running:
                self._queue.remove(task)
                raise BackgroundError(f"{self.name} cannot start a thread: {error}") from error

    def _work(self) -> None:
        me = threading.current_thread()
        describe_origin(f"worker of {self.name}")
        while (task := self._next(me)) is not None:
            task._run()
            task = None  # an idle thread keeps no task, and what it refers to, alive

    def _next(self, me: threading.Thread) -> BackgroundTask | None:
        """The next task for this worker; None when the worker has to end."""
        with self._changed:
            self._running[me] = None
            idle_until = monotonic() + self.idle_seconds
            while not self._queue:
                left = idle_until - monotonic()
                if self._closing or left <= 0:
                    del self._running[me]
                    self._leaving.append(me)
                    return None
                self._idle += 1
                try:
                    self._changed.wait(left)
                finally:
                    self._idle -= 1
            task = self._running[me] = self._queue.popleft()
            return task

    @property
    def threads(self) -> tuple[str, ...]:
        """Names of the worker threads alive now."""
        with self._changed:
            return tuple(thread.name for thread in self._running)

    @property
    def pending(self) -> int:
        """How many tasks are queued or running."""
        with self._changed:
            return len(self._queue) + sum(task is not None for task in self._running.values())

    def _queued_behind(self, task: BackgroundTask) -> Blockers:
        """The threads of which any one may take the task; nobody if one of them is about to."""
        if not self._changed.acquire(timeout=_LOOK):
            return Blockers()
        try:
            if task not in self._queue:
                return Blockers()
            workers = [state_of(thread) for thread in self._running]
        finally:
            self._changed.release()
        known = tuple(state for state in workers if state is not None)
        # A thread that is not known has only just been started, and is not stuck.
        return Blockers(known, any_of=True) if len(known) == len(workers) else Blockers()

    def close(self, timeout: float | None = None) -> bool:
        """Refuse new work, let what is queued and running finish, and join the threads.

        When ``timeout`` seconds have passed (None: no limit), what is still queued is dropped, its
        tasks end with a `BackgroundError`, and what still runs is named in an error log. Closing
        again waits for what is left.

        Returns:
            Whether every thread has ended.

        Raises:
            BackgroundError: called from inside a query, or from one of the worker threads.
            CircularWait: a worker thread waits, directly or not, for the thread that calls this.
                New work is refused from then on; close again where nothing is held.
        """
        _refuse_in_query(f"closing {self.name}")
        deadline = None if timeout is None else monotonic() + timeout
        with self._changed:
            threads = [*self._running, *self._leaving]
            if threading.current_thread() in threads:
                raise BackgroundError(f"{self.name} is closed from its own worker thread")
            self._closing = True
            self._changed.notify_all()
        if any(thread.is_alive() for thread in threads):
            name = f"the threads of {self.name} to end"
            with waiting_for(threads, name, timeout):
                for thread in threads:
                    thread.join(None if deadline is None else max(deadline - monotonic(), 0.0))
        with self._changed:
            stuck = [t.name for t in self._running.values() if t is not None]
            dropped = list(self._queue)
            self._queue.clear()
        for task in dropped:
            task.error = BackgroundError(f"{self.name} was closed before {task.name!r} could run")
            task._finish()
        if stuck or dropped:
            logger.error(
                "%s closed after %s s with tasks still running: %s; and never started: %s",
                self.name,
                timeout,
                ", ".join(stuck) or "none",
                ", ".join(task.name for task in dropped) or "none",
            )
        return not any(thread.is_alive() for thread in threads)
