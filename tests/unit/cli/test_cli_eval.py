"""``regolive eval``: results, exit codes, errors that are kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


def test_a_decision_is_reported_with_text_and_place(invoke: Invoke) -> None:
    result = invoke("eval", "-d", "p.rego", "-i", "i.json", "data.p.allow")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "result": [
            {
                "expressions": [
                    {"value": True, "text": "data.p.allow", "location": {"row": 1, "col": 1}}
                ]
            }
        ]
    }


def test_undefined_is_an_empty_object(invoke: Invoke) -> None:
    result = invoke("eval", "-d", "p.rego", "data.p.only")
    assert (result.exit_code, result.stdout) == (0, "{}\n")


def test_every_expression_is_reported_where_it_stands(invoke: Invoke) -> None:
    result = invoke("eval", "-d", "d.json", "x := 1\ndata.users[i]; x == 1")
    answers = json.loads(result.stdout)["result"]
    assert [e["text"] for e in answers[0]["expressions"]] == ["x := 1", "data.users[i]", "x == 1"]
    assert [e["location"] for e in answers[0]["expressions"]] == [
        {"row": 1, "col": 1},
        {"row": 2, "col": 1},
        {"row": 2, "col": 16},
    ]
    assert [a["expressions"][1]["value"] for a in answers] == ["bob", "alice"]
    assert answers[0]["bindings"] == {"i": 0, "x": 1}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("raw", '{"a":[1,2]} hi\n'),
        ("values", '[\n  {\n    "a": [\n      1,\n      2\n    ]\n  },\n  "hi"\n]\n'),
        ("bindings", "{}\n"),
    ],
)
def test_formats(invoke: Invoke, form: str, expected: str) -> None:
    assert invoke("eval", "-f", form, '{"a": {2, 1}}; "hi"').stdout == expected


def test_pretty_is_the_value_alone_or_a_table(invoke: Invoke) -> None:
    assert invoke("eval", "-f", "pretty", "[1, 2]").stdout == "[\n  1,\n  2\n]\n"
    assert invoke("eval", "-f", "pretty", "1 == 2; true").stdout == "undefined\n"
    table = invoke("eval", "-d", "d.json", "-f", "pretty", "data.users[i]").stdout
    assert table.splitlines() == [
        "┌───────────────┬───┐",
        "│ data.users[i] │ i │",
        "├───────────────┼───┤",
        '│ "bob"         │ 0 │',
        '│ "alice"       │ 1 │',
        "└───────────────┴───┘",
    ]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["data.p.only"], 0),
        (["--fail", "data.p.only"], 1),
        (["--fail", "data.p.allow"], 0),  # false is defined
        (["--fail-defined", "data.p.allow"], 1),
        (["--fail-defined", "data.p.only"], 0),
        (["--fail", "data.p.boom", "-i", "i.json"], 2),
        (["--fail", "--fail-defined", "data.p"], 2),
    ],
)
def test_exit_codes(invoke: Invoke, args: list[str], code: int) -> None:
    assert invoke("eval", "-d", "p.rego", *args).exit_code == code


def test_errors_are_json_in_json_and_text_on_standard_error_otherwise(invoke: Invoke) -> None:
    args = ("eval", "-d", "p.rego", "-i", "i.json", "data.p.boom")
    asked = invoke(*args)
    (error,) = json.loads(asked.stdout)["errors"]
    assert asked.exit_code == 2
    assert error["code"] == "eval_conflict_error"
    assert error["location"] == {"file": "p.rego", "row": 13, "col": 1}
    for form in ("pretty", "raw", "values", "bindings"):
        asked = invoke(*args, "-f", form)
        assert (asked.exit_code, asked.stdout) == (2, "")
        assert "1 error occurred: p.rego:13: eval_conflict_error" in asked.stderr


def test_all_errors_of_a_policy_are_told_with_the_nearest_name(invoke: Invoke) -> None:
    result = invoke("eval", "cuont([1]); zzzzzz(2)")
    errors = json.loads(result.stdout)["errors"]
    assert [e["message"] for e in errors][:2] == [
        "undefined function cuont",
        "undefined function zzzzzz",
    ]
    assert errors[0]["location"] == {"file": "", "row": 1, "col": 1}
    assert "count" in errors[0]["details"]["hint"]


def test_errors_of_builtins_can_be_shown_or_end_the_query(invoke: Invoke) -> None:
    assert invoke("eval", "1 / 0").stdout == "{}\n"
    shown = invoke("eval", "--show-builtin-errors", "1 / 0")
    assert shown.exit_code == 0
    assert "divide by zero" in json.loads(shown.stdout)["errors"][0]["message"]
    strict = invoke("eval", "--strict-builtin-errors", "1 / 0")
    assert strict.exit_code == 2
    assert json.loads(strict.stdout)["errors"][0]["code"] == "eval_builtin_error"


@pytest.mark.parametrize(
    ("stdin", "value"), [('{"user": "alice"}', "true"), ("user: alice", "true"), ("7", "false")]
)
def test_the_input_may_come_from_standard_input(invoke: Invoke, stdin: str, value: str) -> None:
    result = invoke("eval", "-I", "-d", "p.rego", "-f", "raw", "data.p.allow", stdin=stdin)
    assert (result.exit_code, result.stdout) == (0, f"{value}\n")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["-i", "absent.json", "data"], "input: absent.json: No such file"),
        (["-i", "broken.json", "data"], "input: broken.json: not JSON"),
        (["-f", "raw", "-d", "absent", "data"], "absent: no such file or directory"),
        (["-f", "raw", "--config", "absent.yaml", "data"], "absent.yaml: No such file"),
        (["-f", "raw", "--config", "typo.yaml", "data"], "did you mean 'store'?"),
        (["-f", "raw", ""], "cannot evaluate empty query"),
        (["--timeout", "5 parsecs", "data"], "is not a duration"),
        (["-d", "deep.json", "data"], "nested too deeply"),
        (["-i", "deep.json", "input"], "nested too deeply"),
        (["-i", "i.json", "-I", "data"], "not both"),
    ],
)
def test_a_users_mistake_is_told_kindly(
    invoke: Invoke, place: Path, args: list[str], told: str
) -> None:
    (place / "broken.json").write_text('{"a": ')
    (place / "deep.json").write_text("[" * 100_000)
    (place / "typo.yaml").write_text("stroe: snapshot\n")
    result = invoke("eval", *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback(invoke: Invoke) -> None:
    result = invoke("eval", "-d", "absent", "data", "--debug")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "SourceError: absent: no such file" in result.stderr


def test_a_query_out_of_time_ends(invoke: Invoke) -> None:
    query = "count([1 | numbers.range(1, 3000)[_]; numbers.range(1, 3000)[_]])"
    result = invoke("eval", "--timeout", "50ms", query)
    assert result.exit_code == 2
    assert json.loads(result.stdout)["errors"][0]["code"] == "eval_cancel_error"


@pytest.mark.parametrize("store", ["snapshot", "locking"])
def test_either_store(invoke: Invoke, store: str) -> None:
    result = invoke("eval", "--store", store, "-d", "d.json", "-f", "raw", "data.users[0]")
    assert result.stdout == "bob\n"


def test_the_configuration_decides_unless_an_option_does(invoke: Invoke, place: Path) -> None:
    (place / "strict.yaml").write_text("strict_builtin_errors: true\n")
    assert invoke("eval", "--config", "strict.yaml", "1 / 0").exit_code == 2
