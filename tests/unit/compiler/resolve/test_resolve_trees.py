"""What bodies become: declared variables renamed, calls and nested references as statements."""

from __future__ import annotations

import pytest
from tests.resolving import check_resolved, resolve_set, resolve_text, written

from regolive.syntax import nodes as n

FUNCTIONS = "f(x) := x\ng(x, y) := [x, y]\nr := 7\n"


def body_of(text: str) -> str:
    """The body of ``q if {...}`` as it is resolved; variables by the policy's names, ``__localN__``
    numbered anew."""
    module = resolve_text(f"{FUNCTIONS}q if {{ {text} }}")
    check_resolved(module)
    return _numbered(written(module.rules[-1].body, module.names))


def _numbered(text: str) -> str:
    import re

    numbers: dict[str, str] = {}
    return re.sub(
        r"__local\d+__", lambda m: numbers.setdefault(m.group(), f"#{len(numbers)}"), text
    )


BODIES = [
    # Calls come before the statement they stand in.
    ("x := f(1)", "data.p.f(1, x)"),
    ("x = f(1)", "data.p.f(1, #0); eq(x, #0)"),
    ("f(f(1)) == 2", "data.p.f(1, #0); data.p.f(#0, #1); equal(#1, 2)"),
    ("[f(1)]", "data.p.f(1, #0); [#0]"),
    ("input.a[f(1)].b", "data.p.f(1, #0); input.a[#0].b"),
    ("f(1).a", "data.p.f(1, #0); #0.a"),
    ("x := 1 + 2 * 3", "mul(2, 3, #0); plus(1, #0, x)"),
    ("f(1, 2)", "data.p.f(1, 2)"),
    ("g(1, 2, [x, y])", "data.p.g(1, 2, [x, y])"),
    # References inside of others do too, and where they bind variables.
    ("input.a[input.b]", "eq(#0, input.b); input.a[#0]"),
    ("input.a[r]", "eq(#0, data.p.r); input.a[#0]"),
    ("f(input.a)", "data.p.f(input.a)"),
    ("f(input.a[i])", "eq(#0, input.a[i]); data.p.f(#0)"),
    ("[input.a[i], x] = input", "eq(#0, input.a[i]); eq([#0, x], input)"),
    ("x := {input.a: [input.b]}", "eq(x, {input.a: [input.b]})"),
    ("{1, 2}[x]", "eq(#0, {1, 2}); #0[x]"),
    # Under not everything that may be undefined, as OPA does.
    ("not input.a", "not input.a"),
    ("not input.a == 1", "not equal(input.a, 1)"),
    ("not input.a > 1", "eq(#0, input.a); not gt(#0, 1)"),
    ("not f(input)", "eq(#0, input); not data.p.f(#0)"),
    ("not f(r)", "eq(#0, data.p.r); not data.p.f(#0)"),
    ("not input.a == [input.b]", "eq(#0, input.b); not equal(input.a, [#0])"),
    ("not f(f(1)) == 2", "data.p.f(1, #0); data.p.f(#0, #1); not equal(#1, 2)"),
    # Declarations.
    ("[x, {1: y}] := input; x; y", "eq([x, {1: y}], input); x; y"),
    ("some x, y; x = 1; y = x", "eq(x, 1); eq(y, x)"),
    ("some x in input.a; x", "eq(x, input.a[#0]); x"),
    ("some k, v in input.a; k; v", "eq(v, input.a[k]); k; v"),
    ("some [x, 1] in [input.a]; x", "eq(#0, [input.a]); eq([x, 1], #0[#1]); x"),
    ("some x in f(1); x", "data.p.f(1, #0); eq(x, #0[#1]); x"),
    ('some "a", x in input.b; x', "eq(x, input.b.a); x"),
    ("x = 1; some x in [x]", "eq(x, 1); eq(#0, [x]); eq(x, #0[#1])"),
    # A name means what it means outside until it is declared.
    ("x := 1; y := [x | x := 2]; y", "eq(x, 1); eq(y, [x | eq(x, 2)]); y"),
    ("r := 1; r", "eq(r, 1); r"),
    ("r; [r | r := 1]", "data.p.r; [r | eq(r, 1)]"),
    # with.
    ("f(1) with input as f(2)", "data.p.f(2, #0); data.p.f(1) with input as #0"),
    (
        "f(f(1)) with input.a as input.b",
        "eq(#0, input.b); data.p.f(1, #1) with input.a as #0; data.p.f(#1) with input.a as #0",
    ),
    ("f(1) with f as count", "data.p.f(1) with data.p.f as count"),
    ("count([]) with count as f", "count([]) with count as data.p.f"),
    ("f(1) with f as r", "data.p.f(1) with data.p.f as data.p.r"),
    ("f(1) with f as data.other", "eq(#0, data.other); data.p.f(1) with data.p.f as #0"),
    ("x := f(1) with r as 2", "data.p.f(1, x) with data.p.r as 2"),
    ("f(1) with input[input.a] as 1", "eq(#0, input.a); data.p.f(1) with input[#0] as 1"),
    # Statements with bodies.
    ("every x in [1] { x > 0 }", "eq(#0, [1]); every x in #0 {gt(x, 0)}"),
    ("every k, v in input { k; v }", "eq(#0, input); every k, v in #0 {k; v}"),
    ("every _ in input { true }", "eq(#0, input); every _ in #0 {true}"),
    # print and template strings evaluate their parts apart.
    ('print("a", 1)', 'internal.print([{"a"}, {1}])'),
    ("x := 1; print(x, input.a)", "eq(x, 1); internal.print([{x}, {#0 | eq(#0, input.a)}])"),
    ("print(f(1)) with input as 1", "internal.print([{#0 | data.p.f(1, #0)}])"),
    (
        '$"a{input.b}c{1}"',
        'internal.template_string(["a", {#0 | eq(#0, input.b)}, "c", 1], #1); #1',
    ),
    # Membership.
    ("1 in [2]", "internal.member_2(1, [2])"),
    ("x := 1, 2 in [3]", "internal.member_3(1, 2, [3], x)"),
]


