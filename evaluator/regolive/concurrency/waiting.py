"""The one place where a thread blocks: what it waits for is published, and an observer is told.

Only contended acquisitions come here, and waits for background work; a free lock pays for none of
it. The wait graph is the observer that is installed at first; it may refuse a wait by raising.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from types import TracebackType
from typing import Literal, NamedTuple, Protocol

from regolive.concurrency.threads import NamedLock, ThreadState, state_of, this_thread
from regolive.errors import RegoliveError

Mode = Literal["mutex", "read", "write", "task", "gate"]
"""What is waited for: a lock ("mutex", "read", "write": how it is wanted), the end of a background
"task", or some other "gate" (see `waiting_for`)."""


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


class Blockers(NamedTuple):
    """Who has to move before a wait can end: all of the threads, or (``any_of``) any one."""

    threads: tuple[ThreadState, ...] = ()
    any_of: bool = False


class Awaited(Protocol):
    """Something that a thread can wait for: a lock, a background task, the end of threads."""

    @property
    def name(self) -> str:
        """Its name in pictures."""

    def holders(self) -> tuple[threading.Thread, ...]:
        """The threads it is waited from, for showing. Never waits."""

    def blockers(self, wait: Wait) -> Blockers:
        """Who keeps this wait from ending; nobody if it is ending already.

        One consistent look, taken under the latch if there is one.
        """


class Wait:
    """One thread waiting for one thing.

    Attributes:
        awaited: what it waits for.
        mode: and how.
        state: who waits.
        ticket: whatever the awaited thing needs to find the waiter again.
        timeout: the limit in seconds, or None.
        since: when it began, as ``time.monotonic()``.
        deadline: when it will end by itself; infinite without a limit.
        outer: the same thread's wait that this one interrupted (a finaliser or a signal handler
            that blocks in the middle of another wait), or None.
        reported: whether the watchdog has spoken of it.
    """

    __slots__ = (
        "awaited",
        "deadline",
        "mode",
        "outer",
        "reported",
        "since",
        "state",
        "ticket",
        "timeout",
    )

    def __init__(
        self,
        awaited: Awaited,
        mode: Mode,
        state: ThreadState,
        timeout: float | None,
        ticket: object = None,
    ) -> None:
        self.awaited = awaited
        self.mode: Mode = mode
        self.state = state
        self.ticket = ticket
        self.timeout = timeout
        self.since = monotonic()
        self.deadline = float("inf") if timeout is None else self.since + timeout
        self.outer: Wait | None = None
        self.reported = False


# Every wait there is, in the order of `_publish`. A dict because inserting, removing and copying
# are each one step that no other thread can see halfway, without a latch that a finaliser or a
# signal handler could meet a second time.
_waits: dict[Wait, None] = {}


def current_waits() -> list[Wait]:
    """All waits at this moment, in the order in which they were published."""
    return list(_waits.copy())


def _publish(wait: Wait) -> None:
    # First visible, then in the order. So of any waits, the one that came last in the order sees
    # all the others when it looks: what the wait graph's promise to miss nothing rests on.
    wait.outer = wait.state.wait
    wait.state.wait = wait
    _waits[wait] = None


def _withdraw(wait: Wait) -> None:
    _waits.pop(wait, None)
    if wait.state.wait is wait:
        wait.state.wait = wait.outer


def _forked() -> None:
    # Only the thread that forked is in the child.
    for wait in current_waits():
        if not wait.state.thread.is_alive():
            _waits.pop(wait, None)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class WaitObserver:
    """Told about every wait. This one does nothing.

    Both methods are called in the thread that waits, with no internal latch held. A lock already
    counts the thread among its waiters when `before_wait` is called, and
    ``this_thread().wait`` is the wait.
    """

    def before_wait(self, lock: Awaited, mode: Mode, thread: threading.Thread) -> None:
        """The thread is about to block. An exception from here cancels the wait."""

    def after_wait(self, lock: Awaited, mode: Mode, thread: threading.Thread) -> None:
        """The wait is over: it came to its end, or the time ran out, or it was interrupted.

        Not called when `before_wait` raised.
        """


_observer = WaitObserver()


def set_wait_observer(observer: WaitObserver | None) -> WaitObserver:
    """Install the process's wait observer (None: one that does nothing); return the old one.

    Waits that have begun stay with the observer they began with. The first observer is the wait
    graph: whoever replaces it switches off the detection of circular waits, and the watchdog.
    """
    global _observer  # noqa: PLW0603 - the choke point is the module's by design
    previous = _observer
    _observer = WaitObserver() if observer is None else observer
    return previous


def block(wait: Wait, wait_until: Callable[[float], bool]) -> bool:
    """Wait for what ``wait`` says. Every blocking wait of this package goes through here.

    Args:
        wait: the current thread's.
        wait_until: does the waiting, for at most so many seconds (-1: for ever), as
            ``threading.Lock.acquire``'s ``timeout`` has it; returns whether it came to its end.

    Returns what ``wait_until`` returned.
    """
    awaited, mode, thread = wait.awaited, wait.mode, wait.state.thread
    timeout = wait.timeout
    try:
        _publish(wait)
        observer = _observer
        observer.before_wait(awaited, mode, thread)
        try:
            if timeout is None:
                return wait_until(-1)
            return wait_until(min(max(timeout, 0.0), threading.TIMEOUT_MAX))
        finally:
            observer.after_wait(awaited, mode, thread)
    finally:
        _withdraw(wait)


class _Gate:
    """What `waiting_for` waits for: threads, or something that has only a name."""

    __slots__ = ("name", "threads")

    def __init__(self, name: str, threads: tuple[threading.Thread, ...]) -> None:
        self.name = name
        self.threads = threads

    def holders(self) -> tuple[threading.Thread, ...]:
        return tuple(thread for thread in self.threads if thread.is_alive())

    def blockers(self, wait: Wait) -> Blockers:
        states = [state_of(thread) for thread in self.threads if thread.is_alive()]
        return Blockers(tuple(state for state in states if state is not None))


class waiting_for:
    """Declare, for a ``with`` block, that the current thread waits for something in it.

    For waits that are not for a lock or a background task of this package: the end of a loop's
    thread, an event that another thread sets. Put nothing into the block but the call that blocks;
    what the current thread holds meanwhile counts as held::

        with waiting_for(self._thread, "the watch loop to end"):
            self._thread.join()

    Args:
        threads: the thread, or all of the threads, that have to do something before the wait can
            end. None (or nobody): it appears in dumps and to the watchdog, but in no circle.
        description: what is waited for, in a few words.
        timeout: the limit of the wait in seconds, if the call in the block has one.

    Raises:
        CircularWait: on entering, if the wait would close a circle.
    """

    __slots__ = ("_observer", "_wait")

    def __init__(
        self,
        threads: threading.Thread | Iterable[threading.Thread] | None,
        description: str = "",
        timeout: float | None = None,
    ) -> None:
        if threads is None:
            threads = ()
        elif isinstance(threads, threading.Thread):
            threads = (threads,)
        known = tuple(threads)
        name = description or "thread " + ", ".join(repr(thread.name) for thread in known)
        gate = _Gate(name, known)
        self._wait = Wait(gate, "gate", this_thread(), timeout)
        self._observer = _observer

    def __enter__(self) -> None:
        wait = self._wait
        wait.state = this_thread()
        try:
            _publish(wait)
            self._observer.before_wait(wait.awaited, wait.mode, wait.state.thread)
        except BaseException:
            _withdraw(wait)
            raise

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        wait = self._wait
        try:
            self._observer.after_wait(wait.awaited, wait.mode, wait.state.thread)
        finally:
            _withdraw(wait)
