"""regolive: Rego policies inside the Python process, with builtins as plugins, over live data.

from regolive import Runtime

with Runtime("policies/rbac.rego", data={"roles": {"alice": ["admin"]}}) as runtime:
    allow = runtime.prepare("data.rbac.allow")
    if allow.evaluate({"user": "alice"}):
        ...
"""

from importlib import metadata

from regolive.codegen import Cancellation
from regolive.errors import (
    BuiltinError,
    CancelledError,
    ConfigError,
    ConflictError,
    EvalError,
    PolicyError,
    RegoliveError,
)
from regolive.plugins import BuiltinContext, Number, PluginHost, builtin, hookimpl
from regolive.runtime import Config, PreparedQuery, Result, Runtime
from regolive.values import UNDEFINED, RegoSet, Value

try:
    __version__ = metadata.version("regolive")
except metadata.PackageNotFoundError:  # running from a source tree
    __version__ = "0"

__all__ = [
    "UNDEFINED",
    "BuiltinContext",
    "BuiltinError",
    "Cancellation",
    "CancelledError",
    "Config",
    "ConfigError",
    "ConflictError",
    "EvalError",
    "Number",
    "PluginHost",
    "PolicyError",
    "PreparedQuery",
    "RegoSet",
    "RegoliveError",
    "Result",
    "Runtime",
    "Value",
    "builtin",
    "hookimpl",
]
