"""Paths of the Data API: which query answers them, and that they never make a new one."""

from __future__ import annotations

import pytest

from regolive.server.paths import Route, Rules, follow, reference
from regolive.values import UNDEFINED, RegoSet

RULES = Rules(
    rules=[("a", "b", "allow"), ("a", "b", "part"), ("a", "b", "part", "deep", "er")],
    functions=[("a", "b", "f")],
    left_out={("broken",): "it crashed"},
)


@pytest.mark.parametrize(
    ("path", "query", "rest"),
    [
        ((), (), ()),
        (("a",), ("a",), ()),
        (("a", "b"), ("a", "b"), ()),
        (("a", "b", "allow"), ("a", "b", "allow"), ()),
        (("a", "b", "allow", "x", "1"), ("a", "b", "allow"), ("x", "1")),
        (("a", "b", "part", "deep"), ("a", "b", "part", "deep"), ()),
        (("a", "b", "part", "deep", "er", "x"), ("a", "b", "part", "deep", "er"), ("x",)),
        (("a", "b", "part", "other"), ("a", "b", "part"), ("other",)),
        (("a", "b", "unknown"), None, ("a", "b", "unknown")),
        (("nowhere",), None, ("nowhere",)),
    ],
)
def test_a_path_is_answered_by_the_longest_rule_that_leads_to_it(path, query, rest):
    assert RULES.route(path) == Route(query, rest)


def test_without_rules_everything_is_a_base_document():
    assert Rules().route(()) == Route(None, ())
    assert Rules().route(("x",)) == Route(None, ("x",))


def test_queries_are_bounded_by_the_policy_whatever_is_asked():
    asked = {RULES.route(("a", "b", "allow", str(n))).query for n in range(1000)}
    asked |= {RULES.route((str(n), "allow")).query for n in range(1000)}
    assert asked == {("a", "b", "allow"), None}
    assert len(RULES) == 7


def test_functions_and_what_was_left_out_are_refused():
    assert "function data.a.b.f used as reference, not called" in str(
        RULES.refusal(("a", "b", "f", "x"))
    )
    assert str(RULES.refusal(("broken", "x"))) == "data.broken is not served: it crashed"
    assert RULES.refusal(("a", "b", "other")) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "data"),
        (("a", "b_1"), "data.a.b_1"),
        (("we ird", 'qu"ote', "if"), 'data["we ird"]["qu\\"ote"].if'),
        (("0", ""), 'data["0"][""]'),
    ],
)
def test_a_path_as_a_reference(path, text):
    assert reference(path) == text


@pytest.mark.parametrize(
    ("value", "rest", "found"),
    [
        ({"a": [10, {"b": 1}]}, ("a", "1", "b"), 1),
        ({"a": [10]}, ("a", "-1"), UNDEFINED),
        ({"a": [10]}, ("a", "1"), UNDEFINED),
        ({"a": [10]}, ("a", "x"), UNDEFINED),
        ({"5": "five"}, ("5",), "five"),
        ({5: "number"}, ("5",), "number"),
        (RegoSet([1, "x"]), ("1",), 1),
        (RegoSet([1, "x"]), ("x",), "x"),
        ("text", ("0",), UNDEFINED),
        (None, ("a",), UNDEFINED),
        ({"a": 1}, (), {"a": 1}),
        ([1], ("9" * 5000,), UNDEFINED),
    ],
)
def test_following_a_path_into_a_value(value, rest, found):
    assert follow(value, rest) == found
