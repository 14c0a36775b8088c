"""The default store: many versions, no waiting between readers and commits.

A reader takes the current version; a commit puts another in its place. Both are one reference.
"""

from __future__ import annotations

from sys import _getframe
from types import FrameType

from regolive.storage.store import Store, Version
from regolive.storage.transactions import OpenReadTransaction, ReadTransaction


class SnapshotStore(Store):
    """Readers never wait, and a commit waits for no reader. Writers are serialised."""

    def pin(self) -> Version:
        """The current version, for a query that needs no transaction object (it costs as much as
        a small query). The query marks its thread by itself, with this store.

        Raises:
            StorageError: the store is closed.
        """
        if self._closed:
            self._refuse_closed()
        return self._version

    def read_version(self, version: Version) -> ReadTransaction:
        """A read transaction of a version that is pinned: a query's own state of all data."""
        return self._open(version, _getframe(1))

    def read(self, timeout: float | None = None) -> ReadTransaction:
        if self._closed:
            self._refuse_closed()
        return self._open(self._version, _getframe(1))

    def _open(self, version: Version, frame: FrameType) -> ReadTransaction:
        # Attributes set here, because calling an __init__ costs as much as all of this.
        txn = OpenReadTransaction()
        txn._store = self
        txn.root, revision = version
        txn.revision = revision
        reads = txn._reads = self._reads.places
        opened = txn._opened = (frame.f_code, frame.f_lasti, revision)
        reads.append(opened)
        return txn

    def _replace(self, version: Version, timeout: float | None) -> None:
        self._version = version
