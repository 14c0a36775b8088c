"""The checks of a whole set of modules: what one module alone does not show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from regolive.compiler.program import (
    Finding,
    Path,
    ResolvedModule,
    RuleTree,
    Stage,
    diagnostic,
    step_key,
)
from regolive.compiler.resolve.conflicts import check_conflicts
from regolive.compiler.resolve.metadata import ground_path
from regolive.compiler.resolve.options import Options
from regolive.compiler.resolve.recursion import check_recursion
from regolive.syntax import nodes as n


def check_set(
    modules: Sequence[ResolvedModule],
    parsed: Sequence[n.Module],
    tree: RuleTree,
    options: Options,
) -> list[Finding]:
    """What is wrong with modules that are compiled together.

    Args:
        modules: the resolved modules.
        parsed: the same modules as they were parsed.
        tree: all their rules.
        options: what they were resolved with.
    """
    findings = [*check_annotations(parsed), *check_replaced(modules, tree)]
    findings += check_conflicts(modules, parsed, tree)
    findings += check_recursion(modules, tree)
    return findings


def check_annotations(parsed: Sequence[n.Module]) -> Iterator[Finding]:
    """Annotations of one package or document can stand in one place only."""
    seen: dict[tuple[str, Path], n.Annotations] = {}
    done: set[n.Annotations] = set()
    for module in parsed:
        package = module.package.names
        found = [(package, annotation) for annotation in module.package.annotations]
        for rule in module.rules:
            for annotation in rule.annotations:
                if annotation.scope == "document":
                    found.append((ground_path(package, rule), annotation))
        for path, annotation in found:
            if annotation in done:
                continue  # it stands with each rule of its document
            done.add(annotation)
            first = seen.setdefault((annotation.scope, path), annotation)
            if first is not annotation:
                place = f"{first.loc.file}:{first.loc.row}"
                message = f"{annotation.scope} annotation redeclared: {place}"
                yield Finding(
                    Stage.ANNOTATIONS, diagnostic("rego_type_error", message, annotation.loc)
                )


def check_replaced(modules: Iterable[ResolvedModule], tree: RuleTree) -> Iterator[Finding]:
    """What ``with`` replaces is not a part of what a rule makes."""
    for module in modules:
        for ref in module.replaced:
            node: RuleTree | None = tree
            for index, term in enumerate(ref.terms[1:], 2):
                key = step_key(term)
                node = None if key is None or node is None else node.children.get(key)
                if node is None:
                    break
                if node.rules and index < len(ref.terms):
                    message = "with keyword cannot partially replace virtual document(s)"
                    yield Finding(Stage.WITHS, diagnostic("rego_compile_error", message, ref.loc))
                    break
