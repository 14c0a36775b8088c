"""Errors as ``opa eval`` reports them: objects for JSON, text for people."""

from __future__ import annotations

from typing import Any

from regolive.cli.app import describe
from regolive.errors import (
    EvalError,
    Location,
    PolicyError,
    RegoliveError,
    StorageError,
)

_QUERY_FILE = "<query>"


def error_objects(error: RegoliveError) -> list[dict[str, Any]]:
    """``message``, ``code`` and ``location`` (``file``, ``row``, ``col``) of all that is wrong.

    OPA's file name of the query text is the empty string.
    """
    if isinstance(error, PolicyError):
        found: list[dict[str, Any]] = []
        for diagnostic in error.diagnostics:
            one: dict[str, Any] = _placed(
                {"message": diagnostic.message, "code": diagnostic.code}, diagnostic.location
            )
            details = {"line": diagnostic.line, "hint": diagnostic.hint}
            if diagnostic.hint or diagnostic.code == "rego_parse_error":
                one["details"] = {k: v for k, v in details.items() if v is not None}
            if diagnostic.details is not None and diagnostic.details.fields:
                one["details"] = {**diagnostic.details.fields, **one.get("details", {})}
            found.append(one)
        notes = getattr(error, "__notes__", None)
        if notes and found:
            found[0].setdefault("details", {})["notes"] = list(notes)
        return found
    if isinstance(error, EvalError):
        return [_placed({"message": error.message, "code": error.code}, error.location)]
    if isinstance(error, StorageError):
        return [{"message": str(error), "code": error.code}]
    return [{"message": describe(error)}]


def _placed(one: dict[str, Any], location: Location | None) -> dict[str, Any]:
    if location is not None and location.row:
        file = "" if location.file == _QUERY_FILE else location.file
        # Tools made for OPA count on a column from 1, where we may know only the row.
        one["location"] = {"file": file, "row": location.row, "col": max(location.col, 1)}
    return one


def error_text(errors: list[RegoliveError]) -> str:
    """Errors for people, in OPA's frame: "1 error occurred: ..." """
    texts: list[str] = []
    notes: list[str] = []
    for error in errors:
        if isinstance(error, PolicyError):
            texts += [str(d) for d in error.diagnostics]
        else:
            texts.append(str(error))
        notes += getattr(error, "__notes__", ())
    head = "1 error occurred: " if len(texts) == 1 else f"{len(texts)} errors occurred:\n"
    return head + "\n".join([*texts, *notes])
