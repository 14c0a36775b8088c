"""regopy's plans (rego-cpp 1.5.2) made into plans as OPA's documentation describes them.

Each function is one deviation that was observed, with the observation in its docstring. Nothing
here is about speed: what is superfluous in a plan, codegen leaves out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from regolive.compiler import walk
from regolive.compiler.frontend import QUERY_DETAILS_PLAN, QUERY_PLAN
from regolive.errors import FrontEndError
from regolive.ir import nodes as n
from regolive.ir.reader import read_policy

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUERY_FUNC = re.compile(r"g0\.querymodule\$\d+\.query\$\d+")
DOCUMENTS = (n.Local(0), n.Local(1))


@dataclass(frozen=True, slots=True)
class RawPlan:
    """A plan as regopy made it, read; and the names of builtins that regopy itself knows."""

    policy: n.Policy
    known: frozenset[str]


def read_raw_plan(
    text: str, *, sources: Mapping[str, str], names: Mapping[str, str], query_file: str
) -> RawPlan:
    """Read regopy's plan.json.

    Args:
        text: the document.
        sources: texts of the modules by their real names.
        names: the real file name for each name that regopy was given.
        query_file: the name of the last file of the result, where the query stands.
    """
    document = json.loads(text)
    static = document.setdefault("static", {})
    for item in static.get("strings") or ():
        item["value"] = decode_string(item["value"])
    files = [names.get(item["value"], item["value"]) for item in static.get("files") or ()]
    static["files"] = [{"value": file} for file in (*files, query_file)]
    for func in (document.get("funcs") or {}).get("funcs") or ():
        func["path"] = [decode_string(segment) for segment in func.get("path") or ()]
    _dynamic_arguments(document.get("plans"))
    _dynamic_arguments(document.get("funcs"))
    policy = read_policy(document, name="regopy's plan", known=None, sources=sources)
    return RawPlan(policy, frozenset(builtin.name for builtin in policy.builtins))


def decode_string(text: str) -> str:
    r"""A string of regopy's table as the policy means it.

    Observed: every string is the text between the quotes of a JSON string (raw strings are escaped
    on the way), and where it was an operand of a comparison or a call the quotes are there too.
    As a quote inside is always ``\"``, a quote at the start is always the outer one. Template
    strings over several lines keep their line breaks unescaped.
    """
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if "\\" not in text:
        return text
    try:
        decoded: str = json.loads(f'"{text}"', strict=False)
    except ValueError as error:
        raise FrontEndError(f"regopy wrote a string that is no JSON: {text!r}") from error
    return decoded


def _dynamic_arguments(node: Any) -> None:
    """Arguments of CallDynamicStmt: regopy writes operands, the format has numbers of locals."""
    if isinstance(node, list):
        for item in node:
            _dynamic_arguments(item)
    elif isinstance(node, dict):
        if node.get("type") == "CallDynamicStmt":
            stmt = node["stmt"]
            stmt["args"] = [a["value"] if isinstance(a, dict) else a for a in stmt["args"]]
        for key in ("stmt", "block", "blocks", "stmts", "plans", "funcs"):
            if key in node:
                _dynamic_arguments(node[key])


def function_names(policy: n.Policy) -> n.Policy:
    """OPA's function names: ``g0.data.test["a b"].p``.

    Observed: regopy joins all segments with dots. The function of a query is called
    ``g0.querymodule$1.query$2`` and stands in the tree of data; here it is ``g0.query`` and does
    not.
    """
    names = {}
    for func in policy.funcs:
        if _QUERY_FUNC.fullmatch(func.name):
            names[func.name] = "g0.query"
        else:
            names[func.name] = f"{func.path[0]}.data" + "".join(map(_segment, func.path[1:]))

    def rename(stmt: n.Stmt) -> Iterable[n.Stmt]:
        if isinstance(stmt, n.CallStmt) and stmt.func in names:
            stmt = replace(stmt, func=names[stmt.func])
        return (stmt,)

    funcs = tuple(
        replace(
            func,
            name=names[func.name],
            path=() if names[func.name] == "g0.query" else func.path,
            blocks=walk.rewrite(func.blocks, rename),
        )
        for func in policy.funcs
    )
    plans = tuple(replace(p, blocks=walk.rewrite(p.blocks, rename)) for p in policy.plans)
    return replace(policy, funcs=funcs, plans=plans)


def _segment(segment: str) -> str:
    return f".{segment}" if _IDENTIFIER.fullmatch(segment) else f"[{json.dumps(segment)}]"


def positions(policy: n.Policy) -> n.Policy:
    """Rows and columns from 1, and a position for every statement of a function.

    Observed: rows and columns count from 0, and about half of the statements have none. Those get
    the position of the statement before them, which stands in the same expression or rule.
    Statements of the query have none at all: they get the first row of the query's file.
    """
    query = n.Pos(len(policy.files) - 1, 1, 1)

    def place(blocks: tuple[n.Block, ...], start: n.Pos, raw: bool) -> tuple[n.Block, ...]:
        result = []
        for block in blocks:
            last = start
            stmts = []
            for stmt in block.stmts:
                if raw and (stmt.pos.row or stmt.pos.col or stmt.pos.file):
                    last = n.Pos(stmt.pos.file, stmt.pos.row + 1, stmt.pos.col + 1)
                placed = replace(stmt, pos=last)
                if isinstance(placed, n.BlockStmt):
                    placed = replace(placed, blocks=place(placed.blocks, last, raw))
                elif isinstance(placed, n.ScanStmt | n.NotStmt | n.WithStmt):
                    placed = replace(placed, block=place((placed.block,), last, raw)[0])
                stmts.append(placed)
            result.append(n.Block(tuple(stmts)))
        return tuple(result)

    funcs = []
    for func in policy.funcs:
        if func.name == "g0.query":
            blocks = place(func.blocks, query, False)
        else:
            blocks = place(func.blocks, _head(func), True)
        funcs.append(replace(func, blocks=blocks))
    return replace(policy, funcs=tuple(funcs))


def _head(func: n.Func) -> n.Pos:
    """Where the rule stands: the first statement of a function has the place of its head."""
    for stmt in walk.statements(func.blocks):
        if stmt.pos.row or stmt.pos.col:
            return n.Pos(stmt.pos.file, stmt.pos.row + 1, stmt.pos.col + 1)
    return n.NOWHERE


def package_entrypoints(policy: n.Policy) -> n.Policy:
    """Each rule of a package once.

    Observed: where a package is asked for as a whole, a rule with several bodies is called, and
    inserted, once per body.
    """

    def unique(stmt: n.Stmt) -> Iterable[n.Stmt]:
        if not isinstance(stmt, n.BlockStmt):
            return (stmt,)
        blocks: list[n.Block] = []
        seen: set[tuple[object, ...]] = set()
        rest = iter(stmt.blocks)
        for block in rest:
            match block.stmts:
                case (n.CallStmt(func=func, args=args),):
                    insert = next(rest, None)
                    match insert.stmts if insert else ():
                        case (
                            n.IsDefinedStmt(),
                            n.ObjectInsertOnceStmt(key=key, object=target),
                        ):
                            if (func, args, key, target) in seen:
                                continue
                            seen.add((func, args, key, target))
                    blocks.append(block)
                    if insert:
                        blocks.append(insert)
                case _:
                    blocks.append(block)
        return (replace(stmt, blocks=tuple(blocks)),)

    return rewritten(policy, unique)


def scans(policy: n.Policy, fresh: Iterator[int]) -> n.Policy:
    """A scan over something empty is undefined, and must not end what comes after it.

    Observed: after the scan of ``every`` regopy goes on in the same block, which by the IR's
    documentation would not be reached where the collection is empty. So the scan gets a block of
    its own, after a check that its source is a collection.
    """

    def guard(stmt: n.ScanStmt) -> Iterator[n.Stmt]:
        pos, source, flag = stmt.pos, n.Local(stmt.source), next(fresh)
        found = n.AssignVarStmt(n.Const(True), flag, pos=pos)
        tests = (
            n.IsArrayStmt(source, pos=pos),
            n.IsObjectStmt(source, pos=pos),
            n.IsSetStmt(source, pos=pos),
        )
        yield n.ResetLocalStmt(flag, pos=pos)
        yield n.BlockStmt(tuple(n.Block((test, found)) for test in tests), pos=pos)
        yield n.IsDefinedStmt(flag, pos=pos)
        yield n.BlockStmt((n.Block((stmt,)),), pos=pos)

    def blocks(old: tuple[n.Block, ...]) -> tuple[n.Block, ...]:
        return tuple(n.Block(tuple(one(block.stmts))) for block in old)

    def one(stmts: tuple[n.Stmt, ...]) -> Iterator[n.Stmt]:
        for index, stmt in enumerate(stmts):
            new = stmt
            if isinstance(new, n.BlockStmt):
                new = replace(new, blocks=blocks(new.blocks))
            elif isinstance(new, n.ScanStmt | n.NotStmt | n.WithStmt):
                new = replace(new, block=blocks((new.block,))[0])
            if isinstance(new, n.ScanStmt) and index < len(stmts) - 1:
                yield from guard(new)
            else:
                yield new

    funcs = tuple(replace(func, blocks=blocks(func.blocks)) for func in policy.funcs)
    return replace(policy, funcs=funcs)


def dynamic_calls(policy: n.Policy, fresh: Iterator[int]) -> n.Policy:
    """References into the tree of rules whose path is known only when they run.

    Observed: the path starts with ``data`` where OPA has ``g0``; it is the whole reference, of
    which regopy looks up the longest part that is a rule, and walks the rest in its value. In the
    IR the path is exactly a rule's. So each length that can be a rule's gets a call of its own,
    longest first. Base documents were not looked at; here they are, where no rule is defined.
    """
    paths = {
        func.path[1:] for func in policy.funcs if func.path[:1] == ("g0",) and len(func.params) == 2
    }

    def can_be(segments: tuple[n.Operand, ...], path: tuple[str, ...]) -> bool:
        return len(segments) == len(path) and all(
            isinstance(segment, n.Local) or segment.value == name
            for segment, name in zip(segments, path, strict=True)
        )

    def change(stmt: n.Stmt) -> Iterable[n.Stmt]:
        if not isinstance(stmt, n.CallDynamicStmt):
            return (stmt,)
        segments, pos, result = stmt.path[1:], stmt.pos, stmt.result
        found = n.BreakStmt(1, pos=pos)
        blocks = []
        for length in range(len(segments), 0, -1):
            if any(can_be(segments[:length], path) for path in paths):
                called = next(fresh)
                call = replace(
                    stmt, path=(n.Const("g0"), *segments[:length]), args=(0, 1), result=called
                )
                blocks.append((call, *dots(called, segments[length:], result, pos), found))
        blocks.append((*dots(1, segments, result, pos), found))
        # The nesting is OPA's, and has to be: a call of a rule without a value ends the block
        # three levels out, which is the one that the reference stands in.
        tries = n.BlockStmt(tuple(map(n.Block, blocks)), pos=pos)
        one = n.BlockStmt((n.Block((tries, n.BreakStmt(2, pos=pos))),), pos=pos)
        return (n.BlockStmt((n.Block((one,)),), pos=pos),)

    def dots(source: int, segments: tuple[n.Operand, ...], target: int, pos: n.Pos) -> list[n.Stmt]:
        stmts: list[n.Stmt] = []
        for segment in segments:
            value = next(fresh)
            stmts.append(n.DotStmt(n.Local(source), segment, value, pos=pos))
            source = value
        stmts.append(n.AssignVarStmt(n.Local(source), target, pos=pos))
        return stmts

    return rewritten(policy, change)


def query_plan(policy: n.Policy, fresh: Iterator[int]) -> n.Policy:
    """The plans of a query as OPA has them: results are objects of bindings.

    Observed: the query is planned as a function that gives an array of objects with ``bindings``
    and ``expressions``, and as a plan that wraps each in an object under ``result``. Here one
    plan gives the bindings, and another the whole objects. The function of the first does not
    compute the expressions' report.
    """
    plans: list[n.Plan] = []
    extra: list[n.Func] = []
    for plan in policy.plans:
        if not plan.name.startswith("querymodule$"):
            plans.append(plan)
            continue
        query = next(func for func in policy.funcs if func.name == "g0.query")
        extra.append(replace(query, name="g0.query.details"))
        plans.append(_query_plan(QUERY_PLAN, query.name, fresh, bindings=True))
        plans.append(_query_plan(QUERY_DETAILS_PLAN, "g0.query.details", fresh, bindings=False))
    if not extra:
        return policy

    funcs = (*(_without_report(f) if f.name == "g0.query" else f for f in policy.funcs), *extra)
    return replace(policy, plans=tuple(plans), funcs=funcs)


def _without_report(func: n.Func) -> n.Func:
    """The query's function without the insertion of the expressions into each result."""
    stmts = list(walk.statements(func.blocks))
    arrays = {
        stmt.source.index
        for stmt in stmts
        if isinstance(stmt, n.AssignVarOnceStmt)
        and stmt.target == func.returns
        and isinstance(stmt.source, n.Local)
    }
    results = {
        stmt.value.index
        for stmt in stmts
        if isinstance(stmt, n.ArrayAppendStmt)
        and stmt.array in arrays
        and isinstance(stmt.value, n.Local)
    }

    def change(stmt: n.Stmt) -> Iterable[n.Stmt]:
        report = (
            isinstance(stmt, n.ObjectInsertStmt)
            and stmt.object in results
            and stmt.key == n.Const("expressions")
        )
        return () if report else (stmt,)

    return replace(func, blocks=walk.rewrite(func.blocks, change))


def _query_plan(name: str, func: str, fresh: Iterator[int], *, bindings: bool) -> n.Plan:
    results, key, result, bound = (next(fresh) for _ in range(4))
    inside: tuple[n.Stmt, ...] = (n.ResultSetAddStmt(result),)
    if bindings:
        inside = (
            n.DotStmt(n.Local(result), n.Const("bindings"), bound),
            n.ResultSetAddStmt(bound),
        )
    scan = n.ScanStmt(results, key, result, n.Block(inside))
    return n.Plan(name, (n.Block((n.CallStmt(func, DOCUMENTS, results), scan)),))


def fresh_locals(policy: n.Policy) -> Iterator[int]:
    """Numbers of locals that nothing uses yet."""
    return count(walk.highest_local(policy) + 1)


def rewritten(policy: n.Policy, change: walk.StmtPass) -> n.Policy:
    return replace(
        policy,
        plans=tuple(replace(p, blocks=walk.rewrite(p.blocks, change)) for p in policy.plans),
        funcs=tuple(replace(f, blocks=walk.rewrite(f.blocks, change)) for f in policy.funcs),
    )
