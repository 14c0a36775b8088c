"""Writing a switch: few cases as Python's ``if``s, many as functions in a table.

With many cases in line, the function would have the variables of all of them, and calling it would
cost as much as comparing one after the other. So each case becomes a part (``parts.py``), all with
the same parameters and results, and the table leads from the constants to them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from regolive.codegen.gen import Gen, Label
from regolive.codegen.parts import DOCUMENTS, finish_part, variables_of
from regolive.codegen.shape import SwitchStmt, reads, walk, writes
from regolive.codegen.writer import Writer
from regolive.ir import nodes as ir

# With more cases than this, they become functions.
MAX_IN_LINE = 8


def emit_switch(gen: Gen, stmt: SwitchStmt, *_: Any) -> int:
    """The case that a value picks. It ends its block: to leave a case is to leave that."""
    if not gen.is_defined(stmt.on):
        gen.require_defined(gen.read(stmt.on).code)
    if len(stmt.cases) > MAX_IN_LINE:
        _emit_table(gen, stmt)
        return 1
    number = gen.fresh("n")
    gen.w.emit(f"{number} = {_look_up(gen, stmt, gen.unit.constant(dict(stmt.keys)), '-1')}")
    gen.require(f"{number} >= 0", f"{number} < 0")
    _emit_halves(gen, stmt, number, 0, len(stmt.cases))
    return 1


def _look_up(gen: Gen, stmt: SwitchStmt, table: str, otherwise: str) -> str:
    on = gen.read(stmt.on)
    if on.kind == "str":
        return f"{table}.get({on.code}, {otherwise})"
    if all(key.__class__ is str for key, _ in stmt.keys):
        return f"{table}.get({on.code}, {otherwise}) if {on.cls} is str else {otherwise}"
    key = f"{on.code} if {on.cls} is str else to_key({on.code})"
    return f"{table}.get({key}, {otherwise})"


def _emit_halves(gen: Gen, stmt: SwitchStmt, number: str, first: int, end: int) -> None:
    """Python's ``if``s that find one of the cases by halves."""
    w, indent = gen.w, gen.w.indent
    if end - first == 1:
        label = gen.labels[-1]
        _emit_case(gen, stmt.cases[first], label.jump if gen.usable(label) else None)
        gen.after_nested()
        w.close_to(indent)
        return
    middle = (first + end) // 2
    w.open(f"if {number} < {middle}:")
    _emit_halves(gen, stmt, number, first, middle)
    w.close_to(indent)
    w.open("else:")
    _emit_halves(gen, stmt, number, middle, end)
    w.close_to(indent)


def _emit_case(gen: Gen, blocks: tuple[ir.Block, ...], jump: str | None) -> None:
    for place, block in enumerate(blocks):
        if place:
            gen.after_nested()
        gen.block(block, jump=jump if place == len(blocks) - 1 else None)


@dataclass(slots=True)
class _Part:
    writer: Writer
    name: str
    loaded: set[str]
    stored: set[str]


def _emit_table(gen: Gen, stmt: SwitchStmt) -> None:
    name = gen.unit.table()
    parts = [_write_part(gen, case) for case in stmt.cases]
    loaded = set[str]().union(*(part.loaded for part in parts))
    stored = set[str]().union(*(part.stored for part in parts))
    results, parameters = sorted(stored - DOCUMENTS), sorted((loaded | stored) - {"q"})
    for part in parts:
        finish_part(gen, part.writer, part.name, parameters, results)
    gen.part_variables |= loaded | stored
    gen.unit.tables[name] = {key: parts[case].name for key, case in stmt.keys}
    case = gen.fresh("c")
    gen.w.emit(f"{case} = {_look_up(gen, stmt, name, 'None')}")
    gen.require(f"{case} is not None", f"{case} is None")
    assigned = f"{', '.join(results)}{',' if len(results) == 1 else ''} = " if results else ""
    gen.w.emit(f"{assigned}{case}({', '.join(['q', *parameters])})")
    gen.after_nested()


def _write_part(gen: Gen, blocks: tuple[ir.Block, ...]) -> _Part:
    """A case as the lines of a function, and the variables of the outer function in it."""
    name, before = f"{gen.name}__{gen.fresh('part')}", gen.counter
    outer, here = gen.w, gen.labels[-1]
    gen.w = Writer(row=outer.row)
    gen.w.indent = 1
    gen.walls.append("part")
    gen.labels[-1] = Label(len(gen.walls), jump="return PART")
    _emit_case(gen, blocks, "return PART")
    gen.after_nested()
    gen.w.close_to(1)
    gen.w.indent = 1
    gen.labels[-1] = here
    gen.walls.pop()
    inner, gen.w = gen.w, outer
    loaded, stored = variables_of(inner)
    own = {gen.var(local) for local in _own_locals(gen, blocks)}
    flags = {label.flag for label in (*gen.labels, gen.function_label)}
    for variable in loaded | stored:
        digits = variable[1:]
        if variable[0] != "l" and digits.isdecimal() and int(digits) > before:
            own.add(variable)  # named while the part was written
    own -= flags
    return _Part(inner, name, loaded - own, stored - own)


def _own_locals(gen: Gen, blocks: tuple[ir.Block, ...]) -> set[int]:
    """The locals that nothing outside of some blocks touches."""
    here = Counter(x for _, s in walk(blocks) for x in (*reads(s), *writes(s)))
    known = gen.locals
    return {
        local
        for local, times in here.items()
        if times == len(known.defs.get(local, ())) + len(known.uses.get(local, ()))
    }
