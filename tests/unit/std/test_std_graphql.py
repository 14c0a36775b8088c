"""GraphQL: OPA's answers, an independent reading of what is valid, and documents made to hurt.

``opa_graphql.jsonl`` has calls that OPA 1.20.2 answered. Its first line is a schema that others
mean by null; of the answers of ``graphql.parse`` it has the query's tree only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opa_calls import ask_opa, asking, has_opa

from regolive.errors import BuiltinError, BuiltinTypeError, CancelledError, EvalError
from regolive_std import graphql_

_LINES = (Path(__file__).parent / "opa_graphql.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
_SCHEMA: str = json.loads(_LINES[0])["schema"]
_RECORDED = [json.loads(line) for line in _LINES[1:]]
_SMALL = "type Query { a(x: Int): Int q: Query l: [Query!]! }"


def _answer(call: Any, entry: dict[str, Any]) -> dict[str, Any]:
    args = [_SCHEMA if arg is None else arg for arg in entry["args"]]
    try:
        value = call(entry["call"], *args)
    except EvalError as error:
        return {"code": error.code, "error": error.message}
    return {"value": value[:1] if entry["call"] == "graphql.parse" else value}


@pytest.mark.parametrize("name", ["graphql.parse", "graphql.parse_query", "graphql.parse_schema"])
def test_answers_are_opas(call: Any, name: str) -> None:
    entries = [entry for entry in _RECORDED if entry["call"] == name]
    assert len(entries) > 100
    for entry in entries:
        expected = {key: entry[key] for key in ("value", "code", "error") if key in entry}
        assert _answer(call, entry) == expected, entry["args"]


def test_the_answers_without_errors_agree(call: Any) -> None:
    """What ``graphql.parse`` says is valid, or is not, the others say too."""
    for entry in _RECORDED:
        if entry["call"] != "graphql.parse":
            continue
        query, schema = (_SCHEMA if arg is None else arg for arg in entry["args"])
        valid = "value" in entry
        assert call("graphql.is_valid", query, schema) is valid
        verified = call("graphql.parse_and_verify", query, schema)
        assert verified == (
            [True, *call("graphql.parse", query, schema)] if valid else [False, {}, {}]
        )
        if valid:
            assert call("graphql.schema_is_valid", schema)


def test_trees_stand_for_the_texts_they_came_from(call: Any) -> None:
    query = "query Q($x: Int = 1) { a(x: $x) @skip(if: true) q { a } }"
    tree = call("graphql.parse_query", query)
    schema = call("graphql.parse_schema", _SMALL)
    assert call("graphql.parse", tree, schema) == [tree, schema]
    assert call("graphql.parse", query, _SMALL) == [tree, schema]
    assert call("graphql.is_valid", tree, schema)
    assert not call("graphql.is_valid", call("graphql.parse_query", "{ b }"), schema)


def test_a_fragment_in_a_tree_is_a_field_to_opa(call: Any) -> None:
    """A quirk that policies must live with: selections in trees are read as fields first."""
    query = "{ ...F } fragment F on Query { a }"
    assert call("graphql.is_valid", query, _SMALL)
    with pytest.raises(BuiltinError, match='Cannot query field "F" on type "Query"'):
        call("graphql.parse", call("graphql.parse_query", query), _SMALL)


@pytest.mark.parametrize("operand", [None, True, 1, [], ["{a}"]])
def test_operands_of_other_types(call: Any, operand: Any) -> None:
    assert call("graphql.is_valid", operand, _SMALL) is False
    assert call("graphql.is_valid", "{a}", operand) is False
    assert call("graphql.schema_is_valid", operand) is False
    assert call("graphql.parse_and_verify", operand, _SMALL) == [False, {}, {}]
    with pytest.raises(BuiltinTypeError, match=r"operand 0 must be one of \{string, object\}"):
        call("graphql.parse", operand, _SMALL)
    with pytest.raises(BuiltinTypeError, match=r"operand 1 must be one of \{string, object\}"):
        call("graphql.parse", "{a}", operand)
    with pytest.raises(BuiltinTypeError, match="operand 1 must be string"):
        call("graphql.parse_query", operand)


# What makes OPA itself panic is an error here.
@pytest.mark.parametrize(
    "operation",
    [
        {"Operation": "bogus"},
        {"Operation": "query", "VariableDefinitions": [{"Variable": "x"}]},
        {"Operation": "query", "VariableDefinitions": [{"Variable": "x", "Type": {}}]},
        {"Operation": "query", "SelectionSet": [{"Name": "a", "Arguments": [{"Name": "x"}]}]},
        {
            "Operation": "query",
            "SelectionSet": [{"Name": "a", "Arguments": [{"Name": "x", "Value": {"Kind": 77}}]}],
        },
        None,
        1,
        {"Operation": "query", "SelectionSet": {"a": 1}},
    ],
)
def test_trees_that_are_none(call: Any, operation: Any) -> None:
    tree = {"Operations": [operation]}
    assert call("graphql.is_valid", tree, _SMALL) is False
    with pytest.raises(BuiltinError):
        call("graphql.parse", tree, _SMALL)


# The reference implementation's reading, over queries that are right or slightly wrong.

_TYPES: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    "Query": [
        ("node", "Node", {"id": "ID!"}),
        ("pet", "Pet", {"name": "String", "kind": "Kind"}),
        ("dogs", "Dog", {"first": "Int", "filter": "Filter"}),
        ("count", "", {}),
    ],
    "Node": [("id", "", {})],
    "Dog": [("id", "", {}), ("barks", "", {"loud": "Boolean"}), ("owner", "Query", {})],
    "Cat": [("id", "", {}), ("meows", "", {})],
    "Pet": [("__typename", "", {})],
}
_SDL = """
type Query {
    node(id: ID!): Node pet(name: String, kind: Kind): Pet dogs(first: Int, filter: Filter): [Dog!]!
    count: Int
}
interface Node { id: ID! }
type Dog implements Node { id: ID! barks(loud: Boolean): Boolean owner: Query }
type Cat implements Node { id: ID! meows: Int }
union Pet = Dog | Cat
enum Kind { DOG CAT }
input Filter { name: String! kinds: [Kind!] }
"""
_LITERALS = {
    "ID!": ['"x"', "1", "true"],
    "String": ['"x"', "null", "1"],
    "Kind": ["DOG", "CAT", "COW", '"DOG"'],
    "Int": ["1", "$n", "1.5"],
    "Boolean": ["true", "$b", "1"],
    "Filter": ['{name: "x"}', '{name: "x", kinds: [DOG]}', "{}", '{name: "x", age: 1}', "null"],
}


@st.composite
def _selections(draw: st.DrawFn, on: str, depth: int = 3) -> str:
    out = []
    for _ in range(draw(st.integers(1, 3))):
        choice = draw(st.integers(0, 9))
        if choice == 0 and depth:
            inner = draw(st.sampled_from(["Dog", "Cat", "Node", on]))
            out.append(f"... on {inner} {draw(_selections(inner, depth - 1))}")
        elif choice == 1:
            out.append(draw(st.sampled_from(["...F", "...G", "wrong", "id"])))
        else:
            name, inner, arguments = draw(st.sampled_from(_TYPES[on]))
            alias = draw(st.sampled_from(["", "", "", "other: "]))
            given = [
                f"{argument}: {draw(st.sampled_from(_LITERALS[kind]))}"
                for argument, kind in arguments.items()
                if kind.endswith("!") or draw(st.booleans())
            ]
            text = f"{alias}{name}{'(' + ', '.join(given) + ')' if given else ''}"
            if inner:
                text += f" {draw(_selections(inner, depth - 1))}" if depth else " { __typename }"
            out.append(text)
    return "{ " + " ".join(out) + " }"


@st.composite
def _queries(draw: st.DrawFn) -> str:
    text = draw(_selections("Query"))
    variables = [f"${v}: {t}" for v, t in (("n", "Int"), ("b", "Boolean!")) if f"${v}" in text]
    head = draw(st.sampled_from(["query Q", "query Q"])) if variables else ""
    text = f"{head}({', '.join(variables)}) {text}" if variables else text
    for name in ("F", "G"):
        if f"...{name}" in text:
            on = draw(st.sampled_from(["Query", "Dog", "Cat", "Node"]))
            fields = draw(st.sampled_from(["id", "count", "__typename", "id: __typename"]))
            text += f" fragment {name} on {on} {{ {fields} }}"
    return text


@cache
def _core_schema() -> Any:
    from graphql import build_schema

    return build_schema(_SDL)


@given(_queries())
@settings(max_examples=200, deadline=None)
def test_validity_is_what_graphql_core_says(call: Any, query: str) -> None:
    from graphql import parse, validate
    from graphql.validation import OverlappingFieldsCanBeMergedRule, specified_rules

    errors = validate(_core_schema(), parse(query), specified_rules)
    valid = call("graphql.is_valid", query, _SDL)
    if valid and errors and "filter:" in query:
        # OPA takes two objects for the same argument whatever is in them.
        lenient = [rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule]
        errors = validate(_core_schema(), parse(query), lenient)
    assert valid == (not errors), errors


@pytest.mark.skipif(not has_opa(), reason="no opa")
@given(st.lists(_queries(), min_size=30, max_size=40))
@asking
def test_validity_is_what_opa_says(call: Any, queries: list[str]) -> None:
    answers = ask_opa("graphql.parse_and_verify", [[query, _SDL] for query in queries])
    for at, query in enumerate(queries):
        assert call("graphql.parse_and_verify", query, _SDL) == answers[at], query


# Documents made to hurt.


@pytest.mark.parametrize(
    "query",
    [
        "{q" * 100_000,
        "{q" * 5_000 + "{a}" + "}" * 5_000,
        "{a(x:" + "[" * 100_000,
        "{a(x:" + "{k:" * 100_000,
        "query ($x: " + "[" * 100_000,
        '{a(x: """' + "x" * 100_000,
        "{a}" + " " * (4 << 20),
        "\x00" * 1_000,
        "\udcff" * 1_000,
    ],
)
def test_texts_out_of_bounds_are_errors(call: Any, query: str) -> None:
    with pytest.raises(BuiltinError):
        call("graphql.parse_query", query)
    assert call("graphql.is_valid", query, _SMALL) is False


