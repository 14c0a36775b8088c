"""IR as text, for people who read the report of a failure."""

from __future__ import annotations

from typing import Any

from regolive.ir import nodes as ir


def shown(policy: ir.Policy) -> str:
    """A policy as text, for the report of a failure."""
    out: list[str] = []

    def block(b: ir.Block, indent: int) -> None:
        if not b.stmts:
            out.append("  " * indent + "(empty)")
        for stmt in b.stmts:
            fields = [
                f"{name}={_operand(getattr(stmt, name))}"
                for name in stmt.__dataclass_fields__
                if name not in ("pos", "block", "blocks")
            ]
            out.append("  " * indent + f"{type(stmt).__name__}({', '.join(fields)})")
            for number, inner in enumerate(getattr(stmt, "blocks", ())):
                out.append("  " * (indent + 1) + f"-- block {number}")
                block(inner, indent + 1)
            if hasattr(stmt, "block"):
                block(stmt.block, indent + 1)

    for function in policy.funcs:
        out.append(f"{function.name}{function.params} -> {function.returns}")
        for b in function.blocks:
            out.append("  --")
            block(b, 1)
    for plan in policy.plans:
        out.append(f"plan {plan.name}")
        for b in plan.blocks:
            out.append("  --")
            block(b, 1)
    return "\n".join(out)


def _operand(value: Any) -> str:
    if isinstance(value, ir.Local):
        return f"l{value.index}"
    return repr(value.value) if isinstance(value, ir.Const) else repr(value)
