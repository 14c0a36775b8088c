"""OPA's order of terms, in which its trees have the elements of sets and the keys of objects.

Kinds come in this order: null, boolean, number, string, template string, variable, reference,
array, object, set, comprehensions, call; terms of one kind compare by what they consist of.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from regolive.syntax import nodes as n

ROOT_DOCUMENTS = frozenset({"data", "input"})
"""Variables that are references by themselves in OPA's trees."""


Key = tuple[Any, ...]


def term_key(term: n.Term) -> Key:
    """A key by which terms sort as OPA sorts them; equal for terms that OPA holds equal."""
    match term:
        case n.Scalar(value=None):
            return (0,)
        case n.Scalar(value=bool(value)):
            return (1, value)
        case n.Number():
            return (2, Decimal(term.text))  # compared exactly, whatever its digits
        case n.Scalar(value=str(value)):
            return (3, value.encode("utf-8", "surrogatepass"))
        case n.TemplateString():
            items = [_expr_key(i) if isinstance(i, n.Expr) else term_key(i) for i in term.items]
            return (4, items)
        case n.Var():
            return (6, [(5, term.name)]) if term.name in ROOT_DOCUMENTS else (5, term.name)
        case n.Ref():
            first, *steps = term.terms
            head = (5, first.name) if isinstance(first, n.Var) else term_key(first)
            return (6, [head, *map(term_key, steps)])
        case n.Array():
            return (7, [*map(term_key, term.items)])
        case n.Object():
            pairs = sorted(((term_key(k), v) for k, v in term.pairs), key=_first)
            return (8, [part for key, value in pairs for part in (key, term_key(value))])
        case n.Set():
            return (9, [key for key, _ in _keyed(term.items)])
        case n.ArrayComp():
            return (10, term_key(term.head), _body_key(term.body))
        case n.ObjectComp():
            return (11, term_key(term.key), term_key(term.value), _body_key(term.body))
        case n.SetComp():
            return (12, term_key(term.head), _body_key(term.body))
        case n.Call():
            return (13, [term_key(term.func), *map(term_key, term.args)])
    raise TypeError(f"not a term: {term!r}")


def sorted_items(items: tuple[n.Term, ...]) -> list[n.Term]:
    """The elements of a set in their order, each once."""
    return [item for _, item in _keyed(items)]


def sorted_pairs(term: n.Object) -> list[tuple[n.Term, n.Term]]:
    """Keys and values of an object in the order of the keys."""
    keyed = sorted(((term_key(key), (key, value)) for key, value in term.pairs), key=_first)
    return [pair for _, pair in keyed]


def _keyed(items: tuple[n.Term, ...]) -> list[tuple[Key, n.Term]]:
    """Elements with their keys, in their order, each once."""
    found: list[tuple[Key, n.Term]] = []
    for key, item in sorted(((term_key(item), item) for item in items), key=_first):
        if not found or key != found[-1][0]:
            found.append((key, item))
    return found


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


def _body_key(body: n.Body) -> list[tuple[Any, ...]]:
    return [*map(_expr_key, body)]


def _expr_key(expr: n.Expr) -> tuple[Any, ...]:
    term = expr.term
    withs = [(term_key(w.target), term_key(w.value)) for w in expr.withs]
    negated = expr.negated
    match term:
        case n.SomeDecl():
            return (0, negated, [*map(term_key, term.symbols)], withs)
        case n.Call():
            return (2, negated, [term_key(term.func), *map(term_key, term.args)], withs)
        case n.Every():
            names = [(5, term.key.name)] if term.key else []
            parts = [*names, (5, term.value.name), term_key(term.domain)]
            return (3, negated, parts, _body_key(term.body), withs)
        case n.Not():
            return (4, negated, _body_key(term.body), withs)
        case n.Logical():
            order = 5 if term.operator == "and" else 6
            return (order, negated, _body_key(term.left), _body_key(term.right), withs)
    return (1, negated, term_key(term), withs)
