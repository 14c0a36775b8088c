"""What is said of a text that is no policy: OPA's words and places, and what was probably meant."""

from __future__ import annotations

import inspect
import sys
from typing import NamedTuple

import pytest

from regolive.errors import Diagnostic, PolicyError
from regolive.syntax import parse_module, parse_query
from regolive.syntax.parse import MAX_DIAGNOSTICS


def diagnostics(text: str, *, v0: bool = False) -> tuple[Diagnostic, ...]:
    with pytest.raises(PolicyError) as error:
        parse_module(text, "a.rego", v0_compatible=v0)
    return error.value.diagnostics


def place(diagnostic: Diagnostic) -> tuple[int, int]:
    assert diagnostic.location is not None
    return diagnostic.location.row, diagnostic.location.col


class Wrong(NamedTuple):
    """A statement in row 2, and what is said of it: place, message, a part of the hint."""

    text: str
    place: tuple[int, int]
    message: str
    hint: str


V1 = [
    # Forms of v0.
    Wrong("p { x }", (2, 1), "`if` keyword is required before rule body", "`p if { ... }`"),
    Wrong("p = 1 { x }", (2, 1), "`if` keyword is required before rule body", "`p = 1 if {"),
    Wrong("f(x) { x }", (2, 1), "`if` keyword is required before function body", "`f(x) if {"),
    Wrong("p[x] { x }", (2, 1), "`if` keyword is required before rule body", "`p contains x if {"),
    Wrong("p[x]", (2, 1), "`contains` keyword is required for partial set rules",
          "`p contains x`"),
    Wrong("p.x", (2, 1), "`contains` keyword is required for partial set rules", "`p.x := value`"),
    Wrong("p if x else = 2 { y }", (2, 8), "`if` keyword is required before rule body",
          "`else = 2 if {"),
    # Heads.
    Wrong("p", (2, 1), "var cannot be used for rule name", "`p := value`, or `p if condition`"),
    Wrong("p == 1", (2, 1), "rule name conflicts with built-in function", "`p := value`"),
    Wrong("p > 1", (2, 1), "rule name conflicts with built-in function", "body of a rule"),
    Wrong("not p", (2, 1), "negated expressions cannot be used for rule head", "body of a rule"),
    Wrong("some x", (2, 1), "'some' declarations cannot be used for rule head", "body of a rule"),
    Wrong("p with input as 1", (2, 1),
          "expressions using with keyword cannot be used for rule head", "body of a rule"),
    Wrong("p := 1; q := 2", (2, 1), "multiple expressions cannot be used for rule head",
          "on its own line"),
    Wrong("[p] := 1", (2, 1), "array cannot be used for rule name", "expected a rule"),
    Wrong("f(1).x := 1", (2, 1), "invalid rule head: f(1).x", "must be a path"),
    Wrong("p.q.r", (2, 1), "rule must have value assignment and/or body declaration",
          "`p.q.r := value`"),
    Wrong("if := 1", (2, 1), "unexpected if keyword", "is a keyword: use another name"),
    Wrong("contains := 1", (2, 1), "contains keyword cannot be used for rule name", "another name"),
    Wrong("p := 1 else := 2", (2, 8), "unexpected else keyword", "must stand behind a body"),
    Wrong("p contains 1 if x else := 2", (2, 19),
          "else keyword cannot be used on multi-value rules", "a rule for each case"),
    Wrong("p[x] := 1 if x else := 2", (2, 16),
          "else keyword cannot be used on rules with variables in head", "a rule for each case"),
    Wrong("p if x else if", (2, 14), "unexpected eof token: rule body expected", ""),
    Wrong("p if { x } else := 1 { y }\n{ z }", (3, 1), "expected else keyword", "rule of its own"),
    Wrong("f(x) contains 1", (2, 6), "unexpected contains keyword: the contains keyword can only be"
          " used with multi-value rule definitions (e.g., f(x) contains <VALUE> { ... })",
          "a function has one value"),
    Wrong("p := if x", (2, 6), "unexpected if keyword", "between `:=` and `if`"),
    Wrong("p contains x := 1", (2, 14), "unexpected assign token", "elements and no values"),
    Wrong("f (x)", (2, 1), "var cannot be used for rule name", "no space must stand"),
    Wrong("default p := x", (2, 1), "illegal default rule (value cannot contain var)",
          "must be a constant"),
    Wrong("default p := f(1)", (2, 1), "illegal default rule (value cannot contain call)",
          "must be a constant"),
    Wrong("default f(1) := 1", (2, 1), "illegal default rule (arguments cannot contain number)",
          "different names"),
    Wrong("default f(x, x) := 1", (2, 1), "illegal default rule (arguments cannot be repeated x)",
          "different names"),
    Wrong("default p contains 1", (2, 1), "illegal default rule (must have a value)",
          "`default name := false`"),
    Wrong("default p := 1 if x", (2, 16), "unexpected if keyword", "must have no condition"),
    # Bodies.
    Wrong("p if { }\nq if {\n}\nr if { x; }", (5, 11), "unexpected } token", "expected a value"),
    Wrong("p if { x y }", (2, 10), "unexpected identifier token: expected \\n or ; or }",
          "line breaks or `;`"),
    Wrong("p if { f (x) }", (2, 10), "unexpected ( token: expected \\n or ; or }",
          "no space must stand before the `(`"),
    Wrong("p if { x ;; y }", (2, 11), "unexpected ; token", "between two expressions"),
    Wrong("p if { some x := 1 }", (2, 15), "unexpected assign token: expected \\n or ; or }",
          "`some` only declares"),
    Wrong("p if { some 1 }", (2, 13), "unexpected number token: expected var", "`some x`"),
    Wrong("p if { not some x }", (2, 12),
          "unexpected some keyword: illegal negation of 'some'", "rule of its own"),
    Wrong("p if { not not x }", (2, 12), "unexpected not keyword", "whole expression, once"),
    Wrong("p if { every x in xs }", (2, 22), "unexpected } token: missing body", "in braces"),
    Wrong("p if { every 1 in xs { x } }", (2, 22),
          "unexpected { token: expected value to be a variable", "`every x in xs { ... }`"),
    Wrong("p if { x with y.z = 1 }", (2, 19), "unexpected eq token: expected as keyword",
          "`with target as value`"),
    Wrong("p if { x with f(1) as 1 }", (2, 20), "unexpected as keyword: expected with target path",
          "`with input.x as value`"),
    Wrong("p if { x := y := 1 }", (2, 15), "unexpected assign token: expected \\n or ; or }",
          "two expressions"),
    Wrong("p if { if x { y } }", (2, 8), "unexpected if keyword", "no `if` inside"),
    # Terms.
    Wrong("p := [1 2]", (2, 9), 'unexpected number token: expected "," or "]"', "a comma must"),
    Wrong("p := [1, 2", (2, 10), 'unexpected eof token: expected "," or "]"',
          "the `[` in row 2 is not closed"),
    Wrong('p := {"a" = 1}', (2, 11), "unexpected eq token: non-terminated set", "must stand `:`"),
    Wrong('p := {"a": 1, "b"}', (2, 12), "unexpected number token: non-terminated object",
          "goes wrong in row 2, column 18"),
    Wrong("p := a[1", (2, 8), 'unexpected eof token: expected "]"', "the `[` in row 2"),
    Wrong("p := a[1:2]", (2, 9), 'unexpected : token: expected "]"', "`array.slice(xs, from, to)`"),
    Wrong("p := a[]", (2, 8), "unexpected ] token", "`[_]`"),
    Wrong("p := f(x: 1)", (2, 9), 'unexpected : token: expected "," or ")"', "no types"),
    Wrong("p := (1", (2, 7), "non-terminated expression", "the `(` in row 2 is not closed"),
    Wrong("p := [1)", (2, 8), 'unexpected ) token: expected "," or "]"', "the `[` in row 2"),
    Wrong("p := a. b", (2, 8), "unexpected whitespace token: expected identifier", "no space"),
    Wrong("p := a.", (2, 7), "unexpected eof token: expected identifier", "a name must follow"),
    Wrong('p := a."b"', (2, 8), "unexpected string token: expected identifier", '`["b"]`'),
    Wrong("p := a .b", (2, 9), "unexpected identifier token: expected number", "no space"),
    Wrong("p := -(1)", (2, 7), "unexpected ( token: expected number", "`0 - (...)`"),
    Wrong('p := "a"[0]', (2, 6), "illegal ref (head cannot be string)", "to a variable first"),
    Wrong("p := (a.b)[0]", (2, 7), "illegal ref (head cannot be ref)", "to a variable first"),
    Wrong("p := [for x in xs]", (2, 11), 'unexpected identifier token: expected "," or "]"',
          "`some x in xs`"),
    # Texts, numbers, characters.
    Wrong('p := "a', (2, 6), "non-terminated string", "on the line it begins on"),
    Wrong("p := `a", (2, 6), "non-terminated string", "must end with a backtick"),
    Wrong('p := "\\q"', (2, 6), "illegal escape sequence", "raw string"),
    Wrong('p := "\\u12x"', (2, 6), 'illegal string literal: "\\u12x"', "JSON's escapes"),
    Wrong("p := 'a'", (2, 6), "illegal token", "double quotes"),
    Wrong("p := “a”", (2, 6), "illegal token", "plain double quotes"),
    Wrong("p := 01", (2, 6), "unexpected number token: expected number without leading zero",
          "without a zero"),
    Wrong("p := 0x1f", (2, 6), "illegal number format", "`31`"),
    Wrong("p := 1_000", (2, 6), "illegal number format", "`1000`"),
    Wrong("p := 1.", (2, 6), "expected fraction", "`1.0`"),
    Wrong("p := 1e", (2, 6), "expected exponent", "`1e3`"),
    Wrong("p := 1e30103", (2, 6), "number too big", "below"),
    Wrong("p := .1.5", (2, 7), "unexpected number token: invalid float", ""),
    Wrong("p := .1.5e3", (2, 7), "unexpected number token: invalid float", ""),
    Wrong("p := 1e999999999999", (2, 6), "unexpected number token: invalid float", ""),
    Wrong("p := é", (2, 6), "illegal token", "letters a to z"),
    Wrong("p :=\u00a01", (2, 5), "illegal token", "U+00A0"),
    Wrong("p := 1 \u200b", (2, 8), "illegal token", "U+200B"),
    Wrong("p := 1\x00", (2, 6), "illegal null character", "UTF-8"),
    Wrong("p := \x00", (2, 5), "illegal null character", "UTF-8"),
    Wrong("p := \ufeff1", (2, 5), "illegal byte-order mark", "UTF-8"),
    Wrong('p := "\udcff"', (2, 6), "illegal utf-8 character", "UTF-8"),
    Wrong("# \x00\np := 1", (2, 1), "illegal null character", "UTF-8"),
    Wrong('p := $"a', (2, 6), "non-terminated string", "on the line it begins on"),
    Wrong('p := $"a{x', (2, 10), "expected } to end template string expression", "braces"),
    Wrong('p := $"a{x}\\q"', (2, 12), "illegal escape sequence", "raw string"),
    Wrong('p := $"{x := 1}"', (2, 9), "unexpected assignment (':=') in template-string expression",
          "statement before it"),
    Wrong('p := $"{some x in y}"', (2, 9), "unexpected 'some' in template-string expression",
          "statement before it"),
    Wrong('p := $"{}"', (2, 9), "unexpected } token", ""),
    # Other languages.
    Wrong("p if a && b", (2, 9), "unexpected and token", "Rego has no `&&`"),
    Wrong("p if a || b", (2, 9), "unexpected or token", "Rego has no `||`"),
    Wrong("p if !a", (2, 6), "illegal ! character", "`not a`"),
    Wrong("p if a === b", (2, 10), "unexpected eq token", "use `==`"),
    Wrong("p if a <> b", (2, 9), "unexpected gt token", "use `!=`"),
    Wrong("p := a ? 1 : 2", (2, 8), "illegal token", "Rego has no `?`"),
    Wrong("p if { x += 1 }", (2, 11), "unexpected eq token", "values never change"),
    Wrong("p := 1 // one", (2, 9), "unexpected div token", "begin with `#`"),
    Wrong("/* one */", (2, 1), "unexpected div token", "begin with `#`"),
    Wrong("def f(x) := 1", (2, 1), "var cannot be used for rule name", "without a word in front"),
    Wrong("let x := 1", (2, 1), "var cannot be used for rule name", "`name := value`"),
    Wrong("p if {\n return x\n}", (3, 9), "unexpected identifier token: expected \\n or ; or }",
          "stand in its head"),
    Wrong("p if {\n for x in xs\n}", (3, 6), "unexpected identifier token: expected \\n or ; or }",
          "`every x in xs { ... }`"),
    Wrong("p if {\n x and y\n}", (3, 4), "unexpected identifier token: expected \\n or ; or }",
          "`import future.keywords.and`"),
    Wrong("p if {\n x is y\n}", (3, 4), "unexpected identifier token: expected \\n or ; or }",
          "use `==`"),
    # Modules.
    Wrong("import foo.bar", (2, 8), "unexpected import path, must begin with one of: "
          "{data, future, input, rego}, got: foo", "`import data.foo...`"),
    Wrong('import "data.x"', (2, 8), "unexpected string token", "without quotes"),
    Wrong("import data/x", (2, 12), "unexpected div token", "use `.` between"),
    Wrong("import data.x.if", (2, 15),
          "unexpected import path, must not end with a keyword, got: if", "use an alias"),
    Wrong("import data[x]", (2, 13), "unexpected var token: expecting string", "constant"),
    Wrong("import data.x as if", (2, 18), "unexpected if keyword: expected var", "no keyword"),
    Wrong("import future.keywords as x", (2, 8), "`future` imports cannot be aliased", ""),
    Wrong("import future.x", (2, 8), "invalid import, must be `future.keywords`", ""),
    Wrong("import future.keywords.x", (2, 8),
          "unexpected keyword, must be one of [and contains every if in not or]", ""),
    Wrong("import rego.v2", (2, 8), "invalid import `rego.v2`, must be `rego.v1`", ""),
    Wrong("package q", (2, 1), "unexpected package", "file of its own"),
    Wrong("}", (2, 1), "unexpected } token", "no bracket is open"),
]  # fmt: skip

