"""What reading policies costs: lexing, parsing, and writing trees, over a generated policy set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from regolive.syntax import format_module, parse_module, to_opa_json
from regolive.syntax.lexer import lex
from tests.bench.timing import Batch, Effort, compare
from tests.generate.policies import policy_set

PARSE_BAR = 800.0
"""Milliseconds that parsing 320 KB may take."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: milliseconds for the whole set, megabytes a second, the bar if any."""

    what: str
    ms: float
    mb_per_second: float
    bar: float | None = None


def measure(effort: Effort) -> list[Row]:
    """Read the set, and write its trees."""
    texts = policy_set()
    size = sum(len(text.encode()) for text in texts.values())
    modules = [parse_module(text, name) for name, text in texts.items()]
    parts = {
        "lexing": _each(lex, texts.values()),
        f"parsing ({len(texts)} modules, {size / 1024:.0f} KB)": _each(
            parse_module, texts.values()
        ),
        "trees as OPA's JSON": _each(to_opa_json, modules),
        "trees as Rego": _each(format_module, modules),
    }
    measured = compare(parts, 1, effort)
    return [
        Row(
            what,
            taken.ns / 1e6,
            size / 1e6 / (taken.ns / 1e9),
            PARSE_BAR if what.startswith("parsing") else None,
        )
        for what, taken in measured.items()
    ]


def _each(function: Callable[[Any], Any], values: Iterable[Any]) -> Batch:
    everything = list(values)

    def batch(repeats: int) -> None:
        for _ in range(repeats):
            for value in everything:
                function(value)

    return batch
