"""A readers-writer lock with Go's `sync.RWMutex` rules, names, and known holders.

Readers share; a waiting writer keeps new readers out; when a writer leaves, the readers that
waited meanwhile go first, all of them, and then the next writer. So neither side starves. A lock
that becomes free is handed to the waiter directly: who gets it does not depend on who wakes first.
"""

from __future__ import annotations

import threading
from collections import deque
from sys import _getframe
from time import monotonic
from types import FrameType, TracebackType
from typing import Literal

from regolive.concurrency.threads import LockMode, Mark, ThreadState, _local
from regolive.concurrency.waiting import Blockers, LockTimeout, Wait, block

# The latch is only ever held for a few operations. A look at the lock for a picture gives up after
# so many seconds all the same: it may run in a finaliser, inside the latch's own holder.
_LOOK = 0.5

ReadOrWrite = Literal["read", "write"]


class _Waiter:
    """A thread in one of the queues; ``gate`` opens when the lock is handed to it."""

    __slots__ = ("gate", "granted", "mark", "state")

    def __init__(self, state: ThreadState, mark: Mark) -> None:
        self.state = state
        self.mark = mark
        self.granted = False
        self.gate = threading.Lock()
        self.gate.acquire()


class RWLock:
    """Readers share it, a writer has it alone.

    A thread may read while it reads already, but if a writer waits in between, the inner read
    waits for the writer and the writer for the outer read: for ever. As in Go, that is the
    caller's mistake; the wait graph reports it.

    Args:
        name: shown in errors, `held_locks` and the wait graph.
        guards: what it protects and what may be taken under it, in a few words.
    """

    __slots__ = (
        "__weakref__",
        "_latch",
        "_late",
        "_readers",
        "_waiting_readers",
        "_waiting_writers",
        "_writer",
        "_writer_mark",
        "guards",
        "name",
    )

    def __init__(self, name: str, guards: str = "") -> None:
        self.name = name
        self.guards = guards
        # Guards the fields below. Held for a few operations only; nothing is taken under it, and
        # no thread waits for a lock while holding it.
        self._latch = threading.Lock()
        self._readers: dict[ThreadState, tuple[int, Mark]] = {}  # how often, and where at first
        self._writer: ThreadState | None = None
        self._writer_mark: Mark | None = None  # of the last writer
        self._waiting_readers: deque[_Waiter] = deque()
        self._waiting_writers: deque[_Waiter] = deque()
        # Releases asked for by finalisers, see `release_late`.
        self._late: deque[tuple[ThreadState, ReadOrWrite]] = deque()

    # -- taking

    def acquire_read(self, timeout: float | None = None, frame: FrameType | None = None) -> bool:
        """Take the lock shared, within ``timeout`` seconds (None: for ever, 0: without waiting).

        Waits while a writer has it, and while a writer waits for it. Returns whether it was taken.
        Pictures show ``frame`` as the place where it was taken; by default the caller's.

        Raises:
            CircularWait: it would wait for itself, by way of other threads (see `configure`).
        """
        me = _local.state
        frame = frame or _getframe(1)
        mark = (frame.f_code, frame.f_lasti, monotonic())
        waiter = None
        with self._latch:
            free = self._writer is None and not self._waiting_writers
            if free:  # _grant_read, written out
                hold = self._readers.get(me)
                self._readers[me] = (1, mark) if hold is None else (hold[0] + 1, hold[1])
                me.held.append(self)
            elif timeout != 0:
                waiter = _Waiter(me, mark)
                self._waiting_readers.append(waiter)
        if self._late:
            self._settle()
        return free if waiter is None else self._wait(waiter, "read", timeout)

    def acquire_write(self, timeout: float | None = None, frame: FrameType | None = None) -> bool:
        """Take the lock alone, within ``timeout`` seconds (None: for ever, 0: without waiting).

        From the moment it waits, no new reader gets in. Returns whether it was taken.
        Pictures show ``frame`` as the place where it was taken; by default the caller's.

        Raises:
            CircularWait: it would wait for itself, by way of other threads (see `configure`).
        """
        me = _local.state
        frame = frame or _getframe(1)
        mark = (frame.f_code, frame.f_lasti, monotonic())
        waiter = None
        with self._latch:
            free = self._writer is None and not self._readers and not self._waiting_writers
            if free:  # _grant_write, written out
                self._writer_mark = mark
                self._writer = me
                me.held.append(self)
            elif timeout != 0:
                waiter = _Waiter(me, mark)
                self._waiting_writers.append(waiter)
        if self._late:
            self._settle()
        return free if waiter is None else self._wait(waiter, "write", timeout)

    def _wait(self, waiter: _Waiter, mode: ReadOrWrite, timeout: float | None) -> bool:
        try:
            gate = waiter.gate
            wait = Wait(self, mode, waiter.state, timeout, waiter)
            if block(wait, lambda limit: gate.acquire(True, limit)):
                return True
        except BaseException:
            # Refused by the observer, or interrupted. The lock may have been handed over meanwhile.
            if not self._leave_queue(waiter, mode):
                self._release(waiter.state, mode)
            raise
        return not self._leave_queue(waiter, mode)

    def _leave_queue(self, waiter: _Waiter, mode: ReadOrWrite) -> bool:
        """Give up waiting. False if it is too late for that: the lock is the waiter's."""
        with self._latch:
            left = not waiter.granted
            if left and mode == "read":
                self._waiting_readers.remove(waiter)
            elif left:
                self._waiting_writers.remove(waiter)
                self._hand_over()  # the readers that only this writer kept out
        if self._late:
            self._settle()
        return left

    # -- giving back

    def release_read(self, holder: ThreadState | None = None) -> None:
        """Give back one shared hold: the current thread's, or ``holder``'s.

        Raises:
            RuntimeError: that thread does not hold the lock for reading.
        """
        holder = holder or _local.state
        with self._latch:
            self._drop(holder, "read")
        if self._late:
            self._settle()

    def release_write(self, holder: ThreadState | None = None) -> None:
        """Give back the exclusive hold of the current thread, or of ``holder``.

        Raises:
            RuntimeError: that thread does not hold the lock for writing.
        """
        holder = holder or _local.state
        with self._latch:
            self._drop(holder, "write")
        if self._late:
            self._settle()

    def release_late(self, holder: ThreadState, mode: ReadOrWrite) -> None:
        """Give back ``holder``'s hold from a finaliser.

        A finaliser can run anywhere, also in a thread that is just inside this lock's latch, where
        waiting for the latch would be waiting for itself. So the release is queued, and done now
        if the latch is free; if not, whoever has the latch does it right after letting go of it.
        """
        self._late.append((holder, mode))
        self._settle()

    def _release(self, holder: ThreadState, mode: ReadOrWrite) -> None:
        with self._latch:
            self._drop(holder, mode)
        if self._late:
            self._settle()

    def _settle(self) -> None:
        while self._late:
            if not self._latch.acquire(blocking=False):
                return  # its holder looks at _late afterwards
            try:
                while self._late:
                    self._drop(*self._late.popleft())
            finally:
                self._latch.release()

    # -- under the latch

    def _grant_read(self, state: ThreadState, mark: Mark) -> None:
        hold = self._readers.get(state)
        self._readers[state] = (1, mark) if hold is None else (hold[0] + 1, hold[1])
        state.held.append(self)

    def _grant_write(self, state: ThreadState, mark: Mark) -> None:
        self._writer_mark = mark
        self._writer = state
        state.held.append(self)

    def _drop(self, holder: ThreadState, mode: ReadOrWrite) -> None:
        if mode == "read":
            hold = self._readers.get(holder)
            if hold is None:
                raise RuntimeError(f"{holder.thread.name} does not hold {self.name!r} for read")
            count, mark = hold
            if count == 1:
                del self._readers[holder]
            else:
                self._readers[holder] = (count - 1, mark)
            holder.held.remove(self)
            if not self._readers and self._waiting_writers:
                self._hand_over()
        else:
            if self._writer is not holder:
                raise RuntimeError(f"{holder.thread.name} does not hold {self.name!r} for write")
            self._writer = None
            holder.held.remove(self)
            if self._waiting_readers:
                self._admit_readers()
            else:
                self._hand_over()

    def _hand_over(self) -> None:
        """Give the lock to whom it is due, after a reader or a waiting writer has gone."""
        if self._writer is not None:
            return
        if not self._waiting_writers:
            self._admit_readers()
        elif not self._readers:
            waiter = self._waiting_writers.popleft()
            self._grant_write(waiter.state, (*waiter.mark[:2], monotonic()))
            waiter.granted = True
            waiter.gate.release()

    def _admit_readers(self) -> None:
        while self._waiting_readers:
            waiter = self._waiting_readers.popleft()
            self._grant_read(waiter.state, (*waiter.mark[:2], monotonic()))
            waiter.granted = True
            waiter.gate.release()

    # -- context managers and looking at it

    def read(self, timeout: float | None = None) -> _Reading:
        """Hold the lock shared for a ``with`` block.

        Raises:
            LockTimeout: on entering, if it is not free within ``timeout`` seconds.
        """
        return _Reading(self, timeout)

    def write(self, timeout: float | None = None) -> _Writing:
        """Hold the lock alone for a ``with`` block.

        Raises:
            LockTimeout: on entering, if it is not free within ``timeout`` seconds.
        """
        return _Writing(self, timeout)

    def hold_of(self, state: ThreadState) -> tuple[LockMode, Mark] | None:
        """How, where and since when a thread holds the lock; None if it does not. Never waits."""
        mark = self._writer_mark
        if self._writer is state and mark is not None:
            return "write", mark
        hold = self._readers.get(state)
        return ("read", hold[1]) if hold is not None else None

    def blockers(self, wait: Wait) -> Blockers:
        """Who keeps a waiter of this lock out: for the wait graph.

        The active writer; without one, the readers keep a writer out, and the writers in the queue
        keep a reader out (all of them: when one gives up, it is the next one's turn). Behind an
        active writer a reader does not wait for the queued writers: readers go first then.
        """
        if not self._latch.acquire(timeout=_LOOK):
            return Blockers()
        try:
            waiter = wait.ticket
            if isinstance(waiter, _Waiter) and waiter.granted:
                return Blockers()
            if self._writer is not None:
                return Blockers((self._writer,))
            if wait.mode == "write":
                return Blockers(tuple(self._readers))
            return Blockers(tuple(writer.state for writer in self._waiting_writers))
        finally:
            self._latch.release()
            if self._late:
                self._settle()

    def holders(self) -> tuple[threading.Thread, ...]:
        """The threads that hold the lock now, for reading or for writing."""
        writer = self._writer
        if writer is not None:
            return (writer.thread,)
        return tuple(state.thread for state in tuple(self._readers))

    @property
    def writer(self) -> threading.Thread | None:
        """The thread that holds the lock for writing, or None."""
        writer = self._writer
        return writer.thread if writer else None

    def waiting(self, mode: ReadOrWrite) -> tuple[threading.Thread, ...]:
        """The threads queued for the lock in this mode, first come first."""
        queue = self._waiting_readers if mode == "read" else self._waiting_writers
        with self._latch:
            threads = tuple(waiter.state.thread for waiter in queue)
        if self._late:
            self._settle()
        return threads

    def __repr__(self) -> str:
        names = ", ".join(thread.name for thread in self.holders())
        how = "written" if self._writer else "read"
        return f"<RWLock {self.name!r} {how + ' by ' + names if names else 'free'}>"


class _Holding:
    """The ``with`` block of `RWLock.read` and `RWLock.write`. The holder is who entered it."""

    __slots__ = ("_holder", "_lock", "_timeout")

    def __init__(self, lock: RWLock, timeout: float | None) -> None:
        self._lock = lock
        self._timeout = timeout


class _Reading(_Holding):
    __slots__ = ()

    def __enter__(self) -> None:
        if not self._lock.acquire_read(self._timeout, _getframe(1)):
            raise LockTimeout(self._lock, "read", self._timeout or 0)
        self._holder = _local.state

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release_read(self._holder)


class _Writing(_Holding):
    __slots__ = ()

    def __enter__(self) -> None:
        if not self._lock.acquire_write(self._timeout, _getframe(1)):
            raise LockTimeout(self._lock, "write", self._timeout or 0)
        self._holder = _local.state

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release_write(self._holder)
