"""Safety: the order of a body's statements in which each variable is bound before it is needed.

Statements keep the order they are written in as far as that is safe; one that is not ready waits
for those behind it. What never gets ready is reported. Bodies inside of a statement are ordered
when it is placed: a variable that the outer body also has is the outer body's, and must be bound by
then.
"""

from __future__ import annotations

from regolive.compiler.resolve.patterns import unify
from regolive.compiler.resolve.unsafe import note, report
from regolive.compiler.resolve.work import Closure, Item, Work
from regolive.syntax import nodes as n


def ordered(w: Work, items: list[Item], safe: set[str]) -> n.Body:
    """The statements in a safe order, with what goes before each.

    ``safe`` are the variables bound outside; those bound here are added.
    """
    out: list[n.Expr] = []
    outer_names: set[str] | None = None
    waiting = items
    while waiting:
        rest: list[Item] = []
        for item in waiting:
            if not item.needs <= safe:
                rest.append(item)
                continue
            closures = item.closures
            if closures is not None:
                if outer_names is None:
                    outer_names = _names(items)
                if not all(closure.names & outer_names <= safe for closure in closures):
                    rest.append(item)
                    continue
            bound = _bound(item, safe)
            if bound is None:
                rest.append(item)
                continue
            if closures is not None:
                for closure in closures:
                    close(w, closure, safe, item)
            _place(w, item, safe, out)
            safe |= bound
        if len(rest) == len(waiting):
            report(w, rest, safe, _names(items))
            out += [item.expr for item in rest]
            break
        waiting = rest
    return tuple(out)


def close(w: Work, closure: Closure, safe: set[str], item: Item) -> None:
    """Order a body inside of a statement, and check what the comprehension's head uses."""
    inside = safe | closure.bound
    body = ordered(w, closure.items, inside)
    setattr(closure.node, closure.field, body or _true(closure.node))
    missing = closure.heads - inside
    if missing:
        own = _names(closure.items)
        for name in missing - own:
            if w.is_written(name):
                note(w, name, item.expr.loc)


def _true(node: n.Node) -> n.Body:
    return (n.Expr(node.loc, n.Scalar(node.loc, True), generated=True),)


def _names(items: list[Item]) -> set[str]:
    names: set[str] = set()
    for item in items:
        names |= item.own_names()
    return names


def _bound(item: Item, safe: set[str]) -> set[str] | None:
    """What a statement binds whose needs are met; None if it has to wait."""
    binds = item.binds
    left, right = item.left, item.right
    if left is None or right is None:
        args = item.args
        if args <= safe or args <= safe | binds:
            return binds
        return None
    known = safe | binds
    if left <= known:
        if right <= known:
            return binds
        if not _are_patterns(item):
            return binds | right
    elif right <= known and not _are_patterns(item):
        return binds | left
    elif not _are_patterns(item):
        return None
    call = item.expr.term
    assert isinstance(call, n.Call)
    unify(call.args[0], call.args[1], known)
    names = left | right
    return binds | names if names <= known else None


_COMPOSITES = frozenset({n.Array, n.Object})


def _are_patterns(item: Item) -> bool:
    """Whether both sides of an equation are composites."""
    call = item.expr.term
    assert isinstance(call, n.Call)
    args = call.args
    return args[0].__class__ in _COMPOSITES and args[1].__class__ in _COMPOSITES


def _place(w: Work, item: Item, safe: set[str], out: list[n.Expr]) -> None:
    if item.prefix is not None:
        out += item.prefix
    expr = item.expr
    out.append(expr)
    for ref, index, names in item.patterns or ():
        if names <= safe:
            continue
        # A composite step that binds variables: any key, which is then unified with it.
        step = n.Var(ref.terms[index].loc, w.fresh())
        out.append(w.equation(expr.loc, ref.terms[index], step, item.withs))
        ref.terms = (*ref.terms[:index], step, *ref.terms[index + 1 :])
