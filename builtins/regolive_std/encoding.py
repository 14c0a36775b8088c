"""Encodings: base64, hex, URL queries."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import quote_plus

from regolive import BuiltinError
from regolive.errors import BuiltinTypeError
from regolive.values import to_json
from regolive_std._declare import BOOLEAN, STRING, array, object_of, one_of, set_of, std, unchecked
from regolive_std.text import from_bytes, go_quote, to_bytes

_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_BASE64URL = re.compile(r"(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2}==|[A-Za-z0-9_-]{3}=)?\Z")


@std("base64.encode", result_name="y")
def base64_encode(x: str) -> str:
    """The string in base64.

    Example:
        >>> base64.encode("hello?>")
        "aGVsbG8/Pg=="
    """
    return base64.b64encode(to_bytes(x)).decode()


@std("base64url.encode", result_name="y")
def base64url_encode(x: str) -> str:
    """The string in base64 with the alphabet for URLs.

    Example:
        >>> base64url.encode("hello?>")
        "aGVsbG8_Pg=="
    """
    return base64.urlsafe_b64encode(to_bytes(x)).decode()


@std("base64url.encode_no_pad", result_name="y")
def base64url_encode_no_pad(x: str) -> str:
    """The string in base64 with the alphabet for URLs, without padding.

    Example:
        >>> base64url.encode_no_pad("hello?")
        "aGVsbG8_"
    """
    return base64.urlsafe_b64encode(to_bytes(x)).decode().rstrip("=")


def _clean(text: str, well_formed: re.Pattern[str]) -> str | None:
    """The text without line ends, which Go skips; None if it is not base64."""
    clean = text.replace("\n", "").replace("\r", "")
    return clean if well_formed.match(clean) else None


@lru_cache(maxsize=4)
def _alphabet(well_formed: re.Pattern[str]) -> bytes:
    return bytes(code for code in range(128) if well_formed.match(chr(code) * 4) and code != 61)


def _corrupt(text: str, well_formed: re.Pattern[str]) -> NoReturn:
    """Raise Go's error, with the place where its decoder gives up."""
    data = to_bytes(text)
    others = data.translate(None, _alphabet(well_formed) + b"\r\n")
    at = data.index(others[:1]) if others else len(data)
    symbols = len(data[:at].translate(None, b"\r\n"))
    if not others:
        raise BuiltinError(f"illegal base64 data at input byte {at - symbols % 4}")
    if others[:1] == b"=" and symbols % 4 in (2, 3):
        _corrupt_padding(data, at, symbols % 4)
    raise BuiltinError(f"illegal base64 data at input byte {at}")


def _corrupt_padding(data: bytes, at: int, symbols: int) -> NoReturn:
    rest = [i for i in range(at + 1, len(data)) if data[i] not in b"\r\n"]
    if symbols == 2:
        if not rest:
            raise BuiltinError(f"illegal base64 data at input byte {len(data)}")
        if data[rest[0]] != ord("="):
            raise BuiltinError(f"illegal base64 data at input byte {rest[0] - 1}")
        rest = rest[1:]
    raise BuiltinError(f"illegal base64 data at input byte {rest[0] if rest else at}")


@std("base64.decode", result_name="y")
def base64_decode(x: str) -> str:
    """The string that some base64 encodes.

    Example:
        >>> base64.decode("aGVsbG8=")
        "hello"
        >>> base64.decode("a?")
        error: eval_builtin_error: base64.decode: illegal base64 data at input byte 1
    """
    clean = _clean(x, _BASE64)
    if clean is None:
        _corrupt(x, _BASE64)
    return from_bytes(base64.b64decode(clean))


@std("base64.is_valid", args=[unchecked(STRING)], result=BOOLEAN, result_name="result")
def base64_is_valid(x: Any) -> bool:
    """Whether a value is a string in base64.

    Example:
        >>> base64.is_valid("aGVsbG8=")
        true
        >>> base64.is_valid("a?")
        false
    """
    return x.__class__ is str and _clean(x, _BASE64) is not None


@std("base64url.decode", result_name="y")
def base64url_decode(x: str) -> str:
    """The string that some base64 with the alphabet for URLs encodes, padded or not.

    Example:
        >>> base64url.decode("aGVsbG8_Pg==")
        "hello?>"
        >>> base64url.decode("aGVsbG8_Pg")
        "hello?>"
        >>> base64url.decode("a?")
        error: eval_builtin_error: base64url.decode: illegal base64 data at input byte 1
    """
    text = x
    if not text.endswith("="):
        rest = len(to_bytes(text)) % 4
        if rest == 1:
            raise BuiltinError(f"illegal base64url string: {text}")
        text += "=" * (-rest % 4)
    clean = _clean(text, _BASE64URL)
    if clean is None:
        _corrupt(text, _BASE64URL)
    return from_bytes(base64.urlsafe_b64decode(clean))


