"""Replies as OPA writes them: JSON text, and errors as ``{"code", "message", "errors"}``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from regolive.errors import EvalError, Location, PolicyError, RegoliveError, StorageError
from regolive.server.errors import RequestError
from regolive.values import dumps

EVALUATING = "error(s) occurred while evaluating query"
COMPILING = "error(s) occurred while compiling query"

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^"\[\]{},:]+')
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished reply: an HTTP status and the body, JSON unless ``media`` says otherwise."""

    status: int
    body: bytes
    media: str = "application/json"


def json_reply(text: str, *, status: int = 200, pretty: bool = False) -> Reply:
    """A reply of JSON text, ended by a newline as OPA's are."""
    text = (indent(text) if pretty else text) + "\n"
    try:
        body = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can write: as Go reads it
        body = _SURROGATES.sub("\ufffd", text).encode()
    return Reply(status, body)


def value_reply(value: Any, *, status: int = 200, pretty: bool = True) -> Reply:
    """A reply of a plain JSON value, in the order its keys have."""
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None)
    return json_reply(text, status=status)


def error_reply(error: BaseException) -> Reply:
    """What is said of an error, with the status that OPA gives it."""
    document: dict[str, Any]
    status = 500
    if isinstance(error, RequestError):
        status, document = error.status, {"code": error.code, "message": str(error)}
    elif isinstance(error, EvalError):
        document = {"code": "internal_error", "message": EVALUATING, "errors": [described(error)]}
    elif isinstance(error, PolicyError):
        found = [
            _with_location({"code": d.code, "message": d.message}, d.location)
            for d in error.diagnostics
        ]
        document = {"code": "internal_error", "message": COMPILING, "errors": found}
    elif isinstance(error, StorageError):
        document = {"code": "internal_error", "message": f"{error.code}: {error}"}
    elif isinstance(error, RegoliveError):
        document = {"code": "internal_error", "message": str(error)}
    else:
        message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        document = {"code": "internal_error", "message": message}
    return value_reply(document, status=status)


def described(error: EvalError) -> dict[str, Any]:
    """An error of a query as an object of ``code``, ``message`` and ``location``."""
    return _with_location({"code": error.code, "message": error.message}, error.location)


def _with_location(found: dict[str, Any], location: Location | None) -> dict[str, Any]:
    if location is not None:
        # Tools made for OPA count on a column from 1, where we may know only the row.
        column = max(location.col, 1) if location.row else 0
        found["location"] = {"file": location.file, "row": location.row, "col": column}
    return found


def result_text(value: Any, warning: dict[str, str] | None) -> str:
    """The text of a reply that has a value."""
    more = f',"warning":{dumps(warning)}' if warning else ""
    return f'{{"result":{dumps(value)}{more}}}'


def indent(text: str) -> str:
    """Compact JSON spread over lines, two spaces a level; the numbers stay as they are written."""
    out: list[str] = []
    level = 0
    opened = False
    for match in _TOKEN.finditer(text):
        token = match[0]
        closes = token in ("}", "]")
        if closes:
            level -= 1
        if closes != opened and (closes or opened):
            out.append("\n" + "  " * level)
        opened = token in ("{", "[")
        out.append(token)
        if opened:
            level += 1
        elif token == ",":
            out.append("\n" + "  " * level)
        elif token == ":":
            out.append(" ")
    return "".join(out)
