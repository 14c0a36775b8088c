"""JSON Schema to types, as far as OPA goes: a schema declares what keys and elements there are.

OPA reads ``type``, ``properties``, ``items``, ``allOf``, ``anyOf`` and ``$ref`` inside of one
schema, and takes no note of the rest (``enum``, ``oneOf``, ``additionalProperties``, ...). Of
several types the first of boolean, string, number, object and array counts, and ``null`` is
anything. See https://www.openpolicyagent.org/docs/policy-language#schema.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from regolive.compiler.types.build import ANY_ARRAY, ANY_OBJECT
from regolive.compiler.types.model import (
    ANY,
    BOOLEAN,
    MAX_TERM_DEPTH,
    NUMBER,
    STRING,
    Object,
    Recursive,
    Type,
    array,
    object_type,
    recursive,
    union,
)

_COMPOSITES = ("object", "array")
_TYPES = ("array", "boolean", "integer", "number", "null", "object", "string")


class SchemaError(Exception):
    """A schema that cannot be used. The message is OPA's where OPA has one."""


def schema_type(document: Any) -> Type:
    """The type that a schema declares.

    Raises SchemaError for what is no schema, for a reference to nothing or to another document (no
    schema is fetched), and for an ``allOf`` of schemas that cannot be combined.
    """
    if not isinstance(document, Mapping | bool):
        raise _invalid("schema is invalid")
    return _Reader(document).read(document, 0)


@dataclass(slots=True)
class _Core:
    """What OPA reads of a schema that is no reference."""

    types: list[str]
    properties: list[tuple[str, Any]]
    items: list[Any]
    one_for_all: bool
    """``items`` is one schema for all elements, not a list with one for each."""
    any_of: Sequence[Any]
    all_of: Sequence[Any]

    @property
    def kinds(self) -> str:
        """The types as OPA's messages write them."""
        if not self.types:
            return "Undefined"
        return self.types[0] if len(self.types) == 1 else "[" + ",".join(self.types) + "]"

    @property
    def is_choice(self) -> bool:
        """Whether it says nothing but ``anyOf``, which OPA does not look at inside of ``allOf``."""
        return bool(self.any_of) and not self.types


