"""Plugins: the hook specifications, the registry of builtins, discovery."""

from regolive.plugins.binding import BoundBuiltin, bind
from regolive.plugins.builtin import BuiltinSpec, builtin, is_builtin, read_spec
from regolive.plugins.context import BuiltinContext, PluginHost
from regolive.plugins.hookspecs import hookimpl, hookspec
from regolive.plugins.queries import QueryInfo
from regolive.plugins.registry import ENTRY_POINT_GROUP, Registry, load_registry
from regolive.plugins.types import Number

__all__ = [
    "ENTRY_POINT_GROUP",
    "BoundBuiltin",
    "BuiltinContext",
    "BuiltinSpec",
    "Number",
    "PluginHost",
    "QueryInfo",
    "Registry",
    "bind",
    "builtin",
    "hookimpl",
    "hookspec",
    "is_builtin",
    "load_registry",
    "read_spec",
]
