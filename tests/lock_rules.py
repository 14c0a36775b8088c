"""The rules about locks, checked while tests run: nothing slow happens under a manager's lock.

``lock_rules`` wraps what must not be called with "nats.creation" or "nats.manager" held: the begin
and the commit of store transactions, requests to NATS, a watcher's start and stop, and callbacks of
stores and of the connection. Each breach is noted with the place, and fails the test at its end: by
then the thread in which it happened may have swallowed an exception.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from regolive.concurrency import held_locks
from regolive.storage import LockingStore, SnapshotStore, Store, WriteTransaction
from regolive_nats.client import NatsClient, StreamHandle
from regolive_nats.incident import BROKEN_MANAGERS
from regolive_nats.watcher import BucketWatcher

MANAGER_LOCKS = frozenset({"nats.creation", "nats.manager"})

# Under neither lock.
_FORBIDDEN: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Store, ("write", "_publish")),
    (LockingStore, ("read",)),
    (SnapshotStore, ("read", "pin")),
    (WriteTransaction, ("commit", "__exit__")),
    (NatsClient, ("start", "stop", "get", "keys", "load", "info", "open", "close_stream")),
    (StreamHandle, ("close",)),
    (BucketWatcher, ("start", "start_soon", "stop", "wait_loaded")),
)


class Breaches(list[str]):
    """What was done under a lock of the manager, in words."""

    def look(self, what: str) -> None:
        """Note it, if the current thread holds one now."""
        held = MANAGER_LOCKS.intersection(held_locks())
        if held:
            places = [
                f"{frame.filename}:{frame.lineno} in {frame.name}"
                for frame in reversed(traceback.extract_stack()[:-2])
                if "regolive" in frame.filename or "tests" in frame.filename
            ]
            self.append(f"{what} with {', '.join(sorted(held))} held\n    " + "\n    ".join(places))


@contextmanager
def watch_lock_rules() -> Iterator[Breaches]:
    """Look, for a ``with`` block, at what is called under the locks of a manager."""
    breaches = Breaches()
    with pytest.MonkeyPatch.context() as patch:
        for kind, names in _FORBIDDEN:
            for name in names:
                original = vars(kind)[name]
                patch.setattr(kind, name, _looking(original, f"{kind.__name__}.{name}", breaches))
        _watch_callbacks(patch, breaches)
        yield breaches


def _looking(original: Callable[..., Any], what: str, breaches: Breaches) -> Callable[..., Any]:
    @functools.wraps(original)
    def call(*args: Any, **named: Any) -> Any:
        breaches.look(what)
        return original(*args, **named)

    return call


def _watch_callbacks(patch: pytest.MonkeyPatch, breaches: Breaches) -> None:
    """Callbacks: those of commits, and those told of the connection."""
    on_commit, listen = Store.on_commit, NatsClient.listen

    def watched_on_commit(store: Store, callback: Callable[..., object]) -> Any:
        return on_commit(store, _looking(callback, "a commit callback", breaches))

    def watched_listen(client: NatsClient, listener: Callable[..., object]) -> Any:
        breaches.look("NatsClient.listen")
        return listen(client, _looking(listener, "a listener of the connection", breaches))

    patch.setattr(Store, "on_commit", watched_on_commit)
    patch.setattr(NatsClient, "listen", watched_listen)


def breaks_the_rules(item: pytest.Item) -> bool:
    """Whether a test is about a manager that breaks them, as they once did."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return (
        parameters.get("manager") in BROKEN_MANAGERS
        or item.get_closest_marker("breaks_lock_rules") is not None
    )
