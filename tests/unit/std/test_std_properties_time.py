"""Times against ``datetime``, ``zoneinfo`` and ``calendar``; durations against ``fractions``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError

SECOND = 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/Sao_Paulo",
)
zones = st.sampled_from(ZONES)
# Years 1700 to 2250.
instants = st.integers(-8520000000, 8830000000).map(lambda s: s * SECOND)
# Where clocks are moved: near midnight at the ends of months in spring and autumn.
near_changes = st.builds(
    lambda year, month, day, minutes: (
        (
            int((datetime(year, month, 25, tzinfo=UTC) - EPOCH).total_seconds())
            + day * 86400
            + minutes * 60
        )
        * SECOND
    ),
    st.integers(1975, 2036),
    st.sampled_from([3, 10, 11]),
    st.integers(-14, 9),
    st.integers(0, 1440),
)
any_instants = st.one_of(instants, near_changes)
nanos = st.integers(0, SECOND - 1)


def _local(ns: int, zone: str) -> datetime:
    return (EPOCH + timedelta(seconds=ns // SECOND)).astimezone(ZoneInfo(zone))


def _seconds(t: datetime) -> int:
    return int((t - EPOCH) / timedelta(seconds=1))


@given(any_instants, nanos, zones)
def test_what_clocks_and_calendars_show(call: Any, ns: int, rest: int, zone: str) -> None:
    t = _local(ns, zone)
    at = [ns + rest, zone]
    assert call("time.date", at) == [t.year, t.month, t.day]
    assert call("time.clock", at) == [t.hour, t.minute, t.second]
    assert call("time.weekday", at) == t.strftime("%A")


def _offset(t: datetime) -> str:
    """As ``-07:00`` in a layout: seconds are left out."""
    seconds = int((t.utcoffset() or timedelta()).total_seconds())
    sign = "-" if seconds < 0 else "+"
    return f"{sign}{abs(seconds) // 3600:02d}:{abs(seconds) // 60 % 60:02d}"


PIECES = {
    "2006": "%Y",
    "06": "%y",
    "January": "%B",
    "Jan": "%b",
    "01": "%m",
    "02": "%d",
    "_2": "%e",
    "002": "%j",
    "Monday": "%A",
    "Mon": "%a",
    "15": "%H",
    "03": "%I",
    "PM": "%p",
    "04": "%M",
    "05": "%S",
    "MST": "%Z",
}
pieces = st.lists(
    st.tuples(st.sampled_from(sorted(PIECES)), st.sampled_from([" ", "/", "; ", "|", "T "])),
    min_size=1,
    max_size=7,
)


@given(any_instants, zones, pieces)
def test_layouts_are_as_strftime(
    call: Any, ns: int, zone: str, chosen: list[tuple[str, str]]
) -> None:
    t = _local(ns, zone)
    layout = "".join(piece + mark for piece, mark in chosen)
    expected = "".join(t.strftime(PIECES[piece]) + mark for piece, mark in chosen)
    assert call("time.format", [ns, zone, layout]) == expected


@given(any_instants, nanos, zones)
def test_offsets_and_fractions(call: Any, ns: int, rest: int, zone: str) -> None:
    t = _local(ns, zone)
    stem = f"{t.year:04d}-{t.month:02d}-{t.day:02d}T{t.hour:02d}:{t.minute:02d}:{t.second:02d}"
    offset = _offset(t)
    utc = "Z" if t.utcoffset() == timedelta() else offset
    short = f".{rest:09d}".rstrip("0").rstrip(".")
    at = [ns + rest, zone]
    assert call("time.format", at) == stem + short + utc
    assert call("time.format", [*at, "RFC3339"]) == stem + utc
    assert call("time.format", [*at, "15:04:05.000 -0700"]) == (
        f"{stem[11:]}.{rest // 10**6:03d} {offset.replace(':', '')}"
    )


@given(
    st.datetimes(datetime(1700, 1, 1), datetime(2250, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 9),
)
def test_rfc_3339_is_read_as_datetime_reads_it(
    call: Any, t: datetime, offset: int, digits: int
) -> None:
    sign = "-" if offset < 0 else "+"
    zone = f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    fraction = f"{t.microsecond:06d}000"[:digits]
    stem = f"{t.year:04d}-" + t.strftime("%m-%dT%H:%M:%S")
    text = stem + (f".{fraction}" if fraction else "") + zone
    whole = _seconds(datetime.fromisoformat(stem + zone)) * SECOND
    assert call("time.parse_rfc3339_ns", text) == whole + int(fraction.ljust(9, "0"))


STRPTIME = [
    ("2006-01-02 15:04:05 -0700", "%Y-%m-%d %H:%M:%S %z"),
    ("Mon, 02 Jan 2006 03:04 PM -0700", "%a, %d %b %Y %I:%M %p %z"),
    ("January _2 2006 15:04:05 -07:00", "%B %d %Y %H:%M:%S %z"),
    ("02.01.2006", "%d.%m.%Y"),
    ("2006 002", "%Y %j"),
]
digit_changes = st.none() | st.tuples(st.integers(0), st.sampled_from("0123456789 xZ:"))


@given(any_instants, st.sampled_from(STRPTIME), digit_changes)
def test_texts_are_read_as_strptime_reads_them(
    call: Any, ns: int, layouts: tuple[str, str], change: tuple[int, str] | None
) -> None:
    """Where strptime fails, so does this; Python is more lenient with digits and spaces."""
    layout, python = layouts
    text = call("time.format", [ns, "America/New_York", layout])
    if change is not None:
        at = change[0] % (len(text) - 6)  # not in the offset: Go's may have 24 hours
        text = text[:at] + change[1] + text[at + 1 :]
    try:
        t = datetime.strptime(text, python)
        expected = _seconds(t if t.tzinfo else t.replace(tzinfo=UTC)) * SECOND
    except ValueError:
        with pytest.raises(BuiltinError):
            call("time.parse_ns", layout, text)
        return
    try:
        found = call("time.parse_ns", layout, text)
    except BuiltinError:
        assert change is not None
        return
    assert found == expected


# -- Calculating -----------------------------------------------------------------------------


def _instants(t: datetime, zone: str) -> set[int]:
    """The instants for what a clock shows: two where it is moved, by one rule or the other."""
    return {_seconds(t.replace(tzinfo=ZoneInfo(zone), fold=fold)) for fold in (0, 1)}


@given(
    any_instants,
    nanos,
    zones,
    st.integers(-30, 30),
    st.integers(-40, 40),
    st.integers(-500, 500),
)
def test_dates_are_added_on_the_calendar(
    call: Any, ns: int, rest: int, zone: str, years: int, months: int, days: int
) -> None:
    t = _local(ns, zone).replace(tzinfo=None)
    month = t.year * 12 + t.month - 1 + years * 12 + months
    moved = datetime(month // 12, month % 12 + 1, 1) + timedelta(
        t.day - 1 + days, hours=t.hour, minutes=t.minute, seconds=t.second
    )
    found = call("time.add_date", [ns + rest, zone], years, months, days)
    assert found % SECOND == rest
    assert found // SECOND in _instants(moved, zone)


@given(any_instants, any_instants, zones)
def test_differences_lead_from_one_to_the_other(call: Any, a: int, b: int, zone: str) -> None:
    low, high = (_local(ns, zone).replace(tzinfo=None) for ns in sorted((a, b)))
    found = call("time.diff", [a, zone], [b, zone])
    # A clock that was put back in between; a day that not every month has, for which OPA takes
    # another month's length.
    if high < low or low.day > 28:
        return
    years, months, days, hours, minutes, seconds = found
    assert years >= 0
    assert 0 <= months < 12
    assert 0 <= days < 31
    assert 0 <= hours < 24
    assert 0 <= minutes < 60
    assert 0 <= seconds < 60

    step = timedelta(days, hours=hours, minutes=minutes, seconds=seconds)

    def later(t: datetime) -> datetime:
        whole = t.year * 12 + t.month - 1 + years * 12 + months
        first = t.replace(year=whole // 12, month=whole % 12 + 1, day=1)
        return first + timedelta(t.day - 1)

    # Months before days, unless days lead into the next month.
    assert high in (later(low) + step, later(low + step))


# -- Durations -------------------------------------------------------------------------------

UNITS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "ms": 10**6,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
LONG = {"d": 86400 * SECOND, "w": 7 * 86400 * SECOND, "y": 365 * 86400 * SECOND}
amounts = st.tuples(
    st.integers(0, 999),
    st.sampled_from(["", ".", ".5", ".25", ".001"]),
    st.sampled_from(list(UNITS)),
)
long_amounts = st.tuples(st.integers(0, 9), st.just(""), st.sampled_from(list(LONG)))


@given(
    st.lists(st.one_of(amounts, long_amounts), min_size=1, max_size=5),
    st.sampled_from(["", "-", "+"]),
)
def test_durations_are_sums(call: Any, parts: list[tuple[int, str, str]], sign: str) -> None:
    text = sign + "".join(f"{n}{point}{unit}" for n, point, unit in parts)
    total = sum(
        int((n + Fraction("0" + point + "0" if point else "0")) * (UNITS | LONG)[unit])
        for n, point, unit in parts
    )
    assert call("time.parse_duration_ns", text) == (-total if sign == "-" else total)
