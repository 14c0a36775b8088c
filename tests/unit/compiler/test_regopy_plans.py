"""Plans that came through regopy mean what the policy says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from regolive.compiler import QUERY_DETAILS_PLAN
from regolive.compiler.regopy_normalise import decode_string
from regolive.compiler.walk import statements
from regolive.errors import FrontEndError
from regolive.ir import nodes as n
from regolive.ir import read_policy, write_policy
from regolive.ir.nodes import Policy

Run = Callable[..., list[Any]]
Compile = Callable[..., Policy]


def all_statements(policy: Policy) -> Iterator[n.Stmt]:
    for func in policy.funcs:
        yield from statements(func.blocks)
    for plan in policy.plans:
        yield from statements(plan.blocks)


# -- strings


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        ("admin", "admin"),
        ('"admin"', "admin"),
        ('\\"admin\\"', '"admin"'),
        ('"\\"admin\\""', '"admin"'),
        ("caf\\u00e9", "café"),
        ('"a\\\\d"', "a\\d"),
        ("a\nb\\n", "a\nb\n"),
        ('""', ""),
        ("", ""),
        ('\\"', '"'),
    ],
)
def test_a_stored_string_is_decoded(stored: str, meant: str) -> None:
    assert decode_string(stored) == meant


def test_a_stored_string_that_is_none_is_an_error() -> None:
    with pytest.raises(FrontEndError, match="a string that is no JSON"):
        decode_string("\\q")


# Every spelling of a string in every place where it can stand.
SPELLINGS = {
    "plain": ('"admin"', "admin"),
    "quotes": (r'"\"admin\""', '"admin"'),
    "quotes raw": ('`"admin"`', '"admin"'),
    "escapes": (r'"caf\u00e9\n\t\\d"', "café\n\t\\d"),
    "raw": (r"`\d+ \n`", r"\d+ \n"),
    "lines": ("`a\nb`", "a\nb"),
    "letters": ('"naïve ✓"', "naïve ✓"),
    "empty": ('""', ""),
    "space": ('"a b"', "a b"),
}
PLACES = {
    "compared": "p if input == {0}",
    "compared the other way": "p if {0} == input",
    "assigned": "p if {{ x := {0}; x == input }}",
    "value of the rule": "p := {0}",
    "in an array": "p := [{0}]",
    "in a set": "p := {{{0}}}",
    "value in an object": 'p := {{"k": {0}}}',
    "key in an object": "p := {{{0}: 1}}",
    "key of a reference": "p := v if {{ o := {{input: 7}}; v := o[{0}] }}",
    "argument": "p := acme.pair({0}, 1)",
    "argument of a known builtin": "p if startswith({0}, input)",
    "argument of a function": "p := f({0})\nf(x) := [x]",
    "pattern of a function": "p := f(input)\nf({0}) := 8",
    "member": "p if input in [{0}]",
    "default": "default p := {0}",
    "value of with": "p := v if {{ v := input.x with input.x as {0} }}",
    "partial set": "p contains {0}",
    "partial object": "p[{0}] := 1",
    "value of else": "p := 1 if false\nelse := {0}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_strings_mean_the_same_wherever_they_stand(run: Run, spelling: str) -> None:
    written, meant = SPELLINGS[spelling]
    expected: dict[str, Any] = {
        "value of the rule": meant,
        "in an array": [meant],
        "in a set": [meant],
        "value in an object": {"k": meant},
        "key in an object": {meant: 1},
        "key of a reference": 7,
        "argument": [meant, 1],
        "argument of a function": [meant],
        "pattern of a function": 8,
        "default": meant,
        "value of with": meant,
        "partial set": [meant],
        "partial object": {meant: 1},
        "value of else": meant,
    }
    packages = [
        f"package p{index}\n" + text.format(written) for index, text in enumerate(PLACES.values())
    ]
    results = run(*packages, query="x := data", input=meant)
    values = results[0]["x"]
    for index, place in enumerate(PLACES):
        assert values[f"p{index}"]["p"] == expected.get(place, True), place


def test_paths_with_quotes_and_backslashes(run: Run) -> None:
    module = (
        "package t\n"
        'p := input["a b"][`c\\d`]["e\\"f"]\n'
        'q := v if v := input["x\\"y"].z with input["x\\"y"].z as 1\n'
        'r := v if v := data.base["a b"] with data.base["a b"] as 2\n'
    )
    result = run(module, query="x := data.t", input={"a b": {"c\\d": {'e"f': 3}}})
    assert result == [{"x": {"p": 3, "q": 1, "r": 2}}]


def test_template_strings(run: Run) -> None:
    module = 'package t\np := $"say \\"{input.x}\\"\\n{acme.double(2)}"\n'
    assert run(module, query="x := data.t.p", input={"x": "hi"}) == [{"x": 'say "hi"\n4'}]


def test_functions_are_named_as_opa_names_them(compile: Compile) -> None:
    policy = compile('package t["a b"]\np.q["c d"].e := 1\n', entry="t")
    func = policy.funcs[0]
    assert func.name == 'g0.data.t["a b"].p.q["c d"].e'
    assert func.path == ("g0", "t", "a b", "p", "q", "c d", "e")


# -- places


def test_rows_and_columns_count_from_one(compile: Compile) -> None:
    policy = compile(
        "package t\n\nallow if {\n\tinput.x\n\tacme.flag(input.y)\n}\n", entry="t/allow"
    )
    assert policy.files[0] == "m0.rego"
    assert policy.sources["m0.rego"].startswith("package t")
    call = next(s for s in all_statements(policy) if getattr(s, "func", "") == "acme.flag")
    assert call.pos == n.Pos(0, 5, 2)


def test_every_statement_of_a_rule_has_a_place(compile: Compile) -> None:
    policy = compile(
        "package t\n\nallow if {\n\tsome x in input.xs\n\tevery y in x { y > 1 }\n}\n",
        entry="t/allow",
    )
    for func in policy.funcs:
        assert all(stmt.pos.row for stmt in statements(func.blocks))


def test_files_of_the_same_name_in_two_folders_are_told_apart(front_end: Any) -> None:
    from regolive.compiler import CompileRequest

    modules = {"a/p.rego": "package a\nx := 1\n", "b/p.rego": "package b\n\nx := data.a.x\n"}
    policy = front_end.compile(CompileRequest(modules, entrypoints=("data.b.x",)))
    by_name = {func.name: func for func in policy.funcs}
    files = [policy.files[by_name[f"g0.data.{p}.x"].blocks[0].stmts[0].pos.file] for p in "ab"]
    assert files == ["a/p.rego", "b/p.rego"]


# -- builtins of plugins, in all positions


@pytest.mark.parametrize(
    "body",
    [
        "acme.flag(input.t)",
        "x := acme.double(2); x == 4",
        "acme.double(2) == 4",
        "not acme.flag(input.f)",
        "not acme.nothing(1)",
        "acme.double(acme.double(1)) == 4",
        "acme.pair(input, data.d) == [input, {}]",
        "acme.zero() == 0",
        "[x | y := [1, 2][_]; x := acme.double(y)] == [2, 4]",
        "{acme.double(y): y | some y in [1]} == {2: 1}",
        "acme.flag(input.q) with input.q as true",
        "acme.double(3) == 9 with acme.double as 9",
        "acme.double(3) == 4 with acme.double as mock",
        "every x in [1, 2] { acme.flag(x) }",
        "some x in acme.pair(1, 2); x == 2",
        "acme.double(2, 4)",
        "acme.double(2, x); x == 4",
        "acme.flag(input.f, x); x == false",
        "not acme.double(2, 5)",
        "f(2) == 4",
    ],
)
def test_builtins_that_regopy_does_not_know(run: Run, body: str) -> None:
    module = f"package t\np if {{ {body} }}\nmock(x) := x + 1\nf(x) := acme.double(x)\n"
    results = run(module, query="data.t.p = x", input={"t": True, "f": False}, data={"d": {}})
    assert results == [{"x": True}]


def test_used_builtins_are_declared_and_others_are_not(compile: Compile) -> None:
    policy = compile("package t\np if { acme.flag(1); 2 in [1] }\n", entry="t/p")
    assert [b.name for b in policy.builtins] == ["acme.flag", "internal.member_2"]


# -- the rest of the language, where regopy's plans were put right


def test_every_over_nothing_is_true(run: Run) -> None:
    module = "package t\np if { every x in input { x > 1 }; acme.flag(true) }\n"
    for value, defined in (([], True), ({}, True), ([2], True), ([1], False), ("a", False)):
        assert bool(run(module, query="data.t.p = x", input=value)) is defined, value


DYNAMIC = """package t

