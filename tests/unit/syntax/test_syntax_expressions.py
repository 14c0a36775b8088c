"""Expressions and queries: ``not``, ``some``, ``every``, ``with``, and the imported keywords."""

from __future__ import annotations

import pytest
from tests.syntax_shapes import query, rules, shape

from regolive.errors import PolicyError
from regolive.syntax import parse_query

QUERIES = {
    "x": "x",
    "not x": "not x",
    "x = 1": "(= x 1)",
    "x := 1": "(:= x 1)",
    "[x, 1] = y": "(= array(x 1) y)",
    "x := y, z in xs": "(:= x (in y z xs))",
    "a; b": "a; b",
    "a\nb": "a; b",
    "a # comment\nb": "a; b",
    "a\n; b": "a; b",
    "a\n\n\nb": "a; b",
    "x\n[1]": "x; array(1)",
    "x\n-1": "(- x 1)",
    "some x": "some(x)",
    "some x, y": "some(x y)",
    "some _": "some($0)",
    "some input": "some(input)",
    "some x in xs": "some((in x xs))",
    "some k, v in xs": "some((in k v xs))",
    "some [a, 1] in xs": "some((in array(a 1) xs))",
    "some x in xs with input as 1": "some((in x xs)) with(input 1)",
    "every x in xs { x > 1 }": "every(- x xs | (> x 1))",
    "every k, v in xs { k; v }": "every(k v xs | k; v)",
    "every _ in {1} { true }": "every(- $0 set(1) | true)",
    "every x in xs { x } with input as 1": "every(- x xs | x) with(input 1)",
    "a with input as 1": "a with(input 1)",
    "a with input.x as 1 with data.y as f(2)": (
        'a with(ref(input "x") 1) with(ref(data "y") ref(f)(2))'
    ),
    "a with f as g": "a with(f g)",
    "not a with b as c": "not a with(b c)",
    "not {a}": "not set(a)",
    # Where a keyword begins a reference it is a name.
    "if.x": 'ref(if "x")',
    "not.x == 1": '(== ref(not "x") 1)',
    'some["x"]': 'ref(some "x")',
    "not [1]": "not array(1)",
    "x\nin.y": 'x; ref(in "y")',
    "x\nwith.y": 'x; ref(with "y")',
}


@pytest.mark.parametrize(("text", "expected"), QUERIES.items())
def test_queries(text: str, expected: str) -> None:
    assert query(text) == expected


def test_a_query_needs_no_line_break_between_expressions() -> None:
    assert query("a b") == "a; b"


def test_a_query_may_begin_with_imports() -> None:
    body, imports = parse_query("import data.x as y\nimport input.z\ny > z")
    assert len(body) == 1
    assert [item.path.loc.text for item in imports] == ["data.x", "input.z"]
    assert [item.alias for item in imports] == ["y", None]


@pytest.mark.parametrize("text", ["", "# nothing", "a;", "package p", "p if q", "x := "])
def test_what_is_no_query_is_an_error(text: str) -> None:
    with pytest.raises(PolicyError) as error:
        parse_query(text)
    assert error.value.diagnostics[0].code == "rego_parse_error"


def test_queries_are_v1_unless_told() -> None:
    assert shape(parse_query("some x in xs")[0]) == "some((in x xs))"
    # In v0 `in` is a name: these are three expressions.
    assert shape(parse_query("some x in xs", v0_compatible=True)[0]) == "some(x); in; xs"


LOGICAL = {
    "a or b": "(or a b)",
    "a and b": "(and a b)",
    "a or b or c": "(or (or a b) c)",
    "a or b and c": "(or a (and b c))",
    "a and b or c": "(or (and a b) c)",
    "(a or b) and c": "(and (or a b) c)",
    "a or (b or c)": "(or a (or b c))",
    "(a or b)": "(or a b)",
    "((a or b))": "(or a b)",
    "a == 1 and x in xs": "(and (== a 1) (in x xs))",
    "a = 1 or b := 2": "(or (= a 1) (:= b 2))",
    "not a": "not(a)",
    "not a and b": "(and not(a) b)",
    "not (a and b)": "not((and a b))",
    "not (a)": "not(a)",
    "not (a + b) == c": "not((== (+ a b) c))",
    "not {a; b}": "not{a; b}",
    "not {a} and b": "(and not{a} b)",
    "not a with input as 1": "not(a) with(input 1)",
    "(not a)": "not(a)",
    "a or not b": "(or a not(b))",
    "{a; b} or c": "(or {a; b} c)",
    "a or {b}": "(or a {b})",
    "a or {b} and c": "(or a (and {b} c))",
    "({a}) or b": "(or set(a) b)",
    "a or b with input as 1": "(or a b) with(input 1)",
    "a or (b with input as 1)": "(or a b with(input 1))",
    "(a with input as 1) or b": "(or a with(input 1) b)",
    "(a + b) == c or d": "(or (== (+ a b) c) d)",
    "a or\nb": "(or a b)",
    "a\nor b": "(or a b)",
    "and.x or y": '(or ref(and "x") y)',
    "{1} == a": "(== set(1) a)",
    "{x | x or y}": "set(x | (or x y))",
    "and(a, b) or c": "(or ref(and)(a b) c)",
}


@pytest.mark.parametrize(("text", "expected"), LOGICAL.items())
def test_imported_keywords(text: str, expected: str) -> None:
    found = rules(f"import future.keywords\nr if {{\n{text}\n}}")
    assert found == [f"ref(r) if {expected}"]


def test_each_keyword_is_imported_by_itself() -> None:
    assert rules("import future.keywords.or\nr if not a or b") == ["ref(r) if (or not a b)"]
    assert rules("import future.keywords.not\nr if not { a; b }") == ["ref(r) if not{a; b}"]
    assert rules("import future.keywords.and\nr if or.x and or") == [
        'ref(r) if (and ref(or "x") or)'
    ]


REFUSED = {
    "a with input as 1 or b": "`with` modifier is not allowed on operand of `or`",
    "{a: b} or c": "operand of `or` cannot begin with `{` unless the braces hold a body",
    "a or {b: c}": "operand of `or` cannot begin with `{` unless the braces hold a body",
    "not {a, b}": "`{...}` in an operand position must contain expression(s), got: set",
    "not {}": "found empty body",
    "a or {b | c}": (
        "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, "
        "not as a comprehension"
    ),
    "a or print(b)": "operand of `or` cannot consist only of calls to `print`",
    "a or ()": "empty parenthesized group",
    "(a or b": "expected ) to close parenthesized group",
    "not ({a; b})": "`(...)` in an operand position cannot contain a body",
    "some x in y or z": "unexpected or keyword: expected \\n or ; or }",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_operands_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as error:
        rules(f"import future.keywords\nr if {{\n\ttrue\n\t{text}\n}}")
    first = error.value.diagnostics[0]
    assert first.message == message
    assert first.hint
