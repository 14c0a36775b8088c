"""Strings against plain Python, read from their definitions and not from ``str``'s methods."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from regolive.errors import BuiltinError
from regolive.values import RegoSet
from regolive_std import strings

texts = st.text("aAbé√😀 -\t", max_size=10)
parts = st.text("aAb😀", max_size=3)
some = parts.filter(bool)


def _places(text: str, part: str) -> list[int]:
    """Where a part begins in a text, overlapping or not."""
    return [i for i in range(len(text) + 1) if list(text[i : i + len(part)]) == list(part)]


def _apart(text: str, part: str) -> list[int]:
    """Those places that do not overlap, from the left."""
    out: list[int] = []
    for place in _places(text, part):
        if not out or place >= out[-1] + len(part):
            out.append(place)
    return out


def _split(text: str, part: str) -> list[str]:
    """What is between the occurrences."""
    places = _apart(text, part)
    starts = [0, *(p + len(part) for p in places)]
    return [text[a:b] for a, b in zip(starts, [*places, len(text)], strict=True)]


@given(texts, some, parts)
def test_occurrences(call: Any, text: str, part: str, other: str) -> None:
    text = text + part + text[::-1] if len(text) % 2 else text
    places = _places(text, part)
    assert call("contains", text, part) == bool(places)
    assert call("startswith", text, part) == (0 in places)
    assert call("endswith", text, part) == (len(text) - len(part) in places)
    assert call("indexof", text, part) == (places or [-1])[0]
    assert call("indexof_n", text, part) == places
    assert call("strings.count", text, part) == len(_apart(text, part))
    pieces = _split(text, part)
    assert call("split", text, part) == pieces
    replaced = pieces[0] + "".join(other + p for p in pieces[1:])
    assert call("replace", text, part, other) == replaced
    assert call("strings.replace_n", {part: other}, text) == replaced


@given(texts)
def test_characters(call: Any, text: str) -> None:
    assert call("count", text) == len(list(text))
    assert call("split", text, "") == list(text)
    back = call("strings.reverse", text)
    assert [back[i] for i in range(len(text))] == [text[-i - 1] for i in range(len(text))]


@given(texts, some, st.integers(-5, 5))
def test_parts_from_either_end(call: Any, text: str, part: str, n: int) -> None:
    pieces = _split(text, part)
    expected = pieces[:n] if n > 0 else pieces[n:] if n < 0 else []
    if abs(n) <= len(pieces):
        assert call("strings.split_n", text, part, n) == expected


@given(texts, st.integers(-2, 12), st.integers(-2, 12))
def test_substrings(call: Any, text: str, offset: int, length: int) -> None:
    if offset < 0:
        with pytest.raises(BuiltinError, match="negative offset"):
            call("substring", text, offset, length)
        return
    stop = len(text) if length < 0 else offset + length
    expected = "".join(c for i, c in enumerate(text) if offset <= i < stop)
    assert call("substring", text, offset, length) == expected


@given(texts, parts)
def test_trimming(call: Any, text: str, cutset: str) -> None:
    keep = [i for i, c in enumerate(text) if c not in set(cutset)]
    first, last = (keep[0], keep[-1] + 1) if keep else (len(text), len(text))
    assert call("trim_left", text, cutset) == text[first:]
    assert call("trim", text, cutset) == text[first:last]
    assert call("trim_right", text, cutset) == text[: last if keep else 0]
    start = len(cutset) if 0 in _places(text, cutset) else 0
    assert call("trim_prefix", text, cutset) == text[start:]
    at_end = len(text) - len(cutset) in _places(text, cutset)
    assert call("trim_suffix", text, cutset) == (
        text[: len(text) - len(cutset)] if at_end else text
    )
    inked = [i for i, c in enumerate(text) if c not in " \t"]
    assert call("trim_space", text) == (text[inked[0] : inked[-1] + 1] if inked else "")


@given(st.text(st.characters(max_codepoint=0x17F, exclude_categories=["Cs"]), max_size=10))
def test_case(call: Any, text: str) -> None:
    """As Python's, where it maps one character to one; ``ß`` stays, and so does ``ŉ``."""
    upper, lower = call("upper", text), call("lower", text)
    assert len(upper) == len(lower) == len(text)
    for before, high, low in zip(text, upper, lower, strict=True):
        assert high == (before.upper() if len(before.upper()) == 1 else before)
        assert low == (before.lower() if len(before.lower()) == 1 else "i")