p := data.t[input.x][input.y].z
q := data.t[input.x]
r := data.t.sub[input.y].z
not_r if not data.t.sub[input.y].z
rule := {"b": {"z": 1}}
sub.one := {"z": 2}
sub.two if false
"""


@pytest.mark.parametrize(
    ("rule", "input", "value"),
    [
        ("p", {"x": "rule", "y": "b"}, 1),
        ("p", {"x": "sub", "y": "one"}, 2),
        ("p", {"x": "sub", "y": "two"}, None),
        ("p", {"x": "base", "y": "c"}, 3),
        ("p", {"x": "none", "y": "c"}, None),
        ("p", {"x": ["rule"], "y": "b"}, None),
        ("r", {"y": "one"}, 2),
        ("r", {"y": "three"}, 4),
        ("not_r", {"y": "two"}, True),
        ("not_r", {"y": "none"}, True),
        ("not_r", {"y": "one"}, None),
    ],
)
def test_references_into_rules_by_a_computed_name(
    run: Run, rule: str, input: Any, value: Any
) -> None:
    # (The rule ``q`` would need all others, and with them itself.)
    module = DYNAMIC.replace("q := data.t[input.x]\n", "")
    data = {"t": {"base": {"c": {"z": 3}}, "sub": {"three": {"z": 4}}}}
    expected = [] if value is None else [{"v": value}]
    # The rule itself is called by its name: asking for it must not go the way under test.
    assert run(module, query=f"data.t.{rule} = v", input=input, data=data) == expected


def test_a_package_as_entrypoint_has_each_rule_once(compile: Compile, run: Run) -> None:
    module = "package t\np contains 1\np contains 2\nq := 1\nq := 1 if true\n"
    policy = compile(module, entry="data.t")
    assert [plan.name for plan in policy.plans] == ["t"]
    calls = [s.func for s in statements(policy.plans[0].blocks) if isinstance(s, n.CallStmt)]
    assert calls == ["g0.data.t.p", "g0.data.t.q"]
    result = run(module, entry="t", data={"t": {"base": True}})
    assert result == [{"result": {"p": [1, 2], "q": 1, "base": True}}]


def test_entrypoints_without_rules_are_base_documents(run: Run) -> None:
    assert run(entry="data.a.b", data={"a": {"b": 1}}) == [{"result": 1}]
    assert run(entry="data.a.c", data={"a": {"b": 1}}) == []


def test_a_query_gives_objects_of_bindings(run: Run) -> None:
    module = "package t\np contains x if some x in [1, 2]\n"
    assert run(module, query="data.t.p[x]; y := acme.double(x)") == [
        {"x": 1, "y": 2},
        {"x": 2, "y": 4},
    ]
    assert run(module, query="data.t.p[3]") == []
    assert run(module, query='x = {"expressions": "a", "bindings": "b"}') == [
        {"x": {"expressions": "a", "bindings": "b"}}
    ]


def test_the_details_of_a_query_have_its_expressions_too(run: Run) -> None:
    (result,) = run(query='x := "a"; acme.double(2)', plan=QUERY_DETAILS_PLAN)
    assert result["bindings"] == {"x": "a"}
    assert [e["value"] for e in result["expressions"]] == [True, 4]
    assert result["expressions"][0]["text"].startswith('x := "a"')
    assert result["expressions"][1]["location"] == {"row": 1, "col": 11}


def test_mocked_functions_reach_the_rules_below(run: Run) -> None:
    module = """package t