@pytest.mark.parametrize(("text", "expected"), BODIES)
def test_bodies(text: str, expected: str) -> None:
    assert body_of(text) == expected


ORDERS = [
    # What binds comes before what needs, and else the order is the policy's.
    ("x > 1; x = 2", "eq(x, 2); gt(x, 1)"),
    ("not x; x = 1", "eq(x, 1); not x"),
    ("z > y; y = x; x = 1; z = 2", "eq(x, 1); eq(z, 2); eq(y, x); gt(z, y)"),
    ("y = [x | x = z]; z = 2", "eq(z, 2); eq(y, [x | eq(x, z)])"),
    ("every a in [1] { a = z }; z = 2", "eq(#0, [1]); eq(z, 2); every a in #0 {eq(a, z)}"),
    ("input.a with input.b as y; y = 3", "eq(y, 3); input.a with input.b as y"),
    ("[x, [y]] = [1, z]; z = input", "eq(z, input); eq([x, [y]], [1, z])"),
    ("[x, y] = [y, 1]", "eq([x, y], [y, 1])"),
    ('{"a": x, "b": 1} = {"a": 2, "b": y}', 'eq({"a": x, "b": 1}, {"a": 2, "b": y})'),
    ("{k: x} = input; k = 1", "eq(k, 1); eq({k: x}, input)"),
    ("x = [y, z]; x = input", "eq(x, input); eq(x, [y, z])"),
    ("x = [y, z]; y = 1; z = 2", "eq(y, 1); eq(z, 2); eq(x, [y, z])"),
    # What only one side of a comparison binds makes it a unification.
    ("x == input.a[x]", "eq(x, input.a[x])"),
    # A composite step that binds is any step, which is then unified with it.
    ("input.a[[x, 1]]; x", "input.a[#0]; eq([x, 1], #0); x"),
    ("x = 1; input.a[[x, 1]]", "eq(x, 1); input.a[[x, 1]]"),
]


@pytest.mark.parametrize(("text", "expected"), ORDERS)
def test_order(text: str, expected: str) -> None:
    assert body_of(text) == expected


