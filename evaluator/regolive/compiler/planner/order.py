"""The order of a body's expressions: what does not depend on a scan comes before it.

The resolver's order binds every variable before it is needed, and any order that does is as good to
the policy. So what a scan has nothing to do with is asked once before it, not for each element.
Nothing is moved past a call that may be made for what it does (``print``, a plugin's builtin).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from regolive.compiler.planner.pure import CHEAP, is_pure
from regolive.ir.nodes import BuiltinDecl
from regolive.syntax import nodes as n
from regolive.syntax.visitor import children, walk

if TYPE_CHECKING:
    from regolive.compiler.planner.work import Work

Builtins = Mapping[str, BuiltinDecl]

# A body of more expressions than this is left as it is: finding an order takes time.
MOST = 200
_CLOSURES = (n.ArrayComp, n.SetComp, n.ObjectComp, n.Every, n.Not, n.Logical)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an expression without knowing what is bound.

    ``outer`` are the variables it has itself, ``inner`` those of bodies inside it; ``steps`` those
    that iterate if they are free. ``effect``: it may be there for what it does. ``simple``: it
    computes with what is at hand, in little time; ``test``: it only looks up and compares.
    ``given``: sets of variables of which it can give one its values, with those it needs for that.
    """

    outer: frozenset[str]
    inner: frozenset[str]
    steps: frozenset[str]
    effect: bool
    simple: bool
    test: bool
    given: tuple[tuple[frozenset[str], frozenset[str]], ...]

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


def find_facts(expr: n.Expr, builtins: Builtins) -> Facts:
    """Look an expression through."""
    outer: set[str] = set()
    inner: set[str] = set()
    steps: set[str] = set()
    effect, simple, closures = False, not expr.withs, False
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
                declared = builtins.get(builtin)
                if declared is not None and declared.relation and not inside:
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
        closures = closures or isinstance(node, _CLOSURES)
        inside = inside or isinstance(node, _CLOSURES)
        todo += [(child, inside) for child in children(node)]
    documents = {"input", "data"}
    return Facts(
        frozenset(outer - documents),
        frozenset(inner - documents),
        frozenset(steps - documents),
        effect,
        simple,
        simple and not closures and not _results(expr.term, builtins),
        () if expr.negated or expr.withs else _given(expr.term, builtins),
    )


def _results(term: n.Node, builtins: Builtins) -> tuple[n.Term, ...]:
    """The operand of a builtin's call that is its result, if it is written."""
    builtin = operator(term.func) if isinstance(term, n.Call) else None
    if builtin is None or builtin == "eq":
        return ()
    assert isinstance(term, n.Call)
    declared = builtins.get(builtin)
    return () if declared is None else term.args[len(declared.decl["args"]) :]


def _given(term: n.Node, builtins: Builtins) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
    """The variables of what can be given a value (a side of ``=``, the result of a call), each with
    those of what gives it.
    """
    if isinstance(term, n.Call) and operator(term.func) == "eq" and len(term.args) == 2:
        a, b = term.args
        pairs = [(a, names(b)), (b, names(a))]
    else:
        operands = term.args if isinstance(term, n.Call) else ()
        pairs = [(result, names(*operands[:-1])) for result in _results(term, builtins)]
    return tuple(
        (names(result), needed)
        for result, needed in pairs
        if not any(isinstance(node, (n.Ref, *_CLOSURES)) for node in walk(result))
    )


def operator(func: n.Ref) -> str | None:
    """The builtin that an operator names; None for a function of the policy."""
    head, *rest = func.terms
    assert isinstance(head, n.Var)
    if head.name == "data":
        return None
    return ".".join((head.name, *(str(t.value) for t in rest if isinstance(t, n.Scalar))))


def last_effect(work: Work, exprs: Sequence[n.Expr]) -> int:
    """The number of the last expression that may be there for what it does; -1 if there is none."""
    if work.world.mocks:
        return len(exprs)  # what stands in for a builtin may do anything
    return max((at for at, expr in enumerate(exprs) if work.planner.facts(expr).effect), default=-1)


def used_later(work: Work, exprs: Sequence[n.Expr], uses: frozenset[str]) -> list[frozenset[str]]:
    """For each expression, the variables that are used after it."""
    found = []
    for expr in reversed(exprs):
        found.append(uses)
        uses = uses | work.planner.facts(expr).names
    return found[::-1]


def arranged(work: Work, exprs: Sequence[n.Expr]) -> Sequence[n.Expr]:
    """The expressions: before each scan what does not depend on it and is quickly done; before each
    call of a rule or function what only looks up and compares.
    """
    if not 2 <= len(exprs) <= MOST or work.world.mocks:
        return exprs
    facts = {id(expr): work.planner.facts(expr) for expr in exprs}
    everywhere = set(work.vars).union(*(f.outer for f in facts.values()))
    bound = set(work.vars)
    placed: list[n.Expr] = []
    pending = list(exprs)
    while pending:
        expr = pending.pop(0)
        known = facts[id(expr)]
        iterates = not known.steps <= bound
        if not known.effect and (iterates or not known.simple or asks_rules(work, expr)):
            kept: list[n.Expr] = []
            for number, other in enumerate(pending):
                fact = facts[id(other)]
                if fact.effect:
                    kept += pending[number:]
                    break
                quick = fact.simple if iterates else fact.test
                if quick and _is_ready(work, other, fact, bound, everywhere):
                    placed.append(other)
                    bound |= fact.outer
                else:
                    kept.append(other)
            pending = kept
        placed.append(expr)
        bound |= known.outer
    return placed


def _is_ready(work: Work, expr: n.Expr, fact: Facts, bound: set[str], everywhere: set[str]) -> bool:
    """Whether all that an expression needs has a value, so that it does not iterate either."""
    needed = (fact.outer | (fact.inner & everywhere)) - bound
    if needed & fact.steps:
        return False
    if needed and not any(needed <= given and not needed & by for given, by in fact.given):
        return False
    return not asks_rules(work, expr)


def asks_rules(work: Work, node: n.Node) -> bool:
    """Whether a reference in it can lead to a rule: memoised, and not to be asked for nothing."""
    todo = [node]
    while todo:
        node = todo.pop()
        if isinstance(node, n.Ref):
            head, *steps = node.terms
            todo += steps
            if not isinstance(head, n.Var):
                todo.append(head)
            elif head.name == "data" and not work.planner.tree.is_base(node, work.world):
                return True
        elif isinstance(node, n.Var) and node.name == "data":
            return True
        else:
            todo += children(node)
    return False
