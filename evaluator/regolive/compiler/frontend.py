"""What every front end is: modules and entrypoints in, ``Policy`` out.

A front end is chosen by name with ``get_front_end``. The rest of the engine knows only the types
in this file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from regolive.errors import Diagnostic, FrontEndError, PolicyError, nearest
from regolive.ir.nodes import BuiltinDecl, Policy

QUERY_PLAN = "eval"
"""Name of the plan that a query text is compiled to. Its results are objects of bindings."""

QUERY_DETAILS_PLAN = "eval/details"
"""A second plan of a query: objects of ``bindings`` and ``expressions``, as ``opa eval`` has them.

Each expression is an object of ``value``, ``text`` and ``location`` (``row``, ``col``).
"""

QUERY_FILE = "<query>"
"""The file name that places in the query text carry, as in OPA."""

_SEGMENT = re.compile(
    r"""\.? (?: (?P<name>[A-Za-z_][A-Za-z0-9_]*) | \[ \s* (?P<quoted>"(?:[^"\\]|\\.)*") \s* \] )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Language:
    """Which Rego modules are written in, and how much is demanded of them.

    Attributes:
        v0_compatible: modules are Rego v0, unless they import ``rego.v1``.
        strict: also refuse what OPA refuses under ``--strict`` (unused variables and imports, ...).
        schemas: JSON schemas by the path that annotations name them with, without ``schema``
            itself: ``("input",)`` is ``schema.input``. The empty path is the schema of ``input``.
    """

    v0_compatible: bool = False
    strict: bool = False
    schemas: Mapping[tuple[str, ...], Any] = field(default_factory=dict)


PLAIN = Language()


@dataclass(frozen=True, slots=True)
class CompileRequest:
    """What to compile.

    Attributes:
        modules: Rego texts by file name.
        entrypoints: what to plan, as ``data.rbac.allow``, ``data.rbac["allow"]`` or OPA's
            ``rbac/allow``. Each becomes a plan named in OPA's way (``entrypoint_name``).
        query: text of a query, compiled to the plan ``QUERY_PLAN``; None for none.
        builtins: every builtin that plugins provide, by name. A call of any other is an error.
        language: what the modules are written in. The query is Rego v1 in any case.
        capabilities_features: the language features that capabilities allow (``rego_v1``,
            ``keywords_in_refs``, ``template_strings``, ...); None for all of them.
        capabilities_keywords: what they allow to be imported from ``future.keywords``; None for
            all.
    """

    modules: Mapping[str, str]
    entrypoints: tuple[str, ...] = ()
    query: str | None = None
    builtins: Mapping[str, BuiltinDecl] = field(default_factory=dict)
    language: Language = PLAIN
    capabilities_features: frozenset[str] | None = None
    capabilities_keywords: frozenset[str] | None = None


class FrontEnd(Protocol):
    """A compiler from Rego to plans. Safe to use from several threads.

    ``plans_data``: it plans ``data`` itself as an entrypoint, base documents included.
    """

    name: str
    plans_data: bool

    def compile(self, request: CompileRequest) -> Policy:
        """Compile modules, entrypoints and query to one plan.

        Raises:
            PolicyError: the policy is wrong; carries every diagnostic that was found.
            FrontEndError: the front end itself failed (crash, time-out, nonsense).
        """
        ...

    def close(self) -> None:
        """Release what the front end holds (processes). It can be used again afterwards."""
        ...


class UndefinedFunctionError(PolicyError):
    """The policy calls functions that neither it nor a plugin defines.

    ``names`` are the missing functions, so that tools can tell a missing builtin from other errors.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(diagnostics)


def entrypoint_name(entrypoint: str) -> str:
    """OPA's name of an entrypoint: ``data.rbac.allow`` and ``rbac/allow`` are ``rbac/allow``.

    Raises:
        ValueError: it is neither a path nor a reference into ``data`` with constant segments.
    """
    return "/".join(entrypoint_path(entrypoint))


def entrypoint_path(entrypoint: str) -> tuple[str, ...]:
    """The segments of an entrypoint below ``data``; the empty tuple is all of ``data``.

    Raises:
        ValueError: it is neither a path nor a reference into ``data`` with constant segments.
    """
    text = entrypoint.strip()
    if text == "data":
        return ()
    if not text.startswith(("data.", "data[")):
        segments = tuple(text.strip("/").split("/"))
        if not all(segments):
            raise ValueError(f"not an entrypoint: {entrypoint!r}")
        return segments
    result = []
    at = len("data")
    while at < len(text):
        match = _SEGMENT.match(text, at)
        if match is None or (match["name"] and text[at] != "."):
            raise ValueError(f"not a reference with constant segments: {entrypoint!r}")
        result.append(match["name"] or json.loads(match["quoted"]))
        at = match.end()
    return tuple(result)


def undefined_function(name: str, known: Sequence[str]) -> tuple[str, str | None]:
    """Message (in OPA's words) and hint for a call of a function that does not exist."""
    near = nearest(name, known)
    return f"undefined function {name}", f"perhaps you meant {near}" if near else None


def check_modules(
    modules: Mapping[str, str],
    *,
    builtins: Mapping[str, BuiltinDecl],
    language: Language = PLAIN,
    features: frozenset[str] | None = None,
    keywords: frozenset[str] | None = None,
) -> list[Diagnostic]:
    """What is wrong with some modules, as ``opa check`` finds it; empty for nothing.

    The arguments are those of ``CompileRequest``; ``features`` and ``keywords`` are its
    ``capabilities_features`` and ``capabilities_keywords``.
    """
    from regolive.compiler.native import check

    return check(
        CompileRequest(
            modules,
            builtins=builtins,
            language=language,
            capabilities_features=features,
            capabilities_keywords=keywords,
        )
    )


def get_front_end(name: str = "regolive") -> FrontEnd:
    """The front end of that name.

    Raises:
        FrontEndError: there is none, or what it needs is not installed.
    """
    # Each is imported when it is asked for: the other's parts are none of its user's business.
    if name == "regolive":
        from regolive.compiler.native import NativeFrontEnd

        return NativeFrontEnd()
    if name == "regopy":
        from regolive.compiler.regopy import RegopyFrontEnd

        return RegopyFrontEnd()
    raise FrontEndError(f"no front end is named {name!r}; there are: regolive, regopy")
