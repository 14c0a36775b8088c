"""A tree-walking interpreter of the IR: written for being right at a glance, not for speed.

It keeps no memo, hoists nothing, folds nothing and scans in Rego's order always. The rules are
those of https://www.openpolicyagent.org/docs/ir; where that page is silent, the rule is said here.
Values, their equality and their order are those of ``regolive.values``, which has its own tests.

A statement gives None where evaluation goes on with the next one, or the number of a block to
leave, as in BreakStmt: 0 is the block it stands in. "Undefined" is leaving that block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from regolive.errors import ConflictError, EvalError
from regolive.ir import nodes as ir
from regolive.values import (
    UNDEFINED,
    RegoSet,
    equal,
    parse_number,
    sorted_items,
    sorted_values,
    to_key,
)

UNDEFINED_HERE = 0
Builtin = Callable[..., Any]


class _Return(Exception):
    """ReturnLocalStmt: the function ends."""

    def __init__(self, value: Any) -> None:
        self.value = value


def evaluate(
    policy: ir.Policy,
    plan: str,
    input: Any,
    data: Any,
    builtins: Mapping[str, Builtin],
    *,
    forgiving: bool = False,
) -> list[Any]:
    """The results of a plan. ``builtins`` take operands and give a value or UNDEFINED.

    ``forgiving``: an error in a rule makes the call of it undefined. That is how it looks where a
    test further on in the block fails, and is made before the call because it costs less.
    """
    (entry,) = (p for p in policy.plans if p.name == plan)
    functions = {f.name: f for f in policy.funcs}
    run = _Run(functions, builtins, {0: input, 1: data})
    run.forgiving = forgiving
    run.blocks(entry.blocks)
    return run.results


class _Run:
    """One run of one function or plan: its locals, and how many blocks stand around."""

    def __init__(
        self,
        functions: Mapping[str, ir.Func],
        builtins: Mapping[str, Builtin],
        locals_: dict[int, Any],
        function: ir.Func | None = None,
    ) -> None:
        self.functions = functions
        self.builtins = builtins
        self.locals = locals_
        self.results: list[Any] = []
        self.depth = 0
        self.forgiving = False
        self.once = _only_constant(function) if function else frozenset()
        self.returns = function.returns if function else -1

    def get(self, local: int) -> Any:
        return self.locals.get(local, UNDEFINED)

    def value(self, operand: ir.Operand) -> Any:
        return operand.value if isinstance(operand, ir.Const) else self.get(operand.index)

    # blocks

    def blocks(self, blocks: Sequence[ir.Block]) -> int | None:
        """Blocks one after another: an undefined one goes on to the next."""
        for block in blocks:
            left = self.block(block)
            if left:
                return left - 1
        return None

    def block(self, block: ir.Block) -> int | None:
        """None if the end of the block was reached, else the number of the block to leave."""
        self.depth += 1
        try:
            for stmt in block.stmts:
                left = self.statement(stmt)
                if left is not None:
                    return left
            return None
        finally:
            self.depth -= 1

    def scan(self, stmt: ir.ScanStmt) -> int | None:
        for key, value in items(self.get(stmt.source)):
            self.locals[stmt.key], self.locals[stmt.value] = key, value
            left = self.block(stmt.block)
            if left:
                return left - 1
        return None

    def negation(self, stmt: ir.NotStmt) -> int | None:
        left = self.block(stmt.block)
        if left is None:
            return UNDEFINED_HERE
        return left - 1 if left else None

    def replaced(self, stmt: ir.WithStmt) -> int | None:
        """``with``; a part of a document is not replaced by undefined, a whole one may be."""
        value = self.value(stmt.value)
        if value is UNDEFINED and stmt.path:
            return UNDEFINED_HERE
        before = self.get(stmt.local)
        self.locals[stmt.local] = upsert(before, stmt.path, value)
        try:
            left = self.block(stmt.block)
        finally:
            self.locals[stmt.local] = before
        return left - 1 if left else left

    # calls

    def ask(self, function: ir.Func, args: Sequence[Any]) -> Any:
        """What a planned rule or function gives."""
        given = dict(zip(function.params, args, strict=True))
        run = _Run(self.functions, self.builtins, given, function)
        run.forgiving = self.forgiving
        try:
            run.blocks(function.blocks)
        except _Return as returned:
            return returned.value
        except EvalError:
            if self.forgiving:
                return UNDEFINED
            raise
        return run.get(function.returns)

    def call(self, stmt: ir.CallStmt) -> int | None:
        args = [self.value(a) for a in stmt.args]
        function = self.functions.get(stmt.func)
        documents = 2 if function else 0  # which may be undefined
        if any(a is UNDEFINED for a in args[documents:]):
            return UNDEFINED_HERE
        if function:
            result = self.ask(function, args)
        else:
            result = self.builtins[stmt.func](*args)
        self.locals[stmt.result] = result
        return UNDEFINED_HERE if result is UNDEFINED else None

    def call_dynamic(self, stmt: ir.CallDynamicStmt) -> int | None:
        """A rule without a value ends the block three levels further out (or the outermost)."""
        path = [self.value(o) for o in stmt.path]
        rules = (f for f in self.functions.values() if len(f.params) == 2 and f.path)
        function = next((f for f in rules if list(f.path) == path), None)
        if function is None:
            return UNDEFINED_HERE
        args = [self.get(a) for a in stmt.args]
        result = self.ask(function, args)
        self.locals[stmt.result] = result
        return min(3, self.depth - 1) if result is UNDEFINED else None

    # statements

    def statement(self, stmt: ir.Stmt) -> int | None:
        match stmt:
            case ir.BlockStmt():
                return self.blocks(stmt.blocks)
            case ir.BreakStmt():
                return stmt.index
            case ir.ScanStmt():
                return self.scan(stmt)
            case ir.NotStmt():
                return self.negation(stmt)
            case ir.WithStmt():
                return self.replaced(stmt)
            case ir.CallStmt():
                return self.call(stmt)
            case ir.CallDynamicStmt():
                return self.call_dynamic(stmt)
            case ir.ReturnLocalStmt():
                raise _Return(self.get(stmt.source))
            case ir.NopStmt():
                return None
            case ir.IsDefinedStmt():
                return self.test(self.get(stmt.source) is not UNDEFINED)
            case ir.IsUndefinedStmt():
                return self.test(self.get(stmt.source) is UNDEFINED)
            case ir.AssignVarStmt():  # also of undefined
                self.locals[stmt.target] = self.value(stmt.source)
                return None
            case ir.ResetLocalStmt():
                self.locals.pop(stmt.target, None)
                return None
        # All others are undefined if an operand is.
        operands = [
            self.value(getattr(stmt, name))
            for name in ("source", "key", "value", "a", "b")
            if isinstance(getattr(stmt, name, None), ir.Local | ir.Const)
        ]
        if any(o is UNDEFINED for o in operands):
            return UNDEFINED_HERE
        return self.simple(stmt)

    @staticmethod
    def test(good: bool) -> int | None:
        return None if good else UNDEFINED_HERE

    def simple(self, stmt: ir.Stmt) -> int | None:
        """Statements whose operands are defined."""
        match stmt:
            case ir.EqualStmt():
                return self.test(equal(self.value(stmt.a), self.value(stmt.b)))
            case ir.NotEqualStmt():
                return self.test(not equal(self.value(stmt.a), self.value(stmt.b)))
            case ir.IsArrayStmt():
                return self.test(isinstance(self.value(stmt.source), list))
            case ir.IsObjectStmt():
                return self.test(isinstance(self.value(stmt.source), dict))
            case ir.IsSetStmt():
                return self.test(isinstance(self.value(stmt.source), RegoSet))
            case ir.DotStmt():
                found = lookup(self.value(stmt.source), self.value(stmt.key))
                self.locals[stmt.target] = found
                return self.test(found is not UNDEFINED)
            case ir.LenStmt():
                value = self.value(stmt.source)
                if not isinstance(value, list | dict | RegoSet | str):
                    raise EvalError("no length")
                self.locals[stmt.target] = len(value)
            case ir.MakeNullStmt():
                self.locals[stmt.target] = None
            case ir.MakeNumberIntStmt() | ir.AssignIntStmt():
                self.locals[stmt.target] = stmt.value
            case ir.MakeNumberRefStmt():
                self.locals[stmt.target] = parse_number(stmt.text)
            case ir.MakeArrayStmt():
                self.locals[stmt.target] = []
            case ir.MakeObjectStmt():
                self.locals[stmt.target] = {}
            case ir.MakeSetStmt():
                self.locals[stmt.target] = RegoSet()
            case ir.ArrayAppendStmt():
                self.get(stmt.array).append(self.value(stmt.value))
            case ir.SetAddStmt():
                self.get(stmt.set).keys.add(to_key(self.value(stmt.value)))
            case ir.ObjectInsertStmt():
                self.get(stmt.object)[to_key(self.value(stmt.key))] = self.value(stmt.value)
            case ir.ObjectInsertOnceStmt():
                self.insert_once(stmt)
            case ir.ObjectMergeStmt():
                a, b = self.get(stmt.a), self.get(stmt.b)
                if a is UNDEFINED or b is UNDEFINED:
                    return UNDEFINED_HERE
                self.locals[stmt.target] = merged(a, b)
            case ir.AssignVarOnceStmt():
                self.assign_once(stmt)
            case ir.ResultSetAddStmt():
                if self.get(stmt.value) is UNDEFINED:
                    return UNDEFINED_HERE
                self.results.append(self.get(stmt.value))
            case _:
                raise NotImplementedError(type(stmt).__name__)
        return None

    def insert_once(self, stmt: ir.ObjectInsertOnceStmt) -> None:
        into, key = self.get(stmt.object), to_key(self.value(stmt.key))
        value = self.value(stmt.value)
        if key in into and not equal(into[key], value):
            raise ConflictError("object keys must be unique")
        into[key] = value

    def assign_once(self, stmt: ir.AssignVarOnceStmt) -> None:
        old, new = self.get(stmt.target), self.value(stmt.source)
        if old is not UNDEFINED and not equal(old, new):
            raise ConflictError("multiple outputs")
        self.locals[stmt.target] = new
        if id(stmt) in self.once:
            raise _Return(new)


def _only_constant(function: ir.Func) -> frozenset[int]:
    """The assignments (by id) of a rule's value, if all bodies give the same scalar: the first of
    them is enough.

    OPA calls it early exit. A default counts not, being asked for where no body gave a value.
    """
    numbers: dict[int, Any] = {}
    given: set[Any] = set()
    assignments: set[int] = set()
    giving = [
        b
        for b in function.blocks
        if any(getattr(s, "target", -1) == function.returns for s in _all(b))
    ]
    for block in giving:
        first = block.stmts[0]
        for stmt in _all(block):
            if isinstance(stmt, ir.MakeNumberRefStmt):
                numbers[stmt.target] = ("number", parse_number(stmt.text))
            elif isinstance(stmt, ir.MakeNullStmt):
                numbers[stmt.target] = ("null",)
            elif getattr(stmt, "target", None) == function.returns:
                if not isinstance(stmt, ir.AssignVarOnceStmt):
                    if not isinstance(stmt, ir.ResetLocalStmt):
                        return frozenset()
                    continue
                if block is giving[-1] and _is_default(block, first, stmt, function.returns):
                    continue
                source = stmt.source
                given.add(source if isinstance(source, ir.Const) else numbers.get(source.index))
                assignments.add(id(stmt))
            else:
                numbers.pop(getattr(stmt, "target", -1), None)
    return frozenset(assignments) if len(given) == 1 and None not in given else frozenset()


def _is_default(block: ir.Block, first: ir.Stmt, stmt: ir.Stmt, returns: int) -> bool:
    if not isinstance(first, ir.IsUndefinedStmt) or first.source != returns:
        return False
    for other in block.stmts[1:]:
        if other is stmt:
            return True
        if not isinstance(other, ir.MakeNumberRefStmt | ir.MakeNullStmt):
            return False
    return False


def _all(block: ir.Block) -> list[ir.Stmt]:
    found: list[ir.Stmt] = []
    for stmt in block.stmts:
        found.append(stmt)
        inner = stmt.blocks if isinstance(stmt, ir.BlockStmt) else ()
        if isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt):
            inner = (stmt.block,)
        for nested in inner:
            found += _all(nested)
    return found


def items(source: Any) -> list[tuple[Any, Any]]:
    """Keys and values in Rego's order; nothing for a scalar and for undefined."""
    if isinstance(source, list):
        return list(enumerate(source))
    if isinstance(source, dict):
        return sorted_items(source)
    if isinstance(source, RegoSet):
        return [(v, v) for v in sorted_values(source)]
    return []


def lookup(source: Any, key: Any) -> Any:
    """``source[key]``; an element of a set is looked up by itself."""
    if isinstance(source, list):
        return next((v for i, v in enumerate(source) if equal(i, key)), UNDEFINED)
    if isinstance(source, dict | RegoSet):
        return next((v for k, v in items(source) if equal(k, key)), UNDEFINED)
    return UNDEFINED


def upsert(document: Any, path: Sequence[str], value: Any) -> Any:
    """A copy of a document with a value at a path; what is in the way and no object goes."""
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else {}
    copy[path[0]] = upsert(copy.get(path[0]), path[1:], value)
    return copy


def merged(a: Any, b: Any) -> Any:
    """Objects merged recursively; elsewhere ``a`` wins."""
    if not (isinstance(a, dict) and isinstance(b, dict)):
        return a
    return {**b, **{k: merged(v, b[k]) if k in b else v for k, v in a.items()}}
