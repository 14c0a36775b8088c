"""Resolving modules in tests, and a judge of what ``ResolvedModule`` promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from regolive.compiler.program import Finding, ResolvedModule, ResolvedQuery, Stage, rule_tree
from regolive.compiler.resolve import (
    Options,
    check_set,
    exports,
    resolve_module,
    resolve_query,
)
from regolive.plugins import Registry
from regolive.syntax import nodes as n
from regolive.syntax import parse_module, parse_query
from regolive_std import StdPlugin

Said = list[tuple[str, str]]
"""Errors as (place, message)."""


@cache
def options(strict: bool = False) -> Options:
    """Options with the standard builtins."""
    registry = Registry()
    registry.register(StdPlugin, "std")
    return Options(builtins=registry.declared(), strict=strict)


def resolve_set(
    modules: Mapping[str, str], *, strict: bool = False, v0: bool = False
) -> tuple[list[ResolvedModule], list[Finding]]:
    """Modules resolved together, and what is wrong in the first stage that finds something."""
    parsed = [parse_module(text, file, v0_compatible=v0) for file, text in modules.items()]
    exported = exports(parsed)
    found: list[Finding] = []
    resolved = []
    for module in parsed:
        one, wrong = resolve_module(module, exported, options(strict))
        resolved.append(one)
        found += wrong
    found += check_set(resolved, parsed, rule_tree(resolved), options(strict))
    return resolved, first_stage(found)


def first_stage(found: list[Finding]) -> list[Finding]:
    """The findings of the first stage that has some."""
    first = min((finding.stage for finding in found), default=Stage.REFERENCES)
    return [finding for finding in found if finding.stage is first]


def resolve_text(text: str) -> ResolvedModule:
    """A module without a package statement, resolved in package ``p``. Nothing is wrong with it."""
    resolved, found = resolve_set({"p.rego": f"package p\n{text}\n"})
    assert not found, [str(finding.diagnostic) for finding in found]
    return resolved[0]


def resolve_body(text: str, modules: str = "") -> ResolvedQuery:
    """A query resolved over a module of package ``p``. Nothing is wrong with it."""
    query, found = query_over(text, modules)
    assert not found, [str(finding.diagnostic) for finding in found]
    return query


def query_over(
    text: str, modules: str | Mapping[str, str] = ""
) -> tuple[ResolvedQuery, list[Finding]]:
    """A query resolved over a module of package ``p`` or several, and what is wrong with it."""
    if isinstance(modules, str):
        modules = {"p.rego": f"package p\n{modules}\n"}
    body, imports = parse_query(text)
    exported = exports([parse_module(module, file) for file, module in modules.items()])
    source = body[0].loc.source
    query, found = resolve_query(body, imports, source, exported, options())
    return query, first_stage(found)


def said(found: list[Finding]) -> Said:
    """The findings as (row:col, message), code and file left out, in the order of places."""
    places = [(f.diagnostic.location, f.diagnostic.message) for f in found]
    ordered = sorted(places, key=lambda at: (at[0].file, at[0].row, at[0].col) if at[0] else ())
    return [(f"{at.row}:{at.col}" if at else "", message) for at, message in ordered]


def written(node: n.Node | tuple[n.Expr, ...], names: Mapping[str, str] | None = None) -> str:
    """A resolved tree as text, with the policy's own names where variables have them."""
    names = names or {}

    def text(node: n.Node) -> str:
        match node:
            case n.Scalar():
                return {None: "null", True: "true", False: "false"}.get(
                    node.value if not isinstance(node.value, str) else "", f'"{node.value}"'
                )
            case n.Number():
                return node.text
            case n.Var():
                return "_" if node.is_wildcard else names.get(node.name, node.name)
            case n.Ref():
                first, *steps = map(text, node.terms)
                return first + "".join(
                    f".{step[1:-1]}" if step[:1] == '"' else f"[{step}]" for step in steps
                )
            case n.Array():
                return f"[{', '.join(map(text, node.items))}]"
            case n.Set():
                return f"{{{', '.join(map(text, node.items))}}}"
            case n.Object():
                return "{" + ", ".join(f"{text(k)}: {text(v)}" for k, v in node.pairs) + "}"
            case n.ArrayComp():
                return f"[{text(node.head)} | {body(node.body)}]"
            case n.SetComp():
                return f"{{{text(node.head)} | {body(node.body)}}}"
            case n.ObjectComp():
                return f"{{{text(node.key)}: {text(node.value)} | {body(node.body)}}}"
            case n.Call():
                return f"{text(node.func)}({', '.join(map(text, node.args))})"
            case n.Every():
                key = f"{text(node.key)}, " if node.key else ""
                return f"every {key}{text(node.value)} in {text(node.domain)} {{{body(node.body)}}}"
            case n.Not():
                return f"not {{{body(node.body)}}}"
            case n.Logical():
                return f"{{{body(node.left)}}} {node.operator} {{{body(node.right)}}}"
            case n.Expr():
                withs = "".join(f" with {text(w.target)} as {text(w.value)}" for w in node.withs)
                return ("not " if node.negated else "") + text(node.term) + withs
        raise AssertionError(f"no place in a resolved tree: {node!r}")

    def body(exprs: n.Body) -> str:
        return "; ".join(map(text, exprs))

    return body(node) if isinstance(node, tuple) else text(node)


