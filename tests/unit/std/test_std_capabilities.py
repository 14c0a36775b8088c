"""Every builtin that OPA 1.20.2 has exists here, with OPA's arity, types and flags.

``opa_1_20_signatures.json`` is what ``opa capabilities --current`` says, without names and
descriptions: one builtin a line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.opa import find_opa, opa_version, run_opa

_FILE = Path(__file__).parent / "opa_1_20_signatures.json"
_SIGNATURES: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
_FLAGS = ("infix", "relation", "nondeterministic", "deprecated")


def _bare(decl: Any) -> Any:
    """A type without what only documents: names and descriptions."""
    if isinstance(decl, Mapping):
        documents = {"name", "description"} if "type" in decl else set()
        return {k: _bare(v) for k, v in decl.items() if k not in documents}
    return [_bare(d) for d in decl] if isinstance(decl, list) else decl


def _signature(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """A builtin of a capabilities file in the form of the list."""
    decl = declaration["decl"]
    out = {"args": _bare(decl.get("args", []))}
    out |= {key: _bare(decl[key]) for key in ("variadic", "result") if key in decl}
    return out | {flag: declaration[flag] for flag in _FLAGS if declaration.get(flag)}


def test_the_list_is_all_of_opas() -> None:
    assert len(_SIGNATURES) == 206


def test_every_builtin_exists_and_none_besides(call: Any) -> None:
    assert sorted(call.registry.declarations()) == sorted(_SIGNATURES)


@pytest.mark.parametrize("name", sorted(_SIGNATURES))
def test_signature(call: Any, name: str) -> None:
    assert _signature(call.registry.declarations()[name]) == _SIGNATURES[name]


def test_the_list_is_what_opa_says_of_itself(tmp_path: Path) -> None:
    if find_opa() is None or not opa_version(tmp_path).startswith("1.20."):
        pytest.skip("no opa 1.20")
    shown = json.loads(run_opa(["capabilities", "--current"], tmp_path))
    theirs = {b["name"]: _signature(b) for b in shown["builtins"]}
    assert theirs == _SIGNATURES
