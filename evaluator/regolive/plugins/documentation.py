"""What a builtin's docstring says of it: in a sentence, at length, and by examples that run.

An example is a Rego expression and what it gives, as a session shows it::

    Example:
        >>> concat(", ", {"b", "a"})
        "a, b"
        >>> concat(", ", 1)
        error: eval_type_error: concat: operand 2 must be one of {set, array} but got number

The result is JSON (a set is its elements in order), over several lines if it is long; or
``undefined``; or ``error:`` with OPA's code and text. Examples are documents and tests alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SECTION = re.compile(r"^Examples?:\s*$", re.MULTILINE)
_PROMPT = ">>> "
_ERROR = "error: "


@dataclass(frozen=True, slots=True)
class Example:
    """An expression, and what it gives: the text of a JSON value, or of an error.

    Both are None where it is undefined. An error's text begins with its code.
    """

    expression: str
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Documentation:
    """A docstring in parts. ``details`` is what stands between the first sentence and the examples.

    ``examples`` are all of them; ``errors`` those that show what goes wrong.
    """

    summary: str
    details: str = ""
    examples: tuple[Example, ...] = ()

    @property
    def errors(self) -> tuple[Example, ...]:
        """The examples that end in an error."""
        return tuple(e for e in self.examples if e.error is not None)

    @property
    def results(self) -> tuple[Example, ...]:
        """The other examples."""
        return tuple(e for e in self.examples if e.error is None)


def read_documentation(doc: str) -> Documentation:
    """The parts of a docstring. Raises ValueError for an example without an expression or result.

    A section of another form than this is text like any other, so that a plugin's docstrings may
    be written in any style.
    """
    head, section, tail = _cut(doc.strip())
    summary, _, details = head.partition("\n\n")
    summary = " ".join(summary.split())
    if not section:
        return Documentation(summary, details.strip())
    return Documentation(summary, details.strip(), tuple(_examples(tail)))


def _cut(doc: str) -> tuple[str, bool, str]:
    found = _SECTION.search(doc)
    if found is None or _PROMPT not in doc[found.end() :]:
        return doc, False, ""
    return doc[: found.start()], True, doc[found.end() :]


def _examples(section: str) -> list[Example]:
    found: list[Example] = []
    expression: str | None = None
    lines: list[str] = []

    def close() -> None:
        nonlocal expression
        if expression is not None:
            found.append(_example(expression, lines))
        expression = None
        lines.clear()

    for written in section.splitlines():
        line = written.strip()
        if line.startswith(_PROMPT.strip()):
            close()
            expression = line.removeprefix(_PROMPT.strip()).strip()
            if not expression:
                raise ValueError("an example has no expression")
        elif line and expression is None:
            raise ValueError(f"an example begins with {_PROMPT.strip()!r}, not with {line!r:.40}")
        elif line:
            lines.append(line)
    close()
    return found


def _example(expression: str, lines: list[str]) -> Example:
    text = " ".join(lines)
    if not text:
        raise ValueError(f"the example {expression!r:.60} has no result")
    if text == "undefined":
        return Example(expression)
    if text.startswith(_ERROR):
        return Example(expression, error=text.removeprefix(_ERROR))
    return Example(expression, result=text)
