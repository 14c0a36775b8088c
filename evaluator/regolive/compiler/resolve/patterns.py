"""Which variables the unification of two composites binds."""

from __future__ import annotations

from regolive.compiler.resolve.scopes import ROOTS
from regolive.syntax import nodes as n
from regolive.syntax.visitor import same


def unify(left: n.Term, right: n.Term, known: set[str]) -> None:
    """Add to ``known`` what gets bound where two patterns are unified.

    Composites of one kind and size are unified part by part, again until nothing is added: what one
    part binds, another may need. Composites that cannot be equal bind nothing.
    """
    pairs = _pairs(left, right)
    size = -1
    while size != len(known):
        size = len(known)
        for a, b in pairs:
            _unify_parts(a, b, known)


def _unify_parts(left: n.Term, right: n.Term, known: set[str]) -> None:
    names, others = _names(left), _names(right)
    if names <= known:
        known |= others
    elif others <= known:
        known |= names


def _names(term: n.Term) -> set[str]:
    if isinstance(term, n.Var):
        return set() if term.name in ROOTS else {term.name}
    names: set[str] = set()
    if isinstance(term, n.Array):
        for item in term.items:
            names |= _names(item)
    elif isinstance(term, n.Object):
        for item in term.flat[1::2]:
            names |= _names(item)
    return names


def _pairs(left: n.Term, right: n.Term) -> list[tuple[n.Term, n.Term]]:
    """The parts that are unified in the end, of which at least one is no composite."""
    todo = [(left, right)]
    found: list[tuple[n.Term, n.Term]] = []
    while todo:
        a, b = todo.pop()
        if isinstance(a, n.Array) and isinstance(b, n.Array):
            if len(a.items) == len(b.items):
                todo += zip(a.items, b.items, strict=True)
        elif isinstance(a, n.Object) and isinstance(b, n.Object):
            todo += _members(a, b)
        elif not _differ(a, b) and not _differ(b, a):
            found.append((a, b))
    return found


def _differ(a: n.Term, b: n.Term) -> bool:
    """Whether two terms can never be equal: an array or object, and something of another kind."""
    known = n.Array | n.Object | n.Set | n.Scalar | n.Number
    return isinstance(a, n.Array | n.Object) and isinstance(b, known)


def _members(a: n.Object, b: n.Object) -> list[tuple[n.Term, n.Term]]:
    """The values of the keys that both have, as far as that can be told from the text."""
    if len(a.flat) != len(b.flat):
        return []
    others = b.pairs
    return [(value, other) for key, value in a.pairs for name, other in others if same(name, key)]
