"""What a rule can come to ask: for planning it anew only in worlds that make a difference to it.

A test suite mocks something in every test; most rules below a test have nothing to do with it, and
are the same functions inside of the ``with`` and outside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from regolive.compiler.planner import calls
from regolive.compiler.planner.pure import is_pure
from regolive.compiler.planner.tree import Kind, Tree
from regolive.compiler.planner.world import PLAIN, RuleMock, World
from regolive.compiler.program import Path, RuleTree
from regolive.syntax import nodes as n
from regolive.syntax.visitor import children


@dataclass(frozen=True, slots=True)
class Reach:
    """Names of the functions that may be called, and the paths into ``data`` that may be asked for.

    A path is as far as its steps are constants: what is below it may be asked for too.
    """

    names: frozenset[str]
    paths: frozenset[Path]

    def touches(self, path: Path) -> bool:
        """Whether a document at a path can make a difference."""
        return any(asked[: len(path)] == path[: len(asked)] for asked in self.paths)


class Reaches:
    """The reach of every rule that was asked about."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._direct: dict[Path, Reach] = {}
        self._all: dict[Path, Reach] = {}
        self._effects: dict[Path, bool | None] = {}

    def relevant(self, world: World, path: Path) -> World:
        """What of a world makes a difference to the rules at a path, or below it for a package."""
        reach = self.reach(path)
        mocks = tuple(pair for pair in world.mocks if pair[0] in reach.names)
        stand_ins = [self.reach(mock.path) for _, mock in mocks if isinstance(mock, RuleMock)]
        hidden = frozenset(
            path for path in world.hidden if any(r.touches(path) for r in (reach, *stand_ins))
        )
        return World(hidden, mocks)

    def has_effect(self, path: Path) -> bool:
        """Whether asking for what is at a path, or below, can come to call a builtin that is called
        for what it does.
        """
        return any(self._rule_has_effect(rule) for rule in self._rules_at(path))

    def _rule_has_effect(self, rule: Path) -> bool:
        known = self._effects
        todo = [rule]
        while todo:
            here = todo[-1]
            if here in known and known[here] is not None:
                todo.pop()
                continue
            direct = self._find_direct(here)
            asked = [each for path in direct.paths for each in self._rules_at(path)]
            if here not in known:
                known[here] = None  # on the way: what asks itself is an error elsewhere
                todo += [each for each in asked if each not in known]
                continue
            known[here] = any(
                not is_pure(name) for name in direct.names if not name.startswith("data.")
            ) or any(known.get(each) for each in asked)
            todo.pop()
        return bool(known[rule])

    def reach(self, path: Path) -> Reach:
        """What the rules at a path can come to ask, through others too."""
        known = self._all.get(path)
        if known is not None:
            return known
        names: set[str] = set()
        paths: set[Path] = {path}
        seen: set[Path] = set()
        todo = list(self._rules_at(path))
        while todo:
            here = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            direct = self._find_direct(here)
            names |= direct.names
            for asked in direct.paths - paths:
                todo += self._rules_at(asked)
            paths |= direct.paths
        found = self._all[path] = Reach(frozenset(names), frozenset(paths))
        return found

    def _rules_at(self, path: Path) -> Iterator[Path]:
        """The rules that a reference with these constant steps can lead to."""
        node, here = self.tree.root, 0
        while self.tree.kind(node, here) is Kind.PACKAGE:
            if here == len(path):
                yield from self._below(node, path)
                return
            child = node.children.get(path[here])
            if child is None:
                return
            node, here = child, here + 1
        yield path[:here]

    def _below(self, node: RuleTree, path: Path) -> Iterator[Path]:
        todo = [(node, path)]
        while todo:
            node, path = todo.pop()
            if self.tree.kind(node, len(path)) is not Kind.PACKAGE:
                yield path
                continue
            todo += [
                (child, (*path, key))
                for key in self.tree.names(node)
                if (child := node.children[key])
            ]

    def _find_direct(self, path: Path) -> Reach:
        known = self._direct.get(path)
        if known is not None:
            return known
        node = self.tree.find(path, PLAIN)
        assert node is not None
        names: set[str] = set()
        paths: set[Path] = set()
        rules = [*self.tree.parts(node, path, PLAIN), *node.rules]
        for each in asked(rules):
            if isinstance(each, str):
                names.add(each)
            else:
                paths.add(each)
        found = self._direct[path] = Reach(frozenset(names), frozenset(paths))
        return found


def asked(nodes: Iterable[n.Node]) -> Iterator[str | Path]:
    """The names of functions and the paths into ``data`` in some nodes."""
    todo: list[n.Node] = list(nodes)
    while todo:
        node = todo.pop()
        if isinstance(node, n.Call):
            called = calls.callee(node.func)
            yield called.name
            if called.path is not None:
                yield called.path
            todo += node.args
        elif isinstance(node, n.Ref):
            head, *steps = node.terms
            todo += steps
            if not isinstance(head, n.Var):
                todo.append(head)
            elif head.name == "data":
                yield _constant_steps(steps)
        elif isinstance(node, n.Var) and node.name == "data":
            yield ()
        elif isinstance(node, n.Head):
            # The path of a rule's own name is none that it asks for; variables in it are.
            todo += [
                part for part in (*node.ref.terms[1:], node.key, node.value) if part is not None
            ]
            todo += node.args or ()
        else:
            todo += children(node)


def _constant_steps(steps: Iterable[n.Term]) -> Path:
    found: list[str] = []
    for step in steps:
        if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
            break
        found.append(step.value)
    return tuple(found)
