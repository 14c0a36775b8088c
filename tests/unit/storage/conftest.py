"""Every test that takes ``store`` or ``make_store`` runs on both stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from regolive.storage import LockingStore, SnapshotStore, Store

MakeStore = Callable[..., Store]


@pytest.fixture(params=[SnapshotStore, LockingStore], ids=["snapshot", "locking"])
def make_store(request: pytest.FixtureRequest) -> MakeStore:
    """The class of the store under test."""
    made: MakeStore = request.param
    return made


@pytest.fixture
def root() -> dict[str, Any]:
    return {"users": {"alice": {"roles": ["admin", "dev"]}}, "list": [1, [2], {"x": 3}], "n": None}


@pytest.fixture
def store(make_store: MakeStore, root: dict[str, Any]) -> Store:
    return make_store(root)
