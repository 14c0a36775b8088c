"""Terms: names become variables or references, calls become statements before.

Every function takes a term and gives the one that stands for it in the resolved tree, and notes its
variables in the item at hand. They are chosen by the class of the term (``TERMS``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regolive.compiler.resolve.scopes import ROOTS, unbound
from regolive.compiler.resolve.work import Global, Item, Work
from regolive.syntax import nodes as n

Walker = Callable[[Work, Any], n.Term]

TERMS: dict[type, Walker] = {}
"""By the class of a term. Comprehensions, calls and template strings are added by their modules."""

_COMPOSITES = frozenset({n.Array, n.Object, n.Set})
_CLOSURES = frozenset({n.ArrayComp, n.SetComp, n.ObjectComp})


def constant(_w: Work, term: n.Term) -> n.Term:
    """Scalars and numbers stay."""
    return term


def var(w: Work, term: n.Var) -> n.Term:
    """A variable, or what the name means."""
    name = term.name
    meaning = w.env.get(name)
    if isinstance(meaning, str):
        w.used.add(meaning)
        w.item.loose.add(meaning)
        return n.Var(term.loc, meaning)
    if not isinstance(meaning, Global):
        unbound(w, term)
        w.item.loose.add(name)
        return term
    meaning.used = True
    w.item.evaluates = True
    w.varying = False
    if w.hidden and isinstance(w.env.get(meaning.root), str):
        return ref(w, n.Ref(term.loc, meaning.prefix))
    made = n.Ref(term.loc, meaning.prefix)
    if meaning.root == "data":
        w.refs.append(made)
    return made if len(meaning.prefix) > 1 else n.Var(term.loc, meaning.root)


def ref(w: Work, term: n.Ref) -> n.Ref:
    """A reference. In the end its head is a document or variable, its steps need no evaluation."""
    terms = term.terms
    head = terms[0]
    item = w.item
    item.evaluates = True
    data = False
    made: list[n.Term]
    if isinstance(head, n.Var):
        name = head.name
        meaning = w.env.get(name)
        if isinstance(meaning, str):
            w.used.add(meaning)
            item.needs.add(meaning)
            made = [n.Var(head.loc, meaning)]
        elif isinstance(meaning, Global):
            meaning.used = True
            if w.hidden and isinstance(w.env.get(meaning.root), str):
                return ref(w, n.Ref(term.loc, (*meaning.prefix, *terms[1:])))
            made = list(meaning.prefix)
            data = meaning.root == "data"
        else:
            unbound(w, head)
            item.needs.add(name)
            made = [head]
    else:
        first = emitted(w, head)
        item.needs.add(first.name)
        made = [first]
    varying = False
    patterns: list[tuple[int, set[str]]] | None = None
    for part in terms[1:]:
        cls = part.__class__
        if cls is n.Scalar or cls is n.Number:
            made.append(part)
            continue
        varying = True
        new, names = step(w, part)
        if names:
            if patterns is None:
                patterns = []
            patterns.append((len(made), names))
        made.append(new)
    found = n.Ref(term.loc, tuple(made))
    if data:
        w.refs.append(found)
    for index, names in patterns or ():
        item.pattern(found, index, names)
    w.varying = varying
    return found


def step(w: Work, term: n.Term) -> tuple[n.Term, set[str] | None]:
    """A step of a reference; for a composite also the variables that it binds."""
    if isinstance(term, n.Var):
        name = term.name
        meaning = w.env.get(name)
        if isinstance(meaning, str):
            w.used.add(meaning)
            w.item.binds.add(meaning)
            return n.Var(term.loc, meaning), None
        if isinstance(meaning, Global):
            return w.hoist(var(w, term)), None
        unbound(w, term)
        w.item.binds.add(name)
        return term, None
    cls = term.__class__
    if cls is n.Scalar or cls is n.Number:
        return term, None
    if cls in _COMPOSITES:
        return _step_composite(w, term)
    made = TERMS[cls](w, term)
    if cls is n.Ref or cls in _CLOSURES:
        return w.hoist(made), None
    if isinstance(made, n.Var):
        w.item.needs.add(made.name)
    return made, None


def _step_composite(w: Work, term: n.Term) -> tuple[n.Term, set[str]]:
    """A composite as a step: what it has in it is evaluated before, its variables get bound."""
    item = w.item
    saved = item.loose, item.strict, item.hoist
    names: set[str] = set()
    item.loose = names
    item.strict = item.needs
    item.hoist = True
    made = TERMS[term.__class__](w, term)
    item.loose, item.strict, item.hoist = saved
    item.binds |= names
    return made, names


def inner(w: Work, term: n.Term) -> n.Term:
    """A term inside of a composite, or the argument of a call."""
    cls = term.__class__
    if cls is n.Scalar or cls is n.Number:
        return term
    if isinstance(term, n.Var):
        made = var(w, term)
        if w.item.hoist and (isinstance(made, n.Ref) or is_document(made)):
            return w.hoist(made)
        return made
    if isinstance(term, n.Ref):
        made = ref(w, term)
        # With steps that bind variables it goes before: a pattern's references have constant steps.
        if w.varying or w.item.hoist:
            return w.hoist(made)
        return made
    made = TERMS[cls](w, term)
    if cls in _CLOSURES:
        return w.hoist(made) if w.item.hoist else made
    if isinstance(made, n.Var) and cls not in _COMPOSITES:
        w.item.strict.add(made.name)
    return made


def is_document(term: n.Term) -> bool:
    """Whether a resolved term is all of ``input`` or ``data``."""
    return isinstance(term, n.Var) and term.name in ROOTS


def array(w: Work, term: n.Array) -> n.Term:
    """An array."""
    return n.Array(term.loc, tuple([inner(w, item) for item in term.items]))


def set_(w: Work, term: n.Set) -> n.Term:
    """A set. No pattern: its variables must be bound."""
    item = w.item
    saved = item.loose
    item.loose = item.strict
    made = n.Set(term.loc, tuple([inner(w, member) for member in term.items]))
    item.loose = saved
    return made


def object_(w: Work, term: n.Object) -> n.Term:
    """An object. The variables of its keys must be bound."""
    item = w.item
    made: list[n.Term] = []
    keys = True
    for part in term.flat:
        if keys and part.__class__ is not n.Scalar:
            saved = item.loose
            item.loose = item.strict
            made.append(inner(w, part))
            item.loose = saved
        else:
            made.append(inner(w, part))
        keys = not keys
    return n.Object(term.loc, tuple(made))


def emitted(w: Work, term: n.Term) -> n.Var:
    """Evaluate a term in a statement of its own before the one at hand."""
    cls = term.__class__
    outer = w.item
    item = Item(outer.withs, outer.with_needs)
    w.item = item
    made = TERMS[cls](w, term)
    w.item = outer
    if isinstance(made, n.Var) and cls is not n.Var:
        return made
    result = n.Var(term.loc, w.fresh())
    item.binds.add(result.name)
    item.expr = w.equation(term.loc, result, made, outer.withs)
    w.out.append(item)
    return result


TERMS.update(
    {
        n.Scalar: constant,
        n.Number: constant,
        n.Var: var,
        n.Ref: ref,
        n.Array: array,
        n.Set: set_,
        n.Object: object_,
    }
)
