"""Calls that a real OPA (v1.20.2) answered, recorded in ``opa_answers.jsonl`` and its neighbours.

A set is written ``{"$set": [...]}``, an object with other keys than strings
``{"$object": [[key, value], ...]}``. A line has OPA's ``value``, or its ``code`` and ``error``, or
neither where the call is undefined.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from regolive.errors import EvalError
from regolive.values import UNDEFINED, RegoSet, dumps, to_key

_FILES = ("opa_answers.jsonl", "opa_schemas.jsonl")

_RECORDED: dict[str, list[dict[str, Any]]] = defaultdict(list)
for _file in _FILES:
    for _line in (Path(__file__).parent / _file).read_text(encoding="utf-8").split("\n")[:-1]:
        _entry = json.loads(_line)
        _RECORDED[_entry["call"]].append(_entry)


def _value(written: Any) -> Any:
    if isinstance(written, list):
        return [_value(v) for v in written]
    if not isinstance(written, dict):
        return written
    if "$set" in written:
        return RegoSet(map(_value, written["$set"]))
    if "$object" in written:
        return {to_key(_value(k)): _value(v) for k, v in written["$object"]}
    return {k: _value(v) for k, v in written.items()}


def _shown(result: Any) -> Any:
    """A result as OPA prints it: bytes that are no UTF-8 become replacement characters."""
    text = dumps(result)
    return json.loads("".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text))


def _answer(call: Any, name: str, operands: list[Any]) -> dict[str, Any]:
    try:
        result = call(name, *operands)
    except EvalError as error:
        return {"code": error.code, "error": error.message}
    return {} if result is UNDEFINED else {"value": _shown(result)}


@pytest.mark.parametrize("name", sorted(_RECORDED))
def test_builtin_answers_as_opa(name: str, call: Any) -> None:
    for entry in _RECORDED[name]:
        operands = [_value(a) for a in entry["args"]]
        answer = {k: entry[k] for k in ("value", "code", "error") if k in entry}
        assert _answer(call, name, operands) == answer, entry


def test_the_record_covers_most_builtins() -> None:
    assert len(_RECORDED) > 120
    assert sum(map(len, _RECORDED.values())) > 2500
