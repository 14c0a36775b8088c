"""``nats.kv.watch_bucket`` and ``nats.kv.get_data``: what a policy can ask of the buckets.

Both answer from the query's own transaction wherever they can, so that within a query they agree
with ``data.nats.kv`` and with each other. Neither ever waits for a watcher.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

from regolive import BuiltinContext
from regolive_nats.config import BUCKET_NAME
from regolive_nats.entries import DELETED, RawEntry, parse_value
from regolive_nats.errors import (
    BucketNotFoundError,
    NatsError,
    NatsUnavailableError,
)
from regolive_nats.tree import Event, KeyTree

_NOTHING: dict[str, Any] = {}


class Buckets(Protocol):
    """What the builtins need of the plugin."""

    def has_watcher(self, bucket: str) -> bool:
        """Whether the bucket has a watcher. Counts as use of it."""

    def wants_watcher(self, bucket: str) -> bool:
        """Whether to ask for one now: nobody is asking already, and it may succeed."""

    def create_watcher(self, bucket: str) -> None:
        """Create one; to be run in the background."""

    def unasked(self, bucket: str) -> None:
        """The background would not take the work that ``wants_watcher`` announced."""

    def load(self, ctx: BuiltinContext, bucket: str, timeout: float | None) -> list[RawEntry]:
        """The bucket's keys, asked of NATS now. Raises NatsError."""

    @property
    def request_timeout(self) -> float:
        """Seconds that one request may take."""


class NoBuckets:
    """While the plugin does not run: nothing is followed, and NATS cannot be asked.

    A query that began before its end still has the buckets of its own transaction, and one that
    was told that there is nothing stays told so.
    """

    request_timeout = 0.0

    def has_watcher(self, bucket: str) -> bool:
        """No."""
        return False

    def wants_watcher(self, bucket: str) -> bool:
        """No."""
        return False

    def create_watcher(self, bucket: str) -> None:
        """Never asked for."""

    def unasked(self, bucket: str) -> None:
        """Never asked for."""

    def load(self, ctx: BuiltinContext, bucket: str, timeout: float | None) -> list[RawEntry]:
        """Refused."""
        raise NatsUnavailableError("the NATS plugin does not run")


NO_BUCKETS: Buckets = NoBuckets()


def watch_bucket(buckets: Buckets, ctx: BuiltinContext, bucket: str) -> bool:
    """Whether this query's transaction has the bucket; if nobody follows it, have it followed."""
    key = ("watch", bucket)
    known = ctx.cache.get(key)
    if known is not None:
        return known is True
    followed = bucket in followed_buckets(ctx)
    ctx.cache[key] = followed
    # A bucket can be in the snapshot without a watcher: it was evicted while the query ran.
    if not buckets.has_watcher(bucket) and BUCKET_NAME.match(bucket):
        _ask(buckets, ctx, bucket)
    return followed


def get_data(buckets: Buckets, ctx: BuiltinContext, bucket: str, path: str) -> Any:
    """The value at a dotted path of a bucket ("": the whole bucket); None if there is none."""
    followed = followed_buckets(ctx)
    if bucket in followed:
        key = ("watch", bucket)
        if key not in ctx.cache:
            ctx.cache[key] = True
            buckets.has_watcher(bucket)  # it is in use
        return walk(followed[bucket], path)
    key = ("load", bucket)
    if key not in ctx.cache:
        ctx.cache[key] = _load(buckets, ctx, bucket)
    return walk(ctx.cache[key], path)


def followed_buckets(ctx: BuiltinContext) -> dict[str, Any]:
    """``data.nats.kv`` as the query sees it."""
    try:
        found = ctx.data["nats"]["kv"]
    except (KeyError, TypeError):
        return _NOTHING
    return found if found.__class__ is dict else _NOTHING


def walk(document: Any, path: str) -> Any:
    """Follow a dotted path through objects; None where it leads nowhere."""
    if path:
        for name in path.split("."):
            if document.__class__ is not dict or name not in document:
                return None
            document = document[name]
    return document


def _ask(buckets: Buckets, ctx: BuiltinContext, bucket: str) -> None:
    if not buckets.wants_watcher(bucket):
        return
    try:
        ctx.background(buckets.create_watcher, bucket, name=f"nats.watch {bucket}")
    except Exception as error:
        # The runtime is closing, or not started. The answer stays: not followed.
        buckets.unasked(bucket)
        ctx.logger.debug("bucket %r: no watcher can be asked for: %s", bucket, error)


def _load(buckets: Buckets, ctx: BuiltinContext, bucket: str) -> Any:
    """The whole bucket from NATS; None if it cannot be had."""
    if not BUCKET_NAME.match(bucket):
        return None
    timeout = buckets.request_timeout
    if ctx.deadline is not None:
        timeout = min(timeout, ctx.deadline - time.monotonic())
        if timeout <= 0:
            ctx.check()
            return None
    try:
        entries = buckets.load(ctx, bucket, timeout)
    except (BucketNotFoundError, NatsUnavailableError) as error:
        ctx.logger.debug("nats.kv.get_data: %s", error)  # the lack of a connection is logged once
        return None
    except NatsError as error:
        ctx.check()  # it may have been the query's time that ran out
        ctx.logger.warning("nats.kv.get_data: bucket %r: %s", bucket, error)
        return None
    return KeyTree().load(
        Event(key, revision, DELETED if deleted else parse_value(data))
        for key, revision, data, deleted in entries
    )