@given(st.lists(texts, max_size=4), parts)
def test_joined_strings(call: Any, many: list[str], mark: str) -> None:
    expected = ""
    for i, text in enumerate(many):
        expected += (mark if i else "") + text
    assert call("concat", mark, many) == expected
    ordered = sorted(set(many), key=lambda t: t.encode())
    assert call("concat", mark, RegoSet(many)) == call("concat", mark, ordered)


@given(st.one_of(texts, st.lists(texts, max_size=3)), st.one_of(parts, st.lists(parts, max_size=3)))
def test_any_of_several(call: Any, search: Any, base: Any) -> None:
    searched = search if isinstance(search, list) else [search]
    bases = base if isinstance(base, list) else [base]
    at_start = any(0 in _places(s, b) for s in searched for b in bases)
    at_end = any(len(s) - len(b) in _places(s, b) for s in searched for b in bases)
    assert call("strings.any_prefix_match", search, base) == at_start
    assert call("strings.any_suffix_match", search, base) == at_end


@given(st.dictionaries(some, parts, max_size=3), texts)
@example({"aa": "b", "ab": "c"}, "aaab")  # they overlap
def test_replacing_several_at_once(call: Any, patterns: dict[str, str], text: str) -> None:
    """At each place the smallest pattern that is there; what was put in is not looked at again."""
    out, at = "", 0
    while at < len(text):
        here = sorted(p for p in patterns if at in _places(text, p))
        out += patterns[here[0]] if here else text[at]
        at += len(here[0]) if here else 1
    assert call("strings.replace_n", patterns, text) == out
    with pytest.MonkeyPatch.context() as patch:  # as it goes about texts that take long
        patch.setattr(strings, "_AT_ONCE", 0)
        assert call("strings.replace_n", patterns, text) == out


# -- sprintf ---------------------------------------------------------------------------------

flags = st.sampled_from(["", "0", "-", "+", " ", "#"])
widths = st.one_of(st.just(""), st.integers(1, 12).map(str))


@given(flags, widths, st.sampled_from("doxX"), st.integers(-(2**70), 2**70))
def test_integers_with_gos_verbs(call: Any, flag: str, width: str, verb: str, n: int) -> None:
    digits = {"d": format(abs(n), "d"), "o": format(abs(n), "o")}.get(verb, format(abs(n), verb))
    prefix = {"x": "0x", "X": "0X", "o": "0"}.get(verb, "") if flag == "#" else ""
    sign = "-" if n < 0 else flag if flag in ("+", " ") else ""
    size = int(width or 0)
    if flag == "0":
        expected = sign + digits.rjust(size - len(sign), "0")
    else:
        expected = sign + prefix + digits
        expected = expected.ljust(size) if flag == "-" else expected.rjust(size)
    assert call("sprintf", f"%{flag}{width}{verb}", [n]) == expected


@given(flags.filter(lambda f: f in "-"), widths, st.none() | st.integers(0, 8), texts)
def test_strings_with_gos_verbs(
    call: Any, flag: str, width: str, precision: int | None, text: str
) -> None:
    point = "" if precision is None else f".{precision}"
    cut = text if precision is None else text[:precision]
    size = int(width or 0)
    expected = cut.ljust(size) if flag == "-" else cut.rjust(size)
    assert call("sprintf", f"<%{flag}{width}{point}s>", [text]) == f"<{expected}>"
    assert call("sprintf", "%x", [text]) == text.encode().hex()


@given(st.lists(st.integers(-99, 99) | parts, max_size=4), st.integers(0, 5))
def test_too_many_and_too_few(call: Any, values: list[Any], verbs: int) -> None:
    found = call("sprintf", " ".join(["%v"] * verbs), values)
    shown = [str(v) for v in values[:verbs]] + ["%!v(MISSING)"] * (verbs - len(values))
    extra = ", ".join(f"{'int64' if isinstance(v, int) else 'string'}={v}" for v in values[verbs:])
    assert found == " ".join(shown) + (f"%!(EXTRA {extra})" if extra else "")
