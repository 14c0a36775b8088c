"""The types of a policy set, and what changes about them when some of its modules do."""

from __future__ import annotations

from collections.abc import Sequence

from regolive.compiler.program import Finding, ResolvedModule, Stage
from regolive.compiler.types.annotations import Scopes
from regolive.compiler.types.dependencies import PathIndex, Reference, order, reference
from regolive.compiler.types.env import TypeEnv, TypePath
from regolive.compiler.types.messages import CODE
from regolive.compiler.types.rules import Group, groups_of, infer
from regolive.compiler.types.schemas import SchemaError, Schemas
from regolive.compiler.types.signatures import Signatures
from regolive.errors import Diagnostic, Location


class Inferred:
    """What was inferred of a set of modules. Not changed afterwards.

    Attributes:
        env: the types of its rules.
        findings: what is wrong with them, in the order of places.
    """

    __slots__ = ("_by_path", "_groups", "_references", "_scopes", "env", "findings")

    def __init__(
        self,
        env: TypeEnv,
        scopes: Scopes,
        groups: dict[TypePath, Group],
        references: dict[TypePath, set[Reference]],
        by_path: dict[TypePath, list[Finding]],
    ) -> None:
        self.env = env
        every = [finding for found in by_path.values() for finding in found]
        self.findings = sorted(every, key=_place)
        self._scopes = scopes
        self._groups = groups
        self._references = references
        self._by_path = by_path


def _place(finding: Finding) -> tuple[str, int, int, str]:
    found = finding.diagnostic
    place = found.location or Location("")
    return place.file, place.row, place.col, found.message


def infer_modules(
    modules: Sequence[ResolvedModule],
    signatures: Signatures,
    schemas: Schemas | None = None,
    previous: Inferred | None = None,
) -> Inferred:
    """Infer the types of all rules of some modules.

    Args:
        modules: the modules of a set, free of what earlier stages find (recursion above all).
        signatures: the builtins.
        schemas: those that are given from outside, None for none.
        previous: what was inferred of other modules with the same builtins and schemas. Rules that
            are the same objects, and refer to nothing that has another type now, are not looked at
            again.
    """
    schemas = schemas or Schemas()
    try:
        input_type = schemas.input_type()
    except SchemaError as error:
        # As in OPA nothing is checked then, and the error has no place in a policy.
        failed = Finding(Stage.REFERENCES, Diagnostic(CODE, str(error)))
        return Inferred(TypeEnv(), Scopes((), schemas), {}, {}, {(): [failed]})
    scopes = Scopes(modules, schemas)
    groups = groups_of(modules)
    if previous is not None and not previous._scopes.same(scopes):
        previous = None
    env = TypeEnv(input_type)
    references: dict[TypePath, set[Reference]] = {}
    stale: set[TypePath] = set()
    gone: set[TypePath] = set()
    if previous is None:
        stale.update(groups)
    else:
        for path, t in previous.env.types().items():
            if path in groups:
                env.put(path, t)
        gone = previous._groups.keys() - groups.keys()
        for path, group in groups.items():
            known = previous._groups.get(path)
            if known is not None and known.same(group):
                references[path] = previous._references[path]
            else:
                stale.add(path)
    for path in stale:
        references[path] = set(map(reference, groups[path].refs))
    index = PathIndex([*groups, *gone])
    needs = {path: [t for ref in references[path] for t in index.targets(ref)] for path in groups}
    by_path: dict[TypePath, list[Finding]] = {}
    changed = set(gone)
    for path in order(list(groups), needs):
        if path in stale or not changed.isdisjoint(needs[path]):
            findings, others = infer([groups[path]], env, signatures, scopes)
            changed |= others
        else:
            assert previous is not None
            findings = previous._by_path.get(path, [])
        if findings:
            by_path[path] = findings
    return Inferred(env, scopes, groups, references, by_path)
