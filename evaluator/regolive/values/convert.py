"""JSON in and out, and the way from other Python values to Rego's.

``to_json`` copies: what a caller does to a result must not reach the documents of the store.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Set
from decimal import Decimal
from typing import Any

from regolive.values.model import RegoSet, Value, from_key, to_key
from regolive.values.numbers import MAX_DIGITS, format_number, parse_number
from regolive.values.order import sorted_values


def to_json(value: Value) -> Any:
    """A value as plain JSON: sets as sorted lists, keys that are not strings as their JSON text.

    The result shares nothing mutable with ``value``.
    """
    cls = value.__class__
    if cls is str or cls is bool or cls is int or cls is float or value is None:
        return value
    if cls is list:
        return [to_json(v) for v in value]
    if cls is dict:
        return {k if k.__class__ is str else _key_text(k): to_json(v) for k, v in value.items()}
    if cls is RegoSet:
        return [to_json(v) for v in sorted_values(value)]
    if cls is Decimal:
        if value.adjusted() < 308:
            return float(value)
        # A short text can stand for an integer that no memory holds: 1e9999999999 stays as it is.
        return int(value) if value.adjusted() < MAX_DIGITS else value
    return value


def _key_text(key: Any) -> str:
    value = from_key(key)
    return value if isinstance(value, str) else dumps(value)


# Go's encoding/json escapes these, so that JSON can stand inside HTML.
_HTML = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
        # Bytes that are no UTF-8, and surrogates that stand alone.
        **{chr(code): "\\ufffd" for code in range(0xD800, 0xE000)},
    }
)


def quote(text: str) -> str:
    """A string as JSON text, escaped as Go's encoding/json does."""
    return json.dumps(text, ensure_ascii=False).translate(_HTML)


def dumps(value: Value) -> str:
    """A value as JSON text the way OPA's ``json.marshal`` writes it: compact, keys sorted."""
    cls = value.__class__
    if cls is str:
        return quote(value)
    if value is None:
        return "null"
    if cls is bool:
        return "true" if value else "false"
    if cls is list:
        return "[" + ",".join(map(dumps, value)) + "]"
    if cls is dict:
        texts = {_key_text(k): v for k, v in value.items()}
        # In the order of the keys' texts: 10 before 9, as they stand in the JSON.
        return "{" + ",".join(f"{quote(k)}:{dumps(texts[k])}" for k in sorted(texts)) + "}"
    if cls is RegoSet:
        return "[" + ",".join(map(dumps, sorted_values(value))) + "]"
    return format_number(value)


def loads(text: str | bytes) -> Value:
    """Parse JSON text. Raises ValueError (with line and column) where it is not JSON."""
    try:
        return json.loads(text, parse_float=parse_number, parse_constant=_refuse)
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        if "integer string conversion" not in str(error):
            raise
    # An integer with more digits than CPython converts: it stays decimal.
    return json.loads(
        text, parse_float=parse_number, parse_int=parse_number, parse_constant=_refuse
    )


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def from_python(obj: Any) -> Value:
    """A Rego value from a Python object: sets become Rego sets, tuples arrays.

    Raises TypeError for what has no counterpart. Values that are JSON already are copied too.
    """
    if isinstance(obj, float | Decimal) and not math.isfinite(obj):
        raise TypeError(f"{obj!r} is not a number in Rego")
    if obj is None or isinstance(obj, bool | int | float | str | Decimal):
        return obj
    if isinstance(obj, list | tuple):
        return [from_python(v) for v in obj]
    if isinstance(obj, RegoSet):
        return obj
    if isinstance(obj, Mapping):
        return {to_key(from_python(from_key(k))): from_python(v) for k, v in obj.items()}
    if isinstance(obj, Set):
        return RegoSet(from_python(v) for v in obj)
    raise TypeError(f"{type(obj).__name__} has no counterpart in Rego: {obj!r:.80}")
