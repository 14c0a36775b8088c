"""The standard builtins of Rego, as a plugin like any other.

One module per family, named as OPA names them. A builtin is its declaration and its rule;
operand types are checked by the registry. Those that reach outside belong to one runtime each, as
their connections and what they keep do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from regolive.plugins import PluginHost, hookimpl, is_builtin
from regolive_std.config import load_config
from regolive_std.http_ import HttpSend
from regolive_std.http_resolve import Resolver
from regolive_std.net_lookup import NetLookup

FAMILIES = (
    "aggregates",
    "arrays",
    "bits",
    "comparison",
    "conversions",
    "crypto",
    "encoding",
    "glob",
    "globs_match",
    "graph",
    "graphql_",
    "internal",
    "json_",
    "json_patch",
    "json_schema",
    "jwt",
    "net",
    "numbers",
    "objects",
    "opa",
    "providers_aws",
    "rand",
    "regex",
    "rego_",
    "semver",
    "sets",
    "sprintf",
    "strings",
    "template",
    "time",
    "types",
    "units",
    "uri",
    "uuid",
    "walk",
    "x509",
    "yaml_",
)


class StdPlugin:
    """Every standard builtin. One for each runtime."""

    def __init__(self) -> None:
        self._resolver = Resolver()
        self.http = HttpSend(self._resolver)
        self._lookup = NetLookup(self._resolver)
        self._config = load_config(None)

    @hookimpl
    def regolive_builtins(self) -> list[Callable[..., Any]]:
        """Every builtin of every family."""
        found: list[Callable[..., Any]] = []
        for family in FAMILIES:
            module = import_module(f"{__name__}.{family}")
            found += [
                f
                for f in vars(module).values()
                if is_builtin(f) and getattr(f, "__module__", None) == module.__name__
            ]
        return [*found, self.http.http_send, self._lookup.net_lookup_ip_addr]

    @hookimpl
    def regolive_config_sections(self) -> list[str]:
        """``std``."""
        return ["std"]

    @hookimpl
    def regolive_configure(self, config: Mapping[str, Any]) -> None:
        """Check the section ``std``; queries before the start heed it too."""
        fresh = load_config(config.get("std"))
        if not self.http.started:
            self.http.configure(fresh)
        self._config = fresh

    @hookimpl
    def regolive_start(self, host: PluginHost) -> None:
        """Keep connections open from now on."""
        self.http.start()

    @hookimpl
    def regolive_reconfigure(self, config: Mapping[str, Any]) -> None:
        """Adapt; ``regolive_configure`` has seen the new configuration already."""
        self.http.configure(self._config)

    @hookimpl
    def regolive_stop(self) -> None:
        """Close every connection, and wait for the lookups under way."""
        self.http.stop()
        self._resolver.stop()

    @hookimpl
    def regolive_status(self) -> Mapping[str, Any]:
        """What ``http.send`` keeps."""
        return {"http_send": self.http.status()}
