"""A piece of a function that is nested too deep for CPython becomes a function of its own.

CPython compiles at most 20 statically nested loops and 100 levels of indentation. The part takes
the variables it reads as parameters and returns those it sets; jumps out of it are flags among
those.
"""

from __future__ import annotations

import ast
import re

from regolive.codegen.gen import Gen
from regolive.codegen.writer import Writer
from regolive.ir import nodes as ir

# The names that generated code gives to variables of a function, as opposed to globals.
_VARIABLE = re.compile(r"(?:input|data|q|results|ret0|[dlhfsvw]\d+|q\d+)\Z")


def emit_part(gen: Gen, stmt: ir.Stmt) -> None:
    """Write a statement as a function of its own, and the call of it."""

    outer = gen.w
    name = f"{gen.name}__{gen.fresh('part')}"
    gen.w = Writer(row=outer.row)
    gen.w.indent = 1
    gen.walls.append("part")
    defined, assigned, dead = set(gen.defined), set(gen.assigned), gen.dead
    gen.block(ir.Block((stmt,)), complete=None, flat=False)
    gen.defined, gen.assigned, gen.dead = defined, assigned, dead
    gen.walls.pop()
    inner, gen.w = gen.w, outer
    inner.indent = 1
    text, _ = inner.render()
    loaded, stored = _variables("def part():\n" + text.replace("return PART", "return"))
    results = sorted(stored)
    parameters = sorted((loaded | stored) - {"q"})
    returned = f"return {', '.join(results)}" + ("," if len(results) == 1 else "")
    for line in inner.lines:
        if line.text == "return PART":
            line.text = returned
    inner.emit(returned)
    head = Writer(row=outer.row)
    head.open(f"def {name}({', '.join(['q', *parameters])}):")
    inner.lines[:0] = head.lines
    gen.unit.parts.append((inner, gen.file))
    gen.part_variables |= loaded | stored
    call = f"{name}({', '.join(['q', *parameters])})"
    outer.emit(
        f"{', '.join(results)}{',' if len(results) == 1 else ''} = {call}" if results else call
    )
    gen.after_nested()


def _variables(source: str) -> tuple[set[str], set[str]]:
    loaded: set[str] = set()
    stored: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and _VARIABLE.match(node.id):
            (stored if isinstance(node.ctx, ast.Store) else loaded).add(node.id)
    return loaded, stored
