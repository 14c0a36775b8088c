"""Rules among each other: conflicts and recursion."""

from __future__ import annotations

import pytest
from tests.resolving import Said, resolve_set, said

CASES: list[tuple[str, Said]] = [
    # Kinds of one path.
    ("r := 1\nr contains 2", [("2:1", "conflicting rules data.p.r found")]),
    ("r := 1\nr(x) := 2", [("2:1", "conflicting rules data.p.r found")]),
    ("r(x) := 1\nr(x, y) := 2", [("2:1", "conflicting rules data.p.r found")]),
    ("r(x) := 1\nr contains 1", [("2:1", "conflicting rules data.p.r found")]),
    ("default r := 1\nr contains 2", [("2:1", "conflicting rules data.p.r found")]),
    ("default r(x) := 1\nr(x, y) := 2", [("2:1", "conflicting rules data.p.r found")]),
    ("r := 1\nr[x] := 2 if x := 1", [("2:1", "conflicting rules data.p.r[x] found")]),
    ("r[x] := 2 if x := 1\nr contains 2", [("2:1", "conflicting rules data.p.r found")]),
    ("r.q := 1\nr.q[x] := 2 if x := 1", [("2:1", "conflicting rules data.p.r.q[x] found")]),
    (
        "r[x].q := 1 if x := 1\nr[y].s contains 3 if y := 1",
        [("2:1", "conflicting rules data.p.r[y].s found")],
    ),
    (
        "r[x].q := 1 if x := 1\nr[x].q(z) := 3 if x := 1",
        [("2:1", "conflicting rules data.p.r[x].q found")],
    ),
    # Below another.
    ("r := 1\nr.q := 2", [("2:1", "rule data.p.r conflicts with:\n  rule data.p.r.q at p.rego:3")]),
    (
        "r contains 1\nr.q.s := 2",
        [("2:1", "rule data.p.r conflicts with:\n  rule data.p.r.q.s at p.rego:3")],
    ),
    (
        "r(x) := 1\nr.q := 2",
        [("2:1", "rule data.p.r conflicts with:\n  rule data.p.r.q at p.rego:3")],
    ),
    (
        "r.q.s := 2\nr.q := 1",
        [("3:1", "rule data.p.r.q conflicts with:\n  rule data.p.r.q.s at p.rego:2")],
    ),
    (
        "r := 1\nr.q(x) := 1",
        [("2:1", "rule data.p.r conflicts with:\n  rule data.p.r.q at p.rego:3")],
    ),
    (
        "r[1] := 1\nr[1].x := 2",
        [("2:1", "rule data.p.r[1] conflicts with:\n  rule data.p.r[1].x at p.rego:3")],
    ),
    (
        "r[x] := 1 if x := 1\nr.q(x) := 2",
        [("2:1", "rule data.p.r[x] conflicts with:\n  rule data.p.r.q at p.rego:3")],
    ),
    (
        "r.a := 1\nr.a.b := 2\nr.a.b.c := 3",
        [
            ("2:1", "rule data.p.r.a conflicts with:\n  rule data.p.r.a.b at p.rego:3"),
            ("3:1", "rule data.p.r.a.b conflicts with:\n  rule data.p.r.a.b.c at p.rego:4"),
        ],
    ),
    # Several defaults.
    (
        "default r := 1\ndefault r := 2",
        [("1:1", "multiple default rules data.p.r found at p.rego:2, p.rego:3")],
    ),
    (
        "default r(_) := 1\ndefault r(_) := 2",
        [("1:1", "multiple default rules data.p.r found at p.rego:2, p.rego:3")],
    ),
    # These can be together.
    ("r[x] := 2 if x := 1\nr[x].y := 2 if x := 2", []),
    ("r[x] := 1 if x := 1\nr.q := 2", []),
    ("r[x].q contains 1 if x := 1\nr.s.q := 1", []),
    ("r.q := 1\nr.s contains 2", []),
    # Recursion.
    ("r := r", [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")]),
    (
        "r := s\ns := r",
        [
            ("2:1", "rule data.p.r is recursive: data.p.r -> data.p.s -> data.p.r"),
            ("3:1", "rule data.p.s is recursive: data.p.s -> data.p.r -> data.p.s"),
        ],
    ),
    (
        "r := s\ns := t\nt := s",
        [
            ("3:1", "rule data.p.s is recursive: data.p.s -> data.p.t -> data.p.s"),
            ("4:1", "rule data.p.t is recursive: data.p.t -> data.p.s -> data.p.t"),
        ],
    ),
    (
        "f(x) := g(x)\ng(x) := f(x)",
        [
            ("2:1", "rule data.p.f is recursive: data.p.f -> data.p.g -> data.p.f"),
            ("3:1", "rule data.p.g is recursive: data.p.g -> data.p.f -> data.p.g"),
        ],
    ),
    (
        "r := 1 if { every x in r { x } }",
        [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")],
    ),
    ("r := [x | x := r]", [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")]),
    ("r contains x if some x in r", [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")]),
    ("r := data.p.r", [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")]),
    ("r := data.p[input.x]", [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")]),
    ("r.q if data[x].r", [("2:1", "rule data.p.r.q is recursive: data.p.r.q -> data.p.r.q")]),
    ("r := data", [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")]),
    (
        "r := 1 if { input with r as 1 }",
        [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")],
    ),
    (
        "r := 1 if { input with data.p as 1 }",
        [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")],
    ),
    ("r := f(r)\nf(x) := x", [("2:1", "rule data.p.r is recursive: data.p.r -> data.p.r")]),
    (
        "r := 1 if false else := 2 if r",
        [("2:17", "rule data.p.r is recursive: data.p.r -> data.p.r")],
    ),
    (
        "r.x.y if data.p.r.x",
        [("2:1", "rule data.p.r.x.y is recursive: data.p.r.x.y -> data.p.r.x.y")],
    ),
    # These are not recursive.
    ("r.q := 1 if r.s\nr.s := 2", []),
    ("r.q := 1 if data[x].q", []),
    ("r.x.y if data.p.r.z", []),
    ("r := 1 if { input.r }", []),
]
"""Rules after ``package p``, and OPA's errors: place and message."""


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_is_said_of_rules_together(text: str, expected: Said) -> None:
    _, found = resolve_set({"p.rego": f"package p\n{text}\n"})
    assert said(found) == expected
