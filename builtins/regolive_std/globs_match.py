"""``regex.globs_match``: whether two globs (``.``, ``[...]``, ``*``, ``+``) share a text.

The rules, down to where they stop short, are those of github.com/yashtewari/glob-intersection,
which OPA uses.
"""

from __future__ import annotations

from typing import NamedTuple

from regolive import BuiltinContext, BuiltinError
from regolive_std._declare import std


class _Token(NamedTuple):
    """``ranges`` of characters (None: any), and the flag behind: ``*``, ``+`` or none."""

    ranges: tuple[tuple[str, str], ...] | None
    single: bool
    flag: str

    def meets(self, other: _Token) -> bool:
        """Whether some character is in both, flags aside."""
        if self.ranges is None or other.ranges is None:
            return True
        return any(
            low <= their_high and their_low <= high
            for low, high in self.ranges
            for their_low, their_high in other.ranges
        )


class _Reader:
    """Reads the tokens of a glob."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, what: str) -> BuiltinError:
        return BuiltinError(
            f"input:{self.text}, pos:{self.at}, {what}: the input provided is invalid"
        )

    def rune(self) -> tuple[str, bool]:
        """The next character and whether it was escaped; none at the end."""
        if self.at >= len(self.text):
            return "", False
        char = self.text[self.at]
        if char != "\\":
            self.at += 1
            return char, False
        if self.at == len(self.text) - 1:
            raise self.fail("input ends with a \\ (escape) character")
        self.at += 2
        return self.text[self.at - 1], True

    def tokens(self) -> list[_Token]:
        out: list[_Token] = []
        while True:
            char, escaped = self.rune()
            if not char:
                return out
            ranges: tuple[tuple[str, str], ...] | None = ((char, char),)
            single = True
            if not escaped and char in ".[]+*":
                if char == ".":
                    ranges = None
                elif char == "[":
                    ranges, single = self.set_of(), False
                elif char == "]":
                    raise self.fail("set-close ']' with no preceding '['")
                else:
                    raise self.fail(f"flag '{char}' must be preceded by a non-flag")
            flag = ""
            if self.text[self.at : self.at + 1] in ("+", "*"):
                flag = self.text[self.at]
                self.at += 1
            elif self.text[self.at :] == "\\":
                raise self.fail("input ends with a \\ (escape) character")
            out.append(_Token(ranges, single, flag))

    def set_of(self) -> tuple[tuple[str, str], ...]:
        ranges: list[tuple[str, str]] = []
        previous = ""
        while True:
            char, escaped = self.rune()
            if not char:
                raise self.fail("found [ without matching ]")
            if escaped or char not in "-]":
                ranges.append((char, char))
                previous = char
            elif char == "]":
                return _merged(ranges)
            else:
                if not previous:
                    raise self.fail("range character '-' must be preceded by a Unicode character")
                if self.at >= len(self.text) - 1:
                    raise self.fail("range character '-' must be followed by a Unicode character")
                char, escaped = self.rune()
                if not escaped and char in "]-":
                    raise self.fail("range character '-' cannot be followed by a special symbol")
                if char < previous:
                    raise self.fail(
                        f"range is out of order: '{char}' comes before '{previous}' in Unicode"
                    )
                ranges.append((previous, char))
                previous = ""


def _merged(ranges: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Ranges that touch become one: sets of the same characters are to be the same."""
    out: list[tuple[str, str]] = []
    for low, high in sorted(ranges):
        if out and ord(low) <= ord(out[-1][1]) + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


def _simplified(tokens: list[_Token]) -> list[_Token]:
    """Flagged tokens in a row that are the same become one."""
    out: list[_Token] = []
    for token in tokens:
        if out and token.flag and out[-1].flag and token[:2] == out[-1][:2]:
            flag = "+" if "+" in (token.flag, out[-1].flag) else "*"
            out[-1] = out[-1]._replace(flag=flag)
        else:
            out.append(token)
    return out


class _Search:
    """Whether the rests of two globs intersect; remembered, so that no pair is tried twice."""

    def __init__(self, ctx: BuiltinContext) -> None:
        self.ctx = ctx
        self.known: dict[tuple[tuple[_Token, ...], tuple[_Token, ...]], bool] = {}

    def normal(self, a: tuple[_Token, ...], b: tuple[_Token, ...]) -> bool:
        for at in range(min(len(a), len(b))):
            if a[at].flag or b[at].flag:
                return self.special(a[at:], b[at:])
            if not a[at].meets(b[at]):
                return False
        return len(a) == len(b)

    def special(self, a: tuple[_Token, ...], b: tuple[_Token, ...]) -> bool:
        found = self.known.get((a, b))
        if found is None:
            self.ctx.check()
            if not a[0].flag:
                flagged, other = b, a
            else:
                flagged, other = a, b
            if flagged[0].flag == "+":
                found = self.plus(flagged, other)
            else:
                found = self.star(flagged, other)
            self.known[a, b] = found
        return found

    def plus(self, plussed: tuple[_Token, ...], other: tuple[_Token, ...]) -> bool:
        if not plussed[0].meets(other[0]):
            return False
        if self.star(plussed, other[1:]):
            return True
        return bool(other[0].flag) and self.normal(plussed[1:], other)

    def star(self, starred: tuple[_Token, ...], other: tuple[_Token, ...]) -> bool:
        following = starred[1] if len(starred) > 1 else None
        for at, token in enumerate(other):
            if (
                following is not None
                and token.meets(following)
                and self.normal(starred[1:], other[at:])
            ):
                return True
            if not token.meets(starred[0]):
                return False
        return following is None


def _trimmed(a: list[_Token], b: list[_Token]) -> tuple[list[_Token], list[_Token]] | None:
    """The globs without what they plainly share at both ends; None if they plainly differ."""
    left = 0
    while left < len(a) and left < len(b) and not a[left].flag and not b[left].flag:
        if not a[left].meets(b[left]):
            return None
        left += 1
    left = max(left - 1, 0)
    end_a, end_b = len(a) - 1, len(b) - 1
    while end_a >= left and end_b >= left and not a[end_a].flag and not b[end_b].flag:
        if not a[end_a].meets(b[end_b]):
            return None
        end_a, end_b = end_a - 1, end_b - 1
    if end_a < len(a) - 1:
        end_a, end_b = end_a + 1, end_b + 1
    return a[left : end_a + 1], b[left : end_b + 1]


@std("regex.globs_match", result_name="result")
def regex_globs_match(ctx: BuiltinContext, glob1: str, glob2: str) -> bool:
    """Whether there is a text that two globs both match.

    Example:
        >>> regex.globs_match("a.*", "[a-c]+b")
        true
        >>> regex.globs_match("a+", "b+")
        false
    """
    tokens = _trimmed(_simplified(_Reader(glob1).tokens()), _simplified(_Reader(glob2).tokens()))
    if tokens is None:
        return False
    return _Search(ctx).normal(tuple(tokens[0]), tuple(tokens[1]))
