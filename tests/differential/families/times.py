"""``time``: instants, zones, Go's layouts, durations."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num

_ZONES = ("UTC", "", "America/New_York", "Europe/Zurich", "Asia/Kolkata", "Asia/Kathmandu",
    "Australia/Lord_Howe")  # fmt: skip
_ZONES += ("Africa/Monrovia", "Pacific/Apia", "America/Caracas", "Europe/London",
    "America/St_Johns", "Asia/Tehran")  # fmt: skip
_ZONES += ("Pacific/Kiritimati", "Antarctica/Troll", "Africa/Casablanca", "Europe/Dublin",
    "America/Sao_Paulo", "EST")  # fmt: skip
_BAD_ZONES = ("Nowhere", "utc", "Europe", "../etc/passwd", "europe/zurich", "/UTC", "UTC+1",
    "GMT+1", "é", "Etc/GMT+5")  # fmt: skip
_LAYOUTS = ("2006-01-02T15:04:05Z07:00", "2006-01-02", "15:04:05", "Jan _2 2006",
    "Monday, 02-Jan-06 15:04:05 MST")  # fmt: skip
_LAYOUTS += ("RFC3339", "RFC3339Nano", "ANSIC", "UnixDate", "RubyDate", "RFC822", "RFC822Z",
    "RFC850", "RFC1123", "RFC1123Z")  # fmt: skip
_LAYOUTS += ("Kitchen", "Stamp", "DateTime", "3:04PM", "2006-002", "2006 __2",
    "02 Jan 06 15:04 -0700", "05.000", "05.999999")  # fmt: skip
_CHUNKS = ("2006", "06", "01", "1", "Jan", "January", "02", "2", "_2", "002", "__2", "Mon",
    "Monday", "15", "03", "3", "04")  # fmt: skip
_CHUNKS += ("4", "05", "5", "PM", "pm", "MST", "Z07:00", "Z0700", "Z07", "-07:00", "-0700",
    "-07", "-07:00:00", "-070000")  # fmt: skip
_CHUNKS += ("Z07:00:00", "Z070000", ".000", ".999", ",000", ".000000000", ".999999999", ".0",
    ",9", ".00000000000")  # fmt: skip
_BETWEEN = (" ", "-", ":", "T", "/", "", ", ", "x", "é", "  ", "_", "0", "J", "M", ".", "at ",
    "\t", "Z", "%")  # fmt: skip
_SECONDS = (0, 1, -1, 951782400, 1583020800, -62135596800, 253402300799, 1700000000,
    1288488600, 1301187600, -2208988800)  # fmt: skip


def _instant(d: Draw) -> int:
    kind = d.below(6)
    if kind == 0:
        return d.one((0, 1, -1, (1 << 63) - 1, -(1 << 63), 10**18, 9 * 10**18, -(10**18)))
    seconds = d.one(_SECONDS) if kind == 1 else d.random.randint(-(10**9), 4 * 10**9)
    if kind == 5:
        seconds = d.random.randint(-9 * 10**9, 9 * 10**9)
    nanos = d.one((0, 0, 1, 500_000_000, 999_999_999, 123_456_789, 120_000_000, d.below(10**9)))
    return max(-(1 << 63), min((1 << 63) - 1, seconds * 10**9 + nanos))


def _zone(d: Draw) -> str:
    return d.one(_ZONES) if d.maybe(0.95) else d.one(_BAD_ZONES)


def _at(d: Draw) -> Any:
    ns: Any = _instant(d)
    if d.maybe(0.03):
        ns = d.one((1 << 63, -(1 << 63) - 1, Num("1.5"), Num("1e18"), Num("1.0"), Num("1e19"),
            "x", None))  # fmt: skip
    if d.maybe(0.4):
        return ns
    if d.maybe(0.03):
        return d.one(([], [ns], [ns, 1], ["x", "UTC"], [ns, "UTC", 1], [ns, "UTC", "2006", 4], {}))
    return [ns, _zone(d)]


def _layout(d: Draw) -> str:
    if d.maybe(0.3):
        return d.one(_LAYOUTS)
    return "".join(p for _ in range(d.small(1, 5)) for p in (d.one(_CHUNKS), d.one(_BETWEEN)))


def _format(d: Draw) -> list[Any]:
    at = _at(d)
    if isinstance(at, list) and len(at) == 2 and d.maybe(0.85):
        return [[*at, _layout(d)]]
    return [at]


_VALUES = {
    "2006": ("2006", "1999", "0000", "9999", "206", "12345", "-001"),
    "06": ("06", "69", "68", "99", "7"),
    ".000": (".123", ".-12", ".+12", ",000", ".12", ".12a", ".1234"),
    "01": ("01", "12", "13", "00", "1"),
    "1": ("1", "12", "13", "0", "01"),
    "Jan": ("Jan", "feb", "DEC", "May", "June", "Foo"),
    "January": ("January", "february", "DECEMBER", "May", "Jan"),
    "02": ("02", "31", "30", "29", "00", "32", "2"),
    "2": ("2", "31", "29", "0", "32", "02"),
    "_2": (" 2", "2", "31", "_2", "02"),
    "002": ("002", "060", "366", "365", "000", "367", "31"),
    "__2": ("  2", " 60", "366", "2", "060"),
    "Mon": ("Mon", "tue", "SUN", "Xyz"),
    "Monday": ("Monday", "tuesday", "Mon"),
    "15": ("15", "00", "23", "24", "5", "-1"),
    "03": ("03", "12", "00", "13", "3"),
    "3": ("3", "12", "0", "13", "03"),
    "04": ("04", "59", "60", "4"),
    "4": ("4", "59", "60", "04"),
    "05": ("05", "59", "60", "5", "05.123", "05,5", "05.", "59.999999999", "05.1234567891"),
    "5": ("5", "59", "60", "05", "5.5"),
    "PM": ("PM", "AM", "pm", "XM"),
    "pm": ("pm", "am", "PM"),
    "MST": ("MST", "UTC", "CEST", "GMT+3", "+03", "ChST", "AB", "ABCDE", "WITA", "Z", "GMT",
    "GMT-24", "EST", "-11"),
}  # fmt: skip
_OFFSETS = ("Z", "+00:00", "-07:00", "+0530", "+14", "-24:00", "+25:00", "+05:60", "+05:30:15",
    "-000000", "+5:30", "-00:00")  # fmt: skip
_FRACTIONS = ("", ".1", ".123", ".000", ",5", ".123456789", ".1234567890123", ".", ".12a")


def _value_of(d: Draw, chunk: str) -> str:
    if chunk in _VALUES:
        options = _VALUES[chunk]
        return options[0] if d.maybe(0.4) else d.one(options[: 3 if d.maybe(0.6) else None])
    return d.one(_FRACTIONS if chunk[0] in ".," else _OFFSETS)


def _parse(d: Draw) -> list[Any]:
    if d.maybe(0.25):
        return [d.one(_LAYOUTS), _rfc3339(d)[0]]
    layout, value = "", ""
    for _ in range(d.small(1, 5)):
        chunk, between = d.one(_CHUNKS), d.one(_BETWEEN)
        layout += chunk + between
        value += _value_of(d, chunk) + (between if d.maybe(0.97) else d.one(_BETWEEN))
    return [layout, value]


_NAMED = {
    "ANSIC": "Mon Jan  2 15:04:05 2006", "UnixDate": "Tue Feb 29 01:02:03 CET 2000",
    "RubyDate": "Wed Mar 03 00:00:00 +0100 1999",
    "RFC822": "02 Jan 06 15:04 MST", "RFC822Z": "31 Dec 68 23:59 -0330",
    "RFC850": "Monday, 02-Jan-06 15:04:05 UTC",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 GMT", "RFC1123Z": "Mon, 2 Jan 2006 15:04:05 -0700",
}  # fmt: skip


def _named(d: Draw) -> list[Any]:
    name = d.one(list(_NAMED))
    value = _NAMED[name]
    return [name, d.mutated(value, "0123456789 :-+,JanMonGMT") if d.maybe(0.5) else value]


def _rfc3339(d: Draw) -> list[Any]:
    year = d.one(("2006", "2024", "1999", "1677", "1678", "2262", "2263", "0000", "0001",
        "9999", "1900"))  # fmt: skip
    month, day = d.one(("01", "02", "12", "13", "00", "06")), d.one(("01", "28", "29", "30",
        "31", "32", "00"))  # fmt: skip
    clock = d.one(("00:00:00", "15:04:05", "23:59:59", "24:00:00", "23:60:00", "23:59:60",
        "5:04:05", "15:4:05"))  # fmt: skip
    fraction = d.one(("", "", ".5", ".123456789", ".1234567899", ",5", "."))
    offset = d.one(("Z", "Z", "+00:00", "-07:00", "+05:30", "+24:00", "+23:59", "-00:01", "z",
        "", "+0100", "+25:00"))  # fmt: skip
    text = f"{year}-{month}-{day}T{clock}{fraction}{offset}"
    return [d.mutated(text, "0123456789-:TZ+. tz") if d.maybe(0.3) else text]


_AMOUNTS = ("1", "1.5", "0", "100", "0.1", ".5", "1.", "9223372036854775807", "2562047",
    "0.000000001", "123456789.123456789", "292", "293", "106751", "1.0000000000000000001", "00",
    "15250")  # fmt: skip


def _duration(d: Draw) -> list[Any]:
    if d.maybe(0.1):
        return [d.one(("", "0", "-0", "+0", "1", "h", "-", "+", ".", ".s", "1.s", ".5s",
            "1e3s", "é", "1é", "1h-1m", "- 1s"))]  # fmt: skip
    units = ("h", "m", "s", "ms", "us", "µs", "μs", "ns", "d", "w", "y", "H", "x", "", "hh", "mo")
    text = "".join(
        d.one(_AMOUNTS) + (d.one(units[:11]) if d.maybe(0.9) else d.one(units))
        for _ in range(d.small(1, 3))
    )
    text = d.one(("", "", "", "-", "+")) + text
    return [d.mutated(text, "0123456789.hmsdwy-+ e") if d.maybe(0.15) else text]


def _moved(d: Draw) -> list[Any]:
    def delta() -> Any:
        far = (1000, -1000, 100000, 1 << 40, 1 << 62, 1 << 63, Num("1.0"), Num("0.5"))
        return d.small(-40, 40) if d.maybe(0.9) else d.one(far)

    return [_at(d), delta(), delta(), delta()]


def _two(d: Draw) -> list[Any]:
    first = _at(d)
    if d.maybe(0.5):
        return [first, _at(d)]
    ns = first[0] if isinstance(first, list) and first else first
    if not isinstance(ns, int):
        return [first, _at(d)]
    day = 86400 * 10**9
    second = ns + d.small(-400, 400) * d.one((day, day, 3600 * 10**9, 31 * day, 1))
    return [first, max(-(1 << 63), min((1 << 63) - 1, second))]


FAMILIES: dict[str, dict[str, Operands]] = {
    "time": {
        "time.add_date": _moved,
        "time.clock": lambda d: [_at(d)],
        "time.date": lambda d: [_at(d)],
        "time.diff": _two,
        "time.format": _format,
        "time.parse_duration_ns": _duration,
        "time.parse_ns": lambda d: _named(d) if d.maybe(0.25) else _parse(d),
        "time.parse_rfc3339_ns": _rfc3339,
        "time.weekday": lambda d: [_at(d)],
    },
}
