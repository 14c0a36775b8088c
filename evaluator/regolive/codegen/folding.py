"""Composite constants: ``{"GET", "HEAD"}`` in a policy is made once, not in every query."""

from __future__ import annotations

from typing import Any

from regolive.codegen.gen import Expr, Gen
from regolive.codegen.shape import Path, dominates
from regolive.ir import nodes as ir
from regolive.values import UNDEFINED, RegoSet, parse_number, to_key

_MAKERS = (ir.MakeArrayStmt, ir.MakeSetStmt, ir.MakeObjectStmt)


def fold_composite(gen: Gen, stmts: tuple[ir.Stmt, ...], i: int) -> set[int] | None:
    """If the composite made by statement ``i`` is a constant, bind it and say which statements
    of the block are thereby done. None if it is not one.

    One that is a part of another is done with the other, if that is a constant too.
    """
    stmt = stmts[i]
    if not isinstance(stmt, _MAKERS) or not gen.locals.steady(stmt.target):
        return None
    for maker in (*reversed(_around(gen, stmts, i)), i):
        made = stmts[maker]
        if id(made) in gen.unfoldable:
            continue
        assert isinstance(made, _MAKERS)
        value, done = _fold(gen, stmts, maker)
        if value is UNDEFINED or i not in done:
            gen.unfoldable.add(id(made))
            continue
        kind = {list: "list", dict: "dict", RegoSet: "set"}[value.__class__]
        gen.env[made.target] = Expr(gen.unit.constant(value), kind, value)
        gen.defined.add(made.target)
        return done - {i}
    return None


def _around(gen: Gen, stmts: tuple[ir.Stmt, ...], i: int) -> list[int]:
    """The makers of what a composite is a part of, in the same block, from the inside out."""
    found: list[int] = []
    while True:
        made = stmts[found[-1] if found else i]
        assert isinstance(made, _MAKERS)
        outer = [
            _filled(use)
            for _, use in gen.locals.uses.get(made.target, ())
            if not _fills(use, made.target)
        ]
        if len(outer) != 1 or outer[0] is None:
            return found
        maker = _defined_at(gen, stmts, outer[0])
        if maker is None or not isinstance(stmts[maker], _MAKERS) or maker in found:
            return found
        found.append(maker)


def _filled(stmt: ir.Stmt) -> int | None:
    """The composite that a statement puts something into."""
    match stmt:
        case ir.ArrayAppendStmt():
            return stmt.array
        case ir.SetAddStmt():
            return stmt.set
        case ir.ObjectInsertStmt():
            return stmt.object
    return None


def _defined_at(gen: Gen, stmts: tuple[ir.Stmt, ...], local: int) -> int | None:
    """The statement of this block that gives a local its one value."""
    if not gen.locals.steady(local):
        return None
    for path, stmt in gen.locals.defs.get(local, ()):
        if path[-1] < len(stmts) and stmts[path[-1]] is stmt:
            return path[-1]
    return None


def _fold(gen: Gen, stmts: tuple[ir.Stmt, ...], i: int) -> tuple[Any, set[int]]:
    """The constant made by statement ``i`` with the statements that fill it, or UNDEFINED."""
    maker = stmts[i]
    assert isinstance(maker, _MAKERS)
    target = maker.target
    uses = gen.locals.uses.get(target, ())
    # Everything that touches it before the last filler must be a filler of this very block, or
    # somebody could see it half made.
    fillers: list[int] = []
    last: Path = ()
    for path, use in uses:
        if _changes(use, target):
            if not _fills(use, target) or path[-1] >= len(stmts) or stmts[path[-1]] is not use:
                return UNDEFINED, set()
            fillers.append(path[-1])
            last = path
    if fillers and any(not _fills(use, target) and not dominates(last, path) for path, use in uses):
        return UNDEFINED, set()
    value: Any = (
        []
        if isinstance(maker, ir.MakeArrayStmt)
        else {}
        if isinstance(maker, ir.MakeObjectStmt)
        else RegoSet()
    )
    done = {i}
    for n in fillers:
        parts = []
        for operand in _parts(stmts[n]):
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
    n = _defined_at(gen, stmts, operand.index)
    if n is None or n >= before:
        return UNDEFINED, set()
    match stmts[n]:
        case ir.MakeNumberRefStmt(text=text):
            return parse_number(text), set()
        case ir.MakeNumberIntStmt(value=number):
            return number, set()
        case ir.MakeNullStmt():
            return None, set()
        case ir.AssignVarStmt(source=source):
            return _constant(gen, stmts, n, source)
        case ir.MakeArrayStmt() | ir.MakeSetStmt() | ir.MakeObjectStmt():
            return _fold(gen, stmts, n)
    return UNDEFINED, set()
