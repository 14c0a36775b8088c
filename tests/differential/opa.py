"""Calls of builtins put to a real OPA, hundreds in one process.

Each call is a rule on a line of its own, so that an error's row tells whose it is. Operands go
through ``object.get``: what comes out of it has no type, and OPA's compiler lets it pass.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.differential.notation import as_rego, read_term

# Version 0, for that has the deprecated builtins too.
_HEAD = "package t\nimport future.keywords.if\n"
# Seconds for one process; a batch takes about one.
_TIMEOUT = 20.0


@dataclass(frozen=True, slots=True)
class Call:
    """A builtin and its operands, as they were drawn."""

    name: str
    operands: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(as_rego, self.operands))})"

    def expression(self) -> str:
        """The call in Rego, with operands whose types OPA's compiler does not know."""
        operands = [f'object.get({{}}, "", {as_rego(o)})' for o in self.operands]
        if self.name == "walk":  # a relation: all its pairs, in order
            return f"[p | walk({operands[0]}, p)]"
        return f"{self.name}({', '.join(operands)})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call comes to: a value (``term``: as OPA prints it), an error, or undefined."""

    value: Any = None
    term: str = ""
    defined: bool = False
    code: str = ""
    error: str = ""


class NoAnswer(Exception):
    """OPA did not answer: it refused the policy, failed, or ran out of time."""


def ask(opa: str, calls: Sequence[Call]) -> list[Answer | NoAnswer]:
    """OPA's answers. A batch that it refuses is split until the calls to blame stand alone."""
    try:
        return list(_ask(opa, calls))
    except NoAnswer as error:
        if len(calls) == 1:
            return [error]
        half = len(calls) // 2
        return ask(opa, calls[:half]) + ask(opa, calls[half:])


def _ask(opa: str, calls: Sequence[Call]) -> list[Answer]:
    lines = [
        f'r["{at}"] := sprintf("%v", [[x]]) if x := {call.expression()}\n'
        for at, call in enumerate(calls)
    ]
    with tempfile.TemporaryDirectory(prefix="regolive-differential-") as folder:
        path = Path(folder, "t.rego")
        path.write_text(_HEAD + "".join(lines), encoding="utf-8")
        command = [opa, "eval", "--v0-compatible", "--data", str(path),
            "--show-builtin-errors", "data.t.r"]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT, check=False)
        except subprocess.TimeoutExpired as error:
            raise NoAnswer(str(error)) from None
    try:
        output = json.loads(done.stdout)
    except ValueError:  # OPA itself failed
        raise NoAnswer(done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]) from None
    if "result" not in output:
        errors = output.get("errors") or [{"message": done.stderr.decode()}]
        raise NoAnswer(errors[0].get("message", ""))
    answers = [Answer()] * len(calls)
    for number, text in output["result"][0]["expressions"][0]["value"].items():
        term = text[1:-1]  # it stands in an array, so that strings are quoted
        answers[int(number)] = Answer(read_term(term), term, defined=True)
    for error in output.get("errors", ()):
        at = error["location"]["row"] - 3
        if 0 <= at < len(calls):
            answers[at] = Answer(code=error["code"], error=error["message"])
    return answers
