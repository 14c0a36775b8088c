"""Reading the chapters of the corpus."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FILE = "policy.rego"
"""The name of the module of a case that has only one."""

_KEYS = {
    "id", "rule", "accepted", "v0_compatible", "strict", "says", "module", "schema",
    "without_builtins", "expected",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expected:
    """One error as ``opa check --format json`` reports it. No file: OPA gave no location.

    ``detail`` are the lines that stand below the message where it is printed for people: the types
    that were found and wanted.
    """

    code: str
    message: str
    file: str = ""
    row: int = 0
    col: int = 0
    detail: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.row}:{self.col}: {self.code}: {self.message}"


@dataclass(frozen=True, slots=True)
class CorpusCase:
    """One policy set and what must be said of it.

    Attributes:
        chapter: name of the file it stands in.
        rule: the rule of the language that it breaks (or seems to break), in a sentence.
        accepted: it looks wrong and is right: no error is expected.
        modules: texts by file name.
        v0_compatible, strict: the flags of ``opa check`` of those names.
        schemas: JSON Schema texts by file name, as in the folder ``--schema`` names.
        without_builtins: builtins that are not there.
        says: words that a good message (or its hint) contains, beyond what OPA says.
        expected: OPA's errors, by their places.
    """

    chapter: str
    id: str
    rule: str
    modules: Mapping[str, str]
    accepted: bool = False
    v0_compatible: bool = False
    strict: bool = False
    schemas: Mapping[str, str] | None = None
    without_builtins: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    expected: tuple[Expected, ...] | None = None

    @property
    def name(self) -> str:
        """Chapter and id: unique in the corpus."""
        return f"{self.chapter}/{self.id}"


class CorpusError(Exception):
    """A chapter is not as it should be. The message names the file, the case and what is wrong."""


def chapters() -> list[Path]:
    """The files of the corpus, in order of their names."""
    return sorted(FOLDER.glob("*.toml"))


def parse_chapter(path: Path, text: str) -> list[CorpusCase]:
    """The cases of a chapter's text. Raises CorpusError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(f"{path.name}: {error}") from error
    cases = [_case(path, item) for item in document.get("case", [])]
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise CorpusError(f"{path.name}: the id {case.id!r} stands in it twice")
        seen.add(case.id)
    return cases


def _case(path: Path, item: dict[str, Any]) -> CorpusCase:
    where = f"{path.name}: case {item.get('id')!r}"
    if unknown := item.keys() - _KEYS:
        raise CorpusError(f"{where}: unknown keys {', '.join(sorted(unknown))}")
    if missing := {"id", "rule", "module"} - item.keys():
        raise CorpusError(f"{where}: {', '.join(sorted(missing))} is missing")
    module = item["module"]
    expected = item.get("expected")
    return CorpusCase(
        chapter=path.stem,
        id=item["id"],
        rule=item["rule"],
        modules={FILE: module} if isinstance(module, str) else module,
        accepted=item.get("accepted", False),
        v0_compatible=item.get("v0_compatible", False),
        strict=item.get("strict", False),
        schemas=item.get("schema"),
        without_builtins=tuple(item.get("without_builtins", ())),
        says=tuple(item.get("says", ())),
        expected=None if expected is None else tuple(_expected(e) for e in expected),
    )


def _expected(item: dict[str, Any]) -> Expected:
    return Expected(**{**item, "detail": tuple(item.get("detail", ()))})


@cache
def all_cases() -> tuple[CorpusCase, ...]:
    """Every case of every chapter. Raises CorpusError."""
    return tuple(_read())


def _read() -> Iterator[CorpusCase]:
    for path in chapters():
        yield from parse_chapter(path, path.read_text(encoding="utf-8"))
