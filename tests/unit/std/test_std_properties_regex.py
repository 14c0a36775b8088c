"""Expressions and globs against ``re`` on the syntax that both have, and against enumeration."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError

LETTERS = "abcé"
texts = st.text(LETTERS + "- \n", max_size=10)
atoms = st.sampled_from(
    ["a", "b", "c", "é", "ab", ".", "[ab]", "[^a]", "[a-c]", "^", "$", r"\w", r"\d", r"\s", r"\-"]
)
# What may be empty is not repeated: there the two differ in what a group is left with.
repeated = st.builds(
    lambda atom, times: f"(?:{atom}){times}",
    atoms.filter(lambda a: a not in ("^", "$")),
    st.sampled_from(["", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,1}?"]),
)
patterns = st.recursive(
    atoms | repeated,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: f"(?:{a}|{b})", inner, inner),
        inner.map(lambda p: f"({p})"),
    ),
    max_leaves=6,
)


def _python(pattern: str) -> re.Pattern[str]:
    r"""The same for ``re``: classes of ASCII, and ``$`` at the very end only."""
    return re.compile(pattern.replace("$", r"\Z"), re.ASCII)


@given(patterns, texts)
def test_matches(call: Any, pattern: str, text: str) -> None:
    expression = _python(pattern)
    assert call("regex.is_valid", pattern)
    assert call("regex.match", pattern, text) == (expression.search(text) is not None)
    assert call("re_match", pattern, text) == (expression.search(text) is not None)


def _matches(expression: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """As Go's documentation has them: one after the other, and an empty one is looked for anew
    one character on; but none that is empty and touches the one before it.
    """
    found: list[re.Match[str]] = []
    at, end = 0, -1
    while at <= len(text) and (match := expression.search(text, at)):
        if match[0] or match.start() != end:
            found.append(match)
        end = match.end()
        at = max(end, at + 1) if not match[0] else end
    return found


@given(patterns, texts, st.integers(-1, 3))
def test_all_matches_and_their_groups(call: Any, pattern: str, text: str, limit: int) -> None:
    found = _matches(_python(pattern), text)[: None if limit < 0 else limit]
    assert call("regex.find_n", pattern, text, limit) == [m[0] for m in found]
    groups = [[m[0], *(g or "" for g in m.groups())] for m in found]
    assert call("regex.find_all_string_submatch_n", pattern, text, limit) == groups


@given(patterns, texts)
def test_splitting(call: Any, pattern: str, text: str) -> None:
    """What is between the matches; an empty one at the very beginning or end splits nothing."""
    pieces, at = [], 0
    found = _matches(_python(pattern), text)
    for match in found:
        if text and match.end() == 0:
            continue
        if match.start() == match.end() == len(text):
            continue
        pieces.append(text[at : match.start()])
        at = match.end()
    if text:
        assert call("regex.split", pattern, text) == [*pieces, text[at:]]


@given(patterns, texts, st.sampled_from(["", "x", "<$0>", "${1}", "$1-", "$$", "$name", "${0}a"]))
def test_replacing(call: Any, pattern: str, text: str, put: str) -> None:
    expression = _python(pattern)

    def filled(match: re.Match[str]) -> str:
        def group(found: re.Match[str]) -> str:
            if found[0] == "$$":
                return "$"
            name = found[1] or found[2]
            known = name.isdigit() and int(name) <= expression.groups
            return (match[int(name)] or "") if known else ""

        return re.sub(r"\$(?:\$|\{(\w+)\}|(\w+))", group, put)

    out, at = "", 0
    for match in _matches(expression, text):
        out += text[at : match.start()] + filled(match)
        at = match.end()
    assert call("regex.replace", text, pattern, put) == out + text[at:]


@given(texts, st.text("(){}[]*+?\\|ab", max_size=5))
def test_texts_that_are_no_expressions(call: Any, text: str, pattern: str) -> None:
    """What ``re`` takes of this alphabet, this does too, but for ``re``'s own repetitions."""
    valid = call("regex.is_valid", pattern)
    if not valid:
        with pytest.raises(BuiltinError, match="error parsing regexp"):
            call("regex.match", pattern, text)
    elif "{" not in pattern and "\\" not in pattern and "[[" not in pattern:
        re.compile(pattern)


@given(st.text(LETTERS + ".*+()[]{}-", max_size=6), texts)
def test_templates(call: Any, plain: str, text: str) -> None:
    """In a template, only what is between the delimiters is an expression."""
    template = f"{plain.replace('{', '').replace('}', '')}{{.*}}"
    prefix = template.removesuffix("{.*}")
    one_line = "\n" not in text
    assert call("regex.template_match", template, prefix + text, "{", "}") == one_line
    longer = call("regex.template_match", template, "x" + prefix + text, "{", "}")
    assert longer == (one_line and not prefix)


# -- Globs -----------------------------------------------------------------------------------

pieces = st.lists(
    st.one_of(
        st.sampled_from(["*", "**", "?", "a", "b", ".", "/", "ab", "[ab]", "[!a]", "[a-c]"]),
        st.lists(st.sampled_from(["a", "bc", "ab."]), min_size=1, max_size=3).map(
            lambda options: "{" + ",".join(options) + "}"
        ),
    ),
    max_size=5,
)


def _ends(piece: str, text: str, at: int, delimiters: str) -> set[int]:
    """Where a piece of a glob that begins at a place may end."""
    rest = text[at:]
    if piece == "**":
        return set(range(at, len(text) + 1))
    if piece == "*":
        free = next((i for i, c in enumerate(rest) if c in delimiters), len(rest))
        return set(range(at, at + free + 1))
    if piece[0] == "{":
        return {at + len(o) for o in piece[1:-1].split(",") if rest.startswith(o)}
    if not rest:
        return set()
    if piece == "?":
        return {at + 1} if rest[0] not in delimiters else set()
    if piece[0] == "[":
        chars = {"[ab]": "ab", "[!a]": "a", "[a-c]": "abc"}[piece]
        return {at + 1} if (rest[0] in chars) != (piece[1] == "!") else set()
    return {at + len(piece)} if rest.startswith(piece) else set()


@given(pieces, st.text("abc./x", max_size=7), st.sampled_from([[], None, ["."], ["/", "."]]))
def test_globs(call: Any, glob: list[str], text: str, delimiters: list[str] | None) -> None:
    marks = "" if delimiters is None else "".join(delimiters) or "."
    # gobwas/glob lets a lone character be missing; stars side by side are another piece.
    if len(glob) < 2 or any(a[0] == b[0] == "*" for a, b in pairwise(glob)):
        return
    ends = {0}
    for piece in glob:
        ends = {end for at in ends for end in _ends(piece, text, at, marks)}
    assert call("glob.match", "".join(glob), delimiters, text) == (len(text) in ends)


@given(st.text("abc*?[]{}\\.", max_size=6), st.text("abc*?[]{}\\.", max_size=6))
def test_quoted_globs(call: Any, text: str, other: str) -> None:
    quoted = call("glob.quote_meta", text)
    assert call("glob.match", quoted, [], other) == (text == other)
