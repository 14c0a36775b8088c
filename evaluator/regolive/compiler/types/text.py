"""Terms as OPA's messages write them: in one form, whatever the form they are written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from regolive.syntax import nodes as n
from regolive.values import dumps

_DEEP = 16
"""Terms nested more deeply are shown as they are written."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEYWORDS = frozenset(
    {"as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null"}
    | {"package", "some", "true", "with"}
)

Origin: TypeAlias = Callable[[str], n.Term | None]
"""The term that a variable of the compiler's stands for; None if it stands for none."""


@dataclass(frozen=True, slots=True)
class Names:
    """What variables are called in messages.

    ``declared``: the names of declared variables. ``origin``: what the others of the compiler's
    variables stand for.
    """

    declared: Mapping[str, str]
    origin: Origin = lambda _: None


PLAIN = Names({})


class RefText:
    """A reference as messages write it, with the places of its steps in the text.

    ``starts`` and ``ends`` are those of each step's own text, without point or brackets.
    """

    def __init__(self, ref: n.Ref, names: Names) -> None:
        self.ref = ref
        first, *steps = ref.terms
        text = _standing_for(first, names)
        self.starts, self.ends = [0], [len(text)]
        for step in steps:
            if step.__class__ is n.Scalar and _is_name(step.value):
                self.starts.append(len(text) + 1)
                text = f"{text}.{step.value}"
                self.ends.append(len(text))
            else:
                self.starts.append(len(text) + 1)
                text = f"{text}[{_standing_for(step, names)}]"
                self.ends.append(len(text) - 1)
        self.text = text


def _is_name(value: object) -> bool:
    """Whether OPA writes a step after a point."""
    return isinstance(value, str) and _NAME.match(value) is not None and value not in _KEYWORDS


def _standing_for(term: n.Term, names: Names) -> str:
    """The text of a term, or of what was taken out of its place."""
    if isinstance(term, n.Var) and term.is_generated and term.name not in names.declared:
        origin = names.origin(term.name)
        if origin is not None:
            return term_text(origin, names)
    return term_text(term, names)


def term_text(term: n.Node, names: Names, depth: int = 0) -> str:
    """The text of a term."""
    if isinstance(term, n.Var):
        declared = names.declared.get(term.name)
        if declared is not None:
            return declared
        return "_" if term.is_wildcard else term.name
    if isinstance(term, n.Scalar):
        return dumps(term.value)
    if isinstance(term, n.Number):
        return term.text
    if depth > _DEEP:
        return term.loc.text
    match term:
        case n.Ref():
            return RefText(term, names).text
        case n.Array():
            return f"[{_listed(term.items, names, depth)}]"
        case n.Set():
            return f"{{{_listed(term.items, names, depth)}}}" if term.items else "set()"
        case n.Object():
            flat = [term_text(part, names, depth + 1) for part in term.flat]
            pairs = zip(flat[::2], flat[1::2], strict=True)
            return "{" + ", ".join([f"{k}: {v}" for k, v in pairs]) + "}"
        case n.Call():
            return f"{RefText(term.func, names).text}({_listed(term.args, names, depth)})"
        case n.ArrayComp():
            return f"[{_comprehension((term.head,), term.body, names, depth)}]"
        case n.SetComp():
            return f"{{{_comprehension((term.head,), term.body, names, depth)}}}"
        case n.ObjectComp():
            return f"{{{_comprehension((term.key, term.value), term.body, names, depth)}}}"
    return term.loc.text


def _listed(terms: Sequence[n.Term], names: Names, depth: int) -> str:
    return ", ".join([term_text(term, names, depth + 1) for term in terms])


def _comprehension(head: Sequence[n.Term], body: n.Body, names: Names, depth: int) -> str:
    made = ": ".join([term_text(term, names, depth + 1) for term in head])
    return f"{made} | " + "; ".join([_expression(expr, names, depth + 1) for expr in body])


def _expression(expr: n.Expr, names: Names, depth: int) -> str:
    term = expr.term
    if isinstance(term, n.Call) and len(term.args) == 2 and len(term.func.terms) == 1:
        name = term.func.terms[0]
        if isinstance(name, n.Var) and name.name == "eq":
            left, right = [term_text(arg, names, depth) for arg in term.args]
            return f"not {left} = {right}" if expr.negated else f"{left} = {right}"
    text = term_text(term, names, depth)
    return f"not {text}" if expr.negated else text
