"""What every module here starts from: the decorator, and types that annotations cannot say.

Types are in OPA's declaration format. ``expected`` and ``unchecked`` are explained in
``regolive.plugins.types``: OPA's errors list some types in another order than it declares them,
and a few builtins look at their operands themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from regolive.errors import BuiltinTypeError
from regolive.plugins import builtin
from regolive.plugins.types import is_whole
from regolive.values import is_number, type_name

Decl = Mapping[str, Any]
F = TypeVar("F", bound=Callable[..., Any])

ANY: Decl = {"type": "any"}
STRING: Decl = {"type": "string"}
NUMBER: Decl = {"type": "number"}
INTEGER: Decl = {"type": "number", "integer": True, "int64": True}
BOOLEAN: Decl = {"type": "boolean"}
NULL: Decl = {"type": "null"}
# A number that the function turns into an integer itself: 2.0 will do.
WHOLE: Decl = {"type": "number", "expected": ["integer"]}
# No result as OPA declares it; the call is true.
VOID: Decl = {"type": "boolean", "void": True}


def array(element: Decl = ANY) -> dict[str, Any]:
    """An array of any length."""
    return {"type": "array", "dynamic": element}


def tuple_of(*elements: Decl) -> dict[str, Any]:
    """An array of a fixed length."""
    return {"type": "array", "static": list(elements)}


def set_of(element: Decl = ANY) -> dict[str, Any]:
    """A set."""
    return {"type": "set", "of": element}


def object_of(key: Decl = ANY, value: Decl = ANY) -> dict[str, Any]:
    """An object with any keys."""
    return {"type": "object", "dynamic": {"key": key, "value": value}}


def one_of(*options: Decl, expected: Sequence[str] | None = None) -> dict[str, Any]:
    """A union. ``expected``: the names in the order of OPA's error text."""
    decl: dict[str, Any] = {"type": "any", "of": list(options)}
    if expected is not None:
        decl["expected"] = list(expected)
    return decl


def unchecked(decl: Decl) -> dict[str, Any]:
    """The type as it is declared, with the check left to the function."""
    return {**decl, "unchecked": True}


def std(
    name: str,
    *,
    args: Sequence[Decl] | None = None,
    result: Decl | None = None,
    result_name: str | None = None,
    nondeterministic: bool = False,
    memoize: bool = False,
    deprecated: bool = False,
    infix: str | None = None,
    relation: bool = False,
    variadic: bool = False,
) -> Callable[[F], F]:
    """``@builtin`` for our own functions, which return Rego values only."""
    return builtin(
        name,
        args=args,
        result=result,
        result_name=result_name,
        nondeterministic=nondeterministic,
        memoize=memoize,
        deprecated=deprecated,
        infix=infix,
        relation=relation,
        variadic=variadic,
        trusted=True,
    )


def wrong_type(operand: int, value: Any, *expected: str) -> BuiltinTypeError:
    """The error for an operand of the wrong type, in OPA's words."""
    names = expected[0] if len(expected) == 1 else "one of {" + ", ".join(expected) + "}"
    return BuiltinTypeError(f"operand {operand} must be {names} but got {type_name(value)}")


def integer(operand: int, value: Any) -> int:
    """An operand that must be an ``INTEGER``, where the function looks at it itself."""
    if value.__class__ is int and -(1 << 63) <= value < 1 << 63:
        return int(value)
    if is_whole(value):
        return int(value)
    raise not_integer(operand) if is_number(value) else wrong_type(operand, value, "number")


def wrong_element(operand: int, composite: Any, value: Any, *expected: str) -> BuiltinTypeError:
    """The error for an element of the wrong type inside an operand, in OPA's words."""
    kind = type_name(composite)
    names = f"{expected[0]}s" if len(expected) == 1 else "(any of) {" + ", ".join(expected) + "}"
    return BuiltinTypeError(
        f"operand {operand} must be {kind} of {names} but got {kind} containing {type_name(value)}"
    )


def not_integer(operand: int) -> BuiltinTypeError:
    """The error for a number that should be whole."""
    return BuiltinTypeError(
        f"operand {operand} must be integer number but got floating-point number"
    )
