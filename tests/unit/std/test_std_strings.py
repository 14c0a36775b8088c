"""Strings, sprintf, regular expressions, globs and encodings."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError, BuiltinTypeError, CancelledError, ConflictError
from regolive.values import RegoSet

texts = st.text(max_size=12)
short = st.text(alphabet="abcé", max_size=3)


@given(texts, short, short)
def test_strings_as_python_has_them(call: Any, x: str, y: str, z: str) -> None:
    assert call("contains", x, y) == (y in x)
    assert call("startswith", x, y) == x.startswith(y)
    assert call("endswith", x, y) == x.endswith(y)
    assert call("concat", y, [x, z, x]) == y.join([x, z, x])
    assert call("concat", y, RegoSet([x, z])) == y.join(sorted({x, z}))
    assert call("strings.reverse", x) == x[::-1]
    assert call("trim_prefix", y + x, y) == x
    assert call("trim_suffix", x + y, y) == x
    assert call("trim", x, y) == x.strip(y)
    if y:
        assert call("split", x, y) == x.split(y)
        assert call("replace", x, y, z) == x.replace(y, z)
        assert call("indexof", x, y) == x.find(y)
        assert call("strings.count", x, y) == x.count(y)
        expected = [i for i in range(len(x)) if x.startswith(y, i)]
        assert call("indexof_n", x, y) == expected


@given(texts, st.integers(0, 15), st.integers(-1, 15))
def test_substring(call: Any, x: str, offset: int, length: int) -> None:
    expected = x[offset:] if length < 0 else x[offset : offset + length]
    assert call("substring", x, offset, length) == expected


def test_case_is_mapped_character_by_character(call: Any) -> None:
    assert call("upper", "straße ǆ ŉ ᾳ") == "STRAßE Ǆ ŉ ᾼ"
    assert call("lower", "İΣ ΑΣ") == "iσ ας".replace("ς", "σ")


def test_replace_n_prefers_the_smaller_pattern(call: Any) -> None:
    assert call("strings.replace_n", {"ab": "2", "a": "1", "b": "3"}, "abb") == "133"
    assert call("strings.replace_n", {}, "abb") == "abb"
    assert call("strings.replace_n", {"": "x", "a": "y"}, "bab") == "xbxyxbx"


def test_prefix_and_suffix_matches(call: Any) -> None:
    assert call("strings.any_prefix_match", ["foo", "bar"], RegoSet(["ba"]))
    assert not call("strings.any_prefix_match", [], [""])
    assert call("strings.any_suffix_match", "foo", ["oo", "x"])
    with pytest.raises(BuiltinTypeError, match="must be array of strings but got array containing"):
        call("strings.any_suffix_match", "foo", [1])


def test_elements_of_the_wrong_type_are_named(call: Any) -> None:
    with pytest.raises(BuiltinTypeError) as caught:
        call("concat", ",", ["a", 1])
    assert caught.value.message == (
        "concat: operand 2 must be array of strings but got array containing number"
    )
    with pytest.raises(BuiltinTypeError) as caught:
        call("concat", ",", {"a": 1})
    assert caught.value.message == "concat: operand 2 must be one of {set, array} but got object"


def test_template_strings_and_print(call: Any, caplog: Any) -> None:
    parts = ["a ", RegoSet([1]), " ", RegoSet(), " ", RegoSet([["x"]])]
    assert call("internal.template_string", parts) == 'a 1 <undefined> ["x"]'
    with pytest.raises(ConflictError):
        call("internal.template_string", [RegoSet([1, 2])])
    caplog.set_level("INFO")
    call("internal.print", [RegoSet(["x", "y"]), RegoSet([1])])
    assert [r.message for r in caplog.records] == ["x 1", "y 1"]


_PYTHON = st.sampled_from(["%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%X", "%o", "%.3d"])


@given(_PYTHON, st.integers(-(1 << 62), 1 << 62))
def test_sprintf_of_integers_as_pythons_percent(call: Any, format: str, n: int) -> None:
    assert call("sprintf", format, [n]) == format % n


@given(
    st.sampled_from(["%.2f", "%8.3f", "%-9.1f|", "%+.4f", "%e", "%.3e", "%010.2f"]),
    st.floats(-1e9, 1e9).filter(lambda x: not x.is_integer() and "." in repr(x)),
)
def test_sprintf_of_floats_as_pythons_percent(call: Any, format: str, x: float) -> None:
    assert call("sprintf", format, [x]) == format % x


@given(st.sampled_from(["%s", "%10s", "%-10s|", "%.3s", "%v"]), texts)
def test_sprintf_of_strings_as_pythons_percent(call: Any, format: str, text: str) -> None:
    assert call("sprintf", format, [text]) == format.replace("v", "s") % text


def test_sprintf_has_a_bound(call: Any) -> None:
    with pytest.raises(BuiltinError, match="result too long"):
        call("sprintf", "%9000000d" * 20, list(range(20)))


# Patterns that mean the same to RE2 and to Python's re.
_PATTERNS = st.sampled_from(
    ["a", "ab*", "a+b", "(a)(b)?", "[ab]c", "[^a]", "^a", "b$", "a|bc", "(?:ab)+", "a{1,2}", "."]
)
_SUBJECTS = st.text(alphabet="abcé ", max_size=10)


@given(_PATTERNS, _SUBJECTS)
def test_regular_expressions_as_pythons(call: Any, pattern: str, text: str) -> None:
    found = list(re.finditer(pattern, text))
    assert call("regex.match", pattern, text) == bool(found)
    assert call("regex.find_n", pattern, text, -1) == [m[0] for m in found]
    assert call("regex.find_n", pattern, text, 1) == [m[0] for m in found[:1]]
    groups = [[m[0], *(g or "" for g in m.groups())] for m in found]
    assert call("regex.find_all_string_submatch_n", pattern, text, -1) == groups
    assert call("regex.replace", text, pattern, "<$0>") == re.sub(pattern, r"<\g<0>>", text)
    if "(" not in pattern and text:
        assert call("regex.split", pattern, text) == re.split(pattern, text)


def test_patterns_that_take_python_forever(call: Any) -> None:
    assert not call("regex.match", "^(a+)+$", "a" * 5000 + "b")
    assert not call("regex.match", "^(a|a)*c$", "a" * 5000)


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        # A search for these would compare half a million characters at a million places.
        ("strings.replace_n", ({"a" * 500_000 + "b": "1", "c": "2"}, "a" * 1_000_000)),
        ("regex.globs_match", ("(" * 1_000_000, "a.*")),
    ],
)
def test_long_texts_can_be_cancelled(
    call: Any, cancelled: Any, name: str, operands: tuple[Any, ...]
) -> None:
    with pytest.raises(CancelledError):
        call(name, *operands, frame=cancelled())


def test_matching_can_be_cancelled(call: Any, cancelled: Any) -> None:
    with pytest.raises(CancelledError):
        call("regex.find_n", "a", "a" * 5000, -1, frame=cancelled())


def test_what_is_no_pattern(call: Any) -> None:
    with pytest.raises(BuiltinError) as caught:
        call("regex.match", "a(", "a")
    assert caught.value.message == ("regex.match: error parsing regexp: missing closing ): `a(`")
    assert not call("regex.is_valid", "(?=a)")
    assert not call("regex.is_valid", 5)


@given(st.text(alphabet="ab.*?[]{}\\,", max_size=6), st.text(alphabet="ab.*?[]{}\\,", max_size=6))
def test_a_quoted_glob_matches_itself_only(call: Any, text: str, other: str) -> None:
    quoted = call("glob.quote_meta", text)
    assert call("glob.match", quoted, [], text)
    assert call("glob.match", quoted, None, other) == (text == other)


def test_stars_stop_at_delimiters(call: Any) -> None:
    assert call("glob.match", "*.example.com", ["."], "api.example.com")
    assert not call("glob.match", "*.example.com", [], "v1.api.example.com")
    assert call("glob.match", "**.example.com", ["."], "v1.api.example.com")
    assert call("glob.match", "*.example.com", None, "v1.api.example.com")
    assert call("glob.match", "{a,b[c-e]}?", ["/"], "bdx")


def test_globs_that_meet(call: Any) -> None:
    assert call("regex.globs_match", "a.a.[0-9]+z", "b.b*25") is False
    assert call("regex.globs_match", "[a-z]+", "[0-9]*") is False
    assert call("regex.globs_match", "[a-z]+", "x.z*")
    assert not call("regex.globs_match", "." * 20 + "a*b*" * 12, "a*b*" * 12 + "c")


@given(st.binary(max_size=30))
def test_bytes_survive_being_decoded(call: Any, data: bytes) -> None:
    """What base64 and hex decode to need not be UTF-8, and hashes must see those bytes."""
    text = call("base64.decode", base64.b64encode(data).decode())
    assert call("base64.encode", text) == base64.b64encode(data).decode()
    assert call("hex.encode", text) == data.hex()
    assert call("hex.decode", data.hex()) == text
    assert call("base64url.decode", call("base64url.encode_no_pad", text)) == text
    assert call("crypto.sha256", text) == hashlib.sha256(data).hexdigest()
    assert call("crypto.md5", text) == hashlib.md5(data).hexdigest()
    assert call("crypto.sha1", text) == hashlib.sha1(data).hexdigest()
    for algorithm in ("md5", "sha1", "sha256", "sha512"):
        mac = hmac.new(data, b"message", algorithm).hexdigest()
        assert call(f"crypto.hmac.{algorithm}", "message", text) == mac
        assert call("crypto.hmac.equal", mac, mac)


@given(st.text(alphabet="ABab01+/=-_ \n", max_size=12))
def test_base64_is_what_python_takes_strictly(call: Any, text: str) -> None:
    try:
        base64.b64decode(text.replace("\n", ""), validate=True)
        strict = "=" not in text.rstrip("=\n")
    except binascii.Error:
        strict = False
    if call("base64.is_valid", text):
        assert strict
    assert call("base64.is_valid", base64.b64encode(text.encode()).decode())


@given(texts)
def test_url_queries(call: Any, text: str) -> None:
    encoded = call("urlquery.encode", text)
    assert encoded == quote_plus(text)
    assert call("urlquery.decode", encoded) == text == unquote_plus(encoded)
    query = call("urlquery.encode_object", {"b": [text, "x"], "a": text})
    assert call("urlquery.decode_object", query) == {"a": [text], "b": [text, "x"]}


def test_numbers_from_strings(call: Any) -> None:
    assert call("to_number", "12") == 12
    assert call("to_number", "-1.5e2") == -150
    assert call("to_number", True) == 1
    assert call("to_number", None) == 0
    with pytest.raises(BuiltinError) as caught:
        call("to_number", "abc")
    assert caught.value.message == ('to_number: strconv.ParseFloat: parsing "abc": invalid syntax')
    with pytest.raises(BuiltinTypeError):
        call("to_number", [])


def test_deprecated_casts(call: Any) -> None:
    assert call("cast_array", RegoSet([2, 1])) == [1, 2]
    assert call("cast_set", [1, 1]) == RegoSet([1])
    assert call("cast_null", None) is None
    for name in ("cast_string", "cast_boolean", "cast_null", "cast_object"):
        with pytest.raises(BuiltinTypeError, match="operand 1 must be"):
            call(name, 5)
    assert [call("all", [True, True]), call("any", [1, True]), call("all", [1])] == [
        True,
        True,
        False,
    ]
