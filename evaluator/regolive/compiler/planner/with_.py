"""``with``: an expression asked with other documents, and with other functions.

The expression is planned inside ``WithStmt``s, in a world of its own where rules are replaced or
functions mocked. What it binds is seen after it; where it iterates, its answers are collected, and
what follows iterates over those: so that nothing but the expression sees the other documents.
"""

from __future__ import annotations

from regolive.compiler.planner import bodies, refs, terms
from regolive.compiler.planner.emit import DATA, INPUT, TRUE
from regolive.compiler.planner.work import PlanningError, Work
from regolive.compiler.planner.world import (
    BuiltinMock,
    ConstantMock,
    Mock,
    RuleMock,
    ValueMock,
    World,
    constant_text,
)
from regolive.compiler.program import Path, diagnostic
from regolive.errors import PolicyError
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n


def expression(work: Work, expr: n.Expr) -> None:
    """An expression and its ``with``s."""
    out, outer, slots = work.out, work.world, work.slots
    world = outer
    documents: list[tuple[ir.Local, Path, ir.Operand]] = []
    for each in expr.withs:
        name, path = _target(each)
        if name == "input":
            documents.append((INPUT, path, terms.operand(work, each.value)))
        elif name == "data" and not _is_function(work, path):
            documents.append((DATA, path, terms.operand(work, each.value)))
            world = _hide(work, world, path)
        else:
            function = ".".join((name, *path))
            mock = _mock(work, each.value)
            if isinstance(mock, ValueMock):
                work.slots = {**work.slots, function: terms.operand(work, each.value)}
            world = world.mocked(function, mock)
    work.world = world
    if documents:
        _replaced(work, expr, documents, outer)
    else:
        bodies.plain(work, expr)
    work.world, work.slots = outer, slots
    out.at(expr.loc)


def _replaced(
    work: Work, expr: n.Expr, documents: list[tuple[ir.Local, Path, ir.Operand]], outer: World
) -> None:
    out, trail, pos = work.out, len(work.trail), work.out.pos
    found, row = out.local(), out.local()
    with out.nested() as stmts:
        bodies.plain(work, expr)
        scans = out.mark()
        bound = [name for name in work.trail[trail:] if name[:1] != "$"]
        if scans and bound:
            values = [work.vars[name] for name in bound]
            one = values[0] if len(values) == 1 else out.array(values)
            out.emit(ir.ArrayAppendStmt(one, found, pos=pos))
        elif scans:
            out.assign(TRUE, found)
            out.leave(scans)
    if not scans:
        # What is bound inside keeps its value outside.
        _write(work, documents, stmts)
        return
    work.unbind(trail)
    if not bound:
        out.reset(found)
    else:
        out.emit(ir.MakeArrayStmt(0, found, pos=pos))
    body: list[ir.Stmt] = [ir.BlockStmt((ir.Block(tuple(stmts)),), pos=pos)]
    _write(work, documents, body)
    if not bound:
        out.defined(found)
        return
    out.scan(found, out.local(), row)
    for number, name in enumerate(bound):
        one = ir.Local(row)
        value = one if len(bound) == 1 else refs.lookup(work, one, out.integer(number))
        work.vars[name] = value
        work.trail.append(name)


def _write(
    work: Work, documents: list[tuple[ir.Local, Path, ir.Operand]], stmts: list[ir.Stmt]
) -> None:
    """The statements, inside of one that replaces each document."""
    pos = work.out.pos
    for local, path, value in reversed(documents):
        stmts = [ir.WithStmt(local.index, path, value, ir.Block(tuple(stmts)), pos=pos)]
    work.out.stmts += stmts


def _target(each: n.With) -> tuple[str, Path]:
    """What is replaced: the first step's name, and the steps below it."""
    target = each.target
    head, *rest = target.terms if isinstance(target, n.Ref) else (target,)
    steps = []
    for step in rest:
        if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
            # OPA checks such a policy without complaint, and ends here as well.
            message = "invalid with target: the steps below input and data are constant strings"
            raise PolicyError([diagnostic("rego_compile_error", message, each.loc)])
        steps.append(step.value)
    if not isinstance(head, n.Var):
        raise PlanningError(f"{each.loc!r}: not a target of with")
    return head.name, tuple(steps)


def _is_function(work: Work, path: Path) -> bool:
    node = work.planner.tree.find(path, World())
    return node is not None and any(rule.head.args is not None for rule in node.rules)


def _hide(work: Work, world: World, path: Path) -> World:
    """The world without the rules at a path and below, if there are any."""
    return world if work.planner.tree.find(path, world) is None else world.hide(path)


def _mock(work: Work, value: n.Term) -> Mock:
    """What a function is replaced by."""
    text = constant_text(value)
    if text is not None:
        return ConstantMock(text, value)
    head, *rest = value.terms if isinstance(value, n.Ref) else (value,)
    if isinstance(head, n.Var) and work.is_free(head):
        steps = [step.value for step in rest if isinstance(step, n.Scalar)]
        return BuiltinMock(".".join([head.name, *map(str, steps)]))
    if isinstance(head, n.Var) and head.name == "data":
        steps = [step.value for step in rest if isinstance(step, n.Scalar)]
        path = tuple(step for step in steps if isinstance(step, str))
        if len(path) == len(rest) and work.planner.tree.find(path, work.world) is not None:
            return RuleMock(path)
    return ValueMock()
