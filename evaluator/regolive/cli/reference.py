"""The reference of builtins: what is known of each, and the page of all of them.

``docs/builtins.md`` is made here, from declarations and docstrings.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from regolive.cli.plugins import signature
from regolive.errors import PluginError
from regolive.plugins import BoundBuiltin
from regolive.plugins.documentation import Documentation, Example, read_documentation


@dataclass(frozen=True, slots=True)
class Entry:
    """A builtin as the reference has it. ``module`` is where its function is defined."""

    name: str
    plugin: str
    module: str
    signature: str
    infix: str | None
    nondeterministic: bool
    deprecated: bool
    declaration: dict[str, Any]
    documentation: Documentation

    @property
    def remarks(self) -> list[str]:
        """What is to be known besides, in a few words each."""
        out = [f"the operator {self.infix}"] if self.infix else []
        out += ["deprecated"] if self.deprecated else []
        out += ["nondeterministic"] if self.nondeterministic else []
        return out


def describe(bound: BoundBuiltin) -> Entry:
    """What is known of a builtin. Raises PluginError if its examples cannot be read."""
    spec = bound.spec
    try:
        documentation = read_documentation(spec.doc)
    except ValueError as error:
        raise PluginError(bound.plugin, f"the documentation of {spec.name!r}: {error}") from error
    function = getattr(bound.function, "__func__", bound.function)
    return Entry(
        name=spec.name,
        plugin=bound.plugin,
        module=getattr(function, "__module__", None) or "",
        signature=signature(spec),
        infix=spec.infix,
        nondeterministic=spec.nondeterministic,
        deprecated=spec.deprecated,
        declaration=spec.declaration()["decl"],
        documentation=documentation,
    )


def to_json(entry: Entry) -> dict[str, Any]:
    """A builtin as plain JSON."""
    documentation = entry.documentation
    return {
        "name": entry.name,
        "plugin": entry.plugin,
        "signature": entry.signature,
        "infix": entry.infix,
        "nondeterministic": entry.nondeterministic,
        "deprecated": entry.deprecated,
        "decl": entry.declaration,
        "description": documentation.summary,
        "details": documentation.details,
        "examples": [
            {"expression": e.expression, "result": e.result or "undefined"}
            for e in documentation.results
        ],
        "errors": [{"expression": e.expression, "error": e.error} for e in documentation.errors],
    }


def families(entries: Iterable[Entry]) -> list[tuple[str, str, list[Entry]]]:
    """Builtins that stand together: heading, a word on them, and they, by name.

    A family is a module of a plugin, and its docstring the word; a plugin with one module is one.
    """
    modules: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        modules.setdefault((entry.plugin, entry.module), []).append(entry)
    several = {plugin for plugin, _ in modules if sum(name == plugin for name, _ in modules) > 1}
    found = []
    for (plugin, module), members in modules.items():
        heading, intro = plugin, f"Of the plugin `{plugin}`."
        if plugin in several:
            heading, intro = _heading(module)
        found.append((heading, intro, sorted(members, key=lambda e: e.name)))
    return sorted(found, key=lambda family: family[0].lower())


def _heading(module: str) -> tuple[str, str]:
    """A heading for a module, and the first paragraph of its docstring."""
    doc = (getattr(sys.modules.get(module), "__doc__", None) or module).strip()
    intro = " ".join(doc.partition("\n\n")[0].split())
    heading = re.split(r"[:.;,(] |[:.,]$| \(", intro.replace("``", ""), maxsplit=1)[0]
    return heading, intro.replace("``", "`")


_PREFACE = """\
# Builtins

Every builtin there is, in families. Written by `regolive help --format markdown`, from declarations
and docstrings; the examples are run as tests. `regolive help BUILTIN` shows one of them.

Operands have types, and so has the result: `any<a, b>` is one of several types, `array<a, b>` an
array of two, `array[a]` one of any length. A call with an operand of another type is an error of
the policy where the compiler can tell, and else `eval_type_error: NAME: operand N must be TYPE but
got TYPE`. As in OPA, an error of a builtin makes the call undefined, unless the query runs with
strict builtin errors: then it ends the query. *Deprecated* builtins are for policies in Rego v0.
*Nondeterministic* ones may give something else in the next query. What examples find at
`data.example` (keys, certificates, tokens) is in `tests/unit/std/example_documents.json`.
"""


def page(entries: Iterable[Entry]) -> str:
    """The reference of builtins, as Markdown."""
    groups = families(entries)
    out = [_PREFACE]
    out += [f"- [{heading}](#{_anchor(heading)}): {_names(found)}" for heading, _, found in groups]
    for heading, intro, found in groups:
        out += ["", f"## {heading}", "", intro]
        for entry in found:
            out += ["", *_entry(entry)]
    return "\n".join(out) + "\n"


def _anchor(heading: str) -> str:
    """Where a heading is found in the page, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _names(entries: Sequence[Entry]) -> str:
    return ", ".join(f"`{entry.name}`" for entry in entries)


def _entry(entry: Entry) -> list[str]:
    documentation = entry.documentation
    out = [f"### {entry.name}", "", "```", entry.signature, "```", ""]
    remarks = f" *{', '.join(entry.remarks).capitalize()}.*" if entry.remarks else ""
    out.append(_markdown(documentation.summary) + remarks)
    if documentation.details:
        out += ["", _markdown(documentation.details)]
    if documentation.results:
        out += ["", "```rego", *_lines(documentation.results), "```"]
    if documentation.errors:
        out += ["", "Errors:", "", "```rego", *_lines(documentation.errors), "```"]
    return out


def _lines(examples: Iterable[Example]) -> list[str]:
    out: list[str] = []
    for example in examples:
        out += [example.expression, f"# {example.error or example.result or 'undefined'}"]
    return out


def _markdown(text: str) -> str:
    return text.replace("``", "`")
