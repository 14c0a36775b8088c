"""Random well-formed IR over small values: what a planner could emit, and then some.

A program is made by a :class:`random.Random`; hypothesis gives one that it can shrink. What is kept
to is what makes the outcome of a program one outcome:

* a container is filled where and after it is made, and read as a value only when it is complete;
* a scan of what may be a set or an object (which have no order but Rego's) leaves nothing behind
  that depends on the order: no assignment to a local outside, no jump out, no local read that an
  earlier element may have set. Scans of arrays are free to do all of that;
* rules do not call each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from regolive.ir import nodes as ir
from regolive.values import RegoSet, to_key

STRINGS = ("a", "b", "ab", "")
INPUTS: tuple[Any, ...] = (
    {"a": 1, "b": [1, 2, {"a": "b"}], "ab": {"a": "a", "b": None}, "": [[]]},
    {"a": {"a": {"a": True}}, "b": False, "ab": RegoSet([1, "a", True, "b"])},
    {"a": [0, 1.0, 2], "b": {"a": 0}, "": {to_key(1): "a", to_key(True): "b", "b": []}},
    [1, [2, ["a"]], "ab"],
    "ab",
    None,
)
DATA: tuple[Any, ...] = (
    {"a": {"a": [1, 2, 3], "b": {"a": 1, "b": 2}}, "b": [[1], [2]], "ab": "a"},
    {"a": [{"a": 1}, {"a": 2}], "b": True, "": {"": ""}},
    {},
)
BUILTINS = {
    "plus": 2,
    "minus": 2,
    "equal": 2,
    "neq": 2,
    "gt": 2,
    "lte": 2,
    "count": 1,
    "contains": 2,
    "startswith": 2,
    "split": 2,
    "internal.member_2": 2,
    "object.get": 3,
    "test.pair": 2,
    "test.not": 1,
    "test.odd": 1,
}
DECLARATIONS = tuple(
    ir.BuiltinDecl(
        name,
        {"type": "function", "args": [{"type": "any"}] * arity, "result": {"type": "any"}},
    )
    for name, arity in BUILTINS.items()
)
_FILLS = {"array": ir.ArrayAppendStmt, "set": ir.SetAddStmt, "object": ir.ObjectInsertStmt}


@dataclass
class _Scope:
    """What the statements being made may use.

    ``values``: locals to read. ``arrays``: those that can hold nothing but an array. ``open``:
    containers being filled, with their kinds. ``passing``: locals read to the end of their block
    and no further. ``depth``: blocks around. ``wall``: the depth of the block of the innermost
    scan whose order must not show, 0 if there is none; ``inner`` the locals made inside it.
    """

    values: list[int]
    arrays: set[int] = field(default_factory=set)
    open: dict[int, str] = field(default_factory=dict)
    passing: list[int] = field(default_factory=list)
    depth: int = 0
    wall: int = 0
    inner: set[int] = field(default_factory=set)


class ProgramMaker:
    """Makes one policy with a plan named ``eval``."""

    def __init__(self, random: Random, size: int = 30) -> None:
        self.random = random
        self.size = size
        self.functions: list[ir.Func] = []
        self.next = 2
        self.budget = 0
        self.returns = -1
        self.last_param = 1

    def policy(self) -> ir.Policy:
        """The policy: some rules and functions, each calling those before it, and a plan."""
        for number in range(self.random.randrange(4)):
            self.functions.append(self.function(number))
        return ir.Policy((self.plan(),), tuple(self.functions), DECLARATIONS, ("test.rego",))

    def plan(self) -> ir.Plan:
        self.begin(0)
        scope = _Scope([0, 1])
        if self.random.random() < 0.3:
            return ir.Plan("eval", tuple(self.entrypoint(scope)))
        blocks = [self.block(scope, result=True) for _ in range(self.random.randint(1, 2))]
        return ir.Plan("eval", tuple(blocks))

    def entrypoint(self, scope: _Scope) -> list[ir.Block]:
        """What OPA plans for an entrypoint: one document, put into an object."""
        blocks = [self.block(scope) for _ in range(self.random.randrange(3))]
        last = self.block(scope)
        row, value = self.fresh(), self.any_value(scope)
        end = (
            ir.MakeObjectStmt(row),
            ir.ObjectInsertStmt(ir.Const("result"), ir.Local(value), row),
            ir.ResultSetAddStmt(row),
        )
        return [*blocks, ir.Block((*last.stmts, *end))]

    def begin(self, operands: int) -> list[int]:
        self.next = 2 + operands
        self.last_param = 1 + operands
        self.budget = self.random.randint(1, self.size)
        self.returns = -1
        return list(range(2, 2 + operands))

    def fresh(self) -> int:
        self.next += 1
        return self.next - 1

    # functions, as planners shape them

    def function(self, number: int) -> ir.Func:
        operands = self.random.choice((0, 0, 1, 2))
        params = self.begin(operands)
        scope = _Scope([0, 1, *params])
        self.returns = self.fresh()
        shape = self.random.choice(("complete", "complete", "constant", "partial", "free"))
        blocks = getattr(self, shape)(scope)
        name = f"p{number}"
        return ir.Func(
            f"g0.data.{name}", (0, 1, *params), self.returns, tuple(blocks), ("g0", name)
        )

    def complete(self, scope: _Scope, constant: ir.Const | None = None) -> list[ir.Block]:
        """Bodies, each giving a value at its innermost end; else branches; a default."""
        blocks = [ir.Block((ir.ResetLocalStmt(self.returns),))] * self.random.randrange(2)
        copies = [self.fresh() for _ in range(3)]
        first, reuse = self.next, self.random.random() < 0.4
        for number in range(self.random.randint(1, 3)):
            if reuse:  # planners name the variables of a rule once for all of its bodies
                self.next = first
            block = self.block(replace_scope(scope), gives=constant or self.random.choice((1, 0)))
            if number and self.random.random() < 0.5:
                block = ir.Block((ir.IsUndefinedStmt(self.returns), *block.stmts))
            if self.random.random() < 0.3:
                block = self.through_copy(block, copies[number])
            blocks.append(block)
        if self.random.random() < 0.4:
            default = ir.AssignVarOnceStmt(ir.Const(False), self.returns)
            blocks.append(ir.Block((ir.IsUndefinedStmt(self.returns), default)))
        return [*blocks, ir.Block((ir.ReturnLocalStmt(self.returns),))]

    def constant(self, scope: _Scope) -> list[ir.Block]:
        return self.complete(scope, ir.Const(self.random.choice((True, "a"))))

    def through_copy(self, block: ir.Block, copy: int) -> ir.Block:
        """``[reset c; body giving c], [is defined c; r once = c]`` in one, as OPA plans bodies."""
        body = _retargeted(block, self.returns, copy)
        last = ir.Block(
            (ir.IsDefinedStmt(copy), ir.AssignVarOnceStmt(ir.Local(copy), self.returns))
        )
        first = ir.Block((ir.ResetLocalStmt(copy), *body.stmts))
        return ir.Block((ir.BlockStmt((first, last)),))

    def partial(self, scope: _Scope) -> list[ir.Block]:
        """A set, object or array that the bodies fill."""
        kind = self.random.choice(("set", "object", "array"))
        blocks = [ir.Block((_made(kind, self.returns),))]
        scope.open[self.returns] = kind
        for _ in range(self.random.randint(1, 3)):
            blocks.append(self.block(replace_scope(scope)))
        return [*blocks, ir.Block((ir.ReturnLocalStmt(self.returns),))]

    def free(self, scope: _Scope) -> list[ir.Block]:
        """Anything, with a return wherever."""
        blocks = [self.block(scope) for _ in range(self.random.randint(1, 3))]
        return [*blocks, ir.Block((ir.ReturnLocalStmt(self.any_value(scope)),))]

    # blocks

    def block(
        self, scope: _Scope, *, result: bool = False, gives: ir.Const | int | None = None
    ) -> ir.Block:
        """A block. ``result``: it ends adding to the results; ``gives``: giving a value."""
        stmts: list[ir.Stmt] = []
        scope.depth += 1
        made: list[int] = []
        passing, scope.passing = scope.passing, []
        for _ in range(self.random.randint(0 if scope.depth > 1 else 1, 6)):
            if self.budget <= 0:
                break
            self.budget -= 1
            stmts += self.statement(scope, made)
        for local in made:  # from here on they are complete
            self.complete_container(scope, local)
        if result or gives is not None:
            if scope.depth < 5 and self.random.random() < 0.3:
                stmts.append(self.scan(scope, result=result, gives=gives))
            elif result:
                value = self.value_for_result(scope, stmts)
                stmts.append(ir.ResultSetAddStmt(value))
            else:
                source = gives if isinstance(gives, ir.Const) else self.operand(scope)
                stmts.append(ir.AssignVarOnceStmt(source, self.returns))
        scope.depth -= 1
        scope.values[:] = [v for v in scope.values if v not in scope.passing]
        scope.passing = passing
        return ir.Block(tuple(stmts))

    def value_for_result(self, scope: _Scope, stmts: list[ir.Stmt]) -> int:
        row = self.fresh()
        stmts.append(ir.MakeObjectStmt(row))
        for key in STRINGS[: self.random.randint(1, 3)]:
            stmts.append(ir.ObjectInsertStmt(ir.Const(key), self.operand(scope), row))
        return row

    def complete_container(self, scope: _Scope, local: int) -> None:
        kind = scope.open.pop(local, None)
        if kind is None:
            return
        scope.values.append(local)
        if kind == "array":
            scope.arrays.add(local)

    @contextmanager
    def nested(self, scope: _Scope, *, keep: bool) -> Iterator[None]:
        """``keep``: what is assigned inside may be read afterwards."""
        values, arrays = list(scope.values), set(scope.arrays)
        yield
        if not keep:
            scope.values[:], scope.arrays = values, arrays

    # operands

    def any_value(self, scope: _Scope) -> int:
        near = scope.values[-6:]
        return self.random.choice(near if self.random.random() < 0.7 else scope.values)

    def operand(self, scope: _Scope) -> ir.Operand:
        if self.random.random() < 0.3:
            return ir.Const(self.random.choice((*STRINGS, True, False)))
        return ir.Local(self.any_value(scope))

    def outcome(self, scope: _Scope) -> int:
        """A new local for what may come out undefined: read only where it did not."""
        local = self.fresh()
        scope.inner.add(local)
        scope.values.append(local)
        scope.passing.append(local)
        return local

    def target(self, scope: _Scope) -> int:
        """A local to assign: mostly a new one, else one that has been assigned before."""
        if self.random.random() < 0.85:
            local = self.fresh()
            scope.inner.add(local)
            scope.values.append(local)
            return local
        choice = [
            v
            for v in scope.values
            if v > self.last_param
            and v not in scope.arrays
            and (not scope.wall or v in scope.inner)
        ]
        return self.random.choice(choice) if choice else self.target(scope)

    # statements

    def statement(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        deep = scope.depth >= 6
        kinds = (
            ["number"] * 3
            + ["assign"] * 3
            + ["dot"] * 6
            + ["test"] * 4
            + ["make"] * 3
            + ["fill"] * 4
            + ["call"] * 4
            + ["once", "break", "reset", "nop", "merge", "look", "dynamic"]
            + ([] if deep else ["scan"] * 4 + ["blocks"] * 3 + ["not"] * 2 + ["with"] + ["every"])
        )
        return getattr(self, f"make_{self.random.choice(kinds)}")(scope, made)

    def make_nop(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        return [ir.NopStmt()]

    def make_number(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        target, number = self.target(scope), self.random.randint(-1, 3)
        return [
            self.random.choice(
                (
                    ir.MakeNumberIntStmt(number, target),
                    ir.MakeNumberRefStmt(self.random.choice(("1", "2.5", "1e0", "-3")), target),
                    ir.MakeNullStmt(target),
                    ir.AssignIntStmt(number, target),
                )
            )
        ]

    def make_assign(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        source = self.operand(scope)
        return [ir.AssignVarStmt(source, self.target(scope))]

    def make_reset(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        return [ir.ResetLocalStmt(self.target(scope))]

    def make_once(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        source = self.operand(scope)
        return [ir.AssignVarOnceStmt(source, self.target(scope))]

    def make_dot(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        source = ir.Local(self.random.choice((0, 1, *[self.any_value(scope)] * 2)))
        key: ir.Operand = ir.Const(self.random.choice(STRINGS))
        if self.random.random() < 0.4:
            key = self.operand(scope)
        return [ir.DotStmt(source, key, self.outcome(scope))]

    def make_test(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        a, b, local = self.operand(scope), self.operand(scope), self.any_value(scope)
        return [
            self.random.choice(
                (
                    ir.EqualStmt(a, b),
                    ir.NotEqualStmt(a, b),
                    ir.NotEqualStmt(a, b),
                    ir.IsDefinedStmt(local),
                    ir.IsUndefinedStmt(local),
                    ir.IsArrayStmt(a),
                    ir.IsObjectStmt(a),
                    ir.IsSetStmt(a),
                )
            )
        ]

    def make_make(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        kind, local = self.random.choice(("array", "set", "object")), self.fresh()
        scope.inner.add(local)
        scope.open[local] = kind
        made.append(local)
        stmts: list[ir.Stmt] = [_made(kind, local)]
        if self.random.random() < 0.4:  # filled on the spot, with constants as often as not
            for _ in range(self.random.randrange(4)):
                stmts += self.fill(scope, local)
            self.complete_container(scope, local)
            made.remove(local)
        return stmts

    def make_fill(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        return self.fill(scope, self.random.choice([*scope.open])) if scope.open else []

    def fill(self, scope: _Scope, local: int) -> list[ir.Stmt]:
        kind, value, stmts = scope.open[local], self.operand(scope), []
        if self.random.random() < 0.3:
            number = self.fresh()
            scope.inner.add(number)
            stmts.append(ir.MakeNumberIntStmt(self.random.randint(0, 2), number))
            value = ir.Local(number)
        if kind != "object":
            return [*stmts, _FILLS[kind](value, local)]
        key = self.operand(scope)
        if self.random.random() < 0.5:
            key = ir.Const(self.random.choice(STRINGS))
        outer = scope.wall and local not in scope.inner
        if outer or self.random.random() < 0.3:
            return [*stmts, ir.ObjectInsertOnceStmt(key, value, local)]
        return [*stmts, ir.ObjectInsertStmt(key, value, local)]

    def make_look(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        """A look at a container that is still being filled."""
        choice = [c for c in scope.open if not scope.wall or c in scope.inner]
        if not choice:
            return self.make_length(scope)
        local = self.random.choice(choice)
        if self.random.random() < 0.5:
            return [ir.LenStmt(ir.Local(local), self.target(scope))]
        key = self.operand(scope)
        return [ir.DotStmt(ir.Local(local), key, self.outcome(scope))]

    def make_length(self, scope: _Scope) -> list[ir.Stmt]:
        """The length of something; of a scalar it is an error, so mostly not of one."""
        source = self.any_value(scope)
        if self.random.random() < 0.8:
            kind = self.random.choice((ir.IsArrayStmt, ir.IsObjectStmt, ir.IsSetStmt))
            return [
                kind(ir.Local(source)),
                ir.LenStmt(ir.Local(source), self.target(scope)),
            ]
        return [ir.LenStmt(ir.Local(source), self.target(scope))]

    def make_merge(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        a, b = self.any_value(scope), self.any_value(scope)
        return [ir.ObjectMergeStmt(a, b, self.target(scope))]

    def make_call(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        if self.functions and self.random.random() < 0.5:
            function = self.random.choice(self.functions)
            args = [self.operand(scope) for _ in function.params[2:]]
            target = self.outcome(scope)
            call = ir.CallStmt(function.name, (ir.Local(0), ir.Local(1), *args), target)
        else:
            name = self.random.choice([*BUILTINS])
            args = [self.operand(scope) for _ in range(BUILTINS[name])]
            if len(args) == 2 and self.random.random() < 0.3:
                args[1] = ir.Const(self.random.choice(STRINGS))
            target = self.outcome(scope)
            call = ir.CallStmt(name, tuple(args), target)
        if self.random.random() < 0.5:
            return [call, ir.NotEqualStmt(ir.Local(target), ir.Const(False))]
        return [call]

    def make_dynamic(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        if scope.wall and scope.depth - scope.wall < 3:
            return []
        rules = [f.path[-1] for f in self.functions if len(f.params) == 2]
        name: ir.Operand = ir.Const(self.random.choice([*rules * 2, "nowhere"]))
        stmts: list[ir.Stmt] = []
        if self.random.random() < 0.5:
            local = self.fresh()
            scope.inner.add(local)
            stmts, name = [ir.AssignVarStmt(name, local)], ir.Local(local)
        call = ir.CallDynamicStmt((ir.Const("g0"), name), (0, 1), self.outcome(scope))
        return [*stmts, call]

    def make_break(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        limit = scope.depth - scope.wall + 1 if scope.wall else scope.depth
        return [ir.BreakStmt(self.random.randrange(limit))]

    def make_blocks(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        blocks = []
        for _ in range(self.random.randint(1, 3)):
            with self.nested(scope, keep=not scope.wall):
                blocks.append(self.block(scope))
        return [ir.BlockStmt(tuple(blocks))]

    def make_every(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        """The test that OPA plans for the domain of ``every``."""
        operand = self.operand(scope)
        tests = self.random.sample((ir.IsArrayStmt, ir.IsObjectStmt, ir.IsSetStmt), k=2)
        blocks = tuple(ir.Block((t(operand), ir.BreakStmt(1))) for t in tests)
        far = self.random.randint(1, 2)
        if (scope.wall and far > scope.depth - scope.wall + 1) or far > scope.depth:
            far = 1
        return [ir.BlockStmt((ir.Block((ir.BlockStmt(blocks), ir.BreakStmt(far))),))]

    def make_not(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        with self.nested(scope, keep=not scope.wall):
            return [ir.NotStmt(self.block(scope))]

    def make_with(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        path = tuple(self.random.choice(STRINGS) for _ in range(self.random.randrange(3)))
        value, local = self.operand(scope), self.random.choice((0, 0, 1))
        with self.nested(scope, keep=not scope.wall):
            return [ir.WithStmt(local, path, value, self.block(scope))]

    def make_scan(self, scope: _Scope, made: list[int]) -> list[ir.Stmt]:
        return [self.scan(scope)]

    def scan(
        self, scope: _Scope, *, result: bool = False, gives: ir.Const | int | None = None
    ) -> ir.ScanStmt:
        arrays = [v for v in scope.values if v in scope.arrays]
        free = bool(arrays) and self.random.random() < 0.5
        source = self.random.choice(arrays) if free else self.any_value(scope)
        key, value = self.fresh(), self.fresh()
        known = self.operand(scope) if self.random.random() < 0.25 else None
        wall, inner = scope.wall, scope.inner
        with self.nested(scope, keep=free and not wall):
            if not free:
                scope.wall, scope.inner = scope.depth + 1, set()
            scope.inner |= {key, value}
            scope.values += [key, value]
            block = self.block(scope, result=result, gives=gives)
            if known is not None:
                block = self.knowing(block, ir.EqualStmt(ir.Local(key), known), value)
            if not free:
                scope.wall, scope.inner = wall, inner
        return ir.ScanStmt(source, key, value, block)

    def knowing(self, block: ir.Block, test: ir.Stmt, value: int) -> ir.Block:
        """A body that compares the key with what is known before, sooner or later."""
        looks: tuple[ir.Stmt, ...] = ()
        if self.random.random() < 0.4:
            looks = (ir.DotStmt(ir.Local(value), ir.Const("a"), self.fresh()),)
        place = self.random.choice((0, 0, len(block.stmts) // 2))
        return ir.Block((*looks, *block.stmts[:place], test, *block.stmts[place:]))


def replace_scope(scope: _Scope) -> _Scope:
    """A scope of its own with the same contents: bodies of a rule share nothing."""
    return replace(
        scope,
        values=list(scope.values),
        arrays=set(scope.arrays),
        open=dict(scope.open),
        inner=set(scope.inner),
    )


def _made(kind: str, local: int) -> ir.Stmt:
    if kind == "array":
        return ir.MakeArrayStmt(0, local)
    return ir.MakeSetStmt(local) if kind == "set" else ir.MakeObjectStmt(local)


def _retargeted(block: ir.Block, old: int, new: int) -> ir.Block:
    stmts: list[ir.Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, ir.AssignVarOnceStmt) and stmt.target == old:
            stmts.append(replace(stmt, target=new))
        elif isinstance(stmt, ir.BlockStmt):
            blocks = tuple(_retargeted(b, old, new) for b in stmt.blocks)
            stmts.append(replace(stmt, blocks=blocks))
        elif isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt):
            stmts.append(replace(stmt, block=_retargeted(stmt.block, old, new)))
        else:
            stmts.append(stmt)
    return ir.Block(tuple(stmts))
