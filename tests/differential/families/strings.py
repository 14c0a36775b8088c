"""``strings``: cutting, joining, searching; and ``sprintf``, a family of its own."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num


def _two(d: Draw) -> list[Any]:
    """A text, and another that likely occurs in it."""
    text = d.raw() if d.maybe(0.3) else d.text()
    return [text, _part(d, text)]


def _part(d: Draw, text: str) -> str:
    if text and d.maybe(0.6):
        start = d.below(len(text))
        return text[start : start + d.small(0, 3)]
    return d.text()


def _three(d: Draw) -> list[Any]:
    return [*_two(d), d.text()]


def _joined(d: Draw) -> list[Any]:
    return [d.text(), d.collection(d.text)]


def _patterns(d: Draw) -> list[Any]:
    text = d.text() + d.text()
    return [{_part(d, text): d.text() for _ in range(d.below(4))}, text]


def _many(d: Draw) -> Any:
    return d.text() if d.maybe(0.3) else d.collection(d.text)


def _cut(d: Draw) -> list[Any]:
    return [d.raw(), d.small(-2, 8), d.small(-2, 8)]


def _based(d: Draw) -> list[Any]:
    return [d.any_number(), d.one((2, 8, 10, 16, 16, 3, 0, Num("2.0"), Num("10.0"), 36, -2))]


# Not %p: it shows an address.
_VERBS = "vvvvddssqqxXobcUTtefgEGO%!z"
_SIMPLE = ("%d", "%s", "%v", "%q", "%x", "%t", "%f", "%g", "%e", "%5d", "%-5d|", "%05d", "%.2f")
_SIMPLE += ("%+d", "%x", "% d", "%#x", "%#v", "%+v", "%T", "%c", "%U", "%o", "%b", "%08.3f", "%%")


def _verb(d: Draw) -> str:
    if d.maybe(0.5):
        return d.one(_SIMPLE)
    index = f"[{d.one(('1', '2', '3', '0', '-1', 'x', '', '9'))}]" if d.maybe(0.1) else ""
    width = d.one(("", "", "", "1", "5", "10", "*", "03", "20"))
    point = d.one(("", "", "", ".", ".0", ".2", ".5", ".10", ".*", ".30"))
    flags = d.chars("#0+- ", 2)
    return "%" + flags + index + width + point + d.one(_VERBS)


def _format(d: Draw) -> list[Any]:
    parts = [d.one(("", " ", "x=", "é", "a b", "%")) if d.maybe(0.4) else ""]
    for _ in range(d.small(0, 4)):
        parts.append(_verb(d))
        if d.maybe(0.4):
            parts.append(d.text())
    values = [d.value(1) if d.maybe(0.3) else d.scalar() for _ in range(d.small(0, 4))]
    return ["".join(parts), values]


def _number_format(d: Draw) -> list[Any]:
    verbs = [_verb(d) for _ in range(d.small(1, 3))]
    return ["|".join(verbs), [d.number() for _ in verbs]]


def _any_format(d: Draw) -> list[Any]:
    return _number_format(d) if d.maybe(0.4) else _format(d)


_TYPES = ("is_array", "is_boolean", "is_null", "is_number", "is_object", "is_set", "is_string",
    "type_name", "cast_array", "cast_set", "cast_string", "cast_boolean", "cast_null",
    "cast_object")  # fmt: skip

FAMILIES: dict[str, dict[str, Operands]] = {
    "strings": {
        "concat": _joined,
        "contains": _two,
        "endswith": _two,
        "format_int": _based,
        "indexof": _two,
        "indexof_n": _two,
        "lower": lambda d: [d.raw()],
        "replace": _three,
        "split": _two,
        "startswith": _two,
        "strings.any_prefix_match": lambda d: [_many(d), _many(d)],
        "strings.any_suffix_match": lambda d: [_many(d), _many(d)],
        "strings.count": _two,
        "strings.replace_n": _patterns,
        # Not on bytes that are no UTF-8: OPA mangles those, or panics.
        "strings.reverse": lambda d: [d.text()],
        "strings.split_n": lambda d: [*_two(d), d.small(-4, 4)],
        "substring": _cut,
        "trim": _two,
        "trim_left": _two,
        "trim_prefix": _two,
        "trim_right": _two,
        "trim_space": lambda d: [d.one((" ", "\t\u2003", "\u200b", "\u0085")) + d.raw() + " \n"],
        "trim_suffix": _two,
        "upper": lambda d: [d.raw()],
    },
    "sprintf": {"sprintf": _any_format},
    "types": {name: lambda d: [d.value()] for name in _TYPES}
    | {"to_number": lambda d: [_numeral(d) if d.maybe(0.9) else d.value()]},
}


def _numeral(d: Draw) -> Any:
    kind = d.below(8)
    if kind < 2:
        number = d.any_number()
        return d.mutated(str(number.text if isinstance(number, Num) else number), "0123456789.-+eE")
    if kind == 2:
        return d.one(
            (
                "inf",
                "-Inf",
                "+Infinity",
                "nan",
                "NaN",
                "0x1p4",
                "0X1.8p-1",
                "0x10",
                "0b11",
                "0o7",
                "1_000",
                "1e309",
                "-1e400",
                "1e-400",
                ".5",
                "5.",
                ".",
                "+5",
                "--5",
                "1e",
                "1e+",
                "٣",
                " 1",
                "1 ",
                "1f",
                "0x.8p1",
                "0x1.p3",
                "0x1p1024",
                "00",
                "-00.10",
                "",
                "0x1p-2000",
            )
        )
    return d.chars("0123456789+-.eExX_pP", 8)
