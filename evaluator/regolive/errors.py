"""Every error that regolive raises on purpose, under one root.

Codes are OPA's (``rego_parse_error``, ``eval_conflict_error``, ...), so that tools made for OPA
understand them: https://www.openpolicyagent.org/docs/errors
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any


class RegoliveError(Exception):
    """The root of all errors raised by regolive."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a policy: file name, row and column (both counted from 1; 0 is unknown)."""

    file: str
    row: int = 0
    col: int = 0

    def __str__(self) -> str:
        if not self.row:
            return self.file
        return f"{self.file}:{self.row}" if not self.col else f"{self.file}:{self.row}:{self.col}"


@dataclass(frozen=True, slots=True)
class Details:
    """More about a diagnostic: ``lines`` as OPA prints them, ``fields`` as its JSON has them."""

    lines: tuple[str, ...]
    fields: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong with a policy.

    ``line`` is the source line the location points at, ``hint`` what the writer probably meant,
    ``details`` what OPA says besides (the types of a type error).
    """

    code: str
    message: str
    location: Location | None = None
    line: str | None = None
    hint: str | None = None
    details: Details | None = None

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        text = f"{where}{self.code}: {self.message}"
        if self.line is not None:
            text += f"\n    {self.line.expandtabs(1)}"
            if self.location and self.location.col:
                text += "\n    " + " " * (self.location.col - 1) + "^"
        if self.details:
            text += "".join(f"\n    {line}" for line in self.details.lines)
        if self.hint:
            text += f"\n    {self.hint}"
        return text


class PolicyError(RegoliveError):
    """A policy that cannot be compiled. Carries all diagnostics found, not just the first."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


class FrontEndError(RegoliveError):
    """A front end failed by itself (crashed, ran out of time), whatever the policy says."""


class IRError(RegoliveError):
    """A plan that is not valid. ``where`` names the place inside the plan."""

    def __init__(self, message: str, where: str = "") -> None:
        self.where = where
        super().__init__(f"{where}: {message}" if where else message)


class BundleError(RegoliveError):
    """A bundle that cannot be read: a bad archive, manifest, data file or plan."""


class EvalError(RegoliveError):
    """An error while a query runs. ``code`` is OPA's code for it."""

    code = "eval_internal_error"

    def __init__(self, message: str, location: Location | None = None) -> None:
        self.message = message
        self.location = location
        super().__init__(message)

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        return f"{where}{self.code}: {self.message}"


class ConflictError(EvalError):
    """Two rules (or two keys of one object) gave different values for the same thing."""

    code = "eval_conflict_error"


class BuiltinError(EvalError):
    """A builtin could not compute its result. Raise this from a builtin.

    The call is undefined, unless the query runs with strict builtin errors.
    """

    code = "eval_builtin_error"


class BuiltinTypeError(BuiltinError):
    """A builtin was called with an operand of the wrong type."""

    code = "eval_type_error"


class CancelledError(EvalError):
    """The query was cancelled, or ran past its deadline."""

    code = "eval_cancel_error"


class StorageError(RegoliveError):
    """The store refused an operation; ``code`` is OPA's (``storage_not_found_error``, ...)."""

    code = "storage_internal_error"


class NotFoundError(StorageError):
    """The path does not exist in the store."""

    code = "storage_not_found_error"


class InvalidPathError(StorageError):
    """The path cannot be written to: removing the root, a parent that is a scalar, ..."""

    code = "storage_invalid_patch_error"


class TransactionError(StorageError):
    """A transaction was used wrongly: after its end, from a thread that reads, or abandoned."""

    code = "storage_invalid_txn_error"


class ConfigError(RegoliveError):
    """Configuration that is not valid. The message names the key and what was expected."""


class PluginError(RegoliveError):
    """A plugin that cannot be loaded or breaks its contract. ``plugin`` names it."""

    def __init__(self, plugin: str, message: str) -> None:
        self.plugin = plugin
        super().__init__(f"plugin {plugin!r}: {message}")


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name most like ``name``, if one is close enough to suggest."""
    found = get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None
