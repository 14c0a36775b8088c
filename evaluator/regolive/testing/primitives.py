"""Locks, gates and threads that an exploration's scheduler drives, in the place of Python's own.

While an exploration runs, ``threading.Lock`` and its relatives give these to the explored threads,
and the real ones to all others. regolive's locks, stores and background threads are made of them,
as are ``threading.Condition``, ``Semaphore`` and ``Barrier``, and the queues: so the code under
test is the code that ships, and in production nothing is paid for it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from sys import _getframe
from threading import get_ident
from types import TracebackType
from typing import Any

from regolive.concurrency import background, rwlock, set_wait_observer, this_thread
from regolive.testing.scheduling import (
    NEVER,
    ExplorerError,
    Scheduler,
    Task,
)
from regolive.testing.tracing import place_of

_Event = threading.Event
_Lock = threading.Lock
_RLock = threading.RLock
_allocate_lock = threading._allocate_lock  # type: ignore[attr-defined]
_start = threading.Thread.start
_join = threading.Thread.join
_is_alive = threading.Thread.is_alive
_sleep = time.sleep
_monotonic = time.monotonic

# Who makes a lock that nobody else knows before its first acquisition: no choice there.
_PRIVATE = {rwlock._Waiter.__init__.__code__}


class ExploredLock:
    """``threading.Lock``."""

    __slots__ = ("_private", "_scheduler", "_waiter", "busy", "owner", "place")

    def __init__(self, scheduler: Scheduler, private: bool = False) -> None:
        self._scheduler = scheduler
        self._waiter = private  # somebody waits for it to be released by another thread
        self._private = private
        self.busy = False
        self.owner: Task | None = None
        self.place = _maker() if scheduler.tracing else ""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        scheduler = self._scheduler
        if self._private:
            self._private = False
        elif not blocking or timeout == 0:
            scheduler.step()
            if self.busy:
                return False
        elif not scheduler.wait(self, timeout):
            return False
        self.busy = True
        self.owner = scheduler.current
        return True

    def release(self) -> None:
        if not self.busy:
            raise RuntimeError("release unlocked lock")
        self.busy = False
        self.owner = None
        if self._scheduler.after_release:
            self._scheduler.step()

    def locked(self) -> bool:
        self._scheduler.step()
        return self.busy

    def _is_owned(self) -> bool:
        return self.busy  # what threading.Condition finds out by trying, which would be a step

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        if self._waiter:
            return f"word from another thread, at {self.place}"
        held = f", held by {self.owner.name!r}" if self.owner else ""
        return f"the lock made at {self.place}{held}"


class ExploredRLock:
    """``threading.RLock``."""

    __slots__ = ("_count", "_scheduler", "owner", "place")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._count = 0
        self.owner: Task | None = None
        self.place = _maker() if scheduler.tracing else ""

    @property
    def busy(self) -> bool:
        return self._count > 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        scheduler = self._scheduler
        if self._count and self.owner is scheduler.current:
            self._count += 1
            return True
        if not blocking or timeout == 0:
            scheduler.step()
            if self._count:
                return False
        elif not scheduler.wait(self, timeout):
            return False
        self._count = 1
        self.owner = scheduler.current
        return True

    def release(self) -> None:
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self.owner = None
            if self._scheduler.after_release:
                self._scheduler.step()

    # What threading.Condition asks of its lock.

    def _is_owned(self) -> bool:
        return self._count > 0 and self.owner is self._scheduler.current

    def _release_save(self) -> int:
        count, self._count, self.owner = self._count, 0, None
        return count

    def _acquire_restore(self, count: int) -> None:
        self._scheduler.wait(self)
        self._count = count
        self.owner = self._scheduler.current

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        held = f", held by {self.owner.name!r}" if self.owner else ""
        return f"the lock made at {self.place}{held}"


class ExploredEvent:
    """``threading.Event``."""

    __slots__ = ("_scheduler", "busy", "place")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.busy = True
        self.place = _maker() if scheduler.tracing else ""

    def is_set(self) -> bool:
        self._scheduler.step()
        return not self.busy

    def set(self) -> None:
        self._scheduler.step()
        self.busy = False

    def clear(self) -> None:
        self._scheduler.step()
        self.busy = True

    def wait(self, timeout: float | None = None) -> bool:
        return self._scheduler.wait(self, -1 if timeout is None else max(timeout, 0.0))

    def __repr__(self) -> str:
        return f"the event made at {self.place}"


def _maker() -> str:
    frame = _getframe(2)
    inside = (__file__, threading.__file__, queue.__file__)
    while frame.f_back is not None and frame.f_code.co_filename in inside:
        frame = frame.f_back
    return place_of(frame)


@contextmanager
def explored_primitives(scheduler: Scheduler) -> Iterator[None]:
    """Give explored primitives to the scheduler's threads, for a ``with`` block.

    Raises:
        ExplorerError: another exploration is going on in this process.
    """
    if threading.Lock is not _Lock:
        raise ExplorerError("one exploration at a time: another one is going on in this process")
    idents = scheduler.idents

    def make_lock() -> Any:
        if get_ident() not in idents:
            return _Lock()
        return ExploredLock(scheduler, _getframe(1).f_code in _PRIVATE)

    def make_waiter() -> Any:  # for threading.Condition: what its waiters block on
        return ExploredLock(scheduler, True) if get_ident() in idents else _allocate_lock()

    def make_rlock() -> Any:
        return ExploredRLock(scheduler) if get_ident() in idents else _RLock()

    def make_event() -> Any:
        return ExploredEvent(scheduler) if get_ident() in idents else _Event()

    def start(thread: threading.Thread) -> None:
        if get_ident() not in idents:
            _start(thread)
        else:
            _start_explored(thread, scheduler)

    def join(thread: threading.Thread, timeout: float | None = None) -> None:
        task: Task | None = thread.__dict__.get("_explored")
        if task is None or get_ident() not in idents:
            _join(thread, timeout)
        elif scheduler.wait(task, -1 if timeout is None else max(timeout, 0.0)):
            _join(thread)

    def is_alive(thread: threading.Thread) -> bool:
        task: Task | None = thread.__dict__.get("_explored")
        return _is_alive(thread) if task is None else task.busy

    def sleep(seconds: float) -> None:
        if get_ident() in idents:
            scheduler.wait(NEVER, seconds)
        else:
            _sleep(seconds)

    def monotonic() -> float:
        return scheduler.clock if get_ident() in idents else _monotonic()

    patches: list[tuple[Any, str, Callable[..., Any] | type]] = [
        (threading, "Lock", make_lock),
        (threading, "_allocate_lock", make_waiter),
        (threading, "RLock", make_rlock),
        (threading, "Event", make_event),
        (threading.Thread, "start", start),
        (threading.Thread, "join", join),
        (threading.Thread, "is_alive", is_alive),
        (queue, "SimpleQueue", queue._PySimpleQueue),  # type: ignore[attr-defined]
        (time, "sleep", sleep),
        (time, "monotonic", monotonic),
        (background, "monotonic", monotonic),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    # The explorer itself says what is stuck, and no wait of its threads is a long one.
    observer = set_wait_observer(None)
    try:
        for owner, name, value in patches:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
        set_wait_observer(observer)


def _start_explored(thread: threading.Thread, scheduler: Scheduler) -> None:
    """Start a thread that an explored thread has made: it waits for its baton first."""
    function = thread.run
    task = Task(thread.name, function, main=False)
    task.thread = thread
    task.baton = _Lock()
    task.baton.acquire()
    known = _Lock()
    known.acquire()

    def run() -> None:
        task.ident = get_ident()
        task.state = this_thread()
        scheduler.idents.add(task.ident)
        known.release()
        task.baton.acquire()
        try:
            scheduler.play(task)
        finally:
            scheduler.idents.discard(task.ident)

    thread.run = run  # type: ignore[method-assign]
    thread.__dict__["_explored"] = task
    with scheduler.real_primitives():  # for what a starting thread waits for inside Python
        thread._started = _Event()  # type: ignore[attr-defined]
        _start(thread)
    known.acquire()
    scheduler.start(task)
