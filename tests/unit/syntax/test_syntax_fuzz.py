"""Any text gives a tree or a policy error: never another exception, never a hang."""

from __future__ import annotations

import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.mutate import WORDS, mutate, tokens_of
from tests.fuzz.seeds import (
    BRACKETS,
    NESTED,
    corpus_policies,
    generated_policies,
    nested,
    repository_policies,
)

from regolive.errors import PolicyError
from regolive.syntax import parse_module

SEEDS = [text for text in corpus_policies() if len(text) < 1000] + generated_policies(20)
ALL = [*SEEDS, *repository_policies()]


def parses(text: str, *, v0_compatible: bool = False) -> bool:
    """Whether a text is a module. Any exception but PolicyError fails the test."""
    try:
        parse_module(text, "fuzz.rego", v0_compatible=v0_compatible)
    except PolicyError as error:
        found = error.diagnostics
    else:
        return True
    assert found
    for diagnostic in found:
        assert diagnostic.code == "rego_parse_error"
        assert diagnostic.message
        assert diagnostic.location is not None
        assert 0 <= diagnostic.location.row <= text.count("\n") + 2
        assert str(diagnostic)
    return False


@settings(max_examples=1500, deadline=None)
@given(
    seed=st.sampled_from(SEEDS),
    random=st.randoms(use_true_random=False),
    v0_compatible=st.booleans(),
)
def test_changed_policies(seed: str, random: Random, v0_compatible: bool) -> None:
    parses(mutate(seed, random, SEEDS), v0_compatible=v0_compatible)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.sampled_from(["", " ", "\n"]))
def test_words_in_any_order(words: list[str], between: str) -> None:
    parses("package p\n" + between.join(words))
    parses(between.join(words))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.sampled_from(["{}", "package p\n{}", "package p\nq := {}", '"{}"']))
def test_any_characters(text: str, place: str) -> None:
    parses(place.replace("{}", text))


@pytest.mark.parametrize("place", NESTED[:3])
@pytest.mark.parametrize(("begin", "end"), BRACKETS, ids=lambda text: text.strip() or "open")
def test_what_is_nested_ten_thousand_deep_is_no_crash(begin: str, end: str, place: str) -> None:
    before = time.process_time()
    parses(nested(begin, end, 10_000, place))
    assert time.process_time() - before < 5


@pytest.mark.parametrize(("begin", "end"), [b for b in BRACKETS if b[1]], ids=lambda text: text)
def test_ten_thousand_brackets_are_an_error(begin: str, end: str) -> None:
    assert not parses(nested(begin, end, 10_000))


def test_the_pieces_of_a_text_are_the_text() -> None:
    for text in ALL:
        assert "".join(tokens_of(text)) == text
