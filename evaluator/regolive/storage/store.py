"""What the two stores share: versions, the serialised writers, commit callbacks, book-keeping.

A store differs from another only in how a reader gets its document and how a commit replaces it.
"""

from __future__ import annotations

import logging
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from sys import _getframe
from types import CodeType
from typing import Any, Literal, NoReturn

from regolive.concurrency import LockTimeout, Mutex, ThreadState, this_thread
from regolive.errors import StorageError, TransactionError
from regolive.storage.draft import Draft
from regolive.storage.events import Change, CommitEvent, Op, OpenTransaction, describe_place
from regolive.storage.paths import Path
from regolive.storage.transactions import ReadPlace, ReadTransaction, WriteTransaction

logger = logging.getLogger("regolive.storage")

Version = tuple[dict[str, Any], int]
"""A root document and its revision: one object, so that a reader gets both or neither."""


class _Reads(threading.local):
    """Per thread, the read transactions it opened in one store and that have not ended."""

    def __init__(self, threads: dict[threading.Thread, list[ReadPlace]]) -> None:
        self.places: list[ReadPlace] = []
        for thread in tuple(threads):
            if not thread.is_alive() and not threads.get(thread):
                threads.pop(thread, None)
        threads[threading.current_thread()] = self.places


class Store(ABC):
    """The documents under ``data``. Made by `open_store`; safe to use from any thread.

    Args:
        root: the first document, which belongs to the store from then on.
        name: what errors, and the names of the store's locks, call it.

    Attributes:
        name: as given.
        abandoned: how many transactions were garbage-collected while open. Each was logged with
            the place where it was opened, and what it held was released.
    """

    def __init__(self, root: dict[str, Any] | None = None, *, name: str = "store") -> None:
        if root is not None and not isinstance(root, dict):
            raise StorageError(f"/: root must be object, not {type(root).__name__}")
        self.name = name
        self.abandoned = 0
        self._version: Version = ({} if root is None else root, 0)
        self._closed = False
        self._callbacks: dict[object, Callable[[CommitEvent], object]] = {}
        self._threads: dict[threading.Thread, list[ReadPlace]] = {}
        self._reads = _Reads(self._threads)
        self._writer = Mutex(
            f"{name}.writer",
            guards="the right to change the store, from a write transaction's start to its end; "
            "a locking store takes its readers-writer lock under it",
        )
        self._writer_place: tuple[CodeType, int] | None = None

    # -- transactions

    @abstractmethod
    def read(self, timeout: float | None = None) -> ReadTransaction:
        """Open a read transaction: the data as of now, unchanged until it is closed.

        A `SnapshotStore` never waits. A `LockingStore` waits for a commit, and for a writer that
        waits itself, for at most ``timeout`` seconds (None: for ever).

        Raises:
            LockTimeout: not possible in time.
            StorageError: the store is closed.
        """

    @abstractmethod
    def _replace(self, version: Version, timeout: float | None) -> None:
        """Make ``version`` the current one, waiting as long as the store's readers demand."""

    def write(self, timeout: float | None = None) -> WriteTransaction:
        """Open a write transaction, when the one before has ended.

        Waits for at most ``timeout`` seconds (None: for ever).

        Raises:
            LockTimeout: the other writer did not end in time.
            TransactionError: this thread has an open read transaction, or a write transaction:
                waiting could never end.
            StorageError: the store is closed.
        """
        self._refuse_reader("write to")
        writer = self._writer
        me = this_thread()
        if writer.owner is me.thread:
            place = self._writer_place
            where = f", opened at {describe_place(*place)}" if place else ""
            raise TransactionError(
                f"this thread already has a write transaction in {self.name}{where}: "
                "use that one, or end it first"
            )
        if not writer.acquire(timeout, _getframe(1)):
            raise LockTimeout(writer, "mutex", timeout or 0)
        try:
            if self._closed:
                self._refuse_closed()
            frame = _getframe(1)
            txn = WriteTransaction(self, Draft(self._version[0]), me, frame)
        except BaseException:
            writer.release(me)
            raise
        self._writer_place = txn._opened
        return txn

    def _refuse_reader(self, what: str) -> None:
        places = self._reads.places
        if places:
            raise TransactionError(
                f"cannot {what} {self.name}: this thread has a read transaction, opened at "
                f"{describe_place(*places[-1][:2])}; a commit would wait for it, and it for the "
                "commit. Close it first, or write from another thread"
            )
        if self in this_thread().queries:
            raise TransactionError(
                f"cannot {what} {self.name} from inside a query over it: the query sees one state "
                "of all data until its result. Write from another thread (a builtin: "
                "ctx.background)"
            )

    def _refuse_closed(self) -> NoReturn:
        raise StorageError(f"{self.name} is closed")

    def _publish(self, root: dict[str, Any], timeout: float | None) -> int:
        """Commit: make ``root`` the current document. Only for the holder of the writer's mutex."""
        if self._closed:
            self._refuse_closed()
        self._refuse_reader("commit to")
        revision = self._version[1] + 1
        self._replace((root, revision), timeout)
        return revision

    def _writer_left(self, holder: ThreadState) -> None:
        self._writer_place = None
        self._writer.release(holder)

    def _abandon(self, kind: Literal["read", "write"], code: CodeType, offset: int) -> None:
        # Called by finalisers, after what the transaction held has been released. Not raised
        # anywhere: the next caller of the store is not the one that lost the transaction.
        self.abandoned += 1
        if not sys.is_finalizing():
            logger.error(
                "%s transaction of %s was abandoned: opened at %s and never closed",
                kind,
                self.name,
                describe_place(code, offset),
            )

    # -- callbacks

    def on_commit(self, callback: Callable[[CommitEvent], object]) -> Callable[[], None]:
        """Call ``callback`` after every commit that changed something, with what it changed.

        It runs in the thread that committed, after the transaction has ended and with no lock of
        the store held, so it may read and write. What it raises is logged, and the others run.

        Returns:
            A function that ends the subscription; calling it again does nothing.
        """
        token = object()
        self._callbacks[token] = callback

        def unsubscribe() -> None:
            self._callbacks.pop(token, None)

        return unsubscribe

    def _announce(self, revision: int, changes: list[tuple[Op, Path, Any]]) -> None:
        callbacks = tuple(self._callbacks.values())
        if not callbacks:
            return
        event = CommitEvent(revision, tuple(Change(*change) for change in changes))
        for callback in callbacks:
            try:
                callback(event)
            except Exception:
                logger.exception(
                    "commit callback %r of %s failed at revision %d", callback, self.name, revision
                )

    # -- state

    @property
    def revision(self) -> int:
        """How many commits have changed something."""
        return self._version[1]

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def open_transactions(self) -> tuple[OpenTransaction, ...]:
        """The transactions that have not ended, for a status page."""
        found = [
            OpenTransaction("read", thread.name, describe_place(code, offset), revision)
            for thread, places in tuple(self._threads.items())
            for code, offset, revision in tuple(places)
        ]
        owner, place = self._writer.owner, self._writer_place
        if owner is not None and place is not None:
            found.append(
                OpenTransaction("write", owner.name, describe_place(*place), self.revision)
            )
        return tuple(found)

    def close(self) -> None:
        """Refuse new transactions and commits, and drop the callbacks. Closing again does nothing.

        Waits for nobody: read transactions that are open can be read to their end. They are named
        in a warning.
        """
        if self._closed:
            return
        self._closed = True
        self._callbacks.clear()
        left = self.open_transactions()
        if left:
            logger.warning(
                "%s was closed with %d transactions open: %s",
                self.name,
                len(left),
                "; ".join(f"{t.kind} by {t.thread} at {t.place}" for t in left),
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}, revision {self.revision}>"
