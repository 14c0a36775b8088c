"""``regolive check``: what is wrong, for people and machines, and the second opinion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from regolive.cli import main

GOOD = "package good\n\nimport data.unused\n\np := 1\n\ntest_p if p == 1\n"
WRONG = "package wrong\n\np := x\n\nq := y\n\nr := nosuch(1)\n"


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    (tmp_path / "good.rego").write_text(GOOD)
    return tmp_path


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def test_nothing_wrong_is_nothing_to_say(policies: Path) -> None:
    result = check(policies)
    assert (result.exit_code, result.output) == (0, "")
    assert json.loads(check("--format", "json", policies).output) == {}


def test_all_errors_of_a_stage_are_told_with_their_lines(policies: Path) -> None:
    (policies / "wrong.rego").write_text(WRONG)
    result = check(policies)
    assert result.exit_code == 1
    assert "undefined function nosuch" in result.stderr
    (policies / "wrong.rego").write_text(WRONG.replace("nosuch", "abs"))
    result = check(policies)
    assert result.exit_code == 1
    assert result.stderr.startswith("2 errors occurred:\n")
    assert f"{policies}/wrong.rego:3:6: rego_unsafe_var_error: var x is unsafe" in result.stderr
    assert "    p := x\n         ^" in result.stderr
    assert "var y is unsafe" in result.stderr


def test_machines_get_codes_and_places(policies: Path) -> None:
    (policies / "wrong.rego").write_text("package wrong\n\np := x\n")
    result = check("--format", "json", policies)
    assert result.exit_code == 1
    (error,) = json.loads(result.stdout)["errors"]
    assert error["code"] == "rego_unsafe_var_error"
    assert error["location"] == {"file": f"{policies}/wrong.rego", "row": 3, "col": 6}


def test_only_so_many_errors(policies: Path) -> None:
    rules = "\n".join(f"p{n} := x{n}" for n in range(12))
    (policies / "wrong.rego").write_text(f"package wrong\n\n{rules}\n")
    result = check(policies)
    assert result.stderr.count("rego_unsafe_var_error") == 10
    assert "and 2 more" in result.stderr
    assert check("-m", 0, policies).stderr.count("rego_unsafe_var_error") == 12


def test_strict_refuses_more(policies: Path) -> None:
    result = check("--strict", policies)
    assert result.exit_code == 1
    assert "rego_compile_error: import data.unused unused" in result.stderr


def test_v0_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "old.rego").write_text("package old\n\np[x] { x := input[_] }\n")
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "old.rego:3:1: rego_parse_error" in result.stderr
    assert check("--v0-compatible", tmp_path).exit_code == 0


def test_schemas_give_input_its_type(policies: Path, tmp_path_factory) -> None:
    schema = tmp_path_factory.mktemp("schemas") / "input.json"
    schema.write_text('{"type": "object", "properties": {"user": {"type": "string"}}}')
    (policies / "typed.rego").write_text("package typed\n\np := input.usr\n")
    assert check(policies).exit_code == 0
    result = check("--schema", schema, policies)
    assert result.exit_code == 1
    assert "typed.rego:3:6: rego_type_error: undefined ref: input.usr" in result.stderr
    assert 'want (one of): ["user"]' in result.stderr


def test_capabilities_say_what_may_be_used(policies: Path, tmp_path_factory) -> None:
    printed = CliRunner().invoke(main, ["capabilities"]).stdout
    allowed = json.loads(printed)
    allowed["builtins"] = [b for b in allowed["builtins"] if b["name"] != "http.send"]
    allowed["features"].remove("template_strings")
    file = tmp_path_factory.mktemp("capabilities") / "capabilities.json"
    file.write_text(json.dumps(allowed))
    (policies / "sends.rego").write_text("package sends\n\np := http.send({})\n")
    result = check("--capabilities", file, policies)
    assert result.exit_code == 1
    assert "sends.rego:3:6: rego_type_error: undefined function http.send" in result.stderr
    (policies / "sends.rego").write_text('package sends\n\np := $"{1}"\n')
    result = check("--capabilities", file, policies)
    assert result.exit_code == 1
    assert "template strings are not supported by current capabilities" in result.stderr
    assert check(policies).exit_code == 0


def test_a_place_without_policies_is_said_to_be_one(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 2
    assert "no .rego file is there" in result.stderr


def test_a_second_opinion(policies: Path, tmp_path_factory) -> None:
    document = tmp_path_factory.mktemp("inputs") / "input.json"
    document.write_text("{}")
    result = check("--cross-check", policies)
    assert (result.exit_code, result.stdout) == (
        0,
        "1 answers agree, 0 differ, regopy refuses 0 rules\n",
    )
    # A `with` of an undefined value, which regopy goes on without.
    (policies / "differs.rego").write_text(
        "package differs\n\np := 1 if input with input.s as input.gone\n"
    )
    result = check("--cross-check", "-i", document, policies)
    assert result.exit_code == 1
    assert "differs.rego:3:1: data" in result.stdout
    assert "    regolive: undefined\n    regopy: 1\n" in result.stdout
    found = json.loads(check("--cross-check", "-f", "json", "-i", document, policies).stdout)
    (difference,) = found["differences"]
    assert difference["rule"] == 'data["differs"]["p"]'
    assert (difference["regolive"], difference["regopy"]) == ("undefined", "1")


def test_what_regopy_refuses_is_told_with_its_message(policies: Path) -> None:
    (policies / "refused.rego").write_text(
        "package refused\n\ntest_p if count({i | some i, x in [1]}) == 1\n"
    )
    result = check("--cross-check", policies)
    assert result.exit_code == 0
    assert f"regopy refuses {policies}/refused.rego:" in result.stdout
    assert "rego_parse_error" in result.stdout


def test_an_input_needs_a_cross_check(policies: Path) -> None:
    assert check("-i", "x.json", policies).exit_code == 2
