"""Read and write transactions.

Opening and ending one is on the way of every query, so both remember only code objects and offsets,
and an ended read transaction changes its class: an open one needs no check on any access, and an
ended one answers every access with the error that says where it was opened and ended.
"""

from __future__ import annotations

import sys
from sys import _getframe
from types import CodeType, FrameType, TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from regolive.concurrency import RWLock, ThreadState
from regolive.errors import TransactionError
from regolive.storage.draft import Draft
from regolive.storage.events import Op, describe_place
from regolive.storage.paths import Path, as_path, lookup

if TYPE_CHECKING:
    from regolive.storage.store import Store

ReadPlace = tuple[CodeType, int, int]
"""Where a read transaction was opened: code, instruction offset; and the revision it sees."""


class ReadTransaction:
    """One state of all data, from `Store.read` until `close`. A context manager that closes.

    Any thread may use and end it, but only one at a time.

    Attributes:
        root: the root document. Never change it. Raises `TransactionError` after the end.
        revision: the store's revision that it shows.
    """

    # The fields of all its subclasses: `__class__` can be changed only between equal layouts.
    __slots__ = (
        "__weakref__",
        "_end_code",
        "_end_offset",
        "_holder",
        "_lock",
        "_opened",
        "_reads",
        "_store",
        "revision",
        "root",
    )

    root: dict[str, Any]
    revision: int
    _store: Store
    _opened: ReadPlace
    _reads: list[ReadPlace]  # the open ones of the thread that opened this one
    _end_code: CodeType
    _end_offset: int
    _lock: RWLock  # these two in a locking store only
    _holder: ThreadState

    @property
    def open(self) -> bool:
        """Whether it can still be read from."""
        return True

    def read(self, path: Path | str) -> Any:
        """The value at ``path``. Never change it.

        Raises:
            NotFoundError: there is none.
            InvalidPathError: text that is no path.
            TransactionError: the transaction has ended.
        """
        return lookup(self.root, as_path(path))

    def close(self) -> None:
        """End the transaction; it is no error to end it again."""
        _end_read(self, _getframe(1))

    def __enter__(self) -> ReadTransaction:
        self.root  # noqa: B018 - raises if it has ended
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _end_read(self, _getframe(1))

    def __repr__(self) -> str:
        return f"<ReadTransaction of {self._store.name}, revision {self.revision}>"


def _end_read(txn: ReadTransaction, frame: FrameType) -> bool:
    """End an open transaction. False if another thread, or an earlier call, has done it."""
    try:
        del txn.root  # of several threads, one succeeds; and old documents are not kept alive
    except AttributeError:
        return False
    txn._end_code = frame.f_code
    txn._end_offset = frame.f_lasti
    txn._reads.remove(txn._opened)
    txn.__class__ = EndedReadTransaction
    return True


class OpenReadTransaction(ReadTransaction):
    """An open read transaction that holds nothing but the document."""

    __slots__ = ()

    def close(self) -> None:
        # _end_read, written out: a call less on the way of every query.
        try:
            del self.root
        except AttributeError:
            return
        frame = _getframe(1)
        self._end_code = frame.f_code
        self._end_offset = frame.f_lasti
        self._reads.remove(self._opened)
        self.__class__ = EndedReadTransaction  # type: ignore[assignment]

    def __del__(self) -> None:
        try:
            store, opened = self._store, self._opened
        except AttributeError:
            return  # interrupted while it was being opened
        if _end_read(self, _getframe(0)):
            store._abandon("read", opened[0], opened[1])


class LockedReadTransaction(ReadTransaction):
    """An open read transaction that holds its store's lock, for the thread that opened it."""

    __slots__ = ()

    def close(self) -> None:
        if _end_read(self, _getframe(1)):
            self._lock.release_read(self._holder)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if _end_read(self, _getframe(1)):
            self._lock.release_read(self._holder)

    def __del__(self) -> None:
        try:
            store, opened = self._store, self._opened
        except AttributeError:
            return
        if _end_read(self, _getframe(0)):
            self._lock.release_late(self._holder, "read")
            store._abandon("read", opened[0], opened[1])