# The judge

_DOCUMENTS = {"data", "input"}
_CONSTANTS = n.Scalar | n.Number
_COMPREHENSIONS = n.ArrayComp | n.SetComp | n.ObjectComp


def check_resolved(module: ResolvedModule) -> None:
    """Assert what ``ResolvedModule`` promises of every rule."""
    assert len(module.refs) == len(module.rules)
    for rule in module.rules:
        link: n.Rule | None = rule
        while link is not None:
            _check_rule(module, link)
            link = link.else_


def check_query(query: ResolvedQuery) -> None:
    """Assert what is promised of a query's body."""
    bound: set[str] = set()
    _check_body(query.body, bound)
    assert set(query.outputs.values()) <= bound


def _check_rule(module: ResolvedModule, rule: n.Rule) -> None:
    head = rule.head
    first, *steps = head.ref.terms
    assert isinstance(first, n.Var)
    assert first.name == "data"
    size = len(module.package)
    assert [_constant(step) for step in steps[:size]] == list(module.package)
    assert all(isinstance(step, n.Var | _CONSTANTS) for step in steps[size:]), written(head.ref)
    bound: set[str] = set()
    for arg in head.args or ():
        _check_plain(arg)
        bound |= set(_variables(arg))
    _check_body(rule.body, bound)
    for term in (head.key, head.value, *steps):
        if term is not None:
            _check_plain(term)
            assert set(_variables(term)) <= bound, written(term)


def _constant(term: n.Term) -> object:
    return term.value if isinstance(term, n.Scalar) else None


def _check_body(body: n.Body, bound: set[str]) -> None:
    """Assert of a body that everything is bound before it is needed; adds what it binds."""
    assert body, "an empty body"
    for expr in body:
        try:
            _check_expr(expr, bound)
        except AssertionError as error:
            raise AssertionError(
                f"{written(expr)} at {expr.loc!r}, after {sorted(bound)}"
            ) from error


def _check_expr(expr: n.Expr, bound: set[str]) -> None:
    for with_ in expr.withs:
        if not _is_function(with_.value):
            _check_plain(with_.value)
            assert set(_variables(with_.value)) <= bound
        _check_steps(with_.target, bound, set())
    term = expr.term
    before = set(bound)
    binds: set[str] = set()
    match term:
        case n.Every():
            assert isinstance(term.domain, n.Var)
            assert term.domain.name in bound
            inner = set(bound)
            inner |= {var.name for var in (term.key, term.value) if var is not None}
            _check_body(term.body, inner)
        case n.Not():
            _check_body(term.body, set(bound))
        case n.Logical():
            _check_body(term.left, set(bound))
            _check_body(term.right, set(bound))
        case n.Call():
            binds = _check_call(expr, term, bound)
        case n.Term():
            _check_term(term, bound, binds, direct=True)
            assert set(_loose(term)) <= bound | binds
        case _:
            raise AssertionError("neither a call nor a term")
    if expr.negated:
        assert binds <= before, "a negated expression binds a variable"
        operands = term.args if isinstance(term, n.Call) else (term,)
        if _operator(term) in ("eq", "equal"):
            assert not any(_evaluates(part) for arg in operands for part in _parts(arg))
        elif isinstance(term, n.Call):
            assert not any(_evaluates(arg) or any(map(_evaluates, _parts(arg))) for arg in operands)
    bound |= binds


