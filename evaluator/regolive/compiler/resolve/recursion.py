"""Recursion: rules that need their own value, with the way on which they come back to themselves.

A reference touches the rules on its path, and where it ends all below; a step that is no constant
may be any. Functions are touched by their calls, and by ``with`` what it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from regolive.compiler.program import (
    Finding,
    ResolvedModule,
    RuleTree,
    Stage,
    diagnostic,
    step_key,
)
from regolive.compiler.resolve.conflicts import RuleNames
from regolive.syntax import nodes as n
from regolive.syntax.visitor import walk

_Edges = dict[RuleTree, None]


def check_recursion(modules: Sequence[ResolvedModule], tree: RuleTree) -> list[Finding]:
    """The rules of a set that are recursive."""
    graph = _Graph(tree)
    edges: dict[RuleTree, _Edges] = {}
    rules: list[tuple[n.Rule, RuleTree, _Edges]] = []
    for module in modules:
        for rule, refs in zip(module.rules, module.refs, strict=True):
            if not refs:
                continue
            touched = graph.touched(refs)
            if touched:
                node = graph.node(rule)
                rules.append((rule, node, touched))
                edges.setdefault(node, {}).update(touched)
    circles = _circles(edges)
    if not circles:
        return []
    names = RuleNames(modules)
    findings = []
    for rule, node, touched in rules:
        circle = circles.get(node)
        if circle is None:
            continue
        for link, touched_by in _links(rule, touched, graph):
            inside = [other for other in touched_by if circles.get(other) == circle]
            if inside:
                way = [names.text(step.rules[0]) for step in _way(node, inside, edges)]
                text = f"rule {names.text(rule)} is recursive: {' -> '.join(way)}"
                findings.append(
                    Finding(Stage.RECURSION, diagnostic("rego_recursion_error", text, link.loc))
                )
    return findings


class _Graph:
    """Which nodes of the tree, of those that have rules, references touch."""

    def __init__(self, tree: RuleTree) -> None:
        self.tree = tree
        self.below: dict[RuleTree, tuple[RuleTree, ...]] = {}

    def node(self, rule: n.Rule) -> RuleTree:
        """The node that a rule is at."""
        node = self.tree
        for term in rule.head.ref.terms[1:]:
            key = step_key(term)
            if key is None:
                break
            node = node.children[key]
        return node

    def touched(self, refs: Iterable[n.Ref]) -> _Edges:
        """The nodes that some references touch, in their order."""
        found: _Edges = {}
        for ref in refs:
            nodes = [self.tree]
            for term in ref.terms[1:]:
                key = step_key(term)
                if key is None:
                    nodes = [child for node in nodes for child in node.children.values()]
                else:
                    nodes = [node.children[key] for node in nodes if key in node.children]
                for node in nodes:
                    if node.rules:
                        found[node] = None
            for node in nodes:
                if node.children:
                    found.update(dict.fromkeys(self._below(node)))
        return found

    def _below(self, node: RuleTree) -> tuple[RuleTree, ...]:
        known = self.below.get(node)
        if known is None:
            known = self.below[node] = tuple(child for child in node.walk() if child.rules)
        return known


def _circles(edges: dict[RuleTree, _Edges]) -> dict[RuleTree, int]:
    """The nodes that can be reached from themselves, by the number of the circle they are in.

    Tarjan's algorithm, without recursion of its own.
    """
    index: dict[RuleTree, int] = {}
    low: dict[RuleTree, int] = {}
    stack: list[RuleTree] = []
    open_: set[RuleTree] = set()
    found: dict[RuleTree, int] = {}
    for start in edges:
        if start in index:
            continue
        work: list[tuple[RuleTree, Iterator[RuleTree]]] = []
        _enter(start, edges, index, low, stack, open_, work)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    if other in edges:
                        _enter(other, edges, index, low, stack, open_, work)
                        break
                elif other in open_:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = []
                    while True:
                        member = stack.pop()
                        open_.discard(member)
                        members.append(member)
                        if member is node:
                            break
                    if len(members) > 1 or node in edges[node]:
                        found.update(dict.fromkeys(members, index[node]))
    return found


def _enter(
    node: RuleTree,
    edges: dict[RuleTree, _Edges],
    index: dict[RuleTree, int],
    low: dict[RuleTree, int],
    stack: list[RuleTree],
    open_: set[RuleTree],
    work: list[tuple[RuleTree, Iterator[RuleTree]]],
) -> None:
    index[node] = low[node] = len(index)
    stack.append(node)
    open_.add(node)
    work.append((node, iter(edges[node])))


def _way(
    start: RuleTree, first: Iterable[RuleTree], edges: dict[RuleTree, _Edges]
) -> list[RuleTree]:
    """A way from a node back to itself, the references taken in their order."""
    seen = {start}
    way = [start]
    work = [iter(first)]
    while work:
        other = next(work[-1], None)
        if other is None:
            work.pop()
            way.pop()
        elif other is start:
            break
        elif other not in seen and other in edges:
            seen.add(other)
            way.append(other)
            work.append(iter(edges[other]))
    return [*way, start]


def _links(rule: n.Rule, touched: _Edges, graph: _Graph) -> Iterator[tuple[n.Rule, _Edges]]:
    """The rules of an ``else`` chain, with what each touches."""
    if rule.else_ is None:
        yield rule, touched
        return
    link: n.Rule | None = rule
    while link is not None:
        refs = [node for part in link.body for node in walk(part) if isinstance(node, n.Ref)]
        yield link, graph.touched([ref for ref in refs if is_data(ref)])
        link = link.else_


def is_data(ref: n.Ref) -> bool:
    """Whether a reference is into ``data``."""
    head = ref.terms[0]
    return isinstance(head, n.Var) and head.name == "data"
