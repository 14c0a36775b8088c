"""Locals that different bodies of a rule use for different things become different locals.

A planner names a rule's variables once for all of its bodies. Each body assigns its own before it
reads them, so each can have its own: and a local with one definition needs no variable
(``analysis.Locals.steady``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from regolive.codegen.analysis import find_locals
from regolive.codegen.shape import Path, SwitchStmt, blocks_of, dominates, inside
from regolive.ir import nodes as ir

# The fields of statements that hold the number of a local, where operands do not.
_LOCAL_FIELDS = frozenset({"array", "key", "object", "result", "set", "source", "target", "value"})
_NUMBERS = (ir.AssignIntStmt, ir.MakeNumberIntStmt)


def split_locals(
    blocks: Sequence[ir.Block], params: Sequence[int], keep: frozenset[int]
) -> tuple[ir.Block, ...]:
    """The blocks, each with locals of its own where it defines them once, before reading them."""
    known = find_locals(blocks, params)
    fresh = max([*known.defs, *known.uses, *params, *keep, 1]) + 1
    renames: list[dict[int, int]] = [{} for _ in blocks]
    for local, definitions in known.defs.items():
        if len(definitions) < 2 or local in keep or local in params:
            continue
        here: dict[int, list[tuple[Path, ir.Stmt]]] = {}
        uses: dict[int, list[Path]] = {}
        for place in definitions:
            here.setdefault(place[0][0], []).append(place)
        for path, _ in known.uses.get(local, ()):
            uses.setdefault(path[0], []).append(path)
        touched = here.keys() | uses.keys()
        if all(_is_its_own(here.get(block, []), uses.get(block, [])) for block in touched):
            for number in sorted(touched):
                renames[number][local] = fresh
                fresh += 1
    return tuple(
        rename_block(block, changes) if changes else block
        for block, changes in zip(blocks, renames, strict=True)
    )


def _is_its_own(here: list[tuple[Path, ir.Stmt]], uses: list[Path]) -> bool:
    """Whether a block defines a local once, on the way to each of its uses there."""
    if len(here) != 1 or isinstance(here[0][1], ir.WithStmt):
        return False
    place, stmt = here[0]
    reached = inside if isinstance(stmt, ir.ScanStmt) else dominates
    return all(reached(place, use) for use in uses)


def rename_block(block: ir.Block, renames: Mapping[int, int]) -> ir.Block:
    """The block with other numbers for its locals."""
    return ir.Block(tuple(rename_statement(s, renames) for s in block.stmts))


def rename_statement(stmt: ir.Stmt, renames: Mapping[int, int]) -> ir.Stmt:
    """The statement with other numbers for its locals."""
    changes: dict[str, Any] = {}
    for each in fields(stmt):
        value = getattr(stmt, each.name)
        if isinstance(value, ir.Local):
            if value.index in renames:
                changes[each.name] = ir.Local(renames[value.index])
        elif isinstance(value, int) and not isinstance(value, bool):
            if value in renames and _names_a_local(stmt, each.name):
                changes[each.name] = renames[value]
        elif isinstance(value, tuple) and each.name in ("args", "path"):
            changes[each.name] = tuple(_rename_part(v, renames) for v in value)
        elif isinstance(value, tuple) and each.name == "tests":
            changes[each.name] = tuple(rename_statement(t, renames) for t in value)
    if isinstance(stmt, ir.BlockStmt):
        changes["blocks"] = tuple(rename_block(b, renames) for b in stmt.blocks)
    elif isinstance(stmt, SwitchStmt):
        changes["on"] = renames.get(stmt.on, stmt.on)
        changes["cases"] = tuple(tuple(rename_block(b, renames) for b in c) for c in stmt.cases)
    elif blocks_of(stmt):
        changes["block"] = rename_block(blocks_of(stmt)[0], renames)
    return replace(stmt, **changes) if changes else stmt


def _names_a_local(stmt: ir.Stmt, field: str) -> bool:
    if field == "value" and isinstance(stmt, _NUMBERS):
        return False
    return field in _LOCAL_FIELDS or (isinstance(stmt, ir.ObjectMergeStmt) and field in ("a", "b"))


def _rename_part(part: Any, renames: Mapping[int, int]) -> Any:
    if isinstance(part, ir.Local):
        return ir.Local(renames.get(part.index, part.index))
    if isinstance(part, int) and not isinstance(part, bool):
        return renames.get(part, part)  # the arguments of a dynamic call are bare numbers
    return part
