"""Policies through our compiler, as plans and as generated code, for tests of the planner."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from regolive.codegen import CompiledPolicy, compile_policy
from regolive.compiler import QUERY_PLAN, CompileRequest
from regolive.compiler.frontend import entrypoint_name
from regolive.compiler.native import NativeFrontEnd
from regolive.ir import nodes as ir
from regolive.plugins import Registry
from regolive.values import UNDEFINED
from tests.frames import new_frame
from tests.reference import interpreter

Modules = Mapping[str, str] | Sequence[str] | str


@cache
def standard() -> Registry:
    """The standard builtins."""
    registry = Registry()
    registry.register(importlib.import_module("regolive_std").StdPlugin, "std")
    return registry


@cache
def front_end() -> NativeFrontEnd:
    """One front end for all tests, which keeps nothing on disk."""
    return NativeFrontEnd(store=False)


def plan(
    modules: Modules,
    query: str | None = None,
    *entrypoints: str,
    registry: Registry | None = None,
) -> ir.Policy:
    """The plan of some modules (texts, named ``m0.rego``, ... if they have no names)."""
    if isinstance(modules, str):
        modules = [modules]
    if not isinstance(modules, Mapping):
        modules = {f"m{number}.rego": text for number, text in enumerate(modules)}
    request = CompileRequest(modules, entrypoints, query, (registry or standard()).declared())
    return front_end().compile(request)


def compiled(modules: Modules, query: str, registry: Registry | None = None) -> CompiledPolicy:
    """A query over modules, as generated code."""
    registry = registry or standard()
    return compile_policy(plan(modules, query, registry=registry), registry.builtins)


def ask(
    modules: Modules,
    query: str,
    input: Any = UNDEFINED,
    data: Any = None,
    *,
    registry: Registry | None = None,
) -> list[Any]:
    """The results of a query. The plain interpreter of plans must give the same."""
    registry = registry or standard()
    policy = plan(modules, query, registry=registry)
    return run(policy, QUERY_PLAN, input, data, registry)


def value(
    modules: Modules,
    path: str,
    input: Any = UNDEFINED,
    data: Any = None,
    *,
    registry: Registry | None = None,
) -> Any:
    """The document at a path, asked as an entrypoint; UNDEFINED for none."""
    registry = registry or standard()
    policy = plan(modules, None, path, registry=registry)
    rows = run(policy, entrypoint_name(path), input, data, registry)
    assert len(rows) <= 1
    return rows[0]["result"] if rows else UNDEFINED


def run(policy: ir.Policy, name: str, input: Any, data: Any, registry: Registry) -> list[Any]:
    """The results of a plan as generated code gives them; errors are raised."""
    frame = new_frame(data)
    made = compile_policy(policy, registry.builtins)
    return list(made.entries[name].plan(frame, input, {} if data is None else data))


def interpreted(
    policy: ir.Policy, name: str, input: Any, data: Any, *, forgiving: bool = True
) -> list[Any]:
    """The results of a plan as the plain interpreter gives them, with the standard builtins."""
    frame = new_frame(data)

    def call(bound: Any) -> Any:
        return lambda *operands: bound.call(frame, *operands)

    builtins = {name: call(bound) for name, bound in standard().builtins.items()}
    data = {} if data is None else data
    return list(interpreter.evaluate(policy, name, input, data, builtins, forgiving=forgiving))
