"""Rules: parameters, bodies, heads and ``else`` chains."""

from __future__ import annotations

from itertools import pairwise

from regolive.compiler.program import Stage
from regolive.compiler.resolve.bodies import body, equate, head_term
from regolive.compiler.resolve.calls import check_shadowed
from regolive.compiler.resolve.closures import report_undeclared
from regolive.compiler.resolve.safety import ordered
from regolive.compiler.resolve.scopes import (
    ROOTS,
    announce,
    declare,
    leave,
    pattern_vars,
    report_unused,
)
from regolive.compiler.resolve.terms import TERMS
from regolive.compiler.resolve.text import term_text
from regolive.compiler.resolve.unsafe import flush, unsafe
from regolive.compiler.resolve.work import Declared, Item, Scope, Work
from regolive.syntax import nodes as n
from regolive.syntax.visitor import children, walk


def resolve_rule(w: Work, rule: n.Rule, package: n.Ref) -> n.Rule:
    """The rule resolved, with its ``else`` chain. The references it makes are in ``w.refs`` then.

    ``package`` is the path that its head's reference begins with.
    """
    head = rule.head
    w.rule = rule
    before = len(w.findings)
    w.refs = []
    scope = w.scope = Scope()
    if head.name in ROOTS and (w.v1 or w.strict):
        message = f"rules must not shadow {head.name} (use a different rule name)"
        w.find(Stage.KEYWORDS, "compile", message, rule.loc)
    w.computed = []
    args = None if head.args is None else _parameters(w, rule, head.args)
    safe = set() if args is None else set(w.item.args)
    missing = set() if args is None else set(w.item.needs)
    w.free = set()
    w.templated = []
    resolved = _link(w, rule, package, args, safe)
    for var, loc in w.templated:
        if var.name not in w.free:
            report_undeclared(w, var, loc, Stage.TEMPLATES)
    for name in missing:
        place = next((a.loc for a in head.args or ()), head.loc)
        unsafe(w, name, place, Stage.SAFE_HEADS)
    report_unused(w, before)
    if w.strict:
        for name, parameter in scope.declared.items():
            if parameter.name not in w.used:
                message = f"unused argument {name}. (hint: use _ (wildcard variable) instead)"
                w.find(Stage.LOCALS, "compile", message, head.loc)
    w.scope = scope
    leave(w)
    return resolved


def _parameters(w: Work, rule: n.Rule, args: tuple[n.Term, ...]) -> tuple[n.Term, ...]:
    """Declare a function's parameters. Their variables are the arguments of the item at hand."""
    declared = w.scope.declared
    for arg in args:
        for var in pattern_vars(arg):
            name = var.name
            if name in ROOTS:
                message = f"args must not shadow {name} (use a different variable name)"
                w.find(Stage.KEYWORDS, "compile", message, rule.loc)
            if name not in declared:
                declare(w, name, var.loc, "arg", var.loc)
    item = w.item = Item()
    item.strict = item.needs
    made = []
    for arg in args:
        cls = arg.__class__
        if cls is n.Var or cls is n.Scalar or cls is n.Number:
            made.append(TERMS[cls](w, arg))
        else:
            made.append(_parameter(w, arg))
    if not w.strict:
        return tuple(made)
    w.used.difference_update(parameter.name for parameter in declared.values())
    return tuple(made)


def _parameter(w: Work, arg: n.Term) -> n.Term:
    """A pattern as a parameter: nothing in it is looked up or called."""
    item = w.item
    if isinstance(arg, n.Array):
        return n.Array(arg.loc, tuple([_parameter(w, member) for member in arg.items]))
    if isinstance(arg, n.Object):
        flat: list[n.Term] = []
        for key, value in arg.pairs:
            flat += (_fixed(w, key), _parameter(w, value))
        return n.Object(arg.loc, tuple(flat))
    if isinstance(arg, n.Var):
        made = TERMS[n.Var](w, arg)
        if not isinstance(made, n.Var):
            item.needs.add(arg.name)
        return made
    if arg.__class__ in _COMPUTED:
        # The argument is compared with it in the body, whose variables it has.
        compared = n.Var(arg.loc, w.fresh())
        item.loose.add(compared.name)
        w.computed.append((compared, arg))
        return compared
    return _fixed(w, arg)


# Features of OPA's capabilities, each of which allows heads of all kinds.
_ALL_HEADS = frozenset({"rego_v1", "rule_head_refs"})

_COMPUTED = frozenset({n.ArrayComp, n.SetComp, n.ObjectComp, n.TemplateString})


def _fixed(w: Work, arg: n.Term) -> n.Term:
    """A part of a parameter that is no pattern: it must be a constant."""
    todo: list[n.Node] = [arg]
    while todo:
        node = todo.pop()
        if isinstance(node, n.Call):
            w.find(Stage.LOCALS, "compile", "rule arguments cannot contain calls", node.loc)
        elif isinstance(node, n.Var):
            w.item.needs.add(node.name)
        else:
            todo += children(node)
    return arg


