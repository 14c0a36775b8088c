"""What is wrong with a JSON text, in the words of Go's ``encoding/json``.

Python's decoder says where it stopped, and stops elsewhere than Go's: so a text that was refused is
read once more, byte by byte. OPA reads one value, and then asks for one token more.
"""

from __future__ import annotations

import re

from regolive.values import loads
from regolive_std.text import to_bytes

_SPACE = b" \t\r\n"
_LITERALS = {ord(name[0]): name for name in ("true", "false", "null")}
_MAX_DEPTH = 10_000
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_HEX = frozenset(b"0123456789abcdefABCDEF")
_DIGITS = frozenset(b"0123456789")


class _Bad(Exception):
    """``args[0]``: Go's complaint."""


def _char(byte: int) -> str:
    if byte == 0x27:
        return "'\\''"
    char = chr(byte)
    if char == "\\":
        return "'\\\\'"
    if char.isprintable():
        return f"'{char}'"
    named = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r"}
    escape = named.get(byte) or (f"x{byte:02x}" if byte < 0x80 else f"u{byte:04x}")
    return f"'\\{escape}'"


class _Reader:
    """Reads over values, without making any."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def bad(self, where: str) -> _Bad:
        if self.at >= len(self.data):
            return _Bad("unexpected EOF")
        return _Bad(f"invalid character {_char(self.data[self.at])} {where}")

    def peek(self) -> int:
        """The next byte, or -1 at the end."""
        return self.data[self.at] if self.at < len(self.data) else -1

    def space(self) -> int:
        """Pass over white space. Returns the next byte."""
        while self.at < len(self.data) and self.data[self.at] in _SPACE:
            self.at += 1
        return self.peek()

    def value(self) -> None:
        """Read over one value. Raises _Bad."""
        closes: list[int] = []  # what closes the arrays and objects that are open
        while True:
            opened = self._begin(closes)
            if opened:
                continue
            if not self._end(closes):
                return

    def _begin(self, closes: list[int]) -> bool:
        """Read the beginning of a value: True if something is to be read inside of it."""
        char = self.space()
        if char == ord("[") or char == ord("{"):
            self.at += 1
            closes.append(ord("]") if char == ord("[") else ord("}"))
            if len(closes) > _MAX_DEPTH:
                raise _Bad("exceeded max depth")
            if self.space() == closes[-1]:
                self.at += 1
                closes.pop()
                return False
            if closes[-1] == ord("}"):
                self._key()
            return True
        if char == ord('"'):
            self._string()
        elif char in _LITERALS:
            self._literal(_LITERALS[char])
        elif char == ord("-") or char in _DIGITS:
            self._number()
        else:
            raise self.bad("looking for beginning of value")
        return False

    def _end(self, closes: list[int]) -> bool:
        """Read what follows a value: True if another one does."""
        while closes:
            char = self.space()
            inside_object = closes[-1] == ord("}")
            if char == ord(","):
                self.at += 1
                if inside_object:
                    self.space()
                    self._key()
                return True
            if char != closes[-1]:
                raise self.bad("after object key:value pair" if inside_object else
                               "after array element")  # fmt: skip
            self.at += 1
            closes.pop()
        return False

    def _key(self) -> None:
        if self.peek() != ord('"'):
            raise self.bad("looking for beginning of object key string")
        self._string()
        if self.space() != ord(":"):
            raise self.bad("after object key")
        self.at += 1

    def _string(self) -> None:
        self.at += 1
        while True:
            found = _PLAIN.match(self.data, self.at)
            self.at = found.end() if found else self.at
            char = self.peek()
            if char == ord('"'):
                self.at += 1
                return
            if char != ord("\\"):
                raise self.bad("in string literal")
            self.at += 1
            if self.peek() == ord("u"):
                self.at += 1
                for _ in range(4):
                    if self.peek() not in _HEX:
                        raise self.bad("in \\u hexadecimal character escape")
                    self.at += 1
            elif self.peek() >= 0 and chr(self.peek()) in 'bfnrt"\\/':
                self.at += 1
            else:
                raise self.bad("in string escape code")

    def _literal(self, name: str) -> None:
        for expected in name:
            if self.peek() != ord(expected):
                raise self.bad(f"in literal {name} (expecting {_char(ord(expected))})")
            self.at += 1

    def _digits(self, where: str) -> None:
        if self.peek() not in _DIGITS:
            raise self.bad(where)
        while self.peek() in _DIGITS:
            self.at += 1

    def _number(self) -> None:
        if self.peek() == ord("-"):
            self.at += 1
        if self.peek() == ord("0"):
            self.at += 1
        else:
            self._digits("in numeric literal")
        if self.peek() == ord("."):
            self.at += 1
            self._digits("after decimal point in numeric literal")
        if self.peek() >= 0 and chr(self.peek()) in "eE":
            self.at += 1
            if self.peek() >= 0 and chr(self.peek()) in "+-":
                self.at += 1
            self._digits("in exponent of numeric literal")


def complaint(text: str) -> tuple[str | None, str]:
    """Go's complaint about a JSON text, and the text that it read as the value.

    None instead of a complaint where OPA takes the value: nothing but ``null`` follows.
    """
    reader = _Reader(to_bytes(text))
    if reader.space() < 0:
        return "EOF", ""
    try:
        reader.value()
    except _Bad as bad:
        return str(bad.args[0]), ""
    read = reader.data[: reader.at].decode("utf-8", "surrogateescape")
    char = reader.space()
    if char < 0:
        return None, read
    token = chr(char)
    start = reader.at
    if token not in "[{":
        try:
            if token in "]}:,":
                raise reader.bad("looking for beginning of value")
            reader.value()
        except _Bad as bad:
            return str(bad.args[0]), ""
        token = reader.data[start : reader.at].decode("utf-8", "replace")
        if token == "null":
            return None, read
        if token[0] == '"':
            token = str(loads(token))
        token = {"true": "%!s(bool=true)", "false": "%!s(bool=false)"}.get(token, token)
    return f"error: invalid character '{token}' after top-level value", ""
