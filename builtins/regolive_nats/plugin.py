"""The plugin: its hooks, and what it owns while a runtime runs.

Started, it has a client (one thread), a thread that retires idle buckets, and a thread for each
watcher. Without a section ``nats`` in the configuration it starts nothing: its builtins then say
false and null.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from regolive import BuiltinContext, PluginHost, builtin, hookimpl
from regolive_nats import builtins as kv
from regolive_nats.client import NatsClient
from regolive_nats.config import NatsConfig, load_config
from regolive_nats.durations import format_duration
from regolive_nats.entries import RawEntry
from regolive_nats.errors import (
    BucketNotFoundError,
    ManagerStoppingError,
    NatsError,
    NatsUnavailableError,
)
from regolive_nats.manager import WatcherManager
from regolive_nats.watcher import BucketWatcher, Timing

log = logging.getLogger("regolive.plugin.nats")

# After a bucket could not be followed, how long no query asks for it again (seconds).
_RETRY = 1.0
# How long a stop waits for transactions that keep a bucket's data in the store (seconds).
_LEAVE = 10.0
# How long a start waits for the connection, and then for the root bucket (seconds).
_CONNECT = 2.0
_ROOT = 10.0


class NatsPlugin:
    """``nats.kv.*`` over live buckets. One for each runtime."""

    def __init__(self) -> None:
        self._config: NatsConfig | None = None
        self._host: PluginHost | None = None
        self._service: Service | None = None

    @hookimpl
    def regolive_config_sections(self) -> Iterable[str]:
        """``nats``."""
        return ["nats"]

    @hookimpl
    def regolive_builtins(self) -> Iterable[Callable[..., Any]]:
        """``nats.kv.watch_bucket`` and ``nats.kv.get_data``."""
        return [self.watch_bucket, self.get_data]

    @hookimpl
    def regolive_configure(self, config: Mapping[str, Any]) -> None:
        """Check the section ``nats``."""
        self._config = load_config(config["nats"]) if "nats" in config else None

    @hookimpl
    def regolive_start(self, host: PluginHost) -> None:
        """Connect, and load the root bucket. Without NATS: say so, and go on trying."""
        self._host = host
        if self._config is not None:
            self._service = Service(host, self._config)
            self._service.start()

    @hookimpl
    def regolive_reconfigure(self, config: Mapping[str, Any]) -> None:
        """Adapt; ``regolive_configure`` has seen the new configuration already."""
        if self._host is None:
            return
        if self._config is None:
            self._stop_service()
        elif self._service is None:
            self._service = Service(self._host, self._config)
            self._service.start()
        else:
            self._service.reconfigure(self._config)

    @hookimpl
    def regolive_stop(self) -> None:
        """End every watcher, thread and connection; the buckets leave ``data``."""
        self._host = None
        self._stop_service()

    def _stop_service(self) -> None:
        service, self._service = self._service, None
        if service is not None:
            service.stop()

    @hookimpl
    def regolive_status(self) -> Mapping[str, Any]:
        """The connection, the watchers, and each bucket's state."""
        service = self._service
        if service is not None:
            return service.status()
        return {"enabled": self._config is not None, "connection": "closed", "buckets": []}

    @builtin("nats.kv.watch_bucket", nondeterministic=True)
    def watch_bucket(self, ctx: BuiltinContext, bucket: str) -> bool:
        """True once the bucket is followed, its keys at data.nats.kv[bucket]; false until then.

        Asks for the bucket to be followed, in the background. False for a bucket that does not
        exist.
        """
        return kv.watch_bucket(self._service or kv.NO_BUCKETS, ctx, bucket)

    @builtin("nats.kv.get_data", nondeterministic=True, trusted=True)
    def get_data(self, ctx: BuiltinContext, bucket: str, path: str) -> Any:
        """The value at a dotted path of the bucket, the whole bucket for ""; null if none is.

        Of a bucket that is followed, the query's own copy; of another, what NATS has now, asked at
        most once in a query.
        """
        return kv.get_data(self._service or kv.NO_BUCKETS, ctx, bucket, path)


