"""Bodies: expressions one after another, each once what it needs is bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from regolive.compiler.planner import calls, order, terms, with_
from regolive.compiler.planner.emit import TRUE
from regolive.compiler.planner.work import PlanningError, Work
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n


@dataclass(frozen=True, slots=True)
class Results:
    """What is done where a body holds, and the variables that it uses."""

    give: Callable[[], None]
    uses: frozenset[str] = frozenset()


def head_names(term: n.ArrayComp | n.SetComp | n.ObjectComp) -> frozenset[str]:
    """The variables in a comprehension's head."""
    if isinstance(term, n.ObjectComp):
        return order.names(term.key, term.value)
    return order.names(term.head)


def body(work: Work, exprs: Sequence[n.Expr], results: Results, *, counted: bool = False) -> None:
    """Plan a body, and inside of all that it iterates over, what it gives.

    ``counted``: what it gives is given for each element, even where that makes no difference to it.
    """
    out, trail, mark = work.out, len(work.trail), work.out.mark()
    pos = out.pos
    conditions(work, exprs, results.uses, counted=counted)
    out.pos = pos
    results.give()
    out.close_to(mark)
    work.unbind(trail)


def conditions(
    work: Work,
    exprs: Sequence[n.Expr],
    uses: frozenset[str] = frozenset(),
    *,
    counted: bool = False,
) -> None:
    """Plan the expressions of a body. Scans are left open for what is to be done where it holds.

    Where elements make no difference to anything that comes later, one that holds is enough: the
    rest of the body is then not done for each. ``uses`` are the variables of what the body gives.
    """
    out = work.out
    exprs = order.arranged(work, exprs)
    late = order.used_later(work, exprs, uses)
    effect = order.last_effect(work, exprs)
    opened: list[_Opened] = []
    for at, expr in enumerate(exprs):
        here = _Opened(at, out.stmts, len(out.stmts), out.mark(), len(work.trail))
        expression(work, expr)
        if out.mark() > here.mark:
            opened.append(here)
        if counted or at == len(exprs) - 1:
            continue
        for number, begun in enumerate(opened):
            if begun.expr > effect and not late[at].intersection(work.trail[begun.trail :]):
                _end_scans(work, begun)
                del opened[number:]
                break


@dataclass(frozen=True, slots=True)
class _Opened:
    """Where an expression began that opened scans: its number, the statements around it and how
    many there were, open scans, bound variables."""

    expr: int
    stmts: list[ir.Stmt]
    start: int
    mark: int
    trail: int


def _end_scans(work: Work, begun: _Opened) -> None:
    """Make what was written since some place hold or not, once for all its elements."""
    out = work.out
    flag = out.local()
    out.assign(TRUE, flag)
    out.leave(out.mark() - begun.mark)
    out.close_to(begun.mark)
    inside = begun.stmts[begun.start :]
    del begun.stmts[begun.start :]
    out.reset(flag)
    out.blocks(inside)
    out.defined(flag)
    work.unbind(begun.trail)


def expression(work: Work, expr: n.Expr) -> None:
    """One expression: undefined where it does not hold."""
    work.out.at(expr.loc)
    if expr.withs:
        with_.expression(work, expr)
    else:
        plain(work, expr)


def plain(work: Work, expr: n.Expr) -> None:
    """An expression without its ``with``."""
    term = expr.term
    if expr.negated:
        negation(work, lambda: _holds(work, term))
    else:
        _holds(work, term)


def negation(work: Work, plan: Callable[[], None]) -> None:
    """Undefined if what is planned holds."""
    out, pos = work.out, work.out.pos
    with out.nested() as stmts:
        work.once(plan)
    out.emit(ir.NotStmt(ir.Block(tuple(stmts)), pos=pos))


def _holds(work: Work, term: n.Node) -> None:
    match term:
        case n.Call():
            calls.expression(work, term)
        case n.Every():
            _every(work, term)
        case n.Not():
            negation(work, lambda: conditions(work, term.body))
        case n.Logical():
            _logical(work, term)
        case n.Term():
            work.out.not_false(terms.operand(work, term))
        case _:
            raise PlanningError(f"{term.loc!r}: {type(term).__name__} in a resolved module")


def _every(work: Work, every: n.Every) -> None:
    """No element may be found for which the body does not hold."""
    out, pos = work.out, work.out.pos
    domain = terms.operand(work, every.domain)
    with out.nested() as tests:
        kinds: list[list[ir.Stmt]] = []
        for test in (ir.IsArrayStmt, ir.IsObjectStmt, ir.IsSetStmt):
            with out.nested() as stmts:
                out.emit(test(domain, pos=pos))
                out.leave(1)
            kinds.append(stmts)
        out.blocks(*kinds)
        out.leave(1)
    out.blocks(tests)
    failed = out.local()
    with out.nested() as search:
        key, value = out.local(), out.local()
        source = domain if isinstance(domain, ir.Local) else out.copy(domain)
        out.scan(source.index, key, value)
        trail = len(work.trail)
        if every.key is not None:
            work.bind(every.key, ir.Local(key))
        work.bind(every.value, ir.Local(value))
        negation(work, lambda: conditions(work, every.body))
        work.unbind(trail)
        out.pos = pos
        out.assign(TRUE, failed)
        out.leave(1)
    out.reset(failed)
    out.blocks(search)
    out.undefined(failed)


def _logical(work: Work, term: n.Logical) -> None:
    sides = (term.left, term.right)
    if term.operator == "and":
        for side in sides:
            work.once(lambda side=side: conditions(work, side))  # type: ignore[misc]
        return
    out, pos = work.out, work.out.pos
    holds = out.local()
    blocks: list[list[ir.Stmt]] = []
    for side in sides:
        with out.nested() as stmts:
            if blocks:
                out.undefined(holds)
            work.once(lambda side=side: conditions(work, side))  # type: ignore[misc]
            out.pos = pos
            out.assign(TRUE, holds)
        blocks.append(stmts)
    out.reset(holds)
    out.blocks(*blocks)
    out.defined(holds)
