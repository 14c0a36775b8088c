"""Go's durations: ``1h30m`` and the like, with days, weeks and years besides."""

from __future__ import annotations

import re
from decimal import Decimal

from regolive import BuiltinError
from regolive_std.golayout import quote
from regolive_std.text import go_quote

_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_LONG_UNITS = {"d": 24, "w": 7 * 24, "y": 365 * 24}
_SEGMENT = re.compile(r"([0-9]*)(?:(\.)([0-9]*))?([^0-9.]*)")
_EXTENDED = re.compile(r"([0-9.]+)(ms|us|µs|ns|[a-z])")


def parse_duration(text: str) -> int:
    """Nanoseconds of a Go duration, with d, w and y besides Go's units."""
    if not any(c in text for c in "dwy"):
        return _duration(text, quote(text))
    shown = go_quote(text)
    sign = text[0] if text[0] in "+-" else ""
    out = [sign]
    at = len(sign)
    while at < len(text):
        found = _EXTENDED.match(text, at)
        if not found:
            raise BuiltinError(f"time: invalid duration {shown}")
        at = found.end()
        if found[2] in _LONG_UNITS:
            if found[1].count(".") > 1 or found[1] == ".":
                raise BuiltinError(f"time: invalid duration {shown}")
            hours = float(found[1]) * _LONG_UNITS[found[2]]
            out.append(format(Decimal(repr(hours)), "f").removesuffix(".0") + "h")
        else:
            out.append(found[0])
    return _duration("".join(out), shown)


def _fraction(digits: str) -> tuple[int, float]:
    """What is behind the point as far as 63 bits hold it, and what it counts."""
    fraction, scale = 0, 1.0
    for digit in digits:
        more = fraction * 10 + int(digit)
        if more >= 1 << 63:
            break
        fraction, scale = more, scale * 10
    return fraction, scale


def _duration(text: str, shown: str) -> int:
    """Nanoseconds of a duration in Go's units; ``shown``: the text as errors quote it."""
    if not text:
        raise BuiltinError(f"time: invalid duration {shown}")
    body = text[1:] if text[0] in "+-" else text
    if body == "0":
        return 0
    total = 0
    at = 0
    while at < len(body) or not body:
        found = _SEGMENT.match(body, at)
        if not found or not (found[1] or found[3]):
            raise BuiltinError(f"time: invalid duration {shown}")
        at = found.end()
        whole = found[1].lstrip("0") or "0"
        if len(whole) > 19 or int(whole) > 1 << 63:
            raise BuiltinError(f"time: invalid duration {shown}")
        if not found[4]:
            raise BuiltinError(f"time: missing unit in duration {shown}")
        unit = _UNITS.get(found[4])
        if unit is None:
            raise BuiltinError(f"time: unknown unit {quote(found[4])} in duration {shown}")
        digits = found[3] or ""
        total += int(whole) * unit
        if digits:
            fraction, scale = _fraction(digits)
            total += int(float(fraction) * (unit / scale))
        if total > 1 << 63:
            raise BuiltinError(f"time: invalid duration {shown}")
    negative = text.startswith("-")
    if total > (1 << 63) - (0 if negative else 1):
        raise BuiltinError(f"time: invalid duration {shown}")
    return -total if negative else total
