"""The threads of a server: a bounded pool for queries, and reserved ones for looking at the server.

The loop that speaks HTTP only ever waits with a limit: whatever the threads are stuck in, a request
is answered when its time is up, and a probe has a thread that no query can take from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from regolive.codegen import Cancellation
from regolive.concurrency import BackgroundError, BackgroundTasks
from regolive.errors import CancelledError
from regolive.server.errors import RequestError

GRACE = 0.25
"""Seconds after its deadline in which a query is still expected to end by itself, and say where."""


class Job:
    """One query on its way: waiting for a thread, running in one, or done.

    Attributes:
        name: the request, for people.
        deadline: a ``time.monotonic`` value.
        cancellation: ends the query.
        thread: the name of the thread that runs it, or None.
        since: when that thread took it, as ``time.monotonic``.
    """

    __slots__ = ("cancellation", "deadline", "name", "since", "thread")

    def __init__(self, name: str, deadline: float) -> None:
        self.name = name
        self.deadline = deadline
        self.cancellation = Cancellation()
        self.thread: str | None = None
        self.since = 0.0

    @property
    def left(self) -> float:
        """Seconds until the deadline; 0 if it has passed."""
        return max(self.deadline - time.monotonic(), 0.0)

    @property
    def stuck(self) -> bool:
        """Whether it runs although it should have ended."""
        return self.thread is not None and time.monotonic() > self.deadline + 2 * GRACE


def post(loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], outcome: Any) -> None:
    """Settle a future of ``loop`` from another thread, if anybody still waits for it."""

    def settle() -> None:
        if not future.done():
            future.set_result(outcome)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody does
        loop.call_soon_threadsafe(settle)


class QueryThreads:
    """Runs queries, at most so many at once, and lets at most so many more wait for a thread."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.threads = threads
        self.waiting = waiting
        self.answered = 0
        self.refused = 0
        self._pool = BackgroundTasks(name, threads)
        # Inserted and removed by the loop's thread alone; others look at copies.
        self._jobs: dict[Job, None] = {}

    def jobs(self) -> list[Job]:
        """The queries that are running or waiting for a thread."""
        return list(self._jobs.copy())

    async def run(
        self, job: Job, function: Callable[[Job], Any], gone: asyncio.Future[None]
    ) -> Any:
        """What ``function(job)`` returns, in a thread of the pool.

        It is cancelled when ``gone`` is done (then None is returned) or the caller is.

        Raises:
            RequestError: too many queries wait already, or the server is stopping.
            CancelledError: the deadline passed, whether or not the thread noticed.
        """
        if len(self._jobs) >= self.threads + self.waiting:
            self.refused += 1
            raise RequestError(
                f"all {self.threads} query threads are busy, and {self.waiting} more queries stand "
                "in line for one",
                status=503,
                code="internal_error",
            )
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._jobs[job] = None
        try:
            self._pool.submit(self._work, job, function, loop, answer, name=job.name)
        except BackgroundError as error:
            del self._jobs[job]
            raise RequestError(str(error), status=503, code="internal_error") from error
        try:
            await asyncio.wait(
                {answer, gone}, timeout=job.left + GRACE, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            if not answer.done():
                job.cancellation.cancel()
        if answer.done():
            self.answered += 1
            outcome = answer.result()
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome
        if gone.done():
            return None
        raise CancelledError(self._too_late(job))

    def _too_late(self, job: Job) -> str:
        if job.thread is None:
            return (
                "query ran past its deadline, waiting for one of the "
                f"{self.threads} query threads; /debug/threads shows what they do"
            )
        return (
            f"query ran past its deadline, and thread {job.thread!r} still runs it, stuck where no "
            "deadline is looked at; /debug/threads shows where"
        )

    def _work(
        self,
        job: Job,
        function: Callable[[Job], Any],
        loop: asyncio.AbstractEventLoop,
        answer: asyncio.Future[Any],
    ) -> None:
        job.since = time.monotonic()
        job.thread = threading.current_thread().name
        outcome: Any
        try:
            if job.cancellation.cancelled:  # nobody waits for it any more
                outcome = CancelledError("query cancelled, before it began")
            elif job.left <= 0:
                outcome = CancelledError(self._too_late_in_queue())
            else:
                outcome = function(job)
        except BaseException as error:  # raised again where it is waited for
            outcome = error
        finally:
            # Only this thread knows when it has really done with the query.
            job.thread = None
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._jobs.pop, job, None)
        post(loop, answer, outcome)

    def _too_late_in_queue(self) -> str:
        return f"query ran past its deadline, waiting for one of the {self.threads} query threads"

    def cancel(self) -> None:
        """End every query at its next checkpoint. From any thread."""
        for job in self.jobs():
            job.cancellation.cancel()

    def close(self, timeout: float) -> bool:
        """Join the threads. False if some are still stuck after ``timeout`` seconds."""
        return self._pool.close(timeout)


class Probe:
    """A reserved thread that looks at something, one look at a time.

    A look that takes too long is left behind, and those who ask meanwhile wait for the same look:
    however stuck what it looks at is, it costs one thread.
    """

    def __init__(self, name: str, look: Callable[[], Any]) -> None:
        self.name = name
        self._look = look
        self._pool = BackgroundTasks(name, 1)
        self._current: asyncio.Future[Any] | None = None
        self._since = 0.0

    async def ask(self, timeout: float) -> Any:
        """What the look returned.

        Raises:
            TimeoutError: it did not within ``timeout`` seconds; the message says since when it
                has been looking. And whatever the look raised.
        """
        loop = asyncio.get_running_loop()
        current = self._current
        if current is None or current.done():
            current = self._current = loop.create_future()
            self._since = time.monotonic()
            self._pool.submit(self._run, loop, current, name=self.name)
        await asyncio.wait({current}, timeout=timeout)
        if not current.done():
            age = time.monotonic() - self._since
            raise TimeoutError(f"no answer for {age:.1f} s from thread {self.name}-1")
        outcome = current.result()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _run(self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Any]) -> None:
        outcome: Any
        try:
            outcome = self._look()
        except Exception as error:
            outcome = error
        post(loop, answer, outcome)

    def close(self, timeout: float) -> bool:
        """Join the thread. False if it is stuck for longer than ``timeout`` seconds."""
        return self._pool.close(timeout)
