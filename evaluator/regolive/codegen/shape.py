"""Statements as the generator walks them: which locals each reads and writes, which blocks it has.

Also the statements that only the generator knows: it makes them of others, for what Python has a
better form for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from regolive.ir import nodes as ir

Path = tuple[int, ...]
"""The place of a statement in a function: block and statement numbers, from the outside in."""


@dataclass(frozen=True, slots=True)
class AnyOfStmt(ir.Stmt):
    """Defined if any of the tests is: made here from blocks that each test and break."""

    tests: tuple[ir.Stmt, ...]


@dataclass(frozen=True, slots=True)
class AllOfStmt(ir.Stmt):
    """Defined if all of the tests are: one of the alternatives of an ``AnyOfStmt``."""

    tests: tuple[ir.Stmt, ...]


@dataclass(frozen=True, slots=True)
class SwitchStmt(ir.Stmt):
    """The blocks of the case that the value of ``on`` picks; made by ``switch.py``.

    ``keys`` are the hash-table keys of constants, with the number of their case. Each block stands
    where a block of a BlockStmt in this place would.
    """

    on: int
    keys: tuple[tuple[Any, int], ...]
    cases: tuple[tuple[ir.Block, ...], ...]


# Statements without effects: they look up, test, or give a local its value.
PURE: tuple[type[ir.Stmt], ...] = (
    AnyOfStmt,
    ir.AssignVarStmt,
    ir.DotStmt,
    ir.EqualStmt,
    ir.IsArrayStmt,
    ir.IsDefinedStmt,
    ir.IsObjectStmt,
    ir.IsSetStmt,
    ir.LenStmt,
    ir.MakeNullStmt,
    ir.MakeNumberIntStmt,
    ir.MakeNumberRefStmt,
    ir.NotEqualStmt,
)


# For each kind of statement, the fields that hold a local it reads, and those that hold an operand.
_READS: dict[type[ir.Stmt], tuple[tuple[str, ...], tuple[str, ...]]] = {
    ir.ArrayAppendStmt: (("array",), ("value",)),
    ir.AssignVarOnceStmt: (("target",), ("source",)),
    ir.AssignVarStmt: ((), ("source",)),
    ir.DotStmt: ((), ("source", "key")),
    ir.EqualStmt: ((), ("a", "b")),
    ir.IsArrayStmt: ((), ("source",)),
    ir.IsDefinedStmt: (("source",), ()),
    ir.IsObjectStmt: ((), ("source",)),
    ir.IsSetStmt: ((), ("source",)),
    ir.IsUndefinedStmt: (("source",), ()),
    ir.LenStmt: ((), ("source",)),
    ir.NotEqualStmt: ((), ("a", "b")),
    ir.ObjectInsertOnceStmt: (("object",), ("key", "value")),
    ir.ObjectInsertStmt: (("object",), ("key", "value")),
    ir.ObjectMergeStmt: (("a", "b"), ()),
    ir.ResultSetAddStmt: (("value",), ()),
    ir.ReturnLocalStmt: (("source",), ()),
    ir.ScanStmt: (("source",), ()),
    ir.SetAddStmt: (("set",), ("value",)),
    ir.WithStmt: (("local",), ("value",)),
    SwitchStmt: (("on",), ()),
}
# The fields that hold a local it gives a value.
_WRITES: dict[type[ir.Stmt], tuple[str, ...]] = {
    ir.AssignIntStmt: ("target",),
    ir.AssignVarOnceStmt: ("target",),
    ir.AssignVarStmt: ("target",),
    ir.CallDynamicStmt: ("result",),
    ir.CallStmt: ("result",),
    ir.DotStmt: ("target",),
    ir.LenStmt: ("target",),
    ir.MakeArrayStmt: ("target",),
    ir.MakeNullStmt: ("target",),
    ir.MakeNumberIntStmt: ("target",),
    ir.MakeNumberRefStmt: ("target",),
    ir.MakeObjectStmt: ("target",),
    ir.MakeSetStmt: ("target",),
    ir.ObjectMergeStmt: ("target",),
    ir.ResetLocalStmt: ("target",),
    ir.ScanStmt: ("key", "value"),
    ir.WithStmt: ("local",),
}
_NESTING = frozenset({ir.BlockStmt, ir.NotStmt, ir.ScanStmt, ir.WithStmt, SwitchStmt})


def reads(stmt: ir.Stmt) -> list[int]:
    """The locals that a statement reads itself (not in its nested blocks)."""
    fields = _READS.get(stmt.__class__)
    if fields is not None:
        locals_, operands = fields
        found: list[int] = [getattr(stmt, field) for field in locals_]
        for field in operands:
            operand = getattr(stmt, field)
            if operand.__class__ is ir.Local:
                found.append(operand.index)
        return found
    if isinstance(stmt, ir.CallStmt):
        return _indexes(stmt.args)
    if isinstance(stmt, ir.CallDynamicStmt):
        return [*stmt.args, *_indexes(stmt.path)]
    if isinstance(stmt, AnyOfStmt | AllOfStmt):
        return [local for test in stmt.tests for local in reads(test)]
    return []


def _indexes(operands: Iterable[ir.Operand]) -> list[int]:
    return [operand.index for operand in operands if isinstance(operand, ir.Local)]


def writes(stmt: ir.Stmt) -> list[int]:
    """The locals that a statement gives a value itself."""
    return [getattr(stmt, field) for field in _WRITES.get(stmt.__class__, ())]


def blocks_of(stmt: ir.Stmt) -> tuple[ir.Block, ...]:
    """The blocks nested in a statement."""
    if stmt.__class__ not in _NESTING:
        return ()
    if isinstance(stmt, ir.BlockStmt):
        return stmt.blocks
    if isinstance(stmt, SwitchStmt):
        return tuple(block for case in stmt.cases for block in case)
    assert isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt)
    return (stmt.block,)


def walk(blocks: Sequence[ir.Block], path: Path = ()) -> list[tuple[Path, ir.Stmt]]:
    """All statements with their places, outer before inner."""
    found: list[tuple[Path, ir.Stmt]] = []
    _walk(blocks, path, found)
    return found


def _walk(blocks: Sequence[ir.Block], path: Path, found: list[tuple[Path, ir.Stmt]]) -> None:
    for b, block in enumerate(blocks):
        for s, stmt in enumerate(block.stmts):
            here = (*path, b, s)
            found.append((here, stmt))
            if stmt.__class__ in _NESTING:
                _walk(blocks_of(stmt), here, found)


def dominates(definition: Path, use: Path) -> bool:
    """Whether reaching ``use`` means having passed ``definition`` on the same run of its block."""
    depth = len(definition) - 1
    return len(use) > depth and use[:depth] == definition[:depth] and use[depth] > definition[depth]


def inside(outer: Path, place: Path) -> bool:
    """Whether ``place`` lies in a block nested in the statement at ``outer``."""
    return len(place) > len(outer) and place[: len(outer)] == outer
