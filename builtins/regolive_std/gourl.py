"""URLs taken apart into the fields of Go's ``url.URL``, as they stand in certificates."""

from __future__ import annotations

from typing import Any

from regolive import BuiltinError
from regolive_std.encoding import unescape
from regolive_std.text import to_bytes
from regolive_std.uri import parse_uri

_PATH = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_FRAGMENT = _PATH | frozenset(b"!()*?")


def _escaped(text: str, plain: frozenset[int]) -> str:
    return "".join(chr(b) if b in plain else f"%{b:02X}" for b in to_bytes(text))


def parse_url(text: str) -> dict[str, Any]:
    """A URL as Go's ``url.URL``. Raises ValueError for what is none."""
    out: dict[str, Any] = dict.fromkeys(
        ("Scheme", "Opaque", "Host", "Path", "RawPath", "RawQuery", "Fragment", "RawFragment"), ""
    )
    out |= {"User": None, "ForceQuery": False, "OmitHost": False}
    if any(c <= " " or c >= "\x7f" for c in text):
        raise ValueError("cannot parse URI: invalid character")
    try:
        parse_uri(text)  # for its errors
        rest, _, fragment = text.partition("#")
        out["Fragment"] = unescape(fragment, plus=False)
        if _escaped(out["Fragment"], _FRAGMENT) != fragment:
            out["RawFragment"] = fragment
        head, colon, tail = rest.partition(":")
        if (
            colon
            and head[:1].isalpha()
            and head.replace("+", "").replace("-", "").replace(".", "").isalnum()
        ):
            out["Scheme"], rest = head.lower(), tail
        elif colon and "/" not in head and "?" not in head:
            raise ValueError("cannot parse URI: missing protocol scheme")
        rest, asked, out["RawQuery"] = rest.partition("?")
        out["ForceQuery"] = bool(asked) and not out["RawQuery"]
        if out["Scheme"] and rest and not rest.startswith("/"):
            out["Opaque"] = rest
            return out
        if rest.startswith("//") and (out["Scheme"] or not rest.startswith("///")):
            authority, slash, path = rest[2:].partition("/")
            user, at, out["Host"] = authority.rpartition("@")
            rest = slash + path
            if at:
                unescape(user, plus=False)
                out["User"] = {}  # its fields are private in Go
        elif out["Scheme"] and rest.startswith("/"):
            out["OmitHost"] = True
        out["Path"] = unescape(rest, plus=False)
        if _escaped(out["Path"], _PATH) != rest:
            out["RawPath"] = rest
    except BuiltinError as error:
        raise ValueError(f"cannot parse URI: {error.message}") from None
    return out


def url_text(text: str) -> str:
    """The text of a URL as Go writes it again."""
    head, colon, rest = text.partition(":")
    return head.lower() + colon + rest.removesuffix("#")
