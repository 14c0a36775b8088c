"""Bodies inside of bodies: comprehensions, ``every``, ``not`` and logical operators with bodies,
and what ``print`` and template strings evaluate apart, so that an undefined part does not end all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from regolive.compiler.program import Stage
from regolive.compiler.resolve.bodies import STATEMENTS, body, head_term, value_statement
from regolive.compiler.resolve.calls import require_builtin
from regolive.compiler.resolve.scopes import announce, declare, leave
from regolive.compiler.resolve.terms import TERMS, emitted
from regolive.compiler.resolve.work import Closure, Global, Item, Scope, Work
from regolive.syntax import nodes as n


class _Inside:
    """A new list of statements and a new scope, until ``end``.

    ``apart``: only for the value of a term of the outer body.
    """

    __slots__ = ("depth", "head", "item", "out", "scope", "undeclared", "w")

    def __init__(self, w: Work, apart: bool = False) -> None:
        self.w = w
        self.depth = w.depth
        w.depth += not apart
        self.head = w.head
        w.head = False
        self.item, self.out, self.scope = w.item, w.out, w.scope
        self.undeclared = w.undeclared
        w.out = []
        w.scope = Scope(len(w.unused))
        w.undeclared = None

    def end(self) -> list[Item]:
        w = self.w
        items = w.out
        leave(w)
        w.item, w.out, w.scope = self.item, self.out, self.scope
        w.undeclared = self.undeclared
        w.depth = self.depth
        w.head = self.head
        return items


def array_comp(w: Work, term: n.ArrayComp) -> n.Term:
    """An array comprehension; its ordered body comes in later."""
    inside = _Inside(w)
    announce(w, term.body)
    body(w, term.body)
    head, names = head_term(w, term.head)
    return _comprehension(inside, n.ArrayComp(term.loc, head, ()), names)


def set_comp(w: Work, term: n.SetComp) -> n.Term:
    """A set comprehension."""
    inside = _Inside(w)
    announce(w, term.body)
    body(w, term.body)
    head, names = head_term(w, term.head)
    return _comprehension(inside, n.SetComp(term.loc, head, ()), names)


def object_comp(w: Work, term: n.ObjectComp) -> n.Term:
    """An object comprehension."""
    inside = _Inside(w)
    announce(w, term.body)
    body(w, term.body)
    key, names = head_term(w, term.key)
    value, more = head_term(w, term.value)
    return _comprehension(inside, n.ObjectComp(term.loc, key, value, ()), names | more)


def _comprehension(inside: _Inside, node: n.Term, names: set[str]) -> n.Term:
    items = inside.end()
    item = inside.w.item
    item.evaluates = True
    item.close(Closure(node, "body", items, heads=names))
    return node


def every(w: Work, expr: n.Expr, term: n.Every) -> None:
    """``every``: the domain is evaluated before; key and value are declared for the body."""
    item = w.item
    domain = term.domain
    if isinstance(domain, n.Var) and isinstance(w.env.get(domain.name), str):
        item.loose = item.needs
        domain = TERMS[n.Var](w, domain)
    else:
        domain = emitted(w, domain)
        item.needs.add(domain.name)
    inside = _Inside(w)
    first = term.body[0].loc
    key = None if term.key is None else _loop_var(w, term.key, first)
    value = _loop_var(w, term.value, first)
    announce(w, term.body)
    body(w, term.body)
    node = n.Every(term.loc, key, value, domain, ())
    items = inside.end()
    bound = {var.name for var in (key, value) if var is not None}
    item.close(Closure(node, "body", items, bound=bound))
    item.expr = n.Expr(expr.loc, node, expr.negated, item.withs, expr.generated)
    w.out.append(item)


def _loop_var(w: Work, var: n.Var, site: n.Loc) -> n.Var:
    if var.is_wildcard:
        return var
    return n.Var(var.loc, declare(w, var.name, var.loc, "declared", site))


def logical(w: Work, expr: n.Expr, term: n.Not | n.Logical) -> None:
    """``not`` and the logical operators of OPA 1.20, on bodies.

    A body in braces is one like that of ``every``. One without binds nothing: it needs all of its
    variables.
    """
    item = w.item
    node: n.Not | n.Logical
    if isinstance(term, n.Not):
        node = n.Not(term.loc, (), term.explicit)
        _operand(w, node, "body", term.body, None if term.explicit else "negated expression")
    else:
        node = n.Logical(term.loc, term.operator, (), (), term.explicit_left, term.explicit_right)
        place = f"implicit {term.operator} operand"
        _operand(w, node, "left", term.left, None if term.explicit_left else place)
        _operand(w, node, "right", term.right, None if term.explicit_right else place)
    item.expr = n.Expr(expr.loc, node, expr.negated, item.withs, expr.generated)
    w.out.append(item)


def _operand(
    w: Work, node: n.Not | n.Logical, field: str, exprs: n.Body, implicit: str | None
) -> None:
    inside = _Inside(w)
    if implicit is None:
        announce(w, exprs)
    body(w, exprs, implicit)
    items = inside.end()
    item = w.item
    item.close(Closure(node, field, items))
    if implicit is not None:
        for inner in items:
            if not isinstance(inner.expr.term, n.Not | n.Logical):
                item.needs.update(name for name in inner.own_names() if w.is_written(name))


def template(w: Work, term: n.TemplateString) -> n.Term:
    """A template string: a call with an array of texts, constants, sets of at most one value."""
    parts: list[n.Term] = []
    outer = w.item
    item = Item(outer.withs, outer.with_needs)
    w.item = item
    for part in term.items:
        if isinstance(part, n.Expr):
            parts.append(_apart(w, part, Stage.TEMPLATES))
        else:
            parts.append(part)
    result = n.Var(term.loc, w.fresh())
    func = n.Ref(term.loc, (n.Var(term.loc, "internal"), n.Scalar(term.loc, "template_string")))
    require_builtin(w, "internal.template_string", term.loc)
    made = n.Call(term.loc, func, (n.Array(term.loc, tuple(parts)), result))
    item.expr = n.Expr(term.loc, made, False, outer.withs, True)
    item.binds.add(result.name)
    w.out.append(item)
    w.item = outer
    return result


def print_statement(w: Work, expr: n.Expr, term: n.Call) -> None:
    """``print``: a call with an array of sets of one value or none."""
    if not w.options.keep_prints:
        return
    # As in OPA, what is printed is evaluated without the replacements of ``with``.
    item = Item()
    w.item = item
    operands = [_apart(w, _expr(arg), Stage.PRINTS) for arg in term.args]
    func = n.Ref(term.func.loc, (n.Var(term.func.loc, "internal"), n.Scalar(term.loc, "print")))
    made = n.Call(term.loc, func, (n.Array(term.loc, tuple(operands)),))
    item.expr = n.Expr(expr.loc, made, False, (), expr.generated)
    w.out.append(item)


def _expr(term: n.Term) -> n.Expr:
    return n.Expr(term.loc, term, generated=True)


def _apart(w: Work, part: n.Expr, stage: Stage) -> n.Term:
    """A value evaluated apart: the set of it, empty if it is undefined."""
    term = part.term
    assert isinstance(term, n.Term)
    print_ = stage is Stage.PRINTS
    if isinstance(term, n.Scalar | n.Number):
        return n.Set(term.loc, (term,)) if print_ else term
    item = w.item
    outer = w.undeclared
    w.undeclared = []
    if isinstance(term, n.Var) and not isinstance(w.env.get(term.name), Global):
        made = TERMS[n.Var](w, term)
        # In a template string an undeclared variable is one like any other.
        missing = w.undeclared if print_ else []
        node: n.Term = n.Set(term.loc, (made,))
    else:
        inside = _Inside(w, apart=True)
        w.undeclared = undeclared = list[n.Var]()
        result = value_statement(w, part)
        missing = undeclared
        node = n.SetComp(term.loc, result, ())
        items = inside.end()
        item.close(Closure(node, "body", items, heads={result.name}))
    w.undeclared = outer
    for var in missing:
        if print_:
            report_undeclared(w, var, term.loc, stage)
        else:
            w.templated.append((var, term.loc))
    return node


def report_undeclared(w: Work, var: n.Var, loc: n.Loc, stage: Stage) -> None:
    """Report a variable that nothing declares where one must be declared."""
    shown = "_" if var.is_wildcard else var.name
    w.find(stage, "compile", f"var {shown} is undeclared", loc)


_COMPREHENSIONS: Sequence[tuple[type[n.Term], Callable[..., n.Term]]] = (
    (n.ArrayComp, array_comp),
    (n.SetComp, set_comp),
    (n.ObjectComp, object_comp),
    (n.TemplateString, template),
)
TERMS.update(_COMPREHENSIONS)
STATEMENTS.update({n.Every: every, n.Not: logical, n.Logical: logical, n.Call: print_statement})
