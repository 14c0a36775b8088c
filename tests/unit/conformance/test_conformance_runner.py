"""The runner on a file of cases that pass, fail, crash, hang, eat memory and lack a builtin."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.__main__ import main
from tests.conformance.cases import CasesError, read_lines
from tests.conformance.known import ListError, read_known

PLUGIN = "tests.conformance.misbehaving"


def plan_of_call(name: str, operand: Any) -> dict[str, Any]:
    """OPA's plan of the query ``name(operand, x)`` for a string or whole number operand."""
    number = isinstance(operand, int)
    load = (
        {"type": "MakeNumberIntStmt", "stmt": {"value": operand, "target": 2}}
        if number
        else {
            "type": "AssignVarStmt",
            "stmt": {"source": {"type": "string_index", "value": 1}, "target": 2},
        }
    )
    local = {"type": "local", "value": 2}
    stmts = [
        load,
        {"type": "CallStmt", "stmt": {"func": name, "args": [local], "result": 3}},
        {"type": "MakeObjectStmt", "stmt": {"target": 4}},
        {
            "type": "ObjectInsertStmt",
            "stmt": {
                "key": {"type": "string_index", "value": 0},
                "value": {"type": "local", "value": 3},
                "object": 4,
            },
        },
        {"type": "ResultSetAddStmt", "stmt": {"value": 4}},
    ]
    kind = {"type": "number"} if number else {"type": "string"}
    decl = {"type": "function", "args": [kind], "result": {"type": "any"}}
    return {
        "static": {
            "strings": [{"value": "x"}, {"value": str(operand)}],
            "builtin_funcs": [{"name": name, "decl": decl}],
            "files": [{"value": "<query>"}],
        },
        "plans": {"plans": [{"name": "eval", "blocks": [{"stmts": stmts}]}]},
        "funcs": {"funcs": []},
    }


def case(name: str, builtin: str, operand: Any, **wants: Any) -> dict[str, Any]:
    # Of a type that no compiler knows: a wrong operand is then the query's error.
    given = f"json.unmarshal({json.dumps(json.dumps(operand))})"
    text = f"package test\n\np := {builtin}({given})\n"
    wanted = wants.pop("want", None)
    made = {"id": f"family/{name}", "note": name, "query": "data.test.p = x", "modules": [text]}
    if wanted is not None:
        wants |= {"want_result": [{"x": wanted}], "want_plan_result": [{"x": wanted}]}
    return {**made, "plan": plan_of_call(builtin, operand), "entrypoints": ["eval"], **wants}


CASES = [
    case("passes", "abs", -3, want=3),
    case("fails", "abs", -3, want=4),
    case("errs", "abs", "text", strict_error=True, want_error="must be number"),
    case("no-error", "abs", -3, want_error_code="eval_type_error"),
    case("exits", "test.crash", "exit", want=True),
    case("is-killed", "test.crash", "kill", want=True),
    case("quits", "test.crash", "quit", want=True),
    case("hangs", "test.hang", 600, want=True),
    case("eats", "test.eat", 4000, strict_error=True, want=4),
    case("lacks", "test.nowhere", 1, want=True),
    case("undefined", "abs", "text"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(c) + "\n" for c in CASES))
    return path


def run(file: Path, *more: str, lists: str = "") -> tuple[int, dict[str, Any]]:
    directory = file.parent / "lists"
    directory.mkdir(exist_ok=True)
    (directory / "known.toml").write_text(lists)
    report = file.parent / "out" / "report.json"
    code = main(
        [
            str(file),
            *("--plugin", PLUGIN, "--report", str(report), "--lists", str(directory)),
            *("--time-limit", "3", "--jobs", "2", *more),
        ]
    )
    return code, json.loads(report.read_text()) if report.exists() else {}


def outcomes(report: dict[str, Any], way: str) -> dict[str, tuple[str, str]]:
    return {
        c["note"]: (c["status"], c.get("reason", "")) for c in report["cases"] if c["way"] == way
    }


