"""``json_schema``: schemas put together from the keywords of their drafts, with documents."""

from __future__ import annotations

import json
from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num

_TYPES = ("string", "number", "integer", "boolean", "null", "array", "object")
_NAMES = ("a", "b", "c", "é")
_PATTERNS = ("^a", "b$", "[0-9]+", "(", "\\d", "é", "^.{2}$", "", "(?!a)")
_FORMATS = ("date", "time", "date-time", "email", "ipv4", "ipv6", "uri", "hostname", "regex",
    "uuid",
    "uri-reference", "json-pointer", "nope", "idn-email", "iri",
    "relative-json-pointer")  # fmt: skip
_TEXTS = ("a", "ab", "b", "", "é", "2020-01-01", "12:00:00Z", "2020-01-01T00:00:00Z", "a@b.ch",
    "1.2.3.4",
    "::1", "http://a/b", "host", "[a", "/a/0", "x y", "123")  # fmt: skip


def _schema(d: Draw, depth: int) -> Any:
    out: dict[str, Any] = {}
    for _ in range(d.small(1, 3)):
        name = d.one(tuple(_KEYWORDS) if depth else _SHALLOW)
        out[name] = _KEYWORDS[name](d, depth - 1)
    if d.maybe(0.03):
        out[d.one(tuple(_KEYWORDS))] = d.one((1, "x", None, [], {}, -1, True, Num("1.5")))
    return out


def _inner(d: Draw, depth: int) -> Any:
    return _schema(d, max(depth, 0))


def _schemas(d: Draw, depth: int) -> list[Any]:
    return d.some(lambda: _inner(d, depth), 3, 1)


def _named(d: Draw, depth: int) -> dict[str, Any]:
    return {d.one(_NAMES): _inner(d, depth) for _ in range(d.small(0, 3))}


def _names(d: Draw, _: int) -> list[str]:
    return list(dict.fromkeys(d.some(lambda: d.one(_NAMES), 3)))


def _size(d: Draw, _: int) -> Any:
    return d.small(0, 4)


def _number(d: Draw, _: int) -> Any:
    return d.one((0, 1, 2, 3, -1, 10, Num("0.5"), Num("1.5"), Num("1.0"), Num("0.01")))


_KEYWORDS: dict[str, Any] = {
    "type": lambda d, n: d.one(_TYPES) if d.maybe(0.8) else d.some(lambda: d.one(_TYPES), 3, 1),
    "enum": lambda d, n: d.some(lambda: _document(d, 1), 3, 1),
    "const": lambda d, n: _document(d, 1),
    "minimum": _number,
    "maximum": _number,
    "exclusiveMinimum": lambda d, n: _number(d, n) if d.maybe(0.7) else d.maybe(0.5),
    "exclusiveMaximum": lambda d, n: _number(d, n) if d.maybe(0.7) else d.maybe(0.5),
    "multipleOf": lambda d, n: d.one((1, 2, 3, Num("0.5"), Num("0.01"))),
    "minLength": _size,
    "maxLength": _size,
    "pattern": lambda d, n: d.one(_PATTERNS[:3]) if d.maybe(0.8) else d.one(_PATTERNS),
    "format": lambda d, n: d.one(_FORMATS),
    "minItems": _size,
    "maxItems": _size,
    "uniqueItems": lambda d, n: d.maybe(0.8),
    "minProperties": _size,
    "maxProperties": _size,
    "required": _names,
    "properties": _named,
    "patternProperties": lambda d, n: {d.one(_PATTERNS[:3]): _inner(d, n)},
    "additionalProperties": lambda d, n: d.maybe(0.5) if d.maybe(0.5) else _inner(d, n),
    "propertyNames": _inner,
    "items": lambda d, n: _inner(d, n) if d.maybe(0.6) else _schemas(d, n),
    "additionalItems": lambda d, n: d.maybe(0.5) if d.maybe(0.5) else _inner(d, n),
    "contains": _inner,
    "dependencies": lambda d, n: {d.one(_NAMES): _names(d, n) if d.maybe(0.5) else _inner(d, n)},
    "allOf": _schemas,
    "anyOf": _schemas,
    "oneOf": _schemas,
    "not": _inner,
    "if": _inner,
    "then": _inner,
    "else": _inner,
    "title": lambda d, n: "a title",
    "description": lambda d, n: "a description",
    "$schema": lambda d,
    n: f"http://json-schema.org/draft-{d.one(('04', '06', '07', '05'))}/schema#",
    "definitions": lambda d, n: {"d": _inner(d, n)},
    "$ref": lambda d, n: d.one(("#/definitions/d", "#", "#/definitions/d", "#/nope",
    "#/properties/a")),
    "$id": lambda d, n: "http://example.com/schema",
}  # fmt: skip
_SHALLOW = tuple(n for n in _KEYWORDS if n not in ("allOf", "anyOf", "oneOf", "not", "if", "then",
    "else", "definitions", "$ref", "$id", "properties", "items", "contains"))  # fmt: skip


def _document(d: Draw, depth: int = 2) -> Any:
    kind = d.below(10 if depth else 7)
    if kind < 3:
        return d.one(_TEXTS)
    if kind < 5:
        return _number(d, 0)
    if kind < 7:
        return d.one((None, True, False, 1, 2))
    if kind == 7:
        return [_document(d, depth - 1) for _ in range(d.small(0, 3))]
    return {d.one(_NAMES): _document(d, depth - 1) for _ in range(d.small(0, 3))}


def _plain(value: Any) -> Any:
    if isinstance(value, Num):
        return float(value.text)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _written(d: Draw, value: Any) -> Any:
    """A document, or its text."""
    if d.maybe(0.7):
        return value
    text = json.dumps(_plain(value))
    return d.mutated(text, '{}[]",:1a') if d.maybe(0.05) else text


def _whole(d: Draw) -> Any:
    schema = _schema(d, 2)
    if d.maybe(0.15):
        schema["definitions"] = {"d": _schema(d, 1)}
    return schema


def _match(d: Draw) -> list[Any]:
    return [_written(d, _document(d)), _written(d, _whole(d))]


FAMILIES: dict[str, dict[str, Operands]] = {
    "json_schema": {
        "json.match_schema": _match,
        "json.verify_schema": lambda d: [_written(d, _whole(d)) if d.maybe(0.97) else d.value()],
    },
}
