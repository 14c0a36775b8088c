"""What is wrong with text that is no token: OPA's words for it, and where to go on."""

from __future__ import annotations

import re

_BAD = {"\x00": "illegal null character", "\ufeff": "illegal byte-order mark"}
_SIGNS = {"!": "illegal ! character", "$": "illegal $ character"}
_NUMBER = re.compile(r"([0-9]+)(\.[0-9]*)?(?:[eE]([+-]?[0-9]*))?([A-Za-z_][A-Za-z_\d]*)?")
_ESCAPE = re.compile(r'\\(?:u[\s\S]{0,3}|["\\/bfnrt])')


def is_bad(sign: str) -> bool:
    """Whether a character may stand nowhere, not even in a string or comment."""
    return sign in _BAD or "\ud800" <= sign <= "\udfff"


def _bad_message(sign: str) -> str:
    return _BAD.get(sign, "illegal utf-8 character")


def explain(text: str, at: int) -> tuple[str, int, int]:
    """What is wrong at an offset: OPA's message, and start and end of what it is about."""
    sign = text[at]
    if is_bad(sign):
        start = at - 1 if at and text[at - 1] in " \t\r\n" else at
        return _bad_message(sign), start, at + 1
    if sign == '"':
        message, end = _string(text, at)
        return message, at, end
    if sign == "`":
        end = text.find("`", at + 1) + 1 or len(text)
        return _first_bad(text, at, end) or "non-terminated string", at, end
    if sign == "#":
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        return _first_bad(text, at, end) or "illegal token", at, end
    if sign.isdecimal() and sign.isascii():
        message, end = _number(text, at)
        return message, at, end
    return _SIGNS.get(sign, "illegal token"), at, at + 1


def explain_template(text: str, at: int, quote: str) -> tuple[str, int]:
    """What is wrong with the text of a template string, and where the string ends if it does."""
    sign = text[at : at + 1]
    end = text.find(quote, at)
    if quote == '"':
        line = text.find("\n", at)
        line = len(text) if line < 0 else line
        end = line if end < 0 else min(end + 1, line)
    elif end < 0:
        end = len(text)
    else:
        end += 1
    if sign and is_bad(sign):
        return _bad_message(sign), end
    if sign == "\\":
        return "illegal escape sequence", end
    return "non-terminated string", end


def _first_bad(text: str, start: int, end: int) -> str | None:
    for sign in text[start:end]:
        if is_bad(sign):
            return _bad_message(sign)
    return None


def _string(text: str, start: int) -> tuple[str, int]:
    """The first thing that is wrong with a string in double quotes, and where it ends."""
    at = start + 1
    found: str | None = None
    while at < len(text) and text[at] != "\n":
        sign = text[at]
        if sign == '"':
            return found or f"illegal string literal: {text[start : at + 1]}", at + 1
        if sign == "\\":
            escape = _ESCAPE.match(text, at)
            if escape:
                at = escape.end()
                continue
            found = found or "illegal escape sequence"
        elif is_bad(sign):
            found = found or _bad_message(sign)
        at += 1
    return found or "non-terminated string", at


def _number(text: str, start: int) -> tuple[str, int]:
    match = _NUMBER.match(text, start)
    assert match is not None
    _, fraction, exponent, letters = match.groups()
    if fraction == ".":
        return "expected fraction", match.end()
    if exponent in ("", "+", "-"):
        return "expected exponent", match.end()
    assert letters or fraction
    return "illegal number format", match.end()
