"""Statements with blocks in them: blocks, breaks, scans, negation, ``with``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from regolive.codegen.analysis import adds_results, made_by_rule, order_matters
from regolive.codegen.gen import Expr, Gen, Label
from regolive.codegen.lookup import known_key
from regolive.codegen.shape import walk, writes
from regolive.ir import nodes as ir


def emit_block_stmt(gen: Gen, stmt: ir.BlockStmt, stmts: tuple[ir.Stmt, ...], i: int) -> int:
    """Blocks one after another; an undefined one goes on to the next."""
    for number, block in enumerate(stmt.blocks):
        if number:
            gen.after_nested()
        gen.block(block)
    gen.after_nested()
    return 1


def emit_break(gen: Gen, stmt: ir.BreakStmt, *_: Any) -> int:
    """Leave a block, counted from the innermost."""
    gen.jump(gen.labels[-1 - stmt.index])
    return 1


def emit_not(gen: Gen, stmt: ir.NotStmt, *_: Any) -> int:
    """Undefined if its block reaches its end."""
    outer = gen.labels[-1]
    flagged = outer.flag is not None
    gen.block(stmt.block, complete=lambda: gen.jump(outer))
    if not flagged and outer.flag is not None and _negate(gen, outer):
        return 1
    gen.after_nested()
    return 1


def _negate(gen: Gen, outer: Label) -> bool:
    """``if a: flag = True`` with ``if not flag:`` to follow is ``if not a:``."""
    w = gen.w
    mark = w.last()
    test = w.last(mark)
    if (
        mark is None
        or test is None
        or mark.text != f"{outer.flag} = True"
        or test.negation is None
        or test.indent != w.indent
    ):
        return False
    mark.dropped = test.dropped = True
    if outer.place is not None:
        outer.place.dropped = True
    outer.flag = None
    gen.pending.remove(outer)
    w.emit(f"if {test.negation}:").negation = test.text.removeprefix("if ").removesuffix(":")
    w.indent += 1
    return True


def emit_scan(gen: Gen, stmt: ir.ScanStmt, stmts: tuple[ir.Stmt, ...], i: int) -> int:
    """The block for each element; an undefined one goes on to the next element."""
    source = gen.read(stmt.source)
    _hoist(gen, stmt)
    wanted_key = known_key(gen, stmt)
    if wanted_key is not None:
        _emit_lookup(gen, stmt, source, wanted_key)
        return 1
    keyed, valued = gen.locals.used(stmt.key), gen.locals.used(stmt.value)
    ordered = order_matters(stmt)
    if adds_results(stmt) and not ordered:
        # Results come in the order OPA enumerates: documents by key, a rule's object as it grew.
        ordered = not made_by_rule(gen.locals, stmt.source)
    code = _iterable(source, keyed=keyed, ordered=ordered)
    w = gen.w
    indent = w.indent
    items = gen.fresh("s")
    w.emit(f"{items} = {code}")
    w.emit(f"if q.watch is not None: {items} = watched(q.watch, {items})")
    targets = [gen.var(x) for x, wanted in ((stmt.key, keyed), (stmt.value, valued)) if wanted]
    if keyed and not valued:
        targets.append("_")
    w.open(f"for {', '.join(targets) or '_'} in {items}:")
    gen.walls.append("loop")
    assigned, defined = set(gen.assigned), set(gen.defined)
    gen.forget(stmt.block)  # an element finds what the one before it left
    for local, wanted in ((stmt.key, keyed), (stmt.value, valued)):
        if wanted:
            gen.note_write(local)
    if keyed and not ordered and source.kind not in ("list", "set"):
        key = gen.var(stmt.key)
        w.emit(f"if {key}.__class__ is Key: {key} = {key}.value")
    gen.scans += 1
    gen.block(stmt.block, jump="continue")
    gen.scans -= 1
    w.close_to(indent)
    gen.walls.pop()
    gen.assigned, gen.defined = assigned, defined
    gen.forget(ir.Block((stmt,)))
    gen.after_nested()
    return 1


def _emit_lookup(gen: Gen, stmt: ir.ScanStmt, source: Expr, key: Expr) -> None:
    """The body for the one element whose key is known."""
    from regolive.codegen.statements import dot_code

    w = gen.w
    indent = w.indent
    value = gen.fresh("h")
    w.emit(f"{value} = {dot_code(source, key, base=False)}")
    w.open(f"if {value} is not U:")
    gen.env[stmt.key], gen.env[stmt.value] = key, Expr(value)
    defined = set(gen.defined)
    gen.defined |= {stmt.key, stmt.value}
    gen.block(stmt.block)
    gen.defined = defined
    w.close_to(indent)
    gen.after_nested()


def _iterable(source: Expr, *, keyed: bool, ordered: bool) -> str:
    s = source.code
    if source.kind in ("str", "int", "num", "bool", "null"):
        return "()"
    prefix = "sorted_" if ordered else ""
    if source.kind == "list":
        return f"enumerate({s})" if keyed else s
    if source.kind in ("set", "dict") and ordered:
        return f"sorted_scan_{'items' if keyed else 'values'}({s})"
    if source.kind == "dict":
        return f"{s}.items()" if keyed else f"{s}.values()"
    if keyed:
        fast = "" if ordered else f"{s}.items() if {source.cls} is dict else "
        return f"{fast}{prefix}scan_items({s})"
    fast = f"{s} if {source.cls} is list else "
    if not ordered:
        fast += f"{s}.values() if {source.cls} is dict else "
    return f"{fast}{prefix}scan_values({s})"


def _hoist(gen: Gen, scan: ir.ScanStmt) -> None:
    """Lookups in the body that are the same for each element are made once, before the scan.

    A lookup has no effect and raises nothing, so making it where it might not have been reached
    is safe; whether it is defined is still asked where it stands.
    """
    from regolive.codegen.statements import dot_code

    changed = {local for _, s in walk([scan.block]) for local in writes(s)}
    changed |= {scan.key, scan.value}
    for _, stmt in walk([scan.block]):
        if isinstance(stmt, ir.AssignVarStmt) and gen.locals.steady(stmt.target):
            if isinstance(stmt.source, ir.Local) and _invariant(gen, stmt.source, changed):
                gen.env[stmt.target] = gen.operand(stmt.source)
                changed.discard(stmt.target)
            continue
        if not isinstance(stmt, ir.DotStmt) or id(stmt) in gen.hoisted:
            continue
        if not gen.locals.steady(stmt.target):
            continue
        if all(_invariant(gen, o, changed) for o in (stmt.source, stmt.key)):
            source, key = gen.operand(stmt.source), gen.operand(stmt.key)
            known = gen.dots.get((source.code, key.code))
            if known is not None:
                gen.env[stmt.target] = known
                gen.defined.add(stmt.target)
                gen.hoisted[id(stmt)] = known
            else:
                found = gen.hoists.get((source.code, key.code))
                if found is None:
                    found = Expr(gen.fresh("h"))
                    gen.w.emit(f"{found.code} = {dot_code(source, key, base=_is_base(gen, stmt))}")
                    gen.hoists[source.code, key.code] = found
                gen.env[stmt.target] = found
                gen.hoisted[id(stmt)] = found
            changed.discard(stmt.target)


def hoist_common(gen: Gen, blocks: Sequence[ir.Block]) -> None:
    """Lookups that several bodies of a rule make are made once, before the first.

    Only lookups in the parameters (and in what was found so), by constant keys.
    """
    from regolive.codegen.statements import dot_code

    places: dict[tuple[str, str], set[int]] = {}
    found: dict[tuple[str, str], list[ir.DotStmt]] = {}
    names: dict[int, str] = {p: gen.var(p) for p in gen.locals.params if gen.locals.steady(p)}
    order: list[tuple[str, str]] = []
    for path, stmt in walk(blocks):
        if (
            isinstance(stmt, ir.AssignVarStmt)
            and isinstance(stmt.source, ir.Local)
            and stmt.source.index in names
            and gen.locals.steady(stmt.target)
        ):
            names[stmt.target] = names[stmt.source.index]
        if (
            not isinstance(stmt, ir.DotStmt)
            or not isinstance(stmt.source, ir.Local)
            or not isinstance(stmt.key, ir.Const)
            or stmt.source.index not in names
            or not gen.locals.steady(stmt.target)
        ):
            continue
        what = (names[stmt.source.index], repr(stmt.key.value))
        names[stmt.target] = ".".join(what)
        if what not in found:
            order.append(what)
        found.setdefault(what, []).append(stmt)
        places.setdefault(what, set()).add(path[0])
    made: dict[str, Expr] = {gen.var(p): gen.read(p) for p in gen.locals.params}
    for what in order:
        source = made.get(what[0])
        if len(places[what]) < 2 or source is None:
            continue
        first = found[what][0]
        expr = Expr(gen.fresh("h"))
        key = gen.operand(first.key)
        gen.w.emit(f"{expr.code} = {dot_code(source, key, base=_is_base(gen, first))}")
        made[".".join(what)] = expr
        for stmt in found[what]:
            gen.env[stmt.target] = expr
            gen.hoisted[id(stmt)] = expr
        gen.hoists[source.code, key.code] = expr


def _is_base(gen: Gen, stmt: ir.DotStmt) -> bool:
    return isinstance(stmt.source, ir.Local) and stmt.source.index in gen.base


def _invariant(gen: Gen, operand: ir.Operand, changed: set[int]) -> bool:
    if isinstance(operand, ir.Const):
        return True
    local = operand.index
    if local in changed or not gen.locals.steady(local):
        return False
    return local in gen.env or local in gen.assigned


def emit_with(gen: Gen, stmt: ir.WithStmt, *_: Any) -> int:
    """The block with another input or data, and a memo of its own; undefined if the block is."""
    # A whole document may be replaced by undefined: OPA puts back an absent input that way.
    if stmt.path and not gen.is_defined(stmt.value):
        gen.require_defined(gen.operand(stmt.value).code)
    w = gen.w
    indent = w.indent
    local = gen.var(stmt.local)
    if stmt.local not in gen.assigned:
        gen.needs_init.add(stmt.local)
    saved, frame, done = gen.fresh("v"), gen.fresh("q"), gen.fresh("w")
    w.emit(f"{saved}, {frame}, {done} = {local}, q, False")
    value = gen.operand(stmt.value).code
    new = value if not stmt.path else f"with_path({local}, {stmt.path!r}, {value})"
    w.emit(f"{local} = {new}")
    w.emit("q = q.fork()")
    gen.walls.append("with")
    known = stmt.local in gen.defined
    if stmt.path or gen.is_defined(stmt.value):
        gen.defined.add(stmt.local)
    else:
        gen.defined.discard(stmt.local)
    gen.block(stmt.block, complete=lambda: _complete(gen, done))
    if known:
        gen.defined.add(stmt.local)
    else:
        gen.defined.discard(stmt.local)
    gen.walls.pop()
    w.close_to(indent)
    w.emit(f"{local}, q = {saved}, {frame}")
    gen.after_nested()
    gen.require(done, f"not {done}")
    return 1


def _complete(gen: Gen, done: str) -> None:
    gen.w.emit(f"{done} = True")