@std("hex.encode", result_name="y")
def hex_encode(x: str) -> str:
    """The bytes of a string in hexadecimal.

    Example:
        >>> hex.encode("hello")
        "68656c6c6f"
    """
    return to_bytes(x).hex()


@std("hex.decode", result_name="y")
def hex_decode(x: str) -> str:
    """The string whose bytes are given in hexadecimal.

    Example:
        >>> hex.decode("68656c6c6f")
        "hello"
        >>> hex.decode("6")
        error: eval_builtin_error: hex.decode: encoding/hex: odd length hex string
        >>> hex.decode("xx")
        error: eval_builtin_error: hex.decode: encoding/hex: invalid byte: U+0078 'x'
    """
    data = to_bytes(x)
    for byte in data:
        if byte not in _HEX:
            shown = f" '{chr(byte)}'" if chr(byte).isprintable() else ""
            raise BuiltinError(f"encoding/hex: invalid byte: U+{byte:04X}{shown}")
    if len(data) % 2:
        raise BuiltinError("encoding/hex: odd length hex string")
    return from_bytes(binascii.unhexlify(data))


_HEX = frozenset(b"0123456789abcdefABCDEF")


def _escape(text: str) -> str:
    return quote_plus(to_bytes(text))


_BAD_ESCAPE = re.compile(rb"%(?![0-9a-fA-F]{2})")
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")


def unescape(text: str, *, plus: bool = True) -> str:
    """The text that a percent-encoding stands for, as Go's ``url.QueryUnescape`` reads it."""
    data = to_bytes(text)
    bad = _BAD_ESCAPE.search(data)
    if bad:
        shown = go_quote(from_bytes(data[bad.start() : bad.start() + 3]))
        raise BuiltinError(f"invalid URL escape {shown}")
    if plus:
        data = data.replace(b"+", b" ")
    return from_bytes(_ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), data))


@std("urlquery.encode", result_name="y")
def urlquery_encode(x: str) -> str:
    """The string as it stands in a URL's query.

    Example:
        >>> urlquery.encode("a b&c")
        "a+b%26c"
    """
    return _escape(x)


@std("urlquery.decode", result_name="y")
def urlquery_decode(x: str) -> str:
    """The string that an encoded string in a URL's query stands for.

    Example:
        >>> urlquery.decode("a+b%26c")
        "a b&c"
        >>> urlquery.decode("%zz")
        error: eval_builtin_error: urlquery.decode: invalid URL escape "%zz"
    """
    return unescape(x)


_VALUES = one_of(STRING, array(STRING), set_of(STRING))


@std("urlquery.encode_object", args=[object_of(STRING, _VALUES)], result=STRING, result_name="y")
def urlquery_encode_object(object: Any) -> str:
    """An object of parameters as a URL's query, parameters in order of their names.

    Example:
        >>> urlquery.encode_object({"a": "1", "b": ["2", "3"]})
        "a=1&b=2&b=3"
    """
    parameters = to_json(object)
    out = []
    for name in sorted(parameters):
        values = parameters[name]
        if values.__class__ is str:
            values = [values]
        if values.__class__ is not list or any(v.__class__ is not str for v in values):
            raise BuiltinTypeError("operand 1 values must be string, array[string], or set[string]")
        out += [f"{_escape(name)}={_escape(value)}" for value in values]
    return "&".join(out)


@std("urlquery.decode_object", result=object_of(STRING, array(STRING)), result_name="object")
def urlquery_decode_object(x: str) -> dict[str, list[str]]:
    """A URL's query as an object: each parameter's values in an array.

    Example:
        >>> urlquery.decode_object("a=1&b=2&b=3")
        {"a": ["1"], "b": ["2", "3"]}
        >>> urlquery.decode_object("a=%zz")
        error: eval_builtin_error: urlquery.decode_object: invalid URL escape "%zz"
    """
    out: dict[str, list[str]] = {}
    if ";" in x:
        raise BuiltinError("invalid semicolon separator in query")
    for pair in x.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        out.setdefault(unescape(name), []).append(unescape(value))
    return out
