"""YAML as Go's yaml.v2 reads and writes it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError
from regolive.values import equal

# Without what OPA refuses or folds away: control characters, the line ends of old.
_CHARACTERS = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cs", "Zl", "Zp"),
    exclude_characters="\ufffe\uffff\ufeff",
)
_STRINGS = st.text(_CHARACTERS | st.sampled_from(" :#-'\"\n\t[]{},&*!|>%@`~"), max_size=15)
_SCALARS = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | _STRINGS
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_STRINGS, inner, max_size=3),
    max_leaves=8,
)


@given(_VALUES)
def test_what_is_written_reads_back(call: Any, value: Any) -> None:
    text = call("yaml.marshal", value)
    assert equal(call("yaml.unmarshal", text), value)
    assert call("yaml.is_valid", text)


def test_scalars_of_yaml_1_1(call: Any) -> None:
    document = "a: yes\nb: 017\nc: 0o17\nd: 1_000\ne: 2020-01-01\nf: ~\ng: 12:30\n1: x\nn: off\n"
    assert call("yaml.unmarshal", document) == {
        "a": True,
        "b": 15,
        "c": 15,
        "d": 1000,
        "e": "2020-01-01",
        "f": None,
        "g": "12:30",
        "1": "x",
        "false": False,
    }


def test_strings_that_look_like_something_else_are_quoted(call: Any) -> None:
    assert call("yaml.marshal", ["yes", "1", "null", "x: y", "a\nb", "plain"]) == (
        '- "yes"\n- "1"\n- "null"\n- \'x: y\'\n- |-\n  a\n  b\n- plain\n'
    )


def test_keys_are_sorted_as_people_count(call: Any) -> None:
    assert call("yaml.marshal", {"a10": 1, "a9": 2, "b": 3, "_": 4}) == (
        "_: 4\na9: 2\na10: 1\nb: 3\n"
    )


def test_aliases_and_merges(call: Any) -> None:
    assert call("yaml.unmarshal", "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2") == {
        "a": {"b": 1},
        "c": {"b": 1, "d": 2},
    }
    with pytest.raises(BuiltinError, match="anchor 'a' value contains itself"):
        call("yaml.unmarshal", "&a [1, *a]")


def test_a_billion_laughs(call: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    with pytest.raises(BuiltinError, match="excessive aliasing"):
        call("yaml.unmarshal", "\n".join(lines))


def test_errors_name_the_line(call: Any) -> None:
    with pytest.raises(BuiltinError, match="line"):
        call("yaml.unmarshal", "a: 1\nb: [")
    with pytest.raises(BuiltinError, match="unknown anchor 'x' referenced"):
        call("yaml.unmarshal", "*x")
