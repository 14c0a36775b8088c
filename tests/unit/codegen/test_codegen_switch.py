"""Bodies that compare one thing with constants: a switch, whose answers are those of the plan."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planning import ask, compiled, interpreted, plan, run, standard

from regolive.codegen import compile_policy
from regolive.compiler import QUERY_PLAN
from regolive.errors import ConflictError, EvalError
from regolive.ir import nodes as ir
from regolive.values import UNDEFINED, RegoSet

LETTERS = "abcdefghij"


def bodies(pattern: str) -> str:
    """One line for each letter; ``@`` is the letter and ``#`` its number."""
    made = [pattern.replace("@", c).replace("#", str(i)) for i, c in enumerate(LETTERS)]
    return "\n".join(["package t", *made]) + "\n"


def answer(text: str, document: Any, query: str = "x = data.t.p") -> Any:
    rows = ask(text, query, document)
    return rows[0]["x"] if rows else UNDEFINED


def tables(text: str, query: str = "x = data.t.p") -> int:
    """How many switches with a table of functions there are."""
    source = compiled(text, query).source
    return sum(line.startswith("T") and " = {" in line for line in source.splitlines())


COMPLETE = bodies('p := # if input.a == "@"')


@pytest.mark.parametrize(("value", "want"), [("a", 0), ("j", 9), ("z", UNDEFINED), (3, UNDEFINED)])
def test_the_body_of_the_constant_answers(value: Any, want: Any) -> None:
    assert tables(COMPLETE) == 1
    assert answer(COMPLETE, {"a": value}) == want


@pytest.mark.parametrize("document", [{}, {"a": ["a"]}, {"a": {"a": 1}}, {"a": None}, 7, UNDEFINED])
def test_and_nothing_where_there_is_no_such_constant(document: Any) -> None:
    assert answer(COMPLETE, document) is UNDEFINED
    assert answer(COMPLETE + "default p := 55", document) == 55


def test_the_function_does_not_grow_with_the_number_of_bodies() -> None:
    def lines(count: int) -> int:
        text = "package t\n" + "\n".join(f'p := {i} if input.a == "{i}"' for i in range(count))
        source = compiled(text, "x = data.t.p").source
        function = source.split("\ndef data_t_p(")[1].split("\n\n\n")[0]
        return len(function.splitlines())

    assert lines(300) == lines(12)


def test_other_bodies_are_asked_too() -> None:
    text = COMPLETE + "p := 77 if input.b"
    assert answer(text, {"a": "z", "b": 1}) == 77
    with pytest.raises(ConflictError):
        answer(text, {"a": "c", "b": 1})


def test_bodies_of_one_constant_conflict() -> None:
    with pytest.raises(ConflictError):
        answer(COMPLETE + 'p := 77 if input.a == "c"', {"a": "c"})


@pytest.mark.parametrize(
    ("value", "want"),
    [(1, 0), (1.0, 0), (True, 1), ("1", 2), (None, 3), (2.5, 4), (-3, 5), ([1], 6)],
)
def test_constants_are_compared_as_rego_does(value: Any, want: int) -> None:
    constants = ["1", "true", '"1"', "null", "2.5", "-3"]
    lines = [f"p := {i} if input.a == {c}" for i, c in enumerate(constants)]
    text = "\n".join(["package t", *lines, "default p := 6"])
    assert answer(text, {"a": value}) == want


ELSE = (
    'package t\np := 0 if input.a == "a"\n'
    + "\n".join(f'else := {i} if input.a == "{c}"' for i, c in enumerate("bcdefg", 1))
    + '\nelse := 50 if input.b\nelse := 60 if input.a == "a"\nelse := 70 if input.a == "h"\n'
    + "\n".join(f'else := {i} if input.a == "{c}"' for i, c in enumerate("ijklm", 80))
)


@pytest.mark.parametrize(
    ("document", "want"),
    [
        ({"a": "a", "b": 1}, 0),
        ({"a": "d", "b": 1}, 3),
        ({"a": "h", "b": 1}, 50),
        ({"a": "h"}, 70),
        ({"a": "k", "b": 1}, 50),
        ({"a": "k"}, 82),
        ({"a": "z"}, UNDEFINED),
    ],
)
def test_the_order_of_else_is_kept(document: Any, want: Any) -> None:
    assert answer(ELSE, document) == want


