"""Statements of a body: assignment, unification, ``some``, calls and terms; and values of heads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from regolive.compiler.program import Stage
from regolive.compiler.resolve.calls import (
    call_statement,
    call_with_result,
    has_result,
    metadata_call,
)
from regolive.compiler.resolve.scopes import declare, shadows_root, some_names
from regolive.compiler.resolve.terms import TERMS, emitted, inner, ref, step
from regolive.compiler.resolve.withs import replacements
from regolive.compiler.resolve.work import Item, Work
from regolive.syntax import nodes as n

_EQUATIONS = frozenset({"eq", "equal"})

STATEMENTS: dict[type, Callable[[Work, n.Expr, Any], None]] = {}
"""By the class of their term, what has bodies inside (n.Call: ``print``). Added by its module."""

_KINDS: dict[type, str] = {
    n.Number: "number",
    n.Ref: "ref",
    n.Call: "call",
    n.Set: "set",
    n.ArrayComp: "arraycomprehension",
    n.SetComp: "setcomprehension",
    n.ObjectComp: "objectcomprehension",
    n.TemplateString: "templatestring",
}


def body(w: Work, exprs: n.Body, implicit: str | None = None) -> None:
    """Walk a body's statements. ``implicit`` names what the body stands in, if nothing may be
    assigned there."""
    for expr in exprs:
        statement(w, expr, implicit)


def statement(w: Work, expr: n.Expr, implicit: str | None = None) -> None:
    """One statement: adds it, and what is evaluated before it, to the items of the body."""
    term = expr.term
    if isinstance(term, n.SomeDecl):
        symbol = term.symbols[0]
        if not isinstance(symbol, n.Call):
            for var in term.symbols:
                assert isinstance(var, n.Var)
                declare(w, var.name, expr.loc, "declared", expr.loc)
            return
    if not expr.withs:
        item = Item()
    elif isinstance(term, n.Call) and not term.args and metadata_call(w, term) is not None:
        item = Item()  # a constant, whatever is replaced
    else:
        withs, needs = replacements(w, expr.withs)
        item = Item(withs, needs)
    w.item = item
    negated = expr.negated
    made: n.Term
    if isinstance(term, n.Call):
        first = term.func.terms[0]
        name = first.name if len(term.func.terms) == 1 and isinstance(first, n.Var) else ""
        if name == "assign" and len(term.args) == 2:
            target = term.args[0]
            if isinstance(target, n.Var) and shadows_root(w, target.name):
                message = f"variables must not shadow {target.name} (use a different variable name)"
                w.find(Stage.KEYWORDS, "compile", message, expr.loc)
                return
            if negated or implicit:
                where = implicit or "negated expression"
                message = f"cannot assign vars inside {where}"
                w.find(Stage.LOCALS, "compile", message, expr.loc)
                return
            _assignment(w, expr, term)
            return
        item.hoist = negated
        if name in _EQUATIONS and len(term.args) == 2 and w.env.get(name) is None:
            made = _equation(w, term) if name == "eq" else _comparison(w, term)
        elif name == "print" and name in w.options.void and w.env.get(name) is None:
            STATEMENTS[n.Call](w, expr, term)
            return
        else:
            made = call_statement(w, term, expr.loc)
    elif isinstance(term, n.Term):
        item.hoist = negated
        made = TERMS[term.__class__](w, term)
        if isinstance(made, n.Var) and not isinstance(term, n.Var):
            item.args.add(made.name)
    elif isinstance(term, n.SomeDecl):
        assert isinstance(symbol, n.Call)
        _some_in(w, expr, symbol)
        return
    else:
        STATEMENTS[term.__class__](w, expr, term)
        if negated:
            item.tighten()
        return
    item.expr = n.Expr(expr.loc, made, negated, item.withs, expr.generated)
    if negated:
        item.tighten()
    w.out.append(item)


def _comparison(w: Work, term: n.Call) -> n.Term:
    """``==``: binds nothing, save what steps of its references do."""
    left, right = [operand(w, arg) for arg in term.args]
    item = w.item
    # A variable that the other side binds is compared when it is, which is what ``=`` does.
    func = term.func if item.args.isdisjoint(item.binds) else w.eq
    return n.Call(term.loc, func, (left, right), term.infix)


def _equation(w: Work, term: n.Call) -> n.Term:
    item = w.item
    keys = item.strict = set()
    item.loose = item.left = set()
    left = operand(w, term.args[0])
    item.loose = item.right = set()
    right = operand(w, term.args[1])
    item.needs |= keys
    if not keys.isdisjoint(item.binds):
        # A set or key has a variable that the other side's reference binds: that one goes first.
        item.needs -= item.binds
        left, right = [w.hoist(t) if isinstance(t, n.Ref) else t for t in (left, right)]
    return n.Call(term.loc, term.func, (left, right), term.infix)


def operand(w: Work, term: n.Term) -> n.Term:
    """One side of ``=``: a reference stays where it is."""
    made = TERMS[term.__class__](w, term)
    if isinstance(made, n.Var) and not isinstance(term, n.Var):
        w.item.needs.add(made.name)
    return made


def _assignment(w: Work, expr: n.Expr, term: n.Call) -> None:
    item = w.item
    target, value = term.args
    if isinstance(target, n.Var) and isinstance(value, n.Call):
        _assign_call(w, expr, target, value)
        return
    item.strict = item.needs
    item.right = item.loose = set()
    right = operand(w, value)
    item.left = item.loose = set()
    if isinstance(target, n.Var):
        left: n.Term = _assigned(w, target, expr)
        if not item.right:
            # What is declared here is not bound yet: nothing to compare.
            item.binds |= item.left
            item.left = item.right = None
    elif isinstance(target, n.Array | n.Object):
        left = _assigned_pattern(w, target, expr)
    else:
        _cannot_assign(w, target)
        left = target
    made = n.Call(term.loc, w.eq, (left, right), term.infix)
    item.expr = n.Expr(expr.loc, made, False, item.withs, expr.generated)
    w.out.append(item)


def _assign_call(w: Work, expr: n.Expr, target: n.Var, value: n.Call) -> None:
    """``x := f(y)``: the variable takes the place of the call's result."""
    item = w.item
    result = n.Var(target.loc, "")
    constant = metadata_call(w, value)
    if constant is not None and not value.args:
        made = n.Call(expr.loc, w.eq, (result, constant), ":=")
    else:
        made = call_with_result(w, value, result)
    # What is called comes first: it does not see the new variable.
    item.loose = item.binds if has_result(w, value) else item.args
    result.name = _assigned(w, target, expr).name
    item.assigned = expr.loc
    item.expr = n.Expr(value.loc, made, False, item.withs, expr.generated)
    w.out.append(item)


