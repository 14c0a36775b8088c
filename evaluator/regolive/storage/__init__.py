"""The stores: documents under ``data``, read and changed in transactions.

`SnapshotStore` is the default; `LockingStore` has the semantics of OPA's in-memory store. Both are
a `Store`.
"""

from typing import Any, Literal

from regolive.errors import StorageError
from regolive.storage.draft import WriteConflictError
from regolive.storage.events import Change, CommitEvent, OpenTransaction
from regolive.storage.locking import LockingStore
from regolive.storage.paths import Path, format_path, parse_path
from regolive.storage.snapshot import SnapshotStore
from regolive.storage.store import Store
from regolive.storage.transactions import ReadTransaction, WriteTransaction

__all__ = [
    "Change",
    "CommitEvent",
    "LockingStore",
    "OpenTransaction",
    "Path",
    "ReadTransaction",
    "SnapshotStore",
    "Store",
    "WriteConflictError",
    "WriteTransaction",
    "format_path",
    "open_store",
    "parse_path",
]


def open_store(
    kind: Literal["snapshot", "locking"] | str = "snapshot",
    root: dict[str, Any] | None = None,
    *,
    name: str = "store",
) -> Store:
    """A new store of the kind that configuration names.

    Args:
        kind: "snapshot" or "locking".
        root: its first document; it belongs to the store from then on.
        name: what errors and locks call it.

    Raises:
        StorageError: an unknown kind, or a root that is no object.
    """
    if kind == "snapshot":
        return SnapshotStore(root, name=name)
    if kind == "locking":
        return LockingStore(root, name=name)
    raise StorageError(f"unknown kind of store {kind!r}: expected 'snapshot' or 'locking'")
