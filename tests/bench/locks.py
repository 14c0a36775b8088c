"""What a lock costs while nobody else wants it, beside Python's own; and what a refused wait takes.

A free lock pays for its name, for knowing its holder, and for remembering where and when it was
taken; the wait graph is not asked. The last line is the circle of the incident: how long it takes
from the wait that closes it to `CircularWait` with its explanation.
"""

from __future__ import annotations

import threading
import timeit
from collections.abc import Callable
from time import perf_counter

from regolive.concurrency import CircularWait, Mutex, RWLock, this_thread
from regolive.storage import LockingStore, SnapshotStore

_REPEAT = 7


def _best(fn: Callable[[], object], number: int) -> float:
    """Nanoseconds per call, the best of several runs: the one that was disturbed least."""
    timer = timeit.Timer(fn)
    return min(timer.repeat(_REPEAT, number)) / number * 1e9


def _circle() -> float:
    """Milliseconds to refuse a wait: P reads the store, W has the manager and waits to commit."""
    store, manager = LockingStore({}), Mutex("manager.lock")

    def writer() -> None:
        with manager, store.write() as transaction:
            transaction.put("/nats/kv/members", {})

    with store.read():
        thread = threading.Thread(target=writer, name="W")
        thread.start()
        while not store._lock.waiting("write"):
            pass
        begun = perf_counter()
        try:
            manager.acquire()
        except CircularWait:
            took = perf_counter() - begun
    thread.join()
    return took * 1e3


def run(number: int = 20_000) -> dict[str, float]:
    """The measurements by name; units are in the names.

    Args:
        number: calls per run.
    """
    plain, mutex, rw = threading.Lock(), Mutex("m"), RWLock("rw")
    locking, snapshot = LockingStore({}), SnapshotStore({})

    def with_plain() -> None:
        with plain:
            pass

    def with_mutex() -> None:
        with mutex:
            pass

    def with_read() -> None:
        with rw.read():
            pass

    def with_write() -> None:
        with rw.write():
            pass

    base = _best(lambda: None, number)
    results = {
        "threading.Lock, free (ns)": _best(with_plain, number) - base,
        "Mutex, free (ns)": _best(with_mutex, number) - base,
        "RWLock read, free (ns)": _best(with_read, number) - base,
        "RWLock write, free (ns)": _best(with_write, number) - base,
        "LockingStore read transaction (ns)": _best(lambda: locking.read().close(), number) - base,
        "SnapshotStore read transaction (ns)": _best(lambda: snapshot.read().close(), number)
        - base,
    }
    assert not this_thread().held
    results["circular wait, refused and explained (ms)"] = min(_circle() for _ in range(20))
    return results


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:45} {value:10.3f}")
