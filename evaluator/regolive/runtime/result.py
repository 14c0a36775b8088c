"""What a query gives: a value or undefined, bindings, and the errors that builtins had."""

from __future__ import annotations

from typing import Any

from regolive.codegen.frame import Shared
from regolive.errors import EvalError
from regolive.values import UNDEFINED, Value, to_json


class Result:
    """The outcome of one evaluation.

    ``value`` and ``bindings`` are plain JSON, copies that a caller may change: sets are sorted
    lists. ``rego`` is the value as Rego has it (sets as ``RegoSet``), shared with the documents:
    not to be changed. A result is true where Rego would take its value as true: defined, and not
    ``false``.
    """

    __slots__ = ("_answers", "_errors", "_value")

    def __init__(
        self, value: Value, answers: list[dict[str, Value]] | str, shared: Shared | None
    ) -> None:
        """
        Args:
            value: the value, or UNDEFINED.
            answers: rows of a query with variables, or the text of a query that is one reference:
                what ``results`` reports is then made from it, when it is asked for.
            shared: the query's state, for the errors that builtins had; None if there is none.
        """
        self._value = value
        self._answers = answers
        # Not the whole state of the query: a result that is kept must not keep old documents.
        self._errors = None if shared is None else shared.builtin_errors

    @property
    def defined(self) -> bool:
        """Whether there is a value (or, for a query with variables, at least one answer)."""
        return self._value is not UNDEFINED

    @property
    def value(self) -> Any:
        """The value as plain JSON; ``UNDEFINED`` if there is none (``None`` is JSON's null).

        For a query with several expressions it is the last one's, in the first answer.
        """
        value = self._value
        # Most decisions are a boolean or a string: those need no copy.
        return value if value.__class__ is bool or value.__class__ is str else to_json(value)

    @property
    def rego(self) -> Value:
        """The value as Rego has it, or ``UNDEFINED``. Not to be changed."""
        return self._value

    def get(self, default: Any = None) -> Any:
        """The value as plain JSON, or ``default`` if it is undefined."""
        return default if self._value is UNDEFINED else to_json(self._value)

    @property
    def bindings(self) -> list[dict[str, Any]]:
        """For each answer, the query's variables as plain JSON."""
        if isinstance(self._answers, str):
            return [{}] if self.defined else []
        return [to_json(row.get("bindings", {})) for row in self._answers]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The answers as ``opa eval --format json`` has them: expressions, and bindings if any.

        An expression has ``value``, ``text`` and ``location`` (``row``, ``col``, from 1).
        """
        if isinstance(self._answers, str):
            if not self.defined:
                return []
            place = {"row": 1, "col": 1}
            return [
                {"expressions": [{"value": self.value, "text": self._answers, "location": place}]}
            ]
        answers = []
        for row in self._answers:
            answer = {"expressions": to_json(row["expressions"])}
            if row.get("bindings"):
                answer["bindings"] = to_json(row["bindings"])
            answers.append(answer)
        return answers

    @property
    def builtin_errors(self) -> tuple[EvalError, ...]:
        """Errors of builtins that made a call undefined: why a result may be missing."""
        return tuple(self._errors or ())

    def __bool__(self) -> bool:
        return self._value is not UNDEFINED and self._value is not False

    def __repr__(self) -> str:
        return f"Result({self.value!r})" if self.defined else "Result(undefined)"
