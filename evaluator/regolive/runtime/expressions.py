"""A query's expressions: where each stands in the text, and a query that says what each gives.

``opa eval`` reports every expression of a query with its text, place and value. The front end
regopy does not: it merges, reorders and leaves out expressions. So a query is split here, and each
expression that has a value of its own is bound to a variable: ``data.users[i]; x := 1`` is asked
as ``v0 := data.users[i]; x := 1``, and the report is made from the bindings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"""
      (?P<skip>[ \t\r]+ | \#[^\n]*)
    | (?P<line>\n)
    | (?P<end>;)
    | (?P<text>\$?"(?:[^"\\\n]|\\.)*" | \$?`[^`]*`)
    | (?P<open>[\[({])
    | (?P<close>[\])}])
    | (?P<operator>:=|==|!=|<=|>=|[-=<>+*/%&|,:.])
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<number>[0-9][0-9A-Za-z]*)
    """,
    re.VERBOSE,
)
# An expression goes on in the next line after one of these, or before one of these.
_GOES_ON_AFTER = frozenset({"not", "some", "every", "in", "with", "as"})
_GOES_ON_BEFORE = frozenset({"in", "with", "as"})
_STATEMENTS = frozenset({"not", "some", "every", "import"})
_DECLARES = re.compile(r"some\s+[A-Za-z_]\w*(\s*,\s*[A-Za-z_]\w*)*\s*\Z")


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of a query: its text, where it begins (from 1), and how it is reported.

    ``variable`` is bound to its value; None for one that only holds or not, such as ``x := 1``,
    whose value is true. ``start`` is its offset in the query.
    """

    text: str
    row: int
    col: int
    start: int
    variable: str | None


@dataclass(frozen=True, slots=True)
class Captured:
    """A query as it is to be asked, and the expressions it reports."""

    text: str
    expressions: tuple[Expression, ...]

    @property
    def _only_value(self) -> bool:
        """Whether the query asks one expression without variables: then false is an answer."""
        if len(self.expressions) > 1:
            return False
        words = {m.group() for m in _TOKEN.finditer(self.expressions[0].text)}
        return "_" not in words or "|" in words  # variables of a comprehension are its own

    def results(self, bindings: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers as ``opa eval --format json`` has them, from those of ``text``.

        An answer in which an expression is false is none, unless the query asks nothing but the
        value of one expression.
        """
        hidden = {e.variable for e in self.expressions} | {"input", "data"}
        only = self._only_value
        answers = []
        for row in bindings:
            values = [True if e.variable is None else row[e.variable] for e in self.expressions]
            visible = {name: value for name, value in row.items() if name not in hidden}
            if (visible or not only) and any(value is False for value in values):
                continue
            answer: dict[str, Any] = {
                "expressions": [
                    {"value": v, "text": e.text, "location": {"row": e.row, "col": e.col}}
                    for e, v in zip(self.expressions, values, strict=True)
                ]
            }
            if visible:
                answer["bindings"] = visible
            answers.append(answer)
        return answers


def capture(query: str) -> Captured | None:
    """Split a query and bind its expressions' values; None for a text this cannot split."""
    spans = _spans(query)
    if not spans:
        return None
    prefix = "value"
    while prefix in query:
        prefix += "_"
    expressions: list[Expression] = []
    out: list[str] = []
    at = 0
    for start, end, statement in spans:
        text = query[start:end]
        if _DECLARES.match(text):
            continue  # `some x` declares, and is no expression of the result
        row = query.count("\n", 0, start) + 1
        col = start - (query.rfind("\n", 0, start) + 1) + 1
        variable = None if statement else f"{prefix}{len(expressions)}"
        expressions.append(Expression(text, row, col, start, variable))
        if variable is not None:
            out += [query[at:start], f"{variable} := "]
            at = start
    out.append(query[at:])
    return Captured("".join(out), tuple(expressions)) if expressions else None


def _spans(query: str) -> list[tuple[int, int, bool]] | None:
    """Start, end, and whether it is a statement (has no value of its own), of each expression."""
    spans: list[tuple[int, int, bool]] = []
    depth, at, start, end = 0, 0, -1, 0
    statement = broken = False  # broken: a line has ended since the last token
    first = last = ""
    while at < len(query):
        token = _TOKEN.match(query, at)
        if token is None:
            return None
        at, kind, text = token.end(), token.lastgroup, token.group()
        if kind == "skip":
            continue
        if kind == "line":
            broken = True
            continue
        fresh = broken and depth == 0 and start >= 0 and not _goes_on(first, last, kind, text)
        if fresh or (kind == "end" and depth == 0):
            if start < 0:
                return None
            spans.append((start, end, statement))
            start, statement, first = -1, False, ""
        broken, last = False, text
        if kind == "end":
            continue
        if start < 0:
            start, first = token.start(), text
            statement = text in _STATEMENTS
        end = token.end()
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if depth < 0:
                return None
        elif depth == 0 and text in (":=", "="):
            statement = True
    if depth or start < 0:
        return None
    spans.append((start, end, statement))
    return spans


def _goes_on(first: str, last: str, kind: str | None, text: str) -> bool:
    if last in _GOES_ON_AFTER or text in _GOES_ON_BEFORE or kind == "operator":
        return True
    if first == "every" and text == "{":
        return True
    return bool(re.fullmatch(r":=|==|!=|<=|>=|[-=<>+*/%&|,:.]", last))
