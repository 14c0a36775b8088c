"""Scopes: what a name means where it stands, and the declarations that change it.

A name declared in a body means the variable from there on. Before, it means what it means outside
if that is a variable, and otherwise nothing: a rule or an import of the name is not in sight.
"""

from __future__ import annotations

from collections.abc import Iterator

from regolive.compiler.program import Stage
from regolive.compiler.resolve.work import PENDING, Declared, Pending, Work
from regolive.syntax import nodes as n
from regolive.syntax.visitor import walk

ROOTS = ("input", "data")
"""The documents."""


def declare(w: Work, name: str, loc: n.Loc, kind: str, site: n.Loc) -> str:
    """Declare a variable in the scope at hand; its name in the resolved tree.

    ``loc`` is where an error is reported, ``site`` the declaring statement.
    """
    if name in ROOTS:
        w.hidden = True
    scope = w.scope
    old = scope.declared.get(name)
    if old is not None:
        how = "assigned" if old.kind == "assigned" else "declared"
        message = f"arg {name} redeclared" if old.kind == "arg" else f"var {name} {how} above"
        w.find(Stage.LOCALS, "compile", message, loc)
        return old.name
    fresh = w.fresh()
    w.names[fresh] = name
    if name in scope.seen:
        w.find(Stage.LOCALS, "compile", f"var {name} referenced above", loc)
        return fresh
    scope.saved.append((name, w.env.get(name)))
    scope.declared[name] = Declared(kind, site, fresh)
    w.env[name] = fresh
    return fresh


def announce(w: Work, body: n.Body) -> None:
    """Take note of the names that a body will declare."""
    env = w.env
    for name in _declared(body):
        old = env.get(name)
        if not isinstance(old, str | Pending):
            w.scope.saved.append((name, old))
            env[name] = PENDING


def leave(w: Work) -> None:
    """End the scope at hand: names mean again what they meant.

    Unused variables are noted, unless a scope inside has some.
    """
    scope = w.scope
    env = w.env
    for name, old in reversed(scope.saved):
        if old is None:
            env.pop(name, None)
        else:
            env[name] = old
    if len(w.unused) == scope.unused:
        unused = [
            (name, declared)
            for name, declared in scope.declared.items()
            if declared.kind in ("assigned", "declared") and declared.name not in w.used
        ]
        if unused:
            _note_unused(w, unused)


def _note_unused(w: Work, unused: list[tuple[str, Declared]]) -> None:
    """Take note of what a scope does not use, as OPA does: variables of ``:=`` hide others."""
    for kind in ("assigned", "declared") if w.strict else ("declared",):
        found = [(name, declared) for name, declared in unused if declared.kind == kind]
        for name, declared in found:
            shown = "_" if name[:1] == "$" else name
            w.unused.append((f"{kind} var {shown} unused", declared.loc))
        if found:
            break


def report_unused(w: Work, before: int) -> None:
    """Report what is not used, unless something else is wrong with declarations.

    ``before``: how many findings there were before the rule.
    """
    if not any(finding.stage is Stage.LOCALS for finding in w.findings[before:]):
        for message, loc in w.unused:
            w.find(Stage.LOCALS, "compile", message, loc)
    w.unused = []


def unbound(w: Work, var: n.Var) -> None:
    """Take note of a use of a name that nothing in sight declares."""
    name = var.name
    if isinstance(w.env.get(name), Pending):
        w.scope.seen.add(name)
    elif w.depth == 0 and not w.head and name in w.arities:
        w.shadows.add(name)
    if w.undeclared is not None:
        w.undeclared.append(var)
    else:
        w.free.add(name)


def shadows_root(w: Work, name: str) -> bool:
    """Whether a declaration hides ``input`` or ``data`` where that is an error."""
    return name in ROOTS and (w.v1 or w.strict)


def _declared(body: n.Body) -> Iterator[str]:
    for expr in body:
        term = expr.term
        if isinstance(term, n.Call):
            func = term.func.terms
            first = func[0]
            if len(func) == 1 and isinstance(first, n.Var) and first.name == "assign":
                target = term.args[0]
                if isinstance(target, n.Var):
                    if target.name[:1] != "$":
                        yield target.name
                else:
                    yield from [var.name for var in pattern_vars(target)]
        elif isinstance(term, n.SomeDecl):
            for symbol in term.symbols:
                if isinstance(symbol, n.Var):
                    yield symbol.name
                elif isinstance(symbol, n.Call):
                    # Those of the domain too: they are no rules here, though not declared either.
                    yield from [
                        var.name
                        for pattern in symbol.args[:-1]
                        for var in _vars(pattern)
                        if not var.is_wildcard and var.name not in ROOTS
                    ]


def pattern_vars(term: n.Term) -> Iterator[n.Var]:
    """The variables of a pattern that can be bound: in arrays, and the values of objects."""
    if isinstance(term, n.Var):
        if not term.is_wildcard:
            yield term
    elif isinstance(term, n.Array):
        for item in term.items:
            yield from pattern_vars(item)
    elif isinstance(term, n.Object):
        for item in term.flat[1::2]:
            yield from pattern_vars(item)


def some_names(call: n.Call) -> list[str]:
    """The variables that ``some ... in domain`` declares: those that the domain does not use."""
    *patterns, domain = call.args
    known = {node.name for node in walk(domain) if isinstance(node, n.Var)}.union(ROOTS)
    return [
        var.name
        for pattern in patterns
        for var in _vars(pattern)
        if not var.is_wildcard and var.name not in known
    ]


def _vars(term: n.Node) -> Iterator[n.Var]:
    """All variables of a term outside of comprehensions, operators of calls not counted."""
    todo: list[n.Node] = [term]
    while todo:
        node = todo.pop()
        if isinstance(node, n.Var):
            yield node
        elif isinstance(node, n.Call):
            todo.extend(reversed(node.args))
        elif not isinstance(node, n.ArrayComp | n.SetComp | n.ObjectComp):
            for part in node.parts:
                value = getattr(node, part)
                todo.extend(reversed(value) if value.__class__ is tuple else (value,))
