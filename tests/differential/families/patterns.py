"""``regex``: patterns put together from the pieces of RE2's syntax, good ones and bad ones."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands

_ATOMS = ("a", "b", "ab", ".", "\\d", "\\w", "\\s", "\\b", "^", "$", "[ab]", "[^a]", "[a-c]",
    "é", "x")  # fmt: skip
_ATOMS += ("\\pL", "\\p{Greek}", "[[:alpha:]]", "\\A", "\\z", "\\.", "\\x41", "\\Q.*\\E",
    "[\\d-]", "日")  # fmt: skip
_ODD = ("(", ")", "[", "]", "{", "}", "*", "+", "?", "\\", "[z-a]", "a**", "(?=a)", "(?<n>a)",
    "\\1")  # fmt: skip
_ODD += ("(?P<n>a)", "(?P<n>b)", "(?P<>a)", "(?i)", "(?s).", "(?m)^", "(?U)a*", "a{2}",
    "a{2,}", "a{,2}")  # fmt: skip
_ODD += ("a{1001}", "[[:foo:]]", "\\pX", "\\p{Foo}", "\\8", "(?z)", "(?P<n", "a{2,1}", "\\C",
    "\\G", "\\Z")  # fmt: skip
_ODD += ("\\u0041", "[]a]", "[^]", "a|*", "||", "()", "(|a)", "\\x{1F600}", "\\x{110000}",
    "(?i:K)", "\\")  # fmt: skip
_ODD += ("\\pN", "\\PL", "[^\\n]", "\\B", "(?-s).", "a{0}", "(a{10}){10}", "\\a", "\\07",
    "\\x4", "😀", "\n")  # fmt: skip
_ODD += ("(?:a", "[a", "[\\", "(?", "(?P", "a{99999999999}", "[a-\\d]", "[\\w-z]", "(?<>a)",
    "(?P=n)", "\xff")  # fmt: skip


def _pattern(d: Draw, depth: int = 2) -> str:
    out = []
    for _ in range(d.small(0, 3)):
        if depth and d.maybe(0.35):
            inner = _pattern(d, depth - 1)
            kind = d.one(("(", "(?:", "(?P<n>", "(?i:", "(?<m>"))
            piece = f"{kind}{inner})"
        else:
            piece = d.one(_ATOMS)
        if d.maybe(0.35):
            piece += d.one(("*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}"))
        out.append(piece)
        if d.maybe(0.15):
            out.append("|")
    if d.maybe(0.1):
        out.insert(d.below(len(out) + 1), d.one(_ODD))
    return "".join(out)


def _subject(d: Draw) -> str:
    return d.chars("abABx.1 é日\n😀", 10) if d.maybe(0.8) else d.raw()


def _match(d: Draw) -> list[Any]:
    return [_pattern(d), _subject(d)]


def _replacement(d: Draw) -> str:
    pieces = ("$1", "$0", "${1}", "${n}", "$n", "$nx", "$$", "$", "x", "${", "$9", "${1",
        "$1x", "é", "${é}")  # fmt: skip
    pieces += ("${01}", "$01", "$_", "${n}y", "\\1", "$é", "${}", "${ 1}", "$-", "${1}0", "$10")
    return "".join(d.some(lambda: d.one(pieces), 3))


def _template(d: Draw) -> list[Any]:
    start, end = d.one((("{", "}"), ("{", "}"), ("<", ">"), ("|", "|"), ("(", ")"), ("é", "}"),
        ("", "}")))  # fmt: skip
    if d.maybe(0.05):
        start, end = end, start + "x"
    pieces = ("a", ".", "*", "urn:", f"{start}.*{end}", f"{start}[0-9]+{end}", start, end, "é",
        f"{start}({end}")  # fmt: skip
    pieces += (f"{start}a{start}b{end}c{end}", f"{start}{end}", "(", "\\", "$")
    # A number that no other template has: OPA's cache does not look at the delimiters.
    mark = str(d.below(10**9))
    template = mark + "".join(d.some(lambda: d.one(pieces), 4))
    value = mark + "".join(
        d.some(lambda: d.one(("a", ".", "*", "urn:", "1", "23", "é", "(", "")), 4)
    )
    return [template, value, start, end]


def _simple_glob(d: Draw) -> str:
    pieces = ("a", "b", ".", "a*", "b*", ".*", ".+", "[a-c]", "[a-c]+", "[abc]*", "a+", "\\*",
        "é", "[é-ü]", "\\.")  # fmt: skip
    pieces += ("[a\\-c]", "aa", "x")
    odd = ("[", "]", "*", "+", "\\", "[]", "[c-a]", "[-a]", "[a-]", "a**", "a+*", "[a",
        "[a-c-e]", "[*]", "[.]")  # fmt: skip
    out = d.some(lambda: d.one(pieces), 5)
    if d.maybe(0.08):
        out.insert(d.below(len(out) + 1), d.one(odd))
    return "".join(out)


FAMILIES: dict[str, dict[str, Operands]] = {
    "regex": {
        "re_match": _match,
        "regex.find_all_string_submatch_n": lambda d: [*_match(d), d.small(-2, 3)],
        "regex.find_n": lambda d: [*_match(d), d.small(-2, 3)],
        "regex.globs_match": lambda d: [_simple_glob(d), _simple_glob(d)],
        "regex.is_valid": lambda d: [_pattern(d)],
        "regex.match": _match,
        "regex.replace": lambda d: [_subject(d), _pattern(d), _replacement(d)],
        "regex.split": _match,
    },
    # Apart from the others: OPA keeps templates and patterns in one cache, and takes one for the
    # other where their texts are the same.
    "regex_template": {"regex.template_match": _template},
}
