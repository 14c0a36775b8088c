"""``@builtin``: how a Python function becomes a Rego builtin.

The decorator reads the signature once. Types come from the annotations; the first parameter may
be a :class:`~regolive.plugins.context.BuiltinContext`. The function itself stays callable as it
was written.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from regolive.plugins import types
from regolive.plugins.context import BuiltinContext

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__regolive_builtin__"
_NAME = re.compile(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)*\Z")


@dataclass(frozen=True, slots=True)
class BuiltinSpec:
    """What is known of a builtin: its declaration in OPA's terms and how to call it.

    ``args`` and ``result`` are types in OPA's declaration format; ``variadic`` is the type of any
    further operands; ``infix`` the operator it stands for; ``nondeterministic``, ``deprecated`` and
    ``relation`` as in OPA's capabilities. A ``memoize`` builtin runs once per query for equal
    operands. ``trusted`` results are not looked through for things that are no Rego values.
    """

    name: str
    args: tuple[Mapping[str, Any], ...]
    result: Mapping[str, Any]
    doc: str = ""
    wants_context: bool = False
    nondeterministic: bool = False
    memoize: bool = False
    deprecated: bool = False
    trusted: bool = False
    infix: str | None = None
    relation: bool = False
    variadic: Mapping[str, Any] | None = None

    @property
    def arity(self) -> int:
        """How many operands a call has (without those of a variadic builtin)."""
        return len(self.args)

    def declaration(self) -> dict[str, Any]:
        """The builtin as OPA's capabilities file has it."""
        decl: dict[str, Any] = {"type": "function", "args": [types.exported(a) for a in self.args]}
        if self.variadic is not None:
            decl["variadic"] = types.exported(self.variadic)
        if not self.result.get("void"):
            decl["result"] = types.exported(self.result)
        out: dict[str, Any] = {"name": self.name, "decl": decl}
        if self.infix:
            out["infix"] = self.infix
        for flag in ("relation", "nondeterministic", "deprecated"):
            if getattr(self, flag):
                out[flag] = True
        return out


def builtin(
    name: str,
    *,
    nondeterministic: bool = False,
    memoize: bool = False,
    deprecated: bool = False,
    trusted: bool = False,
    infix: str | None = None,
    relation: bool = False,
    variadic: bool = False,
    args: Sequence[Mapping[str, Any]] | None = None,
    result: Mapping[str, Any] | None = None,
    result_name: str | None = None,
) -> Callable[[F], F]:
    """Mark a function as the Rego builtin ``name`` (dotted, as policies call it).

    ``nondeterministic``: it may give different results for the same operands. ``memoize``: within
    a query it runs once for equal operands. ``trusted``: skip the check that a composite result
    holds Rego values only (for results that come from documents). ``args`` and ``result`` give
    types in OPA's format where annotations cannot say them. Messages call operands by the names of
    the parameters, and the result by ``result_name``. ``relation`` and ``variadic`` (with a last
    parameter ``*operands``) are for ``walk`` and ``print``.

    Return a Rego value, or ``UNDEFINED``. Raise :class:`~regolive.errors.BuiltinError`, or any
    exception: the call is then undefined, or an error under strict builtin errors.
    """

    def mark(function: F) -> F:
        options = {
            "name": name,
            "nondeterministic": nondeterministic,
            "memoize": memoize,
            "deprecated": deprecated,
            "trusted": trusted,
            "infix": infix,
            "relation": relation,
            "variadic": variadic,
            "args": args,
            "result": result,
            "result_name": result_name,
        }
        setattr(function, _MARK, options)
        return function

    return mark


def is_builtin(function: object) -> bool:
    """Whether a function (or bound method) carries the decorator."""
    return hasattr(function, _MARK)


def read_spec(function: Callable[..., Any]) -> BuiltinSpec:
    """The specification of a decorated function. Raises TypeError naming what is wrong with it.

    Read when the plugin is registered, not when it is decorated: so that one bad annotation is an
    error of that plugin, and annotations may refer to names defined further down.
    """
    options = getattr(function, _MARK, None)
    if options is None:
        where = getattr(function, "__qualname__", repr(function))
        raise TypeError(f"{where} is not a builtin: decorate it with @builtin(name)")
    name = options["name"]
    if not isinstance(name, str) or not _NAME.match(name):
        raise TypeError(f"{name!r} is not a name a policy can call")
    signature = inspect.signature(function)
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"builtin {name!r}: annotation cannot be resolved: {error}") from None
    parameters = list(signature.parameters.values())
    wants_context = bool(parameters) and hints.get(parameters[0].name) is BuiltinContext
    if wants_context:
        parameters = parameters[1:]
    variadic: Mapping[str, Any] | None = None
    if options["variadic"] and parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL:
        rest = parameters.pop().name
        variadic = _convert(name, rest, hints.get(rest, Any))
    for parameter in parameters:
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise TypeError(
                f"builtin {name!r}: parameter {parameter.name!r} must be positional: "
                "a Rego function has a fixed number of operands"
            )
    given = options["args"]
    if given is not None and len(given) != len(parameters):
        raise TypeError(
            f"builtin {name!r}: {len(given)} operand types given for {len(parameters)} parameters"
        )
    args: list[Mapping[str, Any]] = []
    for index, parameter in enumerate(parameters):
        if given is not None:
            decl = _checked(name, parameter.name, given[index])
        elif parameter.name in hints:
            decl = _convert(name, parameter.name, hints[parameter.name])
        else:
            raise TypeError(f"builtin {name!r}: parameter {parameter.name!r} has no annotation")
        decl.setdefault("name", parameter.name)
        args.append(decl)
    if options["result"] is not None:
        result = _checked(name, "result", options["result"])
    elif "return" in hints:
        result = _convert(name, "return", hints["return"])
    else:
        raise TypeError(f"builtin {name!r}: the result has no annotation")
    if options["result_name"] is not None:
        result["name"] = options["result_name"]
    return BuiltinSpec(
        name=name,
        args=tuple(args),
        result=result,
        doc=inspect.getdoc(function) or "",
        wants_context=wants_context,
        nondeterministic=options["nondeterministic"],
        memoize=options["memoize"],
        deprecated=options["deprecated"],
        trusted=options["trusted"],
        infix=options["infix"],
        relation=options["relation"],
        variadic=variadic,
    )


def _checked(name: str, parameter: str, decl: Any) -> dict[str, Any]:
    try:
        return types.checked(decl)
    except TypeError as error:
        raise TypeError(f"builtin {name!r}: {parameter}: {error}") from None


def _convert(name: str, parameter: str, annotation: Any) -> dict[str, Any]:
    try:
        return types.from_annotation(annotation)
    except TypeError as error:
        raise TypeError(f"builtin {name!r}: {parameter}: {error}") from None
