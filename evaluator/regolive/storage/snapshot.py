"""The default store: many versions, no waiting between readers and commits.

A reader takes the current version; a commit puts another in its place. Both are one reference.
"""

from __future__ import annotations

from sys import _getframe

from regolive.storage.store import Store, Version
from regolive.storage.transactions import OpenReadTransaction, ReadTransaction


class SnapshotStore(Store):
    """Readers never wait, and a commit waits for no reader. Writers are serialised."""

    def read(self, timeout: float | None = None) -> ReadTransaction:
        # On the way of every query: attributes set here, because calling an __init__ costs as much
        # as all of this.
        if self._closed:
            self._refuse_closed()
        frame = _getframe(1)
        txn = OpenReadTransaction()
        txn._store = self
        txn.root, revision = self._version
        txn.revision = revision
        reads = txn._reads = self._reads.places
        opened = txn._opened = (frame.f_code, frame.f_lasti, revision)
        reads.append(opened)
        return txn

    def _replace(self, version: Version, timeout: float | None) -> None:
        self._version = version
