"""``rego.metadata.rule()`` and ``rego.metadata.chain()``: constants, made of the annotations.

The chain of a rule begins with the rule itself and goes up: its document, its package, and the
packages above as far as they have annotations for their subpackages. See OPA's documents,
"Metadata", "Accessing annotations".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from regolive.compiler.program import Path
from regolive.compiler.resolve.work import Work
from regolive.syntax import nodes as n

METADATA = frozenset({"rego.metadata.rule", "rego.metadata.chain"})
"""The functions that are replaced by constants."""


def metadata_term(w: Work, name: str, loc: n.Loc) -> n.Term:
    """The constant that a call stands for in the rule at hand."""
    rule = w.rule
    own = [] if rule is None else [a for a in rule.annotations if a.scope == "rule"]
    if name == "rego.metadata.rule":
        return _term(annotation_value(own[-1]) if own else {}, loc)
    path = () if rule is None else ground_path(w.package, rule)
    return _term(list(_chain(w, path, own)), loc)


def _chain(w: Work, path: Path, own: list[n.Annotations]) -> Iterator[dict[str, Any]]:
    if own:
        yield from _entries(path, map(annotation_value, own), "rule")
    else:
        yield {"path": list(path)}
    shared = w.exports.annotations
    yield from _entries(path, shared.get(path, ()), "document")
    package = w.package
    yield from _entries(package, shared.get(package, ()), "package")
    for size in range(len(package), -1, -1):
        above = package[:size]
        yield from _entries(above, shared.get(above, ()), "subpackages")


def _entries(
    path: Path, annotations: Iterable[Mapping[str, Any]], scope: str
) -> Iterator[dict[str, Any]]:
    for annotation in annotations:
        if annotation["scope"] == scope:
            yield {"path": list(path), "annotations": annotation}


def ground_path(package: Path, rule: n.Rule) -> Path:
    """The constant part of a rule's path, as far as its steps are strings."""
    path = [*package, rule.head.name]
    for step in rule.head.ref.terms[1:]:
        if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
            break
        path.append(step.value)
    return tuple(path)


def annotation_value(annotation: n.Annotations) -> dict[str, Any]:
    """An annotation as policies see it: paths are arrays of their steps."""
    value: dict[str, Any] = {"scope": annotation.scope}
    for name, content in annotation.fields.items():
        if name == "schemas":
            value[name] = [_schema(schema) for schema in content]
        else:
            value[name] = content
    return value


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [step["value"] for step in content] if name in ("path", "schema") else content
        for name, content in schema.items()
    }


def _term(value: Any, loc: n.Loc) -> n.Term:
    if isinstance(value, dict):
        flat: list[n.Term] = []
        for key, content in value.items():
            flat += (n.Scalar(loc, str(key)), _term(content, loc))
        return n.Object(loc, tuple(flat))
    if isinstance(value, list | tuple):
        return n.Array(loc, tuple([_term(item, loc) for item in value]))
    if value is None or isinstance(value, bool | str):
        return n.Scalar(loc, value)
    return n.Number(loc, json.dumps(value) if isinstance(value, float) else str(value))
