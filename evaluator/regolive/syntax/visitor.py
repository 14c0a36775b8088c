"""The one generic visitor: walking, rewriting and comparing trees by the fields a class names."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from regolive.syntax import nodes as n

N = TypeVar("N", bound=n.Node)


def children(node: n.Node) -> Iterator[n.Node]:
    """The nodes directly below one, in the order of the text."""
    for name in node.parts:
        value = getattr(node, name)
        if value.__class__ is tuple:
            yield from value
        elif value is not None:
            yield value


def walk(node: n.Node) -> Iterator[n.Node]:
    """A node and everything below it, parents first. Does not recurse: depth is no matter."""
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        for name in reversed(node.parts):
            value = getattr(node, name)
            if value.__class__ is tuple:
                todo.extend(reversed(value))
            elif value is not None:
                todo.append(value)


def rebuild(node: N, rewrite: Callable[[Any], Any]) -> N:
    """The node with ``rewrite`` applied to each node directly below it; itself if none changed."""
    changed: dict[str, Any] = {}
    for name in node.parts:
        value = getattr(node, name)
        if value.__class__ is tuple:
            fresh = tuple([rewrite(item) for item in value])
            if any(a is not b for a, b in zip(fresh, value, strict=True)):
                changed[name] = fresh
        elif value is not None:
            new = rewrite(value)
            if new is not value:
                changed[name] = new
    if not changed:
        return node
    made = copy.copy(node)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


_PLACES = frozenset({"loc"})


def same(a: Any, b: Any) -> bool:
    """Whether two trees say the same, wherever they stand. Does not recurse: depth is no matter."""
    todo = [(a, b)]
    while todo:
        a, b = todo.pop()
        if a is b:
            continue
        cls = a.__class__
        if cls is not b.__class__:
            return False
        if cls is tuple:
            if len(a) != len(b):
                return False
            todo.extend(zip(a, b, strict=True))
        elif isinstance(a, n.Node):
            todo.extend([(getattr(a, name), getattr(b, name)) for name in _fields(cls)])
        elif a != b:
            return False
    return True


def _fields(cls: type[n.Node]) -> tuple[str, ...]:
    found = _known.get(cls)
    if found is None:
        found = tuple(f for f in cls.__dataclass_fields__ if f not in _PLACES | {"parts"})
        _known[cls] = found
    return found


_known: dict[type[n.Node], tuple[str, ...]] = {}
