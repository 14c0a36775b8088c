"""JSON and results as text: the output formats of ``opa eval``, to the letter.

The keys of documents are sorted, as OPA's are; those of the report around them keep their order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from regolive.values import dumps

Answer = dict[str, Any]
FORMATS = ("json", "pretty", "raw", "bindings", "values")


def indented(value: Any, *, sort: bool = True, indent: str = "") -> str:
    """A JSON value over several lines, two spaces for each level."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        items = sorted(value.items()) if sort else value.items()
        lines = (
            f"{dumps(k)}: {indented(v, sort=_sorted(k, sort), indent=inner)}" for k, v in items
        )
        return f"{{\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and value:
        lines = (indented(v, sort=sort, indent=inner) for v in value)
        return f"[\n{inner}" + f",\n{inner}".join(lines) + f"\n{indent}]"
    return dumps(value)


def _sorted(key: str, sort: bool) -> bool:
    """Inside the report a value or the bindings begin, which are documents."""
    return sort or key in ("value", "bindings")


def render(answers: list[Answer], form: str) -> str:
    """Answers in a format; with the line break at the end, or empty if there is nothing to say."""
    if form == "pretty":
        return _pretty(answers)
    lines: Iterator[str]
    if form == "raw":
        lines = (" ".join(_raw(e["value"]) for e in a["expressions"]) for a in answers)
    elif form == "bindings":
        lines = (indented(a.get("bindings", {})) for a in answers)
    else:
        lines = (indented([e["value"] for e in a["expressions"]]) for a in answers)
    return "".join(line + "\n" for line in lines)


def report(answers: list[Answer], errors: list[dict[str, Any]]) -> str:
    """The document that ``--format json`` prints."""
    document: dict[str, Any] = {}
    if errors:
        document["errors"] = errors
    if answers:
        document["result"] = answers
    return indented(document, sort=False) + "\n"


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)


def _pretty(answers: list[Answer]) -> str:
    if not answers:
        return "undefined\n"
    first = answers[0]
    expressions = first["expressions"]
    if len(answers) == 1 and not first.get("bindings"):
        values = [e["value"] for e in expressions]
        if len(values) == 1 or all(isinstance(v, bool) for v in values):
            return indented(values[0]) + "\n"
    names = sorted(first.get("bindings", ()))
    # Beside variables, an expression that is only true says nothing.
    shown = [
        index
        for index, expression in enumerate(expressions)
        if not names or not isinstance(expression["value"], bool)
    ]
    header = [*(expressions[i]["text"] for i in shown), *names]
    rows = [
        [dumps(answer["expressions"][i]["value"]) for i in shown]
        + [dumps(answer["bindings"][name]) for name in names]
        for answer in answers
    ]
    return _table([" ".join(h.split()) for h in header], rows)


def _table(header: list[str], rows: list[list[str]]) -> str:
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: list[str], centred: bool = False) -> str:
        out = []
        for cell, width in zip(cells, widths, strict=True):
            space = width - cell_len(cell)
            left = space // 2 if centred else 0
            out.append(f" {' ' * left}{cell}{' ' * (space - left)} ")
        return "│" + "│".join(out) + "│\n"

    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (width + 2) for width in widths) + right + "\n"

    return "".join(
        [
            rule("┌", "┬", "┐"),
            line(header, centred=True),
            rule("├", "┼", "┤"),
            *map(line, rows),
            rule("└", "┴", "┘"),
        ]
    )


def plain_json(document: Any) -> str:
    """A report of ours (no Rego values in it) as JSON, keys in the order they were put."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def show(text: str, *, colour: bool, language: str = "json") -> None:
    """Print text; with colours for a terminal. The text itself stays what it is."""
    import click

    if not colour:
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.syntax import Syntax

    highlighted = Syntax("", language, theme="ansi_dark").highlight(text)
    highlighted.rstrip()
    Console(highlight=False).print(highlighted, soft_wrap=True)
