"""Encodings against ``base64``, ``binascii`` and ``urllib.parse``."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError
from regolive.values import RegoSet

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(texts)
def test_what_is_encoded(call: Any, text: str) -> None:
    data = text.encode()
    assert call("base64.encode", text) == base64.b64encode(data).decode()
    url = base64.urlsafe_b64encode(data).decode()
    assert call("base64url.encode", text) == url
    assert call("base64url.encode_no_pad", text) == url.replace("=", "")
    assert call("hex.encode", text) == binascii.hexlify(data).decode()


@given(texts)
def test_what_is_decoded(call: Any, text: str) -> None:
    data = text.encode()
    assert call("base64.decode", base64.b64encode(data).decode()) == text
    for padded in (base64.urlsafe_b64encode(data).decode(),):
        assert call("base64url.decode", padded) == text
        assert call("base64url.decode", padded.rstrip("=")) == text
    assert call("hex.decode", data.hex()) == text
    assert call("hex.decode", data.hex().upper()) == text


@given(st.text("aZ09+/=-_ é\n", max_size=9))
def test_texts_that_are_base64(call: Any, text: str) -> None:
    """As Python's strict decoder has it; line ends are skipped."""
    try:
        data = base64.b64decode(text.replace("\n", "").encode(), validate=True)
        # Python takes more padding than there should be.
        good = len(text.replace("\n", "")) % 4 == 0 and "=" not in text.rstrip("=\n")
    except ValueError:
        good = False
    assert call("base64.is_valid", text) == good
    if not good:
        with pytest.raises(BuiltinError, match="illegal base64 data at input byte"):
            call("base64.decode", text)
    elif data.isascii():
        assert call("base64.decode", text) == data.decode()


@given(st.text("09afAFg é", max_size=6))
def test_texts_that_are_hexadecimal(call: Any, text: str) -> None:
    try:
        data = binascii.unhexlify(text)
    except ValueError:
        with pytest.raises(BuiltinError, match="encoding/hex: "):
            call("hex.decode", text)
        return
    if data.isascii():
        assert call("hex.decode", text) == data.decode()


# -- Queries ---------------------------------------------------------------------------------


@given(texts)
def test_query_texts(call: Any, text: str) -> None:
    encoded = call("urlquery.encode", text)
    assert f"k={encoded}" == urlencode({"k": text})
    assert call("urlquery.decode", encoded) == text


@given(st.text("aZ09%+ ~/&=;2F", max_size=8))
def test_texts_with_escapes(call: Any, text: str) -> None:
    hexadecimal = set("0123456789abcdefABCDEF")
    after = [text[i + 1 : i + 3] for i, c in enumerate(text) if c == "%"]
    # "%%41" has no escape at its first percent sign, so that what follows does not matter.
    if all(len(two) == 2 and set(two) <= hexadecimal for two in after):
        expected = unquote_plus(text, errors="surrogateescape")
        if expected.isascii():
            assert call("urlquery.decode", text) == expected
    else:
        with pytest.raises(BuiltinError, match="invalid URL escape"):
            call("urlquery.decode", text)


values = st.one_of(texts, st.lists(texts, max_size=3), st.lists(texts, max_size=3).map(RegoSet))


@given(st.dictionaries(texts, values, max_size=4))
def test_query_objects(call: Any, fields: dict[str, Any]) -> None:
    """In the order of keys, as bytes; sets in their order."""
    pairs: list[tuple[str, str]] = []
    for key in sorted(fields, key=str.encode):
        value = fields[key]
        if isinstance(value, RegoSet):
            many = sorted(value, key=str.encode)
        else:
            many = [value] if isinstance(value, str) else value
        pairs += [(key, one) for one in many]
    encoded = call("urlquery.encode_object", fields)
    assert encoded == urlencode(pairs)
    assert call("urlquery.decode_object", encoded) == parse_qs(encoded, keep_blank_values=True)


@given(st.text("ab=&+%20", max_size=10))
def test_queries_are_read_as_parse_qs_reads_them(call: Any, text: str) -> None:
    escapes = [text[i + 1 : i + 3] for i, c in enumerate(text) if c == "%"]
    if any(two not in ("20", "2a", "2b", "00", "aa", "ab", "0a", "0b") for two in escapes):
        return
    expected = parse_qs(text, keep_blank_values=True, errors="surrogateescape")
    if all(k.isascii() and all(v.isascii() for v in vs) for k, vs in expected.items()):
        assert call("urlquery.decode_object", text) == expected
