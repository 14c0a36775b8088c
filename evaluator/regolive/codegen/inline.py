"""Standard builtins written in line, where the usual operand types make that a Python operator.

Only the standard plugin's own builtins are: a name that another plugin provides is called. What
is not the usual case goes to the builtin, so that its checks and its errors stand in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regolive.codegen.equality import equal_code, order_code
from regolive.codegen.gen import Expr, Gen
from regolive.values import RegoSet

# The standard plugin's name as an entry point, and as a class that was passed in.
STANDARD_PLUGINS = ("std", "StdPlugin")


@dataclass(frozen=True, slots=True)
class Inline:
    """Python for a call. ``total``: never undefined. ``condition``: usable as a bool in a test."""

    code: str
    kind: str | None = None
    total: bool = False
    condition: bool = False


def name_of(gen: Gen, builtin: str) -> str:
    """The name under which generated code calls a builtin."""
    used = gen.unit.used_builtins
    known = used.get(builtin)
    if known is None:
        known = "b_" + "".join(c if c.isalnum() else "_" for c in builtin)
        while known in used.values():
            known += "_"
        used[builtin] = known
    return known


def expand(gen: Gen, builtin: str, args: list[Expr]) -> Inline | None:
    """The in-line form of a call, if it has one."""
    bound = gen.unit.builtins.get(builtin)
    template = _TEMPLATES.get(builtin)
    if template is None or bound is None or bound.plugin not in STANDARD_PLUGINS:
        return None
    if len(args) != bound.spec.arity:
        return None
    return template(gen, builtin, args)


def _equal(gen: Gen, name: str, args: list[Expr]) -> Inline:
    ok, _ = equal_code(args[0], args[1])
    return Inline(f"({ok})", "bool", total=True, condition=True)


def _not_equal(gen: Gen, name: str, args: list[Expr]) -> Inline:
    _, fail = equal_code(args[0], args[1])
    return Inline(f"({fail})", "bool", total=True, condition=True)


def _order(operator: str) -> Callable[[Gen, str, list[Expr]], Inline]:
    def template(gen: Gen, name: str, args: list[Expr]) -> Inline:
        code = order_code(args[0], args[1], operator)
        return Inline(f"({code})", "bool", total=True, condition=True)

    return template


def _arithmetic(operator: str) -> Callable[[Gen, str, list[Expr]], Inline | None]:
    def template(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
        a, b = args
        if any(e.kind not in (None, "int") for e in args):
            return None
        tests = [f"{e.cls} is int" for e in args if e.kind != "int"]
        if not tests:
            return None  # constants: rare, and the builtin knows their limits
        slow = f"{name_of(gen, name)}(q, {a.code}, {b.code})"
        return Inline(f"{a.code} {operator} {b.code} if {' and '.join(tests)} else {slow}")

    return template


def _string_test(pattern: str) -> Callable[[Gen, str, list[Expr]], Inline | None]:
    def template(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
        if any(e.kind not in (None, "str") for e in args):
            return None
        tests = [f"{e.cls} is str" for e in args if e.kind != "str"]
        fast = pattern.format(args[0].code, args[1].code)
        if not tests:
            return Inline(f"({fast})", "bool", total=True, condition=True)
        slow = f"{name_of(gen, name)}(q, {args[0].code}, {args[1].code})"
        # In a test, undefined and false come to the same: UNDEFINED is falsy.
        code = f"({fast} if {' and '.join(tests)} else {slow})"
        return Inline(code, condition=True)

    return template


def _member(gen: Gen, name: str, args: list[Expr]) -> Inline:
    value, collection = args
    slow = f"member({value.code}, {collection.code})"
    if collection.const.__class__ is RegoSet:
        keys = gen.unit.constant(frozenset(collection.const.keys))
        if value.kind == "str":
            return Inline(f"({value.code} in {keys})", "bool", total=True, condition=True)
        code = f"({value.code} in {keys} if {value.cls} is str else {slow})"
        return Inline(code, "bool", total=True, condition=True)
    tests = [] if collection.kind == "list" else [f"{collection.cls} is list"]
    if value.kind != "str":
        tests.append(f"{value.cls} is str")
    fast = f"{value.code} in {collection.code}"
    code = f"({fast} if {' and '.join(tests)} else {slow})" if tests else f"({fast})"
    return Inline(code, "bool", total=True, condition=True)


def _count(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    (value,) = args
    if value.kind in ("list", "dict", "set", "str"):
        return Inline(f"len({value.code})", "int", total=True)
    slow = f"{name_of(gen, name)}(q, {value.code})"
    return Inline(f"len({value.code}) if {value.cls} in COMPOSITES else {slow}")


def _object_get(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    obj, key, default = args
    if key.kind not in (None, "str") or obj.kind not in (None, "dict"):
        return None
    tests = [] if obj.kind == "dict" else [f"{obj.cls} is dict"]
    if key.kind is None:
        tests.append(f"{key.cls} is str")
    fast = f"{obj.code}.get({key.code}, {default.code})"
    if not tests:
        return Inline(fast, total=True)
    slow = f"{name_of(gen, name)}(q, {obj.code}, {key.code}, {default.code})"
    return Inline(f"{fast} if {' and '.join(tests)} else {slow}")


def _split(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    text, separator = args
    if text.kind not in (None, "str") or not separator.is_const or not separator.const:
        return None  # an empty separator splits into characters
    if separator.kind != "str":
        return None
    fast = f"{text.code}.split({separator.code})"
    if text.kind == "str":
        return Inline(fast, "list", total=True)
    slow = f"{name_of(gen, name)}(q, {text.code}, {separator.code})"
    # The builtin gives an array or nothing, and so does Python.
    return Inline(f"{fast} if {text.cls} is str else {slow}", "list")


_TEMPLATES: dict[str, Callable[[Gen, str, list[Expr]], Inline | None]] = {
    "contains": _string_test("{1} in {0}"),
    "count": _count,
    "endswith": _string_test("{0}.endswith({1})"),
    "equal": _equal,
    "gt": _order(">"),
    "gte": _order(">="),
    "internal.member_2": _member,
    "lt": _order("<"),
    "lte": _order("<="),
    "minus": _arithmetic("-"),
    "neq": _not_equal,
    "object.get": _object_get,
    "plus": _arithmetic("+"),
    "split": _split,
    "startswith": _string_test("{0}.startswith({1})"),
}
