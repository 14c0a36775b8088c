"""Globs: ``glob.match`` with the syntax of github.com/gobwas/glob, and ``regex.globs_match``.

A glob becomes an RE2 expression: linear time, and one thing less to get wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from regolive import BuiltinError
from regolive_std._declare import (
    NULL,
    STRING,
    array,
    one_of,
    std,
    unchecked,
    wrong_element,
    wrong_type,
)
from regolive_std.kept import kept_by_texts
from regolive_std.regex import compiled, finder
from regolive_std.text import runes, to_bytes

_SPECIAL = frozenset("*?\\[]{}")
_REGEX_SPECIAL = frozenset("\\.+*?()|[]{}^$-&~#")


@std("glob.quote_meta", result_name="output")
def glob_quote_meta(pattern: str) -> str:
    """A glob that matches just this text.

    Example:
        >>> glob.quote_meta("*.example.com")
        "\\\\*.example.com"
    """
    return "".join("\\" + c if c in _SPECIAL else c for c in pattern)


@std(
    "glob.match",
    args=[STRING, unchecked(one_of(NULL, array(STRING))), unchecked(STRING)],
    result_name="result",
)
def glob_match(pattern: str, delimiters: Any, match: Any) -> bool:
    """Whether a glob matches a text; ``*`` stops at delimiters (``.`` if the array is empty).

    Example:
        >>> glob.match("*.example.com", ["."], "api.example.com")
        true
        >>> glob.match("*.example.com", ["."], "a.b.example.com")
        false
        >>> glob.match("**.example.com", ["."], "a.b.example.com")
        true
        >>> glob.match("{cat,bat,[fr]at}", [], "rat")
        true
        >>> glob.match("[", [], "a")
        error: eval_builtin_error: glob.match: unexpected end of input
    """
    if delimiters is None:
        marks = ""
    elif delimiters.__class__ is list:
        marks = _marks(delimiters)
    else:
        raise wrong_type(2, delimiters, "array", "null")
    if match.__class__ is not str:
        raise wrong_type(3, match, "string")
    return _tester(pattern, marks)(match)


def _marks(delimiters: list[Any]) -> str:
    for mark in delimiters:
        if mark.__class__ is not str:
            raise wrong_element(2, delimiters, mark, "string")
        if len(mark) != 1:
            raise wrong_element(2, delimiters, mark, "rune")
    return "".join(delimiters) or "."


@kept_by_texts(256)
def _tester(pattern: str, delimiters: str) -> Callable[[str], bool]:
    plain = _plain_tester(pattern, delimiters)
    if plain is not None:
        return plain
    found_in = finder(compiled(_Translator(pattern, delimiters).run()))
    return lambda text: found_in(to_bytes(text))


# Many a glob in a policy is a text with one wildcard in it, or none.
_PLAIN = re.compile(r"([^*?\[\]{}\\\0]*)(\*{0,2})([^*?\[\]{}\\\0]*)\Z")


def _plain_tester(pattern: str, delimiters: str) -> Callable[[str], bool] | None:
    """A test without an expression, for a glob that needs no more; None for the others."""
    found = _PLAIN.match(pattern)
    if not found or not pattern.isascii():
        return None
    head, wild, tail = found.groups()
    if not wild:
        return lambda text: text == head
    ahead, behind = len(head), len(tail)
    size, single = ahead + behind, len(delimiters) == 1
    if wild == "**" or not delimiters:
        return lambda text: len(text) >= size and text.startswith(head) and text.endswith(tail)

    def test(text: str) -> bool:
        if len(text) < size or not text.startswith(head) or not text.endswith(tail):
            return False
        between = text[ahead : len(text) - behind]
        if single:
            return delimiters not in between
        return not any(mark in between for mark in delimiters)

    return test


def _escaped(char: str) -> str:
    return "\\" + char if char in _REGEX_SPECIAL else char


class _Translator:
    """One glob on its way to a regular expression."""

    def __init__(self, pattern: str, delimiters: str) -> None:
        # A NUL ends the pattern, as it does for gobwas/glob.
        self.pattern = pattern.split("\0", 1)[0]
        if "\ufffd" in runes(self.pattern):
            raise BuiltinError("could not read rune")
        self.at = 0
        self.one = "[^" + "".join(map(_escaped, delimiters)) + "]" if delimiters else "."

    def run(self) -> str:
        out: list[str] = []
        level = 0
        while self.at < len(self.pattern):
            char = self.pattern[self.at]
            self.at += 1
            if char == "*":
                if self.pattern[self.at : self.at + 1] == "*":
                    self.at += 1
                    out.append(".*")
                else:
                    out.append(self.one + "*")
            elif char == "?":
                out.append(self.one)
            elif char == "[":
                out.append(self._range())
            elif char == "{":
                level += 1
                out.append("(?:")
            elif char == "," and level:
                out.append("|")
            elif char == "}" and level:
                level -= 1
                out.append(")")
            else:
                if char == "\\":
                    char = self.pattern[self.at : self.at + 1]
                    self.at += 1
                out.append(_escaped(char))
        # An alternative that is not closed ends with the pattern.
        out += [")"] * level
        return "(?s)\\A(?:" + "".join(self._lenient(out)) + ")\\z"

    def _lenient(self, pieces: list[str]) -> list[str]:
        """One character that is all of a pattern, or all of an alternative, may be missing too:
        gobwas/glob looks at what it is, not at whether there is one.
        """
        braced = bool(pieces) and pieces[0] == "(?:" and pieces[-1] == ")"
        inner = pieces[1:-1] if braced else pieces
        if "(?:" in inner or ")" in inner:
            return pieces
        alone = []
        for at, piece in enumerate(inner):
            before, behind = inner[at - 1 : at], inner[at + 1 : at + 2]
            ends = (before or ["|"])[0] == "|" and (behind or ["|"])[0] == "|"
            negated = piece == self.one or piece.startswith("[^")
            alone.append(piece + "?" if ends and negated else piece)
        return ["(?:", *alone, ")"] if braced else alone

    def _next(self) -> str:
        if self.at >= len(self.pattern):
            raise BuiltinError("unexpected end of input")
        self.at += 1
        return self.pattern[self.at - 1]

    def _range(self) -> str:
        """``[abc]``, ``[a-z]``, each with ``!`` for its opposite; not both in one."""
        negated = ""
        if self.pattern[self.at : self.at + 1] == "!":
            self.at += 1
            negated = "^"
        low = self._next()
        if self.pattern[self.at : self.at + 1] == "-":
            self.at += 1
            high = self._next()
            if self._next() != "]":
                raise BuiltinError("expected close range character")
            if high < low:
                raise BuiltinError(f"hi character '{high}' should be greater than lo '{low}'")
            return f"[{negated}{_escaped(low)}-{_escaped(high)}]"
        self.at -= 1
        chars = []
        while True:
            char = self._next()
            if char == "\\":
                chars.append(_escaped(self._next()))
            elif char == "]":
                break
            else:
                chars.append(_escaped(char))
        if not chars:
            raise BuiltinError("could not parse range")
        return f"[{negated}{''.join(chars)}]"
