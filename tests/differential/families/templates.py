"""``template``: ``strings.render_template`` and the compiler's template strings."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import WORDS, Draw, Operands
from tests.differential.notation import SetOf

_VALUES = (".a", ".b", ".c", ".a.b", ".x", ".", "$", "$.a", "1", '"s"', "`r`", "1.5", "'c'",
    "true", "nil", "(len .a)")  # fmt: skip
_CALLS = ("len", "index", "print", "printf", "println", "html", "js", "urlquery", "not", "and",
    "or", "eq", "ne")  # fmt: skip
_CALLS += ("lt", "le", "gt", "ge", "slice", "call")
_FORMATS = ('"%d"', '"%s"', '"%v %v"', '"%q"', '"%5.1f"', '"%x"', '"%T"', '"%%"')

_RANGES = (".l", ".o", ".s", "3", ".a", "$i, $e := .l", "$e := .o", "$k, $v := .o")


def _operand(d: Draw, depth: int = 1) -> str:
    if depth and d.maybe(0.2):
        return f"({_pipeline(d, depth - 1)})"
    return d.one(_VALUES)


def _command(d: Draw, depth: int) -> str:
    if d.maybe(0.55):
        return _operand(d, depth)
    name = d.one(_CALLS)
    operands = d.some(lambda: _operand(d, depth), 3, 1)
    if name == "printf":
        operands.insert(0, d.one(_FORMATS))
    return " ".join([name, *operands])


def _pipeline(d: Draw, depth: int = 1) -> str:
    out = _command(d, depth)
    while d.maybe(0.2):
        out += " | " + d.one(_CALLS) + (f" {_operand(d, 0)}" if d.maybe(0.3) else "")
    return out


def _action(d: Draw, depth: int) -> str:
    left, right = ("{{- " if d.maybe(0.1) else "{{"), (" -}}" if d.maybe(0.1) else "}}")
    kind = d.below(12) if depth else 0
    body = lambda: _template(d, depth - 1)  # noqa: E731
    pipe = _pipeline(d)
    if kind < 5:
        return f"{left}{pipe}{right}"
    if kind == 5:
        return f"{left}if {pipe}{right}{body()}{{{{else}}}}{body()}{{{{end}}}}"
    if kind == 6:
        return f"{left}range {d.one(_RANGES)}{right}{body()}{{{{end}}}}"
    if kind == 7:
        return f"{left}with {pipe}{right}{body()}{{{{end}}}}"
    if kind == 8:
        return f"{left}$v := {pipe}{right}{{{{$v}}}}"
    if kind == 9:
        return '{{define "t"}}' + body() + '{{end}}{{template "t" .a}}'
    if kind == 10:
        return f"{{{{/* {d.one(('c', '', 'a b'))} */}}}}"
    odd = ("{{", "}}", "{{.}", "{{end}}", "{{if}}", "{{.a.}}", "{{else}}", '{{template "no"}}',
        "{{break}}", "{{nofunc .}}")  # fmt: skip
    odd += ("{{range .l}}{{break}}{{end}}", "{{range .l}}{{continue}}x{{end}}", "{{$x}}",
        "{{.a | .b}}", '{{"a', "{{1a}}", "{{'ab'}}")  # fmt: skip
    return d.one(odd)


def _template(d: Draw, depth: int = 2) -> str:
    out = []
    for _ in range(d.small(0, 3)):
        out.append(d.one(("", " ", "x", "\n", "é", "a ")))
        out.append(_action(d, depth))
    return "".join(out) + d.one(("", " ", "\n", "."))


def _plain(d: Draw) -> Any:
    kind = d.below(6)
    if kind == 0:
        return {"b": d.one(("x", 1, None, [1, 2], {"c": True}))}
    if kind == 1:
        return d.some(lambda: d.one(("x", 1, None, True)), 3)
    return d.one(
        (d.number(), d.one(WORDS), d.small(), None, True, False, "<a href='x'>&\"", "\t=\n")
    )


def _variables(d: Draw) -> dict[str, Any]:
    out: dict[str, Any] = {
        "l": [_plain(d) for _ in range(d.small(0, 3))],
        "o": {d.one("pqr"): _plain(d) for _ in range(d.small(0, 3))},
    }
    if d.maybe(0.03):
        out["s"] = SetOf(tuple(d.some(d.scalar, 3)))
    if d.maybe(0.9):  # what Rego and JSON escape in different ways spoils all of it
        return {**out, **{name: _plain(d) for name in "abc" if d.maybe(0.8)}}
    for name in "abc":
        if d.maybe(0.8):
            out[name] = d.one((d.scalar(), d.value(1), {"b": d.scalar()}, d.small(), d.text()))
    return out


def _parts(d: Draw) -> list[Any]:
    part = lambda: d.scalar() if d.maybe(0.6) else SetOf((d.value(2),) if d.maybe(0.9) else ())  # noqa: E731
    return [d.some(part, 5)]


FAMILIES: dict[str, dict[str, Operands]] = {
    "template": {
        "internal.template_string": _parts,
        "strings.render_template": lambda d: [_template(d), _variables(d)],
    },
}
