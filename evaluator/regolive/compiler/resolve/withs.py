"""``with``: what it replaces, and what by. Values are evaluated before the statement."""

from __future__ import annotations

from collections.abc import Iterable

from regolive.compiler.program import Path, Stage
from regolive.compiler.resolve.calls import builtin_name, constant_path
from regolive.compiler.resolve.terms import TERMS
from regolive.compiler.resolve.work import Global, Item, Work
from regolive.syntax import nodes as n

_BAD_TARGET = "with keyword target must reference existing input, data, or a function"
# Not replaced: policies could not tell which calls are theirs, or they are gone when a policy runs.
_FIXED = frozenset({"eq", "rego.metadata.chain", "rego.metadata.rule"})
_CONSTANTS = frozenset({n.Scalar, n.Number})
_COMPOSITES = frozenset({n.Array, n.Object, n.Set})


def replacements(w: Work, withs: Iterable[n.With]) -> tuple[tuple[n.With, ...], set[str]]:
    """The resolved ``with``s of a statement, and the variables they need."""
    needs: set[str] = set()
    found = []
    for with_ in withs:
        # The value of one is not evaluated under the others.
        item = Item()
        w.item = item
        target, arity = _target(w, with_)
        item.tighten()
        if item.prefix is not None:
            _before(w, item, item.prefix)
        needs |= item.needs
        value = _value(w, with_, function=arity is not None, needs=needs)
        found.append(n.With(with_.loc, target, value))
    return tuple(found), needs


def _before(w: Work, item: Item, exprs: list[n.Expr]) -> None:
    """Evaluate the steps of a target in statements before."""
    steps = Item()
    steps.needs = set(item.needs)
    steps.prefix = exprs[:-1]
    steps.expr = exprs[-1]
    for expr in exprs:
        assert isinstance(expr.term, n.Call)
        result = expr.term.args[0]
        assert isinstance(result, n.Var)
        steps.binds.add(result.name)
        item.needs.add(result.name)
    w.out.append(steps)


def _target(w: Work, with_: n.With) -> tuple[n.Term, int | None]:
    """What is replaced; for a function, how many operands it takes."""
    target = with_.target
    terms = _steps(target)
    first = terms[0]
    meaning = w.env.get(first.name) if isinstance(first, n.Var) else None
    if isinstance(meaning, Global):
        resolved = TERMS[target.__class__](w, target)
        path = constant_path(meaning.path, terms[1:])
        arity = None if path is None else w.functions.get(path)
        if arity is None and meaning.root == "data" and isinstance(resolved, n.Ref):
            w.replaced.append(resolved)
        return resolved, arity
    name = builtin_name(terms) if isinstance(first, n.Var) else ""
    arity = None if isinstance(meaning, str) else w.arities.get(name)
    if arity is None:
        w.find(Stage.WITHS, "type", _BAD_TARGET, target.loc)
        return target, None
    _check_builtin(w, name, target.loc)
    return target, arity


def _check_builtin(w: Work, name: str, loc: n.Loc) -> None:
    problem = None
    if name in _FIXED:
        problem = f'replacement of "{name}" invalid'
    elif name.startswith("internal."):
        problem = f'replacement of internal function "{name}" invalid'
    elif name in w.options.relations:
        problem = "target must not be a relation"
    elif name in w.options.void:
        problem = "target must not be a void function"
    if problem:
        message = f"with keyword replacing built-in function: {problem}"
        w.find(Stage.WITHS, "compile", message, loc)


def _value(w: Work, with_: n.With, function: bool, needs: set[str]) -> n.Term:
    value = with_.value
    cls = value.__class__
    if cls in _CONSTANTS:
        return value
    if function and isinstance(value, n.Var | n.Ref):
        stays = _function_value(w, value)
        if stays is not None:
            return stays
    item = Item()
    w.item = item
    made = TERMS[cls](w, value)
    plain = isinstance(made, n.Var) or cls in _COMPOSITES
    if plain and not item.evaluates and item.prefix is None:
        needs |= item.args | item.needs
        if isinstance(made, n.Var):
            needs.add(made.name)
        return made
    result = n.Var(value.loc, w.fresh())
    item.binds.add(result.name)
    item.expr = w.equation(value.loc, result, made)
    w.out.append(item)
    needs.add(result.name)
    return result


def _function_value(w: Work, value: n.Var | n.Ref) -> n.Term | None:
    """A function or rule as the value of ``with`` on a function: it is called, not evaluated."""
    terms = _steps(value)
    first = terms[0]
    if not isinstance(first, n.Var):
        return None
    meaning = w.env.get(first.name)
    if isinstance(meaning, Global):
        path = constant_path(meaning.path, terms[1:])
        if path is None or not is_virtual(w, path):
            return None
        item = Item()
        w.item = item
        return TERMS[value.__class__](w, value)
    if not isinstance(meaning, str) and builtin_name(terms) in w.arities:
        return value
    return None


def is_virtual(w: Work, path: Path) -> bool:
    """Whether there are rules at a path, above or below it."""
    rules = w.exports.rules
    for size in range(len(path)):
        names = rules.get(path[:size])
        if names is not None and path[size] in names:
            return True
    size = len(path)
    return any(package[:size] == path for package in rules)


def _steps(term: n.Term) -> tuple[n.Term, ...]:
    """The terms of a reference, or of a variable as one."""
    return term.terms if isinstance(term, n.Ref) else (term,)
