"""The examples in the docstrings of the standard builtins: there are some, and they are true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regolive import Runtime
from regolive.compiler import Language
from regolive.plugins import Registry
from regolive.plugins.documentation import Documentation, Example, read_documentation
from regolive_std import StdPlugin

DOCUMENTS = Path(__file__).parent / "example_documents.json"
"""The keys, certificates and tokens that examples find at ``data.example``."""

REGISTRY = Registry()
REGISTRY.register(StdPlugin, "std")
DOCUMENTED: dict[str, Documentation] = {
    name: read_documentation(bound.spec.doc) for name, bound in REGISTRY.builtins.items()
}
# A policy that is not of Rego v0 may not call what is deprecated.
DEPRECATED = {name for name, bound in REGISTRY.builtins.items() if bound.spec.deprecated}
EXAMPLES = [(name, example) for name, doc in DOCUMENTED.items() for example in doc.examples]


def _outcomes(examples: list[Example], language: Language) -> list[Example]:
    """What examples really give: all of them in one query, each a rule in a row of its own."""
    rules = [f"e{n} := {example.expression}" for n, example in enumerate(examples)]
    runtime = Runtime(
        modules={"e.rego": "\n".join(["package example", *rules])},
        data=json.loads(DOCUMENTS.read_text()),
        plugins=[StdPlugin],
        discover=False,
        language=language,
    )
    try:
        found = runtime.evaluate("data.example")
    finally:
        runtime.stop()
    errors = {e.location.row - 2: e for e in found.builtin_errors if e.location is not None}
    outcomes = []
    for n, example in enumerate(examples):
        if f"e{n}" in found.value:
            outcomes.append(Example(example.expression, result=found.value[f"e{n}"]))
        elif n in errors:
            text = " ".join(f"{errors[n].code}: {errors[n].message}".split())
            outcomes.append(Example(example.expression, error=text))
        else:
            outcomes.append(Example(example.expression))
    return outcomes


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Example]:
    """By expression, what each example gives."""
    found: dict[str, Example] = {}
    for deprecated in (False, True):
        asked = [e for name, e in EXAMPLES if (name in DEPRECATED) is deprecated]
        language = Language(v0_compatible=deprecated)
        found |= {e.expression: e for e in _outcomes(asked, language)}
    return found


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_builtin_has_a_description_and_an_example_of_a_result(name: str) -> None:
    documentation = DOCUMENTED[name]
    assert documentation.summary.endswith(".")
    assert documentation.results


@pytest.mark.parametrize(
    ("name", "example"), EXAMPLES, ids=[f"{name}: {e.expression}" for name, e in EXAMPLES]
)
def test_an_example_gives_what_it_says(
    outcomes: dict[str, Example], name: str, example: Example
) -> None:
    outcome: Any = outcomes[example.expression]
    assert outcome.error == (None if example.error is None else " ".join(example.error.split()))
    assert outcome.result == (None if example.result is None else json.loads(example.result))
