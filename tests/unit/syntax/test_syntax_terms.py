"""Terms: what each form of them is read as."""

from __future__ import annotations

import pytest
from tests.syntax_shapes import term

from regolive.errors import PolicyError
from regolive.syntax import nodes as n
from regolive.syntax import parse_ref, parse_term

SCALARS = {
    "null": "null",
    "true": "true",
    "false": "false",
    '"a b"': '"a b"',
    '""': '""',
    r'"\u00e9\n\"\\\/"': r'"\u00e9\n\"\\/"',
    r'"\ud83d\ude00"': r'"\ud83d\ude00"',
    # Half a pair is no character.
    r'"\ud800"': r'"\ufffd"',
    '"a\tb"': r'"a\tb"',
    "`raw \\n`": r'"raw \\n"',
    "`two\nlines`": r'"two\nlines"',
    "0": "0",
    "1.50": "1.50",
    "1e3": "1e3",
    "1.5E-3": "1.5E-3",
    "-1": "-1",
    "- 1": "-1",
    ".5": ".5",
    "-.5": "-.5",
    "12345678901234567890123": "12345678901234567890123",
}

REFERENCES = {
    "x": "x",
    "input": "input",
    "a.b": 'ref(a "b")',
    'a["b"][1][i]': 'ref(a "b" 1 i)',
    "a.if.in.not.package": 'ref(a "if" "in" "not" "package")',
    "a[_][_]": "ref(a $0 $1)",
    "a[b.c]": 'ref(a ref(b "c"))',
    "a[1 + 2]": "ref(a (+ 1 2))",
    "a[k, v in xs]": "ref(a (in k v xs))",
    "[1, 2][0]": "ref(array(1 2) 0)",
    '{"a": 1}.a': 'ref(object("a" 1) "a")',
    "{1}[1]": "ref(set(1) 1)",
    "[x | x].y": 'ref(array(x | x) "y")',
    "(a)[0]": "ref(a 0)",
    "(1 + 2).x": 'ref((+ 1 2) "x")',
    "f(1)": "ref(f)(1)",
    "f()": "ref(f)()",
    "a.f(1, x)": 'ref(a "f")(1 x)',
    "f(1,)": "ref(f)(1)",
    "f(1).x[2]": 'ref(ref(f)(1) "x" 2)',
    "f(1).g(2)": 'ref(ref(f)(1) "g")(2)',
    "f(g(1))": "ref(f)(ref(g)(1))",
    "contains(a, b)": "ref(contains)(a b)",
    "contains": "contains",
}

COMPOSITES = {
    "[]": "array()",
    "[1, [2], x]": "array(1 array(2) x)",
    "[1,]": "array(1)",
    "[,1]": "array(1)",
    "{}": "object()",
    "set()": "set()",
    "set( )": "set()",
    "set(1)": "ref(set)(1)",
    "{1}": "set(1)",
    "{1, 2,}": "set(1 2)",
    "{,1}": "set(1)",
    '{"a": 1}': 'object("a" 1)',
    '{"a": 1, b: [2],}': 'object("a" 1 b array(2))',
    "{a + 1: 2}": "object((+ a 1) 2)",
    "{x.y: z}": 'object(ref(x "y") z)',
    "[x | x]": "array(x | x)",
    "[x | a; b]": "array(x | a; b)",
    "[x |\na\nb]": "array(x | a; b)",
    "{x | x}": "set(x | x)",
    "{x: y | x; y}": "object(x y | x; y)",
    "[[x | y] | z]": "array(array(x | y) | z)",
    "[(x + 1) | x := 1]": "array((+ x 1) | (:= x 1))",
    "[f(x) | some x in xs]": "array(ref(f)(x) | some((in x xs)))",
    "{a + 1: b | c}": "object((+ a 1) b | c)",
    # A bar is a comprehension's where it can be, and else a union.
    "{a | b}": "set(a | b)",
    "{a | b, c}": "set((| a b) c)",
    "[a | b, c]": "array((| a b) c)",
    "{(a | b)}": "set((| a b))",
    "{x | y | z}": "set(x | (| y z))",
    "{,a | b}": "set((| a b))",
    "{f(x) | g}": "set(ref(f)(x) | g)",
    '{"a": b | c}': 'object("a" b | c)',
    '{"a": b | c, "d": e}': 'object("a" (| b c) "d" e)',
    '{"a": 1 + 2 | b}': 'object("a" (| (+ 1 2) b))',
}