@pytest.mark.timeout(100)
def test_no_case_stops_the_others(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = run(file)
    assert code == 1
    for way in ("plan", "modules"):
        found = outcomes(report, way)
        assert {name for name, (status, _) in found.items() if status == "passed"} == {
            "passes",
            "errs",
            "undefined",
        }
        assert found["fails"] == ("failed", 'want [{"x":4}], got [{"x":3}]')
        assert found["no-error"][1].startswith("want error eval_type_error")
        assert found["exits"][1] == "the process crashed (exit code 7)"
        assert found["is-killed"][1].startswith("the process crashed (SIGKILL)")
        assert found["quits"] == ("failed", "SystemExit: the test asked for it")
        assert found["hangs"] == ("failed", "took longer than 3 seconds")
        assert "MemoryError" in found["eats"][1] or "out of memory" in found["eats"][1]
        assert found["lacks"][0] == "missing"
        assert report["missing_builtins"][way] == {"test.nowhere": 1}
        assert Counter(s for s, _ in found.values()) == report["totals"][way] | {"refused": 0} or (
            report["totals"][way] == {"passed": 3, "failed": 7, "missing": 1, "refused": 0}
        )
    said = capsys.readouterr().out
    assert "plan: 3 passed, 7 failed, 1 missing a builtin\n" in said
    assert "modules: 3 passed, 7 failed, 1 missing a builtin\n" in said


FAILS_BOTH = "".join(
    f'[[failure]]\nid = "family/fails"\nway = "{way}"\nreason = "wrong"\n'
    for way in ("plan", "modules")
)


def test_what_the_list_knows_is_no_news(file: Path) -> None:
    chosen = ("--case", "family/fails", "--case", "family/passes")
    assert run(file, *chosen, lists=FAILS_BOTH)[0] == 0
    assert run(file, *chosen)[0] == 1


def test_a_known_failure_that_passes_is_to_be_taken_out(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = FAILS_BOTH.replace("family/fails", "family/passes")
    code, report = run(file, "--case", "family/passes", lists=listed)
    assert code == 1
    assert {c["stale_in"] for c in report["cases"]} == {"known.toml"}
    assert "take them out" in capsys.readouterr().out


def test_what_regopy_refuses_is_listed_with_its_reason(file: Path) -> None:
    bad = {"id": "family/bad", "modules": ["package test\n\np := {i | some i, x in [1]}}\n"]}
    file.write_text(json.dumps({**CASES[0], **bad}) + "\n")
    code, report = run(file, "--way", "regopy")
    assert code == 1
    (found,) = report["cases"]
    assert (found["status"], found["new"]) == ("refused", True)
    assert "test-0.rego:3" in found["reason"]
    refused = file.parent / "lists" / "refused.toml"
    refused.write_text('[[refused]]\nreason = "does not parse"\nids = ["family/bad"]\n')
    code, report = run(file, "--way", "regopy")
    assert code == 0
    assert report["cases"][0]["known"] == "does not parse"


def test_json_goes_to_standard_output(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = run(
        file, "--case", "family/passes", "--way", "plan", "--format", "json", lists=FAILS_BOTH
    )
    assert code == 0
    assert json.loads(capsys.readouterr().out) == report
    assert report["good"] is True
    assert report["families"] == {"family": {"plan": report["totals"]["plan"]}}


def test_a_missing_file_is_said_kindly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere.jsonl")]) == 2
    said = capsys.readouterr().err
    assert "nowhere.jsonl: no such file" in said
    assert "REGOLIVE_CONFORMANCE" in said


def test_a_filter_that_finds_nothing_is_an_error(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(file), "--family", "famly"]) == 2
    assert "not in the file: famly" in capsys.readouterr().err


def test_files_may_be_zipped_and_must_hold_cases(tmp_path: Path) -> None:
    path = tmp_path / "cases.gz"
    path.write_bytes(gzip.compress(json.dumps(CASES[0]).encode()))
    assert [line.id for line in read_lines(path)] == ["family/passes"]
    for text, said in [("", "no case"), ("{}", ":1: not a case"), ("nonsense", ":1: not a case")]:
        path.write_text(text)
        with pytest.raises(CasesError, match=said):
            read_lines(path)
    path.write_text(json.dumps(CASES[0]) + "\n" + json.dumps(CASES[0]))
    with pytest.raises(CasesError, match="twice"):
        read_lines(path)


def test_lists_are_checked(tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    for text in (
        '[[failure]]\nid = "a"\nway = "plan"\n',
        '[[failure]]\nid = "a"\nway = "sideways"\nreason = "r"\n',
        '[[failure]]\nid = "a"\nway = "plan"\nreason = "r"\n' * 2,
        "nonsense",
    ):
        known.write_text(text)
        with pytest.raises(ListError):
            read_known(tmp_path)


def test_the_lists_of_this_repository_can_be_read() -> None:
    assert all(read_known().failures.values())