class EndedReadTransaction(ReadTransaction):
    """What a read transaction is after its end."""

    __slots__ = ()

    @property
    def root(self) -> NoReturn:  # type: ignore[override]
        """Raises `TransactionError`, always."""
        raise TransactionError(
            "this read transaction has ended: "
            f"opened at {describe_place(self._opened[0], self._opened[1])}, "
            f"ended at {describe_place(self._end_code, self._end_offset)}"
        )

    @property
    def open(self) -> bool:
        return False

    def close(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


class WriteTransaction:
    """Changes to the store, seen by nobody else until `commit`. Made by `Store.write`.

    As a context manager it commits at the end of the block, and aborts if the block raises. Any
    thread may use and end it, but only one at a time. A value given to it belongs to the store:
    do not change it afterwards. Paths are tuples, or text as `parse_path` reads it.
    """

    __slots__ = ("__weakref__", "_changes", "_draft", "_ended", "_holder", "_opened", "_store")

    def __init__(self, store: Store, draft: Draft, holder: ThreadState, frame: FrameType) -> None:
        self._store = store
        self._draft: Draft | None = draft
        self._holder = holder
        self._opened = (frame.f_code, frame.f_lasti)
        self._ended: tuple[CodeType, int, str] | None = None
        self._changes: list[tuple[Op, Path, Any]] = []

    @property
    def open(self) -> bool:
        """Whether it has neither been committed nor aborted."""
        return self._draft is not None

    def read(self, path: Path | str) -> Any:
        """The value at ``path``, with the changes made so far. Never change it.

        A container that is read is copied again by the next change below it: in a loop, read the
        leaf and not its parent.

        Raises:
            NotFoundError: there is none.
            TransactionError: the transaction has ended.
        """
        return (self._draft or self._refuse()).read(as_path(path))

    def add(self, path: Path | str, value: Any) -> None:
        """Set an object's key, insert before an array's index, append at ``-``, or set the root.

        Raises:
            NotFoundError: the parent does not exist, or the index is out of range.
            InvalidPathError: the root is set to something that is no object.
            TransactionError: the transaction has ended.
        """
        at = (self._draft or self._refuse()).add(as_path(path), value)
        self._changes.append(("add", at, value))

    def put(self, path: Path | str, value: Any) -> None:
        """`add`, making the objects that are missing on the way.

        Raises:
            NotFoundError: an array index on the way is out of range.
            WriteConflictError: a parent exists and is neither object nor array.
            InvalidPathError: the root is set to something that is no object.
            TransactionError: the transaction has ended.
        """
        at = (self._draft or self._refuse()).add(as_path(path), value, make_parents=True)
        self._changes.append(("add", at, value))

    def replace(self, path: Path | str, value: Any) -> None:
        """Change the value of an existing key or index, or set the root.

        Raises:
            NotFoundError: nothing is there.
            InvalidPathError: the place after an array's end; a root that is no object.
            TransactionError: the transaction has ended.
        """
        at = (self._draft or self._refuse()).replace(as_path(path), value)
        self._changes.append(("replace", at, value))

    def remove(self, path: Path | str) -> None:
        """Remove an existing key or index; an array closes up.

        Raises:
            NotFoundError: nothing is there.
            InvalidPathError: the place after an array's end; the root.
            TransactionError: the transaction has ended.
        """
        at = (self._draft or self._refuse()).remove(as_path(path))
        self._changes.append(("remove", at, None))

    def commit(self, timeout: float | None = None) -> int:
        """Publish the changes, end the transaction, then run the store's commit callbacks.

        In a `LockingStore` this waits for the readers, at most ``timeout`` seconds (None: for
        ever). Without changes there is nothing to publish, no new revision and no callback.

        Returns:
            The store's revision after the commit.

        Raises:
            LockTimeout: the readers did not end in time. The transaction is still open.
            TransactionError: it has ended, or this thread has an open read transaction (it would
                wait for itself). In the second case it is still open.
            StorageError: the store is closed. It is still open, and can only be aborted.
        """
        return self._commit(timeout, _getframe(1))

    def abort(self) -> None:
        """Drop the changes and end the transaction; no error if it has ended."""
        if self._draft is not None:
            self._end("aborted", _getframe(1))

    def _commit(self, timeout: float | None, frame: FrameType) -> int:
        draft = self._draft or self._refuse()
        store, changes = self._store, self._changes
        if not changes:
            revision = store.revision
        else:
            revision = store._publish(draft.root, timeout)
        self._end("committed", frame)
        if changes:
            store._announce(revision, changes)
        return revision

    def _end(self, how: str, frame: FrameType) -> None:
        self._draft = None
        self._changes = []
        self._ended = (frame.f_code, frame.f_lasti, how)
        self._store._writer_left(self._holder)

    def _refuse(self) -> NoReturn:
        assert self._ended is not None
        code, offset, how = self._ended
        raise TransactionError(
            f"this write transaction has ended: opened at {describe_place(*self._opened)}, "
            f"{how} at {describe_place(code, offset)}"
        )

    def __enter__(self) -> WriteTransaction:
        if self._draft is None:
            self._refuse()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._draft is None:
            return  # ended inside the block
        frame = _getframe(1)
        if exc_type is not None:
            self._end("aborted", frame)
            return
        try:
            self._commit(None, frame)
        finally:
            if self.open:
                self._end("aborted", frame)

    def __del__(self) -> None:
        if getattr(self, "_draft", None) is not None and not sys.is_finalizing():
            self._end("abandoned", _getframe(0))
            self._store._abandon("write", *self._opened)

    def __repr__(self) -> str:
        state = "open" if self.open else "ended"
        return f"<WriteTransaction of {self._store.name}, {len(self._changes)} changes, {state}>"
