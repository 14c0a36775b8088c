"""A whole policy as Python: every planned function and entrypoint, compiled and ready to call."""

from __future__ import annotations

import ast
import builtins as python_builtins
import keyword
import linecache
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regolive.codegen.analysis import (
    asked_more_than_once,
    base_documents,
    constant_result,
    find_locals,
    given,
    in_scan,
    reachable,
)
from regolive.codegen.control import hoist_common
from regolive.codegen.gen import Gen, Unit
from regolive.codegen.inlining import inline_functions
from regolive.codegen.lookup import straighten
from regolive.codegen.plans import as_function, gives_one_value
from regolive.codegen.positions import MARK
from regolive.codegen.reorder import inert_calls, tests_first
from regolive.codegen.shape import walk, writes
from regolive.codegen.simplify import simplify, simplify_blocks
from regolive.codegen.support import EXPORTS
from regolive.codegen.switch import switch_blocks, switched
from regolive.codegen.writer import Writer
from regolive.errors import IRError
from regolive.ir import nodes as ir

QueryFunction = Callable[..., Any]

# What generated code calls its variables and constants.
_VARIABLE = re.compile(r"(?:q|input|data|results|RULES|[a-zA-Z]\d+|ret0)\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entrypoint. ``plan(frame, input, data)`` gives its list of results.

    ``direct`` gives the value itself, UNDEFINED if there is none, where the plan does nothing but
    ask one rule.
    """

    name: str
    plan: QueryFunction
    direct: QueryFunction | None


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """A policy as Python functions."""

    entries: Mapping[str, Entry]
    _write: Callable[[], str]

    @property
    def source(self) -> str:
        """The functions to read, with policy rows as comments."""
        return self._write()


@dataclass(frozen=True, slots=True)
class _Piece:
    writer: Writer
    file: int


def compile_policy(policy: ir.Policy, builtins: Mapping[str, Any]) -> CompiledPolicy:
    """Generate and compile the Python for a policy.

    ``builtins`` maps names to bound builtins (``spec``, ``plugin``, ``call``). Raises IRError for
    a call of something that is neither planned nor a builtin, or with the wrong number of operands.
    """
    policy = reachable(policy)
    functions = inline_functions({f.name: straighten(simplify(f)) for f in policy.funcs})
    inert = inert_calls(functions, builtins)
    functions = {name: switched(tests_first(f, inert), inert) for name, f in functions.items()}
    unit = Unit(
        policy=policy,
        functions=functions,
        names=_python_names(functions),
        numbers={name: n for n, name in enumerate(functions)},
        shared=asked_more_than_once(policy),
        builtins=builtins,
        inert=inert,
    )
    unit.data_is_object = not any(
        isinstance(s, ir.WithStmt) and s.local == 1 and not s.path
        for blocks in [f.blocks for f in functions.values()] + [p.blocks for p in policy.plans]
        for _, s in walk(blocks)
    )
    _check_calls(policy, functions, builtins)
    pieces: list[_Piece] = []
    for function in functions.values():
        pieces.append(_function(unit, function))
        pieces += _take_parts(unit)
    plans: dict[str, str] = {}
    values: dict[str, str] = {}
    for number, plan in enumerate(policy.plans):
        plans[plan.name] = f"plan_{number}"
        pieces.append(_plan(unit, plan, plans[plan.name]))
        pieces += _take_parts(unit)
        if gives_one_value(plan):
            # What callers want of an entrypoint is its value, not a set of results around it.
            pieces.append(_plan(unit, as_function(plan), f"value_{number}", value=True))
            pieces += _take_parts(unit)
            values[plan.name] = f"value_{number}"

    space: dict[str, Any] = dict(EXPORTS)
    space |= unit.constants
    space[MARK] = True
    space |= {python: builtins[name].call for name, python in unit.used_builtins.items()}
    for piece in pieces:
        _execute(piece, policy, space)
    for name, names in unit.tables.items():
        space[name] = {key: space[part] for key, part in names.items()}
    space["RULES"] = {
        f.path: (unit.numbers[f.name], space[unit.names[f.name]])
        for f in policy.funcs
        if f.path and len(f.params) == 2
    }
    _remember_sources(policy)
    entries = {
        plan.name: Entry(
            plan.name,
            space[plans[plan.name]],
            _direct(plan, unit, space) or space.get(values.get(plan.name, "")),
        )
        for plan in policy.plans
    }
    return CompiledPolicy(entries, lambda: _readable(unit, policy, pieces))


def _python_names(functions: Mapping[str, ir.Func]) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in functions:
        group, _, rest = name.partition(".")
        plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in rest or group)
        if group != "g0":
            plain = f"{plain}_{group}"  # the same rule under another set of mocked functions
        while plain in names.values() or not plain.isidentifier() or _taken(plain):
            plain = f"_{plain}_"
        names[name] = plain
    return names


def _taken(name: str) -> bool:
    """Whether generated code uses a name for something else."""
    return (
        name in EXPORTS
        or name in vars(python_builtins)
        or keyword.iskeyword(name)
        or _VARIABLE.match(name) is not None
        or name.startswith(("b_", "plan_", "value_"))
    )


def _check_calls(
    policy: ir.Policy, functions: Mapping[str, ir.Func], builtins: Mapping[str, Any]
) -> None:
    for where, blocks in [(f.name, f.blocks) for f in policy.funcs] + [
        (f"plan {p.name}", p.blocks) for p in policy.plans
    ]:
        for _, stmt in walk(blocks):
            if not isinstance(stmt, ir.CallStmt):
                continue
            if stmt.func in functions:
                wanted = len(functions[stmt.func].params)
            elif stmt.func in builtins:
                spec = builtins[stmt.func].spec
                wanted = spec.arity if spec.variadic is None else len(stmt.args)
            else:
                raise IRError(f"call of {stmt.func!r}: no such function or builtin", where)
            if wanted != len(stmt.args):
                text = f"call of {stmt.func!r} with {len(stmt.args)} arguments; it takes {wanted}"
                raise IRError(text, where)


def _start(unit: Unit, blocks: tuple[ir.Block, ...], params: tuple[int, ...], name: str) -> Gen:
    places = [s.pos for _, s in walk(blocks) if s.pos.row]
    gen = Gen(unit, find_locals(blocks, params), name, places[0].file if places else 0)
    gen.w.row = places[0].row if places else 0
    gen.base = base_documents(blocks)
    if unit.data_is_object:
        gen.kinds[1] = "dict"
    gen.has_with = any(isinstance(s, ir.WithStmt) for _, s in walk(blocks))
    gen.assigned = set(params)
    gen.defined = {p for p in params if p > 1}  # input may be undefined; arguments are not
    return gen


def _function(unit: Unit, function: ir.Func) -> _Piece:
    gen = _start(unit, function.blocks, function.params, unit.names[function.name])
    gen.returns = function.returns
    if function.name.endswith(ir.KEYED):
        gen.conflict = "OBJECT_CONFLICT"
    elif len(function.params) > 2:
        gen.conflict = "FUNCTION_CONFLICT"
    gen.early = constant_result(function)
    _plan_returns(gen, function)
    blocks = [b for b in function.blocks if b.stmts]
    tail = len(blocks)
    while tail and _only_returns(blocks[tail - 1], function.returns):
        tail -= 1
    returned = "U" if gen.always_given else gen.var(function.returns)
    parameters = ", ".join(["q", *(gen.var(p) for p in function.params)])
    gen.w.open(f"def {gen.name}({parameters}):")
    place = gen.w.reserve()
    gen.function_label.place = gen.w.reserve()
    hoist_common(gen, blocks[:tail])
    for number, block in enumerate(blocks[:tail]):
        last = number == tail - 1
        straight = _straight(block)
        gen.block(block, jump=f"return {returned}" if last else None)
        if straight:
            # Nothing in it can be undefined: what it assigned stays assigned.
            for stmt in block.stmts:
                for target in writes(stmt):
                    gen.note_write(target, defined=not isinstance(stmt, ir.ResetLocalStmt))
    if returned != "U" and function.returns not in gen.assigned:
        gen.needs_init.add(function.returns)
    if gen.falls_through(1):
        gen.w.emit(f"return {returned}")
    _initialise(gen, place)
    return _Piece(gen.w, gen.file)


def _plan_returns(gen: Gen, function: ir.Func) -> None:
    """Find out which assignments of the return value may return at once.

    One after a test that there is no value yet may, unless another follows that does not ask; one
    that is alone in not asking may, unless a scan comes by it again; and one that gives what every
    other gives.
    """
    known = given(gen.locals, function.returns)
    unguarded = set(known.unguarded)
    alone = len(unguarded) == 1 and not in_scan(function.blocks, known.unguarded[0])
    gen.always_given = all(
        isinstance(stmt, ir.ResetLocalStmt)
        or (
            isinstance(stmt, ir.AssignVarOnceStmt)
            and (id(stmt) in gen.early or (known.last and (alone or path not in unguarded)))
        )
        for path, stmt in gen.locals.defs.get(function.returns, ())
    )


def _straight(block: ir.Block) -> bool:
    return all(
        isinstance(s, ir.ResetLocalStmt | ir.MakeSetStmt | ir.MakeObjectStmt | ir.MakeArrayStmt)
        for s in block.stmts
    )


def _only_returns(block: ir.Block, local: int) -> bool:
    return all(
        (isinstance(s, ir.ReturnLocalStmt | ir.IsDefinedStmt) and s.source == local)
        for s in block.stmts
    )


def _plan(unit: Unit, plan: ir.Plan, name: str, *, value: bool = False) -> _Piece:
    blocks = switch_blocks(simplify_blocks(plan.blocks), unit.inert)
    gen = _start(unit, blocks, (0, 1), name)
    gen.w.open(f"def {name}(q, input, data):")
    if not value:
        gen.w.emit("results = []")
    place = gen.w.reserve()
    gen.function_label.place = gen.w.reserve()
    for block in blocks:
        gen.block(block)
    gen.w.close_to(1)
    if gen.falls_through(1):
        gen.w.emit("return U" if value else "return results")
    _initialise(gen, place)
    return _Piece(gen.w, gen.file)


def _initialise(gen: Gen, place: Any) -> None:
    """Locals that may be read before they are assigned begin as undefined."""
    names = {gen.var(n) for n in gen.needs_init if n not in gen.locals.params}
    names |= {n for n in gen.part_variables if n not in ("input", "data", "q", "results")}
    names -= {gen.var(p) for p in gen.locals.params}
    if names:
        place.text = " = ".join([*sorted(names), "U"])
        place.dropped = False


def _take_parts(unit: Unit) -> list[_Piece]:
    parts = [_Piece(writer, file) for writer, file in unit.parts]
    unit.parts.clear()
    return parts


def _execute(piece: _Piece, policy: ir.Policy, space: dict[str, Any]) -> None:
    """Compile a function under the policy's file name and rows, and define it."""
    source, rows = piece.writer.render()
    tree = ast.parse(source)
    todo: list[Any] = [tree]
    while todo:
        node = todo.pop()
        row = getattr(node, "lineno", None)
        if row is not None:
            node.lineno = node.end_lineno = rows[row] or 1
        for name in node._fields:
            child = getattr(node, name)
            if child.__class__ is list:
                todo += child
            elif isinstance(child, ast.AST):
                todo.append(child)
    exec(compile(tree, _file_name(policy, piece.file), "exec"), space)


def _file_name(policy: ir.Policy, file: int) -> str:
    return policy.files[file] if file < len(policy.files) else "<policy>"


def _remember_sources(policy: ir.Policy) -> None:
    """Let tracebacks show the rows of the policies as they were compiled.

    Of two policies under one name the last is shown: the lines of the other would be wrong more
    often.
    """
    for name, text in policy.sources.items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def _direct(plan: ir.Plan, unit: Unit, space: Mapping[str, Any]) -> QueryFunction | None:
    """The rule that a plan does nothing but ask, as a function."""
    called: ir.CallStmt | None = None
    values: set[int] = set()  # what it gave, and copies of it
    for _, stmt in walk(plan.blocks):
        match stmt:
            case ir.CallStmt() if called is None and stmt.func in unit.functions:
                called = stmt
                values.add(stmt.result)
            case ir.AssignVarStmt(source=ir.Local(index=source)) if source in values:
                values.add(stmt.target)
            case ir.ObjectInsertStmt(
                key=ir.Const(value="result"), value=ir.Local(index=source)
            ) if source in values:
                pass
            case ir.IsDefinedStmt(source=source) if source in values:
                pass
            case ir.MakeObjectStmt() | ir.ResultSetAddStmt():
                pass
            case _:
                return None
    if called is None or called.args != (ir.Local(0), ir.Local(1)):
        return None
    function: QueryFunction = space[unit.names[called.func]]
    return function


def _readable(unit: Unit, policy: ir.Policy, pieces: list[_Piece]) -> str:
    out = [
        "# Generated by regolive: what a policy runs as. U is undefined; q is the query's frame."
    ]
    for name, value in unit.constants.items():
        out.append(f"{name} = {value!r}")
    for name, parts in unit.tables.items():
        out.append(f"{name} = {{{', '.join(f'{key!r}: {part}' for key, part in parts.items())}}}")
    for name, python in sorted(unit.used_builtins.items(), key=lambda kv: kv[1]):
        out.append(f"{python} = builtin({name!r})")
    for piece in pieces:
        text, _ = piece.writer.render(comments=True)
        out.append(f"\n\n# {_file_name(policy, piece.file)}\n{text.rstrip()}")
    return "\n".join(out) + "\n"
