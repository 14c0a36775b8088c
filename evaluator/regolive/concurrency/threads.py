"""What each thread knows about itself: locks held, what it waits for, whether it is in a query.

Kept in one small object per thread, which a lock can also remember as its holder: that is what
allows a transaction to be ended by another thread than the one that opened it.
"""

from __future__ import annotations

import threading
from types import CodeType
from typing import TYPE_CHECKING, Literal, Protocol
from weakref import ref

if TYPE_CHECKING:
    from regolive.concurrency.waiting import Wait

LockMode = Literal["mutex", "read", "write"]
"""How a lock is held: a `Mutex` always as "mutex", an `RWLock` as "read" or "write"."""

Mark = tuple[CodeType, int, float]
"""Where and when a lock was taken: ``f_code`` and ``f_lasti`` of the frame that took it, and
``time.monotonic()``. The line is worked out only when a picture needs it."""


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

    def hold_of(self, state: ThreadState) -> tuple[LockMode, Mark] | None:
        """How, where and since when a thread holds the lock; None if it does not. Never waits."""


class ThreadState:
    """One thread's locks, wait and query mark. Get the current thread's with `this_thread`.

    ``held`` is changed by the thread itself, and by others only in two cases: when they hand it a
    lock it is blocked on, or release one on its behalf. Both are single list operations. The other
    fields are the thread's own to change, and everybody's to read.

    Attributes:
        thread: whose state it is.
        held: the locks held, in the order they were taken.
        queries: the queries, one inside another, that the thread is in: for each the store whose
            current version it pinned, or None if it holds a transaction.
        wait: what the thread is blocked on; None while it is not.
        origin: what started the thread, or its present task, in words; "" if nobody said.
    """

    __slots__ = ("__weakref__", "held", "origin", "queries", "thread", "wait")

    def __init__(self, thread: threading.Thread) -> None:
        self.thread = thread
        self.held: list[NamedLock] = []
        self.queries: list[object] = []
        self.wait: Wait | None = None
        self.origin = ""

    def __repr__(self) -> str:
        return f"<ThreadState {self.thread.name}>"


# By thread ident, for `state_of`. A state belongs to its thread, and to the locks that the thread
# has left behind; an ident is used again after its thread's end, so the table does not grow beyond
# the most threads that there ever were at once.
_states: dict[int, ref[ThreadState]] = {}


class _Local(threading.local):
    def __init__(self) -> None:
        self.state = ThreadState(threading.current_thread())
        _states[threading.get_ident()] = ref(self.state)


_local = _Local()

# For the one caller that counts nanoseconds: ``local_state.state`` is ``this_thread()``.
local_state = _local


def this_thread() -> ThreadState:
    """The current thread's state, made on first use."""
    return _local.state


def state_of(thread: threading.Thread) -> ThreadState | None:
    """The state of any thread; None if it never used this package, or has ended. Never waits."""
    found = _states.get(thread.ident or 0)
    state = found() if found is not None else None
    return state if state is not None and state.thread is thread else None


def describe_origin(text: str) -> None:
    """Say what started the current thread, for pictures of it: "watch loop of bucket 'users'"."""
    _local.state.origin = text


def held_locks() -> tuple[str, ...]:
    """Names of the locks that the current thread holds, in the order it took them.

    A lock that is held several times (a nested read) appears as often.
    """
    return tuple(lock.name for lock in _local.state.held)


def enter_query() -> None:
    """Mark the current thread as being inside a query. Nests; pair with `exit_query`."""
    _local.state.queries.append(None)


def exit_query() -> None:
    """Undo one `enter_query` of the same thread.

    Raises:
        RuntimeError: the thread is not inside a query.
    """
    state = _local.state
    if not state.queries:
        raise RuntimeError("exit_query() without enter_query() in this thread")
    state.queries.pop()


def in_query() -> bool:
    """Whether the current thread is inside a query."""
    return bool(_local.state.queries)
