"""Calls: of planned rules and functions, of builtins, and of rules whose path is known only now."""

from __future__ import annotations

from typing import Any

from regolive.codegen import inline
from regolive.codegen.gen import Expr, Gen
from regolive.ir import nodes as ir

_FALSE = ir.Const(False)


def emit_call(gen: Gen, stmt: ir.CallStmt, stmts: tuple[ir.Stmt, ...], i: int) -> int:
    """A call, together with a following test that its result is not false."""
    # A following `NotEqualStmt(result, false)` is the call standing as a condition of its own.
    nxt = stmts[i + 1] if i + 1 < len(stmts) else None
    tested = isinstance(nxt, ir.NotEqualStmt) and nxt.a == ir.Local(stmt.result) and nxt.b == _FALSE
    uses = gen.locals.uses.get(stmt.result, [])
    only_tested = tested and len(uses) == 1
    planned = stmt.func in gen.unit.functions
    # What is called with something undefined is undefined; but a planned function gets the
    # documents as they are.
    for operand in stmt.args[2:] if planned else stmt.args:
        if not gen.is_defined(operand):
            gen.require_defined(gen.operand(operand).code)
            gen.note_defined(operand)
    args = [gen.operand(a) for a in stmt.args]
    if planned:
        plain = len(args) == 2 and not gen.has_with and gen.locals.steady(stmt.result)
        known = gen.asked.get(stmt.func) if plain else None
        if known is not None:
            gen.env[stmt.result] = known
            gen.defined.add(stmt.result)
            if tested:
                gen.require(f"{known.code} is not False", f"{known.code} is False")
            return 2 if tested else 1
        _call_planned(gen, stmt, args)
        if plain:
            done = _after_call(gen, stmt.result, tested=tested)
            gen.asked[stmt.func] = gen.read(stmt.result)
            return done
    else:
        made = inline.expand(gen, stmt.func, args)
        if made is not None and made.condition and only_tested:
            gen.require(made.code, f"not {made.code}")
            return 2
        if made is not None and made.total:
            gen.write(stmt.result, made.code, made.kind)
            if tested and made.kind in (None, "bool"):
                var = gen.var(stmt.result)
                gen.require(f"{var} is not False", f"{var} is False")
            return 2 if tested else 1
        if made is not None:
            gen.write(stmt.result, made.code, made.kind, defined=False)
        else:
            code = ", ".join(["q", *(a.code for a in args)])
            gen.write(stmt.result, f"{inline.name_of(gen, stmt.func)}({code})", defined=False)
    return _after_call(gen, stmt.result, tested=tested)


def _after_call(gen: Gen, result: int, *, tested: bool) -> int:
    var = gen.var(result)
    if tested:
        gen.require(f"{var} is not U and {var} is not False", f"{var} is U or {var} is False")
    else:
        gen.require_defined(var)
    gen.defined.add(result)
    return 2 if tested else 1


def _call_planned(gen: Gen, stmt: ir.CallStmt, args: list[Expr]) -> None:
    name = gen.unit.names[stmt.func]
    code = f"{name}({', '.join(['q', *(a.code for a in args)])})"
    if stmt.func in gen.unit.shared and len(args) == 2:
        number = gen.unit.numbers[stmt.func]
        var = gen.var(stmt.result)
        gen.w.emit(f"{var} = q.memo.get({number}, MISSING)")
        gen.w.emit(f"if {var} is MISSING: {var} = q.memo[{number}] = {code}")
        gen.note_write(stmt.result, defined=False)
    else:
        gen.write(stmt.result, code, defined=False)


def emit_call_dynamic(gen: Gen, stmt: ir.CallDynamicStmt, *_: Any) -> int:
    """A call of the rule at a path. No such rule: undefined here. A rule without a value: the
    block three levels out is undefined (OPA ``wasm.compileCallDynamicStmt``).
    """
    for operand in stmt.path:
        if not gen.is_defined(operand):
            gen.require_defined(gen.operand(operand).code)
    args = [gen.read(a).code for a in stmt.args] + [gen.operand(o).code for o in stmt.path]
    found, var = gen.fresh("d"), gen.var(stmt.result)
    gen.w.emit(f"{found} = call_dynamic(RULES, q, {', '.join(args)})")
    gen.require(f"{found} is not MISSING", f"{found} is MISSING")
    gen.write(stmt.result, found, defined=False)
    far = gen.labels[max(0, len(gen.labels) - 4)]
    if far is gen.labels[-1]:
        gen.require_defined(var)
        gen.defined.add(stmt.result)
        return 1
    indent = gen.w.indent
    gen.w.open(f"if {var} is U:")
    gen.jump(far)
    gen.dead = False
    gen.w.close_to(indent)
    here = gen.labels[-1]
    if far in gen.pending and not gen.usable(far):
        if far is here and len(gen.walls) == far.height:
            gen.pending.remove(far)
        gen.w.open(f"if {var} is not U:")
    gen.defined.add(stmt.result)
    return 1
