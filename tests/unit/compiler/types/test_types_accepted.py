"""What OPA accepts is accepted: its compliance cases, and the policies of the repository."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.generate.policies import policy_set, switch_policy
from tests.resolving import query_over, resolve_set
from tests.unit.compiler.types.compiled import errors, inferred, listed, signatures

from regolive.compiler.resolve import Options, exports, resolve_module
from regolive.compiler.types import Schemas, Signatures, check_query, infer_modules
from regolive.plugins.registry import load_registry
from regolive.syntax import parse_module

CASES = Path(
    os.environ.get("REGOLIVE_CONFORMANCE")
    or Path(__file__).parents[5] / "shared" / "conformance" / "opa-v1-cases.jsonl.gz"
)
POLICIES = Path(__file__).parents[4] / "policies"


def cases() -> Iterator[dict[str, Any]]:
    if not CASES.exists():
        pytest.skip(f"no conformance cases at {CASES} (set REGOLIVE_CONFORMANCE)")
    with gzip.open(CASES, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def test_compliance_cases_have_no_type_errors() -> None:
    count = 0
    for case in cases():
        modules = {f"m{i}.rego": text for i, text in enumerate(case.get("modules") or ())}
        resolved, found = resolve_set(modules)
        if found:
            continue  # of another stage: other tests ask for that
        made = infer_modules(resolved, signatures())
        assert not made.findings, (case["id"], listed(made.findings))
        if case.get("query"):
            query, found = query_over(case["query"], modules)
            wrong = [] if found else check_query(query, made.env, signatures())
            assert not wrong, (case["id"], listed(wrong))
        count += 1
    assert count > 1300


def test_the_policies_of_the_repository_have_no_type_errors() -> None:
    builtins = load_registry().declared()
    parsed = [parse_module(file.read_text(), file.name) for file in POLICIES.glob("*.rego")]
    assert len(parsed) > 5
    told = exports(parsed)
    modules = [resolve_module(module, told, Options(builtins=builtins))[0] for module in parsed]
    assert listed(infer_modules(modules, Signatures(builtins)).findings) == []


def test_generated_policies_have_no_type_errors() -> None:
    assert errors(inferred(policy_set(30))) == []
    assert errors(inferred(switch_policy(200))) == []


def test_a_schema_of_input_that_policies_keep_to_changes_nothing() -> None:
    text = "package p\n\nallow if {\n\tsome role in input.roles\n\trole.name == input.user\n}\n"
    schema = {
        "properties": {
            "user": {"type": "string"},
            "roles": {
                "type": "array",
                "items": {"type": "object", "properties": {"name": {"type": "string"}}},
            },
        }
    }
    assert errors(inferred(text, Schemas({(): schema}))) == []
    del schema["properties"]["user"]
    assert errors(inferred(text, Schemas({(): schema}))) == ["5:15 undefined ref: input.user"]
