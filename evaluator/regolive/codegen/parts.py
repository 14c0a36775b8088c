"""A block that is nested too deep for CPython becomes a function of its own.

CPython compiles at most 20 statically nested loops and 100 levels of indentation. The part takes
the variables it reads as parameters and returns those it sets; jumps out of it are flags among
those. Leaving the block is returning from the part.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable

from regolive.codegen.gen import Gen, Label
from regolive.codegen.writer import Writer
from regolive.ir import nodes as ir

# The names that generated code gives to variables of a function, as opposed to globals.
_VARIABLE = re.compile(r"(?:input|data|q|results|ret0|[cdlhfnsvw]\d+|q\d+)\Z")
# A `with` puts these back where it ends, so what they are inside a part stays inside.
DOCUMENTS = frozenset({"input", "data", "q"})


def emit_part(gen: Gen, block: ir.Block, complete: Callable[[], None] | None) -> None:
    """Write a block as a function of its own, and the call of it."""
    from regolive.codegen.statements import emit_statements

    outer = gen.w
    name = f"{gen.name}__{gen.fresh('part')}"
    gen.w = Writer(row=outer.row)
    gen.w.indent = 1
    gen.walls.append("part")
    label = Label(len(gen.walls), jump="return PART")
    label.place = gen.w.reserve()
    gen.labels.append(label)
    emit_statements(gen, block.stmts)
    if not gen.dead and complete is not None:
        complete()
    gen.labels.pop()
    if label in gen.pending:
        gen.pending.remove(label)
    gen.walls.pop()
    inner, gen.w = gen.w, outer
    inner.close_to(1)
    inner.indent = 1
    loaded, stored = variables_of(inner)
    results = sorted(stored - DOCUMENTS)
    parameters = sorted((loaded | stored) - {"q"})
    finish_part(gen, inner, name, parameters, results)
    gen.part_variables |= loaded | stored
    call = f"{name}({', '.join(['q', *parameters])})"
    outer.emit(
        f"{', '.join(results)}{',' if len(results) == 1 else ''} = {call}" if results else call
    )


def finish_part(
    gen: Gen, inner: Writer, name: str, parameters: list[str], results: list[str]
) -> None:
    """Give a part its head and its returns, and put it among the functions to be compiled."""
    returned = f"return {', '.join(results)}" + ("," if len(results) == 1 else "")
    for line in inner.lines:
        if line.text == "return PART":
            line.text = returned
    inner.emit(returned)
    head = Writer(row=inner.lines[0].row)
    head.open(f"def {name}({', '.join(['q', *parameters])}):")
    inner.lines[:0] = head.lines
    gen.unit.parts.append((inner, gen.file))


def variables_of(inner: Writer) -> tuple[set[str], set[str]]:
    """The variables that the lines of a part read, and those they set."""
    text, _ = inner.render()
    source = "def part():\n    pass\n" + text.replace("return PART", "return")
    loaded: set[str] = set()
    stored: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and _VARIABLE.match(node.id):
            (stored if isinstance(node.ctx, ast.Store) else loaded).add(node.id)
    return loaded, stored