def _link(
    w: Work, rule: n.Rule, package: n.Ref, args: tuple[n.Term, ...] | None, safe: set[str]
) -> n.Rule:
    """One rule of an ``else`` chain, and those after it."""
    made: list[n.Rule] = []
    link: n.Rule | None = rule
    while link is not None:
        made.append(_one(w, link, package, args, safe))
        link = link.else_
    for before, after in pairwise(made):
        before.else_ = after
    return made[0]


def _one(
    w: Work, rule: n.Rule, package: n.Ref, args: tuple[n.Term, ...] | None, safe: set[str]
) -> n.Rule:
    head = rule.head
    outer = w.scope
    scope = w.scope = Scope(len(w.unused))
    scope.declared = {
        name: Declared("arg", parameter.loc, parameter.name)
        for name, parameter in outer.declared.items()
    }
    items: list[Item] = []
    w.out = items
    w.shadows = set()
    w.called = []
    if not rule.generated_body:
        announce(w, rule.body)
        body(w, rule.body)
    for compared, arg in w.computed:
        equate(w, compared, arg)
    w.head = True
    resolved, heads = _head(w, head, package, args)
    if rule is w.rule:
        _check_features(w, rule, resolved, len(package.terms))
    w.head = False
    leave(w)
    if w.shadows:
        check_shadowed(w)
    w.scope = outer
    names = set(safe)
    if heads:
        for item in items:
            names |= item.own_names()
        for name, place in heads.items():
            if name not in names and w.is_written(name):
                unsafe(w, name, place, Stage.SAFE_HEADS)
    if items:
        exprs = ordered(w, items, set(safe))
        if w.unsafe:
            flush(w)
    else:
        exprs = rule.body if rule.generated_body else _true(rule)
    generated = rule.generated_body and not items
    return n.Rule(rule.loc, resolved, exprs, None, rule.default, generated, rule.annotations)


def _true(rule: n.Rule) -> n.Body:
    loc = rule.body[0].loc if rule.body else rule.loc
    return (n.Expr(loc, n.Scalar(loc, True), generated=True),)


def _head(
    w: Work, head: n.Head, package: n.Ref, args: tuple[n.Term, ...] | None
) -> tuple[n.Head, dict[str, n.Loc]]:
    """The head with what it evaluates moved to the body, and the variables it has then."""
    heads: dict[str, n.Loc] = {}
    first, *steps = head.ref.terms
    assert isinstance(first, n.Var)
    terms: list[n.Term] = [*package.terms, n.Scalar(first.loc, first.name)]
    for step in steps:
        cls = step.__class__
        if cls is n.Scalar or cls is n.Number:
            terms.append(step)
        else:
            terms.append(_head_step(w, step, heads))
    key = head.key
    if key is not None:
        key = _head_part(w, key, heads)
    value = head.value
    if value is not None:
        value = _head_part(w, value, heads)
    ref = n.Ref(head.ref.loc, tuple(terms))
    made = n.Head(head.loc, ref, args, key, value, head.assign, head.generated_value)
    return made, heads


def _head_part(w: Work, term: n.Term, heads: dict[str, n.Loc]) -> n.Term:
    made, names = head_term(w, term)
    if names:
        places = {part.name: part.loc for part in _vars(made)}
        for name in names:
            heads.setdefault(name, places.get(name, term.loc))
    return made


def _head_step(w: Work, step: n.Term, heads: dict[str, n.Loc]) -> n.Term:
    """A step of the head's reference: constants and variables stay, the rest is evaluated."""
    made = _head_part(w, step, heads)
    if isinstance(made, n.Var):
        return made
    result = n.Var(step.loc, w.fresh())
    item = Item()
    item.args = {var.name for var in _vars(made)}
    item.binds.add(result.name)
    item.expr = w.equation(step.loc, result, made)
    w.out.append(item)
    return result


def _vars(term: n.Term) -> list[n.Var]:
    return [node for node in walk(term) if isinstance(node, n.Var)]


def _check_features(w: Work, rule: n.Rule, made: n.Head, constant: int) -> None:
    """What capabilities without the features for it do not allow in a head.

    ``constant``: how many steps of the head come before the rule's own name. Every version of Rego
    with the feature ``rego_v1`` has heads of all kinds.
    """
    features = w.options.features
    if features is None or features & _ALL_HEADS:
        return
    head = rule.head
    steps = made.ref.terms[constant + 1 :]
    if "rule_head_ref_string_prefixes" in features:
        variables = [step for step in steps[:-1] if isinstance(step, n.Var)]
        if variables or (steps and head.key is not None and isinstance(steps[-1], n.Var)):
            what = "general refs (containing variables)"
            _refuse_head(w, head, what, "type")
    elif len(steps) + (head.key is not None) > (head.args is None and not rule.default):
        _refuse_head(w, head, "refs", "compile")


def _refuse_head(w: Work, head: n.Head, what: str, kind: str) -> None:
    shown = term_text(head.ref)
    if head.key is not None and not isinstance(head.key, n.Scalar):
        shown += f"[{term_text(head.key)}]"
    message = f"rule heads with {what} are not supported: {shown}"
    w.find(Stage.HEAD_REFERENCES, kind, message, head.loc)
