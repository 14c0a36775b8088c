"""Calls of functions and builtins, and what ``with`` may replace."""

from __future__ import annotations

import pytest
from tests.resolving import Said, resolve_set, said

CASES: list[tuple[str, Said]] = [
    # Functions that do not exist.
    ("q if { nofn(1) }", [("2:8", "undefined function nofn")]),
    ("q := nofn(1)", [("2:6", "undefined function nofn")]),
    ("q if { not nofn(1) }", [("2:8", "undefined function nofn")]),
    ("q if { data.p.nofn(1) }", [("2:8", "undefined function data.p.nofn")]),
    ('q := io.jwt.decodex("a")', [("2:6", "undefined function io.jwt.decodex")]),
    ("q := io.package.x(1)", [("2:6", 'undefined function io["package"].x')]),
    ("q := x.y(1)", [("2:6", "undefined function x.y")]),
    ("import data.lib\nq := lib.f(1)", [("3:6", "undefined function data.lib.f")]),
    ("import input.x\nq := x(1)", [("3:6", "undefined function input.x")]),
    (
        "q if { nofn(nofn2(1)) }",
        [("2:8", "undefined function nofn"), ("2:13", "undefined function nofn2")],
    ),
    ("q if { x := 1; x(2) }", [("2:16", "undefined function x")]),
    ("f(g) := h if { h := 1; g(2) }", [("2:24", "undefined function g")]),
    ("q := f(1) if { f := 2 }", [("2:6", "undefined function f")]),
    ("q if { count([1]); count = 3 }", [("2:8", "undefined function count")]),
    # Hidden by a variable.
    ("q if { count := 3; x := count([1]) }", [("2:25", "called function count shadowed")]),
    ("q if { some f; f(3) = f }\nf(x) := x", [("2:16", "called function f shadowed")]),
    ("q if { plus := 1; x := 1 + 2 }", [("2:24", "called function plus shadowed")]),
    ("f(g) := h if { h := g(2) }", [("2:21", "called function g shadowed")]),
    ("q if { y := count([1]); count = y }", [("2:13", "called function count shadowed")]),
    # Operands.
    ("f(x) := x\nq := f(1, 2)", [("3:6", "function data.p.f has arity 1, got 2 arguments")]),
    ("f(x) := x\nq if { f() }", [("3:8", "function data.p.f has arity 1, got 0 arguments")]),
    (
        "f(x, y) := x\nq if { f(1, 2, 3, 4) }",
        [("3:8", "function data.p.f has arity 2, got 4 arguments")],
    ),
    (
        "f(x) := x\nq if { not f(1, 2, 3) }",
        [("3:8", "function data.p.f has arity 1, got 3 arguments")],
    ),
    # Calls that are no values.
    ("q := print(1)", [("2:6", "print(1) used as value")]),
    ("q if { x := print(1) }", [("2:13", "print(1) used as value")]),
    ("q if { print(1) == 2 }", [("2:8", "print(1) used as value")]),
    ("q contains print(1)", [("2:12", "print(1) used as value")]),
    # Deprecated.
    ("q := any([true])", [("2:6", "deprecated built-in function calls in expression: any")]),
    (
        'q if { re_match("a", "b") }',
        [("2:8", "deprecated built-in function calls in expression: re_match")],
    ),
    # With.
    (
        "q if { input.a with foo as 1 }",
        [("2:21", "with keyword target must reference existing input, data, or a function")],
    ),
    (
        "q if { input.a with foo.bar as 1 }",
        [("2:21", "with keyword target must reference existing input, data, or a function")],
    ),
    (
        "q if { x := 1; input.a with x as 1 }",
        [("2:29", "with keyword target must reference existing input, data, or a function")],
    ),
    (
        "q if { input.a with io.jwt as f }",
        [("2:21", "with keyword target must reference existing input, data, or a function")],
    ),
    (
        "q if { input.a with walk as f }\nf(x) := 1",
        [("2:21", "with keyword replacing built-in function: target must not be a relation")],
    ),
    (
        "q if { input.a with print as f }\nf(x) := 1",
        [("2:21", "with keyword replacing built-in function: target must not be a void function")],
    ),
    (
        "q if { input.a with eq as f }\nf(x) := 1",
        [("2:21", 'with keyword replacing built-in function: replacement of "eq" invalid')],
    ),
    (
        "q if { input.a with internal.member_2 as f }\nf(x, y) := 1",
        [
            (
                "2:21",
                "with keyword replacing built-in function: "
                'replacement of internal function "internal.member_2" invalid',
            )
        ],
    ),
    (
        "q if { input.a with r.s as 1 }\nr := 1",
        [("2:21", "with keyword cannot partially replace virtual document(s)")],
    ),
    (
        "q if { input.a with data.p.r.s as 1 }\nr := 1",
        [("2:21", "with keyword cannot partially replace virtual document(s)")],
    ),
    (
        "q if { input.a with data.p.f.s as 1 }\nf(x) := 1",
        [("2:21", "with keyword cannot partially replace virtual document(s)")],
    ),
    (
        "q if { input.a with r.s as 1 }\nr contains 1",
        [("2:21", "with keyword cannot partially replace virtual document(s)")],
    ),
    (
        "q if { input.a with r.s.t as 1 }\nr[x].t := 1 if x := 1",
        [("2:21", "with keyword cannot partially replace virtual document(s)")],
    ),
]
"""Rules after ``package p``, and OPA's errors: place and message."""


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_is_said_of_calls(text: str, expected: Said) -> None:
    _, found = resolve_set({"p.rego": f"package p\n{text}\n"})
    assert said(found) == expected
