"""Walking and rebuilding trees of statements, for the passes that work on plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from regolive.ir import nodes as n
from regolive.ir.shape import SHAPES, Kind

StmtPass = Callable[[n.Stmt], Iterable[n.Stmt]]

_WRITES = {
    n.ScanStmt: ("key", "value"),
    n.WithStmt: ("local",),
    n.CallStmt: ("result",),
    n.CallDynamicStmt: ("result",),
}
# Containers that are changed in place: neither a read of their value nor an assignment.
_CHANGES = {
    n.ArrayAppendStmt: "array",
    n.ObjectInsertOnceStmt: "object",
    n.ObjectInsertStmt: "object",
    n.SetAddStmt: "set",
}


def _tables() -> tuple[dict[type, tuple[str, ...]], dict[type, tuple[str, ...]]]:
    reads: dict[type, tuple[str, ...]] = {}
    writes: dict[type, tuple[str, ...]] = {}
    for cls, shape in SHAPES.values():
        written = _WRITES.get(cls, ("target",) if "target" in cls.__slots__ else ())
        writes[cls] = written
        reads[cls] = tuple(
            key
            for key, kind in shape
            if kind in (Kind.LOCAL, Kind.LOCALS, Kind.OPERAND, Kind.OPERANDS)
            and key not in written
            and key != _CHANGES.get(cls)
        )
    return reads, writes


_READS, _ASSIGNS = _tables()


def reads(stmt: n.Stmt) -> Iterator[int]:
    """The locals whose value a statement uses (its inner blocks not counted)."""
    for key in _READS[type(stmt)]:
        value: Any = getattr(stmt, key)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, n.Local):
                yield item.index
            elif isinstance(item, int):
                yield item


def writes(stmt: n.Stmt) -> Iterator[int]:
    """The locals that a statement assigns."""
    for key in _ASSIGNS[type(stmt)]:
        yield getattr(stmt, key)


def changed(stmt: n.Stmt) -> int | None:
    """The local whose array, object or set the statement adds to."""
    key = _CHANGES.get(type(stmt))
    return None if key is None else getattr(stmt, key)


def inner_blocks(stmt: n.Stmt) -> tuple[n.Block, ...]:
    """The blocks inside a statement."""
    if isinstance(stmt, n.BlockStmt):
        return stmt.blocks
    if isinstance(stmt, n.ScanStmt | n.NotStmt | n.WithStmt):
        return (stmt.block,)
    return ()


def statements(blocks: Iterable[n.Block]) -> Iterator[n.Stmt]:
    """All statements, outer before inner."""
    for block in blocks:
        for stmt in block.stmts:
            yield stmt
            yield from statements(inner_blocks(stmt))


def rewrite(blocks: tuple[n.Block, ...], change: StmtPass) -> tuple[n.Block, ...]:
    """Every statement replaced by what ``change`` makes of it, inner statements first."""
    return tuple(
        n.Block(tuple(new for stmt in block.stmts for new in change(_inside(stmt, change))))
        for block in blocks
    )


def _inside(stmt: n.Stmt, change: StmtPass) -> n.Stmt:
    if isinstance(stmt, n.BlockStmt):
        return replace(stmt, blocks=rewrite(stmt.blocks, change))
    if isinstance(stmt, n.ScanStmt | n.NotStmt | n.WithStmt):
        return replace(stmt, block=rewrite((stmt.block,), change)[0])
    return stmt


def highest_local(policy: n.Policy) -> int:
    """The highest number of a local that the policy uses."""
    highest = 1
    for func in policy.funcs:
        highest = max(highest, func.returns, *func.params)
    bodies = [func.blocks for func in policy.funcs] + [plan.blocks for plan in policy.plans]
    for blocks in bodies:
        for stmt in statements(blocks):
            for local in (*reads(stmt), *writes(stmt)):
                highest = max(highest, local)
    return highest


__all__ = [
    "changed",
    "highest_local",
    "inner_blocks",
    "reads",
    "rewrite",
    "statements",
    "writes",
]