def _assigned(w: Work, target: n.Var, expr: n.Expr) -> n.Var:
    """Declare the variable on the left of ``:=``."""
    name = target.name
    if target.is_wildcard:
        made = target
    else:
        made = n.Var(target.loc, declare(w, name, target.loc, "assigned", expr.loc))
    w.item.loose.add(made.name)
    return made


def _assigned_pattern(w: Work, target: n.Term, expr: n.Expr) -> n.Term:
    """Declare the variables of a pattern: those in arrays and in the values of objects."""
    if isinstance(target, n.Var):
        name = target.name
        if not target.is_wildcard:
            name = declare(w, name, target.loc, "assigned", expr.loc)
        w.item.loose.add(name)
        return n.Var(target.loc, name)
    if isinstance(target, n.Array):
        items = tuple([_assigned_pattern(w, item, expr) for item in target.items])
        return n.Array(target.loc, items)
    if isinstance(target, n.Object):
        flat: list[n.Term] = []
        for key, value in target.pairs:
            saved = w.item.loose
            w.item.loose = w.item.strict
            flat.append(inner(w, key))
            w.item.loose = saved
            flat.append(_assigned_pattern(w, value, expr))
        return n.Object(target.loc, tuple(flat))
    _cannot_assign(w, target)
    return target


def _cannot_assign(w: Work, target: n.Term) -> None:
    if isinstance(target, n.Scalar):
        value = target.value
        kind = "null" if value is None else "boolean" if isinstance(value, bool) else "string"
    else:
        kind = _KINDS[target.__class__]
    w.find(Stage.LOCALS, "compile", f"cannot assign to {kind}", target.loc)


def _some_in(w: Work, expr: n.Expr, call: n.Call) -> None:
    """``some k, v in xs``: ``v = xs[k]``, with what is new in ``k`` and ``v`` declared."""
    item = w.item
    item.strict = item.needs
    item.right = set()
    item.loose = item.left = set()
    *patterns, domain = call.args
    names = dict.fromkeys(some_names(call))
    source: n.Term
    if isinstance(domain, n.Ref):
        source = ref(w, domain)
    elif isinstance(domain, n.Var):
        item.loose = item.needs
        source = TERMS[n.Var](w, domain)
    else:
        source = emitted(w, domain)
        item.needs.add(source.name)
    for name in names:
        declare(w, name, expr.loc, "loop", expr.loc)
    key, bound = step(w, patterns[0] if len(patterns) == 2 else n.Var(domain.loc, w.fresh()))
    terms = source.terms if isinstance(source, n.Ref) else (source,)
    keyed = n.Ref(domain.loc, (*terms, key))
    item.retarget(source, keyed)
    if bound:
        item.pattern(keyed, len(terms), bound)
    item.loose = item.left
    value = inner(w, patterns[-1])
    made = n.Call(call.loc, w.eq, (value, keyed), "=")
    item.expr = n.Expr(expr.loc, made, False, item.withs, expr.generated)
    w.out.append(item)


def head_term(w: Work, term: n.Term) -> tuple[n.Term, set[str]]:
    """A term of a rule's or comprehension's head, and its variables.

    What must be evaluated is, by statements at the end of the body.
    """
    cls = term.__class__
    if cls is n.Scalar or cls is n.Number:
        return term, set()
    item = Item()
    w.item = item
    made = TERMS[cls](w, term)
    if isinstance(made, n.Var) and cls is not n.Var:
        item.args.add(made.name)
    if not item.evaluates and item.prefix is None:
        return made, item.args | item.needs
    result = n.Var(term.loc, w.fresh())
    item.binds.add(result.name)
    item.expr = w.equation(term.loc, result, made)
    w.out.append(item)
    return result, {result.name}


def equate(w: Work, var: n.Var, term: n.Term) -> None:
    """Add the statement that a variable of the resolved tree has the value of a term."""
    item = w.item = Item()
    item.strict = item.needs
    item.left = {var.name}
    item.right = item.loose = set()
    item.expr = w.equation(term.loc, var, operand(w, term))
    w.out.append(item)


def value_statement(w: Work, expr: n.Expr) -> n.Var:
    """Evaluate an expression that is a term; the variable that has its value."""
    if expr.withs:
        withs, needs = replacements(w, expr.withs)
        w.item = Item(withs, needs)
    else:
        w.item = Item()
    assert isinstance(expr.term, n.Term)
    return emitted(w, expr.term)
