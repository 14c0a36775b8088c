"""Plugins: the hook specifications, the registry of builtins, discovery."""

from regolive.plugins.binding import BoundBuiltin, bind
from regolive.plugins.builtin import BuiltinSpec, builtin, is_builtin, read_spec
from regolive.plugins.capabilities import Capabilities, load_capabilities, own_capabilities
from regolive.plugins.context import BuiltinContext, PluginHost
from regolive.plugins.hookspecs import hookimpl, hookspec
from regolive.plugins.queries import QueryInfo
from regolive.plugins.registry import ENTRY_POINT_GROUP, Registry, declare, load_registry
from regolive.plugins.types import Number

__all__ = [
    "ENTRY_POINT_GROUP",
    "BoundBuiltin",
    "BuiltinContext",
    "BuiltinSpec",
    "Capabilities",
    "Number",
    "PluginHost",
    "QueryInfo",
    "Registry",
    "bind",
    "builtin",
    "declare",
    "hookimpl",
    "hookspec",
    "is_builtin",
    "load_capabilities",
    "load_registry",
    "own_capabilities",
    "read_spec",
]
