"""``yaml``."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands

_SCALARS = (
    "1", "1.0", "0x1F", "0o17", "017", "0b11", "1_000", "1e3", ".5", "+1", "-1", "-0", "~",
    "null", "Null", "", "yes", "No", "on", "true",
    "True", "TRUE", "tRue", ".inf", "-.INF", ".nan", "2001-01-01",
    "2001-12-14t21:59:43.10-05:00", "12:30", "1:2:3", "190:20:30", "a", "a b",
    "'a'", '"a"', '"\\n"', '"\\x41"', '"\\u00e9"', "'it''s'", "é", "😀", "a: b", "a #c", "a#c",
    "- a", "? a", "@a", "`a", "%a", "!a", "&a a",
    "*a", "!!str 1", "!!int 1", "!!int a", "!!float 1", "!!bool yes", "!!null ~",
    "!!binary aGk=", "!!binary %", "!x a", "<<", "=", "a,b",
    "9223372036854775808", "18446744073709551616", "1.7e309", "0.1", "1e-7",
    "123456789012345678901234567890", "[1, 2]", "{a: 1}", "[a", "{a",
    "{a, b}", "[a: 1]", "{}", "[]", "|\n  a\n  b", ">\n  a\n  b", "|-\n  a", "|+\n  a\n",
    ">2\n   a", "'a", '"a', '"\\q"', "y", "n", "0.", "1.e3",
    "\ta", "a\t", "---", "...", "0x", "08", "0_1", "_1", "1__2", "+.5", "1e", "e3", "0o8",
    "-0x1", "1.5.5", "+0", "0xg", "!!set {a}", "!!map {a: 1}",
)  # fmt: skip


def _scalar(d: Draw) -> str:
    return d.one(_SCALARS) if d.maybe(0.85) else d.chars(" abc:-#'\"[]{},&*!|>%@`?\n0é", 5)


def _lines(d: Draw, depth: int, indent: str) -> str:
    if not depth or d.maybe(0.3):
        return _scalar(d).replace("\n", "\n" + indent)
    out = ""
    for _ in range(d.small(1, 3)):
        inner = _lines(d, depth - 1, indent + "  ")
        nested = "\n" in inner and d.maybe(0.9)
        lead = "\n" + indent + "  " if nested and not inner.startswith(("|", ">")) else ""
        if d.maybe(0.6):
            key = d.one(("a", "b", "c", "1", "true", "<<", "'x'", "? k", "~", "1.5", "a b",
                "é", "[1]", "null", "2001-01-01", "-1"))  # fmt: skip
            out += f"{key}:{lead or ' '}{inner}"
        else:
            out += f"-{lead or ' '}{inner}"
        out += "\n" + indent
    return out


def _document(d: Draw) -> list[Any]:
    kind = d.below(6)
    if kind == 0:
        return [_scalar(d)]
    if kind == 1:
        return [d.one((
            "a: &x {b: 1}\nc: *x\n", "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
            "a: &x [1]\nb: *y\n", "a: 1\na: 2\n", "- &a a\n- *a\n",
            "&a [*a]", "{<<: {a: 1}, a: 2}", "<<: [{a: 1}, {a: 2, b: 3}]", "<<: 1",
            "%YAML 1.1\n---\na", "%YAML 1.2\n---\na", "--- a\n--- b\n",
            "---\n...\n", "# c\n", "a\n# c\nb", "? [a]\n: b", "? {a: 1}\n: b",
            "a:\n - b\n - c\n", "a:\n- b\n- c\n", "- - a\n  - b\n",
            "a: b: c", "a:\n\tb: 1", "a: 'b\n  c'", 'a: "b\n\n  c"', "a: b\n c", "\ufeffa: 1",
            "a: !!str", "a:\n", "- \n- a", "{a: }", "[a, ]", "[,]",
        ))]  # fmt: skip
    text = _lines(d, 2, "")
    if d.maybe(0.02):
        return [text + d.raw()]
    return [d.mutated(text, " :-\n\t'\"[]{}#&*!|>0a") if d.maybe(0.2) else text]


FAMILIES: dict[str, dict[str, Operands]] = {
    "yaml": {
        "yaml.is_valid": _document,
        "yaml.marshal": lambda d: [_marshalled(d, 2)],
        "yaml.unmarshal": _document,
    },
}


def _marshalled(d: Draw, depth: int) -> Any:
    if depth and d.maybe(0.5):
        if d.maybe(0.5):
            return [_marshalled(d, depth - 1) for _ in range(d.small(0, 3))]
        return {_key(d): _marshalled(d, depth - 1) for _ in range(d.small(0, 3))}
    return d.scalar() if d.maybe(0.5) else _key(d)


def _key(d: Draw) -> str:
    kind = d.below(4)
    if kind == 0:
        return d.one(_SCALARS)
    if kind == 1:
        return d.one(("a1", "a10", "a2", "A", "_a", "a_b", "é", "10", "9", "01", "a-1", "a.b",
            "", " ", "\n", "a\nb", "a\n", "\na", "x" * 90 + " y"))  # fmt: skip
    if d.maybe(0.05):
        return d.raw()
    return d.text() if kind == 2 else " ".join(d.some(lambda: d.one(("word", "a",
        "longer-word", "#", ":", "é")), 30))  # fmt: skip
