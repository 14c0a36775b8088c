"""Small rules and functions written into their callers: a call costs as much as several lookups.

``claims := input.token`` becomes the lookup itself, and a function that only compares its arguments
becomes a condition. Nothing that calls a rule or loops is copied, and nothing of another file:
a function is compiled under one policy file, for its tracebacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from regolive.codegen.analysis import find_locals
from regolive.codegen.shape import PURE, AllOfStmt, AnyOfStmt, blocks_of, reads, walk, writes
from regolive.codegen.split import rename_statement
from regolive.ir import nodes as ir

# A rule with more statements than this stays a function.
MAX_STATEMENTS = 12

_TRUE = ir.Const(True)


@dataclass(frozen=True, slots=True)
class _Straight:
    """A function of one body that only looks up and tests: its statements, and what it gives."""

    params: tuple[int, ...]
    stmts: tuple[ir.Stmt, ...]
    value: ir.Operand


@dataclass(frozen=True, slots=True)
class _Predicate:
    """A function that is true if any of its bodies' comparisons of its arguments all hold."""

    params: tuple[int, ...]
    bodies: tuple[tuple[ir.Stmt, ...], ...]


def inline_functions(functions: Mapping[str, ir.Func]) -> dict[str, ir.Func]:
    """The functions, with the calls of small ones replaced by what they do."""
    out = dict(functions)
    small: dict[str, tuple[_Straight | _Predicate, int]] = {}
    for name in _callees_first(functions):
        function = _expand(out[name], small)
        out[name] = function
        file = _file(function.blocks)
        made = _straight(function, functions) or _predicate(function)
        if made is not None and file is not None:
            small[name] = (made, file)
    return out


def _callees_first(functions: Mapping[str, ir.Func]) -> Iterator[str]:
    done: set[str] = set()
    for root in functions:
        stack = [(root, False)]
        while stack:
            name, expanded = stack.pop()
            if expanded:
                yield name
            elif name not in done:
                done.add(name)
                stack.append((name, True))
                stack += [
                    (s.func, False)
                    for _, s in walk(functions[name].blocks)
                    if isinstance(s, ir.CallStmt) and s.func in functions and s.func not in done
                ]


def _file(blocks: Sequence[ir.Block]) -> int | None:
    """The file that all statements with a place are in; None if they are in several."""
    files = {s.pos.file for _, s in walk(blocks) if s.pos.row}
    return files.pop() if len(files) == 1 else None


def _bodies(
    function: ir.Func, calls_builtin: Callable[[ir.Stmt], bool]
) -> list[tuple[ir.Stmt, ...]] | None:
    """The statements of each body, if the function is nothing but bodies that give its value."""
    found = []
    for block in function.blocks:
        if all(
            isinstance(s, ir.ResetLocalStmt | ir.ReturnLocalStmt | ir.IsDefinedStmt)
            and function.returns in (*reads(s), *writes(s))
            for s in block.stmts
        ):
            continue
        stmts = tuple(
            s
            for s in block.stmts
            if not (isinstance(s, ir.ResetLocalStmt) and s.target == function.returns)
        )
        last = stmts[-1]
        if not isinstance(last, ir.AssignVarOnceStmt) or last.target != function.returns:
            return None
        if not all(isinstance(s, PURE) or calls_builtin(s) for s in stmts[:-1]):
            return None
        found.append(stmts)
    return found


def _straight(function: ir.Func, functions: Mapping[str, ir.Func]) -> _Straight | None:
    # The value of a rule may be kept for the query; a function computes it at each call anyway.
    may_call = len(function.params) > 2

    def calls_builtin(stmt: ir.Stmt) -> bool:
        return may_call and isinstance(stmt, ir.CallStmt) and stmt.func not in functions

    bodies = _bodies(function, calls_builtin)
    if bodies is None or len(bodies) != 1 or len(bodies[0]) > MAX_STATEMENTS:
        return None
    known = find_locals(function.blocks, function.params)
    stmts = bodies[0]
    if not all(known.steady(local) for s in stmts[:-1] for local in writes(s)):
        return None
    last = stmts[-1]
    assert isinstance(last, ir.AssignVarOnceStmt)
    return _Straight(function.params, stmts[:-1], last.source)


