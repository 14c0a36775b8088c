"""Calls: of the policy's functions and of builtins, with what ``with`` puts in their place."""

from __future__ import annotations

from dataclasses import dataclass

from regolive.compiler.planner import keyed, order, refs, terms, unify, virtual
from regolive.compiler.planner.work import PlanningError, Work
from regolive.compiler.planner.world import BuiltinMock, ConstantMock, RuleMock, ValueMock
from regolive.compiler.program import Path
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n


@dataclass(frozen=True, slots=True)
class Callee:
    """What a call names: a builtin, or a function of the policy (``path``)."""

    name: str
    path: Path | None


def callee(func: n.Ref) -> Callee:
    """What an operator names."""
    head, *rest = func.terms
    assert isinstance(head, n.Var)
    steps = tuple(t.value for t in rest if isinstance(t, n.Scalar) and isinstance(t.value, str))
    if head.name == "data":
        return Callee(".".join(("data", *steps)), steps)
    return Callee(".".join((head.name, *steps)), None)


def expression(work: Work, call: n.Call) -> None:
    """A call that stands as an expression: it must not be false, or gives its last operand."""
    called = callee(call.func)
    if work.world.mock(called.name) is None and _operator(work, called, call.args):
        return
    arity = _arity(work, called, call)
    result = _apply(work, called, _operands(work, call.args[:arity]))
    if len(call.args) > arity:
        unify.match(work, call.args[arity], result)
    elif _has_result(work, called):
        work.out.not_false(result)


def value(work: Work, call: n.Call) -> ir.Operand:
    """What a call gives that stands inside a term."""
    return _apply(work, callee(call.func), _operands(work, call.args))


def _operands(work: Work, args: tuple[n.Term, ...]) -> tuple[ir.Operand, ...]:
    """The values of operands. Rules are asked last: what is at hand may be undefined."""
    found: dict[int, ir.Operand] = {}
    late = [i for i, arg in enumerate(args) if order.asks_rules(work, arg)]
    for number, arg in enumerate(args):
        if number not in late:
            found[number] = terms.operand(work, arg)
    for number in late:
        found[number] = terms.operand(work, args[number])
    return tuple([found[number] for number in range(len(args))])


def _operator(work: Work, called: Callee, args: tuple[n.Term, ...]) -> bool:
    """Write a call that is a statement of the plan's own; False if it is none."""
    if len(args) != 2:
        return False
    a, b = args
    match called.name:
        case "eq":
            unify.unify(work, a, b)
        case "equal":
            if work.has_free(a) or work.has_free(b):
                unify.unify(work, a, b)
            else:
                work.out.equal(terms.operand(work, a), terms.operand(work, b))
        case "neq":
            left, right = terms.operand(work, a), terms.operand(work, b)
            work.out.emit(ir.NotEqualStmt(left, right, pos=work.out.pos))
        case "internal.member_2":
            return keyed.member(work, a, b)
        case _:
            return False
    return True


def _apply(work: Work, called: Callee, args: tuple[ir.Operand, ...]) -> ir.Operand:
    mock = work.world.mock(called.name)
    match mock:
        case None if called.path is not None:
            return virtual.ask(work, called.path, args=args)
        case None:
            return _builtin(work, called.name, args)
        case ConstantMock():
            return terms.operand(work, mock.term)
        case ValueMock():
            return work.slots[called.name]
        case BuiltinMock():
            return _builtin(work, mock.name, args)
        case RuleMock():
            # What replaces a function sees all functions as they are, itself not replaced.
            world, work.world = work.world, work.world.unmocked()
            node = work.planner.tree.find(mock.path, work.world)
            if node is not None and any(rule.head.args is not None for rule in node.rules):
                result: ir.Operand = virtual.ask(work, mock.path, args=args)
            else:
                loc = n.Loc(n.Source("", ""), 0, 0)
                result = virtual.reference(work, [n.Scalar(loc, step) for step in mock.path])
            work.world = world
            return result


def _builtin(work: Work, name: str, args: tuple[ir.Operand, ...]) -> ir.Local:
    work.builtins[name] = None
    result = work.out.call(name, args)
    declared = work.planner.builtins.get(name)
    if declared is not None and declared.relation:
        return refs.scan(work, result)[1]  # it gives an array of results
    return result


def _arity(work: Work, called: Callee, call: n.Call) -> int:
    """How many operands a function takes: one more in a call is its result."""
    if called.path is not None:
        # A function that a document stands in for is called all the same.
        node = work.planner.tree.root
        for step in called.path:
            child = node.children.get(step)
            if child is None:
                raise PlanningError(f"{call.loc!r}: no function {called.name}")
            node = child
        for rule in node.rules:
            if rule.head.args is not None:
                return len(rule.head.args)
        raise PlanningError(f"{call.loc!r}: {called.name} is no function")
    declared = work.planner.builtins.get(called.name)
    if declared is None:
        raise PlanningError(f"{call.loc!r}: no builtin {called.name}")
    return len(declared.decl["args"])


def _has_result(work: Work, called: Callee) -> bool:
    if called.path is not None or work.world.mock(called.name) is not None:
        return True
    return "result" in work.planner.builtins[called.name].decl