def test_chains_of_several_rules() -> None:
    text = ELSE + '\np := 3 if input.a == "d"\nelse := 4 if input.a == "e"\n'
    assert answer(text, {"a": "d"}) == 3
    assert answer(text, {"a": "e"}) == 4


@pytest.mark.parametrize(
    "rule", ['p contains # if input.a == "@"', 'p contains # if "@" == input.a']
)
def test_sets(rule: str) -> None:
    assert tables(bodies(rule)) == 1
    assert answer(bodies(rule), {"a": "c"}) == RegoSet([2])
    assert answer(bodies(rule), {"a": "z"}) == RegoSet()


def test_objects() -> None:
    text = bodies('p[k] := # if { input.a == "@"; k := input.k }')
    assert tables(text) == 1
    assert answer(text, {"a": "c", "k": "x"}) == {"x": 2}


def test_constants_among_a_few() -> None:
    text = bodies('p contains # if input.a in {"@", "x", "y"}')
    assert answer(text, {"a": "c"}) == RegoSet([2])
    assert answer(text, {"a": "x"}) == RegoSet(range(10))


def test_arguments_of_functions() -> None:
    text = bodies('f("@", x) := # + x') + "f(1, x) := x\np := f(input.a, 10)"
    assert tables(text) == 1
    assert answer(text, {"a": "c"}) == 12
    assert answer(text, {"a": 1}) == 10
    assert answer(text, {"a": "z"}) is UNDEFINED


def test_lookups_of_several_steps_and_of_elements() -> None:
    text = bodies('p := # if input.a.b[1].c == "@"')
    assert tables(text) == 1
    assert answer(text, {"a": {"b": [0, {"c": "e"}]}}) == 4
    assert answer(text, {"a": {"b": {1: {"c": "e"}}}}) == 4
    assert answer(text, {"a": {"b": []}}) is UNDEFINED


def test_base_documents() -> None:
    text = bodies('p := # if data.mode == "@"')
    assert tables(text) == 1
    assert ask(text, "x = data.t.p", None, {"mode": "e"}) == [{"x": 4}]


def test_a_second_test_is_a_switch_in_the_switch() -> None:
    lines = [
        f'p contains {m!r} + "" if {{ input.m == "{m}"; input.path[0] == "{c}" }}'.replace("'", '"')
        for m in LETTERS
        for c in LETTERS
    ]
    text = "\n".join(["package t", *(line.replace(' + ""', "") for line in lines)])
    assert tables(text) > len(LETTERS)
    assert answer(text, {"m": "c", "path": ["d"]}) == RegoSet(["c"])
    assert answer(text, {"m": "c", "path": ["z"]}) == RegoSet()


def test_bodies_that_iterate_and_leave_scans() -> None:
    text = bodies('p if { input.a == "@"; some x in input.l; x > #; some y in input.m; y == x }')
    document = {"a": "c", "l": [1, 3, 5], "m": [5]}
    assert answer(text, document) is True
    assert answer(text, {**document, "m": [1]}) is UNDEFINED


def test_inside_a_scan() -> None:
    text = bodies('f("@") := #') + "p := [y | some x in input.l; y := f(x)]"
    assert answer(text, {"l": ["a", "z", "c", "a"]}) == [0, 2, 0]


def test_with_another_input_inside_a_case() -> None:
    text = bodies('p := x if { input.a == "@"; x := q with input.b as # }') + "q := input.b"
    assert answer(text, {"a": "c", "b": 77}) == 2


def test_references_that_are_known_at_run_time() -> None:
    modules = ["package t\np := data.u[input.k].v"]
    modules += [f"package u.{c}\nv := {i}" for i, c in enumerate(LETTERS)]
    assert ask(modules, "x = data.t.p", {"k": "e"}) == [{"x": 4}]
    assert ask(modules, "x = data.t.p", {"k": "zz"}, {"u": {"zz": {"v": 9}}}) == [{"x": 9}]


