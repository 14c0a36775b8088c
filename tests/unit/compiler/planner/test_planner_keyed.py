"""Sets and objects of rules that are asked for one key: when they are made whole, and when not."""

from __future__ import annotations

import pytest
from tests.planning import ask, plan

from regolive.errors import ConflictError


def functions(text: str, query: str = "x = data.t.p") -> set[str]:
    return {func.name.removeprefix("g0.data.t.") for func in plan(text, query).funcs}


SET = """package t
s contains "a" if input.a
s contains "b" if input.b
s contains x if { x := input.c }
"""


@pytest.mark.parametrize(
    "condition", ['s["a"]', '"a" in s', "s[input.k]", "input.k in s", 'not s["a"]']
)
def test_a_member_is_asked_for_without_making_the_set(condition: str) -> None:
    assert functions(f"{SET}p if {condition}") == {"p", "s[]"}


@pytest.mark.parametrize(
    ("key", "want"),
    [("a", True), ("b", False), ("z", True), ("q", False), (1, False), (None, False)],
)
def test_and_the_answer_is_the_same(key: object, want: bool) -> None:
    document = {"a": True, "b": False, "c": "z", "k": key}
    assert bool(ask(f"{SET}p if s[input.k]", "data.t.p", document)) is want
    assert bool(ask(f"{SET}p if input.k in s", "data.t.p", document)) is want


@pytest.mark.parametrize(
    "use",
    [
        "count(s) > 1",
        "some x in input.l; s[x]",
        "s[x]; x > 1",
        "f(input.k)",
        "[x | some x in input.l; x in s] != []",
    ],
)
def test_where_many_may_be_asked_for_the_set_is_made_once(use: str) -> None:
    found = functions(f"{SET}f(x) if s[x]\np if {{ {use} }}")
    assert "s" in found
    assert "s[]" not in found


def test_a_set_that_takes_a_scan_is_made_for_the_third_question() -> None:
    text = "package t\ns contains x.name if some x in input.l\n"
    assert functions(text + 'p if { s["a"]; s["b"] }') == {"p", "s[]"}
    assert functions(text + 'p if { s["a"]; s["b"]; s["c"] }') == {"p", "s[]", "s"}


def test_a_member_that_is_a_pattern() -> None:
    text = "package t\ns contains [x, y] if { some x in input.l; y := x * 2 }\n"
    text += "p if s[[2, 4]]\nq if s[[2, 5]]"
    assert ask(text, "data.t.p", {"l": [1, 2]}) == [{}]
    assert ask(text, "data.t.q", {"l": [1, 2]}) == []


def test_false_is_a_member_and_not_true() -> None:
    text = "package t\ns contains false\np if s[false]\nq if false in s\nr := s[false]"
    assert ask(text, "data.t.p") == []
    assert ask(text, "data.t.q") == [{}]
    assert ask(text, "x = data.t.r") == [{"x": False}]


OBJECT = """package t
o[k] := v if some k, v in input.m
o.fixed := 5
"""


@pytest.mark.parametrize(("key", "want"), [("a", [1]), ("fixed", [5]), ("z", [])])
def test_a_value_is_asked_for_without_making_the_object(key: str, want: list[int]) -> None:
    text = f"{OBJECT}p := o[input.k]"
    assert functions(text) == {"p", "o[]"}
    assert ask(text, "x = data.t.p", {"m": {"a": 1}, "k": key}) == [{"x": x} for x in want]


def test_keys_that_are_not_asked_for_do_not_conflict() -> None:
    text = 'package t\no[k] := i if some i, k in ["a", "b", "b"]\np := o.a\nq := o.b'
    assert ask(text, "x = data.t.p") == [{"x": 0}]
    with pytest.raises(ConflictError, match="object keys must be unique"):
        ask(text, "x = data.t.q")


def test_objects_of_deeper_rules_are_made_whole() -> None:
    text = "package t\no[k].x := 1 if some k in input.l\np := o.a"
    assert functions(text) == {"p", "o"}
    assert ask(text, "x = data.t.p", {"l": ["a", "b"]}) == [{"x": {"x": 1}}]


def test_an_entrypoint_may_be_an_element() -> None:
    assert {f.name for f in plan(SET, None, "t/s/a").funcs} == {"g0.data.t.s[]"}


def test_so_is_one_whose_rules_call_what_takes_time() -> None:
    text = 'package t\ns contains "a" if io.jwt.decode(input.token)[1].admin\n'
    assert functions(text + 'p if { s["a"]; s["b"] }') == {"p", "s[]"}
    assert functions(text + 'p if { s["a"]; s["b"]; s["c"] }') == {"p", "s[]", "s"}