allow if deep
deep if acme.double(1) == 7
seven(_) := 7
rule := 7
a if allow with acme.double as seven
b if allow with acme.double as 7
c if allow with acme.double as rule
"""
    result = run(module, query="x := data.t")
    assert {k: v for k, v in result[0]["x"].items() if k in "abc"} == {
        "a": True,
        "b": True,
        "c": True,
    }


def test_rules_of_all_kinds(run: Run) -> None:
    module = """package t
default d := false
e := 1 if input.a else := 2 if input.b else := 3
f(1) := "one"
f(x) := "more" if x > 1
n := [1.5, 1e3, -7, 12345678901234567890]
o[k] := v if some k, v in {"a": 1}
pr if { print("hello", input); true }
u := {x | some x in [1, 1]}
w if input.b with input.b as true
z := null
"""
    (result,) = run(module, query="x := data.t", input={"b": 1})
    assert result["x"] == {
        "d": False,
        "e": 2,
        "n": [1.5, 1000, -7, 12345678901234567890],
        "o": {"a": 1},
        "pr": True,
        "u": [1],
        "w": True,
        "z": None,
    }


def test_plans_are_valid_ir(compile: Compile) -> None:
    policy = compile(DYNAMIC.replace("q := data.t[input.x]\n", ""), query="data.t.p = x")
    again = read_policy(write_policy(policy))
    assert (again.plans, again.funcs) == (policy.plans, policy.funcs)
