"""Queries: what they report, what they may name."""

from __future__ import annotations

import pytest
from tests.resolving import Said, check_query, options, query_over, resolve_body, said, written

from regolive.compiler.resolve import exports, resolve_query
from regolive.syntax import parse_module, parse_query

OUTPUTS = [
    ("x := 1", ["x"]),
    ("x = 1", ["x"]),
    ("some x; x = 1", ["x"]),
    ("some k, v in input", ["k", "v"]),
    ("x = input.a[i]; y = i", ["i", "x", "y"]),
    ("[x, _] := [1, 2]", ["x"]),
    ("input.a[_] = 1", []),
    ("[x | x := 1]", []),
    ("every x in [1] { x }", []),
    ("count([1], x)", ["x"]),
    ("x := 1; y := [z | z := x]", ["x", "y"]),
    ("x := f(1)", ["x"]),
    ("input := 1", ["input"]),
]


@pytest.mark.parametrize(("text", "expected"), OUTPUTS)
def test_outputs_are_the_variables_of_the_querys_own_statements(
    text: str, expected: list[str]
) -> None:
    query = resolve_body(text if "f(" not in text else text.replace("f(", "data.p.f("), "f(x) := x")
    check_query(query)
    assert sorted(query.outputs) == expected


ERRORS = [
    ("x", [("1:1", "var x is unsafe")]),
    ("x := 1; x := 2", [("1:9", "var x assigned above")]),
    ("some x; true", [("1:1", "declared var x unused")]),
    ("y := x; x := 2", [("1:9", "var x referenced above")]),
    ("f(1)", [("1:1", "undefined function f")]),
    ("data.foo := 1", [("1:1", "cannot assign to ref")]),
    (
        "x := 1 with foo as 1",
        [("1:13", "with keyword target must reference existing input, data, or a function")],
    ),
    ("not x", [("1:1", "var x is unsafe")]),
]


@pytest.mark.parametrize(("text", "expected"), ERRORS)
def test_what_is_said_of_queries(text: str, expected: Said) -> None:
    assert said(query_over(text)[1]) == expected


def test_a_query_may_call_what_rego_v1_has_given_up() -> None:
    assert query_over("any([true])")[1] == []


def test_a_query_in_a_package_names_its_rules_and_imports() -> None:
    text = "f(x) == lib.y"
    body, _ = parse_query(text)
    imports = parse_module("package q\nimport data.lib\n").imports
    exported = exports([parse_module("package a.b\nf(x) := x\nx := 1\n")])
    source = body[0].loc.source
    query, found = resolve_query(body, imports, source, exported, options(), package=("a", "b"))
    assert not found
    check_query(query)
    assert query.outputs == {}
    local = next(iter(set(written(query.body).split("data.a.b.x, ")[1].split(")")[:1])))
    assert written(query.body) == f"data.a.b.f(data.a.b.x, {local}); equal({local}, data.lib.y)"


def test_outside_of_a_package_its_rules_are_variables() -> None:
    assert said(query_over("x > 0", "x := 1")[1]) == [("1:1", "var x is unsafe")]


def test_a_query_sees_documents_and_rules_by_their_paths() -> None:
    query = resolve_body("data.p.x == input.y", "x := 1")
    assert written(query.body) == "equal(data.p.x, input.y)"
