"""The tree of rules as the planner sees it: what stands at each node, in a world."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from regolive.compiler.planner.world import World
from regolive.compiler.program import Path, RuleTree
from regolive.syntax import nodes as n


class Kind(Enum):
    """What a node of the tree is."""

    PACKAGE = "only a step to what is below"
    FUNCTION = "a function"
    COMPLETE = "rules that give the whole value"
    SET = "rules that each give members of a set"
    OBJECT = "rules that each give parts of an object, at paths below the node"

    @property
    def is_rule(self) -> bool:
        """Whether it has a value that rules give."""
        return self not in (Kind.PACKAGE, Kind.FUNCTION)


class Tree:
    """A tree of rules with what was found out of its nodes. Touches only nodes it is asked for."""

    def __init__(self, root: RuleTree) -> None:
        self.root = root
        self._kinds: dict[int, tuple[RuleTree, Kind]] = {}

    def kind(self, node: RuleTree, depth: int) -> Kind:
        """What a node is; ``depth`` is the number of steps below ``data`` that lead to it."""
        known = self._kinds.get(id(node))
        if known is not None:
            return known[1]
        kind = self._find_kind(node, depth)
        self._kinds[id(node)] = node, kind  # the node is kept, so that its id stays its own
        return kind

    def _find_kind(self, node: RuleTree, depth: int) -> Kind:
        values = [rule for rule in node.rules if rule.head.args is None]
        if not values:
            if any(not isinstance(key, str) for key in node.children):
                return Kind.OBJECT  # p[1] := "x" is a part of p
            return Kind.FUNCTION if node.rules else Kind.PACKAGE
        if any(len(rule.head.ref.terms) - 1 > depth for rule in values):
            return Kind.OBJECT
        if any(rule.head.key is not None for rule in values):
            return Kind.SET
        return Kind.COMPLETE

    def child(self, node: RuleTree, path: Path, key: str, world: World) -> RuleTree | None:
        """The node one step further, unless the world has a document there."""
        found = node.children.get(key)
        if found is None or (world.hidden and (*path, key) in world.hidden):
            return None
        return found

    @staticmethod
    def names(node: RuleTree) -> list[str]:
        """The steps that lead further from a node, those that are no strings left out."""
        return [key for key in node.children if isinstance(key, str)]

    def is_base(self, ref: n.Ref, world: World) -> bool:
        """Whether a reference into ``data`` with constant steps leads past all rules."""
        node = self.root
        path: Path = ()
        for step in ref.terms[1:]:
            if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
                return False
            child = self.child(node, path, step.value, world)
            if child is None:
                return True
            node, path = child, (*path, step.value)
        return False

    def find(self, path: Path, world: World) -> RuleTree | None:
        """The node of a path. Does not care what stands on the way to it."""
        node: RuleTree | None = self.root
        for at, key in enumerate(path):
            node = None if node is None else self.child(node, path[:at], key, world)
        return node

    def parts(self, node: RuleTree, path: Path, world: World) -> Iterator[n.Rule]:
        """The rules that give parts of an object: those of its node and of all nodes below."""
        todo = [(node, path)]
        while todo:
            node, path = todo.pop()
            yield from (rule for rule in node.rules if rule.head.args is None)
            for key, child in reversed(node.children.items()):
                if not isinstance(key, str):
                    todo.append((child, path))
                elif not world.hidden or (*path, key) not in world.hidden:
                    todo.append((child, (*path, key)))
