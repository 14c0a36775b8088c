"""A builtin as generated code calls it: operands checked, errors turned into undefined.

The caller is made as Python source, one straight function per builtin, because it runs for every
call: class tests stand in line, and a builtin that cannot fail its checks pays for none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regolive.errors import BuiltinError, BuiltinTypeError
from regolive.plugins import types
from regolive.plugins.builtin import BuiltinSpec
from regolive.plugins.context import BuiltinContext
from regolive.values import (
    UNDEFINED,
    Key,
    RegoSet,
    from_key,
    from_python,
    is_number,
    to_key,
    type_name,
)


@dataclass(frozen=True, slots=True)
class BoundBuiltin:
    """A builtin of a registered plugin. ``call(frame, *operands)`` is what generated code calls."""

    spec: BuiltinSpec
    plugin: str
    function: Callable[..., Any]
    call: Callable[..., Any]


_CLASS_TEST = {
    "string": "{0}.__class__ is not str",
    "boolean": "{0}.__class__ is not bool",
    "null": "{0} is not None",
    "object": "{0}.__class__ is not dict",
}

_CLASSES: Mapping[str, frozenset[type]] = {
    "array": frozenset({list}),
    "boolean": frozenset({bool}),
    "null": frozenset({type(None)}),
    "number": frozenset({int, float}),
    "object": frozenset({dict}),
    "set": frozenset({RegoSet}),
    "string": frozenset({str}),
}


def bind(spec: BuiltinSpec, plugin: str, function: Callable[..., Any]) -> BoundBuiltin:
    """Make the caller for a builtin."""
    names = [f"a{i}" for i in range(spec.arity)]
    if spec.variadic is not None:
        names.append("*rest")
    operands = ", ".join(["context(q)" if spec.wants_context else "", *names]).lstrip(", ")
    lines = [f"def call({', '.join(['q', *names])}):"]
    scope: dict[str, Any] = {
        "function": function,
        "context": _context_maker(plugin),
        "RegoSet": RegoSet,
        "UNDEFINED": UNDEFINED,
    }
    for i, (name, decl) in enumerate(zip(names, spec.args, strict=False)):
        if decl.get("unchecked") or (decl["type"] == "any" and not decl.get("of")):
            continue
        if decl.get("integer"):
            lines += _integer_lines(decl, name, i)
            scope["is_whole"] = types.is_whole
            continue
        test = _test(decl).format(name, i)
        scope[f"check{i}"] = _checker(decl)
        scope[f"classes{i}"] = _classes(decl)
        lines.append(f"    if {test}:")
        lines.append(f"        return wrong_type(q, {i}, {name})")
    scope["wrong_type"] = _wrong_type(spec, plugin)
    if spec.memoize:
        keys = (f"to_key({n})" if n[0] != "*" else f"*map(to_key, {n[1:]})" for n in names)
        key = ", ".join(["NAME", *keys])
        scope |= {"NAME": spec.name, "to_key": to_key}
        lines += [
            f"    key = ({key},)",
            "    memo = q.shared.builtin_memo",
            "    if key in memo:",
            "        return memo[key]",
        ]
    lines += ["    try:", f"        r = function({operands})"]
    lines += ["    except Exception as error:", "        return failed(q, error)"]
    result_test = _CLASS_TEST.get(spec.result["type"])
    if not spec.trusted:
        scope["vouch"] = _voucher(spec, plugin)
        scalar = result_test is not None and spec.result["type"] != "object"
        guard = result_test.format("r") if scalar and result_test else "True"
        lines += [f"    if {guard}:", "        r = vouch(q, r)"]
    if spec.memoize:
        lines.append("    memo[key] = r")
    lines.append("    return r")
    scope["failed"] = _failure(spec, plugin)
    exec(compile("\n".join(lines), f"<builtin {spec.name}>", "exec"), scope)
    return BoundBuiltin(spec, plugin, function, scope["call"])


def _test(decl: Mapping[str, Any]) -> str:
    """Source that is true for an operand of the wrong type; a class test in line if one will do."""
    kind = decl["type"]
    if kind == "number":
        return "{0}.__class__ is not int and {0}.__class__ is not float and not check{1}({0})"
    if kind == "array" and decl.get("dynamic") == types.ANY:
        return "{0}.__class__ is not list"
    if kind == "set" and decl.get("of") == types.ANY:
        return "{0}.__class__ is not RegoSet"
    if kind == "any" and _classes(decl):
        return "{0}.__class__ not in classes{1} and not check{1}({0})"
    return _CLASS_TEST.get(kind, "not check{1}({0})")


def _classes(decl: Mapping[str, Any]) -> frozenset[type]:
    """The classes of which every value is of a type, so that a look inside it is not needed."""
    found: set[type] = set()
    for option in types.alternatives(decl):
        kind = option["type"]
        element = option.get("dynamic" if kind == "array" else "of", types.ANY)
        if kind in {"array", "set"} and ("static" in option or element != types.ANY):
            continue
        if not option.get("integer"):
            found |= _CLASSES.get(kind, frozenset())
    return frozenset(found)


def _integer_lines(decl: Mapping[str, Any], name: str, i: int) -> list[str]:
    """Source that checks an integer; ``1.0`` is one, and the function gets it as an int."""
    refuse = f"return wrong_type(q, {i}, {name})"
    lines = [
        f"    if {name}.__class__ is not int:",
        f"        if not is_whole({name}):",
        f"            {refuse}",
        f"        {name} = int({name})",
    ]
    if decl.get("int64"):
        lines += [
            f"    elif not {-(1 << 63)} <= {name} < {1 << 63}:",
            f"        {refuse}",
        ]
    return lines


def _context_maker(plugin: str) -> Callable[[Any], BuiltinContext]:
    def context(frame: Any) -> BuiltinContext:
        contexts = frame.shared.contexts
        made: BuiltinContext | None = contexts.get(plugin)
        if made is None:
            made = contexts[plugin] = BuiltinContext(frame, plugin)
        return made

    return context


def _checker(decl: Mapping[str, Any]) -> Callable[[Any], bool]:
    if decl["type"] == "number":
        return is_number
    return lambda value: types.matches(decl, value)


def _wrong_type(spec: BuiltinSpec, plugin: str) -> Callable[[Any, int, Any], Any]:
    def wrong_type(frame: Any, index: int, value: Any) -> Any:
        text = types.mismatch(spec.args[index], value, index + 1)
        return frame.failed(spec.name, plugin, BuiltinTypeError(text))

    return wrong_type


def _failure(spec: BuiltinSpec, plugin: str) -> Callable[[Any, Exception], Any]:
    def failed(frame: Any, error: Exception) -> Any:
        return frame.failed(spec.name, plugin, error)

    return failed


def _voucher(spec: BuiltinSpec, plugin: str) -> Callable[[Any, Any], Any]:
    """Check what a plugin's function returned, so that a mistake shows where it was made."""

    def vouch(frame: Any, result: Any) -> Any:
        if result is UNDEFINED:
            return result
        try:
            value = result if _is_value(result) else from_python(result)
            good = types.matches(spec.result, value)
        except TypeError as error:
            value, good = result, False
            got = str(error)
        else:
            got = "" if good else type_name(value)
        if not good:
            wanted = types.describe(spec.result)
            text = f"{spec.name}: plugin {plugin!r} returned {got}, its declaration says {wanted}"
            return frame.failed(spec.name, plugin, BuiltinError(text))
        return value

    return vouch


_SCALARS = frozenset({str, bool, int, float, type(None)})


def _is_value(value: Any) -> bool:
    cls = value.__class__
    if cls in _SCALARS:
        return cls is not float or math.isfinite(value)
    if cls is list:
        return all(map(_is_value, value))
    if cls is dict:
        return all(
            (
                k.__class__ is str
                or k.__class__ is Key
                or (_is_value(k) and k is not True and k is not False and from_key(k) is k)
            )
            and _is_value(v)
            for k, v in value.items()
        )
    if cls is RegoSet:
        return all(map(_is_value, value))
    return is_number(value)
