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

    def __init__(self, ctx: BuiltinContext, text: str) -> None:
        self.ctx = ctx
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
            if not len(out) & 1023:
                self.ctx.check()
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
            elif self.text.startswith("\\", self.at) and self.at == len(self.text) - 1:
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


# Pairs of places that are looked at before the globs are said to be too long.
_MAX_PAIRS = 1_000_000


class _Search:
    """Whether the rests of two globs intersect; remembered, so that no pair is tried twice.

    A pair of rests is ``(first, i, j)``: the glob that comes first (0 or 1), the place in it, and
    the place in the other.
    """

    def __init__(self, ctx: BuiltinContext, globs: tuple[list[_Token], list[_Token]]) -> None:
        self.ctx = ctx
        self.globs = globs
        self.known: dict[tuple[int, int, int], bool] = {}

    def normal(self, first: int, i: int, j: int) -> bool:
        a, b = self.globs[first], self.globs[1 - first]
        while i < len(a) and j < len(b):
            if a[i].flag or b[j].flag:
                return self.special(first, i, j)
            if not a[i].meets(b[j]):
                return False
            i, j = i + 1, j + 1
        return len(a) - i == len(b) - j

    def special(self, first: int, i: int, j: int) -> bool:
        """One of the two begins with a token that has a flag."""
        found = self.known.get((first, i, j))
        if found is None:
            self.ctx.check()
            if len(self.known) >= _MAX_PAIRS:
                raise BuiltinError("the globs are too long")
            side = (first, i, j) if self.globs[first][i].flag else (1 - first, j, i)
            plus = self.globs[side[0]][side[1]].flag == "+"
            found = self.plus(*side) if plus else self.star(*side)
            self.known[first, i, j] = found
        return found

    def plus(self, first: int, i: int, j: int) -> bool:
        """The first begins with a token that is there at least once."""
        token, other = self.globs[first][i], self.globs[1 - first][j]
        if not token.meets(other):
            return False
        if self.star(first, i, j + 1):
            return True
        return bool(other.flag) and self.normal(first, i + 1, j)

    def star(self, first: int, i: int, j: int) -> bool:
        """The first begins with a token that is there any number of times."""
        a, b = self.globs[first], self.globs[1 - first]
        following = a[i + 1] if i + 1 < len(a) else None
        for at in range(j, len(b)):
            meets = following is not None and b[at].meets(following)
            if meets and self.normal(first, i + 1, at):
                return True
            if not b[at].meets(a[i]):
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
    first, second = (_simplified(_Reader(ctx, glob).tokens()) for glob in (glob1, glob2))
    tokens = _trimmed(first, second)
    if tokens is None:
        return False
    try:
        return _Search(ctx, tokens).normal(0, 0, 0)
    except RecursionError:
        raise BuiltinError("the globs are too long") from None
