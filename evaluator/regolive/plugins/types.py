"""Types of builtins: from Python annotations, in OPA's declaration format, with their checks.

OPA's format is JSON: ``{"type": "string"}``, ``{"type": "array", "dynamic": {...}}``,
``{"type": "any", "of": [...]}`` for a union, and so on (OPA ``types`` package). The texts of the
errors are OPA's (``topdown/builtins`` operand errors).
"""

from __future__ import annotations

import types as pytypes
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from regolive.values import RegoSet, Undefined, Value, is_number, type_name

Number: TypeAlias = int | float | Decimal
"""Annotation for a Rego number of any kind (``int`` alone asks for an integer)."""

Decl: TypeAlias = Mapping[str, Any]

ANY: Decl = {"type": "any"}
_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "number", "integer": True},  # "integer" is ours: dropped from what is exported
    float: {"type": "number"},
    Decimal: {"type": "number"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    list: {"type": "array", "dynamic": ANY},
    dict: {"type": "object", "dynamic": {"key": ANY, "value": ANY}},
    RegoSet: {"type": "set", "of": ANY},
    Any: {"type": "any"},
    object: {"type": "any"},
}


def from_annotation(annotation: Any) -> dict[str, Any]:
    """The declaration for a Python annotation. Raises TypeError for one that has none."""
    if isinstance(annotation, Mapping):
        return dict(annotation)
    try:
        simple = _SIMPLE.get(annotation)
    except TypeError:
        simple = None
    if simple is not None:
        return dict(simple)
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        declared = [a for a in args[1:] if isinstance(a, Mapping)]
        return dict(declared[0]) if declared else from_annotation(args[0])
    if origin is typing.Union or origin is pytypes.UnionType:
        return _union([from_annotation(a) for a in args if a is not Undefined])
    if origin is list:
        return {"type": "array", "dynamic": from_annotation(args[0])}
    if origin is tuple:
        return {"type": "array", "static": [from_annotation(a) for a in args]}
    if origin is RegoSet:
        return {"type": "set", "of": from_annotation(args[0])}
    if origin is dict or origin is Mapping or annotation is Mapping:
        key, value = args or (Any, Any)
        return {
            "type": "object",
            "dynamic": {"key": from_annotation(key), "value": from_annotation(value)},
        }
    raise TypeError(
        f"{annotation!r} does not name a Rego type; use str, bool, int, float, Number, None, "
        "list[T], dict[K, V], RegoSet[T], Any, or a union of these"
    )


