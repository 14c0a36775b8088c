"""Members of partial sets and objects by a known key, without making the set or object.

Each body is planned with the key given: ``roles contains "admin" if ...`` is then asked only for
"admin", and a scan for the member becomes a lookup. Where many keys may be asked for (in a scan, or
in a function, which a scan may call), making the whole once is cheaper.
"""

from __future__ import annotations

from collections.abc import Sequence

from regolive.compiler.planner import terms, virtual
from regolive.compiler.planner.tree import Kind
from regolive.compiler.planner.work import Work
from regolive.compiler.program import Path, RuleTree
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n

# How many times a function may ask rules that take time for one element each.
_FEW = 2


def element(work: Work, node: RuleTree, path: Path, key: n.Term) -> ir.Operand | None:
    """What a set or object has under a key; None if it is better made as a whole."""
    kind = work.planner.tree.kind(node, len(path))
    if not _is_worth_it(work, node, path, kind):
        return None
    given = terms.operand(work, key)
    found = virtual.ask(work, path, ir.KEYED, (given,))
    return given if kind is Kind.SET else found


def member(work: Work, value: n.Term, collection: n.Term) -> bool:
    """Write ``value in collection`` as a question to a partial set; False if it is not for one."""
    if not isinstance(collection, n.Ref) or work.has_free(value):
        return False
    head, *steps = collection.terms
    if not isinstance(head, n.Var) or head.name != "data":
        return False
    path = tuple(key for step in steps if (key := virtual.constant(work, step)) is not None)
    if len(path) < len(steps):
        return False
    tree, node = work.planner.tree, work.planner.tree.root
    for at, step in enumerate(path):
        if tree.kind(node, at).is_rule:
            return False
        child = tree.child(node, path[:at], step, work.world)
        if child is None:
            return False
        node = child
    if tree.kind(node, len(path)) is not Kind.SET or not _is_worth_it(work, node, path, Kind.SET):
        return False
    virtual.ask(work, path, ir.KEYED, (terms.operand(work, value),))
    return True


def head(rule: n.Rule) -> n.Term:
    """The key under which a rule of a set or of an object gives something."""
    return rule.head.ref.terms[-1] if rule.head.key is None else rule.head.key


def _is_worth_it(work: Work, node: RuleTree, path: Path, kind: Kind) -> bool:
    if work.out.loops or work.is_function or kind not in (Kind.SET, Kind.OBJECT):
        return False
    rules = [rule for rule in node.rules if rule.head.args is None]
    if kind is Kind.OBJECT:
        rules = list(work.planner.tree.parts(node, path, work.world))
        if any(
            len(rule.head.ref.terms) != len(path) + 2 or rule.head.key is not None for rule in rules
        ):
            return False
    if any(rule.default or rule.else_ is not None for rule in rules):
        return False
    if not _takes_time(work, rules):
        return True
    asked = work.keyed.get(path, 0)
    work.keyed[path] = asked + 1
    return asked < _FEW


def _takes_time(work: Work, rules: Sequence[n.Rule]) -> bool:
    """Whether finding one element takes a scan all the same, or calls of some weight."""
    for rule in rules:
        bound = set(work.planner.names(head(rule)))
        for expr in rule.body:
            facts = work.planner.facts(expr)
            if not facts.simple or not facts.steps <= bound:
                return True
            bound |= facts.outer
    return False
