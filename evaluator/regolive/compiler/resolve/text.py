"""References and paths as OPA's messages write them: ``data.a["b c"].d``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from regolive.syntax import nodes as n

# What OPA writes after a point; its keywords are written in brackets.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEYWORDS = frozenset(
    {"as", "contains", "default", "else", "every", "false", "if", "import", "in"}
    | {"not", "null", "package", "some", "true", "with"}
)


def step_text(step: str) -> str:
    """A step that is a string, with its point or brackets."""
    if _NAME.match(step) and step not in _KEYWORDS:
        return f".{step}"
    return f"[{json.dumps(step, ensure_ascii=False)}]"


def path_text(path: Iterable[str], head: str = "data") -> str:
    """A path below ``data``."""
    return head + "".join(map(step_text, path))


def term_text(term: n.Term) -> str:
    """A reference, variable or constant; for anything else what the text has at its place."""
    if isinstance(term, n.Var):
        return "_" if term.is_wildcard else term.name
    if isinstance(term, n.Scalar):
        return json.dumps(term.value, ensure_ascii=False)
    if isinstance(term, n.Number):
        return term.text
    if isinstance(term, n.Ref):
        first, *steps = term.terms
        return term_text(first) + "".join(map(_constant_step, steps))
    return term.loc.text


def rule_text(rule: n.Rule, names: Mapping[str, str]) -> str:
    """The path of a resolved rule; ``names`` gives what its variables were called.

    A variable of the compiler's stands for something that is evaluated, which is shown.
    """
    first, *steps = rule.head.ref.terms
    return term_text(first) + "".join(
        f"[{names.get(step.name, step.loc.text)}]"
        if isinstance(step, n.Var)
        else _constant_step(step)
        for step in steps
    )


def ground_text(rule: n.Rule) -> str:
    """The name of a parsed rule, up to its first step that is not constant."""
    first, *steps = rule.head.ref.terms
    text = term_text(first)
    for step in steps:
        if not isinstance(step, n.Scalar | n.Number):
            break
        text += _constant_step(step)
    return text


def relative_text(rule: n.Rule, size: int) -> str:
    """The path of a resolved rule below its package, whose path has ``size`` steps."""
    first, *steps = rule.head.ref.terms[1 + size :]
    assert isinstance(first, n.Scalar)
    return str(first.value) + "".join(map(_constant_step, steps))


def _constant_step(step: n.Term) -> str:
    if isinstance(step, n.Scalar) and isinstance(step.value, str):
        return step_text(step.value)
    return f"[{term_text(step)}]"
