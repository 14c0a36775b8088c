"""Statement by statement: the dispatch, and the statements that build and test values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regolive.codegen import control
from regolive.codegen.analysis import given, inserted_alone
from regolive.codegen.calls import emit_call, emit_call_dynamic
from regolive.codegen.cases import emit_switch
from regolive.codegen.equality import equal_code
from regolive.codegen.folding import fold_composite
from regolive.codegen.gen import Expr, Gen
from regolive.codegen.shape import AllOfStmt, AnyOfStmt, SwitchStmt
from regolive.ir import nodes as ir
from regolive.values import parse_number

Handler = Callable[[Gen, Any, tuple[ir.Stmt, ...], int], int]


def emit_statements(gen: Gen, stmts: tuple[ir.Stmt, ...]) -> None:
    """Write the statements of a block, until one of them certainly leaves it."""
    skip: set[int] = set()
    i = 0
    while i < len(stmts) and not gen.dead:
        stmt = stmts[i]
        if stmt.pos.row:
            gen.w.row = stmt.pos.row
        if i in skip:
            i += 1
            continue
        folded = fold_composite(gen, stmts, i)
        if folded is not None:
            skip |= folded
            i += 1
            continue
        i += _HANDLERS[type(stmt)](gen, stmt, stmts, i)


def _assign_var(gen: Gen, stmt: ir.AssignVarStmt, stmts: tuple[ir.Stmt, ...], i: int) -> int:
    source = gen.operand(stmt.source)
    steady = isinstance(stmt.source, ir.Const) or gen.locals.steady(stmt.source.index)
    if steady and gen.locals.steady(stmt.target):
        gen.env[stmt.target] = source
        if gen.is_defined(stmt.source):
            gen.defined.add(stmt.target)
    elif gen.locals.used(stmt.target):
        gen.write(stmt.target, source.code, source.kind, defined=gen.is_defined(stmt.source))
    return 1


def _assign_once(gen: Gen, stmt: ir.AssignVarOnceStmt, stmts: tuple[ir.Stmt, ...], i: int) -> int:
    _need(gen, stmt.source)
    source = gen.operand(stmt.source)
    is_result = stmt.target == gen.returns
    if is_result and (gen.always_given or id(stmt) in gen.early):
        gen.give(source.code)
        return 1
    target = gen.read(stmt.target)
    guarded = gen.known_undefined.get(stmt.target) == gen.scans
    known = given(gen.locals, stmt.target)
    if guarded or (known.last and known.sources == 1 and not gen.scans):
        if is_result and known.last and not known.after(gen.locals.place(stmt)):
            gen.give(source.code)
        else:
            gen.write(stmt.target, source.code)
        gen.known_undefined.pop(stmt.target, None)
        return 1
    gen.w.emit(
        f"{gen.var(stmt.target)} = {source.code} if {target.code} is U "
        f"else assign_once({target.code}, {source.code}, {gen.conflict})"
    )
    gen.note_write(stmt.target)
    return 1


def _reset(gen: Gen, stmt: ir.ResetLocalStmt, stmts: tuple[ir.Stmt, ...], i: int) -> int:
    if gen.locals.used(stmt.target) and not (stmt.target == gen.returns and gen.always_given):
        gen.write(stmt.target, "U", defined=False)
    return 1


def _number(gen: Gen, target: int, value: Any) -> int:
    kind = "int" if value.__class__ is int else "num"
    literal = repr(value) if value.__class__ in (int, float) else gen.unit.constant(value)
    if value.__class__ is int and value.bit_length() > 1000:
        literal = gen.unit.constant(value)
    if gen.locals.steady(target):
        gen.env[target] = Expr(f"({literal})" if literal[0] == "-" else literal, kind, value)
        gen.defined.add(target)
    else:
        gen.write(target, literal, kind)
    return 1


def _make_number_ref(gen: Gen, stmt: ir.MakeNumberRefStmt, *_: Any) -> int:
    return _number(gen, stmt.target, parse_number(stmt.text))


def _make_number_int(gen: Gen, stmt: ir.MakeNumberIntStmt | ir.AssignIntStmt, *_: Any) -> int:
    return _number(gen, stmt.target, stmt.value)


def _make_null(gen: Gen, stmt: ir.MakeNullStmt, *_: Any) -> int:
    if gen.locals.steady(stmt.target):
        gen.env[stmt.target] = Expr("None", "null", None)
        gen.defined.add(stmt.target)
    else:
        gen.write(stmt.target, "None", "null")
    return 1


def _make_array(gen: Gen, stmt: ir.MakeArrayStmt, *_: Any) -> int:
    gen.write(stmt.target, "[]", "list")
    return 1


def _make_object(gen: Gen, stmt: ir.MakeObjectStmt, *_: Any) -> int:
    gen.write(stmt.target, "{}", "dict")
    return 1


def _make_set(gen: Gen, stmt: ir.MakeSetStmt, *_: Any) -> int:
    gen.write(stmt.target, "RegoSet()", "set")
    return 1


def _need(gen: Gen, *operands: ir.Operand | int) -> None:
    """A statement with an undefined operand is undefined."""
    for operand in operands:
        if not gen.is_defined(operand):
            expr = gen.read(operand) if isinstance(operand, int) else gen.operand(operand)
            gen.require_defined(expr.code)
            gen.note_defined(operand)


def _array_append(gen: Gen, stmt: ir.ArrayAppendStmt, *_: Any) -> int:
    _need(gen, stmt.value)
    gen.w.emit(f"{gen.read(stmt.array).code}.append({gen.operand(stmt.value).code})")
    return 1


def key_code(key: Expr) -> str:
    """The hash-table key of a value."""
    if key.kind in ("str", "int", "num", "null"):
        return key.code
    return f"{key.code} if {key.cls} is str else to_key({key.code})"


def _set_add(gen: Gen, stmt: ir.SetAddStmt, *_: Any) -> int:
    _need(gen, stmt.value)
    gen.w.emit(f"{gen.read(stmt.set).code}.keys.add({key_code(gen.operand(stmt.value))})")
    return 1


def _object_insert(gen: Gen, stmt: ir.ObjectInsertStmt, *_: Any) -> int:
    _need(gen, stmt.key, stmt.value)
    key, value = gen.operand(stmt.key), gen.operand(stmt.value)
    gen.w.emit(f"{gen.read(stmt.object).code}[{key_code(key)}] = {value.code}")
    return 1


def _object_insert_once(gen: Gen, stmt: ir.ObjectInsertOnceStmt, *_: Any) -> int:
    _need(gen, stmt.key, stmt.value)
    obj, key, value = gen.read(stmt.object), gen.operand(stmt.key), gen.operand(stmt.value)
    if key.kind == "str" and inserted_alone(gen.locals, stmt):
        gen.w.emit(f"{obj.code}[{key.code}] = {value.code}")
        return 1
    gen.w.emit(f"insert_once({obj.code}, {key.code}, {value.code})")
    return 1


def _object_merge(gen: Gen, stmt: ir.ObjectMergeStmt, *_: Any) -> int:
    _need(gen, stmt.a, stmt.b)
    gen.write(stmt.target, f"merge({gen.read(stmt.a).code}, {gen.read(stmt.b).code})")
    return 1


def dot_code(source: Expr, key: Expr, *, base: bool, length: int | None = None) -> str:
    """A lookup, UNDEFINED where there is nothing: the dict case in line.

    ``base``: in a base document, where OPA takes 2 and "2" for the same step of a path.
    ``length``: of the array that the source is, if it is known.
    """
    dot = "base_dot" if base else "dot"
    if source.kind == "list" and key.kind == "int" and key.is_const and key.const >= 0:
        if length is not None and key.const < length:
            return f"{source.code}[{key.const}]"
        return f"{source.code}[{key.const}] if len({source.code}) > {key.const} else U"
    if base and key.kind in ("int", "num"):
        return f"base_dot({source.code}, {key.code})"
    if source.kind in ("str", "int", "num", "bool", "null"):
        return "U"
    if source.kind in (None, "dict"):
        tests = [] if source.kind == "dict" else [f"{source.cls} is dict"]
        if key.kind is None:
            tests.append(f"{key.cls} is str")
        if key.kind in ("str", "int", "num", None):
            get = f"{source.code}.get({key.code}, U)"
            if not tests:
                return get
            return f"{get} if {' and '.join(tests)} else {dot}({source.code}, {key.code})"
    return f"{dot}({source.code}, {key.code})"


def _dot(gen: Gen, stmt: ir.DotStmt, *_: Any) -> int:
    hoisted = gen.hoisted.get(id(stmt))
    if hoisted is not None:
        if stmt.target not in gen.defined and hoisted.code not in gen.sure:
            gen.require_defined(hoisted.code)
            gen.defined.add(stmt.target)
        return 1
    source, key = gen.operand(stmt.source), gen.operand(stmt.key)
    steady = gen.locals.steady(stmt.target)
    stable = steady and all(
        isinstance(o, ir.Const) or gen.locals.steady(o.index) for o in (stmt.source, stmt.key)
    )
    known = gen.dots.get((source.code, key.code)) if stable else None
    if known is not None:
        gen.env[stmt.target] = known
        gen.defined.add(stmt.target)
        return 1
    _need(gen, *(o for o in (stmt.key,) if not isinstance(o, ir.Const)))
    base = isinstance(stmt.source, ir.Local) and stmt.source.index in gen.base
    length = gen.lengths.get(source.code)
    code = dot_code(source, key, base=base, length=length)
    gen.write(stmt.target, code, defined=False)
    if not (length is not None and code.endswith("]")):
        gen.require_defined(gen.var(stmt.target))
    gen.defined.add(stmt.target)
    if stable:
        gen.dots[source.code, key.code] = Expr(gen.var(stmt.target))
    return 1


def _equal(gen: Gen, stmt: ir.EqualStmt, *_: Any) -> int:
    _need(gen, stmt.a, stmt.b)
    a, b = gen.operand(stmt.a), gen.operand(stmt.b)
    ok, fail = equal_code(a, b)
    _require(gen, ok, fail)
    for value, other in ((a, b), (b, a)):
        if value.code in gen.measured and other.is_const and other.kind == "int":
            gen.lengths[gen.measured[value.code]] = other.const
    return 1


def _not_equal(gen: Gen, stmt: ir.NotEqualStmt, *_: Any) -> int:
    _need(gen, stmt.a, stmt.b)
    ok, fail = equal_code(gen.operand(stmt.a), gen.operand(stmt.b))
    _require(gen, fail, ok)
    return 1


def _require(gen: Gen, ok: str, fail: str) -> None:
    if ok == "True":
        return
    if ok == "False":
        gen.fail()
        return
    gen.require(ok, fail)


_CLASSES = {ir.IsArrayStmt: "list", ir.IsObjectStmt: "dict", ir.IsSetStmt: "RegoSet"}


def _is_class(gen: Gen, stmt: Any, *_: Any) -> int:
    source = gen.operand(stmt.source)
    wanted = _CLASSES[type(stmt)]
    if source.kind == {"RegoSet": "set"}.get(wanted, wanted):
        return 1
    gen.require(f"{source.cls} is {wanted}", f"{source.cls} is not {wanted}")
    gen.learn(stmt.source, {"RegoSet": "set"}.get(wanted, wanted))
    return 1


def _any_of(gen: Gen, stmt: AnyOfStmt, *_: Any) -> int:
    tests: Any = stmt.tests
    if {type(t) for t in tests} == set(_CLASSES) and len({t.source for t in tests}) == 1:
        cls = gen.operand(tests[0].source).cls
        gen.require(f"{cls} in COMPOSITES", f"{cls} not in COMPOSITES")
        return 1
    ok = " or ".join(_condition(gen, t) for t in tests)
    if "True" not in (_condition(gen, t) for t in tests):
        gen.require(f"({ok})", f"not ({ok})")
    return 1


def _condition(gen: Gen, test: ir.Stmt) -> str:
    """A test of defined values as a Python condition."""
    match test:
        case AllOfStmt():
            parts = [c for c in (_condition(gen, t) for t in test.tests) if c != "True"]
            return f"({' and '.join(parts)})" if len(parts) > 1 else (parts or ["True"])[0]
        case ir.EqualStmt():
            return equal_code(gen.operand(test.a), gen.operand(test.b))[0]
        case ir.NotEqualStmt():
            return equal_code(gen.operand(test.a), gen.operand(test.b))[1]
        case ir.IsArrayStmt() | ir.IsObjectStmt() | ir.IsSetStmt():
            return f"{gen.operand(test.source).cls} is {_CLASSES[type(test)]}"
    raise TypeError(f"not a test: {test!r}")


def _is_defined(gen: Gen, stmt: ir.IsDefinedStmt, *_: Any) -> int:
    if not gen.is_defined(stmt.source):
        gen.require_defined(gen.read(stmt.source).code)
        gen.defined.add(stmt.source)
    return 1


def _is_undefined(gen: Gen, stmt: ir.IsUndefinedStmt, *_: Any) -> int:
    if gen.is_defined(stmt.source):
        gen.fail()
        return 1
    code = gen.read(stmt.source).code
    if stmt.source == gen.returns and gen.always_given:
        gen.known_undefined[stmt.source] = gen.scans
        return 1  # every body that gave a value has returned it
    gen.require(f"{code} is U", f"{code} is not U")
    gen.known_undefined[stmt.source] = gen.scans
    return 1


def _len(gen: Gen, stmt: ir.LenStmt, *_: Any) -> int:
    _need(gen, stmt.source)
    source = gen.operand(stmt.source)
    sized = source.kind in ("list", "dict", "set", "str")
    gen.write(stmt.target, f"{'len' if sized else 'length'}({source.code})", "int")
    if source.kind == "list" and gen.locals.steady(stmt.target):
        gen.measured[gen.var(stmt.target)] = source.code
    return 1


def _result_set_add(gen: Gen, stmt: ir.ResultSetAddStmt, *_: Any) -> int:
    _need(gen, stmt.value)
    gen.w.emit(f"results.append({gen.read(stmt.value).code})")
    return 1


def _return(gen: Gen, stmt: ir.ReturnLocalStmt, *_: Any) -> int:
    gen.give(gen.read(stmt.source).code)
    return 1


_HANDLERS: dict[type[ir.Stmt], Handler] = {
    AnyOfStmt: _any_of,
    ir.ArrayAppendStmt: _array_append,
    ir.AssignIntStmt: _make_number_int,
    ir.AssignVarOnceStmt: _assign_once,
    ir.AssignVarStmt: _assign_var,
    ir.BlockStmt: control.emit_block_stmt,
    ir.BreakStmt: control.emit_break,
    ir.CallDynamicStmt: emit_call_dynamic,
    ir.CallStmt: emit_call,
    ir.DotStmt: _dot,
    ir.EqualStmt: _equal,
    ir.IsArrayStmt: _is_class,
    ir.IsDefinedStmt: _is_defined,
    ir.IsObjectStmt: _is_class,
    ir.IsSetStmt: _is_class,
    ir.IsUndefinedStmt: _is_undefined,
    ir.LenStmt: _len,
    ir.MakeArrayStmt: _make_array,
    ir.MakeNullStmt: _make_null,
    ir.MakeNumberIntStmt: _make_number_int,
    ir.MakeNumberRefStmt: _make_number_ref,
    ir.MakeObjectStmt: _make_object,
    ir.MakeSetStmt: _make_set,
    ir.NotEqualStmt: _not_equal,
    ir.NotStmt: control.emit_not,
    ir.ObjectInsertOnceStmt: _object_insert_once,
    ir.ObjectInsertStmt: _object_insert,
    ir.ObjectMergeStmt: _object_merge,
    ir.ResetLocalStmt: _reset,
    ir.ResultSetAddStmt: _result_set_add,
    ir.ReturnLocalStmt: _return,
    ir.ScanStmt: control.emit_scan,
    ir.SetAddStmt: _set_add,
    SwitchStmt: emit_switch,
    ir.WithStmt: control.emit_with,
}
