"""A store with the semantics of OPA's in-memory store: readers hold a lock while they read.

Kept for people who rely on those semantics, and because the incident that regolive explains needs
them: a commit waits for every reader, and while it waits no new reader gets in.
"""

from __future__ import annotations

from sys import _getframe
from typing import Any

from regolive.concurrency import LockTimeout, RWLock, this_thread
from regolive.storage.store import Store, Version
from regolive.storage.transactions import LockedReadTransaction, ReadTransaction


class LockingStore(Store):
    """Readers share a lock for the whole transaction; a commit takes it alone.

    A thread that opens a read transaction inside another waits for ever if a commit began to wait
    in between. That is so in OPA too.
    """

    def __init__(self, root: dict[str, Any] | None = None, *, name: str = "store") -> None:
        super().__init__(root, name=name)
        self._lock = RWLock(
            name,
            guards="the current documents: held for reading by a read transaction from start to "
            "end, whatever it takes meanwhile; for writing while a commit swaps the root, with "
            "nothing taken under it",
        )

    def read(self, timeout: float | None = None) -> ReadTransaction:
        if self._closed:
            self._refuse_closed()
        lock = self._lock
        if not lock.acquire_read(timeout, _getframe(1)):
            raise LockTimeout(lock, "read", timeout or 0)
        holder = this_thread()
        try:
            frame = _getframe(1)
            txn = LockedReadTransaction()
            txn._store = self
            txn._lock = lock
            txn._holder = holder
            revision = txn.revision = self._version[1]
            reads = txn._reads = self._reads.places
            opened = (frame.f_code, frame.f_lasti, revision)
            reads.append(opened)
        except BaseException:
            lock.release_read(holder)
            raise
        # From here on the transaction owns the lock, and releases it itself, even if forgotten.
        txn.root = self._version[0]
        txn._opened = opened
        return txn

    def _replace(self, version: Version, timeout: float | None) -> None:
        lock = self._lock
        if not lock.acquire_write(timeout):
            raise LockTimeout(lock, "write", timeout or 0)
        holder = this_thread()
        try:
            self._version = version
        finally:
            lock.release_write(holder)
