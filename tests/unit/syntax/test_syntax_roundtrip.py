"""A tree that is printed and read again is the same tree."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.conformance.__main__ import DEFAULT
from tests.fuzz.seeds import conformance_policies, generated_policies, repository_policies
from tests.generate.policies import policy_set
from tests.syntax_shapes import rules, shape
from tests.syntax_trees import modules

from regolive.errors import PolicyError
from regolive.syntax import format_module, format_node, parse_module, parse_query, parse_term
from regolive.syntax import nodes as n
from regolive.syntax.visitor import same


def assert_same(module: n.Module, *, v0_compatible: bool = False) -> None:
    text = format_module(module)
    again = parse_module(text, v0_compatible=v0_compatible)
    assert same(module, again), text
    assert format_module(again) == text


def trees(texts: list[str], *, v0_compatible: bool = False) -> list[n.Module]:
    found = []
    for text in texts:
        try:
            found.append(parse_module(text, v0_compatible=v0_compatible))
        except PolicyError:
            continue
    return found


@pytest.mark.parametrize("text", repository_policies(), ids=lambda text: text.split(None, 2)[1])
def test_policies_of_the_repository(text: str) -> None:
    assert_same(parse_module(text))


def test_generated_policies() -> None:
    texts = [*generated_policies(40), *list(policy_set(40).values())]
    for module in trees(texts):
        assert_same(module)


@pytest.mark.parametrize("v0_compatible", [False, True], ids=["v1", "v0"])
def test_modules_of_the_compliance_cases(v0_compatible: bool) -> None:
    texts = conformance_policies(Path(os.environ.get("REGOLIVE_CONFORMANCE") or DEFAULT))
    if not texts:
        pytest.skip("there is no file of cases: see python -m tests.conformance --help")
    found = trees(list(dict.fromkeys(texts)), v0_compatible=v0_compatible)
    assert len(found) > (500 if v0_compatible else 1300)
    for module in found:
        assert_same(module, v0_compatible=v0_compatible)


@settings(max_examples=250, deadline=None)
@given(modules(logical=False))
def test_any_tree(module: n.Module) -> None:
    assert same(module, parse_module(format_module(module))), format_module(module)


@settings(max_examples=250, deadline=None)
@given(modules(logical=True))
def test_any_tree_with_imported_keywords(module: n.Module) -> None:
    assert same(module, parse_module(format_module(module))), format_module(module)


TRICKY = [
    "p if { (a | b) }",
    "p if { (a | b) == c }",
    "p if { {1} }",
    "p if { x; -1; y }",
    "p := {(a | b)}",
    "p := {(a | b | c)}",
    "p := {a + b | c}",
    'p := {"a": (b | c)}',
    "p := {(a | b): c}",
    "p := [(x | y) | z]",
    "p := [(k, v in xs), 1]",
    "p := f((k, v in xs))",
    "p := a[k, v in xs]",
    "p := (x in y) in z",
    "p := x in (y in z)",
    "p := (a == b) == (c == d)",
    "p := 1 - (2 - 3)",
    "p := 0 - (0 - x)",
    'p := (1 + 2)["if"].x',
    'p := $"{ {1} }\\{x}{$"{y}"}"',
    "p := $`\\{\\\\{x}`",
    "p contains k, v in xs if true",
    "p if not { x }",
    "f(_, _) if { _ } else := _",
    "p if { x } { y }",
    "default p := {x | x}",
    "if.x contains 1",
    "p := 1\nif.some := 2",
]


@pytest.mark.parametrize("text", TRICKY)
def test_what_could_be_read_otherwise(text: str) -> None:
    assert_same(parse_module(f"package p\n{text}\n"))


V0_TRICKY = [
    "p[x] { x }",
    "p[x] = y { x }",
    "p[x]",
    "p.q.r",
    "f(_) { x } { y }",
    "p { x } else = 1 { y } else { z }",
    "import future.keywords.if\np[x] if x",
    "import future.keywords.contains\np.q contains x { x }",
    "import rego.v1\np contains x if x",
]


@pytest.mark.parametrize("text", V0_TRICKY)
def test_v0_is_printed_as_v0(text: str) -> None:
    assert_same(parse_module(f"package p\n{text}\n", v0_compatible=True), v0_compatible=True)


def test_comments_and_blocks_stay_with_what_follows_them() -> None:
    text = """\
# a
#  b

# METADATA
# title: P
package p

# METADATA
# title: R

# no part of the block
p := 1 # behind
 # METADATA
 # no block: not at the margin

# the end
"""
    module = parse_module(text)
    assert_same(module)
    assert format_module(module).startswith("# a\n#  b\n\n# METADATA\n# title: P\npackage p\n")


def test_how_a_module_is_laid_out() -> None:
    text = """\
package a.b["c d"]

import data.x as y
import input.z

default p := false

p if {
	not x with input as {"a": 1}
	every k, v in y {
		k > 1
		v
	}
} else := 2 if {
	z
}

q contains [1, "x"]
"""
    assert format_module(parse_module(text)) == text


def test_nodes_are_printed_by_themselves() -> None:
    module = parse_module("package p.q\nimport data.x as y\nf(a) := [a | some a in y] if true\n")
    (rule,) = module.rules
    assert format_node(module.package) == "package p.q"
    assert format_node(module.imports[0]) == "import data.x as y"
    assert format_node(rule.head) == "f(a) := [a | some a in y]"
    assert format_node(rule) == "f(a) := [a | some a in y] if {\n\ttrue\n}"
    assert format_node(parse_term("1 + (2 * x)")) == "1 + 2 * x"
    (expr,) = parse_query("not x with input as 1")[0]
    assert format_node(expr) == "not x with input as 1"
    assert format_node(expr.withs[0]) == "with input as 1"
    with pytest.raises(TypeError):
        format_node(n.Comment(module.loc, "x"))


def test_trees_are_compared_by_what_they_say() -> None:
    assert same(parse_term("a + b"), parse_term("( a )+b"))
    for one, other in [("a", "b"), ("1", "1.0"), ("f(a)", "f(a, b)"), ("a.b", "a.c"), ("1", '"1"')]:
        assert not same(parse_term(one), parse_term(other))
    deep = "p if x" + " else := 1 if x" * 3000
    assert same(*(parse_module(f"package p\n{deep}") for _ in range(2)))
    assert rules("p := 1") == [shape(parse_module("package p\np := 1").rules[0])]
