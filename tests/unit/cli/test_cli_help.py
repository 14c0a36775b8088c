"""``regolive help``: one builtin, all of them, and the page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from regolive.plugins import load_registry

Invoke = Callable[..., Result]

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_a_builtin_is_explained(invoke: Invoke) -> None:
    shown = invoke("help", "substring").stdout
    assert shown.startswith("substring(value: string, offset: number, length: number) -> string\n")
    assert '  > substring("haystack", 3, 2)\n  "st"\n' in shown
    assert "Errors:\n" in shown
    assert "eval_builtin_error: substring: negative offset" in shown


def test_several_can_be_asked_for(invoke: Invoke) -> None:
    shown = invoke("help", "lower", "upper").stdout
    assert shown.index("lower(") < shown.index("upper(")


def test_what_is_to_be_known_besides(invoke: Invoke) -> None:
    assert "(the operator +)" in invoke("help", "plus").stdout
    assert "(deprecated)" in invoke("help", "re_match").stdout
    assert "(nondeterministic)" in invoke("help", "time.now_ns").stdout


def test_an_operator_is_found_by_its_sign(invoke: Invoke) -> None:
    assert invoke("help", "+").stdout == invoke("help", "plus").stdout


def test_a_builtin_of_another_plugin_is_explained_too(invoke: Invoke) -> None:
    assert invoke("help", "nats.kv.get_data").stdout.startswith("nats.kv.get_data(bucket: string")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("substr", "there is no builtin 'substr'; did you mean 'substring'?"),
        ("io.jwt.decodeverify", "did you mean 'io.jwt.decode_verify'?"),
        ("SPRINTF", "did you mean 'sprintf'?"),
        ("@", "there is no builtin '@'; `regolive help` lists what there is"),
    ],
)
def test_a_misspelt_name_gets_the_nearest(invoke: Invoke, name: str, told: str) -> None:
    result = invoke("help", name)
    assert result.exit_code == 2
    assert told in result.stderr


def test_json_has_all_of_it(invoke: Invoke) -> None:
    found = json.loads(invoke("help", "substring", "--format", "json").stdout)
    assert found["name"] == "substring"
    assert found["plugin"] == "std"
    assert found["decl"]["args"][0]["type"] == "string"
    assert {"expression": 'substring("haystack", 3, 2)', "result": '"st"'} in found["examples"]
    assert found["errors"][0]["error"] == "eval_builtin_error: substring: negative offset"
    several = json.loads(invoke("help", "lower", "upper", "--format", "json").stdout)
    assert [one["name"] for one in several] == ["lower", "upper"]


def test_without_a_name_all_are_listed_in_families(invoke: Invoke) -> None:
    shown = invoke("help").stdout
    assert "\nStrings\n" in shown
    for name in load_registry().builtins:
        assert f"  {name} " in shown
    everything = json.loads(invoke("help", "--format", "json").stdout)
    assert len(everything) == len(load_registry().builtins)


def test_the_page_of_builtins_is_what_help_makes(invoke: Invoke) -> None:
    path = DOCS / "builtins.md"
    made = invoke("help", "--format", "markdown").stdout
    if os.environ.get("REGOLIVE_WRITE_DOCS"):
        path.write_text(made)
    assert path.read_text() == made, "write it anew: REGOLIVE_WRITE_DOCS=1 pytest " + __file__


def test_the_page_has_an_entry_for_every_builtin(invoke: Invoke) -> None:
    made = invoke("help", "--format", "markdown").stdout
    for name in load_registry().builtins:
        assert f"\n### {name}\n" in made