class _Reader:
    """Reads one document. Each definition is read once, whatever refers to it."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._digest = ""
        self._known: dict[str, Type] = {}
        self._open: dict[str, Recursive | None] = {}
        self._named: dict[str, Any] | None = None
        base = document.get("$id", document.get("id")) if isinstance(document, Mapping) else None
        self._base = base if isinstance(base, str) else ""

    def read(self, schema: Any, depth: int) -> Type:
        """The type of a schema. ``depth``: how many others it stands in."""
        if depth > MAX_TERM_DEPTH or isinstance(schema, bool):
            return ANY
        if isinstance(schema, Mapping) and "$ref" in schema:
            return self._definition(schema["$ref"], depth)
        return self._read(self._core(schema), depth)

    def _read(self, core: _Core, depth: int) -> Type:
        if depth > MAX_TERM_DEPTH:
            return ANY
        if core.any_of:
            members = [self.read(member, depth + 1) for member in core.any_of]
            if core.types:
                own = self._read(replace(core, any_of=()), depth + 1)
                if isinstance(own, Object) and own.static and own.dynamic is None:
                    members.append(own)
            return union(members)
        if core.all_of:
            parts = [self._core(self._resolved(part)) for part in core.all_of]
            parts = [part for part in parts if not part.is_choice]
            if not parts:
                return ANY
            merged = self._merged(parts)
            if core.types:
                if any(kind in core.types and kind in merged.types for kind in _COMPOSITES):
                    merged = self._merged([merged, replace(core, all_of=())])
                elif core.kinds != merged.kinds:
                    raise _no_merge()
            return self._read(merged, depth + 1)
        return self._typed(core, depth)

    def _typed(self, core: _Core, depth: int) -> Type:
        types = core.types
        if "boolean" in types:
            return BOOLEAN
        if "string" in types:
            return STRING
        if "integer" in types or "number" in types:
            return NUMBER
        if "object" in types or (not types and core.properties):
            if not core.properties:
                return ANY_OBJECT
            fields: dict[str, Type] = {}
            for name, schema in core.properties:
                found = self.read(schema, depth + 1)
                fields.setdefault(name, found)
            return object_type(fields.items())
        if "array" in types or (not types and core.items):
            if not core.items:
                return ANY_ARRAY
            if core.one_for_all:
                return array((), self.read(core.items[0], depth + 1))
            return array([self.read(item, depth + 1) for item in core.items])
        return ANY

    def _core(self, schema: Any) -> _Core:
        if isinstance(schema, bool):
            return _Core([], [], [], False, (), ())
        if not isinstance(schema, Mapping):
            raise _invalid("Expected: Valid Schema, given: Invalid JSON")
        types = schema.get("type", [])
        if isinstance(types, str):
            types = [types]
        if not isinstance(types, list) or not all(isinstance(t, str) for t in types):
            raise _invalid("Invalid type. Expected: type, given: string/Array Of Strings")
        for index, name in enumerate(types):
            if name not in _TYPES:
                listed = " ".join(_TYPES)
                raise _invalid(
                    f"has a primitive type that is NOT VALID -- given: /{name}/ "
                    f"Expected valid values are:[{listed}]"
                )
            if name in types[:index]:
                raise _invalid(f"{name} type is duplicated")
        properties = schema.get("properties", {})
        if not isinstance(properties, Mapping):
            raise _invalid("Properties must be of type object")
        items = schema.get("items", [])
        one_for_all = not isinstance(items, list)
        if isinstance(items, bool) or not items:
            items = []
        elif isinstance(items, Mapping):
            items = [items]
        elif one_for_all:
            text = "Expected: Valid Schema/Array Of Schemas, given: items"
            raise _invalid(f"Invalid type. {text}")
        return _Core(
            list(types),
            list(properties.items()),
            list(items),
            one_for_all,
            _list(schema, "anyOf"),
            _list(schema, "allOf"),
        )

    def _merged(self, parts: Sequence[_Core]) -> _Core:
        """What schemas say that all hold. OPA combines schemas of one type only."""
        for part in parts:
            implied = "object" if part.properties else "array" if part.items else ""
            if implied and implied not in part.types:
                part.types.append(implied)
        first, *others = parts
        for part in others:
            if part.kinds != first.kinds:
                raise _no_merge(f": type mismatch: {first.kinds} and {part.kinds}")
            if first.properties and part.properties:
                first.properties += part.properties
            elif first.items and part.items:
                for index, item in enumerate(part.items):
                    if index >= len(first.items):
                        first.items.append(item)
                    elif self._core(first.items[index]).kinds != self._core(item).kinds:
                        raise _no_merge()
        return first

    def _resolved(self, schema: Any) -> Any:
        """What a schema that is a reference refers to, one step; else the schema."""
        if isinstance(schema, Mapping) and "$ref" in schema:
            return self._find(schema["$ref"])
        return schema

    def _definition(self, reference: Any, depth: int) -> Type:
        found = self._find(reference)
        known = self._known.get(reference)
        if known is not None:
            return known
        if reference in self._open:
            named = self._open[reference]
            if named is None:
                named = self._open[reference] = recursive(reference, self._fingerprint())
            return named
        self._open[reference] = None
        made = self.read(found, depth + 1)
        named = self._open.pop(reference)
        if named is not None:
            named.settle(made)
            if isinstance(made, Recursive):
                made = named.target
        self._known[reference] = made
        return made

    def _find(self, reference: Any) -> Any:
        if not isinstance(reference, str):
            raise _invalid("Invalid type. Expected: string, given: $ref")
        name, pointer = urldefrag(urljoin(self._base, reference))
        if name == urldefrag(self._base)[0]:
            found = self._document
        else:
            found = self._names().get(name)
            if found is None:
                if ":" in name:
                    raise _invalid(f"remote reference loading disabled: {name}")
                raise _invalid(f"Reference {name} must be canonical")
        if pointer and not pointer.startswith("/"):
            anchor = f"#{pointer}"
            found = self._names().get(anchor)
            if found is None:
                raise _invalid(f"Reference {anchor} is not defined")
            return found
        for step in unquote(pointer).split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise _invalid(f"Object has no key '{key}'")
        return found

    def _names(self) -> Mapping[str, Any]:
        """The schemas inside of the document that have names (``$id``) of their own."""
        if self._named is None:
            self._named = {}
            todo: list[Any] = [self._document]
            while todo:
                part = todo.pop()
                if isinstance(part, Mapping):
                    name = part.get("$id", part.get("id"))
                    if isinstance(name, str):
                        full = name if name.startswith("#") else urljoin(self._base, name)
                        self._named.setdefault(full, part)
                    todo += part.values()
                elif isinstance(part, list):
                    todo += part
        return self._named

    def _fingerprint(self) -> str:
        if not self._digest:
            text = json.dumps(self._document, sort_keys=True, default=str)
            self._digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return self._digest


def _list(schema: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = schema.get(name)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise _invalid(f"{name} must be of an array")
    return found


def _invalid(why: str) -> SchemaError:
    return SchemaError(f"unable to compile the schema: {why}")


def _no_merge(why: str = "") -> SchemaError:
    return SchemaError(f"type checking: unable to merge these schemas{why}")


class Schemas:
    """Named schemas, each read when it is first asked for. The empty path is ``schema`` itself."""

    def __init__(self, documents: Mapping[tuple[str, ...], Any] | None = None) -> None:
        self._documents = documents or {}
        self._types: dict[tuple[str, ...], Type] = {}

    def __contains__(self, path: object) -> bool:
        return path in self._documents

    def type_of(self, path: tuple[str, ...]) -> Type:
        """The type that a named schema declares. Raises SchemaError if it is none, or a bad one."""
        found = self._types.get(path)
        if found is None:
            if path not in self._documents:
                raise SchemaError("undefined schema: " + _name(path))
            found = self._types[path] = schema_type(self._documents[path])
        return found

    def input_type(self) -> Type | None:
        """The type of ``input``, if one schema is given. Raises SchemaError for a bad one."""
        return self.type_of(()) if () in self._documents else None


def _name(path: Sequence[str]) -> str:
    text = "schema"
    for step in path:
        plain = step.isascii() and step.isidentifier()
        text += f".{step}" if plain else f"[{json.dumps(step, ensure_ascii=False)}]"
    return text
