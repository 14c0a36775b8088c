"""Reading the cases: a file of JSON objects, one a line, gzipped or not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regolive.values import UNDEFINED, loads


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``want_*`` are UNDEFINED where the case does not say."""

    id: str
    note: str
    query: str
    modules: tuple[str, ...]
    data: Any
    input: Any
    input_term: str | None
    want_result: Any
    want_error: str | None
    want_error_code: str | None
    strict_error: bool
    sort_bindings: bool
    ignore_generated_vars: bool
    entrypoints: tuple[str, ...]
    plan: Any
    want_plan_result: Any

    @property
    def wants_error(self) -> bool:
        """Whether evaluation must end with an error."""
        return self.want_error is not None or self.want_error_code is not None


class CasesError(Exception):
    """The file of cases cannot be read. The message says why, and what to do."""


def parse_case(text: str) -> Case:
    """One case from its line. Raises CasesError for what is no case."""
    try:
        item = loads(text)
    except ValueError as error:
        raise CasesError(f"not JSON: {error}") from error
    if not isinstance(item, dict) or not isinstance(item.get("id"), str):
        raise CasesError("not a case: an object with an id was expected")
    return Case(
        id=item["id"],
        note=item.get("note", ""),
        query=item.get("query", ""),
        modules=tuple(item.get("modules") or ()),
        data=item.get("data") or {},
        input=item.get("input", UNDEFINED),
        input_term=item.get("input_term"),
        want_result=item.get("want_result", UNDEFINED),
        want_error=item.get("want_error"),
        want_error_code=item.get("want_error_code"),
        strict_error=bool(item.get("strict_error")),
        sort_bindings=bool(item.get("sort_bindings")),
        ignore_generated_vars=bool(item.get("ignore_generated_vars")),
        entrypoints=tuple(item.get("entrypoints") or ("eval",)),
        plan=item.get("plan"),
        want_plan_result=item.get("want_plan_result", UNDEFINED),
    )


def family(case_id: str) -> str:
    """The family of a case: the directory of the file it comes from."""
    return case_id.split("/", 1)[0]


@dataclass(frozen=True, slots=True)
class Line:
    """A case still as text, as it is handed to a worker, with what the parent must know of it."""

    id: str
    note: str
    text: str


def read_lines(path: Path) -> list[Line]:
    """The cases of a file. Raises CasesError if there is no such file, or it holds no cases."""
    found: list[Line] = []
    seen: set[str] = set()
    try:
        for number, text in enumerate(_texts(path), 1):
            if not text.strip():
                continue
            try:
                item = json.loads(text)
                line = Line(item["id"], item.get("note", ""), text)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise CasesError(f"{path}:{number}: not a case: {error!r}") from error
            if line.id in seen:
                raise CasesError(f"{path}:{number}: the id {line.id!r} stands in the file twice")
            seen.add(line.id)
            found.append(line)
    except FileNotFoundError as error:
        raise CasesError(
            f"{path}: no such file. Name the file of cases as the argument, "
            "or in the environment variable REGOLIVE_CONFORMANCE."
        ) from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CasesError(f"{path}: cannot be read: {error}") from error
    if not found:
        raise CasesError(f"{path}: there is no case in it")
    return found


def _texts(path: Path) -> Iterator[str]:
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
    opener = gzip.open if zipped else open
    with opener(path, "rt", encoding="utf-8") as lines:
        yield from lines
