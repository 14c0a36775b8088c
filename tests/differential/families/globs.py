"""``glob``."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands

_PIECES = ("a", "b", "ab", "*", "**", "?", ".", "/", "[ab]", "[!a]", "[a-c]", "[!a-c]",
    "{a,b}", "{ab,*}", "é")  # fmt: skip
_ODD = ("[", "]", "{", "}", "\\", "\\*", "{a", "a}", "[]", "[!]", "[a", "[a-]", "[-a]",
    "[c-a]", ",", "{,a}", "{}")  # fmt: skip
_ODD += ("***", "{a,{b,c}}", "[\\]]", "[a-c-e]", "\\\\", "[!", "!", "[^a]", "{*,**}", "[é-ü]",
    "\\é", "[*]", "[a\\-b]")  # fmt: skip
_ODD += ("{a,b", "{[ab],c}", "{?,.}", "{.,/}", "{a.b,c}", "\n", "\\{", "{**}", "[ab]*",
    "{a*,b?}", "[a b]", "^", "$")  # fmt: skip


def _glob(d: Draw) -> str:
    out = d.some(lambda: d.one(_PIECES), 5)
    if d.maybe(0.2):
        out.insert(d.below(len(out) + 1), d.one(_ODD))
    return "".join(out)


def _delimiters(d: Draw) -> Any:
    return d.one(
        (None, [], [], ["."], ["/"], [".", "/"], [":"], [""], ["ab"], ["é"], ["a"], ["^"],
        ["]"], ["-", "a"], ["\\"])
    )  # fmt: skip


def _match(d: Draw) -> list[Any]:
    subject = d.chars("aabbc./é", 7) if d.maybe(0.9) else d.chars("ab.{}[]*?\\,!-^\n é", 6)
    return [_glob(d), _delimiters(d), subject]


FAMILIES: dict[str, dict[str, Operands]] = {
    "glob": {"glob.match": _match, "glob.quote_meta": lambda d: [_glob(d) + d.raw()]},
}
