"""JSON schemas: against an independent validator, what can go wrong, and what is kept.

OPA's own answers to some 400 calls are in ``opa_schemas.jsonl`` (``test_std_opa_answers``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from opa_calls import ask_opa, asking, has_opa

from regolive import RegoSet
from regolive.errors import BuiltinError, CancelledError
from regolive_std import json_schema, json_schema_compile
from regolive_std.mail_address import is_mail_address

_MATCH, _VERIFY = "json.match_schema", "json.verify_schema"


def _errors(call: Any, document: Any, schema: Any) -> list[tuple[str, str, str]]:
    _, errors = call(_MATCH, document, schema)
    return [(e["field"], e["type"], e["desc"]) for e in errors]


def test_errors_are_named_with_the_way_to_them(call: Any) -> None:
    schema = {
        "properties": {
            "people": {"items": {"required": ["name"], "properties": {"age": {"minimum": 0}}}}
        }
    }
    document = {"people": [{"name": "a"}, {"age": -1}]}
    assert _errors(call, document, schema) == [
        ("people.1", "required", "name is required"),
        ("people.1.age", "number_gte", "Must be greater than or equal to 0"),
    ]


def test_the_alternative_that_is_nearest_is_explained(call: Any) -> None:
    schema = {
        "oneOf": [
            {"properties": {"kind": {"const": "a"}, "size": {"type": "integer"}}},
            {"properties": {"kind": {"const": "b"}, "name": {"minLength": 3}}},
        ]
    }
    assert _errors(call, {"kind": "b", "name": "x"}, schema) == [
        ("(Root)", "number_one_of", "Must validate one and only one schema (oneOf)"),
        ("name", "string_gte", "String length must be greater than or equal to 3"),
    ]


def test_documents_and_schemas_may_be_texts_sets_and_objects_with_other_keys(call: Any) -> None:
    assert call(_MATCH, "[1, 2]", '{"items": {"type": "integer"}}') == [True, []]
    assert call(_MATCH, {"a": RegoSet([2, 1])}, {"properties": {"a": {"enum": [[1, 2]]}}})[0]
    assert call(_MATCH, {1: "x"}, {"required": ["1"]})[0]


@pytest.mark.parametrize(
    "number", ["0.1234567890123456789012345", "1e5000", "123456789012345678901"]
)
def test_numbers_keep_all_their_digits(call: Any, number: str) -> None:
    assert call(_MATCH, number, f'{{"minimum": {number}, "maximum": {number}}}') == [True, []]


# JSON Schema as jsonschema has it, where OPA follows the letter of draft 7.
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 6)
    | st.sampled_from([0.5, 2.0])
    | st.text("ab", max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
_SIZES = st.integers(0, 4)
_TYPES = st.sampled_from(["array", "boolean", "integer", "number", "null", "object", "string"])


_LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "type": _TYPES | st.lists(_TYPES, min_size=1, max_size=3, unique=True),
    "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True),
    "enum": st.lists(_VALUES, min_size=1, max_size=1),
    "const": _VALUES,
    "multipleOf": st.sampled_from([1, 2, 0.5]),
    "uniqueItems": st.booleans(),
    "pattern": st.sampled_from(["^a", "b$", "aa?"]),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _SIZES),
}
_ONE = ("not", "if", "then", "else", "contains", "propertyNames")
_BRANCHES = (
    *_ONE,
    *("oneOf", "anyOf", "allOf", "items", "additionalItems"),
    *("properties", "patternProperties", "additionalProperties", "dependencies"),
)


@st.composite
def _schemas(draw: st.DrawFn, depth: int = 2) -> Any:
    """A schema of draft 7."""
    out = {}
    for key in draw(st.lists(st.sampled_from(sorted(_LEAVES)), max_size=2, unique=True)):
        out[key] = draw(_LEAVES[key])
    inner = _schemas(depth - 1) | st.booleans()
    for key in draw(st.lists(st.sampled_from(_BRANCHES), max_size=3 if depth else 0, unique=True)):
        if key in ("oneOf", "anyOf", "allOf"):
            out[key] = draw(st.lists(inner, min_size=1, max_size=2))
        elif key in ("properties", "patternProperties", "dependencies"):
            names = ["^a", "b|c"] if key == "patternProperties" else ["a", "b", "c"]
            out[key] = draw(st.dictionaries(st.sampled_from(names), inner, max_size=2))
        elif key == "items":
            out[key] = draw(inner | st.lists(inner, max_size=2))
        else:
            out[key] = draw(inner)
    return out


@given(_schemas(), _VALUES)
@settings(max_examples=200, deadline=None)
def test_validity_is_what_another_validator_says(call: Any, schema: Any, document: Any) -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", **schema}
    text = json.dumps(document)
    assert call(_MATCH, text, schema)[0] == Draft7Validator(schema).is_valid(document)


def _answer(call: Any, document: Any, schema: Any) -> Any:
    """OPA goes through objects in no order: so the errors are compared in one of ours."""
    try:
        return _in_order(call(_MATCH, document, schema))
    except BuiltinError:
        return None


def _in_order(answer: Any) -> Any:
    return answer and [answer[0], sorted(answer[1], key=lambda e: (e["error"], e["type"]))]


@pytest.mark.skipif(not has_opa(), reason="no opa")
@given(st.lists(st.tuples(_VALUES, _schemas()), min_size=30, max_size=40))
@asking
def test_errors_are_what_opa_says(call: Any, pairs: list[tuple[Any, Any]]) -> None:
    calls = [[json.dumps(document), schema] for document, schema in pairs]
    answers = ask_opa(_MATCH, calls)
    for at, operands in enumerate(calls):
        assert _answer(call, *operands) == _in_order(answers.get(at)), operands


@given(_VALUES, _VALUES)
@settings(deadline=None)
def test_anything_at_all_is_an_answer_or_an_error(call: Any, schema: Any, document: Any) -> None:
    valid, error = call(_VERIFY, schema)
    assert (error is None) == valid
    try:
        valid, errors = call(_MATCH, document, schema)
    except BuiltinError:
        return
    assert valid == (not errors)


@pytest.mark.parametrize(
    "reference",
    ["http://example.com/x.json", "https://example.com/#/a", "file:///etc/passwd"],
)
def test_nothing_is_fetched(call: Any, reference: str) -> None:
    document = reference.partition("#")[0]
    error = f"jsonschema: remote reference loading disabled: {document}"
    assert call(_VERIFY, {"properties": {"a": {"$ref": reference}}}) == [False, error]


@pytest.mark.parametrize("draft", [4, 6, 7])
def test_metaschemas_are_at_hand(call: Any, draft: int) -> None:
    schema = {"$ref": f"http://json-schema.org/draft-0{draft}/schema#"}
    assert call(_MATCH, {"type": "string"}, schema) == [True, []]
    assert not call(_MATCH, {"type": "text"}, schema)[0]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/definitions/a", "definitions": {"a": {"$ref": "#/definitions/a"}}},
        {"allOf": [{"$ref": "#"}]},
    ],
)
def test_a_schema_that_refers_to_itself_without_end_is_an_error(call: Any, schema: Any) -> None:
    with pytest.raises(BuiltinError, match=r"without end|nested too deeply"):
        call(_MATCH, {}, schema)


def test_recursion_through_the_document_ends_with_it(call: Any) -> None:
    schema = {"type": "object", "additionalProperties": {"$ref": "#"}}
    assert call(_MATCH, {"a": {"b": {}}}, schema) == [True, []]
    assert _errors(call, {"a": {"b": 1}}, schema)[0][0] == "a.b"


def test_deep_documents_and_schemas_are_errors(call: Any) -> None:
    text = '{"a":' * 100_000
    for document in (text, text + "1" + "}" * 100_000):
        with pytest.raises(BuiltinError, match="invalid JSON string"):
            call(_MATCH, document, {})
    nested: Any = {}
    for _ in range(2_000):
        nested = {"not": nested}
    with pytest.raises(BuiltinError, match="nested too deeply"):
        call(_MATCH, "1", nested)


def test_a_schema_has_a_largest_size(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_schema_compile, "_MAX_NODES", 500)
    assert call(_VERIFY, {"allOf": [{}] * 499}) == [True, None]
    valid, error = call(_VERIFY, {"allOf": [{}] * 500})
    assert not valid
    assert "more than 500 schemas" in error


def test_exponents_have_a_bound(call: Any) -> None:
    for schema in ('{"minimum": 0}', '{"multipleOf": 1e9999999}', '{"enum": [1e9999999]}'):
        with pytest.raises(BuiltinError):
            call(_MATCH, "1e9999999", schema)


def test_digits_have_a_bound(call: Any) -> None:
    many = Decimal("0." + "123" * 50_000)
    for schema, document in (({"minimum": 0}, many), ({"minimum": many}, 1)):
        with pytest.raises(BuiltinError, match="more than 4,000 digits"):
            call(_MATCH, {"a": document}, {"properties": {"a": schema}})
    assert call(_MATCH, {"a": many}, {"properties": {"a": {"type": "number"}}}) == [True, []]


def test_bounds_are_shown_with_all_their_digits(call: Any) -> None:
    for bound in ("0." + "1234567891" * 40, "1e+5000", "1e+99999", "1.5e-9999"):
        schema = {"properties": {"a": {"multipleOf": Decimal(bound)}}}
        _, [error] = call(_MATCH, {"a": Decimal("1e-20000")}, schema)
        assert error["desc"] == f"Must be a multiple of {bound}"


def test_validation_can_be_cancelled(call: Any, cancelled: Callable[[], Any]) -> None:
    # Each level asks twice for the next one: 2**60 questions.
    definitions: dict[str, Any] = {"d60": {"type": "string"}}
    for level in range(60):
        following = {"$ref": f"#/definitions/d{level + 1}"}
        definitions[f"d{level}"] = {"anyOf": [following, {"allOf": [following]}]}
    schema = {"$ref": "#/definitions/d0", "definitions": definitions}
    with pytest.raises(CancelledError):
        call(_MATCH, "1", schema, frame=cancelled())


def test_compiled_schemas_are_kept_in_bounded_number(call: Any) -> None:
    kept = json_schema._compiled
    schema = {"type": "object"}
    call(_MATCH, {}, schema)
    hits = kept.cache_info().hits
    call(_MATCH, {"a": 1}, {"type": "object"})
    assert kept.cache_info().hits == hits + 1
    for n in range(300):
        call(_VERIFY, {"maximum": n})
    info = kept.cache_info()
    assert info.maxsize is not None
    assert info.currsize <= info.maxsize


def test_the_schema_that_was_passed_stays_as_it_was(call: Any) -> None:
    schema = {"$id": "http://a/b", "definitions": {"x": {"$id": "c"}}, "$ref": "c"}
    before = json.dumps(schema)
    call(_MATCH, {}, schema)
    assert json.dumps(schema) == before


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("a@b", True),
        ("Alice <a@b.c>", True),
        ('A.B. "C" <a@b>', True),
        ('"a b"@c', True),
        ("a@b (Alice (not Bob))", True),
        ("group: a@b;", True),
        ("group: a@b, c@d;", False),
        ("a@[::1]", True),
        ("a@[x]", False),
        ("a..b@c", False),
        ("a@b.", False),
        ("a@b, c@d", False),
        ("a@b (open", False),
        ("=?utf-8?q?=C3=A9?= <a@b>", True),
        ("=?koi8-r?q?x?= <a@b>", False),
        ("=?koi8-r?b?!?= <a@b>", True),
        ("\udce9@b", False),
        ("", False),
    ],
)
def test_mail_addresses(text: str, valid: bool) -> None:
    assert is_mail_address(text) is valid
