"""nats.kv.*: what a query is told, from which copy, and how often NATS is asked."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from regolive.errors import CancelledError
from regolive_nats.builtins import get_data, walk, watch_bucket
from regolive_nats.entries import RawEntry
from regolive_nats.errors import BucketNotFoundError, NatsError, NatsTimeoutError


class Context:
    """A query's context, as far as these builtins use it."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        self.data = data or {}
        self.cache: dict[Any, Any] = {}
        self.deadline: float | None = None
        self.logger = logging.getLogger("test")
        self.submitted: list[tuple[Any, ...]] = []
        self.refuse = False
        self.checked = 0

    def background(self, fn: Any, *args: Any, name: str | None = None) -> None:
        if self.refuse:
            raise NatsError("closing")
        self.submitted.append((fn, *args))

    def check(self) -> None:
        self.checked += 1
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise CancelledError("past the deadline")


class FakeBuckets:
    request_timeout = 5.0

    def __init__(self) -> None:
        self.watched: set[str] = set()
        self.asked: set[str] = set()
        self.touched: list[str] = []
        self.loads: list[tuple[str, float | None]] = []
        self.contents: dict[str, list[RawEntry] | NatsError] = {}

    def has_watcher(self, bucket: str) -> bool:
        self.touched.append(bucket)
        return bucket in self.watched

    def wants_watcher(self, bucket: str) -> bool:
        new = bucket not in self.asked
        self.asked.add(bucket)
        return new

    def create_watcher(self, bucket: str) -> None:
        raise AssertionError("a query never creates a watcher itself")

    def unasked(self, bucket: str) -> None:
        self.asked.discard(bucket)

    def load(self, ctx: Any, bucket: str, timeout: float | None) -> list[RawEntry]:
        self.loads.append((bucket, timeout))
        found = self.contents.get(bucket, BucketNotFoundError(bucket))
        if isinstance(found, NatsError):
            raise found
        return found


def followed(**buckets: Any) -> Context:
    return Context({"nats": {"kv": buckets}})


@pytest.fixture
def buckets() -> FakeBuckets:
    return FakeBuckets()


def test_not_followed_is_false_and_asks_once(buckets: FakeBuckets) -> None:
    first, second = Context(), Context()
    assert watch_bucket(buckets, first, "b") is False  # type: ignore[arg-type]
    assert watch_bucket(buckets, first, "b") is False  # type: ignore[arg-type]
    assert watch_bucket(buckets, second, "b") is False  # type: ignore[arg-type]
    assert first.submitted == [(buckets.create_watcher, "b")]
    assert second.submitted == []


def test_the_snapshot_decides(buckets: FakeBuckets) -> None:
    """Loaded a moment ago, after the query's transaction began: false, like data itself."""
    buckets.watched.add("b")
    ctx = Context()
    assert watch_bucket(buckets, ctx, "b") is False  # type: ignore[arg-type]
    assert ctx.submitted == []
    ctx = followed(b={})
    assert watch_bucket(buckets, ctx, "b") is True  # type: ignore[arg-type]


def test_evicted_a_moment_ago_is_true_and_asked_for(buckets: FakeBuckets) -> None:
    ctx = followed(b={"k": 1})
    assert watch_bucket(buckets, ctx, "b") is True  # type: ignore[arg-type]
    assert ctx.submitted == [(buckets.create_watcher, "b")]


def test_a_runtime_that_closes_is_no_error(buckets: FakeBuckets) -> None:
    ctx = Context()
    ctx.refuse = True
    assert watch_bucket(buckets, ctx, "b") is False  # type: ignore[arg-type]
    assert buckets.asked == set()


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", ">", "a\n"])
def test_what_no_bucket_can_be_called(buckets: FakeBuckets, name: str) -> None:
    ctx = Context()
    assert watch_bucket(buckets, ctx, name) is False  # type: ignore[arg-type]
    assert get_data(buckets, ctx, name, "") is None  # type: ignore[arg-type]
    assert ctx.submitted == []
    assert buckets.loads == []


def test_get_data_of_a_followed_bucket_reads_the_snapshot(buckets: FakeBuckets) -> None:
    ctx = followed(b={"members": {"alice": {"since": 1}}})
    members = ctx.data["nats"]["kv"]["b"]["members"]
    assert get_data(buckets, ctx, "b", "members") is members  # type: ignore[arg-type]
    assert get_data(buckets, ctx, "b", "members.alice.since") == 1  # type: ignore[arg-type]
    assert get_data(buckets, ctx, "b", "members.nobody") is None  # type: ignore[arg-type]
    assert get_data(buckets, ctx, "b", "") == {"members": members}  # type: ignore[arg-type]
    assert buckets.loads == []
    assert buckets.touched == ["b"]  # in use, said once in a query


def test_get_data_asks_nats_once_in_a_query(buckets: FakeBuckets) -> None:
    buckets.contents["b"] = [
        ("members.alice", 1, b'{"since": 1}', False),
        ("gone", 2, b"", True),
        ("note", 3, b"plain", False),
    ]
    ctx = Context()
    assert get_data(buckets, ctx, "b", "members") == {"alice": {"since": 1}}  # type: ignore[arg-type]
    assert get_data(buckets, ctx, "b", "note") == "plain"  # type: ignore[arg-type]
    assert get_data(buckets, ctx, "b", "gone") is None  # type: ignore[arg-type]
    assert len(buckets.loads) == 1
    assert get_data(buckets, ctx, "other", "x") is None  # type: ignore[arg-type]
    assert get_data(buckets, ctx, "other", "y") is None  # type: ignore[arg-type]
    assert [bucket for bucket, _ in buckets.loads] == ["b", "other"]


def test_the_deadline_limits_what_nats_may_take(buckets: FakeBuckets) -> None:
    ctx = Context()
    ctx.deadline = time.monotonic() + 1.0
    get_data(buckets, ctx, "b", "")  # type: ignore[arg-type]
    ((_, timeout),) = buckets.loads
    assert timeout is not None
    assert 0 < timeout <= 1.0
    ctx.deadline = time.monotonic() - 1.0
    with pytest.raises(CancelledError):
        get_data(buckets, ctx, "c", "")  # type: ignore[arg-type]
    assert len(buckets.loads) == 1


def test_a_slow_nats_is_null_and_logged(
    buckets: FakeBuckets, caplog: pytest.LogCaptureFixture
) -> None:
    buckets.contents["b"] = NatsTimeoutError("too slow")
    assert get_data(buckets, Context(), "b", "x") is None  # type: ignore[arg-type]
    assert "too slow" in caplog.text


def test_paths() -> None:
    document = {"a": {"b": [1, {"c": 2}], "": 3}}
    assert walk(document, "a.b") == [1, {"c": 2}]
    assert walk(document, "a.b.0") is None
    assert walk(document, "a.") == 3
    assert walk(document, "a.x.y") is None
    assert walk(None, "") is None