def _predicate(function: ir.Func) -> _Predicate | None:
    bodies = _bodies(function, lambda stmt: False)
    if bodies is None or not 1 < len(bodies) <= 4:
        return None
    known = find_locals(function.blocks, function.params)
    alternatives = []
    for body in bodies:
        last = body[-1]
        if not isinstance(last, ir.AssignVarOnceStmt) or last.source != _TRUE:
            return None
        same = {p: p for p in function.params}  # arguments, and the names that a body gives them
        tests: list[ir.Stmt] = []
        for stmt in body[:-1]:
            if isinstance(stmt, ir.AssignVarStmt) and known.steady(stmt.target):
                if isinstance(stmt.source, ir.Const):
                    if stmt.target in known.uses:
                        return None
                elif stmt.source.index in same:
                    same[stmt.target] = same[stmt.source.index]
                else:
                    return None
            elif isinstance(stmt, ir.EqualStmt | ir.NotEqualStmt) and all(
                local in same for local in reads(stmt)
            ):
                tests.append(rename_statement(stmt, same))
            else:
                return None
        alternatives.append(tuple(tests))
    return _Predicate(function.params, tuple(alternatives))


def _expand(function: ir.Func, small: Mapping[str, tuple[_Straight | _Predicate, int]]) -> ir.Func:
    file = _file(function.blocks)
    calls = [
        s
        for _, s in walk(function.blocks)
        if isinstance(s, ir.CallStmt) and s.func in small and small[s.func][1] == file
    ]
    if not calls:
        return function
    known = find_locals(function.blocks, function.params)
    fresh = max([*known.defs, *known.uses, *function.params, function.returns]) + 1
    replaced: dict[int, tuple[ir.Stmt, ...]] = {}
    for call in calls:
        replaced[id(call)], fresh = _instead(call, small[call.func][0], fresh)
    return replace(function, blocks=tuple(_replace(b, replaced) for b in function.blocks))


def _replace(block: ir.Block, replaced: Mapping[int, tuple[ir.Stmt, ...]]) -> ir.Block:
    stmts: list[ir.Stmt] = []
    for stmt in block.stmts:
        if id(stmt) in replaced:
            stmts += replaced[id(stmt)]
        elif isinstance(stmt, ir.BlockStmt):
            stmts.append(replace(stmt, blocks=tuple(_replace(b, replaced) for b in stmt.blocks)))
        elif isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt):
            stmts.append(replace(stmt, block=_replace(blocks_of(stmt)[0], replaced)))
        else:
            stmts.append(stmt)
    return ir.Block(tuple(stmts))


def _instead(
    call: ir.CallStmt, small: _Straight | _Predicate, fresh: int
) -> tuple[tuple[ir.Stmt, ...], int]:
    """The statements that do what a call does, and the next fresh local."""
    pos = call.pos
    out: list[ir.Stmt] = []
    renames: dict[int, int] = {}
    for number, (param, argument) in enumerate(zip(small.params, call.args, strict=True)):
        if number < 2 and isinstance(argument, ir.Local):
            renames[param] = argument.index  # the documents, as they stand at the call
            continue
        if isinstance(argument, ir.Local):
            out.append(ir.IsDefinedStmt(argument.index, pos=pos))
        renames[param] = fresh
        out.append(ir.AssignVarStmt(argument, fresh, pos=pos))
        fresh += 1
    value: ir.Operand = _TRUE
    if isinstance(small, _Predicate):
        tests = tuple(
            AllOfStmt(tuple(rename_statement(s, renames) for s in body), pos=pos)
            for body in small.bodies
        )
        out.append(AnyOfStmt(tests, pos=pos))
    else:
        for stmt in small.stmts:
            for local in writes(stmt):
                renames[local] = fresh
                fresh += 1
            out.append(rename_statement(stmt, renames))
        value = small.value
        if isinstance(value, ir.Local):
            value = ir.Local(renames.get(value.index, value.index))
    out.append(ir.AssignVarStmt(value, call.result, pos=pos))
    if isinstance(value, ir.Local):
        out.append(ir.IsDefinedStmt(call.result, pos=pos))
    return tuple(out), fresh
