"""The order of a body's expressions: what does not depend on a scan comes before it.

The resolver's order binds every variable before it is needed, and any order that does is as good to
the policy. So what a scan has nothing to do with is asked once before it, not for each element.
Nothing is moved past a call that may be made for what it does (``print``, a plugin's builtin).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regolive.compiler.planner.pure import CHEAP, is_pure
from regolive.syntax import nodes as n
from regolive.syntax.visitor import children, walk

if TYPE_CHECKING:
    from regolive.compiler.planner.work import Work

_CLOSURES = (n.ArrayComp, n.SetComp, n.ObjectComp, n.Every, n.Not, n.Logical)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an expression without knowing what is bound.

    ``outer`` are the variables it has itself, ``inner`` those of bodies inside it; ``steps`` those
    that iterate if they are free. ``effect``: it may be there for what it does. ``simple``: it
    computes with what is at hand, in little time. ``given``: the variables of which it can give one
    a value.
    """

    outer: frozenset[str]
    inner: frozenset[str]
    steps: frozenset[str]
    effect: bool
    simple: bool
    given: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """All variables in it."""
        return self.outer | self.inner


def names(*nodes: n.Node | None) -> frozenset[str]:
    """The variables in some nodes, those of comprehensions too."""
    return frozenset(
        node.name
        for root in nodes
        if root is not None
        for node in walk(root)
        if isinstance(node, n.Var)
    )


def find_facts(expr: n.Expr, arities: Callable[[str], int]) -> Facts:
    """Look an expression through. ``arities``: how many operands a builtin takes."""
    outer: set[str] = set()
    inner: set[str] = set()
    steps: set[str] = set()
    effect, simple = False, not expr.withs
    todo: list[tuple[n.Node, bool]] = [(expr, False)]
    while todo:
        node, inside = todo.pop()
        if isinstance(node, n.Var):
            (inner if inside else outer).add(node.name)
            continue
        if isinstance(node, n.Call):
            builtin = operator(node.func)
            if builtin is None:
                simple = False  # a function of the policy may do anything
            else:
                effect = effect or not is_pure(builtin)
                simple = simple and builtin in CHEAP
            if builtin == "walk" and not inside:
                steps.add("")  # no variable's name: it iterates whatever is bound
            todo += [(arg, inside) for arg in node.args]
            continue
        if isinstance(node, n.Ref):
            head, *rest = node.terms
            todo.append((head, inside))
            for step in rest:
                todo.append((step, inside))
                if not inside:
                    steps |= names(step)
            continue
        if isinstance(node, n.Every | n.Not | n.Logical):
            simple = False
        inside = inside or isinstance(node, _CLOSURES)
        todo += [(child, inside) for child in children(node)]
    documents = {"input", "data"}
    return Facts(
        frozenset(outer - documents),
        frozenset(inner - documents),
        frozenset(steps - documents),
        effect,
        simple,
        frozenset() if expr.negated or expr.withs else _given(expr.term, arities),
    )


def _given(term: n.Node, arities: Callable[[str], int]) -> frozenset[str]:
    """The variables that an expression can give a value: a side of ``=``, a call's result."""
    if not isinstance(term, n.Call):
        return frozenset()
    builtin = operator(term.func)
    results: tuple[n.Term, ...] = ()
    if builtin == "eq":
        results = term.args
    elif builtin is not None:
        results = term.args[arities(builtin) :]
    return frozenset(result.name for result in results if isinstance(result, n.Var))


def operator(func: n.Ref) -> str | None:
    """The builtin that an operator names; None for a function of the policy."""
    head, *rest = func.terms
    assert isinstance(head, n.Var)
    if head.name == "data":
        return None
    return ".".join((head.name, *(str(t.value) for t in rest if isinstance(t, n.Scalar))))


def last_effect(work: Work, exprs: Sequence[n.Expr]) -> int:
    """The number of the last expression that may be there for what it does; -1 if there is none."""
    return max((at for at, expr in enumerate(exprs) if work.planner.facts(expr).effect), default=-1)


def used_later(work: Work, exprs: Sequence[n.Expr], uses: frozenset[str]) -> list[frozenset[str]]:
    """For each expression, the variables that are used after it."""
    found = []
    for expr in reversed(exprs):
        found.append(uses)
        uses = uses | work.planner.facts(expr).names
    return found[::-1]


def arranged(work: Work, exprs: Sequence[n.Expr]) -> Sequence[n.Expr]:
    """The expressions, each scan after what does not depend on it."""
    if len(exprs) < 2:
        return exprs
    facts = {id(expr): work.planner.facts(expr) for expr in exprs}
    everywhere = set(work.vars).union(*(f.outer for f in facts.values()))
    bound = set(work.vars)
    placed: list[n.Expr] = []
    pending = list(exprs)
    while pending:
        expr = pending.pop(0)
        known = facts[id(expr)]
        if pending and not known.effect and not known.steps <= bound:
            kept: list[n.Expr] = []
            for number, other in enumerate(pending):
                fact = facts[id(other)]
                if fact.effect:
                    kept += pending[number:]
                    break
                if _is_ready(work, other, fact, bound, everywhere):
                    placed.append(other)
                    bound |= fact.outer
                else:
                    kept.append(other)
            pending = kept
        placed.append(expr)
        bound |= known.outer
    return placed


def _is_ready(work: Work, expr: n.Expr, fact: Facts, bound: set[str], everywhere: set[str]) -> bool:
    """Whether an expression can be asked now, and is quickly done."""
    if not fact.simple:
        return False
    needed = (fact.outer | (fact.inner & everywhere)) - bound
    if len(needed) > 1 or not needed <= fact.given - fact.steps:
        return False
    return not _asks_rules(work, expr)


def _asks_rules(work: Work, expr: n.Expr) -> bool:
    """Whether a reference in it can lead to a rule: memoised, and not to be asked for nothing."""
    for node in walk(expr):
        if isinstance(node, n.Ref) and not isinstance(node.terms[0], n.Var):
            continue
        if isinstance(node, n.Ref) and names(node.terms[0]) == {"data"}:
            if not work.planner.tree.is_base(node, work.world):
                return True
        elif isinstance(node, n.Var) and node.name == "data":
            return True
    return False
