"""Entrypoints: OPA plans one to put its document into ``{"result": ...}`` and add that to a set.

Who evaluates an entrypoint wants the document. Where a plan adds one such object, it can as well
return what it would have put in.
"""

from __future__ import annotations

from dataclasses import replace

from regolive.codegen.shape import blocks_of, reads, walk, writes
from regolive.ir import nodes as ir


def gives_one_value(plan: ir.Plan) -> bool:
    """Whether a plan ends by adding ``{"result": value}``, once, and does nothing after it."""
    return _wrapped(plan) is not None


def as_function(plan: ir.Plan) -> ir.Plan:
    """The plan with the object left out, and the value returned where the object was added."""
    found = _wrapped(plan)
    assert found is not None
    wrapper, value = found
    last = ir.Block(
        tuple(
            ir.ReturnLocalStmt(value, pos=s.pos) if isinstance(s, ir.ResultSetAddStmt) else s
            for s in plan.blocks[-1].stmts
            if not (isinstance(s, ir.MakeObjectStmt) and s.target == wrapper)
            and not (isinstance(s, ir.ObjectInsertStmt) and s.object == wrapper)
        )
    )
    return replace(plan, blocks=(*plan.blocks[:-1], last))


def _wrapped(plan: ir.Plan) -> tuple[int, int] | None:
    """The local of the object that a plan adds, and of the value in it."""
    adds = [s for _, s in walk(plan.blocks) if isinstance(s, ir.ResultSetAddStmt)]
    if len(adds) != 1 or not plan.blocks:
        return None
    last = plan.blocks[-1].stmts
    if not last or last[-1] is not adds[0] or any(blocks_of(s) for s in last):
        return None
    wrapper = adds[0].value
    touching = [s for _, s in walk(plan.blocks) if _names(s, wrapper)]
    match [s for s in last if _names(s, wrapper)]:
        case [
            ir.MakeObjectStmt(),
            ir.ObjectInsertStmt(key=ir.Const(value="result"), value=ir.Local(index=value)),
            ir.ResultSetAddStmt(),
        ] if len(touching) == 3:
            return wrapper, value
    return None


def _names(stmt: ir.Stmt, local: int) -> bool:
    return local in reads(stmt) or local in writes(stmt)
