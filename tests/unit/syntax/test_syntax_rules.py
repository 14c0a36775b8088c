"""Rules of every form, in Rego v1 and v0, and what modules consist of."""

from __future__ import annotations

import pytest
from tests.syntax_shapes import rules, shape

from regolive.errors import PolicyError
from regolive.syntax import nodes as n
from regolive.syntax import parse_module

V1 = {
    "p := 1": ["ref(p) := 1"],
    "p = 1": ["ref(p) = 1"],
    "p\n:= 1": ["ref(p) := 1"],
    "p if x": ["ref(p) if x"],
    "p if { x }": ["ref(p) if x"],
    "p if\n{\n x\n y }": ["ref(p) if x; y"],
    "p := 1 if x": ["ref(p) := 1 if x"],
    "p if x q := 1": ["ref(p) if x", "ref(q) := 1"],
    "p := 1 q := 2": ["ref(p) := 1", "ref(q) := 2"],
    "p contains x if x": ["ref(p) contains x if x"],
    "p contains 1": ["ref(p) contains 1"],
    "p contains k, v in xs": ["ref(p) contains (in k v xs)"],
    "p.q contains 1": ['ref(p "q") contains 1'],
    "p[x] := y if x": ["ref(p x) := y if x"],
    "p[x] if x": ["ref(p x) if x"],
    'p["a"] := 1': ['ref(p "a") := 1'],
    "p[1] = 2": ["ref(p 1) = 2"],
    "p [x] := 1 if x": ["ref(p x) := 1 if x"],
    "p.q.r := 1": ['ref(p "q" "r") := 1'],
    "p.q[x].r := 1 if x": ['ref(p "q" x "r") := 1 if x'],
    "p[x].r contains y if x": ['ref(p x "r") contains y if x'],
    "f(x) := x": ["ref(f)(x) := x"],
    "f(x)": ["ref(f)(x)"],
    "f(x) if x": ["ref(f)(x) if x"],
    "f(1, [x], _) := 2 if x": ["ref(f)(1 array(x) $0) := 2 if x"],
    "a.f(x) := x": ['ref(a "f")(x) := x'],
    "f (x) if x": ["ref(f)(x) if x"],
    "default p := 1": ["default ref(p) := 1"],
    "default p = 1": ["default ref(p) = 1"],
    "default p": ["default ref(p)"],
    "default p.q := [1, {2}]": ['default ref(p "q") := array(1 set(2))'],
    "default p := {x | x}": ["default ref(p) := set(x | x)"],
    "default f(_, x) := 1": ["default ref(f)($0 x) := 1"],
    "p if x else := 2": ["ref(p) if x else ref(p) := 2"],
    "p := 1 if x else := 2 if y else if z": [
        "ref(p) := 1 if x else ref(p) := 2 if y else ref(p) if z"
    ],
    "p if x else = 2 if { y }": ["ref(p) if x else ref(p) = 2 if y"],
    "f(x) if x else := 2": ["ref(f)(x) if x else ref(f)(x) := 2"],
    "p if { x } { y }": ["ref(p) if x", "ref(p) if y"],
    "p if { x }\n{ y }\n{ z }": ["ref(p) if x", "ref(p) if y", "ref(p) if z"],
    # Names that are keywords where no reference begins with them.
    "if.x := 1": ['ref(if "x") := 1'],
    'not["x"] := 1': ['ref(not "x") := 1'],
    "default.x := 1": ['ref(default "x") := 1'],
    "default default.x := 1": ['default ref(default "x") := 1'],
    "import.x := 1": ['ref(import "x") := 1'],
    "p := 1\nif.x := 2": ["ref(p) := 1", 'ref(if "x") := 2'],
    "p if x\nelse.y := 2": ["ref(p) if x", 'ref(else "y") := 2'],
    "p if x\nin.y := 2": ["ref(p) if x", 'ref(in "y") := 2'],
    "_ := 1": ["ref($0) := 1"],
}

# Braces behind `if`: a body, unless an expression begins with them.
BRACES = {
    "p if {x}": "x",
    "p if {1; 2}": "1; 2",
    "p if { {1} }": "set(1)",
    "p if {}": "object()",
    "p if {a: b}": "object(a b)",
    "p if {a | b}": "set(a | b)",
    "p if {a: b | c}": "object(a b | c)",
    "p if {1, 2} & x": "(& set(1 2) x)",
    "p if {1} == x": "(== set(1) x)",
    "p if {1}.x": 'ref(set(1) "x")',
    "p if {x} = y": "(= set(x) y)",
    "p if {x} in y": "(in set(x) y)",
    "p if not {x}": "not set(x)",
    "p if { x := a | b }": "(:= x (| a b))",
    "p if { x; {y | z} }": "x; set(y | z)",
    "p if set()": "set()",
    "p if every x in y { x }": "every(- x y | x)",
}

