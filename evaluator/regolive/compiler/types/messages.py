"""The findings of the type checker: OPA's texts, and the lines that OPA shows below them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from regolive.compiler.program import Finding, Stage, diagnostic
from regolive.compiler.types.build import to_declaration
from regolive.compiler.types.model import (
    MAX_LISTED,
    Function,
    Part,
    StaticKey,
    show,
    show_args,
)
from regolive.compiler.types.signatures import Signature
from regolive.compiler.types.text import PLAIN, RefText, term_text
from regolive.errors import Details, nearest
from regolive.syntax import nodes as n
from regolive.values import dumps, from_key, to_json

CODE = "rego_type_error"


def finding(
    loc: n.Loc,
    message: str,
    lines: Sequence[str] = (),
    fields: Mapping[str, Any] | None = None,
    hint: str | None = None,
) -> Finding:
    """A type error. ``lines`` and ``fields``: what OPA shows below it, as text and as JSON."""
    details = Details(tuple(lines), fields or {}) if lines or fields else None
    return Finding(Stage.TYPES, diagnostic(CODE, message, loc, hint, details))


def match_error(loc: n.Loc, left: Part, right: Part) -> Finding:
    """The two sides of an equation can have no value in common."""
    lines = (f"left  : {show(left)}", f"right : {show(right)}")
    return finding(
        loc, "match error", lines, {"a": to_declaration(left), "b": to_declaration(right)}
    )


def argument_error(
    loc: n.Loc, name: str, what: str, have: Sequence[Part], want: Signature
) -> Finding:
    """A call that cannot hold: arguments of wrong types, or too many or few of them."""
    details = operand_details(have, want)
    return finding(loc, f"{name}: {what}", details.lines, details.fields)


def operand_details(have: Sequence[Part], want: Signature) -> Details:
    """What operands are, and what they should be."""
    lines = (f"have: {show_args(have)}", f"want: {want.want}")
    return Details(lines, {"have": [to_declaration(t) for t in have], "want": want.fields})


def replaced_error(loc: n.Loc, name: str, have: Function, want: Signature) -> Finding:
    """A function that ``with`` replaces by one that takes other arguments."""
    return argument_error(loc, name, "arity mismatch", have.args, want.without_result())


def used_as_reference(text: RefText, pos: int, t: Function) -> Finding:
    """A function that is not called."""
    message = f"function {text.text} used as reference, not called"
    return _unsupported(text, pos, t, message)


def no_elements(text: RefText, pos: int, t: Part) -> Finding:
    """A step into what has no elements."""
    return _unsupported(text, pos, t, f"undefined ref: {text.text}")


def _unsupported(text: RefText, pos: int, t: Part, message: str) -> Finding:
    lines = (text.text, "^" * text.ends[pos], f"have: {show(t)}")
    # The marks reach to the end of the step, its bracket included.
    if text.text[text.ends[pos] : text.ends[pos] + 1] == "]":
        lines = (lines[0], lines[1] + "^", lines[2])
    fields = {**_fields(text, pos), "have": to_declaration(t)}
    return finding(text.ref.loc, message, lines, fields)


def wrong_step(
    text: RefText, pos: int, have: Part, want: Part, possible: Sequence[StaticKey] | None
) -> Finding:
    """A step that the type before it does not have.

    ``have`` is the step's type, None for a constant; ``possible`` the keys there are, where they
    are known.
    """
    step = text.ref.terms[pos]
    pad = " " * text.starts[pos]
    lines = [text.text, pad + "^"]
    hint = None
    fields: dict[str, Any] = _fields(text, pos)
    if have is None:
        lines.append(f"{pad}have: {term_text(step, PLAIN)}")
    else:
        lines.append(f"{pad}have (type): {have}")
        fields["have"] = to_declaration(have)
    if possible:
        keys = [from_key(k) for k in possible]
        texts = [dumps(k) for k in keys[:MAX_LISTED]] + ["..."] * (len(keys) > MAX_LISTED)
        lines.append(f"{pad}want (one of): [{' '.join(texts)}]")
        if step.__class__ is n.Scalar and isinstance(step.value, str):
            near = nearest(step.value, [k for k in keys if isinstance(k, str)])
            if near is not None:
                hint = f"did you mean {dumps(near)}?"
    else:
        lines.append(f"{pad}want (type): {show(want)}")
    fields["want"] = to_declaration(want)
    fields["oneOf"] = [to_json(from_key(k)) for k in possible] if possible else None
    return finding(text.ref.loc, f"undefined ref: {text.text}", lines, fields, hint)


def _fields(text: RefText, pos: int) -> dict[str, Any]:
    """The reference and a place in it, as ``--format json`` has them."""
    return {"ref": [_json(t) for t in text.ref.terms], "pos": pos}


def _json(term: n.Term) -> dict[str, Any]:
    if isinstance(term, n.Var):
        return {"type": "var", "value": term.name}
    if isinstance(term, n.Scalar):
        value = term.value
        kind = "null" if value is None else "boolean" if isinstance(value, bool) else "string"
        return {"type": kind, "value": {} if value is None else value}
    if isinstance(term, n.Number):
        return {"type": "number", "value": term.text}
    if isinstance(term, n.Ref):
        return {"type": "ref", "value": [_json(t) for t in term.terms]}
    return {"type": term.__class__.__name__.lower(), "value": term.loc.text}
