"""Operands as the generators draw them, as Rego text, and as values; and OPA's terms read back.

A drawn operand is made of Python's own types, and of these where those do not say enough:
:class:`Num` (a number as it is written), :class:`Obj` (keys that are no strings) and
:class:`SetOf`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from regolive.values import RegoSet, parse_number, to_key
from regolive_std.text import from_bytes, go_quote, to_bytes


@dataclass(frozen=True, slots=True)
class Num:
    """A number as it is written."""

    text: str


@dataclass(frozen=True, slots=True)
class Obj:
    """An object with any keys."""

    items: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, slots=True)
class SetOf:
    """A set."""

    items: tuple[Any, ...]


def as_value(drawn: Any) -> Any:
    """A drawn operand as regolive's value; a value is one already."""
    if isinstance(drawn, Num):
        return parse_number(drawn.text)
    if isinstance(drawn, Obj):
        return {to_key(as_value(k)): as_value(v) for k, v in drawn.items}
    if isinstance(drawn, SetOf):
        return RegoSet(map(as_value, drawn.items))
    if isinstance(drawn, dict):
        return {_canonical(k) if isinstance(k, str) else k: as_value(v) for k, v in drawn.items()}
    if isinstance(drawn, str):
        return _canonical(drawn)
    return [as_value(v) for v in drawn] if isinstance(drawn, list) else drawn


def _canonical(text: str) -> str:
    """Bytes that were drawn apart may be UTF-8 together."""
    return text if text.isascii() else from_bytes(to_bytes(text))


# -- As Rego ----------------------------------------------------------------------------------


def as_term(drawn: Any) -> str:
    """A drawn operand as OPA prints it, but with numbers as they were written."""
    return as_rego(drawn, go_quote)


_PLAIN = re.compile(r"[ !#-\[\]-~]*\Z")


def as_rego(drawn: Any, quoted: Callable[[str], str] | None = None) -> str:
    """A drawn operand as Rego text, on one line; strings as ``quoted`` writes them."""
    if isinstance(drawn, str):
        return (quoted or _string)(drawn)
    if drawn is None or isinstance(drawn, bool):
        return {None: "null", True: "true", False: "false"}[drawn]
    if isinstance(drawn, int):
        return str(drawn)
    if isinstance(drawn, Num):
        return drawn.text
    if isinstance(drawn, SetOf):
        items = ", ".join(as_rego(v, quoted) for v in drawn.items)
        return "{" + items + "}" if drawn.items else "set()"
    if isinstance(drawn, dict | Obj):
        pairs = drawn.items() if isinstance(drawn, dict) else drawn.items
        return (
            "{" + ", ".join(f"{as_rego(k, quoted)}: {as_rego(v, quoted)}" for k, v in pairs) + "}"
        )
    if isinstance(drawn, list):
        return "[" + ", ".join(as_rego(v, quoted) for v in drawn) + "]"
    raise TypeError(f"not an operand: {drawn!r}")


def _string(text: str) -> str:
    if _PLAIN.match(text):
        return f'"{text}"'
    if any("\ud800" <= c <= "\udfff" for c in text):  # bytes that are no UTF-8
        data = text.encode("utf-8", "surrogateescape")
        return f'base64.decode("{base64.b64encode(data).decode()}")'
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if " " <= char < "\x7f":
        return char
    if char > "\uffff":
        high, low = divmod(ord(char) - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{ord(char):04x}"


# -- OPA's terms ------------------------------------------------------------------------------

_TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<hex>[+-]?0[xX][0-9a-fA-F._]+[pP][+-]?[0-9_]+)|(?P<number>[+-]?[.]?[0-9][0-9.eE+_-]*)'
    r"|(?P<word>[a-z]+(?:\(\))?)|(?P<mark>[][{}:,]))",
    re.DOTALL,
)
_WORDS: dict[str, Any] = {"null": None, "true": True, "false": False}
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_SINGLE = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_SINGLE[b"v"] = b"\v"


def _unquoted(text: str) -> str:
    """The string that Go's ``strconv.Quote`` wrote, bytes that are no UTF-8 included."""

    def escape(found: re.Match[bytes]) -> bytes:
        byte, short, long, single = found.groups()
        if byte:
            return bytes((int(byte, 16),))
        if single:
            return _SINGLE.get(single, single)
        return chr(int(short or long, 16)).encode("utf-8", "surrogatepass")

    data = _ESCAPE.sub(escape, text[1:-1].encode())
    return data.decode("utf-8", "surrogateescape")


class _Reader:
    """Reads one term; ``numbers`` collects the texts of its numbers."""

    def __init__(self, text: str) -> None:
        self.tokens = self._tokens(text)
        self.ahead = next(self.tokens)

    @staticmethod
    def _tokens(text: str) -> Iterator[tuple[str, str]]:
        at, end = 0, len(text)
        while at < end:
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise ValueError(f"not a term at {at}: {text[at : at + 40]!r}")
            yield found.lastgroup, found[found.lastgroup]
            at = found.end()
        yield "end", ""

    def take(self) -> tuple[str, str]:
        token = self.ahead
        if token[0] != "end":
            self.ahead = next(self.tokens)
        return token

    def skip(self, mark: str) -> bool:
        if self.ahead == ("mark", mark):
            self.take()
            return True
        return False

    def value(self) -> Any:
        kind, text = self.take()
        if kind == "string":
            return _unquoted(text)
        if kind == "number":
            return parse_number(text.replace("_", ""))
        if kind == "hex":  # to_number gives back the text it was given
            number = float.fromhex(text.replace("_", ""))
            return int(number) if number.is_integer() else parse_number(repr(number))
        if kind == "word":
            return RegoSet() if text == "set()" else _WORDS[text]
        if text == "[":
            items = []
            while not self.skip("]"):
                items.append(self.value())
                self.skip(",")
            return items
        if text == "{":
            return self.braces()
        raise ValueError(f"not a term: {text!r}")

    def braces(self) -> Any:
        if self.skip("}"):
            return {}
        items, keys = [], []
        while not self.skip("}"):
            item = self.value()
            if self.skip(":"):
                keys.append(to_key(item))
                item = self.value()
            items.append(item)
            self.skip(",")
        return dict(zip(keys, items, strict=True)) if keys else RegoSet(items)


def read_term(text: str) -> Any:
    """The value of a term as OPA prints it. Raises ValueError."""
    reader = _Reader(text)
    value = reader.value()
    if reader.ahead[0] != "end":
        raise ValueError(f"more than a term: {text!r:.80}")
    return value