def _check_call(expr: n.Expr, call: n.Call, bound: set[str]) -> set[str]:
    first, *steps = call.func.terms
    assert isinstance(first, n.Var)
    assert all(isinstance(step, n.Scalar) for step in steps)
    name = _operator(call)
    assert name != "assign"
    binds: set[str] = set()
    if name == "eq" and len(call.args) == 2:
        for arg in call.args:
            _check_term(arg, bound, binds, direct=True)
        sides = [set(_loose(arg)) - bound - binds for arg in call.args]
        patterns = all(isinstance(arg, n.Array | n.Object) for arg in call.args)
        assert not sides[0] or not sides[1] or patterns, "neither side of = is known"
        return binds | sides[0] | sides[1]
    *operands, last = call.args or (None,)
    for arg in operands:
        _check_term(arg, bound, binds, direct=name == "equal")
        assert set(_loose(arg)) <= bound | binds
    if last is not None:
        _check_term(last, bound, binds, direct=name == "equal")
        binds |= set(_loose(last)) - bound
    return binds


def _check_term(
    term: n.Term, bound: set[str], binds: set[str], *, direct: bool, under: bool = False
) -> None:
    """``direct``: a reference may bind the variables of its steps; adds them to ``binds``."""
    match term:
        case n.Ref():
            head = term.terms[0]
            assert isinstance(head, n.Var)
            assert head.name in _DOCUMENTS or head.name in bound, "a head that is not bound"
            free: set[str] = set()
            _check_steps(term, bound, free)
            assert direct or free <= bound, "a nested reference binds a variable"
            binds |= free
        case n.ArrayComp() | n.SetComp():
            inner = set(bound)
            _check_body(term.body, inner)
            _check_plain(term.head)
            assert set(_variables(term.head)) <= inner
        case n.ObjectComp():
            inner = set(bound)
            _check_body(term.body, inner)
            for part in (term.key, term.value):
                _check_plain(part)
                assert set(_variables(part)) <= inner
        case n.Array() | n.Set():
            for item in term.items:
                _check_term(item, bound, binds, direct=False)
        case n.Object():
            for item in term.flat:
                _check_term(item, bound, binds, direct=False)
        case n.Var() | n.Scalar() | n.Number():
            pass
        case _:
            raise AssertionError(f"{type(term).__name__} inside of a term")


def _check_steps(term: n.Term, bound: set[str], free: set[str]) -> None:
    """The steps of a reference; adds its variables to ``free``, save those of composites."""
    for step in term.terms[1:] if isinstance(term, n.Ref) else ():
        if isinstance(step, n.Var):
            free.add(step.name)
        else:
            _check_plain(step)
            assert set(_variables(step)) <= bound, "a composite step with an unbound variable"


def _check_plain(term: n.Term) -> None:
    """Assert that a term needs no evaluation."""
    for node in (term, *_parts(term)):
        assert isinstance(node, _CONSTANTS | n.Var | n.Array | n.Set | n.Object), written(node)


def _parts(term: n.Term) -> Iterator[n.Term]:
    """The terms inside of a composite, at any depth."""
    for item in getattr(term, "items", ()) or getattr(term, "flat", ()):
        yield item
        yield from _parts(item)


def _loose(term: n.Term) -> Iterator[str]:
    """The variables of a term that stand in it as such, in composites too."""
    for node in (term, *_parts(term)):
        if isinstance(node, n.Var) and node.name not in _DOCUMENTS:
            yield node.name


_variables = _loose


def _evaluates(term: n.Term) -> bool:
    return isinstance(term, n.Ref) or (isinstance(term, n.Var) and term.name in _DOCUMENTS)


def _operator(term: object) -> str:
    if isinstance(term, n.Call):
        first = term.func.terms[0]
        if len(term.func.terms) == 1 and isinstance(first, n.Var):
            return first.name
    return ""


def _is_function(term: n.Term) -> bool:
    """Whether a value of ``with`` may be what is called: into data, or a builtin's name."""
    first = term.terms[0] if isinstance(term, n.Ref) else term
    return isinstance(first, n.Var) and not first.is_generated
