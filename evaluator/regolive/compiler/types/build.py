"""Types from and to other forms: OPA's declaration JSON, values, constant terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regolive.compiler.types.model import (
    ANY,
    BOOLEAN,
    MAX_SHOWN,
    MAX_TERM_DEPTH,
    NULL,
    NUMBER,
    STRING,
    Array,
    Function,
    Object,
    Part,
    Recursive,
    Scalar,
    SetType,
    StaticKey,
    Type,
    Union,
    array,
    function,
    object_type,
    scalar,
    set_of,
    union,
    union_of,
)
from regolive.syntax import nodes as n
from regolive.values import RegoSet, from_key, obj_items, parse_number, to_json, to_key

_SCALAR_KINDS = frozenset({"null", "boolean", "number", "string"})
MAX_KEY_DEPTH = 8
"""A constant key that is nested deeper is taken for one that is not known."""


def from_declaration(decl: Mapping[str, Any], depth: int = 0) -> Type:
    """The type that a declaration in OPA's format names.

    Raises ValueError naming the part that is no declaration.
    """
    kind = decl.get("type")
    if depth > MAX_TERM_DEPTH:
        return ANY
    if kind in _SCALAR_KINDS:
        return scalar(str(kind))
    if kind == "any":
        members = [from_declaration(d, depth) for d in decl.get("of") or ()]
        return union(members) if members else ANY
    if kind == "array":
        static = [from_declaration(d, depth + 1) for d in decl.get("static") or ()]
        rest = decl.get("dynamic")
        return array(static, None if rest is None else from_declaration(rest, depth + 1))
    if kind == "set":
        element = decl.get("of")
        return set_of(None if element is None else from_declaration(element, depth + 1))
    if kind == "object":
        fields = [
            (to_key(f["key"]), from_declaration(f["value"], depth + 1))
            for f in decl.get("static") or ()
        ]
        dynamic = decl.get("dynamic")
        if dynamic is None:
            return object_type(fields)
        key, value = dynamic["key"], dynamic["value"]
        rest_types = (from_declaration(key, depth + 1), from_declaration(value, depth + 1))
        return object_type(fields, rest_types)
    if kind == "function":
        args = [from_declaration(d, depth + 1) for d in decl.get("args") or ()]
        result, rest = decl.get("result"), decl.get("variadic")
        return function(
            args,
            None if result is None else from_declaration(result, depth + 1),
            None if rest is None else from_declaration(rest, depth + 1),
        )
    raise ValueError(f"not a type declaration: {dict(decl)!r:.100}")


def to_declaration(t: Part) -> dict[str, Any] | None:
    """A type in OPA's format; None where it is not known. Very large parts are left out."""
    if t is None:
        return None
    if isinstance(t, Scalar):
        return {"type": t.name}
    if isinstance(t, Recursive):
        return {"type": "recursive", "name": t.name}
    made: dict[str, Any] = {"type": t.kind}
    if isinstance(t, Union):
        if t.of:
            made["of"] = list(map(_part, t.of))
    elif isinstance(t, Array):
        if t.static:
            made["static"] = list(map(_part, t.static))
        if t.dynamic is not None:
            made["dynamic"] = _part(t.dynamic)
    elif isinstance(t, Object):
        if t.static:
            made["static"] = [{"key": to_json(from_key(k)), "value": _part(v)} for k, v in t.static]
        if t.dynamic is not None:
            made["dynamic"] = {"key": _part(t.dynamic[0]), "value": _part(t.dynamic[1])}
    elif isinstance(t, SetType):
        made["of"] = _part(t.of)
    elif isinstance(t, Function):
        made["args"] = list(map(_part, t.args))
        if t.result is not None:
            made["result"] = _part(t.result)
        if t.rest is not None:
            made["variadic"] = _part(t.rest)
    return made


def _part(t: Part) -> dict[str, Any] | None:
    if t is not None and t.size > MAX_SHOWN:
        return {"type": t.kind}
    return to_declaration(t)


def type_of_value(value: Any, depth: int = 0) -> Type:
    """The type of a Rego value, as a policy that writes it out has it."""
    cls = value.__class__
    if cls is str:
        return STRING
    if value is None:
        return NULL
    if cls is bool:
        return BOOLEAN
    if depth > MAX_TERM_DEPTH:
        return ANY
    if cls is list:
        return array([type_of_value(v, depth + 1) for v in value]) if value else ANY_ARRAY
    if cls is dict:
        if not value:
            return ANY_OBJECT
        return object_type([(to_key(k), type_of_value(v, depth + 1)) for k, v in obj_items(value)])
    if cls is RegoSet:
        return set_of(union_of([type_of_value(v, depth + 1) for v in value]))
    return NUMBER


ANY_ARRAY = array((), ANY)
ANY_OBJECT = object_type((), (ANY, ANY))


class NotConstant(Exception):
    """The term has parts that are not known before it is evaluated."""


def constant_key(term: n.Term) -> StaticKey:
    """A constant term as a known key. Raises NotConstant for any other, and for very deep ones."""
    if term.__class__ is n.Scalar:
        value = term.value
        return value if value.__class__ is str else to_key(value)
    return to_key(_constant(term, 0))


def _constant(term: n.Term, depth: int) -> Any:
    if depth > MAX_KEY_DEPTH:
        raise NotConstant
    match term:
        case n.Scalar():
            return term.value
        case n.Number():
            return parse_number(term.text)
        case n.Array():
            return [_constant(item, depth + 1) for item in term.items]
        case n.Set():
            return RegoSet([_constant(item, depth + 1) for item in term.items])
        case n.Object():
            flat = [_constant(item, depth + 1) for item in term.flat]
            return {to_key(k): v for k, v in zip(flat[::2], flat[1::2], strict=True)}
    raise NotConstant


def path_of(rule: n.Rule) -> tuple[StaticKey, ...]:
    """The constant part of a rule's path, below ``data``."""
    path = []
    for step in rule.head.ref.terms[1:]:
        try:
            path.append(constant_key(step))
        except NotConstant:
            break
    return tuple(path)
