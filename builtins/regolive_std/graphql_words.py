"""How OPA words GraphQL's errors: values as text, suggestions for names that are nearly right."""

from __future__ import annotations

from collections.abc import Iterable

from regolive import BuiltinError
from regolive_std.graphql_ast import BLOCK, LIST, OBJECT, STRING, VARIABLE, Value
from regolive_std.text import go_quote


def value_text(value: Value | None) -> str:
    """A value as GraphQL writes it. Raises BuiltinError for a kind that there is not."""
    if value is None:
        return "<nil>"
    if value.kind == VARIABLE:
        return f"${value.raw}"
    if value.kind in (STRING, BLOCK):
        return go_quote(value.raw)
    if value.kind == LIST:
        return "[" + ",".join(value_text(item.value) for item in value.children) + "]"
    if value.kind == OBJECT:
        fields = (f"{item.name}:{value_text(item.value)}" for item in value.children)
        return "{" + ",".join(fields) + "}"
    if not VARIABLE < value.kind < LIST:
        raise BuiltinError(f"graphql: unknown value kind {value.kind}")
    return value.raw


def or_list(items: list[str]) -> str:
    """``a``, ``a or b``, ``a, b, or c``; five at most."""
    items = items[:5]
    if len(items) < 3:
        return " or ".join(items)
    return ", ".join(items[:-1]) + f", or {items[-1]}"


def quoted(items: Iterable[str]) -> list[str]:
    """Each in double quotes."""
    return [f'"{item}"' for item in items]


def did_you_mean(name: str, options: Iterable[str], what: str = "Did you mean") -> str:
    """`` Did you mean "name"?``, or nothing where nothing is near."""
    near = suggestions(name, options)
    return f" {what} {or_list(quoted(near))}?" if near else ""


def suggestions(name: str, options: Iterable[str]) -> list[str]:
    """The options that are near a name, the nearest first."""
    limit = len(name.encode()) * 2 // 5 + 1
    measured = [(_distance(name, option), option) for option in options]
    near = [pair for pair in measured if pair[0] <= limit]
    near.sort(key=lambda pair: pair[0])
    return [option for _, option in near]


def _distance(a: str, b: str) -> int:
    """How many characters must be put in, taken out or replaced; upper or lower case counts 1."""
    if a == b:
        return 0
    a, b = a.lower(), b.lower()
    if a == b:
        return 1
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]