def test_trees_that_are_too_deep_are_errors(call: Any) -> None:
    field: dict[str, Any] = {"Name": "q"}
    kind: dict[str, Any] = {"NamedType": "Int"}
    for _ in range(20_000):
        field = {"Name": "q", "SelectionSet": [field]}
        kind = {"Elem": kind}
    query = {"Operations": [{"Operation": "query", "SelectionSet": [field]}]}
    with pytest.raises(BuiltinError, match="nested too deeply"):
        call("graphql.parse", query, _SMALL)
    definition = {"Kind": "OBJECT", "Name": "Query", "Fields": [{"Name": "a", "Type": kind}]}
    assert call("graphql.schema_is_valid", {"Definitions": [definition]}) is False


def _doubling(body: str, on: str, last: str, count: int) -> str:
    """Fragments of which each spreads the next one twice."""
    spread = [f"fragment F{n} on {on} {{ {body.replace('F', f'F{n + 1}')} }}" for n in range(count)]
    return " ".join([*spread, f"fragment F{count} on {on} {{ {last} }}"])


def test_fragments_that_double_are_looked_at_once(call: Any) -> None:
    query = "{ ...F0 } " + _doubling("q { ...F } q { ...F }", "Query", "a", 60)
    assert call("graphql.is_valid", query, _SMALL)


