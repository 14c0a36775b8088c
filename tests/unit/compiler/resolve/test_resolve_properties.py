"""Properties: any order of a body's statements, and depth that ends in an error."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.resolving import check_resolved, resolve_set, written

from regolive.errors import PolicyError

STATEMENTS = [
    "a = input.a",
    "b = a[i]",
    "c = [d, e]",
    "c = b",
    "not e == 1",
    "d > 1",
    "g = {x | x = f; x != h}",
    "f = [h, input.z[a]]",
    "h = count(g2)",
    "g2 = [y | y = i; y > j]",
    "input.k[j] = l",
    "every m in l { m > d; n = m }",
    "walk(a, [o, q])",
    "r = q with input as o",
    '{"u": s, "v": t} = {"u": t, "v": 1}',
]


@given(st.permutations(STATEMENTS))
def test_statements_in_any_order_are_put_in_one_that_is_safe(order: list[str]) -> None:
    resolved, found = resolve_set({"p.rego": f"package p\np if {{\n{chr(10).join(order)}\n}}\n"})
    assert not found
    check_resolved(resolved[0])


@given(st.permutations(STATEMENTS), st.integers(0, len(STATEMENTS) - 1))
def test_what_is_safe_does_not_depend_on_the_order(order: list[str], left_out: int) -> None:
    """Without one of the statements the same variables are unsafe in each order."""

    def unsafe(statements: list[str]) -> set[str]:
        kept = [text for text in statements if text != STATEMENTS[left_out]]
        text = f"package p\np if {{\n{chr(10).join(kept)}\n}}\n"
        return {f.diagnostic.message for f in resolve_set({"p.rego": text})[1]}

    assert bool(unsafe(order)) == bool(unsafe(STATEMENTS))


SHAPES = {
    "arrays": ("p := ", "[", "1", "]", ""),
    "objects": ("p := ", '{"a": ', "1", "}", ""),
    "comprehensions": ("p := ", "[x | x := ", "1", "]", ""),
    "calls": ("p := ", "count(", "[]", ")", ""),
    "steps": ("p := ", "input[", "1", "]", ""),
    "patterns": ("p if { ", "[", "x", "]", " := input; x }"),
    "bodies": ("p if { ", "every x in [1] { y := x; ", "true", "; y }", " }"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("depth", [60, 10_000])
def test_depth_is_an_error_and_no_crash(shape: str, depth: int) -> None:
    before, open_, core, close, after = SHAPES[shape]
    text = f"{before}{open_ * depth}{core}{close * depth}{after}"
    if depth > 60:
        with pytest.raises(PolicyError):
            resolve_set({"p.rego": f"package p\n{text}\n"})
    else:
        resolved, _ = resolve_set({"p.rego": f"package p\n{text}\n"})
        assert written(resolved[0].rules[0].body)


def test_running_out_of_stack_is_a_policy_error() -> None:
    def deeper(levels: int) -> None:
        if levels:
            deeper(levels - 1)
        else:
            resolve_set({"p.rego": f"package p\np := {'1 + ' * 150}1\n"})

    frames = 0
    frame = sys._getframe()
    while frame is not None:
        frames += 1
        frame = frame.f_back  # type: ignore[assignment]
    with pytest.raises(PolicyError, match="nested too deeply"):
        deeper(sys.getrecursionlimit() - frames - 300)


def test_a_long_chain_of_else_is_no_depth() -> None:
    text = "p := 0 if false" + " else := 1 if false" * 2000
    resolved, found = resolve_set({"p.rego": f"package p\n{text}\n"})
    assert not found
    check_resolved(resolved[0])


def test_a_body_of_many_statements_takes_no_time_that_grows_with_its_square() -> None:
    # In the worst order: each statement waits for the one behind it.
    lines = [f"x{i} = x{i + 1}" for i in range(300)]
    text = "\n".join([*lines, "x300 = 1"])
    resolved, found = resolve_set({"p.rego": f"package p\np if {{\n{text}\n}}\n"})
    assert not found
    check_resolved(resolved[0])
