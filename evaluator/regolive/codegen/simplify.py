"""Rewrites of IR before Python is written from it: what a planner emits for its own convenience.

Each rewrite keeps the meaning for every plan, whoever made it; which planner shows the pattern is
said beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from regolive.codegen.analysis import find_locals
from regolive.codegen.shape import AnyOfStmt, blocks_of, reads, walk, writes
from regolive.codegen.split import split_locals
from regolive.ir import nodes as ir


def simplify(function: ir.Func) -> ir.Func:
    """The function, simplified."""
    blocks = tuple(_block(b) for b in function.blocks)
    blocks = _splice(blocks)
    made = replace(function, blocks=blocks)
    made = _merge_result(made)
    keep = frozenset({made.returns})
    return replace(made, blocks=split_locals(made.blocks, made.params, keep))


def simplify_blocks(blocks: Sequence[ir.Block]) -> tuple[ir.Block, ...]:
    """The blocks of a plan, simplified."""
    return tuple(_block(b) for b in blocks)


def _block(block: ir.Block) -> ir.Block:
    stmts: list[ir.Stmt] = []
    given: dict[int, ir.Const] = {}  # locals that this block has given a constant
    for stmt in block.stmts:
        if isinstance(stmt, ir.NopStmt):
            continue
        if isinstance(stmt, ir.IsDefinedStmt) and stmt.source in given:
            continue  # regopy ends the body of a negation so: t := true, t is defined
        if _holds(stmt, given):
            continue  # and the results of comparisons so: t := true, t is not false
        for local in _all_writes(stmt):
            given.pop(local, None)
        if isinstance(stmt, ir.AssignVarStmt) and isinstance(stmt.source, ir.Const):
            given[stmt.target] = stmt.source
        new = _statement(stmt)
        if new is None:
            continue
        stmts.append(new)
        if isinstance(new, ir.BreakStmt | ir.ReturnLocalStmt):
            break  # what follows is never reached
    if stmts and isinstance(stmts[-1], ir.BreakStmt) and stmts[-1].index == 0:
        # Leaving a block at its end says nothing, unless reaching its end does.
        stmts[-1] = ir.BreakStmt(0, pos=stmts[-1].pos)
    return ir.Block(tuple(stmts))


def _holds(stmt: ir.Stmt, given: Mapping[int, ir.Const]) -> bool:
    """Whether a statement compares a constant that is known with another, and finds it so."""
    if not isinstance(stmt, ir.NotEqualStmt) or not isinstance(stmt.a, ir.Local):
        return False
    known = given.get(stmt.a.index)
    return known is not None and isinstance(stmt.b, ir.Const) and known != stmt.b


def _all_writes(stmt: ir.Stmt) -> set[int]:
    found = set(writes(stmt))
    for _, nested in walk(blocks_of(stmt)):
        found.update(writes(nested))
    return found


def _statement(stmt: ir.Stmt) -> ir.Stmt | None:
    match stmt:
        case ir.BlockStmt():
            return _block_stmt(replace(stmt, blocks=tuple(_block(b) for b in stmt.blocks)))
        case ir.ScanStmt() | ir.NotStmt() | ir.WithStmt():
            return replace(stmt, block=_block(stmt.block))
    return stmt


def _block_stmt(stmt: ir.BlockStmt) -> ir.Stmt | None:
    blocks = [b for b in stmt.blocks if b.stmts]
    while blocks and blocks[-1].stmts == (ir.BreakStmt(0, pos=blocks[-1].stmts[0].pos),):
        blocks.pop()
    if not blocks:
        return None
    if len(blocks) == 1:
        body = blocks[0].stmts
        # A block that only breaks: nothing for itself, one level less for those outside.
        if len(body) == 1 and isinstance(body[0], ir.BreakStmt):
            return None if body[0].index == 0 else replace(body[0], index=body[0].index - 1)
        # OPA's planner checks the domain of `every` so: [[a: test, break 1] [b: ...]; break k].
        if (
            len(body) == 2
            and isinstance(body[0], ir.BlockStmt)
            and isinstance(body[1], ir.BreakStmt)
            and body[1].index == 1
            and all(_tests_and_breaks(b) for b in body[0].blocks)
        ):
            return AnyOfStmt(tuple(b.stmts[0] for b in body[0].blocks), pos=stmt.pos)
    return replace(stmt, blocks=tuple(blocks))


def _tests_and_breaks(block: ir.Block) -> bool:
    return (
        len(block.stmts) == 2
        and isinstance(block.stmts[0], ir.IsArrayStmt | ir.IsObjectStmt | ir.IsSetStmt)
        and block.stmts[1] == ir.BreakStmt(1, pos=block.stmts[1].pos)
    )


def _splice(blocks: tuple[ir.Block, ...]) -> tuple[ir.Block, ...]:
    """``[BlockStmt[a b]]`` as a top-level block is a, then b (regopy wraps every body so)."""
    out: list[ir.Block] = []
    for block in blocks:
        if len(block.stmts) == 1:
            only = block.stmts[0]
            if isinstance(only, ir.BlockStmt) and not any(_breaks_out(b, 1) for b in only.blocks):
                out += only.blocks
                continue
        out.append(block)
    return tuple(out)


def _breaks_out(block: ir.Block, levels: int) -> bool:
    """Whether something in the block jumps ``levels`` or more levels out of it."""
    for stmt in block.stmts:
        if isinstance(stmt, ir.BreakStmt) and stmt.index >= levels:
            return True
        if isinstance(stmt, ir.CallDynamicStmt) and levels <= 3:
            return True  # it leaves three levels when the rule it found is undefined
        if any(_breaks_out(b, levels + 1) for b in blocks_of(stmt)):
            return True
    return False


def _merge_result(function: ir.Func) -> ir.Func:
    """OPA assigns each body's value to a local, then copies it to the return value: do it at once.

    ``reset t; ...; once t := v`` and then ``defined t; once r := t`` becomes ``once r := v``,
    if nothing else looks at t.
    """
    copies: dict[int, set[int]] = {}
    for number, block in enumerate(function.blocks):
        match block.stmts:
            case (
                ir.IsDefinedStmt(source=source),
                ir.AssignVarOnceStmt(source=ir.Local(index=copied), target=target),
            ) if source == copied and target == function.returns and source != target:
                copies.setdefault(source, set()).add(number)
    for local, numbers in copies.items():
        known = find_locals(function.blocks, function.params)
        touched = known.uses.get(local, []) + known.defs.get(local, [])
        if any(
            not isinstance(s, ir.AssignVarOnceStmt | ir.ResetLocalStmt)
            for path, s in touched
            if path[0] not in numbers
        ):
            continue
        if any(
            local in reads(s) and local not in writes(s)
            for path, s in touched
            if path[0] not in numbers
        ):
            continue
        blocks = tuple(
            _retarget(b, local, function.returns)
            for n, b in enumerate(function.blocks)
            if n not in numbers
        )
        function = replace(function, blocks=blocks)
    return function


def _retarget(block: ir.Block, old: int, new: int) -> ir.Block:
    stmts: list[ir.Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, ir.ResetLocalStmt) and stmt.target == old:
            continue
        if isinstance(stmt, ir.AssignVarOnceStmt) and stmt.target == old:
            stmts.append(replace(stmt, target=new))
            continue
        if isinstance(stmt, ir.BlockStmt):
            stmts.append(replace(stmt, blocks=tuple(_retarget(b, old, new) for b in stmt.blocks)))
        elif isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt):
            stmts.append(replace(stmt, block=_retarget(stmt.block, old, new)))
        else:
            stmts.append(stmt)
    return ir.Block(tuple(stmts))


def count_tests(block: ir.Block) -> int:
    """About how deep the block would nest if each test were an ``if`` around the rest."""
    return sum(
        not isinstance(
            s,
            ir.AssignVarStmt
            | ir.AssignVarOnceStmt
            | ir.MakeNumberRefStmt
            | ir.MakeArrayStmt
            | ir.MakeSetStmt
            | ir.MakeObjectStmt
            | ir.ArrayAppendStmt
            | ir.SetAddStmt
            | ir.ObjectInsertStmt
            | ir.ResetLocalStmt
            | ir.ScanStmt,
        )
        for s in block.stmts
    )


__all__ = ["AnyOfStmt", "count_tests", "simplify", "simplify_blocks", "walk"]
