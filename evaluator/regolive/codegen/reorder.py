"""Within a body, tests of what is at hand come before calls.

Rego's bodies have no order but that of safety, and a planner may well put the call of a rule before
``input.method == "GET"``. OPA itself asks such comparisons first, in its index of rules, so a call
that they rule out is not made there either.

Only calls that do nothing but compute can be put off. A plugin's builtin may be called for what it
does: ``nats.kv.watch_bucket(b)`` before ``data.nats.kv[b]`` must come before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from regolive.codegen.analysis import Locals, find_locals
from regolive.codegen.inline import STANDARD_PLUGINS
from regolive.codegen.shape import PURE, reads, walk, writes
from regolive.ir import nodes as ir

# Making and filling a composite of the body's own has no effect either.
_PURE = (
    *PURE,
    ir.ArrayAppendStmt,
    ir.MakeArrayStmt,
    ir.MakeObjectStmt,
    ir.MakeSetStmt,
    ir.ObjectInsertStmt,
    ir.SetAddStmt,
)
# Builtins that give true or false for any operands, and cost no more than a comparison.
_COMPARISONS = frozenset({"equal", "gt", "gte", "internal.member_2", "lt", "lte", "neq"})


def inert_calls(functions: Mapping[str, ir.Func], builtins: Mapping[str, Any]) -> frozenset[str]:
    """What only computes: standard, deterministic builtins, and functions of nothing else."""
    calls: dict[str, set[str]] = {}
    dynamic: set[str] = set()
    for name, function in functions.items():
        found = calls[name] = set()
        for _, stmt in walk(function.blocks):
            if isinstance(stmt, ir.CallStmt):
                found.add(stmt.func)
            elif isinstance(stmt, ir.CallDynamicStmt):
                dynamic.add(name)
    inert = {name for called in calls.values() for name in called if _computes(name, builtins)}
    for name in dynamic:
        del calls[name]
    while True:
        more = {name for name, called in calls.items() if name not in inert and called <= inert}
        if not more:
            return frozenset(inert)
        inert |= more


def _computes(name: str, builtins: Mapping[str, Any]) -> bool:
    bound = builtins.get(name)
    return (
        bound is not None
        and bound.plugin in STANDARD_PLUGINS
        and not bound.spec.nondeterministic
        and name not in ("internal.print", "trace")
    )


def tests_first(function: ir.Func, inert: frozenset[str]) -> ir.Func:
    """The function with the tests of each body moved before its calls, where they can be."""
    if not any(_can_be_late(stmt, inert) for block in function.blocks for stmt in block.stmts[:-1]):
        return function
    known = find_locals(function.blocks, function.params)
    blocks = tuple(ir.Block(_tests_first(b.stmts, known, inert)) for b in function.blocks)
    return replace(function, blocks=blocks)


def _can_be_late(stmt: ir.Stmt, inert: frozenset[str]) -> bool:
    return isinstance(stmt, ir.CallStmt) and stmt.func in inert and stmt.func not in _COMPARISONS


def _tests_first(
    stmts: tuple[ir.Stmt, ...], known: Locals, inert: frozenset[str]
) -> tuple[ir.Stmt, ...]:
    early: list[ir.Stmt] = []
    late: list[ir.Stmt] = []
    waiting: set[int] = set()  # locals that only a call gives
    made: set[int] = set()  # composites that the body makes
    end = 0
    for stmt in stmts:
        called = isinstance(stmt, ir.CallStmt) and stmt.func not in _COMPARISONS
        if isinstance(stmt, ir.CallStmt):
            if stmt.func not in inert:
                break
        elif not isinstance(stmt, _PURE):
            break
        if not all(known.steady(local) for local in writes(stmt)):
            break
        if not made.issuperset(_filled(stmt)):
            break  # what a body adds to a set of its rule's it does last
        if isinstance(stmt, ir.MakeArrayStmt | ir.MakeObjectStmt | ir.MakeSetStmt):
            made.add(stmt.target)
        end += 1
        if called or waiting.intersection(reads(stmt)):
            late.append(stmt)
            waiting.update(writes(stmt))
            waiting.update(_filled(stmt))  # what is filled later is filled in order
        else:
            early.append(stmt)
    return (*early, *late, *stmts[end:])


def _filled(stmt: ir.Stmt) -> tuple[int, ...]:
    """The composite that a statement puts something into."""
    match stmt:
        case ir.ArrayAppendStmt():
            return (stmt.array,)
        case ir.SetAddStmt():
            return (stmt.set,)
        case ir.ObjectInsertStmt():
            return (stmt.object,)
    return ()
