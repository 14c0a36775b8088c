"""Text as Go makes it: quoting, case, UTF-8 that may be broken, and values as Rego terms.

Bytes that are no UTF-8 (from ``base64.decode``, say) live on in a Go string. Here they are
Python's surrogate escapes, so that hashing or encoding them again gives what OPA gives.
"""

from __future__ import annotations

import re
from typing import Any

from regolive.values import RegoSet, format_number, sorted_items, sorted_values

# Go's unicode.IsSpace; Python's own str.strip takes four control characters more.
SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def to_bytes(text: str) -> bytes:
    """The bytes that OPA holds for a string."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        pass
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A lone surrogate out of a JSON escape: Go reads those as U+FFFD.
        return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text).encode()


def from_bytes(data: bytes) -> str:
    """The string that OPA would hold for these bytes."""
    return data.decode("utf-8", "surrogateescape")


# Bytes that are no UTF-8, as strings hold them.
_BROKEN = re.compile("[\udc80-\udcff]")
_BROKEN_CHARS = "\ufffd" + "".join(map(chr, range(0xDC80, 0xDD00)))


def runes(text: str) -> str:
    """The characters that Go finds in a string: U+FFFD for a byte that is no UTF-8."""
    return text if text.isascii() else _BROKEN.sub("\ufffd", text)


def cutset(text: str) -> str:
    """The characters of a set to trim: to Go, all bytes that are no UTF-8 are the same one."""
    if text.isascii() or not ("\ufffd" in text or _BROKEN.search(text)):
        return text
    return text + _BROKEN_CHARS


def lower(text: str) -> str:
    """Lower case as Go maps it: character by character."""
    if text.isascii():
        return text.lower()
    text = runes(text)
    # U+0130 is the one character whose full mapping is longer than its simple one.
    return "".join("i" if c == "\u0130" else c.lower() for c in text)


def upper(text: str) -> str:
    """Upper case as Go maps it: character by character."""
    if text.isascii():
        return text.upper()
    text = runes(text)
    return "".join(map(_upper_rune, text))


def _upper_rune(char: str) -> str:
    mapped = char.upper()
    if len(mapped) == 1:
        return mapped
    # A full mapping of several characters; the simple one is the title case, if there is any.
    title = char.title()
    return title if len(title) == 1 else char


_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
}


def go_quote(text: str, mark: str = '"', *, ascii_only: bool = False) -> str:
    """A string as Go's ``strconv.Quote`` writes it."""
    out = [mark]
    for char in text:
        code = ord(char)
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char == mark:
            out.append("\\" + char)
        elif 0xDC80 <= code <= 0xDCFF:
            out.append(f"\\x{code - 0xDC00:02x}")
        elif char == " " or (char.isprintable() and (code < 0x7F or not ascii_only)):
            out.append(char)
        elif code < 0x80:
            out.append(f"\\x{code:02x}")
        elif code < 0x10000:
            out.append(f"\\u{code:04x}")
        else:
            out.append(f"\\U{code:08x}")
    out.append(mark)
    return "".join(out)


def term_text(value: Any, *, quoted: bool = True) -> str:
    """A value as Rego writes it (``ast.Term.String``); a string as it is unless ``quoted``."""
    cls = value.__class__
    if cls is str:
        return go_quote(value) if quoted else value
    if value is None:
        return "null"
    if cls is bool:
        return "true" if value else "false"
    if cls is list:
        return "[" + ", ".join(map(term_text, value)) + "]"
    if cls is dict:
        items = (f"{term_text(k)}: {term_text(v)}" for k, v in sorted_items(value))
        return "{" + ", ".join(items) + "}"
    if cls is RegoSet:
        if not value.keys:
            return "set()"
        return "{" + ", ".join(map(term_text, sorted_values(value))) + "}"
    return format_number(value)
