"""Declarations: of variables, parameters and imports; what they hide, and what uses them."""

from __future__ import annotations

import pytest
from tests.resolving import Said, resolve_set, said

CASES: list[tuple[str, Said]] = [
    # One name, declared twice in a body.
    ("q if { x := 1; x := 2 }", [("2:16", "var x assigned above")]),
    ("q if { x := 1; some x; x = 1 }", [("2:16", "var x assigned above")]),
    ("q if { some x; x := 1 }", [("2:16", "var x declared above")]),
    ("q if { some x in [1]; some x in [2] }", [("2:23", "var x declared above")]),
    ("q if { [x, x] := [1, 2] }", [("2:12", "var x assigned above")]),
    ("q if { every x in [1] { x := 2; x } }", [("2:25", "var x declared above")]),
    # Used before it is declared.
    ("q if { y := x; x := 1 }", [("2:16", "var x referenced above")]),
    ("q if { x := x }", [("2:8", "var x referenced above")]),
    ("q if { x := [x] }", [("2:8", "var x referenced above")]),
    ("q if { y := 2; y > x; some x in [1] }", [("2:23", "var x referenced above")]),
    # Parameters.
    ("f(a) if { a := 1 }", [("2:11", "arg a redeclared")]),
    ("f(a) := b if { b := a } else := 2 if { a := 3; a }", [("2:40", "arg a redeclared")]),
    ("f(a) if { some a; a = 1 }", [("2:11", "arg a redeclared")]),
    ("f(input) := 1", [("2:1", "args must not shadow input (use a different variable name)")]),
    ("f([data]) := 1", [("2:1", "args must not shadow data (use a different variable name)")]),
    ("f(g(1)) := 1", [("2:3", "rule arguments cannot contain calls")]),
    ("f(x + 1) := 1", [("2:3", "rule arguments cannot contain calls")]),
    # What cannot be assigned to.
    ("q if { 1 := 2 }", [("2:8", "cannot assign to number")]),
    ('q if { "a" := 2 }', [("2:8", "cannot assign to string")]),
    ("q if { null := 2 }", [("2:8", "cannot assign to null")]),
    ("q if { true := 2 }", [("2:8", "cannot assign to boolean")]),
    ("q if { input.a := 2 }", [("2:8", "cannot assign to ref")]),
    ("q if { {x} := {2} }", [("2:8", "cannot assign to set")]),
    ("q if { f(1) := 2 }", [("2:8", "cannot assign to call")]),
    ("q if { [x | x = 1] := [2] }", [("2:8", "cannot assign to arraycomprehension")]),
    ('q if { {"a": 1} := {"a": 1} }', [("2:14", "cannot assign to number")]),
    ("q if { x := 1; x.y := 2 }", [("2:16", "cannot assign to ref")]),
    ("q if { not x := 1 }", [("2:8", "cannot assign vars inside negated expression")]),
    (
        "import future.keywords.or\nq if { x := 1 or true }",
        [("3:8", "cannot assign vars inside implicit or operand")],
    ),
    # The documents.
    (
        "q if { input := 1 }",
        [("2:8", "variables must not shadow input (use a different variable name)")],
    ),
    (
        "q if { data := 1 }",
        [("2:8", "variables must not shadow data (use a different variable name)")],
    ),
    ("input := 1", [("2:1", "rules must not shadow input (use a different rule name)")]),
    ("data.x := 1", [("2:1", "rules must not shadow data (use a different rule name)")]),
    ("input contains 1", [("2:1", "rules must not shadow input (use a different rule name)")]),
    # Declared and not used.
    ("q if { some x; true }", [("2:8", "declared var x unused")]),
    ("q if { some x, y; x = 1 }", [("2:8", "declared var y unused")]),
    ("q if { some x; [x | x := 1] }", [("2:8", "declared var x unused")]),
    ("q if { every x in [1] { true } }", [("2:25", "declared var x unused")]),
    ("q if { every x, y in [1] { y } }", [("2:28", "declared var x unused")]),
    # Imports.
    ("import data.x\nimport data.x\nq := x", [("3:1", "import must not shadow import data.x")]),
    ("import input.x\nimport data.x\nq := x", [("3:1", "import must not shadow import input.x")]),
    (
        "import data.x as y\nimport data.z.y\nq := y",
        [("3:1", "import must not shadow import data.x as y")],
    ),
    ("import rego.v1\nimport rego.v1", [("3:1", "import must not shadow import rego.v1")]),
]
"""Rules after ``package p``, and OPA's errors: place and message."""


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_is_said_of_declarations(text: str, expected: Said) -> None:
    _, found = resolve_set({"p.rego": f"package p\n{text}\n"})
    assert said(found) == expected
