"""The type environment: the types of rules by path, what is declared of ``input``, and functions.

Rules are kept in a tree by the constant part of their paths. Besides the types of its own rules a
node has a *view*, what a reference to it sees: an object that a rule with variables in its head
makes also has the keys of the rules below it. Views and the types of whole packages are worked out
when they are asked for, and forgotten when something below them changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regolive.compiler.types.algebra import constant_type
from regolive.compiler.types.model import (
    ANY,
    MAX_TERM_DEPTH,
    STRING,
    Object,
    Part,
    StaticKey,
    Type,
    either,
    object_type,
    union_of,
)

TypePath = tuple[StaticKey, ...]
"""Steps below ``data``, each as ``regolive.values.to_key`` makes it."""


class TypeNode:
    """One step of the paths of rules. ``own`` is the type of the rules whose path ends here."""

    __slots__ = ("_extent", "_view", "children", "own", "parent")

    def __init__(self, parent: TypeNode | None = None) -> None:
        self.parent = parent
        self.children: dict[StaticKey, TypeNode] = {}
        self.own: Part = None
        self._view: Part = None
        self._extent: Type | None = None

    def child(self, key: StaticKey) -> TypeNode:
        """The node of a step below, made if it is not there."""
        found = self.children.get(key)
        if found is None:
            found = self.children[key] = TypeNode(self)
        return found

    def set(self, own: Part) -> None:
        """Give it another type; None for none."""
        if own is self.own:
            return
        self.own = own
        node: TypeNode | None = self
        while node is not None:
            node._view = node._extent = None
            node = node.parent

    @property
    def view(self) -> Part:
        """The type that a reference to the rules here sees; None where there are none."""
        own = self.own
        if not self.children or not isinstance(own, Object):
            return own
        if self._view is None:
            self._view = self._with_rules_below(own)
        return self._view

    def _with_rules_below(self, own: Object) -> Object:
        dynamic = own.dynamic
        key, value = dynamic if dynamic is not None else (None, None)
        for step, child in self.children.items():
            for t in child._leafs():
                key, value = either(key, constant_type(step)), either(value, t)
        return object_type(own.static, None if key is None else (key, value))

    def _leafs(self) -> list[Type]:
        """The types at and below this node, each inside of an object for every step to it."""
        made: list[Type] = []
        todo: list[tuple[TypeNode, tuple[Type, ...]]] = [(self, ())]
        while todo:
            node, kinds = todo.pop()
            if node.own is not None:
                t = node.own
                for kind in reversed(kinds):
                    t = object_type((), (kind, t))
                made.append(t)
            todo += [(c, (*kinds, constant_type(key))) for key, c in node.children.items()]
        return made

    def extent(self, depth: int = 0) -> Type:
        """The type of all there is at the node. Base documents may add to what rules define.

        ``depth``: how deep inside of the type that is asked for it stands.
        """
        view = self.view
        if view is not None:
            return view
        if depth > MAX_TERM_DEPTH:
            return ANY
        if self._extent is None:
            fields = [(key, child.extent(depth + 1)) for key, child in self.children.items()]
            self._extent = object_type(fields, (STRING, ANY))
        return self._extent

    def keys(self) -> Part:
        """The type of the keys of its :attr:`extent`, where it has no type of its own."""
        return union_of([STRING, *{constant_type(key) for key in self.children}])


class TypeEnv:
    """Types of a policy set. Pickles; inferring more rules changes it, checking a query does not.

    Attributes:
        root: the node of ``data``.
        input: the type of ``input`` where a schema gives it, else None.
    """

    __slots__ = ("input", "root")

    def __init__(self, input_type: Type | None = None) -> None:
        self.root = TypeNode()
        self.input = input_type

    def __getstate__(self) -> tuple[Any, ...]:
        return self.input, list(self.types().items())  # flat: paths may have any number of steps

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.input, types = state
        self.root = TypeNode()
        for path, t in types:
            self.put(path, t)

    def node(self, path: Iterable[StaticKey]) -> TypeNode | None:
        """The node of a path below ``data``; None if no rule is there or below."""
        node: TypeNode | None = self.root
        for key in path:
            if node is None:
                return None
            node = node.children.get(key)
        return node

    def type_of(self, path: Iterable[StaticKey]) -> Part:
        """The type of the rules of a path; None where there are none."""
        node = self.node(path)
        return None if node is None else node.own

    def put(self, path: Iterable[StaticKey], t: Part) -> bool:
        """Replace the type of the rules of a path (None: there are none). Whether it changed."""
        node = self.root
        for key in path:
            node = node.child(key)
        if node.own is t:
            return False
        node.set(t)
        return True

    def types(self) -> Mapping[TypePath, Type]:
        """The type of the rules of each path that has some."""
        found: dict[TypePath, Type] = {}
        todo: list[tuple[TypePath, TypeNode]] = [((), self.root)]
        while todo:
            path, node = todo.pop()
            if node.own is not None:
                found[path] = node.own
            todo.extend([((*path, key), child) for key, child in node.children.items()])
        return found