class Service:
    """What runs between start and stop."""

    def __init__(self, host: PluginHost, config: NatsConfig) -> None:
        self._host = host
        self._config = config
        self._client = NatsClient(config)
        self._manager = WatcherManager(self._make_watcher, config.max_bucket_watchers)
        self._root: BucketWatcher | None = None
        self._asked: dict[str, object] = {}  # by single dict operations from any thread
        self._not_before: dict[str, float] = {}
        self._give_up_at = float("inf")
        self._wake = threading.Event()
        self._ended = False
        self._housekeeper = threading.Thread(
            target=self._keep_house, name="regolive-nats-housekeeping", daemon=False
        )

    # life

    def start(self) -> None:
        """Start; see the hook."""
        self._client.start(_CONNECT)
        self._housekeeper.start()
        self._follow_root(self._config.root_bucket)

    def reconfigure(self, config: NatsConfig) -> None:
        """Change what differs, and nothing else."""
        old, self._config = self._config, config
        self._client.reconfigure(config)
        if config.refresh_interval != old.refresh_interval:
            for watcher in self._watchers():
                watcher.set_refresh(config.refresh_interval)
        self._wake.set()
        if config.max_bucket_watchers != old.max_bucket_watchers:
            self._manager.resize(config.max_bucket_watchers)
        if config.root_bucket != old.root_bucket:
            if self._root is not None:
                self._root.stop()
                self._root = None
            self._follow_root(config.root_bucket)

    def stop(self) -> None:
        """End everything; see the hook."""
        self._give_up_at = time.monotonic() + _LEAVE
        self._ended = True
        self._wake.set()
        try:
            self._manager.stop()
            # What was in flight has ended; leaving gets its own time. All leave at once, so that
            # none has to wait for what the others still commit.
            self._give_up_at = time.monotonic() + _LEAVE
            for watcher in self._watchers():
                watcher.stop_soon()
            self._manager.stop_watchers()
            if self._root is not None:
                self._root.stop()
        finally:
            self._client.stop()
            self._housekeeper.join()

    def _make_watcher(self, bucket: str, *, root: bool = False) -> BucketWatcher:
        return BucketWatcher(
            bucket,
            self._client,
            self._host.store,
            timing=Timing(refresh=self._config.refresh_interval),
            give_up=lambda: time.monotonic() > self._give_up_at,
            root=root,
        )

    def _follow_root(self, bucket: str) -> None:
        if not bucket:
            return
        self._root = self._make_watcher(bucket, root=True)
        self._root.start_soon()
        if self._client.connected and not self._root.wait_loaded(_ROOT):
            log.warning("root bucket %r is not loaded yet: %s", bucket, self._root.problem)

    def _keep_house(self) -> None:
        while not self._ended:
            ttl = self._config.ttl
            self._wake.wait(min(max(ttl / 4, 0.05), 30.0) if ttl else None)
            self._wake.clear()
            if not ttl or self._ended:
                continue
            try:
                for bucket in self._manager.retire_idle(ttl):
                    log.info("bucket %r: not asked for in %s", bucket, format_duration(ttl))
            except Exception:
                log.exception("retiring idle buckets failed")

    # for the builtins

    @property
    def request_timeout(self) -> float:
        """Seconds that one request may take."""
        return self._config.request_timeout

    def has_watcher(self, bucket: str) -> bool:
        """Whether the bucket has a watcher. Counts as use of it."""
        return self._manager.has_watcher(bucket)

    def wants_watcher(self, bucket: str) -> bool:
        """Whether to ask for a watcher now. If so, nobody else is told so meanwhile."""
        if not self._client.connected or self._ended:
            return False
        if time.monotonic() < self._not_before.get(bucket, 0.0):
            return False
        mine = object()
        return self._asked.setdefault(bucket, mine) is mine

    def unasked(self, bucket: str) -> None:
        """Nobody creates the watcher that was announced."""
        self._asked.pop(bucket, None)

    def create_watcher(self, bucket: str) -> None:
        """Have the bucket followed. Runs in the background."""
        try:
            self._manager.get_or_create_watcher(bucket)
        except (BucketNotFoundError, ManagerStoppingError) as error:
            log.debug("%s", error)
            self._put_off(bucket)
        except NatsError as error:
            log.warning("bucket %r cannot be followed: %s", bucket, error)
            self._put_off(bucket)
        else:
            self._not_before.pop(bucket, None)
        finally:
            self._asked.pop(bucket, None)

    def _put_off(self, bucket: str) -> None:
        # A policy may ask for any name, so the table must not grow for ever.
        if len(self._not_before) > 1000:
            self._not_before.clear()
        self._not_before[bucket] = time.monotonic() + _RETRY

    def load(self, ctx: BuiltinContext, bucket: str, timeout: float | None) -> list[RawEntry]:
        """The bucket's keys from NATS. Raises NatsError."""
        if not self._client.connected:
            raise NatsUnavailableError("no connection to NATS")
        return self._client.load(bucket, timeout, ctx.check)

    # status

    def _watchers(self) -> list[BucketWatcher]:
        found = [w for w in self._manager.watchers() if isinstance(w, BucketWatcher)]
        return found if self._root is None else [self._root, *found]

    def status(self) -> dict[str, Any]:
        """Plain JSON, no secrets."""
        client, now = self._client, time.time()
        return {
            "enabled": True,
            "server_url": self._config.shown_url,
            "authentication": self._config.authentication,
            "connection": client.state,
            "failed_attempts": client.attempts,
            "last_error": client.last_error or None,
            "watchers": {
                "count": len(self._manager.watchers()),
                "max": self._manager.capacity,
                "moving": self._manager.moving(),
            },
            "buckets": [_describe(watcher, now) for watcher in self._watchers()],
        }


def _describe(watcher: BucketWatcher, now: float) -> dict[str, Any]:
    stale_since, last_change = watcher.stale_since, watcher.last_change
    return {
        "bucket": watcher.bucket,
        "root": watcher.root,
        "condition": watcher.condition,
        "revision": watcher.revision,
        "lag": max(0, watcher.bucket_revision - watcher.revision),
        "keys": watcher.keys,
        "hidden_keys": watcher.hidden_keys,
        "lost_values": watcher.lost_values,
        "stale": watcher.stale,
        "stale_seconds": round(now - stale_since, 3) if stale_since is not None else 0.0,
        "age_seconds": round(now - last_change, 3) if last_change is not None else None,
        "reloads": watcher.reloads,
        "problem": watcher.problem or None,
    }
