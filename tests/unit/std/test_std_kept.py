"""Across queries: long texts are not kept, nor what was made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from regolive_std import glob, golayout, net, regex, semver, sprintf, strings, template_syntax
from regolive_std.kept import LONGEST

TEXTS: list[tuple[Any, Callable[[str], tuple[str, ...]]]] = [
    (regex.compiled, lambda text: (text,)),
    (regex._template_pattern, lambda text: (text, "{", "}")),
    (glob._tester, lambda text: (text, ".")),
    (glob._tester, lambda text: ("*", text)),
    (golayout._chunks, lambda text: (text,)),
    (net._parse_network, lambda text: (text,)),
    (semver._parse, lambda text: (text,)),
    (strings._any_of, lambda text: ("a", text)),
    (template_syntax.parse, lambda text: (text,)),
]


@pytest.mark.parametrize(("function", "operands"), TEXTS)
def test_what_is_made_of_a_long_text_is_not_kept(
    function: Any, operands: Callable[[str], tuple[str, ...]]
) -> None:
    function.cache_clear()
    short, long = operands("a" * 10), operands("a" * (LONGEST + 1))
    function(*short)
    assert function.cache_info().currsize == 1
    function(*long)
    function(*long)
    assert function.cache_info().currsize == 1
    function.cache_clear()


def test_long_formats_are_not_kept(call: Any) -> None:
    sprintf._plain.cache_clear()
    text = "x" * LONGEST
    assert call("sprintf", text + "%d%s", [1, "a"]) == text + "1a"
    assert sprintf._plain.cache_info().currsize == 0
    assert call("sprintf", "%d%s", [1, "a"]) == "1a"
    assert sprintf._plain.cache_info().currsize == 1
