"""``base64``, ``hex``, ``urlquery``, ``uri``, ``crypto`` hashes."""

from __future__ import annotations

import base64
from typing import Any

from tests.differential.draw import Draw, Operands

_BASE64 = "ABCDabcd0189+/-_=\n\r é"


def _data(d: Draw) -> bytes:
    return d.raw().encode("utf-8", "surrogateescape")


def _base64(d: Draw) -> list[Any]:
    kind = d.below(4)
    if kind == 0:
        return [d.chars(_BASE64, 12)]
    encode = d.one((base64.b64encode, base64.urlsafe_b64encode))
    text = encode(_data(d) + bytes(d.some(lambda: d.below(256), 6))).decode()
    if kind == 1:
        text = text.rstrip("=")
    return [d.mutated(text, _BASE64) if kind == 2 else text]


def _hex(d: Draw) -> list[Any]:
    text = _data(d).hex()
    text = text.upper() if d.maybe(0.2) else text
    return [d.mutated(text, "0aFgz é\0") if d.maybe(0.4) else text]


def _percent(d: Draw) -> str:
    pieces = ("%41", "%e9", "%C3%A9", "%", "%4", "%zz", "+", " ", "&", "=", ";", "a", "b", "é",
        "%00")  # fmt: skip
    return "".join(d.some(lambda: d.one(pieces), 6))


def _parameters(d: Draw) -> list[Any]:
    def value() -> Any:
        if d.maybe(0.04):
            return d.value()
        return d.text() if d.maybe(0.5) else d.collection(d.text)

    return [d.object(value)]


def _query(d: Draw) -> list[Any]:
    def pair() -> str:
        name = d.one(("a", "b", _percent(d), d.text()))
        return name + d.one(("=", "", "==")) + _percent(d)

    return [d.one(("&", "&&", ";") if d.maybe(0.1) else ("&",)).join(d.some(pair, 4))]


_SCHEMES = ("http", "https", "HTTP", "mailto", "file", "a+b-c.d", "1a", "", "urn",
    "javascript", "é")  # fmt: skip
_HOSTS = ("example.com", "EXAMPLE.com", "localhost", "127.0.0.1", "[::1]", "[fe80::1%25en0]",
    "[::1", "::1]")  # fmt: skip
_HOSTS += ("a b", "ex%41mple", "%zz", "é.com", "", "a_b", "[::1]x", "x[::1]", "[fe80::1%en0]",
    "a:b", "<x>")  # fmt: skip
_HOSTS += ('"q"', "a%20b", "a|b", "[v1.x]", "xn--e1a", "[::ffff:1.2.3.4]", "[1]", "a\\b",
    "a^b", "{x}")  # fmt: skip
_PATHS = ("", "/", "/a", "/a/b", "a/b", "/a%2Fb", "/a b", "/é", "/a:b", "a:b", "//a", "/..",
    "/%zz", "/;p", "*")  # fmt: skip
_PATHS += ("/a%20b", "/%41", "/a[b]", "/a@b", "/'()!*,", "///", "/\\", "/{x}", "/%e9",
    "/a%3Fb", "/\x7f")  # fmt: skip


def _uri(d: Draw) -> list[Any]:
    if d.maybe(0.1):
        return [d.text()]
    scheme = d.one(_SCHEMES[:4]) if d.maybe(0.7) else d.one(_SCHEMES)
    text = scheme + ":" if d.maybe(0.85) else ""
    if d.maybe(0.8):
        text += "//"
        if d.maybe(0.25):
            user = ("u", "u:p", ":p", "u@x", "u%20x", "ü", "u:p:q", "%zz", "u b", "u;x", "[",
                "u/x", "")  # fmt: skip
            text += d.one(user) + "@"
        text += d.one(_HOSTS[:4]) if d.maybe(0.6) else d.one(_HOSTS)
        if d.maybe(0.35):
            text += ":" + d.one(("80", "", "x", "8080", "-1", "65536", "80x", "0", "٣"))
    text += d.one(_PATHS)
    if d.maybe(0.35):
        text += "?" + d.one(("", "a=b", "a=%zz", "x y", "é", "?", "a=b&c", "\\", "a#"))
    if d.maybe(0.3):
        text += "#" + d.one(("", "f", "%zz", "a b", "é", "#", "%41", "a%20b", "<x>", "f/?"))
    return [d.mutated(text) if d.maybe(0.1) else text]


def _hmac(d: Draw) -> list[Any]:
    return [d.raw(), d.raw() * d.one((1, 1, 1, 40))]


def _macs(d: Draw) -> list[Any]:
    mac = d.raw()
    return [mac, mac if d.maybe(0.5) else d.raw()]


FAMILIES: dict[str, dict[str, Operands]] = {
    "base64": {
        "base64.decode": _base64,
        "base64.encode": lambda d: [d.raw()],
        "base64.is_valid": _base64,
        "base64url.decode": _base64,
        "base64url.encode": lambda d: [d.raw()],
        "base64url.encode_no_pad": lambda d: [d.raw()],
        "hex.decode": _hex,
        "hex.encode": lambda d: [d.raw()],
    },
    "urlquery": {
        "urlquery.decode": lambda d: [_percent(d) if d.maybe(0.7) else d.raw()],
        "urlquery.decode_object": _query,
        "urlquery.encode": lambda d: [d.raw()],
        "urlquery.encode_object": _parameters,
    },
    "uri": {"uri.is_valid": _uri, "uri.parse": _uri},
    "crypto": {
        "crypto.hmac.equal": _macs,
        "crypto.hmac.md5": _hmac,
        "crypto.hmac.sha1": _hmac,
        "crypto.hmac.sha256": _hmac,
        "crypto.hmac.sha512": _hmac,
        "crypto.md5": lambda d: [d.raw()],
        "crypto.sha1": lambda d: [d.raw()],
        "crypto.sha256": lambda d: [d.raw()],
    },
}
