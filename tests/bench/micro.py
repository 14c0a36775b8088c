"""What the parts of a decision cost by themselves, in nanoseconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from regolive import Runtime
from regolive.concurrency import Mutex, RWLock
from regolive.storage import LockingStore, SnapshotStore
from tests.bench.timing import Batch, Effort, compare

LOOPS = 1000


def measure(effort: Effort) -> dict[str, float]:
    """Nanoseconds for each part, the loop around it taken off."""
    with ExitStack() as stack:
        constant = {"constant.rego": "package constant\n\nallow := true\n"}
        snapshot = stack.enter_context(Runtime(modules=constant))
        locking = stack.enter_context(Runtime(modules=constant, store="locking"))
        nothing = _repeat(lambda: None)
        parts = {
            "evaluate a constant policy (snapshot store)": _evaluate(snapshot),
            "evaluate a constant policy (locking store)": _evaluate(locking),
            "read transaction (SnapshotStore)": _transaction(SnapshotStore({"a": 1})),
            "read transaction (LockingStore)": _transaction(LockingStore({"a": 1})),
            "Mutex, uncontended": _mutex(Mutex("bench.mutex", guards="nothing")),
            "threading.Lock, uncontended": _mutex(threading.Lock()),
            "RWLock for reading, uncontended": _reading(RWLock("bench.rw", guards="nothing")),
        }
        taken = compare({**parts, "a call": nothing}, LOOPS, effort)
    call = taken.pop("a call").ns
    return {name: max(0.0, measured.ns - call) for name, measured in taken.items()}


def _repeat(function: Callable[[], Any]) -> Batch:
    def batch(repeats: int) -> None:
        for _ in range(repeats):
            for _ in range(LOOPS):
                function()

    return batch


def _evaluate(runtime: Runtime) -> Batch:
    prepared = runtime.prepare("data.constant.allow")
    document = {"user": "alice"}
    return _repeat(lambda: prepared.evaluate(document))


def _transaction(store: SnapshotStore | LockingStore) -> Batch:
    def read() -> None:
        with store.read():
            pass

    return _repeat(read)


def _mutex(lock: Any) -> Batch:
    def take() -> None:
        with lock:
            pass

    return _repeat(take)


def _reading(lock: RWLock) -> Batch:
    def take() -> None:
        with lock.read():
            pass

    return _repeat(take)
