"""A module: its imports and the names of its package, and its rules one after the other."""

from __future__ import annotations

from regolive.compiler.program import (
    Exports,
    Finding,
    ResolvedModule,
    Stage,
    diagnostic,
    step_key,
)
from regolive.compiler.resolve.calls import constant_path
from regolive.compiler.resolve.options import Options
from regolive.compiler.resolve.rules import resolve_rule
from regolive.compiler.resolve.text import term_text
from regolive.compiler.resolve.work import Binding, Global, Work
from regolive.errors import PolicyError
from regolive.syntax import nodes as n

_DOCUMENTS = ("data", "input")


def resolve_module(
    module: n.Module, exports: Exports, options: Options
) -> tuple[ResolvedModule, list[Finding]]:
    """The resolved tree of a parsed module, and what is wrong with it.

    With findings the tree is of no use. ``exports`` are those of the whole set of modules.

    Raises:
        PolicyError: a rule is nested too deeply.
    """
    package = module.package.names
    w = Work(module.source, package, exports, options, v1=module.rego_version > 0)
    w.rules = module.rules
    w.env = environment(w, module.package.path, module.imports)
    rules: list[n.Rule] = []
    refs: list[tuple[n.Ref, ...]] = []
    for rule in module.rules:
        try:
            rules.append(resolve_rule(w, rule, module.package.path))
        except RecursionError:
            raise too_deep(rule.loc) from None
        refs.append(tuple(w.refs))
    check_imports(w, module.imports)
    resolved = ResolvedModule(
        module.source,
        package,
        tuple(rules),
        w.names,
        module.annotations,
        tuple(refs),
        tuple(w.replaced),
    )
    return resolved, w.findings


def too_deep(loc: n.Loc) -> PolicyError:
    """The error for what is nested more deeply than can be compiled."""
    return PolicyError([diagnostic("rego_compile_error", "nested too deeply", loc)])


def environment(
    w: Work, package: n.Ref | None, imports: tuple[n.Import, ...]
) -> dict[str, Binding]:
    """What names mean before anything is declared: documents, rules of the package, imports."""
    env: dict[str, Binding] = {}
    if package is not None:
        for name in w.exports.rules.get(w.package, ()):
            prefix = (*package.terms, n.Scalar(package.loc, name))
            env[name] = Global(prefix, (*w.package, name))
    for import_ in imports:
        first = import_.path.terms[0]
        if isinstance(first, n.Var) and first.name in _DOCUMENTS:
            steps = import_.path.terms[1:]
            path = constant_path((), steps) if first.name == "data" else None
            env[import_name(import_)] = Global(import_.path.terms, path, import_)
    loc = n.Loc(w.eq.loc.source, 0, 0)
    for name in _DOCUMENTS:
        meaning = env.get(name)
        if not isinstance(meaning, Global) or meaning.imported is None:
            path = () if name == "data" else None
            env[name] = Global((n.Var(loc, name),), path)
    return env


def import_name(import_: n.Import) -> str:
    """The name that an import gives to what it imports."""
    if import_.alias is not None:
        return import_.alias
    last = import_.path.terms[-1]
    return last.name if isinstance(last, n.Var) else str(step_key(last))


def check_imports(w: Work, imports: tuple[n.Import, ...]) -> None:
    """Imports of a name that another import has, and imports that are not used."""
    seen: dict[str, n.Import] = {}
    for import_ in imports:
        name = import_name(import_)
        if not (w.v1 or w.strict):
            continue
        first = seen.setdefault(name, import_)
        if first is not import_:
            message = f"import must not shadow {import_text(first)}"
            w.find(Stage.IMPORTS, "compile", message, import_.loc)
    if w.strict:
        for name, import_ in seen.items():
            meaning = w.env.get(name)
            if isinstance(meaning, Global) and meaning.imported is not None and not meaning.used:
                message = f"{import_text(meaning.imported)} unused"
                w.find(Stage.IMPORTS, "compile", message, import_.loc)


def import_text(import_: n.Import) -> str:
    """An import as it is written."""
    text = f"import {term_text(import_.path)}"
    return text if import_.alias is None else f"{text} as {import_.alias}"
