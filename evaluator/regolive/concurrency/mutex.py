"""A mutex with a name and a known owner."""

from __future__ import annotations

import threading
from sys import _getframe
from time import monotonic
from types import FrameType, TracebackType

from regolive.concurrency.threads import LockMode, Mark, ThreadState, _local
from regolive.concurrency.waiting import Blockers, Wait, block


class Mutex:
    """Mutual exclusion. Not reentrant: to take it twice is to wait for oneself (`CircularWait`).

    Args:
        name: shown in errors, `held_locks` and the wait graph.
        guards: what it protects and what may be taken under it, in a few words.
    """

    __slots__ = ("__weakref__", "_lock", "_mark", "_owner", "guards", "name")

    def __init__(self, name: str, guards: str = "") -> None:
        self.name = name
        self.guards = guards
        self._lock = threading.Lock()
        # Set right after the lock is taken and cleared right before it is let go, both by whoever
        # has it: so while there is an owner, nobody else can have come in.
        self._owner: ThreadState | None = None
        self._mark: Mark | None = None  # of the last acquisition

    def acquire(self, timeout: float | None = None, frame: FrameType | None = None) -> bool:
        """Take the mutex, waiting at most ``timeout`` seconds (None: for ever, 0: not at all).

        Returns whether it was taken. Pictures show ``frame`` as the place where it was taken; by
        default the caller's.

        Raises:
            CircularWait: it would wait for itself, by way of other threads (see `configure`).
        """
        me = _local.state
        lock = self._lock
        if not lock.acquire(False) and (
            timeout == 0
            or not block(Wait(self, "mutex", me, timeout), lambda limit: lock.acquire(True, limit))
        ):
            return False
        frame = frame or _getframe(1)
        self._mark = (frame.f_code, frame.f_lasti, monotonic())
        self._owner = me
        me.held.append(self)
        return True

    def release(self, holder: ThreadState | None = None) -> None:
        """Let the mutex go: as the current thread, or on behalf of ``holder``.

        Safe in a finaliser.

        Raises:
            RuntimeError: that thread does not hold it.
        """
        owner = self._owner
        if owner is None or owner is not (holder or _local.state):
            held = f"held by {owner.thread.name}" if owner else "not held"
            raise RuntimeError(f"mutex {self.name!r} is {held}, and cannot be released here")
        self._owner = None
        owner.held.remove(self)
        self._lock.release()

    @property
    def locked(self) -> bool:
        """Whether some thread holds it."""
        return self._lock.locked()

    @property
    def owner(self) -> threading.Thread | None:
        """The thread that holds it, or None."""
        owner = self._owner
        return owner.thread if owner else None

    def holders(self) -> tuple[threading.Thread, ...]:
        """The owner as a tuple of at most one."""
        owner = self._owner
        return (owner.thread,) if owner else ()

    def hold_of(self, state: ThreadState) -> tuple[LockMode, Mark] | None:
        """Where and since when a thread holds the mutex; None if it does not. Never waits."""
        mark = self._mark
        return ("mutex", mark) if self._owner is state and mark is not None else None

    def blockers(self, wait: Wait) -> Blockers:
        """The owner. For the wait graph: while there is one, no waiter has got the mutex."""
        owner = self._owner
        return Blockers((owner,)) if owner is not None else Blockers()

    def __enter__(self) -> Mutex:
        # acquire(), written out: one call less, and the caller's frame is the one above.
        me = _local.state
        lock = self._lock
        if not lock.acquire(False):
            block(Wait(self, "mutex", me, None), lambda limit: lock.acquire(True, limit))
        frame = _getframe(1)
        self._mark = (frame.f_code, frame.f_lasti, monotonic())
        self._owner = me
        me.held.append(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def __repr__(self) -> str:
        owner = self.owner
        return f"<Mutex {self.name!r} {'held by ' + owner.name if owner else 'free'}>"
