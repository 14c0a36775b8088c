"""OPA's compliance cases resolve, and what is promised of resolved trees holds of them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.resolving import check_query, check_resolved, query_over, resolve_set

from regolive.compiler.program import Finding

CASES = Path(
    os.environ.get("REGOLIVE_CONFORMANCE")
    or Path(__file__).parents[5] / "shared" / "conformance" / "opa-v1-cases.jsonl.gz"
)
MISSING = {"test.sleep", "rego.parse_module"}
"""Builtins that cases call and the standard plugin may not have."""


def cases() -> Iterator[dict[str, Any]]:
    if not CASES.exists():
        pytest.skip(f"no conformance cases at {CASES} (set REGOLIVE_CONFORMANCE)")
    with gzip.open(CASES, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def codes(found: list[Finding]) -> set[str]:
    missing = {f"undefined function {name}" for name in MISSING}
    return {f.diagnostic.code for f in found if f.diagnostic.message not in missing}


def test_modules_that_opa_accepts_resolve_and_keep_what_is_promised() -> None:
    count = 0
    for case in cases():
        modules = {f"m{i}.rego": text for i, text in enumerate(case.get("modules") or ())}
        resolved, found = resolve_set(modules)
        if codes(found):
            assert case.get("want_error_code") in codes(found), (case["id"], found)
            continue
        try:
            for module in resolved:
                check_resolved(module)
        except AssertionError as error:
            raise AssertionError(f"{case['id']}: {error.__cause__ or error}") from error
        count += len(resolved)
    assert count > 1000


def test_queries_of_the_cases_resolve_and_keep_what_is_promised() -> None:
    count = 0
    for case in cases():
        modules = {f"m{i}.rego": text for i, text in enumerate(case.get("modules") or ())}
        if case.get("query") and not codes(resolve_set(modules)[1]):
            resolved, found = query_over(case["query"], modules)
            assert not found, (case["id"], found)
            check_query(resolved)
            count += 1
    assert count > 1000
