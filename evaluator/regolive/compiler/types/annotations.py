"""Schemas in annotations: which declarations hold for a rule, and what they make of its documents.

A rule has the declarations of its package's parents (scope ``subpackages``), its package, its path
(scope ``document``) and its own, in this order: what comes later says more. The branches of an
``else`` have all but the rule's own, as in OPA.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from regolive.compiler.program import Finding, Path, ResolvedModule
from regolive.compiler.types.build import path_of
from regolive.compiler.types.env import TypeEnv, TypePath
from regolive.compiler.types.messages import finding
from regolive.compiler.types.model import Type
from regolive.compiler.types.overlay import Overlay
from regolive.compiler.types.schemas import SchemaError, Schemas, schema_type
from regolive.syntax import nodes as n
from regolive.values import to_key


class Declaration:
    """One line of ``schemas:``, the document and path in it, and a schema."""

    __slots__ = ("_field", "_found", "document", "path")

    def __init__(self, field: Mapping[str, Any]) -> None:
        self._field = field
        self._found: Type | SchemaError | None = None
        first, *steps = field["path"]
        self.document = str(first["value"])
        self.path: TypePath = tuple([to_key(step["value"]) for step in steps])

    def type_of(self, schemas: Schemas) -> Type:
        """The declared type. Raises SchemaError if the schema does not exist, or is wrong."""
        if self._found is None:
            try:
                reference = self._field.get("schema")
                if reference is None:
                    self._found = schema_type(self._field.get("definition"))
                else:
                    self._found = schemas.type_of(tuple([str(s["value"]) for s in reference[1:]]))
            except SchemaError as error:
                self._found = error
        if isinstance(self._found, SchemaError):
            raise self._found
        return self._found


class Scopes:
    """The schema declarations of all modules of a policy set, by what they hold for."""

    def __init__(self, modules: Iterable[ResolvedModule], schemas: Schemas) -> None:
        self.schemas = schemas
        self._below: dict[Path, list[Declaration]] = {}
        self._packages: dict[Path, list[Declaration]] = {}
        self._paths: dict[TypePath, list[Declaration]] = {}
        self._rules: dict[n.Annotations, list[Declaration]] = {}
        self._all: list[tuple[Any, ...]] = []
        for module in modules:
            for block in module.annotations:
                if block.scope == "subpackages":
                    self._add(self._below, module.package, block)
                elif block.scope == "package":
                    self._add(self._packages, module.package, block)
            for rule in module.rules:
                for block in rule.annotations:
                    if block.scope == "document":
                        self._add(self._paths, path_of(rule), block)
                    elif block.scope == "rule":
                        self._add(self._rules, block, block)

    def _add(self, where: dict[Any, list[Declaration]], key: Any, block: n.Annotations) -> None:
        declared = block.fields.get("schemas")
        if declared:
            where.setdefault(key, []).extend([Declaration(field) for field in declared])
            self._all.append((key, declared))

    def same(self, other: Scopes) -> bool:
        """Whether the same is declared for every rule that is the same object.

        False wherever ``data`` is declared: what that does to a rule depends on all other rules.
        """
        return self._all == other._all and not any(
            field["path"][0]["value"] == "data" for _, declared in self._all for field in declared
        )

    def overlay(
        self, module: ResolvedModule, rule: n.Rule, env: TypeEnv, findings: list[Finding]
    ) -> tuple[Overlay | None, Overlay | None]:
        """What is declared for a rule's body, and for those of its ``else`` branches.

        A schema that does not exist or is wrong is added to ``findings``, and left out.
        """
        shared: list[Declaration] = []
        if self._below:
            for length in range(len(module.package) + 1):
                shared += self._below.get(module.package[:length], ())
        if self._packages:
            shared += self._packages.get(module.package, ())
        if self._paths:
            shared += self._paths.get(path_of(rule), ())
        own: list[Declaration] = []
        for block in rule.annotations:
            own += self._rules.get(block, ())
        if not shared and not own:
            return None, None
        before = self._made(shared + own, rule.loc, env, findings)
        if rule.else_ is None:
            return before, None
        return before, self._made(shared, rule.else_.loc, env, findings) if shared else None

    def _made(
        self, declarations: list[Declaration], loc: n.Loc, env: TypeEnv, findings: list[Finding]
    ) -> Overlay:
        overlay = Overlay(env)
        for declaration in declarations:
            try:
                declared = declaration.type_of(self.schemas)
            except SchemaError as error:
                findings.append(finding(loc, str(error)))
            else:
                overlay.put(declaration.document, declaration.path, declared)
        return overlay
