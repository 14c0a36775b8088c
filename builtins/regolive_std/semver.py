"""Semantic versions (https://semver.org), with OPA's leniency: a leading ``v`` is skipped."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from regolive import BuiltinError
from regolive_std._declare import ANY, BOOLEAN, NUMBER, std
from regolive_std.kept import kept_by_text
from regolive_std.text import go_quote

_IDENTIFIERS = re.compile(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*\Z")
_NUMBER = re.compile(r"[+-]?[0-9]+\Z")
_INT64 = 1 << 63


class _Version(NamedTuple):
    numbers: tuple[int, ...]
    pre: str


@kept_by_text(512)
def _parse(text: str) -> _Version | None:
    text, _, metadata = text.removeprefix("v").partition("+")
    text, _, pre = text.partition("-")
    if (metadata and not _IDENTIFIERS.match(metadata)) or (pre and not _IDENTIFIERS.match(pre)):
        return None
    parts = text.split(".")
    if len(parts) != 3 or not all(map(_NUMBER.match, parts)):
        return None
    if any(len(p) > 25 for p in parts):
        return None
    numbers = tuple(map(int, parts))
    if any(not -_INT64 <= n < _INT64 for n in numbers):
        return None
    return _Version(numbers, pre)


def _compare_identifiers(a: str, b: str) -> int:
    a_number, b_number = a.isascii() and a.isdigit(), b.isascii() and b.isdigit()
    if a_number != b_number:
        return -1 if a_number else 1
    if a_number:
        x, y = min(int(a[:30]), _INT64), min(int(b[:30]), _INT64)
        return (x > y) - (x < y)
    return (a > b) - (a < b)


def _compare(a: _Version, b: _Version) -> int:
    if a.numbers != b.numbers:
        return 1 if a.numbers > b.numbers else -1
    if a.pre == b.pre:
        return 0
    if not a.pre or not b.pre:
        return 1 if b.pre else -1  # a release comes after its pre-releases
    left, right = a.pre.split("."), b.pre.split(".")
    for x, y in zip(left, right, strict=False):
        order = x != y and _compare_identifiers(x, y)
        if order:
            return order
    return (len(left) > len(right)) - (len(left) < len(right))


@std("semver.compare", result=NUMBER, result_name="result")
def semver_compare(a: str, b: str) -> int:
    """-1, 0 or 1: how the first version stands to the second.

    Example:
        >>> semver.compare("1.2.10", "1.2.9")
        1
        >>> semver.compare("1.0.0-rc.1", "1.0.0")
        -1
        >>> semver.compare("1", "1.0.0")
        error: eval_builtin_error: semver.compare: operand 1: string "1" is not a valid SemVer
    """
    versions = []
    for operand, text in ((1, a), (2, b)):
        version = _parse(text)
        if version is None:
            raise BuiltinError(f"operand {operand}: string {go_quote(text)} is not a valid SemVer")
        versions.append(version)
    return _compare(*versions)


@std("semver.is_valid", args=[ANY], result=BOOLEAN, result_name="result")
def semver_is_valid(vsn: Any) -> bool:
    """Whether a value is a string with a semantic version.

    Example:
        >>> semver.is_valid("1.2.3-rc.1+build")
        true
        >>> semver.is_valid("1.2")
        false
    """
    return vsn.__class__ is str and _parse(vsn) is not None
