"""The one place where a thread blocks on a lock, and the observer that is told about it.

Only contended acquisitions come here, so an observer costs nothing while locks are free. A wait
graph attaches itself with `set_wait_observer` and may refuse a wait by raising.
"""

from __future__ import annotations

import threading
from typing import Literal, Protocol

from regolive.concurrency.threads import NamedLock
from regolive.errors import RegoliveError

Mode = Literal["mutex", "read", "write"]
"""How a lock is wanted: a `Mutex` always as "mutex", an `RWLock` as "read" or "write"."""


class LockTimeout(RegoliveError, TimeoutError):
    """A lock was not free within the time allowed. The message names the lock and its holders."""

    def __init__(self, lock: NamedLock, mode: Mode, timeout: float) -> None:
        holders = ", ".join(thread.name for thread in lock.holders()) or "nobody any more"
        wanted = "" if mode == "mutex" else f" for {mode}"
        super().__init__(
            f"waited {timeout:g} s for lock {lock.name!r}{wanted}; it is held by {holders}"
        )
        self.lock = lock.name
        self.mode = mode


class WaitObserver:
    """Told about every wait for a lock that is not free. This one does nothing.

    Both methods are called in the thread that waits, with no internal latch held. The lock already
    counts the thread among its waiters when `before_wait` is called.
    """

    def before_wait(self, lock: NamedLock, mode: Mode, thread: threading.Thread) -> None:
        """The thread is about to block. An exception from here cancels the acquisition."""

    def after_wait(self, lock: NamedLock, mode: Mode, thread: threading.Thread) -> None:
        """The wait is over: the lock is held, or the time ran out, or the wait was interrupted.

        Not called when `before_wait` raised.
        """


_observer = WaitObserver()


def set_wait_observer(observer: WaitObserver | None) -> WaitObserver:
    """Install the process's wait observer (None: the one that does nothing); return the old one.

    Waits that have begun stay with the observer they began with.
    """
    global _observer  # noqa: PLW0603 - the choke point is the module's by design
    previous = _observer
    _observer = WaitObserver() if observer is None else observer
    return previous


class Gate(Protocol):
    """The part of ``threading.Lock`` that a wait needs."""

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Take the gate, as ``threading.Lock.acquire``."""


def block(
    lock: NamedLock, mode: Mode, thread: threading.Thread, gate: Gate, timeout: float | None
) -> bool:
    """Wait until ``gate`` opens, for at most ``timeout`` seconds (None: for ever).

    Returns whether it did. Every blocking wait for a named lock goes through here.
    """
    observer = _observer
    observer.before_wait(lock, mode, thread)
    try:
        if timeout is None:
            return gate.acquire()
        return gate.acquire(timeout=min(max(timeout, 0.0), threading.TIMEOUT_MAX))
    finally:
        observer.after_wait(lock, mode, thread)
