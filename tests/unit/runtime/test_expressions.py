"""A query split into its expressions: where one ends, which have a value, and the report."""

from __future__ import annotations

import pytest

import regolive_std
from regolive import Runtime
from regolive.runtime.expressions import capture


def texts(query: str) -> list[str]:
    captured = capture(query)
    assert captured is not None
    return [e.text for e in captured.expressions]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("1; 2", ["1", "2"]),
        ("x := 1\ny = x", ["x := 1", "y = x"]),
        ("1 +\n  2\n3", ["1 +\n  2", "3"]),
        ("data.a\n  == 1", ["data.a\n  == 1"]),
        ("[1,\n 2]\n{3}", ["[1,\n 2]", "{3}"]),
        ('"a;b"; `c\n;d` # e;f\ng', ['"a;b"', "`c\n;d`", "g"]),
        ("every x in xs\n{ x; y }\ntrue", ["every x in xs\n{ x; y }", "true"]),
        ("some x; x = 1", ["x = 1"]),
        ("some x in xs", ["some x in xs"]),
        ("not a with input as {}\nb", ["not a with input as {}", "b"]),
    ],
)
def test_where_expressions_begin_and_end(query: str, expected: list[str]) -> None:
    assert texts(query) == expected


@pytest.mark.parametrize("query", ["", "1;;2", "(1", "1)", '"open', ";1"])
def test_what_cannot_be_split_is_left_to_the_compiler(query: str) -> None:
    assert capture(query) is None


def test_values_are_bound_where_there_are_some() -> None:
    captured = capture("data.users[i]; x := 1; not y; x == 1")
    assert captured is not None
    assert captured.text == "value0 := data.users[i]; x := 1; not y; value3 := x == 1"
    assert [(e.row, e.col) for e in captured.expressions] == [(1, 1), (1, 16), (1, 24), (1, 31)]


def test_names_of_the_query_are_not_taken() -> None:
    captured = capture("value0; value_")
    assert captured is not None
    assert captured.text == "value__0 := value0; value__1 := value_"


def test_an_answer_with_a_false_expression_is_none_unless_only_its_value_is_asked() -> None:
    two, one, scan = capture("a; b"), capture("a"), capture("a[_]")
    assert two is not None
    assert one is not None
    assert scan is not None
    assert two.results([{"value0": True, "value1": False}]) == []
    assert [a["expressions"][0]["value"] for a in one.results([{"value0": False}])] == [False]
    assert one.results([{"value0": False, "i": 0}]) == []
    assert scan.results([{"value0": False}]) == []


def test_the_report_has_bindings_without_ours() -> None:
    captured = capture("xs[i]")
    assert captured is not None
    assert captured.results([{"value0": "a", "i": 0, "input": {}}]) == [
        {
            "expressions": [{"value": "a", "text": "xs[i]", "location": {"row": 1, "col": 1}}],
            "bindings": {"i": 0},
        }
    ]


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("sum([1, 2])", 3),
        ("sum([1, 2], x)", True),
        ('print("x")', True),
        ("data.t.double(2)", 4),
        ("data.t.double(2, x)", True),
        ("x = 1", True),
        ("1 == 1 with input as 2", True),
        ("[v | v := [1, 2][_]]", [1, 2]),
        ("some x in [1]", True),
        ("false", False),
    ],
)
def test_a_call_whose_result_is_an_operand_only_holds(query: str, value: object) -> None:
    modules = {"t.rego": "package t\n\ndouble(x) := x * 2\n"}
    plugins = [regolive_std.StdPlugin]
    with Runtime(modules=modules, plugins=plugins, discover=False) as runtime:
        (answer,) = runtime.evaluate(query).results
    assert [e["value"] for e in answer["expressions"]] == [value]
    assert [e["text"] for e in answer["expressions"]] == [query]


def test_a_scan_by_a_builtin_is_answers() -> None:
    with Runtime(plugins=[regolive_std.StdPlugin], discover=False) as runtime:
        answers = runtime.evaluate("walk([1], [path, value])").results
    assert [a["bindings"] for a in answers] == [
        {"path": [], "value": [1]},
        {"path": [0], "value": 1},
    ]
