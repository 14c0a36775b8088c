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
            _prune(txn, KV, 2)


class RootPlace:
    """The top of ``data``. Each key is put and removed by itself: its neighbours are others'."""

    def __init__(self, bucket: str) -> None:
        self.lost = 0
        self._bucket = bucket
        self._placed: set[Path] = set()
        self._removed: set[Path] = set()  # by the last change, which may not have been committed

    def load(self, txn: WriteTransaction, tree: KeyTree, root: dict[str, Any]) -> None:
        """Remove the keys that are no more, and put all others."""
        self._removed.clear()
        live = {
            tuple(key.split(".")): entry
            for key, entry in tree.entries.items()
            if key not in tree.hidden
        }
        for path in sorted(self._placed.difference(live)):
            self._remove(txn, path, 0)
        for path, (revision, value) in live.items():
            self._put(txn, path, value, revision)

    def apply(self, txn: WriteTransaction, ops: Iterable[Op]) -> None:
        """Put and remove single keys."""
        self._removed.clear()
        for path, value, revision, emptied in ops:
            if value is DELETED:
                self._remove(txn, path, emptied)
            else:
                self._put(txn, path, value, revision)

    def clear(self, txn: WriteTransaction) -> None:
        """Remove this bucket's keys, and the parents that are empty then."""
        self._placed |= self._removed
        for path in sorted(self._placed):
            self._remove(txn, path, 0)

    def _put(self, txn: WriteTransaction, path: Path, value: Any, revision: int) -> None:
        problem = ""
        if path[:2] == KV or path == KV[:1]:
            problem = "data.nats.kv is where the followed buckets stand"
        else:
            for depth in range(1, len(path)):
                if path[:depth] in self._placed or not _exists(txn, path[:depth]):
                    break
                if not isinstance(txn.read(path[:depth]), dict):
                    problem = f"data.{'.'.join(path[:depth])} is there already, and is no object"
                    break
        if not problem:
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

    def _remove(self, txn: WriteTransaction, path: Path, emptied: int) -> None:
        if path not in self._placed:
            return
        self._placed.discard(path)
        self._removed.add(path)
        if _exists(txn, path):
            txn.remove(path)
            _prune(txn, path[:-1], len(path) - 1 - emptied)


def _exists(txn: WriteTransaction, path: Path) -> bool:
    try:
        txn.read(path)
    except StorageError:
        return False
    return True


def _prune(txn: WriteTransaction, path: Path, most: int) -> None:
    """Remove the object at ``path`` if it is empty, then its parent: at most ``most`` of them."""
    for depth in range(len(path), len(path) - most, -1):
        if txn.read(path[:depth]) != {}:
            return
        txn.remove(path[:depth])


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
