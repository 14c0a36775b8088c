"""What each thread knows about itself: the locks it holds and whether it is inside a query.

Kept in one small object per thread, which a lock can also remember as its holder: that is what
allows a transaction to be ended by another thread than the one that opened it.
"""

from __future__ import annotations

import threading
from typing import Protocol


class NamedLock(Protocol):
    """What every lock of this package has: a name, and a word on what it guards."""

    @property
    def name(self) -> str:
        """The lock's name, as error messages and the wait graph show it."""

    @property
    def guards(self) -> str:
        """What the lock protects, for people who read a dump."""

    def holders(self) -> tuple[threading.Thread, ...]:
        """The threads that hold the lock at this moment."""


class ThreadState:
    """One thread's locks and query mark. Get the current thread's with `this_thread`.

    ``held`` is changed by the thread itself, and by others only in two cases: when they hand it a
    lock it is blocked on, or release one on its behalf. Both are single list operations.
    """

    __slots__ = ("held", "queries", "thread")

    def __init__(self, thread: threading.Thread) -> None:
        self.thread = thread
        self.held: list[NamedLock] = []
        self.queries = 0

    def __repr__(self) -> str:
        return f"<ThreadState {self.thread.name}>"


class _Local(threading.local):
    def __init__(self) -> None:
        self.state = ThreadState(threading.current_thread())


_local = _Local()


def this_thread() -> ThreadState:
    """The current thread's state, made on first use."""
    return _local.state


def held_locks() -> tuple[str, ...]:
    """Names of the locks that the current thread holds, in the order it took them.

    A lock that is held several times (a nested read) appears as often.
    """
    return tuple(lock.name for lock in _local.state.held)


def enter_query() -> None:
    """Mark the current thread as being inside a query. Nests; pair with `exit_query`."""
    _local.state.queries += 1


def exit_query() -> None:
    """Undo one `enter_query` of the same thread.

    Raises:
        RuntimeError: the thread is not inside a query.
    """
    state = _local.state
    if not state.queries:
        raise RuntimeError("exit_query() without enter_query() in this thread")
    state.queries -= 1


def in_query() -> bool:
    """Whether the current thread is inside a query."""
    return _local.state.queries > 0
