"""``Policy`` back to OPA's ``plan.json``: to print a plan, to keep it, or to run it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regolive.ir.nodes import Block, Const, Local, Operand, Policy, Stmt
from regolive.ir.shape import SHAPES, Kind


def write_policy(policy: Policy) -> dict[str, Any]:
    """The plan as a JSON document that OPA's tools (and ``read_policy``) read.

    The string table is made anew, in the order in which strings are first used. ``sources`` has no
    place in the format and is left out.
    """
    return _Writer().policy(policy)


def _attribute(key: str) -> str:
    """The field of the node for a JSON key: the same name, with one exception."""
    return "text" if key == "Index" else key


class _Writer:
    """One writing: the string table as it grows, and one method for each kind of field."""

    def __init__(self) -> None:
        self.indexes: dict[str, int] = {}
        kinds: dict[Kind, Callable[[Any], Any]] = {
            Kind.INT: int,
            Kind.LOCAL: int,
            Kind.LOCALS: list,
            Kind.OPERAND: self.operand,
            Kind.OPERANDS: lambda operands: [self.operand(operand) for operand in operands],
            Kind.NAME: str,
            Kind.NUMBER_REF: self.string,
            Kind.PATH: lambda path: [self.string(segment) for segment in path],
            Kind.BLOCK: self.block,
            Kind.BLOCKS: self.blocks,
            Kind.DEPTH: int,
        }
        self.statements = {
            cls: (name, tuple((key, _attribute(key), kinds[kind]) for key, kind in fields))
            for name, (cls, fields) in SHAPES.items()
        }

    def policy(self, policy: Policy) -> dict[str, Any]:
        plans = [{"name": p.name, "blocks": self.blocks(p.blocks)} for p in policy.plans]
        funcs = []
        for func in policy.funcs:
            item: dict[str, Any] = {
                "name": func.name,
                "params": list(func.params),
                "return": func.returns,
                "blocks": self.blocks(func.blocks),
            }
            if func.path:
                item["path"] = list(func.path)
            funcs.append(item)
        static: dict[str, Any] = {
            "strings": [{"value": text} for text in self.indexes],
            "builtin_funcs": [{"name": b.name, "decl": dict(b.decl)} for b in policy.builtins],
            "files": [{"value": file} for file in policy.files],
        }
        return {"static": static, "plans": {"plans": plans}, "funcs": {"funcs": funcs}}

    def string(self, text: str) -> int:
        return self.indexes.setdefault(text, len(self.indexes))

    def operand(self, operand: Operand) -> dict[str, Any]:
        if isinstance(operand, Local):
            return {"type": "local", "value": operand.index}
        return self.constant(operand)

    def constant(self, constant: Const) -> dict[str, Any]:
        if isinstance(constant.value, bool):
            return {"type": "bool", "value": constant.value}
        return {"type": "string_index", "value": self.string(constant.value)}

    def blocks(self, blocks: tuple[Block, ...]) -> list[dict[str, Any]]:
        return [self.block(block) for block in blocks]

    def block(self, block: Block) -> dict[str, Any]:
        return {"stmts": [self.statement(stmt) for stmt in block.stmts]}

    def statement(self, stmt: Stmt) -> dict[str, Any]:
        name, fields = self.statements[type(stmt)]
        body = {key: write(getattr(stmt, attribute)) for key, attribute, write in fields}
        body.update(file=stmt.pos.file, row=stmt.pos.row, col=stmt.pos.col)
        return {"type": name, "stmt": body}
