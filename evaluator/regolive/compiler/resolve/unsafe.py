"""What is said of statements that can stand nowhere in a body: their variables are unbound."""

from __future__ import annotations

from collections.abc import Iterator

from regolive.compiler.program import Stage
from regolive.compiler.resolve.patterns import unify
from regolive.compiler.resolve.work import Item, Work
from regolive.syntax import nodes as n

_CLOSURES = (n.ArrayComp, n.SetComp, n.ObjectComp, n.Every, n.Not, n.Logical)
_KEYWORDS = frozenset({"in", "every", "if", "contains"})


def report(w: Work, items: list[Item], safe: set[str], outer: set[str]) -> None:
    """Report the variables of some statements that are not safe, each where it stands first.

    ``outer`` are all variables of the body, which those of closures are if they have the same name.
    """
    told: set[str] = set()
    for item in sorted(items, key=lambda item: item.expr.loc.start):
        needs = set(item.needs)
        for closure in item.closures or ():
            needs |= closure.names & outer
        known = {"input", "data"} | safe | set(_reached(item, safe))
        if item.left is not None and item.right is not None:
            _unify(item, known)
        unbound = (needs - safe) | (item.own_names() - known)
        missing = [name for name in unbound - told if w.is_written(name)]
        told.update(missing)
        for name in sorted(missing, key=lambda name: (w.shown(name), name)):
            unsafe(w, name, item.expr.loc)
    if not told:
        for item in items:
            w.find(Stage.SAFE_BODIES, "unsafe_var", "expression is unsafe", item.expr.loc)


def unsafe(w: Work, name: str, loc: n.Loc, stage: Stage = Stage.SAFE_BODIES) -> None:
    """Report one variable."""
    shown = w.shown(name)
    hint = None
    message = f"var {shown} is unsafe"
    if shown in _KEYWORDS and not w.v1:
        message += f" (hint: `import future.keywords.{shown}` to import a future keyword)"
    w.find(stage, "unsafe_var", message, loc, hint)


def _unify(item: Item, known: set[str]) -> None:
    """Add what an equation would bind, given what is known."""
    call = item.expr.term
    assert isinstance(call, n.Call)
    left, right = call.args
    if isinstance(left, n.Array | n.Object) and isinstance(right, n.Array | n.Object):
        unify(left, right, known)
    elif set(_names(left)) <= known:
        known |= item.right or set()
    elif set(_names(right)) <= known:
        known |= item.left or set()


def _names(term: n.Term) -> Iterator[str]:
    """The variables that must be known for a side of an equation to be known."""
    if isinstance(term, n.Var):
        yield term.name
    elif isinstance(term, n.Array):
        for item in term.items:
            yield from _names(item)
    elif isinstance(term, n.Object):
        for item in term.flat[1::2]:
            yield from _names(item)
    elif isinstance(term, n.Ref):
        yield from (step.name for step in term.terms if isinstance(step, n.Var))


def _reached(item: Item, safe: set[str]) -> Iterator[str]:
    """The variables that a statement's references would bind: steps of those with a safe head."""
    if item.expr.negated:
        return
    todo: list[n.Node] = [item.expr, *(item.prefix or ())]
    while todo:
        node = todo.pop()
        if isinstance(node, _CLOSURES):
            continue
        if isinstance(node, n.Ref):
            head, *steps = node.terms
            if isinstance(head, n.Var) and (head.name in safe or head.name in ("input", "data")):
                yield from (step.name for step in steps if isinstance(step, n.Var))
        for part in node.parts:
            value = getattr(node, part)
            if value.__class__ is tuple:
                todo.extend(value)
            elif value is not None:
                todo.append(value)
