"""What a builtin gets to see of the query it runs in, and a plugin of the runtime it serves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from regolive.codegen.positions import current_location
from regolive.errors import Location

if TYPE_CHECKING:
    from regolive.codegen.frame import Frame
    from regolive.concurrency import BackgroundTask
    from regolive.storage import ReadTransaction, Store


class BuiltinContext:
    """Given to a builtin whose first parameter is annotated with it. One per query and plugin."""

    __slots__ = ("_frame", "cache", "plugin")

    def __init__(self, frame: Frame, plugin: str) -> None:
        self._frame = frame
        self.plugin = plugin
        # This plugin's own cache for this query: any keys, gone when the query ends.
        self.cache: dict[Any, Any] = frame.shared.cache.setdefault(plugin, {})

    @property
    def logger(self) -> logging.Logger:
        """The plugin's logger, ``regolive.plugin.NAME``. Asked for by name when it is used."""
        return logging.getLogger(f"regolive.plugin.{self.plugin}")

    @property
    def transaction(self) -> ReadTransaction:
        """The query's read transaction: one state of all data, from first read to result."""
        return self._frame.transaction

    @property
    def data(self) -> dict[str, Any]:
        """The base documents as the query sees them. Not to be changed."""
        return self._frame.data

    @property
    def strict(self) -> bool:
        """Whether errors of builtins are errors of the query."""
        return self._frame.env.strict

    @property
    def allow_net(self) -> frozenset[str] | None:
        """The hosts that a builtin may go to, as policies write them; None: any, empty: none.

        Capabilities say so (``allow_net``). A builtin that goes to the network has to look.
        """
        return self._frame.env.allow_net

    @property
    def now_ns(self) -> int:
        """The query's instant, nanoseconds since the epoch: the same at every call."""
        return self._frame.shared.now_ns

    @property
    def deadline(self) -> float | None:
        """When the query must end, as a ``time.monotonic`` value in seconds; None: no deadline."""
        watch = self._frame.watch
        if watch is None or watch.deadline == float("inf"):
            return None
        return watch.deadline

    def check(self) -> None:
        """Raise CancelledError if the query was cancelled or ran past its deadline.

        Call this every so often in a builtin that loops over something of the user's making.
        """
        watch = self._frame.watch
        if watch is not None:
            watch.check()

    @property
    def location(self) -> Location | None:
        """Where in the policy the call stands. Worked out when asked: not for every call."""
        return current_location()

    def background(
        self, function: Callable[..., Any], *args: Any, name: str | None = None
    ) -> BackgroundTask:
        """Run ``function(*args)`` on the runtime's own threads, outside this query.

        The one way to do work that must not happen inside a query (a write, a connection). It
        returns at once. Waiting for the task from the query raises: a query thread never waits
        for a background task.
        """
        task: BackgroundTask = self._frame.env.background(
            function, *args, name=name or f"{self.plugin}.{function.__name__}"
        )
        return task


class PluginHost:
    """What a plugin is given at start: the runtime, as far as a plugin may reach into it."""

    __slots__ = ("background", "logger", "name", "store")

    def __init__(self, name: str, store: Store, background: Callable[..., BackgroundTask]) -> None:
        self.name = name
        self.store = store
        self.background = background
        self.logger = logging.getLogger(f"regolive.plugin.{name}")
