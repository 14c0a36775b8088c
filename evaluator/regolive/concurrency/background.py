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

from regolive.concurrency.threads import in_query
from regolive.errors import RegoliveError

logger = logging.getLogger("regolive.concurrency")


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

    __slots__ = ("__weakref__", "_args", "_ended", "_fn", "error", "name", "result", "started_by")

    def __init__(self, fn: Callable[..., object], args: tuple[Any, ...], name: str) -> None:
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
        """
        _refuse_in_query(f"waiting for background task {self.name!r}")
        return self._ended.wait(timeout)

    def _run(self) -> None:
        fn, args = self._fn, self._args
        assert fn is not None
        try:
            self.result = fn(*args)
        except BaseException as error:  # a worker outlives whatever its tasks raise
            self.error = error
            logger.exception(
                "background task %r, submitted by thread %r, failed", self.name, self.started_by
            )
        finally:
            self._finish()

    def _finish(self) -> None:
        self._fn, self._args = None, ()
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
        task = BackgroundTask(fn, args, name or str(getattr(fn, "__qualname__", fn)))
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

    def close(self, timeout: float | None = None) -> bool:
        """Refuse new work, let what is queued and running finish, and join the threads.

        When ``timeout`` seconds have passed (None: no limit), what is still queued is dropped, its
        tasks end with a `BackgroundError`, and what still runs is named in an error log. Closing
        again waits for what is left.

        Returns:
            Whether every thread has ended.

        Raises:
            BackgroundError: called from inside a query, or from one of the worker threads.
        """
        _refuse_in_query(f"closing {self.name}")
        deadline = None if timeout is None else monotonic() + timeout
        with self._changed:
            threads = [*self._running, *self._leaving]
            if threading.current_thread() in threads:
                raise BackgroundError(f"{self.name} is closed from its own worker thread")
            self._closing = True
            self._changed.notify_all()
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
