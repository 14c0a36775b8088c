"""A mutex with a name and a known owner."""

from __future__ import annotations

import threading
from types import TracebackType

from regolive.concurrency.threads import ThreadState, this_thread
from regolive.concurrency.waiting import block


class Mutex:
    """Mutual exclusion. Not reentrant: a thread that takes it twice waits for itself.

    Args:
        name: shown in errors, `held_locks` and the wait graph.
        guards: what it protects and what may be taken under it, in a few words.
    """

    __slots__ = ("__weakref__", "_lock", "_owner", "guards", "name")

    def __init__(self, name: str, guards: str = "") -> None:
        self.name = name
        self.guards = guards
        self._lock = threading.Lock()
        self._owner: ThreadState | None = None

    def acquire(self, timeout: float | None = None) -> bool:
        """Take the mutex, waiting at most ``timeout`` seconds (None: for ever, 0: not at all).

        Returns whether it was taken.
        """
        me = this_thread()
        if not self._lock.acquire(blocking=False) and (
            timeout == 0 or not block(self, "mutex", me.thread, self._lock, timeout)
        ):
            return False
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
        if owner is None or owner is not (holder or this_thread()):
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

    def __enter__(self) -> Mutex:
        self.acquire()
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
