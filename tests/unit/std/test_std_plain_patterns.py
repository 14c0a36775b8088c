"""Patterns and globs that are tested without an expression: what RE2 finds is found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive_std import glob, regex
from regolive_std.text import to_bytes

_PIECES = ["a", "b", "/", "-", "\\.", "\\/", "\\_", "\\$", "_", ".*", "^", "$", "\\\\", " "]
patterns = st.lists(st.sampled_from(_PIECES), max_size=5).map("".join)
texts = st.text("ab/-.\n_$\\ é", max_size=6)


@given(patterns, texts)
def test_plain_patterns(pattern: str, text: str) -> None:
    plain = regex._plain_tester(pattern)
    if plain is not None:
        assert plain(text) == (regex.compiled(pattern).search(to_bytes(text)) is not None)


@pytest.mark.parametrize(
    "pattern",
    ["abc", "^abc", "abc$", "^abc$", "^a.*", ".*a", ".*a.*", "^a.*$", "^.*a$", "^a\\.b$", "", "^$"],
)
def test_these_are_plain(pattern: str) -> None:
    assert regex._plain_tester(pattern) is not None


@pytest.mark.parametrize(
    "pattern", ["a+", "a.b", "[ab]", "(a)", "a|b", "\\d", "a.*b", "^.*a.*$", "é"]
)
def test_these_are_not(pattern: str) -> None:
    assert regex._plain_tester(pattern) is None


globs = st.lists(st.sampled_from(["a", "b", ".", "/", "*", "**", "-"]), max_size=5).map("".join)


@given(globs, st.sampled_from(["", ".", "/", "./"]), st.text("ab./-é", max_size=6))
def test_plain_globs(pattern: str, delimiters: str, text: str) -> None:
    plain = glob._plain_tester(pattern, delimiters)
    if plain is not None:
        expression: Any = regex.compiled(glob._Translator(pattern, delimiters).run())
        assert plain(text) == (expression.search(to_bytes(text)) is not None)


def test_a_glob_is_plain_with_one_wildcard_at_most() -> None:
    for pattern in ("a", "*.example.com", "a*", "a**b", "**", ""):
        assert glob._plain_tester(pattern, ".") is not None
    for pattern in ("a?", "*a*", "{a,b}", "[ab]", "\\*", "***"):
        assert glob._plain_tester(pattern, ".") is None


class Hidden:
    """An expression of a google-re2 that is not as we know it."""

    def __init__(self, expression: Any) -> None:
        self.search = expression.search


@given(
    st.sampled_from(["a+", "^a?b$", "(a)|b", "\\bb", "é", "", "[^a]", "$^", "a*"]),
    st.text("ab é", max_size=6),
)
def test_a_test_finds_what_a_search_finds(pattern: str, text: str) -> None:
    expression: Any = regex.compiled(pattern)
    data = to_bytes(text)
    expected = expression.search(data) is not None
    assert regex.finder(expression)(data) is expected
    assert regex.finder(Hidden(expression))(data) is expected