RULES = [
    ("q := input.a", "data.p.q = #0 if eq(#0, input.a)"),
    ("q := [1, x] if x := 2", "data.p.q = [1, x] if eq(x, 2)"),
    ("q := [input.a, x] if x := 2", "data.p.q = #0 if eq(x, 2); eq(#0, [input.a, x])"),
    ("q := count([1])", "data.p.q = #0 if count([1], #0)"),
    ("q contains input.a", "data.p.q contains #0 if eq(#0, input.a)"),
    ("q[input.a].b := 1", "data.p.q[#0].b = 1 if eq(#0, input.a)"),
    ("q[[1]] := 1", "data.p.q[#0] = 1 if eq(#0, [1])"),
    ("q.a.b := 1", "data.p.q.a.b = 1 if true"),
    ("q := 1 if { true } else := input.a", "data.p.q = 1 if true else = #0 if eq(#0, input.a)"),
    ("f([x, _]) := x", "data.p.f([x, _]) = x if true"),
    (
        'f($"{input.a}") := 1',
        "data.p.f(#0) = 1 if internal.template_string([{#1 | eq(#1, input.a)}], #2); eq(#0, #2)",
    ),
    ("f([x | x = input.a]) := 1", "data.p.f(#0) = 1 if eq(#0, [x | eq(x, input.a)])"),
    ("default q := 1", "default data.p.q = 1 if true"),
    ("default q := [x | x := 1]", "default data.p.q = #0 if eq(#0, [x | eq(x, 1)])"),
    (
        "q := {x: input.b[x] | x := 1}",
        "data.p.q = #0 if eq(#0, {x: #1 | eq(x, 1); eq(#1, input.b[x])})",
    ),
]


def _rule(rule: n.Rule, names: dict[str, str], chained: bool = False) -> str:
    head = rule.head
    text = "else" if chained else written(head.ref, names)
    if head.args is not None and not chained:
        text += f"({', '.join(written(arg, names) for arg in head.args)})"
    if head.key is not None:
        text += f" contains {written(head.key, names)}"
    if head.value is not None:
        text += f" = {written(head.value, names)}"
    text = ("default " if rule.default else "") + text + f" if {written(rule.body, names)}"
    return text if rule.else_ is None else f"{text} {_rule(rule.else_, names, True)}"


@pytest.mark.parametrize(("text", "expected"), RULES)
def test_rules(text: str, expected: str) -> None:
    module = resolve_text(text)
    check_resolved(module)
    assert _numbered(_rule(module.rules[0], dict(module.names))) == expected


IMPORTS = {
    "import data.lib\nq := lib.x": "eq(#0, data.lib.x)",
    "import data.lib.x as y\nq := y": "eq(#0, data.lib.x)",
    "import input.user\nq := user.name": "eq(#0, input.user.name)",
    "import input as request\nq := request": "eq(#0, input)",
    "import data as everything\nq := everything.x": "eq(#0, data.x)",
    'import data["a b"].c\nq := c': "eq(#0, data.a b.c)",
    # An import hides a rule, a declaration hides both.
    "import data.lib\nlib := 1\nq := lib": "eq(#0, data.lib)",
    "import data.lib\nq := lib if lib := 1": "eq(lib, 1)",
    # A rule hides a builtin.
    "count(x) := 1\nq := count(2)": "data.p.count(2, #0)",
    "plus(x, y) := 1\nq := 1 + 2": "data.p.plus(1, 2, #0)",
}


@pytest.mark.parametrize("text", IMPORTS)
def test_names_that_are_no_variables(text: str) -> None:
    module = resolve_text(text)
    assert _numbered(written(module.rules[-1].body, module.names)) == IMPORTS[text]


def test_variables_have_names_of_their_own_in_a_module() -> None:
    module = resolve_text("q if { x := 1; x }\nr if { x := 2; x }\nf(x) := x")
    assert sorted(module.names.values()) == ["x", "x", "x"]
    assert len(module.names) == 3


def test_names_that_look_like_the_compilers_are_kept_apart() -> None:
    module = resolve_text("q if { __local0__ = 1; x := count([__local0__]); x > __local0__ }")
    check_resolved(module)
    assert "__local0__" not in module.names
    body = written(module.rules[0].body, module.names)
    assert body == "eq(__local0__, 1); count([__local0__], x); gt(x, __local0__)"


def test_references_of_a_rule_are_all_that_it_may_touch() -> None:
    module = resolve_text(
        "f(x) := data.a[x]\n"
        "q := f(1) if { input.a with data.b.c as 1 } else := data.d\n"
        "r if { every x in data.e { x == [y | y := data.p.q][0] } }"
    )
    touched = [[written(ref, module.names) for ref in refs] for refs in module.refs]
    assert touched == [["data.a[x]"], ["data.b.c", "data.p.f", "data.d"], ["data.e", "data.p.q"]]
    assert [written(ref) for ref in module.replaced] == ["data.b.c"]


def test_else_does_not_see_what_the_body_before_declares() -> None:
    resolved, found = resolve_set(
        {"p.rego": "package p\nq := x if { x := 1 } else := 2 if { x := 3; x }\n"}
    )
    assert not found
    check_resolved(resolved[0])
