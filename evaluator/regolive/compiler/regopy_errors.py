"""What regopy says about a bad policy, as diagnostics.

It says it twice: as a tree in the exception, with byte offsets, and printed, with codes and, for
the query, the only hint of a place. After a crash there is only what was printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from regolive.compiler.frontend import QUERY_FILE
from regolive.errors import Diagnostic, Location

_TREE_ERROR = re.compile(r"^\s*\(error(?: (\d+):|\s*$)", re.MULTILINE)
_TREE_MESSAGE = re.compile(r"\(errormsg (\d+):")
_SPAN = re.compile(r"\|(\d+)\|(\d+)")
# The children of a group that could not be parsed: the first that is no rule is the bad one.
_GROUP_CHILD = re.compile(r"^        \(([\w-]+) \|(\d+)\|", re.MULTILINE)
_PRINTED_PLACE = re.compile(r"^-- (?:(?P<file>.+):(?P<row>\d+):(?P<col>\d+))?$")
_CODE = re.compile(r"^(?:rego|eval)_\w+_error$|^wellformed_error$")
_PARSE = "rego_parse_error"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts that were compiled: modules under the names regopy got, and the query."""

    modules: Mapping[str, str]
    names: Mapping[str, str]
    query: str | None

    def at_offset(self, name: str, offset: int) -> tuple[Location, str | None]:
        """Location and line of a byte offset in a module."""
        text = self.modules.get(name, "")
        before = text.encode()[:offset].decode(errors="ignore")
        return self.at(name, before.count("\n") + 1, len(before) - before.rfind("\n"))

    def at(self, name: str, row: int, col: int) -> tuple[Location, str | None]:
        """Location and line of a row and column (from 1) in a module."""
        text = (self.query or "") if name == QUERY_FILE else self.modules.get(name, "")
        lines = text.split("\n")
        line = lines[row - 1].removesuffix("\r") if 0 < row <= len(lines) else None
        return Location(self.names.get(name, name), row, col), line


def diagnose(trees: list[str], printed: str, texts: Texts) -> list[Diagnostic]:
    """Everything that regopy found, each thing once, in the order of files and places.

    Args:
        trees: texts of the exceptions; none after a crash.
        printed: what went to standard output meanwhile.
        texts: what was compiled.
    """
    blocks = _printed(printed, texts)
    found = [diagnostic for tree in trees for diagnostic in _tree(tree, blocks, texts)]
    if not found:
        found = blocks
    if not found:
        found = [Diagnostic(_PARSE, tree.strip()) for tree in trees if tree.strip()]
    found = list(dict.fromkeys(found))
    found.sort(
        key=lambda d: (d.location.file, d.location.row, d.location.col) if d.location else ()
    )
    return found


def _tree(tree: str, printed: list[Diagnostic], texts: Texts) -> list[Diagnostic]:
    result = []
    starts = list(_TREE_ERROR.finditer(tree))
    for index, start in enumerate(starts):
        end = starts[index + 1].start() if index + 1 < len(starts) else len(tree)
        part = tree[start.start() : end]
        message = _counted(part, _TREE_MESSAGE)
        if message is None:
            continue
        alike = [d for d in printed if d.message == message]
        code = alike[0].code if alike else _PARSE
        if start[1] is None:
            result += alike or [Diagnostic(code, message)]
            continue
        name = _counted(part, _TREE_ERROR)
        span = _SPAN.search(part)
        if name is None or span is None:
            result.append(Diagnostic(code, message))
            continue
        location, line = texts.at_offset(name, _bad_part(part) or int(span[1]))
        result.append(Diagnostic(code, message, location, line))
    return result


def _counted(text: str, pattern: re.Pattern[str]) -> str | None:
    """A string of the tree, written as its length in bytes, a colon and its bytes."""
    match = pattern.search(text)
    if match is None or match[1] is None:
        return None
    return text[match.end() :].encode()[: int(match[1])].decode(errors="replace")


def _bad_part(part: str) -> int | None:
    if "(group " not in part:
        return None
    for child in _GROUP_CHILD.finditer(part):
        if child[1] not in ("rego-rule", "rego-import", "rego-package"):
            return int(child[2])
    return None


def _printed(text: str, texts: Texts) -> list[Diagnostic]:
    result: list[Diagnostic] = []
    for report in re.split(r"^Errors:\n", text, flags=re.MULTILINE)[1:]:
        for block in re.split(r"^-{16}\n", report, flags=re.MULTILINE):
            diagnostic = _block(block.split("\n"), texts)
            if diagnostic and diagnostic not in result:
                result.append(diagnostic)
    return result


def _block(lines: list[str], texts: Texts) -> Diagnostic | None:
    at = next((i for i, line in enumerate(lines) if _PRINTED_PLACE.match(line)), None)
    if not at:
        return None
    message = "\n".join(lines[:at])
    code = next((line for line in reversed(lines) if _CODE.match(line)), _PARSE)
    if code == "wellformed_error":
        code = _PARSE
    place = _PRINTED_PLACE.match(lines[at])
    assert place is not None
    if place["file"]:
        location, line = texts.at(place["file"], int(place["row"]), int(place["col"]))
        return Diagnostic(code, message, location, line)
    if texts.query is None:
        return Diagnostic(code, message)
    # The query has no place but its line and the marks under it.
    source = lines[at + 1] if at + 1 < len(lines) else ""
    marks = lines[at + 2] if at + 2 < len(lines) else ""
    rows = texts.query.split("\n")
    row = rows.index(source) + 1 if source in rows else 1
    location, line = texts.at(QUERY_FILE, row, marks.find("~") + 1)
    return Diagnostic(code, message, location, line)
