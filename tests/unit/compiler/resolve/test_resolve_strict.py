"""Strict mode: imports, variables and parameters that are not used."""

from __future__ import annotations

import pytest
from tests.resolving import Said, resolve_set, said

CASES: list[tuple[str, Said]] = [
    ("import data.x\nq := 1", [("2:1", "import data.x unused")]),
    ("import data.x\nq := input.x", [("2:1", "import data.x unused")]),
    ("import data.x\nq := 1 if { x := 1; x }", [("2:1", "import data.x unused")]),
    ("import input.x as y\nq := 1", [("2:1", "import input.x as y unused")]),
    ("f(x) := 1", [("2:1", "unused argument x. (hint: use _ (wildcard variable) instead)")]),
    ("f([x, y]) := x", [("2:1", "unused argument y. (hint: use _ (wildcard variable) instead)")]),
    ('f({"a": y}) := 1', [("2:1", "unused argument y. (hint: use _ (wildcard variable) instead)")]),
    ("f(_) := 1", []),
    (
        "default f(x) := 1",
        [("2:9", "unused argument x. (hint: use _ (wildcard variable) instead)")],
    ),
    ("q if { x := 1 }", [("2:8", "assigned var x unused")]),
    ("q if { [x, y] := [1, 2]; y }", [("2:8", "assigned var x unused")]),
    ("q if { every x in [1] { y := x } }", [("2:25", "assigned var y unused")]),
    ("q := [1 | x := 1]", [("2:11", "assigned var x unused")]),
    ("q if { some x in [1] }", []),
    (
        "q if { x := 1 } else if { y := 2 }",
        [("2:8", "assigned var x unused"), ("2:27", "assigned var y unused")],
    ),
    ("q if { x := input; input.y with input as x }", []),
    ("q if { x := 1; print(x) }", []),
    ("q if { x := 1; some y; true }", [("2:8", "assigned var x unused")]),
]
"""Rules after ``package p``, and OPA's errors: place and message."""


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_is_not_used_is_an_error(text: str, expected: Said) -> None:
    _, found = resolve_set({"p.rego": f"package p\n{text}\n"}, strict=True)
    assert said(found) == expected
