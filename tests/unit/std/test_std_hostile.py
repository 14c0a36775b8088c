"""Hostile input: generated calls end well, and what loops over a user's input can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.hostile.calls import make
from tests.hostile.judge import Judge

from regolive.codegen.frame import Frame
from regolive.errors import BuiltinError, CancelledError, EvalError
from regolive.values import RegoSet, format_number, parse_number, to_json

# Those that wait for somebody else take the time they wait.
_WAITING = ("http.send", "net.lookup_ip_addr")
_CALLS = 3_000


@pytest.fixture(scope="module")
def judge() -> Judge:
    """Makes calls, and says what is wrong with how they ended."""
    return Judge()


@pytest.mark.parametrize("part", range(10))
def test_hostile_calls_end_in_a_value_undefined_or_an_error(judge: Judge, part: int) -> None:
    names = sorted(judge.builtins.keys() - set(_WAITING))
    found = []
    for number in range(part, _CALLS, 10):
        call = make(judge.builtins, names, 0, number)
        outcome = judge(call)
        if outcome.kind == "bad":
            found.append(f"{call}: {outcome.why}")
    assert not found


def test_a_call_can_be_made_again_from_its_number(judge: Judge) -> None:
    names = sorted(judge.builtins)
    for number in range(0, 400, 7):
        made, again = (make(judge.builtins, names, 5, number) for _ in range(2))
        assert str(made) == str(again)


_MANY = [str(n) for n in range(3_000)]
_DENSE = {str(n): [str(m) for m in range(12) if m != n] for n in range(12)}
_YAML = "\n".join(f"- {n}" for n in range(3_000))

LOOPING: dict[str, tuple[Any, ...]] = {
    "graph.reachable": ({str(n): [str(n + 1)] for n in range(3_000)}, ["0"]),
    "graph.reachable_paths": (_DENSE, ["0"]),
    "graphql.parse_query": ("{ " + "a " * 3_000 + "}",),
    "graphql.is_valid": ("{ " + "a " * 3_000 + "}", "type Query { a: Int }"),
    "json.patch": ([], [{"op": "add", "path": "/-", "value": 1}] * 3_000),
    "net.cidr_contains_matches": (["10.0.0.0/8"] * 100, ["10.0.0.1"] * 100),
    "net.cidr_expand": ("10.0.0.0/12",),
    "numbers.range": (1, 1_000_000),
    "numbers.range_step": (1, 10_000_000, 2),
    "regex.find_all_string_submatch_n": ("(a)", "a" * 3_000, -1),
    "regex.find_n": ("a", "a" * 3_000, -1),
    "regex.globs_match": ("[a-z]*" * 30, "[a-z]+" * 30),
    "regex.replace": ("a" * 3_000, "a", "b"),
    "regex.split": ("a", "a" * 3_000),
    "strings.any_prefix_match": (_MANY, ["x"]),
    "strings.any_suffix_match": (_MANY, ["x"]),
    "strings.render_template": ("{{range .a}}{{.}}{{end}}", {"a": _MANY}),
    "walk": (_MANY,),
    "yaml.is_valid": (_YAML,),
    "yaml.unmarshal": (_YAML,),
}


@pytest.mark.parametrize("name", sorted(LOOPING))
def test_what_loops_over_input_ends_with_the_query(
    call: Any, cancelled: Callable[[], Frame], name: str
) -> None:
    with pytest.raises(CancelledError, match="cancelled"):
        call(name, *LOOPING[name], frame=cancelled())


@pytest.mark.parametrize(
    ("name", "operands", "text"),
    [
        ("numbers.range", (0, 10**12), "range of more than"),
        ("net.cidr_expand", ("::/0",), "more than"),
        ("units.parse", ("1e999999999",), "exponent too large"),
        ("semver.compare", ("9" * 5000 + ".0.0", "1.0.0"), "operand 1"),
        ("regex.match", ("(" * 1000 + ")" * 1000, ""), "expression nests too deeply"),
        ("bits.lsh", (1, 10**9), "too far"),
    ],
)
def test_what_is_built_has_a_bound(
    call: Any, name: str, operands: tuple[Any, ...], text: str
) -> None:
    with pytest.raises(BuiltinError, match=text):
        call(name, *operands)


def test_too_deep_is_an_error_of_the_query_not_undefined(call: Any) -> None:
    deep: Any = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(EvalError, match="nested too deeply") as caught:
        call("json.marshal", deep, frame=call.frame(strict=False))
    assert not isinstance(caught.value, BuiltinError)


def test_composites_that_are_alike_at_the_top_make_no_slow_set(call: Any) -> None:
    alike = [{"a": [n, {"b": [n]}]} for n in range(20_000)]
    assert len(RegoSet(alike)) == len(alike)


def test_numbers_that_no_memory_holds_are_not_written_out() -> None:
    assert str(to_json(parse_number("1e9999999999"))) == "1E+9999999999"
    assert format_number(10**5000) == "1" + "0" * 5000


def test_a_pattern_nests_by_its_groups_only(call: Any) -> None:
    assert call("regex.match", "(" * 999 + ")" * 999, "")
    assert call("regex.is_valid", "[(]" * 1000 + "\\(" * 1000)