def _union(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if any(p == ANY for p in parts):
        return dict(ANY)
    unique: list[dict[str, Any]] = []
    for part in parts:
        if part["type"] == "number":
            # int | float | Decimal is one type, and int | float admits every number.
            known = [u for u in unique if u["type"] == "number"]
            if known:
                if not part.get("integer"):
                    known[0].pop("integer", None)
                continue
        if part not in unique:
            unique.append(part)
    return unique[0] if len(unique) == 1 else {"type": "any", "of": unique}


def checked(decl: Any) -> dict[str, Any]:
    """A declaration that was written by hand, with what it leaves open filled in.

    ``{"type": "object"}`` is an object with any keys. Raises TypeError for what is no declaration.
    """
    kind = decl.get("type") if isinstance(decl, Mapping) else None
    if not isinstance(kind, str) or (kind != "any" and kind not in _CHECKS):
        known = ", ".join(["any", *_CHECKS])
        raise TypeError(f'{decl!r:.100} declares no type: "type" is one of {known}')
    made = dict(decl)
    if kind == "any" and made.get("of") is not None:
        made["of"] = [checked(member) for member in _sequence(decl, "of")]
    elif kind == "set":
        made["of"] = checked(made.get("of", ANY))
    elif kind == "array":
        if "static" in made:
            made["static"] = [checked(element) for element in _sequence(decl, "static")]
        if "dynamic" in made or "static" not in made:
            made["dynamic"] = checked(made.get("dynamic", ANY))
    elif kind == "object":
        if "static" in made:
            made["static"] = [_pair(decl, field) for field in _sequence(decl, "static")]
        if "dynamic" in made or "static" not in made:
            rest = _pair(decl, made.get("dynamic", {"key": ANY, "value": ANY}))
            made["dynamic"] = {**rest, "key": checked(rest["key"])}
    return made


def _sequence(decl: Decl, name: str) -> Sequence[Any]:
    found = decl[name]
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise TypeError(f"{decl!r:.100} declares no type: {name!r} is a list")
    return found


def _pair(decl: Decl, found: Any) -> dict[str, Any]:
    if not isinstance(found, Mapping) or not {"key", "value"} <= found.keys():
        raise TypeError(f"{decl!r:.100} declares no type: its parts have a key and a value")
    return {**found, "value": checked(found["value"])}


# Keys of a declaration that are ours, and not exported. ``integer``: a number that must be one,
# and ``int64`` one of a size that OPA takes.
# ``expected``: the names an error lists, where OPA lists them otherwise than it declares them.
# ``unchecked``: the function looks at the operand itself (it answers false for a wrong type, or
# finds a wrong element while it works). ``void``: OPA declares no result, the call is always true.
_OURS = frozenset({"integer", "int64", "expected", "unchecked", "void"})


def exported(decl: Any) -> Any:
    """A declaration as OPA has it: without what only our checks use."""
    if isinstance(decl, Mapping):
        return {k: exported(v) for k, v in decl.items() if k not in _OURS}
    if isinstance(decl, list):
        return [exported(d) for d in decl]
    return decl


def is_whole(value: Value) -> bool:
    """Whether a value is an integer with a point and a zero behind: OPA takes 1.0, but not 1e20."""
    return value.__class__ is float and value.is_integer() and -1e16 < value < 1e16


def alternatives(decl: Decl) -> list[Decl]:
    """The members of a union, or the type itself; empty for ``any``."""
    if decl["type"] != "any":
        return [decl]
    return list(decl.get("of", ()))


def matches(decl: Decl, value: Value, depth: int = 1) -> bool:
    """Whether a value is of a type, looking ``depth`` levels into composites."""
    options = alternatives(decl)
    return not options or any(_matches_one(option, value, depth) for option in options)


def _matches_one(decl: Decl, value: Value, depth: int) -> bool:
    kind = decl["type"]
    check = _CHECKS.get(kind)
    if check is None or not check(value):
        return check is None
    if kind == "number":
        return not decl.get("integer") or value.__class__ is int
    if depth <= 0:
        return True
    if kind == "array" and "dynamic" in decl:
        element = decl["dynamic"]
        return element == ANY or all(matches(element, v, depth - 1) for v in value)
    if kind == "set":
        element = decl.get("of", ANY)
        return element == ANY or all(matches(element, v, depth - 1) for v in value)
    return True


_CHECKS: dict[str, Callable[[Value], bool]] = {
    "null": lambda v: v is None,
    "boolean": lambda v: v is True or v is False,
    "number": is_number,
    "string": lambda v: v.__class__ is str,
    "array": lambda v: v.__class__ is list,
    "object": lambda v: v.__class__ is dict,
    "set": lambda v: v.__class__ is RegoSet,
}


def describe(decl: Decl) -> str:
    """A type for people: ``string``, ``array[string]``, ``any<number, set[any]>``."""
    kind = str(decl["type"])
    if kind == "any" and decl.get("of"):
        return "any<" + ", ".join(describe(d) for d in decl["of"]) + ">"
    if kind == "array":
        if "static" in decl:
            return "array<" + ", ".join(describe(d) for d in decl["static"]) + ">"
        return f"array[{describe(decl.get('dynamic', ANY))}]"
    if kind == "set":
        return f"set[{describe(decl.get('of', ANY))}]"
    if kind == "object" and "dynamic" in decl:
        dynamic = decl["dynamic"]
        return f"object[{describe(dynamic['key'])}: {describe(dynamic['value'])}]"
    return kind


def mismatch(decl: Decl, value: Value, operand: int) -> str:
    """OPA's text for an operand of the wrong type (or with an element of the wrong type)."""
    options = alternatives(decl)
    got = type_name(value)
    shallow = [d for d in options if d["type"] == got]
    if shallow:
        one = shallow[0]
        if one.get("integer"):
            return f"operand {operand} must be integer number but got floating-point number"
        element = one.get("dynamic") if got == "array" else one.get("of", ANY)
        wrong = next((v for v in value if not matches(element or ANY, v, 0)), None)
        wanted = " or ".join(d["type"] for d in alternatives(element or ANY))
        return f"operand {operand} must be {got} of {wanted}s but got {got} containing " + (
            type_name(wrong)
        )
    expected = list(decl.get("expected") or [d["type"] for d in options])
    return f"operand {operand} must be {_names(expected)} but got {got}"


def _names(kinds: list[str]) -> str:
    unique = list(dict.fromkeys(kinds))
    return unique[0] if len(unique) == 1 else "one of {" + ", ".join(unique) + "}"
