"""``regolive parse``: trees for people and machines, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from regolive.cli import main

POLICY = """\
package p # comment

import data.x as y

default allow := false

allow if {
	not input.x == 1
	f(y)
}

f(x) := 1 if x else := 2
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "p.rego"
    file.write_text(POLICY)
    return file


def parse(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["parse", *map(str, arguments)])


def test_the_tree_has_a_line_for_each_node_with_its_place(policy: Path) -> None:
    result = parse(policy)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[:3] == ["module  1:1", "  package p  1:1", "  import data.x as y  3:1"]
    for line in (
        "  rule (default) (generated body)  5:1",
        "    expr (negated)  8:2",
        "      call ==  8:6",
        "          func: ref equal  8:14",
        "        func: ref f  9:2",
        "    else: rule (generated body)  12:16",
        "  comment # comment  1:11",
    ):
        assert any(line.strip() == found.strip() for found in lines), line
    assert "comment" not in parse("--json-include", "-comments", policy).output


def test_json_is_opas(policy: Path) -> None:
    found = json.loads(parse("--format", "json", policy).output)
    assert found["package"]["path"][1] == {"type": "string", "value": "p"}
    assert found["comments"][0]["Text"] == "IGNvbW1lbnQ="
    assert "location" not in found["rules"][0]
    found = json.loads(parse("-f", "json", "--json-include", "locations,-comments", policy).output)
    assert found["rules"][0]["location"]["row"] == 5
    assert "comments" not in found


def test_v0(policy: Path) -> None:
    policy.write_text("package p\nallow { input.x }\n")
    assert parse("--v0-compatible", policy).exit_code == 0
    result = parse(policy)
    assert result.exit_code == 1
    assert "`if` keyword is required before rule body" in result.stderr
    assert "write `allow if { ... }`" in result.stderr


def test_all_errors_are_reported(policy: Path) -> None:
    policy.write_text("package p\n\na := [1\n\nb := ]\n\nc if {\n")
    result = parse(policy)
    assert result.exit_code == 1
    assert result.stderr.startswith("3 errors occurred")
    result = parse("--format", "json", policy)
    assert result.exit_code == 1
    errors = json.loads(result.output)["errors"]
    assert {e["code"] for e in errors} == {"rego_parse_error"}
    assert [e["location"]["row"] for e in errors] == [5, 5, 8]


def test_what_is_no_text_is_an_error_of_the_policy(policy: Path) -> None:
    policy.write_bytes(b'package p\np := "\xff"\n')
    result = parse(policy)
    assert result.exit_code == 1
    assert "illegal utf-8 character" in result.stderr


def test_wrong_use(policy: Path, tmp_path: Path) -> None:
    for arguments in ([], [tmp_path / "none.rego"], ["--json-include", "texts", policy]):
        result = parse(*arguments)
        assert result.exit_code not in (0, 3), result.output
        assert result.stderr
