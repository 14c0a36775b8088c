"""What the modules of a set tell each other before any of them is resolved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regolive.compiler.program import Exports, Path
from regolive.compiler.resolve.metadata import annotation_value, ground_path
from regolive.syntax import nodes as n


def exports(modules: Iterable[n.Module]) -> Exports:
    """Names of rules by package, arities of functions, annotations others see, other rules."""
    rules: dict[Path, set[str]] = {}
    functions: dict[Path, int] = {}
    values: set[Path] = set()
    annotations: dict[Path, list[dict[str, Any]]] = {}
    seen: set[n.Annotations] = set()
    for module in modules:
        package = module.package.names
        names = rules.setdefault(package, set())
        for annotation in module.package.annotations:
            annotations.setdefault(package, []).append(annotation_value(annotation))
        for rule in module.rules:
            head = rule.head
            names.add(head.name)
            if head.args is not None:
                functions.setdefault(ground_path(package, rule), len(head.args))
            else:
                values.add(ground_path(package, rule))
            for annotation in rule.annotations:
                # A document's annotation stands with each of its rules.
                if annotation.scope == "document" and annotation not in seen:
                    seen.add(annotation)
                    path = ground_path(package, rule)
                    annotations.setdefault(path, []).append(annotation_value(annotation))
    return Exports(
        {package: frozenset(names) for package, names in rules.items()},
        functions,
        {path: tuple(found) for path, found in annotations.items()},
        frozenset(values),
    )
