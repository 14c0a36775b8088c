"""Copies of rules for the worlds that ``with`` makes: as few as make a difference."""

from __future__ import annotations

import pytest
from tests.planning import ask, plan

from regolive.values import RegoSet

POLICY = """package t
p if { q; r }
q if f(input.x) > 3
r if count(input.l) == 2
f(x) := x + 1
g(x) := x + 10
h(x) := count([f(x)])
"""


PLAIN = {f"g0.{name}" for name in ("top", "p", "q", "r", "f")}


def functions(condition: str, text: str = POLICY) -> set[str]:
    text = f"{text}\ntop if {{ {condition} }}"
    return {func.name.replace("data.t.", "") for func in plan(text, "data.t.top").funcs}


def test_other_input_needs_no_copies() -> None:
    assert functions('p with input as {"x": 1}') == PLAIN


def test_other_base_documents_need_none() -> None:
    assert functions("p with data.somewhere.else as 1") == PLAIN


def test_a_mocked_function_copies_what_leads_to_it() -> None:
    assert functions("p with f as 5") == {"g0.top", "g1.p", "g1.q", "g0.r"}


def test_a_mocked_builtin_too() -> None:
    assert functions("p with count as 2") == {"g0.top", "g1.p", "g0.q", "g1.r", "g0.f"}


def test_what_takes_its_place_sees_no_mocks() -> None:
    assert functions("q with f as g") == {"g0.top", "g1.q", "g0.g"}


def test_a_document_in_the_place_of_a_rule() -> None:
    assert functions("p with data.t.r as true") == {"g0.top", "g1.p", "g0.q", "g0.f"}


def test_a_mock_that_nothing_calls_copies_nothing() -> None:
    assert functions("p with time.now_ns as 5") == PLAIN


def test_the_same_mock_twice_is_one_world() -> None:
    assert functions("p with f as 5; not p with f as 5") == {"g0.top", "g1.p", "g1.q", "g0.r"}


def test_values_known_at_run_time_are_handed_on() -> None:
    found = functions("some v in [3, 4, 5]; p with f as v")
    assert found == {"g0.top", "g1.p", "g1.q", "g0.r"}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("p", False),
        ("p with f as 5", True),
        ("p with f as g", True),
        ("p with f as 5 with count as 3", False),
        ("v := 4; q with f as v", True),
        ("v := 3; q with f as v", False),
        ("h(1) == 1", True),
        ("h(1) == 7 with count as 7", True),
        ("h(1) == 1 with f as 3", True),
        ("r with input.l as [1]", False),
        ("r with input as {} with count as 2", False),
        ("r with input.l as {} with count as 2", True),
        ("p with data.t.q as true", True),
        ('data.u.a == 1 with data.u as {"a": 1}', True),
        ('data.u == {"a": 1} with data.u as {"a": 1}', True),
    ],
)
def test_and_the_answers(condition: str, holds: bool) -> None:
    text = f"{POLICY}\ntop if {{ {condition} }}"
    assert bool(ask(text, "data.t.top", {"x": 1, "l": [1, 2]})) is holds


def test_a_package_in_which_a_rule_is_replaced() -> None:
    modules = [
        "package t\np := x if x := data.u with data.u.a as 5",
        "package u\na := 1\nb := a + 1",
    ]
    assert ask(modules, "x = data.t.p") == [{"x": {"a": 5, "b": 6}}]


def test_answers_of_a_with_that_iterates_outlive_it() -> None:
    text = """package t
p contains [x, y, z] if {
	some x, y in input.m with input.m as {"a": 1, "b": 2}
	z := count(input.m)
}"""
    assert ask(text, "x = data.t.p", {"m": [0]}) == [{"x": RegoSet([["a", 1, 1], ["b", 2, 1]])}]
