"""Mail addresses as Go's ``net/mail`` reads them: RFC 5322 with the liberties that it takes.

``alice@example.com``, ``Alice <alice@example.com>``, ``alice@example.com (Alice)``, and a group of
one: what ``format: email`` of a JSON schema accepts in OPA.
"""

from __future__ import annotations

import base64
import binascii
import re

from regolive_std.net import parse_address

# VCHAR with everything beyond ASCII, without the characters that have a meaning.
_ATOM = re.compile(r'[^\x00-\x20\x7f()<>\[\]:;@\\,".]+')
_DOT_ATOM = re.compile(rf"{_ATOM.pattern}(?:\.{_ATOM.pattern})*")
# A word of a name may have dots anywhere.
_WORD = re.compile(r'[^\x00-\x20\x7f()<>\[\]:;@\\,"]+')
_QUOTED = re.compile(r'"((?:[^\x00-\x08\x0a-\x1f\x7f"\\]|\\[^\x00-\x08\x0a-\x1f\x7f])*)"')
_LITERAL = re.compile(r"\[([^\x00-\x20\x7f\[\]\\]*)\]")
_BLANKS = re.compile(r"[ \t]*")
_ENCODED = re.compile(r"=\?([^?]+)\?([bBqQ])\?([^?]*)\?=")
_Q_ENCODED = re.compile(r"(?:[\t\n\r -<>@-~]|=[0-9A-Fa-f]{2})*")
_CHARSETS = frozenset({"utf-8", "iso-8859-1", "us-ascii"})


class _NoAddress(Exception):
    """The text is no address from here on."""


def is_mail_address(text: str) -> bool:
    """Whether a text is one mail address."""
    if any("\ud800" <= c <= "\udfff" for c in text):
        return False  # bytes that are no UTF-8
    reader = _Reader(text)
    try:
        count = reader.address(group_allowed=True)
        reader.comments()
    except _NoAddress:
        return False
    return count == 1 and reader.at == len(text)


class _Reader:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What matches here, passed over."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def next_is(self, char: str) -> bool:
        """Whether a character comes next, passed over if so."""
        if self.text.startswith(char, self.at):
            self.at += 1
            return True
        return False

    def comments(self) -> None:
        """Blanks, and comments in parentheses."""
        self.take(_BLANKS)
        while self.next_is("("):
            self.rest_of_comment()
            self.take(_BLANKS)

    def rest_of_comment(self) -> None:
        """A comment after its parenthesis; it may have comments in it."""
        depth = 1
        while depth:
            if self.at >= len(self.text):
                raise _NoAddress
            char = self.text[self.at]
            self.at += 2 if char == "\\" and self.at + 1 < len(self.text) else 1
            depth += (char == "(") - (char == ")")

    def address(self, *, group_allowed: bool) -> int:
        """An address, or a group of them. Returns how many addresses that is."""
        self.take(_BLANKS)
        start = self.at
        try:
            self.plain()
        except _NoAddress:
            self.at = start
        else:
            # A comment here is the name: its words must be readable.
            self.take(_BLANKS)
            if self.next_is("("):
                start = self.at
                self.rest_of_comment()
                if any(map(_is_unreadable, self.text[start : self.at - 1].split())):
                    raise _NoAddress
            return 1
        if not self.text.startswith("<", self.at):
            self.name()
        self.take(_BLANKS)
        if group_allowed and self.next_is(":"):
            return self.group()
        if not self.next_is("<"):
            raise _NoAddress
        self.plain()
        if not self.next_is(">"):
            raise _NoAddress
        return 1

    def plain(self) -> None:
        """``local@domain``."""
        self.take(_BLANKS)
        if self.text.startswith('"', self.at):
            quoted = self.take(_QUOTED)
            if quoted is None or not quoted[1]:
                raise _NoAddress
        else:
            self.atom()
        if not self.next_is("@"):
            raise _NoAddress
        self.take(_BLANKS)
        if not self.text.startswith("[", self.at):
            self.atom()
            return
        literal = self.take(_LITERAL)
        if literal is None or parse_address(literal[1]) is None:
            raise _NoAddress

    def atom(self) -> None:
        """Names with dots between them."""
        found = self.take(_DOT_ATOM)
        if found is None or self.text.startswith(".", self.at):
            raise _NoAddress

    def name(self) -> None:
        """The words of a display name. What is no word ends it, once there has been one."""
        words = 0
        while True:
            if words:
                self.comments()
            self.take(_BLANKS)
            if self.text.startswith('"', self.at):
                if self.take(_QUOTED) is None:
                    break
            else:
                word = self.take(_WORD)
                if word is None or _is_unreadable(word[0]):
                    break
                if _is_empty(word[0]) and not words:
                    continue
            words += 1
        if not words and self.at < len(self.text):
            raise _NoAddress

    def group(self) -> int:
        """``a@b, c@d;`` after the name of a group."""
        self.take(_BLANKS)
        count = 0
        if not self.next_is(";"):
            while True:
                self.take(_BLANKS)
                count += self.address(group_allowed=False)
                self.comments()
                if self.next_is(";"):
                    break
                if not self.next_is(","):
                    raise _NoAddress
        self.comments()
        return count


def _is_unreadable(word: str) -> bool:
    """Whether a word is encoded (RFC 2047) in a character set that Go does not know."""
    found = _ENCODED.fullmatch(word)
    if found is None or found[1].lower() in _CHARSETS:
        return False
    if found[2] in "qQ":
        return _Q_ENCODED.fullmatch(found[3]) is not None
    try:
        base64.b64decode(found[3], validate=True)
    except binascii.Error:
        return False
    return True


def _is_empty(word: str) -> bool:
    """Whether a word is encoded and nothing is in it."""
    found = _ENCODED.fullmatch(word)
    return found is not None and not found[3]