V0 = [
    Wrong("p if x", (2, 1), "var cannot be used for rule name", "`if` must be imported in v0"),
    Wrong("p { some x in y }", (2, 12), "unexpected identifier token: expected \\n or ; or }",
          "`import future.keywords.in` for `some x in xs`"),
    Wrong("p { every x in y { x } }", (2, 11),
          "unexpected identifier token: expected \\n or ; or }", "`import future.keywords.every`"),
    Wrong("p { }", (2, 5), "found empty body", "at least one expression"),
    Wrong("p = 1 { x } else = 2 { y } { z }", (2, 28), "expected else keyword", "rule of its own"),
    Wrong("p[x] { x } else { y }", (2, 12), "else keyword cannot be used on multi-value rules",
          "a rule for each case"),
    Wrong('p := $"{x}"', (2, 6), "template strings are not supported by current capabilities",
          "sprintf"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", V1, ids=lambda wrong: wrong.text)
def test_what_is_wrong_in_v1(wrong: Wrong) -> None:
    _check(wrong, diagnostics(f"package p\n{wrong.text}")[0])


@pytest.mark.parametrize("wrong", V0, ids=lambda wrong: wrong.text)
def test_what_is_wrong_in_v0(wrong: Wrong) -> None:
    _check(wrong, diagnostics(f"package p\n{wrong.text}", v0=True)[0])


def _check(wrong: Wrong, found: Diagnostic) -> None:
    assert (place(found), found.message) == (wrong.place, wrong.message)
    assert found.code == "rego_parse_error"
    assert found.location is not None
    assert found.location.file == "a.rego"
    assert wrong.hint in (found.hint or "")


def test_an_error_shows_its_line() -> None:
    assert str(diagnostics("package p\n\np := [1 2]\n")[0]) == (
        'a.rego:3:9: rego_parse_error: unexpected number token: expected "," or "]"\n'
        "    p := [1 2]\n"
        "            ^\n"
        "    a comma must stand between elements"
    )


@pytest.mark.parametrize("text", ["", "  \n", "# only a comment\n"])
def test_an_empty_module(text: str) -> None:
    (found,) = diagnostics(text)
    assert found.message == "empty module"
    assert found.hint is not None


@pytest.mark.parametrize("text", ["p := 1", "import data.x\n", "package.x := 1"])
def test_a_module_begins_with_its_package(text: str) -> None:
    assert diagnostics(text)[0].message == "package expected"


MANY = """\
package p

a := [1, 2

b := {"x": 1,, "y": 2}

c if {
	x == 1
	y ===
}

d if { x }

# unclosed
e if {
	x

f if y &&

g contains "fine"

	indented := ,

h := 1 +
"""


def test_all_rules_that_are_wrong_are_reported() -> None:
    found = {place(d)[0]: d.message for d in diagnostics(MANY)}
    assert found.keys() >= {5, 9, 18, 22, 25}
    # And those that are right are not.
    assert not found.keys() & {7, 12, 15, 20}


def test_what_is_no_rule_and_what_v1_misses_is_reported_together() -> None:
    text = "package p\n\na { x }\n\nb\n\nc[x] { x }\n\nd := 1\n"
    assert sorted(place(d)[0] for d in diagnostics(text)) == [3, 5, 7, 7]


def test_an_error_of_the_grammar_hides_what_stands_before_it() -> None:
    found = diagnostics("package p\n\na { x }\n\nb := ]\n\nc { x }\n")
    assert [place(d)[0] for d in found] == [5, 7]


def test_the_failure_behind_one_of_opas_is_reported_too() -> None:
    first, second = diagnostics('package p\n\na := {\n\t"x": 1,\n\t"y": [2 3],\n}\n')
    assert (place(first), place(second)) == ((4, 7), (5, 10))
    assert second.message == 'unexpected number token: expected "," or "]"'


def test_how_many_errors_are_reported_is_bounded() -> None:
    assert len(diagnostics("package p\n" + "x\n" * 3 * MAX_DIAGNOSTICS)) == MAX_DIAGNOSTICS


DEEP = {
    "brackets": "[" * 10_000,
    "braces": "{" * 10_000 + "}" * 10_000,
    "parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "calls": "f(" * 10_000,
    "comprehensions": "[x | " * 10_000,
    "templates": '$"{' * 10_000,
    "operators": "1 + " * 10_000 + "1",
    "memberships": "x in " * 10_000 + "y",
    "calls of calls": "f" + ".g(1)" * 10_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_what_is_nested_too_deeply_is_an_error(text: str) -> None:
    assert (
        diagnostics(f"package p\np := {text}")[0].message == "max parsing recursion depth exceeded"
    )


@pytest.mark.parametrize("left", [20, 60, 100, 200])
def test_a_caller_may_be_deep_in_recursion_itself(left: int) -> None:
    text = "package p\np := " + "[{f(" * 20 + "1" + ")}]" * 20

    def parse_at(depth: int) -> str:
        if depth:
            return parse_at(depth - 1)
        try:
            parse_module(text)
        except PolicyError as error:
            return error.diagnostics[0].message
        return "parsed"

    used = len(inspect.stack(0))
    said = parse_at(sys.getrecursionlimit() - used - left)
    assert said in ("parsed", "max parsing recursion depth exceeded")
    if left == 20:
        assert said != "parsed"


def test_what_is_only_long_is_none() -> None:
    parse_module("package p\np := a" + ".b" * 10_000)
    parse_module("package p\np := [" + "1, " * 10_000 + "]")
    parse_module("package p\np if {" + "x; " * 10_000 + "y }")
    parse_module("package p\np if x" + " with input as 1" * 10_000)


def test_errors_of_queries_name_the_query() -> None:
    with pytest.raises(PolicyError) as error:
        parse_query("1 +")
    assert str(error.value.diagnostics[0].location) == "<query>:1:3"