INFIX = {
    "1 + 2 * 3": "(+ 1 (* 2 3))",
    "1 * 2 + 3": "(+ (* 1 2) 3)",
    "1 - 2 - 3": "(- (- 1 2) 3)",
    "(1 - 2) * 3": "(* (- 1 2) 3)",
    "1 -1": "(- 1 1)",
    "1 - -1": "(- 1 -1)",
    "x-1": "(- x 1)",
    "a % b / c": "(/ (% a b) c)",
    "a & b | c & d": "(| (& a b) (& c d))",
    "a - b & c": "(& (- a b) c)",
    "a + b == c | d": "(== (+ a b) (| c d))",
    "a == b != c": "(!= (== a b) c)",
    "a < b": "(< a b)",
    "a <= b": "(<= a b)",
    "a > b": "(> a b)",
    "a >= b": "(>= a b)",
    "-x": "(- 0 x)",
    "-x.y * 2": '(* (- 0 ref(x "y")) 2)',
    "-f(1)": "(- 0 ref(f)(1))",
    "1 + 2\n+ 3": "(+ (+ 1 2) 3)",
    "x in xs": "(in x xs)",
    "x in xs == y": "(in x (== xs y))",
    "1 + 2 in xs": "(in (+ 1 2) xs)",
    "x in y in z": "(in (in x y) z)",
    "k, v in xs": "(in k v xs)",
    "k, v in xs in ys": "(in (in k v xs) ys)",
    "(1, 2 in xs)": "(in 1 2 xs)",
    "[1, 2 in xs]": "array(1 (in 2 xs))",
    "[(1, 2 in xs)]": "array((in 1 2 xs))",
    "{1, 2 in xs}": "set(1 (in 2 xs))",
    "f(1, 2 in xs)": "ref(f)(1 (in 2 xs))",
    "plus(1, 2)": "ref(plus)(1 2)",
    "and(a, b)": "ref(and)(a b)",
}

TEMPLATES = {
    '$""': "template()",
    '$"text"': 'template("text")',
    '$"{x}"': "template(x)",
    '$"a{x}b{y.z}c"': 'template("a" x "b" ref(y "z") "c")',
    r'$"\{x} \"\n"': r'template("{x} \"\n")',
    "$`raw {x} \\n`": r'template("raw " x " \\n")',
    "$`a\nb{x}`": r'template("a\nb" x)',
    "$`\\{x}`": 'template("{x}")',
    '$"{ {1} }"': "template(set(1))",
    '$"{f("}")}"': 'template(ref(f)("}"))',
    '$"a {$"b {c}"}"': 'template("a " template("b " c))',
    '$"{x + 1} {[y | y]}"': 'template((+ x 1) " " array(y | y))',
    '$"{42}"': "template(42)",
    '$"{\nx # comment\n}"': "template(x)",
    '$"{x with input as 1}"': "template(x with(input 1))",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *SCALARS.items(),
        *REFERENCES.items(),
        *COMPOSITES.items(),
        *INFIX.items(),
        *TEMPLATES.items(),
    ],
)
def test_terms(text: str, expected: str) -> None:
    assert term(text) == expected


def test_an_operator_is_the_builtin_it_stands_for() -> None:
    names = {
        **{"==": "equal", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"},
        **{"+": "plus", "-": "minus", "*": "mul", "/": "div", "%": "rem", "|": "or", "&": "and"},
    }
    for sign, name in names.items():
        call = parse_term(f"a {sign} b")
        assert isinstance(call, n.Call)
        assert call.infix == sign
        (operator,) = call.func.terms
        assert isinstance(operator, n.Var)
        assert operator.name == name


def test_membership_calls_the_internal_builtins() -> None:
    for text, name in (("x in y", "member_2"), ("x, y in z", "member_3")):
        call = parse_term(text)
        assert isinstance(call, n.Call)
        head, last = call.func.terms
        assert isinstance(head, n.Var)
        assert isinstance(last, n.Scalar)
        assert (head.name, last.value) == ("internal", name)


def test_each_wildcard_has_a_name_of_its_own() -> None:
    assert term("[_, _, [_ | _]]") == "array($0 $1 array($2 | $3))"


def test_wildcards_are_counted_once_where_a_text_is_read_twice() -> None:
    assert term("[{_ | _, _}, _]") == "array(set((| $0 $1) $2) $3)"


def test_names_may_have_digits_of_other_scripts() -> None:
    assert term("a٣") == "a٣"


def test_a_reference_may_be_one_variable() -> None:
    assert [t.loc.text for t in parse_ref("input").terms] == ["input"]
    assert len(parse_ref("data.a[0]").terms) == 3


@pytest.mark.parametrize("text", ["1", "f(x)", "a b", "", "[1]", "a.b;"])
def test_what_is_no_reference_is_an_error(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_ref(text)
