"""Named locks, the wait graph over them, the mark of a query, and background work with an owner.

Every lock has a name, and a thread knows the locks it holds. Every wait passes one place, where the
wait graph looks: a wait that closes a circle is refused with `CircularWait`.
"""

from regolive.concurrency.background import BackgroundError, BackgroundTask, BackgroundTasks
from regolive.concurrency.mutex import Mutex
from regolive.concurrency.picture import (
    HeldLock,
    PendingWait,
    ThreadDescriber,
    ThreadPicture,
    add_thread_describer,
    describe_place,
    dump_threads,
    render_threads,
)
from regolive.concurrency.rwlock import RWLock
from regolive.concurrency.stacks import all_stacks
from regolive.concurrency.threads import (
    NamedLock,
    ThreadState,
    describe_origin,
    enter_query,
    exit_query,
    held_locks,
    in_query,
    this_thread,
)
from regolive.concurrency.waitgraph import (
    CircularWait,
    DetectMode,
    WaitGraphStatus,
    configure,
    rest_watchdog,
    wait_graph_status,
)
from regolive.concurrency.waiting import (
    Awaited,
    LockTimeout,
    Mode,
    WaitObserver,
    set_wait_observer,
    waiting_for,
)

__all__ = [
    "Awaited",
    "BackgroundError",
    "BackgroundTask",
    "BackgroundTasks",
    "CircularWait",
    "DetectMode",
    "HeldLock",
    "LockTimeout",
    "Mode",
    "Mutex",
    "NamedLock",
    "PendingWait",
    "RWLock",
    "ThreadDescriber",
    "ThreadPicture",
    "ThreadState",
    "WaitGraphStatus",
    "WaitObserver",
    "add_thread_describer",
    "all_stacks",
    "configure",
    "describe_origin",
    "describe_place",
    "dump_threads",
    "enter_query",
    "exit_query",
    "held_locks",
    "in_query",
    "render_threads",
    "rest_watchdog",
    "set_wait_observer",
    "this_thread",
    "wait_graph_status",
    "waiting_for",
]
