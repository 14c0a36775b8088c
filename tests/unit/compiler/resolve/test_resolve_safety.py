"""Safety: which variables nothing binds, and where that is said."""

from __future__ import annotations

import pytest
from tests.resolving import Said, resolve_set, said

CASES: list[tuple[str, Said]] = [
    # Nothing binds it.
    ("q if { x }", [("2:8", "var x is unsafe")]),
    ("q if { x > 1 }", [("2:8", "var x is unsafe")]),
    ("q if { x == 1 }", [("2:8", "var x is unsafe")]),
    ("q if { input.a[x] == y }", [("2:8", "var y is unsafe")]),
    ("q if { x.y }", [("2:8", "var x is unsafe")]),
    ("q if { x[y] }", [("2:8", "var x is unsafe"), ("2:8", "var y is unsafe")]),
    ("q if { x = y; y = x }", [("2:8", "var x is unsafe"), ("2:8", "var y is unsafe")]),
    ("q if { [x, y] = [y, x] }", [("2:8", "var x is unsafe"), ("2:8", "var y is unsafe")]),
    ("q if { {x: 1} = input }", [("2:8", "var x is unsafe")]),
    ("q if { {x} = {1} }", [("2:8", "var x is unsafe")]),
    ("q if { [x] = [1, 2] }", [("2:8", "var x is unsafe")]),
    ('q if { {"a": x} = {"b": 1} }', [("2:8", "var x is unsafe")]),
    ("q if { x = x.y }", [("2:8", "var x is unsafe")]),
    ("q if { x + 1 = 3 }", [("2:8", "var x is unsafe")]),
    ("q if { count(x) == 1 }", [("2:8", "var x is unsafe")]),
    ("q if { f(x, x) }\nf(y) := y", [("2:8", "var x is unsafe")]),
    ("q if { _ > 1 }", [("2:8", "var _ is unsafe")]),
    ("q if { [_, _] > 1 }", [("2:8", "var _ is unsafe"), ("2:8", "var _ is unsafe")]),
    # Negation binds nothing.
    ("q if { not x }", [("2:8", "var x is unsafe")]),
    ("q if { not x = 1 }", [("2:8", "var x is unsafe")]),
    ("q if { not input.a[x] }", [("2:8", "var x is unsafe")]),
    ("q if { not input.a[_] == 1 }", [("2:8", "var _ is unsafe")]),
    ("q if { not count(x) == 1 }", [("2:12", "var x is unsafe")]),
    # Nor does what with replaces by.
    ("q if { input.a with input as x }", [("2:8", "var x is unsafe")]),
    ("q if { x = input.a with input.b as x }", [("2:8", "var x is unsafe")]),
    ("q if { input.a with input.b as [_] }", [("2:8", "var _ is unsafe")]),
    # Bodies inside of bodies.
    ("q if { y = [x | true] }", [("2:8", "var x is unsafe")]),
    ("q if { y = {x: z | x = input.b[_]} }", [("2:8", "var z is unsafe")]),
    (
        "q if { y = [x | x = z; w] }",
        [("2:17", "var x is unsafe"), ("2:17", "var z is unsafe"), ("2:24", "var w is unsafe")],
    ),
    ("q if { every x in [1, 2] { x > z } }", [("2:28", "var z is unsafe")]),
    ("q if { every x in [1, y] { x } }", [("2:19", "var y is unsafe")]),
    ("q if { every x in [1] { y = x }; y }", [("2:8", "var y is unsafe")]),
    (
        "q if { w; x = [y | y = z] }",
        [("2:8", "var w is unsafe"), ("2:20", "var y is unsafe"), ("2:20", "var z is unsafe")],
    ),
    (
        "q if { x := {y | y := z}; z := 2 }",
        [("2:18", "var y is unsafe"), ("2:18", "var z is unsafe")],
    ),
    ("q if { some x in x }", [("2:8", "var x is unsafe")]),
    ("q if { some y in z }", [("2:8", "var y is unsafe"), ("2:8", "var z is unsafe")]),
    ("q if { every a in [1] { x > a }; every a in [1] { x > a } }", [("2:25", "var x is unsafe")]),
    # Heads.
    ("q := x", [("2:6", "var x is unsafe")]),
    ('q := [1, {"a": x}]', [("2:16", "var x is unsafe")]),
    ("q contains x", [("2:12", "var x is unsafe")]),
    ("q[x] := 1", [("2:3", "var x is unsafe")]),
    ("q[x].y := 1 if input.x", [("2:3", "var x is unsafe")]),
    ("f(y) := x", [("2:9", "var x is unsafe")]),
    ("q := _", [("2:6", "var _ is unsafe")]),
    ("q := x if { y = [x | x = 1] }", [("2:6", "var x is unsafe")]),
    ("q := x.y", [("2:6", "var x is unsafe")]),
    ("q := 1 if { true } else := x", [("2:28", "var x is unsafe")]),
    ("default q[x] := 1", [("2:11", "var x is unsafe")]),
    ("f(input.x) := 1", [("2:3", "var input is unsafe")]),
    # Keywords of other versions.
    (
        "q if { and.x }",
        [
            (
                "2:8",
                "var and is unsafe (hint: `import future.keywords.and` to import a future keyword)",
            )
        ],
    ),
    # Rules on one row.
    ("q if x r if true", [("2:6", "var x is unsafe in rule q")]),
    ("q := x r := 1", [("2:6", "var x is unsafe in rule q")]),
    # Print and template strings.
    ("q if { print(x) }", [("2:14", "var x is undeclared")]),
    ("q if { print(x); x = 1 }", [("2:14", "var x is undeclared")]),
    ("q if { print(input.x[_]) }", [("2:14", "var _ is undeclared")]),
    ('q := $"{input.x[y]}"', [("2:9", "var y is undeclared")]),
    ('q := $"{x}"', [("2:6", "var x is unsafe")]),
]
"""Rules after ``package p``, and OPA's errors: place and message."""


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_variables_that_nothing_binds_are_unsafe(text: str, expected: Said) -> None:
    _, found = resolve_set({"p.rego": f"package p\n{text}\n"})
    assert said(found) == expected
