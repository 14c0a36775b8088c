"""JSON Schema to types: what OPA reads of a schema, and what it says of one that it cannot read."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

from regolive.compiler.types import SchemaError, Schemas, schema_type
from regolive.compiler.types.algebra import keys_of, known_keys, select, unify, values_of
from regolive.compiler.types.model import ANY, NUMBER, STRING, Recursive, array, object_type, union

TYPES = {
    "{}": "any",
    "true": "any",
    '{"enum": [1]}': "any",
    '{"type": "null"}': "any",
    '{"type": ["null", "string"]}': "string",
    '{"type": ["number", "string"]}': "string",
    '{"type": ["string", "boolean"]}': "boolean",
    '{"type": ["object", "integer"]}': "number",
    '{"type": "array"}': "array[any]",
    '{"type": "array", "items": {"type": "string"}}': "array[string]",
    '{"items": [{"type": "string"}, {}]}': "array<string, any>",
    '{"type": "array", "items": []}': "array[any]",
    '{"type": "object"}': "object[any: any]",
    '{"type": "object", "additionalProperties": {"type": "string"}}': "object[any: any]",
    '{"properties": {"a": {"type": "string"}, "b": true}}': "object<a: string, b: any>",
    '{"anyOf": [{"type": "string"}, {"type": "number"}]}': "any<number, string>",
    '{"anyOf": [{"type": "string"}, {"minLength": 3}]}': "any",
    '{"type": "string", "anyOf": [{"type": "number"}]}': "number",
    '{"type": "object", "properties": {"z": {}}, "anyOf": [{"properties": {"b": {}}}]}': (
        "any<object<b: any>, object<z: any>>"
    ),
    '{"oneOf": [{"type": "string"}]}': "any",
    '{"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}': "object<a: any, b: any>",
    '{"type": "object", "properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}]}': (
        "object<a: any, b: any>"
    ),
    '{"allOf": [{"items": [{"type": "string"}]}, {"items": [{"type": "string"}, {}]}]}': (
        "array<string, any>"
    ),
    '{"allOf": [{"anyOf": [{"type": "string"}]}, {"type": "number"}]}': "number",
    '{"allOf": [{"anyOf": [{"type": "string"}]}]}': "any",
    '{"allOf": [{"allOf": [{"type": "string"}]}]}': "string",
    '{"$ref": "#/definitions/x", "definitions": {"x": {"type": "string"}}}': "string",
    '{"properties": {"a": {"$ref": "#/$defs/x~1y%20z"}}, "$defs": {"x/y z": {"type": "string"}}}': (
        "object<a: string>"
    ),
    '{"items": {"$ref": "#n"}, "definitions": {"x": {"$id": "#n", "type": "string"}}}': (
        "array[string]"
    ),
    '{"$id": "http://a/b", "items": {"$ref": "http://a/b#/$defs/x"}, "$defs": {"x": {"type": "string"}}}': (  # noqa: E501
        "array[string]"
    ),
    '{"properties": {"a": {"$ref": "#/properties/a"}}}': "object<a: any>",
}

ERRORS = {
    "5": "unable to compile the schema: schema is invalid",
    '{"type": "strin"}': "unable to compile the schema: has a primitive type that is NOT VALID -- "
    "given: /strin/ Expected valid values are:[array boolean integer number null object string]",
    '{"type": 5}': "unable to compile the schema: "
    "Invalid type. Expected: type, given: string/Array Of Strings",
    '{"type": ["string", "string"]}': "unable to compile the schema: string type is duplicated",
    '{"properties": 5}': "unable to compile the schema: Properties must be of type object",
    '{"properties": {"a": 5}}': "unable to compile the schema: "
    "Expected: Valid Schema, given: Invalid JSON",
    '{"anyOf": 5}': "unable to compile the schema: anyOf must be of an array",
    '{"$ref": "#/definitions/x"}': "unable to compile the schema: Object has no key 'definitions'",
    '{"allOf": [{"type": "string"}, {"type": "number"}]}': "type checking: "
    "unable to merge these schemas: type mismatch: string and number",
    '{"allOf": [{"type": ["number", "string"]}, {"type": "number"}]}': "type checking: "
    "unable to merge these schemas: type mismatch: [number,string] and number",
    '{"type": "string", "allOf": [{"type": "number"}]}': "type checking: "
    "unable to merge these schemas",
    # Ours: no schema is fetched.
    '{"$ref": "https://example.com/x.json"}': "unable to compile the schema: "
    "remote reference loading disabled: https://example.com/x.json",
    '{"$ref": "x.json"}': "unable to compile the schema: Reference x.json must be canonical",
}


@pytest.mark.parametrize("schema", TYPES)
def test_type_of_a_schema(schema: str) -> None:
    assert str(schema_type(json.loads(schema))) == TYPES[schema]


@pytest.mark.parametrize("schema", ERRORS)
def test_what_is_wrong_with_a_schema(schema: str) -> None:
    with pytest.raises(SchemaError) as raised:
        schema_type(json.loads(schema))
    assert str(raised.value) == ERRORS[schema]


TREE = {
    "$ref": "#/definitions/tree",
    "definitions": {
        "tree": {
            "type": "object",
            "properties": {
                "value": {"type": "number"},
                "below": {"type": "array", "items": {"$ref": "#/definitions/tree"}},
            },
        }
    },
}


def test_a_schema_may_refer_to_itself() -> None:
    tree = schema_type(TREE)
    text = "object<below: array[recursive(#/definitions/tree)], value: number>"
    assert str(tree) == text
    t = tree
    for _ in range(5):
        found = values_of(select(t, "below"))
        assert isinstance(found, Recursive)
        t = found
    assert known_keys(t) == ["below", "value"]
    assert keys_of(t) is STRING
    assert select(t, "value") is NUMBER
    assert select(t, "other") is None
    assert schema_type(TREE) is tree
    assert pickle.loads(pickle.dumps(tree)) is tree
    assert pickle.loads(pickle.dumps(t)) is t
    assert union([tree, t]) is tree


def test_recursive_types_agree_with_what_they_stand_for() -> None:
    tree = schema_type(TREE)
    named = values_of(select(tree, "below"))
    leaf = object_type([("below", array()), ("value", NUMBER)])
    wrong = object_type([("below", array([leaf, STRING])), ("value", NUMBER)])
    assert unify(named, tree)
    assert unify(named, leaf)
    assert unify(named, object_type([("below", array([leaf])), ("value", NUMBER)]))
    assert not unify(named, wrong)
    assert not unify(named, STRING)
    assert unify(named, ANY)
    # Another schema of the same shape: asking goes round in a circle, and ends.
    other: Any = json.loads(json.dumps(TREE).replace("tree", "wood"))
    assert unify(named, values_of(select(schema_type(other), "below")))


def test_definitions_of_nothing_but_each_other_are_anything() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/definitions/x"}},
        "definitions": {"x": {"$ref": "#/definitions/y"}, "y": {"$ref": "#/definitions/x"}},
    }
    assert str(schema_type(schema)) == "object<a: any>"
    assert schema_type({"$ref": "#"}) is ANY
    assert schema_type({"allOf": [{"$ref": "#"}]}) is ANY
    assert schema_type({"anyOf": [{"$ref": "#"}, {"type": "string"}]}) is not None


def test_definitions_are_read_once_however_often_they_are_referred_to() -> None:
    definitions: dict[str, Any] = {"x60": {"type": "string"}}
    for n in range(60):
        below = {"$ref": f"#/definitions/x{n + 1}"}
        definitions[f"x{n}"] = {"properties": {"left": below, "right": below}}
    t = schema_type({"$ref": "#/definitions/x0", "definitions": definitions})
    assert t.size > 2**32


def test_deep_schemas_are_read_as_far_as_types_go() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(900):
        schema = {"properties": {"a": schema}}
    assert str(schema_type(schema)).startswith("object<a: object<a: object<a: ")


def test_schemas_by_name() -> None:
    schemas = Schemas({("a", "b-c"): {"type": "string"}, ("bad",): {"type": "strin"}})
    assert schemas.type_of(("a", "b-c")) is STRING
    assert schemas.input_type() is None
    with pytest.raises(SchemaError, match=r'^undefined schema: schema\.a\["x y"\]$'):
        schemas.type_of(("a", "x y"))
    with pytest.raises(SchemaError, match="NOT VALID"):
        schemas.type_of(("bad",))
    assert Schemas({(): {"type": "string"}}).input_type() is STRING
