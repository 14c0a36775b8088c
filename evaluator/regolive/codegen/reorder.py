"""Within a body, tests of what is at hand come before calls.

Rego's bodies have no order but that of safety, and a planner may well put the call of a rule before
``input.method == "GET"``. OPA itself asks such comparisons first, in its index of rules, so a call
that they rule out is not made there either.
"""

from __future__ import annotations

from dataclasses import replace

from regolive.codegen.analysis import AnyOfStmt, Locals, find_locals, reads, writes
from regolive.ir import nodes as ir

_PURE = (
    AnyOfStmt,
    ir.ArrayAppendStmt,
    ir.AssignVarStmt,
    ir.DotStmt,
    ir.EqualStmt,
    ir.IsArrayStmt,
    ir.IsDefinedStmt,
    ir.IsObjectStmt,
    ir.IsSetStmt,
    ir.LenStmt,
    ir.MakeArrayStmt,
    ir.MakeNullStmt,
    ir.MakeNumberIntStmt,
    ir.MakeNumberRefStmt,
    ir.MakeObjectStmt,
    ir.MakeSetStmt,
    ir.NotEqualStmt,
    ir.ObjectInsertStmt,
    ir.SetAddStmt,
)
# Builtins that give true or false for any operands, and cost no more than a comparison.
_COMPARISONS = frozenset({"equal", "gt", "gte", "internal.member_2", "lt", "lte", "neq"})


def tests_first(function: ir.Func) -> ir.Func:
    """The function with the tests of each body moved before its calls, where they can be."""
    known = find_locals(function.blocks, function.params)
    blocks = tuple(ir.Block(_tests_first(b.stmts, known)) for b in function.blocks)
    return replace(function, blocks=blocks) if blocks != function.blocks else function


def _tests_first(stmts: tuple[ir.Stmt, ...], known: Locals) -> tuple[ir.Stmt, ...]:
    early: list[ir.Stmt] = []
    late: list[ir.Stmt] = []
    waiting: set[int] = set()  # locals that only a call gives
    end = 0
    for stmt in stmts:
        called = isinstance(stmt, ir.CallStmt) and stmt.func not in _COMPARISONS
        if isinstance(stmt, ir.CallStmt):
            if stmt.func == "internal.print":
                break
        elif not isinstance(stmt, _PURE):
            break
        if not all(known.steady(local) for local in writes(stmt)):
            break
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
