"""A compiled policy set as bytes, and back: what the disk cache keeps.

Each module's rules are bytes of their own, read when something asks for one of them: a query over
a large policy set touches few modules, and reading all of their trees would take longer than it.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from regolive.compiler.program import Exports, Path, ResolvedModule, RuleTree
from regolive.syntax import nodes as n


class StoredModules:
    """The rules of a set's modules, read from each module's bytes when they are asked for."""

    __slots__ = ("blobs", "read")

    def __init__(self, blobs: Sequence[bytes]) -> None:
        self.blobs = blobs
        self.read: dict[int, tuple[n.Rule, ...]] = {}

    def rules(self, module: int) -> tuple[n.Rule, ...]:
        """The rules of a module, by its number."""
        found = self.read.get(module)
        if found is None:
            found = self.read[module] = pickle.loads(self.blobs[module])
        return found


class StoredTree(RuleTree):
    """A tree that knows where its rules stand, and reads them when it is asked for them."""

    __slots__ = ("_found", "_modules", "_places")

    def __init__(self, modules: StoredModules, shape: _Shape) -> None:
        self._modules = modules
        self._found: list[n.Rule] | None = None
        children, self._places = shape
        self.children = {key: StoredTree(modules, child) for key, child in children.items()}

    @property
    def rules(self) -> list[n.Rule]:  # type: ignore[override]
        """The rules whose constant part ends here."""
        found = self._found
        if found is None:
            rules = self._modules.rules
            found = self._found = [rules(module)[number] for module, number in self._places]
        return found


# A tree without its rules: children by key, and for each rule its module's and its own number.
_Shape = tuple[dict[object, Any], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a compiled set is without the texts and trees it was made from.

    ``env`` is the type checker's, as bytes: only queries need it.
    """

    exports: Exports
    tree: RuleTree
    env: bytes


def dump(modules: Sequence[ResolvedModule], exports: Exports, tree: RuleTree, env: Any) -> bytes:
    """A set as bytes.

    Raises RecursionError for a tree that is nested too deeply to be written.
    """
    numbers = {
        id(rule): (m, r) for m, module in enumerate(modules) for r, rule in enumerate(module.rules)
    }
    protocol = pickle.HIGHEST_PROTOCOL
    return pickle.dumps(
        (
            dict(exports.rules),
            dict(exports.functions),
            _shape(tree, numbers),
            [pickle.dumps(module.rules, protocol) for module in modules],
            pickle.dumps(env, protocol),
        ),
        protocol,
    )


def load(payload: bytes) -> Stored:
    """The set that ``dump`` wrote. Raises any exception for other bytes."""
    rules, functions, shape, blobs, env = pickle.loads(payload)
    return Stored(Exports(rules, functions), StoredTree(StoredModules(blobs), shape), env)


def _shape(tree: RuleTree, numbers: dict[int, tuple[int, int]]) -> _Shape:
    # The depth is that of a rule's path, which the parser bounds.
    children = {key: _shape(child, numbers) for key, child in tree.children.items()}
    return children, [numbers[id(rule)] for rule in tree.rules]


def constant_path(rule: n.Rule) -> Path:
    """The constant strings that a resolved rule's path begins with, below ``data``."""
    steps = []
    for term in rule.head.ref.terms[1:]:
        if not isinstance(term, n.Scalar) or not isinstance(term.value, str):
            break
        steps.append(term.value)
    return tuple(steps)
