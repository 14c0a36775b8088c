"""The standard builtins of Rego, as a plugin like any other.

One module per family, named as OPA names them. A builtin is its declaration and its rule;
operand types are checked by the registry.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from regolive.plugins import hookimpl, is_builtin

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


@hookimpl
def regolive_builtins() -> list[Callable[..., Any]]:
    """Every builtin of every family."""
    found: list[Callable[..., Any]] = []
    for family in FAMILIES:
        module = import_module(f"{__name__}.{family}")
        found += [
            f
            for f in vars(module).values()
            if is_builtin(f) and getattr(f, "__module__", None) == module.__name__
        ]
    return found
