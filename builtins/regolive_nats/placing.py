"""Where a bucket's keys stand under ``data``, and the transactions that put them there.

A followed bucket has ``data.nats.kv[bucket]`` to itself. The root bucket shares the top of
``data`` with documents that are not its own, and must leave them as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from regolive.concurrency import LockTimeout
from regolive.errors import StorageError
from regolive.storage import Path, Store, WriteTransaction
from regolive_nats.entries import DELETED
from regolive_nats.tree import KeyTree, Op

log = logging.getLogger("regolive.plugin.nats")

KV: Path = ("nats", "kv")
"""Where the followed buckets stand."""

# How long a commit waits for readers before it looks whether it is still wanted.
_SLICE = 1.0


class Place(Protocol):
    """How a bucket's tree gets into a write transaction. ``lost``: values that could not."""

    lost: int

    def load(self, txn: WriteTransaction, tree: KeyTree, root: dict[str, Any]) -> None:
        """Put the whole tree, instead of the one that is there."""

    def apply(self, txn: WriteTransaction, ops: Iterable[Op]) -> None:
        """Change what is there."""

    def clear(self, txn: WriteTransaction) -> None:
        """Take everything away."""


class BucketPlace:
    """``data.nats.kv[bucket]``."""

    def __init__(self, bucket: str) -> None:
        self.lost = 0
        self._base: Path = (*KV, bucket)

    def load(self, txn: WriteTransaction, tree: KeyTree, root: dict[str, Any]) -> None:
        """One put for the whole bucket."""
        txn.put(self._base, root)

    def apply(self, txn: WriteTransaction, ops: Iterable[Op]) -> None:
        """One put or remove for each change."""
        base = self._base
        for path, value, _, emptied in ops:
            if value is DELETED:
                txn.remove(base + path[: emptied + 1])
            else:
                txn.put(base + path, value)

    def clear(self, txn: WriteTransaction) -> None:
        """Remove the bucket, and what was only there to hold it."""
        if _exists(txn, self._base):
            txn.remove(self._base)
            _remove_empty(txn, KV)
            _remove_empty(txn, KV[:1])


class RootPlace:
    """The top of ``data``. Each key is put and removed by itself: its neighbours are others'.

    A document that a key covers comes back when the key goes.
    """

    def __init__(self, bucket: str) -> None:
        self.lost = 0
        self._bucket = bucket
        self._placed: set[Path] = set()
        self._removed: set[Path] = set()  # by the last change, which may not have been committed
        self._covered: dict[Path, Any] = {}
        self._objects: set[Path] = set()  # parents known to be objects, within one change

    def load(self, txn: WriteTransaction, tree: KeyTree, root: dict[str, Any]) -> None:
        """Remove the keys that are no more, and put all others."""
        self._begin()
        live = {
            tuple(key.split(".")): entry
            for key, entry in tree.entries.items()
            if key not in tree.hidden
        }
        self._remove_all(txn, self._placed.difference(live))
        for path, (revision, value) in live.items():
            self._put(txn, path, value, revision)

    def apply(self, txn: WriteTransaction, ops: Iterable[Op]) -> None:
        """Put and remove single keys."""
        self._begin()
        for path, value, revision, emptied in ops:
            if value is not DELETED:
                self._put(txn, path, value, revision)
            elif path in self._placed:
                self._remove(txn, path)
                self._objects.clear()
                for depth in range(len(path) - 1, emptied, -1):
                    _remove_empty(txn, path[:depth])

    def clear(self, txn: WriteTransaction) -> None:
        """Remove this bucket's keys, and the parents that are empty then."""
        self._placed |= self._removed
        self._begin()
        self._remove_all(txn, set(self._placed))

    def _begin(self) -> None:
        self._removed.clear()
        self._objects.clear()

    def _put(self, txn: WriteTransaction, path: Path, value: Any, revision: int) -> None:
        problem = "data.nats.kv is where the followed buckets stand"
        if path[:2] != KV and path != KV[:1]:
            problem = self._in_the_way(txn, path[:-1])
        if not problem:
            if path not in self._placed:
                self._cover(txn, path)
            try:
                txn.put(path, value)
            except StorageError as error:
                problem = str(error)
        if problem:
            self.lost += 1
            log.error(
                "bucket %r: key %r at revision %d cannot be stored: %s",
                self._bucket,
                ".".join(path),
                revision,
                problem,
            )
            return
        self._placed.add(path)

    def _in_the_way(self, txn: WriteTransaction, parent: Path) -> str:
        """What keeps a key from standing below ``parent``: somebody's document that is no object.

        Looked up once for each parent: a container that is read is copied again when it changes.
        """
        if parent in self._objects:
            return ""
        for depth in range(1, len(parent) + 1):
            if not _exists(txn, parent[:depth]):
                break
            if not isinstance(txn.read(parent[:depth]), dict):
                return f"data.{'.'.join(parent[:depth])} is there already, and is no object"
        self._objects.add(parent)
        return ""

    def _cover(self, txn: WriteTransaction, path: Path) -> None:
        self._covered.pop(path, None)
        try:
            self._covered[path] = txn.read(path)
        except StorageError:
            return
        log.warning(
            "bucket %r: key %r covers a document that is not the bucket's",
            self._bucket,
            ".".join(path),
        )

    def _remove(self, txn: WriteTransaction, path: Path) -> None:
        self._placed.discard(path)
        self._removed.add(path)
        if path in self._covered:
            txn.put(path, self._covered[path])
        elif _exists(txn, path):
            txn.remove(path)

    def _remove_all(self, txn: WriteTransaction, paths: set[Path]) -> None:
        for path in paths:
            self._remove(txn, path)
        parents = {path[:depth] for path in paths for depth in range(1, len(path))}
        for parent in sorted(parents, key=len, reverse=True):
            _remove_empty(txn, parent)


def _exists(txn: WriteTransaction, path: Path) -> bool:
    try:
        txn.read(path)
    except StorageError:
        return False
    return True


def _remove_empty(txn: WriteTransaction, path: Path) -> None:
    if _exists(txn, path) and txn.read(path) == {}:
        txn.remove(path)


def write(
    store: Store, change: Callable[[WriteTransaction], object], wanted: Callable[[], bool]
) -> bool:
    """Run ``change`` in a write transaction and commit it, as long as ``wanted()`` says so.

    Under a locking store both steps wait for others, however long those take; so the waits are
    cut into slices, between which a thread that was told to stop can see it. Returns whether it
    was committed.
    """
    while wanted():
        try:
            txn = store.write(_SLICE)
        except LockTimeout:
            continue
        try:
            change(txn)
            while wanted():
                try:
                    txn.commit(_SLICE)
                except LockTimeout:
                    continue
                return True
        finally:
            txn.abort()
    return False
