"""The whole plugin contract, on one page.

A plugin is a module, an object, or a class with functions marked ``@regolive.hookimpl``, named as
below; it implements the ones it needs and takes the parameters it needs. Announce it under the
entry point group ``regolive``. A class is instantiated once for each Runtime, so that what the
plugin keeps belongs to that runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from regolive.plugins.context import PluginHost
    from regolive.plugins.queries import QueryInfo

hookspec = pluggy.HookspecMarker("regolive")
hookimpl = pluggy.HookimplMarker("regolive")


@hookspec
def regolive_builtins() -> Iterable[Callable[..., Any]]:  # type: ignore[empty-body]
    """The functions decorated with ``@builtin`` that this plugin adds."""


@hookspec
def regolive_config_sections() -> Iterable[str]:  # type: ignore[empty-body]
    """The keys under ``plugins:`` in the configuration that are this plugin's."""


@hookspec
def regolive_configure(config: Mapping[str, Any]) -> None:
    """Check the configuration, before anything starts. Raise ConfigError for what is wrong.

    ``config`` is the whole mapping under ``plugins:``; take your own section from it. Keep what
    you need; start nothing yet. Called again, before ``regolive_reconfigure``, with a new one.
    """


@hookspec
def regolive_start(host: PluginHost) -> None:
    """Start working: connections, threads. Whatever is started here ends in ``regolive_stop``."""


@hookspec
def regolive_reconfigure(config: Mapping[str, Any]) -> None:
    """The configuration changed while running: adapt, losing no more than the change asks for."""


@hookspec
def regolive_stop() -> None:
    """Stop, and leave nothing behind: no thread, task or connection. Called once per start."""


@hookspec
def regolive_status() -> Mapping[str, Any]:  # type: ignore[empty-body]
    """What to show of this plugin in ``Runtime.status()``: plain JSON, no secrets."""


@hookspec
def regolive_query_begin(query: QueryInfo) -> None:
    """A query begins, on this thread. It is on the path of every query: keep it short."""


@hookspec
def regolive_query_end(query: QueryInfo) -> None:
    """A query has ended, its transaction too; ``query.error`` says whether it failed."""
