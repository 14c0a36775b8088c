"""``regolive capabilities``, and ``--capabilities``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


@pytest.fixture
def without_startswith(invoke: Invoke, place: Path) -> str:
    ours = json.loads(invoke("capabilities").stdout)
    ours["builtins"] = [b for b in ours["builtins"] if b["name"] != "startswith"]
    (place / "c.json").write_text(json.dumps(ours))
    return "c.json"


def test_what_there_is_can_be_printed_and_read_again(invoke: Invoke, place: Path) -> None:
    ours = json.loads(invoke("capabilities").stdout)
    assert list(ours) == ["builtins", "future_keywords", "features"]
    (place / "c.json").write_text(json.dumps({**ours, "allow_net": ["a.example"]}))
    again = json.loads(invoke("capabilities", "--file", "c.json").stdout)
    assert again == {**ours, "allow_net": ["a.example"]}


def test_eval_knows_only_what_the_file_has(invoke: Invoke, without_startswith: str) -> None:
    asked = 'startswith("ab", "a")'
    assert invoke("eval", "-f", "raw", asked).stdout == "true\n"
    refused = invoke("eval", "--capabilities", without_startswith, asked)
    assert refused.exit_code == 2
    error = json.loads(refused.stdout)["errors"][0]
    assert (error["code"], error["message"]) == (
        "rego_type_error",
        "undefined function startswith",
    )


def test_compile_knows_only_what_the_file_has(
    invoke: Invoke, place: Path, without_startswith: str
) -> None:
    (place / "s.rego").write_text('package s\np if startswith("ab", "a")\n')
    assert invoke("compile", "--emit", "ir", "s.rego").exit_code == 0
    refused = invoke("compile", "--emit", "ir", "--capabilities", without_startswith, "s.rego")
    assert refused.exit_code == 2
    assert "rego_type_error: undefined function startswith" in refused.stderr


def test_a_bad_file_is_named(invoke: Invoke, place: Path) -> None:
    (place / "c.json").write_text('{"builtins": 1}')
    for args in (["eval", "1"], ["compile", "--emit", "ir", "p.rego"]):
        refused = invoke(*args, "--capabilities", "c.json")
        assert refused.exit_code == 2
        told = refused.stdout + refused.stderr
        assert "c.json: builtins: expected an array, found 1" in told
