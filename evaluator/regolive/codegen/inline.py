"""Standard builtins written in line, where the usual operand types make that a Python operator.

Only the standard plugin's own builtins are: a name that another plugin provides is called. What
is not the usual case goes to the builtin, so that its checks and its errors stand in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regolive.codegen.equality import equal_code, order_code
from regolive.codegen.gen import CLASS_NAMES, Expr, Gen
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


def _typed(*kinds: str, to: str, result: str) -> Callable[[Gen, str, list[Expr]], Inline | None]:
    """``to`` where the operands are of these types; the builtin gives the same type or nothing."""

    def template(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
        return _if_typed(gen, name, args, kinds, to.format(*(e.code for e in args)), result)

    return template


def _if_typed(
    gen: Gen,
    name: str,
    args: list[Expr],
    kinds: tuple[str, ...],
    fast: str,
    result: str | None,
    *more: str,
) -> Inline | None:
    if any(e.kind not in (None, kind) for e, kind in zip(args, kinds, strict=True)):
        return None
    tests = [
        f"{e.cls} is {CLASS_NAMES[kind]}"
        for e, kind in zip(args, kinds, strict=True)
        if e.kind != kind
    ]
    tests += more
    if not tests:
        return Inline(fast, result, total=True)
    slow = f"{name_of(gen, name)}({', '.join(['q', *(e.code for e in args)])})"
    return Inline(f"{fast} if {' and '.join(tests)} else {slow}", result)


def _is_type(test: str) -> Callable[[Gen, str, list[Expr]], Inline | None]:
    def template(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
        (value,) = args
        if value.kind is not None:
            return None
        code = f"({test.format(value.code)})"
        return Inline(code, "bool", total=True, condition=True)

    return template


def _letters(method: str) -> Callable[[Gen, str, list[Expr]], Inline | None]:
    """Go maps letters one by one, as Python does where all are ASCII."""

    def template(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
        (text,) = args
        if text.is_const:
            return None
        fast, ascii_only = f"{text.code}.{method}()", f"{text.code}.isascii()"
        return _if_typed(gen, name, args, ("str",), fast, "str", ascii_only)

    return template


def _trim(method: str) -> Callable[[Gen, str, list[Expr]], Inline | None]:
    def template(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
        text, cutset = args
        if cutset.const.__class__ is not str or not cutset.const.isascii():
            return None  # to Go, all bytes that are no UTF-8 are one character
        fast = f"{text.code}.{method}({cutset.code})"
        return _if_typed(gen, name, args, ("str", "str"), fast, "str")

    return template


def _replace(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    text, old, new = args
    if old.const.__class__ is not str or not old.const:
        return None  # an empty string is found between the bytes
    fast = f"{text.code}.replace({old.code}, {new.code})"
    return _if_typed(gen, name, args, ("str", "str", "str"), fast, "str")


def _trim_space(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    # Of all that is white space, Python calls one character printable: the space.
    text = args[0].code
    return _if_typed(
        gen, name, args, ("str",), f"{text}.strip(' ')", "str", f"{text}.isprintable()"
    )


def _substring(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    """A part between constants. All is ASCII: else bytes that are no UTF-8 have to be seen to."""
    text, offset, length = args
    start, size = offset.const, length.const
    if start.__class__ is not int or size.__class__ is not int or start < 0 or text.is_const:
        return None
    if max(start, size) >= 1 << 32:
        return None
    part = f"{start}:{start + size}" if size >= 0 else f"{start}:"
    slow = f"{name_of(gen, name)}(q, {text.code}, {offset.code}, {length.code})"
    tests = [] if text.kind == "str" else [f"{text.cls} is str"]
    if text.kind not in (None, "str"):
        return None
    tests.append(f"{text.code}.isascii()")
    return Inline(f"{text.code}[{part}] if {' and '.join(tests)} else {slow}", "str")


def _now(gen: Gen, name: str, args: list[Expr]) -> Inline:
    return Inline("q.shared.now_ns", "int", total=True)


def _count(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    (value,) = args
    if value.kind in ("list", "dict", "set", "str"):
        return Inline(f"len({value.code})", "int", total=True)
    slow = f"{name_of(gen, name)}(q, {value.code})"
    return Inline(f"len({value.code}) if {value.cls} in COUNTED else {slow}", "int")


def _object_get(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    obj, key, default = args
    if key.const.__class__ is list:
        return _object_get_path(gen, name, args)
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


def _object_get_path(gen: Gen, name: str, args: list[Expr]) -> Inline | None:
    """A path of two strings or more: objects all the way, or the builtin sees to it."""
    obj, path, default = args
    steps = path.const
    if len(steps) < 2 or any(step.__class__ is not str for step in steps):
        return None
    if obj.kind not in (None, "dict"):
        return None
    tests = [] if obj.kind == "dict" else [f"{obj.cls} is dict"]
    found = obj.code
    for step in steps[:-1]:
        inner = gen.fresh("g")
        tests.append(f"({inner} := {found}.get({step!r})).__class__ is dict")
        found = inner
    fast = f"{found}.get({steps[-1]!r}, {default.code})"
    slow = f"{name_of(gen, name)}(q, {obj.code}, {path.code}, {default.code})"
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
    "and": _typed("set", "set", to="RegoSet.of_keys({0}.keys & {1}.keys)", result="set"),
    "array.concat": _typed("list", "list", to="{0} + {1}", result="list"),
    "contains": _string_test("{1} in {0}"),
    "count": _count,
    "endswith": _string_test("{0}.endswith({1})"),
    "equal": _equal,
    "gt": _order(">"),
    "gte": _order(">="),
    "internal.member_2": _member,
    "is_array": _is_type("{0}.__class__ is list"),
    "is_boolean": _is_type("{0}.__class__ is bool"),
    "is_null": _is_type("{0} is None"),
    "is_object": _is_type("{0}.__class__ is dict"),
    "is_set": _is_type("{0}.__class__ is RegoSet"),
    "is_string": _is_type("{0}.__class__ is str"),
    "lower": _letters("lower"),
    "lt": _order("<"),
    "lte": _order("<="),
    "minus": _arithmetic("-"),
    "neq": _not_equal,
    "object.get": _object_get,
    "or": _typed("set", "set", to="RegoSet.of_keys({0}.keys | {1}.keys)", result="set"),
    "plus": _arithmetic("+"),
    "replace": _replace,
    "split": _split,
    "startswith": _string_test("{0}.startswith({1})"),
    "substring": _substring,
    "time.now_ns": _now,
    "trim": _trim("strip"),
    "trim_left": _trim("lstrip"),
    "trim_prefix": _typed("str", "str", to="{0}.removeprefix({1})", result="str"),
    "trim_right": _trim("rstrip"),
    "trim_space": _trim_space,
    "trim_suffix": _typed("str", "str", to="{0}.removesuffix({1})", result="str"),
    "upper": _letters("upper"),
}
