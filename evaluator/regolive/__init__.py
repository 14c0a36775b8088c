"""regolive: Rego policies inside the Python process, with builtins as plugins, over live data."""

from regolive.errors import BuiltinError, RegoliveError
from regolive.plugins import BuiltinContext, Number, PluginHost, builtin, hookimpl
from regolive.values import UNDEFINED, RegoSet, Value

__all__ = [
    "UNDEFINED",
    "BuiltinContext",
    "BuiltinError",
    "Number",
    "PluginHost",
    "RegoSet",
    "RegoliveError",
    "Value",
    "builtin",
    "hookimpl",
]
