"""Composite constants: ``{"GET", "HEAD"}`` in a policy is made once, not in every query."""

from __future__ import annotations

from typing import Any

from regolive.codegen.analysis import dominates
from regolive.codegen.gen import Expr, Gen
from regolive.ir import nodes as ir
from regolive.values import UNDEFINED, RegoSet, parse_number, to_key

_MAKERS = (ir.MakeArrayStmt, ir.MakeSetStmt, ir.MakeObjectStmt)


def fold_composite(gen: Gen, stmts: tuple[ir.Stmt, ...], i: int) -> set[int] | None:
    """If the composite made by statement ``i`` is a constant, bind it and say which statements
    of the block are thereby done. None if it is not one.
    """
    stmt = stmts[i]
    if not isinstance(stmt, _MAKERS) or not gen.locals.steady(stmt.target):
        return None
    value, done = _fold(gen, stmts, i)
    if value is UNDEFINED:
        return None
    kind = {list: "list", dict: "dict", RegoSet: "set"}[value.__class__]
    gen.env[stmt.target] = Expr(gen.unit.constant(value), kind, value)
    gen.defined.add(stmt.target)
    return done - {i}


def _fold(gen: Gen, stmts: tuple[ir.Stmt, ...], i: int) -> tuple[Any, set[int]]:
    """The constant made by statement ``i`` with the statements that fill it, or UNDEFINED."""
    maker = stmts[i]
    assert isinstance(maker, _MAKERS)
    target = maker.target
    fillers = [(n, s) for n, s in enumerate(stmts) if n > i and _fills(s, target)]
    # Everything that touches it before the last filler must be a filler of this very block, or
    # somebody could see it half made.
    changes = [s for _, s in gen.locals.uses.get(target, ()) if _changes(s, target)]
    if len(changes) != len(fillers):
        return UNDEFINED, set()
    if fillers:
        last = next(p for p, s in gen.locals.uses[target] if s is fillers[-1][1])
        for path, use in gen.locals.uses[target]:
            if not _fills(use, target) and not dominates(last, path):
                return UNDEFINED, set()
    value: Any = (
        []
        if isinstance(maker, ir.MakeArrayStmt)
        else {}
        if isinstance(maker, ir.MakeObjectStmt)
        else RegoSet()
    )
    done = {i}
    for n, filler in fillers:
        parts = []
        for operand in _parts(filler):
            part, used = _constant(gen, stmts, n, operand)
            if part is UNDEFINED:
                return UNDEFINED, set()
            parts.append(part)
            if used and _only_used_by(gen, stmts, operand, used | {n}):
                done |= used
        if isinstance(value, list):
            value.append(parts[0])
        elif isinstance(value, dict):
            value[to_key(parts[0])] = parts[1]
        else:
            value.keys.add(to_key(parts[0]))
        done.add(n)
    return value, done


def _only_used_by(
    gen: Gen, stmts: tuple[ir.Stmt, ...], operand: ir.Operand, places: set[int]
) -> bool:
    """Whether nothing but these statements of the block reads a local: it needs no value then."""
    assert isinstance(operand, ir.Local)
    readers = {id(stmt) for _, stmt in gen.locals.uses.get(operand.index, ())}
    return readers <= {id(stmts[n]) for n in places}


def _fills(stmt: ir.Stmt, local: int) -> bool:
    match stmt:
        case ir.ArrayAppendStmt():
            return stmt.array == local and stmt.value != ir.Local(local)
        case ir.SetAddStmt():
            return stmt.set == local
        case ir.ObjectInsertStmt():
            return stmt.object == local
    return False


def _changes(stmt: ir.Stmt, local: int) -> bool:
    if isinstance(stmt, ir.ObjectInsertOnceStmt):
        return stmt.object == local
    return _fills(stmt, local)


def _parts(stmt: ir.Stmt) -> tuple[ir.Operand, ...]:
    if isinstance(stmt, ir.ObjectInsertStmt):
        return (stmt.key, stmt.value)
    assert isinstance(stmt, ir.ArrayAppendStmt | ir.SetAddStmt)
    return (stmt.value,)


def _constant(
    gen: Gen, stmts: tuple[ir.Stmt, ...], before: int, operand: ir.Operand
) -> tuple[Any, set[int]]:
    """The constant that an operand is at statement ``before``, or UNDEFINED."""
    if isinstance(operand, ir.Const):
        return operand.value, set()
    bound = gen.env.get(operand.index)
    if bound is not None and bound.is_const:
        return bound.const, set()
    if not gen.locals.steady(operand.index):
        return UNDEFINED, set()
    for n in range(before):
        match stmts[n]:
            case ir.MakeNumberRefStmt(target=t, text=text) if t == operand.index:
                return parse_number(text), set()
            case ir.MakeNumberIntStmt(target=t, value=number) if t == operand.index:
                return number, set()
            case ir.MakeNullStmt(target=t) if t == operand.index:
                return None, set()
            case ir.AssignVarStmt(target=t, source=source) if t == operand.index:
                return _constant(gen, stmts, n, source)
            case ir.MakeArrayStmt() | ir.MakeSetStmt() | ir.MakeObjectStmt() as maker if (
                maker.target == operand.index
            ):
                return _fold(gen, stmts, n)
    return UNDEFINED, set()
