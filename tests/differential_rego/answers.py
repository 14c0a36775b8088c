"""What is asked, what comes back, and when two answers are the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from regolive.values import dumps, equal, loads

Kind = Literal["value", "undefined", "error", "refused"]


@dataclass(frozen=True, slots=True)
class Question:
    """A rule (``data.g.p``) or a query's text, asked with the input of that number."""

    text: str
    query: bool
    input: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A document; or none; or an error's code and message; or a query that was refused.

    Of a query the document is the list of its results, each an object of bindings.
    """

    kind: Kind
    value: Any = None
    message: str = ""

    def __str__(self) -> str:
        if self.kind == "value":
            return dumps(self.value)
        return f"{self.kind} {self.value or ''} {self.message}".strip()


def same(a: Answer, b: Answer) -> bool:
    """Whether two answers agree. Results of queries are a set: OPA enumerates an element of a set
    twice where two terms of its literal are equal. Texts of errors may differ."""
    if a.kind != b.kind:
        return False
    if a.kind == "value":
        return equal(_in_order(a.value), _in_order(b.value))
    return bool(a.value == b.value)


def _in_order(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return [loads(text) for text in sorted({dumps(row) for row in value})]
    return value
