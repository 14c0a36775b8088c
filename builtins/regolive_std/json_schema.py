"""JSON schemas: whether a document is valid by one, and whether a schema is one.

Compiled schemas are kept across queries, bounded in number.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from regolive import BuiltinContext, BuiltinError, RegoSet
from regolive.values import dumps, from_key, loads, sorted_values, to_key
from regolive_std._declare import (
    BOOLEAN,
    NULL,
    STRING,
    Decl,
    array,
    object_of,
    one_of,
    std,
    tuple_of,
    unchecked,
)
from regolive_std.json_ import without_surrogates
from regolive_std.json_schema_compile import Schema, compile_schema
from regolive_std.json_schema_validate import validate

_DOCUMENT = unchecked(one_of(STRING, object_of()))
_ERROR: Decl = {
    "type": "object",
    "static": [{"key": k, "value": STRING} for k in ("desc", "error", "field", "type")],
}


@std(
    "json.match_schema",
    args=[_DOCUMENT, _DOCUMENT],
    result=tuple_of(BOOLEAN, array(_ERROR)),
    result_name="output",
)
def json_match_schema(ctx: BuiltinContext, document: Any, schema: Any) -> list[Any]:
    """``[valid, errors]``: a document checked by a JSON schema; both as objects or JSON texts.

    Drafts 4, 6 and 7. A ``$ref`` out of the schema finds the metaschemas of these drafts and
    nothing else: nothing is fetched. Patterns are RE2's.

    Example:
        >>> json.match_schema({"a": 1}, {"properties": {"a": {"type": "number"}}})
        [true, []]
        >>> json.match_schema({"a": 1}, {"required": ["b"]})
        [false, [{"desc": "b is required", "error": "(Root): b is required", "field": "(Root)",
        "type": "required"}]]
        >>> json.match_schema({}, {"type": "nothing"})
        error: eval_builtin_error: json.match_schema: has a primitive type that is NOT VALID --
        given: /nothing/ Expected valid values are:[array boolean integer number null object string]
    """
    instance = _json(document)
    try:
        errors = validate(_compiled(to_key(schema)), instance, ctx.check)
    except RecursionError:
        raise BuiltinError("document is nested too deeply for its schema") from None
    return [not errors, errors]


@std(
    "json.verify_schema",
    args=[_DOCUMENT],
    result=tuple_of(BOOLEAN, one_of(NULL, STRING)),
    result_name="output",
)
def json_verify_schema(schema: Any) -> list[Any]:
    """``[valid, error]``: whether an object or JSON text is a JSON schema, and what is wrong.

    Example:
        >>> json.verify_schema({"type": "string"})
        [true, null]
        >>> json.verify_schema({"type": "nothing"})
        [false, "jsonschema: has a primitive type that is NOT VALID -- given: /nothing/ Expected
        valid values are:[array boolean integer number null object string]"]
    """
    try:
        _compiled(to_key(schema))
    except BuiltinError as error:
        return [False, f"jsonschema: {error.message}"]
    return [True, None]


@lru_cache(maxsize=128)
def _compiled(schema: Any) -> Schema:
    try:
        return compile_schema(_json(from_key(schema)))
    except RecursionError:
        raise BuiltinError("schema is nested too deeply") from None


def _json(value: Any) -> Any:
    """A document as JSON of our own: an object or array, or what a text stands for."""
    if value.__class__ is str:
        try:
            return without_surrogates(loads(value), value)
        except (ValueError, RecursionError):
            raise BuiltinError("invalid JSON string") from None
    if value.__class__ in (dict, list):
        return _plain(value)
    raise BuiltinError("wrong type, expected string or object")


def _plain(value: Any) -> Any:
    """A copy in JSON's types, with numbers as they are."""
    cls = value.__class__
    if cls is RegoSet:
        return list(map(_plain, sorted_values(value)))
    if cls is list:
        return list(map(_plain, value))
    if cls is dict:
        items = ((k if k.__class__ is str else from_key(k), v) for k, v in value.items())
        return {k if k.__class__ is str else dumps(k): _plain(v) for k, v in items}
    return value
