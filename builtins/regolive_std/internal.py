"""What the compiler calls: membership (``in``), ``print``, template strings."""

from __future__ import annotations

from typing import Any

from regolive import BuiltinContext, BuiltinError, RegoSet
from regolive.errors import ConflictError
from regolive.values import (
    UNDEFINED,
    as_integer,
    equal,
    is_number,
    sorted_values,
    to_key,
    type_name,
)
from regolive_std._declare import ANY, BOOLEAN, STRING, VOID, array, set_of, std
from regolive_std.text import term_text


@std("internal.member_2", args=[ANY, ANY], result=BOOLEAN, infix="in")
def member_2(value: Any, collection: Any) -> bool:
    """Whether a collection contains a value (an object: among its values).

    Example:
        >>> internal.member_2("a", {"a", "b"})
        true
        >>> "a" in {"x": "a"}
        true
        >>> 3 in [1, 2]
        false
    """
    cls = collection.__class__
    if cls is RegoSet:
        return (value if value.__class__ is str else to_key(value)) in collection.keys
    if cls is dict:
        collection = collection.values()
    elif cls is not list:
        return False
    # Python's ``in`` is right but where booleans meet numbers; a second look settles those.
    if value not in collection:
        return False
    return value.__class__ is str or any(equal(value, other) for other in collection)


@std("internal.member_3", args=[ANY, ANY, ANY], result=BOOLEAN, infix="in")
def member_3(key: Any, value: Any, collection: Any) -> bool:
    """Whether a collection has a value at a key.

    Example:
        >>> internal.member_3(0, "a", ["a"])
        true
        >>> ("x", "a" in {"x": "a"})
        true
    """
    cls = collection.__class__
    if cls is RegoSet:
        return equal(key, value) and key in collection
    if cls is dict:
        found = collection.get(to_key(key), UNDEFINED)
        return found is not UNDEFINED and equal(found, value)
    if cls is list:
        # 1.0 is the index 1, as in OPA.
        at = key if key.__class__ is int else as_integer(key) if is_number(key) else None
        return at is not None and 0 <= at < len(collection) and equal(collection[at], value)
    return False


def _texts(operand: Any) -> list[str]:
    """What one operand of ``print`` shows: the compiler passes a set of its possible values."""
    if operand.__class__ is RegoSet:
        if not operand:
            return ["<undefined>"]
        return [term_text(v, quoted=False) for v in sorted_values(operand)]
    if operand.__class__ in (list, dict):
        raise BuiltinError(f"illegal argument type: {type_name(operand)}")
    return [term_text(operand, quoted=False)]


_MAX_LINES = 1000


@std("internal.print", args=[array(set_of())], result=VOID)
def internal_print(ctx: BuiltinContext, operands: list[Any]) -> bool:
    """Log the operands, one line for each combination of their values.

    Example:
        >>> {1 | internal.print([{"hello"}])}
        [1]
    """
    lines: list[list[str]] = [[]]
    for operand in operands:
        texts = _texts(operand)
        lines = [[*line, text] for line in lines for text in texts][:_MAX_LINES]
    place = ctx.location
    for line in lines:
        ctx.logger.info("%s%s", f"{place}: " if place else "", " ".join(line))
    return True


@std("print", result=VOID, variadic=True)
def print_(ctx: BuiltinContext, *operands: Any) -> bool:
    """Log the operands; a compiler puts ``internal.print`` in its place, or nothing.

    Example:
        >>> {1 | print("hello", [1, 2])}
        [1]
    """
    return internal_print(ctx, [RegoSet([v]) for v in operands])


@std("internal.template_string", args=[array()], result=STRING)
def template_string(parts: Any) -> str:
    """The text of a template string from its parts; ``<undefined>`` for an undefined one.

    Example:
        >>> $"{1 + 1} users of {data.example.nothing}"
        "2 users of <undefined>"
    """
    out = []
    for part in parts:
        texts = _texts(part)
        if len(texts) > 1:
            raise ConflictError("template-strings must not produce multiple outputs")
        out.append(texts[0])
    return "".join(out)


@std("internal.test_case", args=[array()], result=VOID)
def test_case(case: list[Any]) -> bool:
    """A mark that the test runner sets on the cases of a table test: always true.

    Example:
        >>> {1 | internal.test_case([{"first"}])}
        [1]
    """
    return True
