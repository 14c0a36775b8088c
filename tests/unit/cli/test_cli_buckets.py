"""What ``regolive buckets`` waits for. With real servers: tests/integration/test_examples.py."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from regolive.cli import buckets


class Following:
    """A runtime in which every bucket's data is there; what is listed, a test says."""

    def prepare(self, query: str) -> Any:
        found = SimpleNamespace(bindings=[{"watched": True}])
        return SimpleNamespace(evaluate=lambda *_, **__: found)


def follow(monkeypatch: pytest.MonkeyPatch, *listed: list[str]) -> tuple[dict[str, str], int]:
    """What is missing in the end, and how often the list was asked for. The last answer stays."""
    answers = list(listed)
    asked = 0

    def status(_: Any) -> dict[str, Any]:
        nonlocal asked
        asked += 1
        names = answers.pop(0) if len(answers) > 1 else answers[0]
        return {"buckets": [{"bucket": name} for name in names]}

    monkeypatch.setattr(buckets, "_status", status)
    monkeypatch.setattr(buckets, "_POLL", 0.0)
    monkeypatch.setattr(buckets, "_PATIENCE", 60.0)
    runtime: Any = Following()
    limit = time.monotonic() + (60.0 if listed[-1] else 0.0)
    return buckets._follow(runtime, ("users", "groups"), limit), asked


def test_a_bucket_counts_as_followed_when_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its data is there a moment before."""
    assert follow(monkeypatch, [], ["users"], ["users", "groups"]) == ({}, 3)


def test_a_bucket_that_is_never_listed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    missing, _ = follow(monkeypatch, [])
    assert missing == {"users": "not followed in time", "groups": "not followed in time"}
