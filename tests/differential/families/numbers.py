"""``arithmetic``, ``aggregates`` of numbers, ``bits``, ``units``, ``semver``, ``uuid``."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num


def _one(d: Draw) -> list[Any]:
    return [d.any_number()]


def _pair(d: Draw) -> list[Any]:
    return [d.any_number(), d.any_number()]


def _whole(d: Draw) -> Any:
    return d.integer() if d.maybe(0.85) else d.any_number()


def _difference(d: Draw) -> list[Any]:
    if d.maybe(0.3):
        return [d.set(), d.set() if d.maybe(0.9) else d.value()]
    return _pair(d)


def _range(d: Draw) -> list[Any]:
    start = d.integer() if d.maybe(0.4) else d.small(-9, 9)
    end: Any = start + d.small(-9, 9)
    if d.maybe(0.1):
        start = d.small(-9, 9)
        end = d.one((Num("1.0"), Num("1.5"), Num("-2.0"), Num("1e1")))
    return [start, end]


def _stepped(d: Draw) -> list[Any]:
    return [*_range(d), d.small(-1, 5)]


def _shift(d: Draw) -> list[Any]:
    return [_whole(d), d.small(-2, 80) if d.maybe(0.9) else d.one((Num("1.0"), Num("0.5"), 300))]


_UNITS = ("", "K", "k", "M", "m", "G", "g", "T", "P", "E", "Ki", "Mi", "MI", "mi", "gi", "Ti", "Pi")
_UNITS += ("Ei", "KB", "kb", "MB", "mb", "GB", "TB", "PB", "EB", "KiB", "MiB", "mib", "GiB", "TiB")
_UNITS += ("PiB", "EiB", "B", "b", "i", "ki", "x", "Kx", "e", "e3", "E3", "µ", "Zi", '"', " ")


def _amount(d: Draw) -> list[Any]:
    number = d.any_number()
    text = number.text if isinstance(number, Num) else str(number)
    if d.maybe(0.4):
        text = d.chars("0123456789.", 6)
    text = d.mutated(text, '0123456789.-+eE "') if d.maybe(0.3) else text
    return [text + (d.one(_UNITS) if d.maybe(0.95) else d.text())]


_PARTS = ("0", "1", "2", "10", "01", "-1", "+1", "x", "", "9223372036854775807",
    "99999999999999999999")  # fmt: skip
_PRE = ("alpha", "beta", "rc", "1", "2", "10", "01", "x-y", "0", "", "é", "rc.1", "alpha.beta", "-")


def _version(d: Draw) -> str:
    text = ".".join(d.one(_PARTS[:4]) if d.maybe(0.9) else d.one(_PARTS) for _ in range(3))
    if d.maybe(0.08):
        text = ".".join(d.some(lambda: d.one(_PARTS), 5))
    if d.maybe(0.5):
        text += "-" + ".".join(d.some(lambda: d.one(_PRE), 3, 1))
    if d.maybe(0.25):
        text += "+" + ".".join(d.some(lambda: d.one(_PRE), 2, 1))
    if d.maybe(0.1):
        text = "v" + text
    return d.mutated(text, "01.-+vaé ") if d.maybe(0.15) else text


def _uuid(d: Draw) -> list[Any]:
    digits = d.chars("0123456789abcdef", 32, 32)
    digits = digits[:12] + d.one("0123456789abcdef") + digits[13:]
    if d.maybe(0.5):
        digits = digits[:12] + d.one("12345") + digits[13:16] + d.one("89ab07cdef") + digits[17:]
    text = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    form = d.below(8)
    if form == 0:
        text = digits
    elif form == 1:
        text = "urn:uuid:" + text
    elif form == 2:
        text = "{" + text + "}"
    elif form == 3:
        text = text.upper()
    return [d.mutated(text, "0-{}gA") if d.maybe(0.2) else text]


def _numbers(d: Draw) -> list[Any]:
    if d.maybe(0.5):
        return [d.collection(d.integer)]
    return [d.collection(d.any_number if d.maybe(0.8) else d.scalar)]


FAMILIES: dict[str, dict[str, Operands]] = {
    "arithmetic": {
        "abs": _one,
        "ceil": _one,
        "div": _pair,
        "floor": _one,
        "minus": _difference,
        "mul": _pair,
        "numbers.range": _range,
        "numbers.range_step": _stepped,
        "plus": _pair,
        "product": _numbers,
        "rem": lambda d: [_whole(d), _whole(d)],
        "round": _one,
        "sum": _numbers,
    },
    "bits": {
        "bits.and": lambda d: [_whole(d), _whole(d)],
        "bits.lsh": _shift,
        "bits.negate": lambda d: [_whole(d)],
        "bits.or": lambda d: [_whole(d), _whole(d)],
        "bits.rsh": _shift,
        "bits.xor": lambda d: [_whole(d), _whole(d)],
    },
    "units": {"units.parse": _amount, "units.parse_bytes": _amount},
    "semver": {
        "semver.compare": lambda d: [_version(d), _version(d)],
        "semver.is_valid": lambda d: [_version(d)],
    },
    "uuid": {"uuid.parse": _uuid},
}
