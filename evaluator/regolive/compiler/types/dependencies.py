"""Which rules a rule refers to, and the order in which types can be inferred."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from regolive.compiler.types.build import NotConstant, constant_key
from regolive.compiler.types.env import TypePath
from regolive.compiler.types.model import StaticKey
from regolive.syntax import nodes as n

Reference: TypeAlias = tuple[StaticKey, ...]
"""Steps of a reference below ``data``, each as ``to_key`` makes it, or :data:`ANY_STEP`."""


class _AnyStep:
    """The class of :data:`ANY_STEP`."""

    def __repr__(self) -> str:
        return "ANY_STEP"


ANY_STEP = _AnyStep()
"""A step of a reference that is not constant."""


def reference(ref: n.Ref) -> Reference:
    """What a reference into ``data`` reads."""
    return _path(ref.terms[1:])


def _path(steps: Sequence[n.Term]) -> Reference:
    path: list[StaticKey] = []
    for step in steps:
        if step.__class__ is n.Scalar and step.value.__class__ is str:
            path.append(step.value)
            continue
        try:
            path.append(constant_key(step))
        except NotConstant:
            path.append(ANY_STEP)
    return tuple(path)


class PathIndex:
    """The paths of rules, for finding those that a reference may refer to."""

    def __init__(self, paths: Iterable[TypePath]) -> None:
        self._root: dict[StaticKey, Any] = {}
        self._known: dict[Reference, tuple[TypePath, ...]] = {}
        for path in paths:
            node = self._root
            for key in path:
                node = node.setdefault(key, {})
            node[_HERE] = path

    def targets(self, reference: Reference) -> tuple[TypePath, ...]:
        """The paths whose rules a reference reads: those it goes through, and all below its end."""
        known = self._known.get(reference)
        if known is None:
            known = self._known[reference] = tuple(self._targets(reference))
        return known

    def _targets(self, reference: Reference) -> list[TypePath]:
        found: list[TypePath] = []
        nodes = [self._root]
        for key in reference:
            below: list[dict[StaticKey, Any]] = []
            for node in nodes:
                if key is ANY_STEP:
                    below += [child for step, child in node.items() if step is not _HERE]
                elif key in node:
                    below.append(node[key])
            nodes = below
            found += [node[_HERE] for node in nodes if _HERE in node]
        # What ends here reads all that is below.
        while nodes:
            node = nodes.pop()
            for step, child in node.items():
                if step is not _HERE:
                    nodes.append(child)
                    if _HERE in child:
                        found.append(child[_HERE])
        return found


_HERE = _AnyStep()


def order(
    paths: Sequence[TypePath], needs: Mapping[TypePath, Iterable[TypePath]]
) -> list[TypePath]:
    """The paths, each after those it needs. What needs itself is an error of an earlier stage."""
    done: dict[TypePath, None] = {}
    begun: set[TypePath] = set()
    for first in paths:
        if first in begun:
            continue
        begun.add(first)
        stack = [(first, iter(needs[first]))]
        while stack:
            path, rest = stack[-1]
            for need in rest:
                if need not in begun and need in needs:
                    begun.add(need)
                    stack.append((need, iter(needs[need])))
                    break
            else:
                stack.pop()
                done[path] = None
    return list(done)