V0 = {
    "p { x }": ["ref(p) if x"],
    "p = 1 { x }": ["ref(p) = 1 if x"],
    "p := 1 { x; y }": ["ref(p) := 1 if x; y"],
    "p { x } { y }": ["ref(p) if x", "ref(p) if y"],
    "p[x] { x }": ["ref(p) contains x if x"],
    'p["a"] { x }': ['ref(p) contains "a" if x'],
    "p.q { x }": ['ref(p) contains "q" if x'],
    "p[x]": ["ref(p) contains x"],
    "p[x] = y { x }": ["ref(p x) = y if x"],
    "p[x] = 1": ["ref(p x) = 1"],
    "p.q[x] { x }": ['ref(p "q" x) if x'],
    "p.q.r": ['ref(p "q" "r")'],
    "f(x) { x }": ["ref(f)(x) if x"],
    "f(x) = y { y = x } { y = 1 }": ["ref(f)(x) = y if (= y x)", "ref(f)(x) = y if (= y 1)"],
    "f(_) { a } { b }": ["ref(f)($0) if a", "ref(f)($1) if b"],
    "p { x } else = 2 { y } else { z }": ["ref(p) if x else ref(p) = 2 if y else ref(p) if z"],
    "f(_) { a } else = 1": ["ref(f)($0) if a else ref(f)($1) = 1"],
    "if := 1": ["ref(if) := 1"],
    "p { in; every }": ["ref(p) if in; every"],
    "import future.keywords.in\np { x in xs }": ["ref(p) if (in x xs)"],
    "import future.keywords.every\np { every x in xs { x } }": ["ref(p) if every(- x xs | x)"],
    "import future.keywords.if\np[x] if x": ["ref(p x) if x"],
    "import future.keywords.contains\np contains x { x }": ["ref(p) contains x if x"],
    "import future.keywords\np contains x if x": ["ref(p) contains x if x"],
    "import rego.v1\np contains x if x in xs": ["ref(p) contains x if (in x xs)"],
    "in := 1\nimport future.keywords.in\np { 1 in x }": ["ref(in) := 1", "ref(p) if (in 1 x)"],
}


@pytest.mark.parametrize(("text", "expected"), V1.items())
def test_rules(text: str, expected: list[str]) -> None:
    assert rules(text) == expected


@pytest.mark.parametrize(("text", "body"), BRACES.items())
def test_braces_behind_if(text: str, body: str) -> None:
    assert rules(text) == [f"ref(p) if {body}"]


@pytest.mark.parametrize(("text", "expected"), V0.items())
def test_rules_in_v0(text: str, expected: list[str]) -> None:
    assert rules(text, v0=True) == expected


@pytest.mark.parametrize("text", ["p { x }", "p[x] { x }", "p[x]", "p if x else { y }"])
def test_v0_forms_are_refused_in_v1(text: str) -> None:
    for module in (f"package p\n{text}", f"package p\nimport rego.v1\n{text}"):
        with pytest.raises(PolicyError):
            parse_module(module)


def test_importing_v1_makes_a_module_one() -> None:
    text = "package p\nimport rego.v1\np if x"
    assert parse_module(text, v0_compatible=True).rego_version == 1
    assert parse_module("package p", v0_compatible=True).rego_version == 0
    assert parse_module("package p").rego_version == 1
    with pytest.raises(PolicyError, match="`if` keyword is required before rule body"):
        parse_module("package p\np { x }\nimport rego.v1", v0_compatible=True)


def test_what_is_not_written_is_marked() -> None:
    module = parse_module("package p\na if x\nb := 1\nc contains 1\nd if x else := 2\n")
    a, b, c, d = module.rules
    assert (a.head.generated_value, a.generated_body) == (True, False)
    assert (b.head.generated_value, b.generated_body) == (False, True)
    assert shape(b.body) == "true"
    assert c.head.value is None
    assert d.else_ is not None
    assert d.else_.generated_body


def test_package_and_imports() -> None:
    module = parse_module(
        'package a.b["c d"].if\nimport data.x\nimport data["y z"] as w\nimport input\np := 1\n'
        "import rego.v1\nimport future.keywords.in\n"
    )
    assert module.package.names == ("a", "b", "c d", "if")
    paths = [(shape(i.path), i.alias) for i in module.imports]
    assert paths == [
        ('ref(data "x")', None),
        ('ref(data "y z")', "w"),
        ("ref(input)", None),
        ('ref(rego "v1")', None),
        ('ref(future "keywords" "in")', None),
    ]
    assert len(module.rules) == 1


def test_comments_are_kept_in_their_order() -> None:
    module = parse_module("# a\npackage p # b\r\n\np if {\n\t#c\n\tx\n}\n#")
    assert [c.text for c in module.comments] == [" a", " b", "c", ""]
    assert [c.loc.row for c in module.comments] == [1, 2, 5, 8]


def test_line_breaks_of_windows_and_a_mark_at_the_beginning() -> None:
    module = parse_module("\ufeffpackage p\r\n\r\np := 1\r\n")
    assert shape(module.rules[0]) == "ref(p) := 1"
    assert module.rules[0].loc.row == 3


def test_long_chains_of_else_are_no_matter() -> None:
    module = parse_module("package p\np := 0 if x" + " else := 1 if y" * 5000)
    links = 0
    rule: n.Rule | None = module.rules[0]
    while rule is not None:
        links, rule = links + 1, rule.else_
    assert links == 5001


def test_capabilities_forbid_features() -> None:
    everything = {"rego_v1", "keywords_in_refs", "template_strings"}
    for missing, text, said in (
        ("rego_v1", "p := 1", "rego_v1 feature required"),
        ("keywords_in_refs", "p := a.if", "expected identifier"),
        ("template_strings", 'p := $"{x}"', "template strings are not supported"),
    ):
        parse_module(f"package p\n{text}", features=everything)
        with pytest.raises(PolicyError, match=said):
            parse_module(f"package p\n{text}", features=everything - {missing})
    parse_module("package p\nimport future.keywords.or", future_keywords=["or"])
    with pytest.raises(PolicyError, match="unexpected keyword, must be one of"):
        parse_module("package p\nimport future.keywords.or", future_keywords=["and"])


def test_a_call_of_a_builtin_is_no_rule() -> None:
    assert rules("f(x)") == ["ref(f)(x)"]
    with pytest.raises(PolicyError, match="rule name conflicts with built-in function"):
        parse_module('package p\nprint("x")', builtins={"print"})
    with pytest.raises(PolicyError, match="rule name conflicts with built-in function"):
        parse_module("package p\nio.jwt.decode(x)", builtins={"io.jwt.decode"})
