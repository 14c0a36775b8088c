"""Named locks, the mark of a query, and background work with an owner.

Every lock has a name, and a thread knows the locks it holds. Every wait for a lock that is not free
passes one place, `set_wait_observer`, where a wait graph can attach.
"""

from regolive.concurrency.background import BackgroundError, BackgroundTask, BackgroundTasks
from regolive.concurrency.mutex import Mutex
from regolive.concurrency.rwlock import RWLock
from regolive.concurrency.threads import (
    NamedLock,
    ThreadState,
    enter_query,
    exit_query,
    held_locks,
    in_query,
    this_thread,
)
from regolive.concurrency.waiting import LockTimeout, Mode, WaitObserver, set_wait_observer

__all__ = [
    "BackgroundError",
    "BackgroundTask",
    "BackgroundTasks",
    "LockTimeout",
    "Mode",
    "Mutex",
    "NamedLock",
    "RWLock",
    "ThreadState",
    "WaitObserver",
    "enter_query",
    "exit_query",
    "held_locks",
    "in_query",
    "set_wait_observer",
    "this_thread",
]
