"""Where fuzzing begins: every policy that is at hand."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from tests.conformance.__main__ import DEFAULT, REPOSITORY
from tests.conformance.cases import CasesError, read_lines
from tests.corpus.cases import all_cases
from tests.generate.modules import make_module

NESTED = (
    "p := {0}1{1}",
    "p if {{ {0}1{1} }}",
    "p[{0}1{1}] := 1",
    "f({0}1{1}) := 1",
    "p contains {0}1{1} if true",
)
"""Places for something nested."""

BRACKETS = (
    ("[", "]"),
    ("{", "}"),
    ("(", ")"),
    ('{"a":', "}"),
    ("[x | x := ", "]"),
    ("{x | x := ", "}"),
    ("{1: x | x := ", "}"),
    ("f(", ")"),
    ("a[", "]"),
    ("1 + ", ""),
    ("1 - ", ""),
    ("-", ""),
    ("1 == ", ""),
    ("1 in ", ""),
    ("not ", ""),
    ("every x in y { ", " }"),
    ('$"{', '}"'),
    ("$`{", "}`"),
    ("a.", ""),
    ("some x in ", ""),
    ("a with input as ", ""),
    ("a and ", ""),
    ("a or ", ""),
    ("not { ", " }"),
    ("p if { true } else := 1 if { true } ", ""),
    ("a; ", ""),
    ("1, ", ""),
    ("[", ""),
    ("{", ""),
    ("(", ""),
)
"""What can be nested (or repeated), and what ends it."""


def nested(begin: str, end: str, depth: int, place: str = NESTED[0]) -> str:
    """A module in which something is nested that deep."""
    return "package nested\n\n" + place.format(begin * depth, end * depth) + "\n"


def repository_policies() -> list[str]:
    """The texts of ``policies/``."""
    return [p.read_text(encoding="utf-8") for p in sorted((REPOSITORY / "policies").glob("*.rego"))]


def corpus_policies() -> list[str]:
    """The corpus of wrong policies."""
    return [text for case in all_cases() for text in case.modules.values()]


def conformance_policies(file: Path = DEFAULT) -> list[str]:
    """The modules of OPA's compliance cases, if they are there."""
    try:
        lines = read_lines(file)
    except CasesError:
        return []
    return [text for line in lines for text in json.loads(line.text).get("modules") or ()]


def generated_policies(number: int = 100) -> list[str]:
    """Random modules."""
    return [make_module(Random(f"seed/{n}")).text for n in range(number)]


def all_seeds() -> list[str]:
    """All of them, each text once, and something nested of each kind."""
    deep = [nested(begin, end, 30, place) for begin, end in BRACKETS for place in NESTED]
    texts = [
        *repository_policies(),
        *corpus_policies(),
        *conformance_policies(),
        *generated_policies(),
        *deep,
    ]
    return list(dict.fromkeys(texts))