def test_work_has_a_bound(call: Any) -> None:
    # The depth of introspection is searched along every way through the fragments.
    fragments = _doubling("...F ofType { ...F }", "__Type", "name", 60)
    with pytest.raises(BuiltinError, match="too complex"):
        call("graphql.parse", "{ __schema { types { ...F0 } } } " + fragments, _SMALL)


def test_work_can_be_cancelled(call: Any, cancelled: Callable[[], Any]) -> None:
    with pytest.raises(CancelledError):
        call("graphql.parse_query", "{" + "a " * 5_000 + "}", frame=cancelled())
    types = " ".join(f"type T{n} {{ a: Int }}" for n in range(1_000))
    with pytest.raises(CancelledError):
        call("graphql.schema_is_valid", types, frame=cancelled())
    fields = " ".join(f"a{n}: a" for n in range(150))
    with pytest.raises(CancelledError):
        call(
            "graphql.is_valid",
            f"{{ q {{ {fields} }} q {{ {fields} }} }}",
            _SMALL,
            frame=cancelled(),
        )


@given(st.text("{}()[]!$@:=|&.\"'#ab1-\\\n onquery", max_size=30))
@settings(deadline=None)
def test_any_text_is_an_answer_or_an_error(call: Any, text: str) -> None:
    for name in ("graphql.parse_query", "graphql.parse_schema"):
        try:
            assert isinstance(call(name, text), dict)
        except BuiltinError:
            pass
    assert isinstance(call("graphql.is_valid", text, _SMALL), bool)
    assert isinstance(call("graphql.schema_is_valid", text), bool)


# What is kept, and what is not.


def test_schemas_are_kept_in_bounded_number(call: Any) -> None:
    for n in range(80):
        assert call("graphql.is_valid", f"{{ f{n} }}", f"type Query {{ f{n}: Int }}")
        call("graphql.parse_schema", f"type T{n} {{ a: Int }}")
    assert len(graphql_._SCHEMAS) == graphql_._SCHEMAS.size
    assert len(graphql_._TREES) == graphql_._TREES.size


def test_a_kept_schema_remembers_nothing_of_queries(call: Any) -> None:
    schema = "type Query { a(x: Int = 1): Int } extend type Query { b: Query }"
    tree = call("graphql.parse_schema", schema)
    for _ in range(3):
        for source in (schema, tree):
            assert call("graphql.is_valid", "query ($v: Int) { a(x: $v) b { a } }", source)
            assert not call("graphql.is_valid", "query ($v: String) { a(x: $v) }", source)
            assert call("graphql.parse", "{ a }", source)[1] == tree
    assert call("graphql.parse_schema", schema) == tree


def test_the_library_is_imported_when_a_policy_first_asks() -> None:
    code = "import sys, regolive, regolive_std; print('graphql' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "False\n"
