"""What the standard builtins say of themselves (their signatures: ``test_std_capabilities``)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_SHARED = Path(os.environ.get("REGOLIVE_SHARED", Path(__file__).parents[4] / "shared"))
_FILE = _SHARED / "design" / "builtin-declarations.json"


def test_operand_names_are_opas(call: Any) -> None:
    """Documentation and error messages speak of operands by OPA's names."""
    if not _FILE.is_file():
        pytest.skip(f"OPA's declarations are not at {_FILE} (set REGOLIVE_SHARED)")
    theirs = json.loads(_FILE.read_text())
    for name, bound in call.registry.builtins.items():
        declared = [a.get("name") for a in theirs.get(name, {}).get("decl", {}).get("args", [])]
        if declared and all(declared):
            assert [a["name"] for a in bound.spec.args] == declared, name
        result = theirs.get(name, {}).get("decl", {}).get("result") or {}
        if result.get("name"):
            assert bound.spec.result.get("name") == result["name"], name


def test_every_builtin_says_what_it_does_in_a_sentence(call: Any) -> None:
    for name, bound in call.registry.builtins.items():
        first = bound.spec.doc.split("\n")[0]
        assert first.endswith("."), name
        assert 15 < len(first) < 110, name


def test_flags_that_opa_gives(call: Any) -> None:
    specs = {name: bound.spec for name, bound in call.registry.builtins.items()}
    nondeterministic = {n for n, s in specs.items() if s.nondeterministic}
    assert nondeterministic >= {"rand.intn", "time.now_ns", "uuid.rfc4122", "opa.runtime"}
    assert "count" not in nondeterministic
    assert {n for n, s in specs.items() if s.deprecated} >= {"all", "any", "re_match", "set_diff"}
    infix = {s.infix for s in specs.values() if s.infix}
    assert infix == set("+-*/%&|=<>") | {"==", "!=", "<=", ">=", ":=", "in"}