def test_a_few_cases_are_in_line() -> None:
    text = "package t\n" + "\n".join(f'p := {i} if input.a == "{c}"' for i, c in enumerate("abcde"))
    assert tables(text) == 0
    assert [answer(text, {"a": c}) for c in "abcdez"] == [0, 1, 2, 3, 4, UNDEFINED]


def test_it_does_not_matter_whose_plan_it_is() -> None:
    """Blocks as OPA plans them: each body resets and fills a local, which is then copied."""
    blocks: list[ir.Block] = []
    for number, letter in enumerate(LETTERS):
        blocks.append(
            ir.Block(
                (
                    ir.ResetLocalStmt(3),
                    ir.DotStmt(ir.Local(0), ir.Const("a"), 4),
                    ir.EqualStmt(ir.Local(4), ir.Const(letter)),
                    ir.MakeNumberRefStmt(str(number), 5),
                    ir.AssignVarOnceStmt(ir.Local(5), 3),
                )
            )
        )
        blocks.append(ir.Block((ir.IsDefinedStmt(3), ir.AssignVarOnceStmt(ir.Local(3), 2))))
    blocks.append(ir.Block((ir.ReturnLocalStmt(2),)))
    func = ir.Func("g0.data.t.p", (0, 1), 2, tuple(blocks), ("g0", "t", "p"))
    result = (ir.CallStmt(func.name, (ir.Local(0), ir.Local(1)), 6), ir.ResultSetAddStmt(6))
    policy = ir.Policy((ir.Plan("t/p", (ir.Block(result),)),), (func,))
    assert "T0 = {" in compile_policy(policy, {}).source
    assert run(policy, "t/p", {"a": "c"}, None, standard()) == [2]
    assert run(policy, "t/p", {"a": "z"}, None, standard()) == []


CONSTANTS = st.sampled_from(['"a"', '"b"', '"c"', '"d"', '"e"', "1", "2", "true", "null", "[1]"])
TESTS = st.one_of(
    st.tuples(st.sampled_from(["input.a", "input.b[0]"]), CONSTANTS).map(" == ".join),
    st.lists(CONSTANTS, min_size=1, max_size=3).map(lambda cs: f"input.a in {{{', '.join(cs)}}}"),
    st.sampled_from(["input.c", "not input.c", "some x in input.b; x != 1"]),
)
BODIES = st.tuples(
    st.sampled_from(["0", "1", "input.a"]),
    st.lists(TESTS, min_size=1, max_size=3, unique=True).map("; ".join),
)
VALUES = st.sampled_from(["a", "b", "c", "e", 1, 2.0, True, None, [1], "zz"])


@st.composite
def rules(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(["complete", "set", "else", "function", "default"]))
    made = draw(st.lists(BODIES, min_size=4, max_size=14))
    lines = ["package t"]
    for number, (value, body) in enumerate(made):
        match form:
            case "set":
                lines.append(f"p contains [{number}, {value}] if {{ {body} }}")
            case "else":
                word = "else" if number % 5 else "p"
                lines.append(f"{word} := {value} if {{ {body} }}")
            case "function":
                argument = body.split(" == ")[1].split(";")[0] if " == " in body else "_"
                argument = "_" if argument.startswith("[") else argument
                lines.append(f"f({argument}) := {value} if {{ {body} }}")
            case _:
                lines.append(f"p := {value} if {{ {body} }}")
    if form == "function":
        lines.append("p := f(input.a)")
    if form == "default":
        lines.append('default p := "none"')
    return "\n".join(lines)


@settings(deadline=None, max_examples=60)
@given(rules(), VALUES, VALUES, st.booleans())
def test_answers_are_those_of_the_plan(text: str, a: Any, b: Any, c: bool) -> None:
    document = {"a": a, "b": [b, 1], "c": c}
    policy = plan(text, "x = data.t.p")
    try:
        got: Any = run(policy, QUERY_PLAN, document, None, standard())
    except EvalError as error:
        got = error.code
    try:
        want: Any = interpreted(policy, QUERY_PLAN, document, None, forgiving=False)
    except EvalError as error:
        want = error.code
    assert got == want
