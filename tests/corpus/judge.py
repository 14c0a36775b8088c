"""Our compiler's diagnostics held against what OPA says of the same policy.

What must be equal:

* for what OPA finds wrong in compiling: the set of (code, file, row, column, first line of the
  message), and the lines below the message (the types of a type error). The names of variables that
  a compiler makes (``__local12__``) count as one name, for which the policy's own name is as good.
  Where OPA gives no place, any is better;
* for what OPA cannot parse: in each file the place and code of the first error. OPA goes on in the
  middle of a statement that it has refused, and reports further errors that follow from the first;
  a parser that goes on at the next statement instead has others, or more. So every *row* that OPA
  names must be named, and ours may name more rows of a file that has an error, below its first. The
  texts differ: ours must say what was expected, or what OPA says. A column of 0, which is no place
  in a text, may be any.

A case may list words that a good message has beyond that (``says``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from regolive.compiler import Language, check_modules
from regolive.errors import Diagnostic
from regolive.ir.nodes import BuiltinDecl
from regolive.plugins import Registry
from regolive_std import StdPlugin
from tests.corpus.cases import CorpusCase, Expected

PARSE = "rego_parse_error"
_GENERATED = re.compile(r"__local\d+__")
_EXPECTED = re.compile(
    r"\b(expect|must|required|use|write|not ended|non-terminated)", re.IGNORECASE
)


def diagnose(case: CorpusCase) -> list[Diagnostic]:
    """What our compiler says of a case."""
    schemas = {
        tuple(name.removesuffix(".json").split("/")): json.loads(text)
        for name, text in (case.schemas or {}).items()
    }
    builtins = {
        name: declared
        for name, declared in declarations().items()
        if name not in case.without_builtins
    }
    language = Language(v0_compatible=case.v0_compatible, strict=case.strict, schemas=schemas)
    return check_modules(case.modules, builtins=builtins, language=language)


@cache
def declarations() -> Mapping[str, BuiltinDecl]:
    """The standard builtins, as policies may call them."""
    registry = Registry()
    registry.register(StdPlugin, "std")
    return registry.declared()


def differences(case: CorpusCase, found: Sequence[Diagnostic]) -> list[str]:
    """How our diagnostics differ from OPA's; empty where they agree."""
    if case.expected is None:
        return ["nothing is recorded: run python -m tests.corpus.record"]
    ours = [_ours(d) for d in found]
    if any(e.code == PARSE for e in case.expected):
        wrong = _parse_differences(case.expected, ours)
        wrong += _unsaid(case.expected, found)
    else:
        wrong = _compile_differences(case.expected, ours)
    said = "\n".join(_all_said(d) for d in found)
    wrong += [f"does not say {word!r}" for word in case.says if word not in said]
    return wrong


def _ours(found: Diagnostic) -> Expected:
    place = found.location
    return Expected(
        found.code,
        found.message,
        place.file if place else "",
        place.row if place else 0,
        place.col if place else 0,
        found.details.lines if found.details else (),
    )


def _compile_differences(theirs: Sequence[Expected], ours: Sequence[Expected]) -> list[str]:
    want, have = set(map(_normal, theirs)), set(map(_normal, ours))
    missing, more = want - have, have - want
    for error in list(missing):
        better = next((other for other in more if _is_better(other, error)), None)
        if better is not None:
            missing.discard(error)
            more.discard(better)
    return _listed("missing", missing) + _listed("not OPA's", more)


def _is_better(ours: Expected, theirs: Expected) -> bool:
    """Whether an error of ours says what OPA's says: with a place where OPA has none, and with the
    policy's name of a variable where OPA has one of its own."""
    place = (ours.file, ours.row, ours.col) == (theirs.file, theirs.row, theirs.col)
    message = re.escape(theirs.message).replace("__local__", r"\w+")
    return (
        (place or not theirs.file)
        and (ours.code, ours.detail) == (theirs.code, theirs.detail)
        and re.fullmatch(message, ours.message) is not None
    )


def _normal(error: Expected) -> Expected:
    lines = error.message.splitlines() or [""]
    return Expected(
        error.code,
        _GENERATED.sub("__local__", lines[0]),
        error.file,
        error.row,
        error.col,
        tuple(_GENERATED.sub("__local__", line) for line in error.detail),
    )


def _parse_differences(theirs: Sequence[Expected], ours: Sequence[Expected]) -> list[str]:
    wrong: list[str] = []
    for file in sorted({e.file for e in (*theirs, *ours)}):
        want = [e for e in theirs if e.file == file]
        have = [e for e in ours if e.file == file]
        if not want or not have:
            wrong += _listed("missing", want) + _listed("not OPA's", have)
            continue
        first, mine = min(want, key=_place), min(have, key=_place)
        if (mine.code, mine.row) != (first.code, first.row) or first.col not in (0, mine.col):
            wrong.append(f"first error is {mine}, OPA's is {first}")
        if lost := {e.row for e in want} - {e.row for e in have}:
            wrong.append(f"{file}: no error in rows {sorted(lost)}: {_listed('has', want)}")
    return wrong


def _unsaid(theirs: Sequence[Expected], found: Sequence[Diagnostic]) -> list[str]:
    """Parse errors of ours that neither say what was expected nor what OPA says."""
    known = [e.message for e in theirs]
    return [
        f"does not say what was expected: {d}"
        for d in found
        if not _EXPECTED.search(_all_said(d)) and not any(m in d.message for m in known)
    ]


def _place(error: Expected) -> tuple[int, int]:
    return error.row, error.col


def _all_said(found: Diagnostic) -> str:
    return f"{found.message}\n{found.hint or ''}"


def _listed(word: str, errors: Iterable[Expected]) -> list[str]:
    return [f"{word}: {e}" + "".join(f"\n    {line}" for line in e.detail) for e in errors]
