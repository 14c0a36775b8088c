"""``python -m tests.corpus.record [CHAPTER ...]``: write what the opa binary says into chapters.

Only the ``expected`` arrays change. Each case is asked several times: an error that comes only
sometimes (OPA walks Go maps) makes the case useless, and is reported. So is a wrong policy that OPA
accepts, and a right one that it refuses.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.corpus.cases import CorpusCase, CorpusError, Expected, chapters, parse_chapter
from tests.opa import (
    CheckOptions,
    OpaError,
    check,
    check_text,
    opa_version,
    run_opa,
    write_files,
)

VERSION = "1.20.2"
"""The version whose behaviour regolive follows."""

ASKED = 4
"""How often each case is asked."""

_EXPECTED = re.compile(r"^expected = \[\]\n|^expected = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
_CASE = re.compile(r"^\[\[case\]\]\n", re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    """Record the named chapters, or all. 0: each case is of use; 1: not; 2: could not run."""
    wanted = set(arguments)
    paths = [path for path in chapters() if not wanted or path.stem in wanted]
    try:
        with TemporaryDirectory() as folder:
            version = opa_version(Path(folder))
        if version != VERSION:
            print(f"record: opa is {version}; {VERSION} is expected", file=sys.stderr)
            return 2
        complaints = [complaint for path in paths for complaint in record(path)]
    except (CorpusError, OpaError) as error:
        print(f"record: {error}", file=sys.stderr)
        return 2
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


def record(path: Path) -> list[str]:
    """Write a chapter anew; what is wrong with its cases. Raises CorpusError, OpaError."""
    text = path.read_text(encoding="utf-8")
    cases = parse_chapter(path, text)
    head, *chunks = _CASE.split(text)
    if len(chunks) != len(cases):
        raise CorpusError(f"{path.name}: a line [[case]] stands inside of a policy")
    complaints: list[str] = []
    out = [head]
    recorded: list[CorpusCase] = []
    for case, chunk in zip(cases, chunks, strict=True):
        answers = [errors_of(case) for _ in range(ASKED)]
        first = answers[0]
        if any(set(answer) != set(first) for answer in answers):
            complaints.append(f"{case.name}: OPA does not always say the same")
        if case.accepted and first:
            complaints.append(f"{case.name}: is not accepted: {first[0]}")
        if not case.accepted and not first:
            complaints.append(f"{case.name}: OPA finds nothing wrong")
        bare = _EXPECTED.sub("", chunk, count=1).rstrip("\n")
        out.append(f"[[case]]\n{bare}\n{_written(first)}\n")
        recorded.append(replace(case, expected=first))
    new = "".join(out).rstrip("\n") + "\n"
    if parse_chapter(path, new) != recorded:
        raise CorpusError(f"{path.name}: would not read the same after recording")
    path.write_text(new, encoding="utf-8")
    print(f"{path.name}: {len(cases)} cases")
    return complaints


def errors_of(case: CorpusCase) -> tuple[Expected, ...]:
    """What opa check says of a case. Raises OpaError."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, case.modules)
        schemas = capabilities = None
        if case.schemas is not None:
            schemas = "schemas"
            write_files(folder / schemas, case.schemas)
        if case.without_builtins:
            capabilities = "capabilities.json"
            document = capabilities_of(case, folder)
            write_files(folder, {capabilities: json.dumps(document)})
        options = CheckOptions(
            v0_compatible=case.v0_compatible,
            strict=case.strict,
            schemas=schemas,
            capabilities=capabilities,
        )
        modules = sorted(case.modules)
        errors = [_expected(error) for error in check(folder, modules, options)]
        text = check_text(folder, modules, options) if errors else ""
    # By place: OPA's own order is in part that of Go maps, another one each time.
    return tuple(sorted(_with_details(errors, text), key=_place))


def _place(error: Expected) -> tuple[str, int, int, str]:
    return error.file, error.row, error.col, error.message


def capabilities_of(case: CorpusCase, folder: Path) -> dict[str, Any]:
    """The binary's capabilities, less what the case takes away. Raises OpaError."""
    document: dict[str, Any] = json.loads(run_opa(["capabilities", "--current"], folder))
    document["builtins"] = [
        b for b in document["builtins"] if b["name"] not in case.without_builtins
    ]
    return document


def _expected(error: dict[str, Any]) -> Expected:
    place = error.get("location") or {}
    return Expected(
        error["code"],
        error["message"],
        place.get("file", ""),
        place.get("row", 0),
        place.get("col", 0),
    )


def _with_details(errors: list[Expected], text: str) -> Iterator[Expected]:
    """The errors with the indented lines that follow each where they are printed for people."""
    for error in errors:
        place = f"{error.file}:{error.row}: " if error.file else ""
        header = f"{place}{error.code}: {error.message}"
        begin = text.find(header + "\n")  # from the top: two runs may differ in the order
        if begin < 0:
            raise OpaError(f"opa check prints other errors than it has as JSON: no {header!r}")
        at = begin + len(header)
        lines = list(takewhile(lambda line: line.startswith("\t"), text[at:].splitlines()[1:]))
        # Below a parse error stands the line of the policy.
        detail = () if error.code == "rego_parse_error" else tuple(line[1:] for line in lines)
        yield replace(error, detail=detail)


def _written(errors: Sequence[Expected]) -> str:
    if not errors:
        return "expected = []\n"
    lines = ["expected = ["]
    for error in errors:
        fields = [f"code = {_string(error.code)}"]
        if error.file:
            fields.append(f"file = {_string(error.file)}")
        fields.append(f"row = {error.row}, col = {error.col}")
        fields.append(f"message = {_string(error.message)}")
        if error.detail:
            fields.append(f"detail = [{', '.join(map(_string, error.detail))}]")
        lines.append("  { " + ", ".join(fields) + " },")
    return "\n".join([*lines, "]"]) + "\n"


def _string(text: str) -> str:
    """A TOML basic string: JSON's, but that DEL must be escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
