"""From texts to types, as the tests here need them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from tests.resolving import options, query_over, resolve_set

from regolive.compiler.program import Finding, ResolvedModule, Stage
from regolive.compiler.types import Inferred, Schemas, Signatures, check_query, infer_modules


@cache
def signatures() -> Signatures:
    """The signatures of the standard builtins."""
    return Signatures(options().builtins)


def resolved(texts: Mapping[str, str]) -> list[ResolvedModule]:
    """The modules, free of what earlier stages find."""
    modules, found = resolve_set(texts)
    assert all(finding.stage >= Stage.TYPES for finding in found), found
    return modules


def inferred(texts: Mapping[str, str] | str, schemas: Schemas | None = None) -> Inferred:
    """The types of some modules, or of one."""
    if isinstance(texts, str):
        texts = {"policy.rego": texts}
    return infer_modules(resolved(texts), signatures(), schemas)


def errors(made: Inferred) -> list[str]:
    """What is wrong: ``row:col message``, in the order of places."""
    return listed(made.findings)


def listed(findings: list[Finding]) -> list[str]:
    """Findings as ``row:col message``, in the order of places."""
    found = [finding.diagnostic for finding in findings]
    places = [(d.location.row, d.location.col, d.message) for d in found if d.location]
    assert len(places) == len(found)
    return [f"{row}:{col} {message}" for row, col, message in sorted(places)]


def query_errors(texts: Mapping[str, str], query: str, schemas: Schemas | None = None) -> list[str]:
    """What is wrong with a query over some modules."""
    made, found = query_over(query, texts)
    assert not found, found
    return listed(check_query(made, inferred(texts, schemas).env, signatures()))
