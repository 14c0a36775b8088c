"""In which order a body is asked, and how often: seen in plans, and by builtins that note."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.planning import ask, plan
from tests.probe import Probe

import regolive_std
from regolive.compiler import walk
from regolive.ir import nodes as ir
from regolive.plugins import Registry


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
def registry(probe: Probe) -> Registry:
    registry = Registry()
    registry.register(regolive_std.StdPlugin, "std")
    registry.register(probe, "probe")
    return registry


def statements(text: str, rule: str = "p") -> list[ir.Stmt]:
    policy = plan(text, f"x = data.t.{rule}")
    (func,) = (f for f in policy.funcs if f.name == f"g0.data.t.{rule}")
    return list(walk.statements(func.blocks))


def deepest(stmts: tuple[ir.Stmt, ...]) -> int:
    """How many scans stand inside each other."""
    return max(
        (
            isinstance(stmt, ir.ScanStmt)
            + max((deepest(block.stmts) for block in walk.inner_blocks(stmt)), default=0)
            for stmt in stmts
        ),
        default=0,
    )


def depth(text: str, rule: str = "p") -> int:
    policy = plan(text, f"x = data.t.{rule}")
    return max(
        deepest(block.stmts)
        for func in policy.funcs
        for block in func.blocks
        if func.name == f"g0.data.t.{rule}"
    )


def kinds(text: str) -> Iterator[str]:
    for stmt in statements(text):
        if isinstance(stmt, ir.ScanStmt):
            yield "scan"
        elif isinstance(stmt, ir.EqualStmt):
            yield "equal"
        elif isinstance(stmt, ir.CallStmt):
            yield stmt.func.removeprefix("g0.data.t.")


@pytest.mark.parametrize(
    ("body", "want"),
    [
        ('some x in input.l; input.m == "GET"; x > 1', ["equal", "scan", "gt"]),
        ("some x in input.l; y := lower(input.m); x == y", ["lower", "scan", "equal"]),
        ('q; input.m == "GET"', ["equal", "q"]),
        ("input.l[i] == 3; i == 2", ["scan", "equal", "equal"]),
        ("f(q, input.m)", ["q", "f"]),
        (
            "x := count([y | some y in input.l]); some z in input.l; z == x",
            ["scan", "count", "scan"],
        ),
    ],
)
def test_what_can_be_asked_at_once_is_asked_first(body: str, want: list[str]) -> None:
    text = f"package t\nq if input.q\nf(a, b) if a == b\np if {{ {body} }}"
    assert [kind for kind in kinds(text) if kind in {*want, "scan"}][: len(want)] == want


def test_an_index_that_is_given_makes_a_lookup_of_a_scan() -> None:
    assert depth("package t\np if { input.l[i] = 3; i = 2 }") == 0


def test_elements_that_make_no_difference_are_not_asked_again() -> None:
    text = 'package t\np if { input.l[_] == "a"; input.m[_] == "b"; input.n[_] == "c" }'
    assert depth(text) == 1


def test_elements_that_a_later_expression_needs_are() -> None:
    assert depth("package t\np if { some x in input.l; some y in input.m; x < y }") == 2


def test_an_array_has_an_item_for_each_way_its_body_holds() -> None:
    text = "package t\np := [1 | input.l[_]; input.m[_]]"
    assert depth(text) == 2
    assert ask(text, "x = data.t.p", {"l": [1, 2], "m": [1, 2, 3]}) == [{"x": [1] * 6}]


def test_a_query_answers_for_each_way_it_holds() -> None:
    assert ask("package t", "input.l[_] > 1; input.m[_]", {"l": [1, 2, 3], "m": [0, 5]}) == [{}] * 4


def test_a_builtin_of_a_plugin_is_called_for_each_element(probe: Probe, registry: Registry) -> None:
    text = "package t\np if { some x in [1, 2, 3]; test.seen(x); input.a }"
    ask(text, "x = data.t.p", {"a": 1}, registry=registry)
    assert probe.calls == [1]  # the rule has its value
    probe.calls.clear()
    text = "package t\np contains 1 if { some x in [1, 2, 3]; test.seen(x); input.a }"
    ask(text, "x = data.t.p", {"a": 1}, registry=registry)
    assert sorted(probe.calls) == [1, 2, 3]


@pytest.mark.parametrize("call", ["test.seen(1)", "seen", "data.t.seen", "f(1)"])
def test_nothing_is_moved_past_a_builtin_of_a_plugin(
    probe: Probe, registry: Registry, call: str
) -> None:
    text = f"package t\nseen if test.seen(1)\nf(x) if seen\np if {{ {call}; input.no == 1 }}"
    assert ask(text, "x = data.t.p", {"no": 2}, registry=registry) == []
    assert probe.calls == [1]


def test_what_prints_is_not_moved(registry: Registry) -> None:
    text = 'package t\np if { some x in input.l; print("x", x); input.m == 1 }'
    policy = plan(text, "x = data.t.p", registry=registry)
    (func,) = policy.funcs
    found = [type(stmt).__name__ for stmt in walk.statements(func.blocks)]
    assert found.index("ScanStmt") < found.index("EqualStmt")
