"""Statements without a body that are read as expressions: what rule each of them is.

``p[x]`` is a set in v0, ``f(x)`` a function that is true, ``p = 1`` and ``p := 1`` are values;
others are no rules. The words for what is wrong are OPA's.
"""

from __future__ import annotations

from collections.abc import Container

from regolive.syntax import nodes as n
from regolive.syntax.terms import value_name

_OPERATORS = frozenset({"==", "!=", "<", "<=", ">", ">=", "|", "&", "+", "-", "*", "/", "%", "in"})


class NotARule(Exception):
    """An expression that cannot be read as a rule; the message says why."""


def rule_from_expr(expr: n.Expr, builtins: Container[str]) -> n.Rule:
    """The rule that an expression stands for; ``builtins`` cannot be names of rules.

    Raises:
        NotARule: it stands for none.
    """
    term = expr.term
    if expr.withs:
        raise NotARule("expressions using with keyword cannot be used for rule head")
    if expr.negated:
        raise NotARule("negated expressions cannot be used for rule head")
    if isinstance(term, n.SomeDecl):
        raise NotARule("'some' declarations cannot be used for rule head")
    if not isinstance(term, n.Term):
        raise NotARule("expression cannot be used for rule head")
    if isinstance(term, n.Ref):
        return _from_ref(term)
    if not isinstance(term, n.Call):
        raise NotARule(f"{value_name(term)} cannot be used for rule name")
    if term.infix in ("=", ":="):
        return _from_equation(expr, term)
    if term.infix in _OPERATORS:
        raise NotARule("rule name conflicts with built-in function")
    if _name(term.func) in builtins:
        raise NotARule("rule name conflicts with built-in function")
    if not term.args:
        raise NotARule("rule argument list must take at least one argument")
    _check_name(term.func)
    where = term.func.loc
    head = n.Head(where, term.func, term.args, None, n.Scalar(where, True), generated_value=True)
    return n.Rule(where, head, _true(where), generated_body=True)


def _name(func: n.Ref) -> str | None:
    """The name of a function, ``a.b``; None where it is not made of names."""
    first, *steps = func.terms
    if not isinstance(first, n.Var):
        return None
    return ".".join([first.name, *(str(s.value) for s in steps if isinstance(s, n.Scalar))])


def _from_ref(term: n.Ref) -> n.Rule:
    _check_name(term)
    head = n.Head(term.loc, term)
    if len(term.terms) == 2:
        name = term.terms[0]
        head.ref = n.Ref(name.loc, (name,))
        head.key = term.terms[1]
    else:
        head.value = n.Scalar(term.loc, True)
        head.generated_value = True
    return n.Rule(term.loc, head, _true(term.loc), generated_body=True)


def _from_equation(expr: n.Expr, term: n.Call) -> n.Rule:
    left, right = term.args
    head = n.Head(expr.loc, term.func, None, None, right, term.infix == ":=")
    if isinstance(left, n.Call):
        head.ref = left.func
        head.args = left.args or None
    elif isinstance(left, n.Ref):
        head.ref = left
    elif isinstance(left, n.Var):
        head.ref = n.Ref(left.loc, (left,))
    else:
        raise NotARule(f"{value_name(left)} cannot be used for rule name")
    _check_name(head.ref)
    return n.Rule(expr.loc, head, _true(right.loc), generated_body=True)


def _check_name(ref: n.Ref) -> None:
    if not isinstance(ref.terms[0], n.Var):
        raise NotARule(f"invalid rule head: {ref.loc.text}")


def _true(where: n.Loc) -> n.Body:
    return (n.Expr(where, n.Scalar(where, True), generated=True),)
