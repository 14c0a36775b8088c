"""A scan for the element with a key that is known before it becomes a lookup.

``some id, order in data.orders; id == input.id`` reads as a scan of all orders, and a planner may
well plan ``data.orders[id]`` before the ``id`` that it is to equal. The body then only tests until
it compares the key, so that for every other key it does nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from regolive.codegen.analysis import Locals, find_locals
from regolive.codegen.gen import Expr, Gen
from regolive.codegen.shape import PURE, walk, writes
from regolive.ir import nodes as ir


def known_key(gen: Gen, scan: ir.ScanStmt) -> Expr | None:
    """What the key of a scan must equal, if the body says so before it does anything else."""
    if not gen.locals.steady(scan.key) or not gen.locals.steady(scan.value):
        return None
    same = {scan.key}  # the key, and copies of it
    for stmt in scan.block.stmts:
        if isinstance(stmt, ir.AssignVarStmt) and isinstance(stmt.source, ir.Local):
            if stmt.source.index in same and gen.locals.steady(stmt.target):
                same.add(stmt.target)
        elif isinstance(stmt, ir.EqualStmt):
            for key, other in ((stmt.a, stmt.b), (stmt.b, stmt.a)):
                if isinstance(key, ir.Local) and key.index in same:
                    found = _outside(gen, scan, other)
                    if found is not None:
                        return found
        if not isinstance(stmt, PURE) and not _asks_a_rule(gen, stmt):
            return None
    return None


def _asks_a_rule(gen: Gen, stmt: ir.Stmt) -> bool:
    """Whether a statement asks a rule that knows nothing of the element."""
    return (
        isinstance(stmt, ir.CallStmt)
        and stmt.func in gen.unit.functions
        and stmt.func in gen.unit.inert
        and stmt.args == (ir.Local(0), ir.Local(1))
    )


def _outside(gen: Gen, scan: ir.ScanStmt, operand: Any) -> Expr | None:
    """The expression of an operand, if its value is there before the scan begins."""
    if isinstance(operand, ir.Const):
        return gen.operand(operand)
    local = operand.index
    if not gen.locals.steady(local):
        return None
    bound = gen.env.get(local)
    if bound is not None:
        return bound  # a constant, or a lookup that was made before the scan
    return gen.read(local) if local in gen.assigned else None


def straighten(function: ir.Func) -> ir.Func:
    """Scans that end a body and look for one key, as lookups: the body is then straight.

    Where a scan ends its block, finding no element and failing come to the same.
    """
    if not any(b.stmts and isinstance(b.stmts[-1], ir.ScanStmt) for b in function.blocks):
        return function
    known = find_locals(function.blocks, function.params)
    fresh = max([*known.defs, *known.uses, *function.params, function.returns]) + 1
    blocks: list[ir.Block] = []
    for block in function.blocks:
        stmts = _straighten(block.stmts, known, function.params, fresh)
        fresh += 1
        blocks.append(block if stmts is None else ir.Block(stmts))
    return replace(function, blocks=tuple(blocks))


def _straighten(
    stmts: tuple[ir.Stmt, ...], known: Locals, params: tuple[int, ...], fresh: int
) -> tuple[ir.Stmt, ...] | None:
    scan = stmts[-1] if stmts else None
    if not isinstance(scan, ir.ScanStmt):
        return None
    if not (known.steady(scan.key) and known.steady(scan.value) and known.steady(scan.source)):
        return None
    if any(isinstance(s, ir.BreakStmt | ir.CallDynamicStmt) for _, s in walk([scan.block])):
        return None  # they count the blocks around them
    before = {local for s in stmts[:-1] for local in writes(s)} | set(params)
    same = {scan.key}
    for stmt in scan.block.stmts:
        if not isinstance(stmt, PURE):
            return None
        if isinstance(stmt, ir.AssignVarStmt) and isinstance(stmt.source, ir.Local):
            if stmt.source.index in same and known.steady(stmt.target):
                same.add(stmt.target)
        elif isinstance(stmt, ir.EqualStmt):
            for key, other in ((stmt.a, stmt.b), (stmt.b, stmt.a)):
                if not isinstance(key, ir.Local) or key.index not in same:
                    continue
                if isinstance(other, ir.Const) or (
                    other.index in before and known.steady(other.index)
                ):
                    return (
                        *stmts[:-1],
                        # A copy of its own: a lookup in a base document would take 2 for "2".
                        ir.AssignVarStmt(ir.Local(scan.source), fresh, pos=scan.pos),
                        ir.DotStmt(ir.Local(fresh), other, scan.value, pos=scan.pos),
                        ir.AssignVarStmt(other, scan.key, pos=scan.pos),
                        *scan.block.stmts,
                    )
    return None
