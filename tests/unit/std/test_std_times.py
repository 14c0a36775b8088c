"""Times, durations and layouts against datetime and zoneinfo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
instants = st.integers(-(1 << 62), 1 << 62)


def _local(ns: int, zone: str) -> datetime:
    return (_EPOCH + timedelta(microseconds=ns // 1000)).astimezone(ZoneInfo(zone))


@given(instants, _ZONES)
def test_calendars_agree(call: Any, ns: int, zone: str) -> None:
    t = _local(ns, zone)
    assert call("time.date", [ns, zone]) == [t.year, t.month, t.day]
    assert call("time.clock", [ns, zone]) == [t.hour, t.minute, t.second]
    assert call("time.weekday", [ns, zone]) == t.strftime("%A")
    assert call("time.format", [ns, zone, "2006-01-02 15:04:05 Mon Jan"]) == (
        f"{t.year:04d}-" + t.strftime("%m-%d %H:%M:%S %a %b")
    )


@given(instants)
def test_the_default_format_reads_back(call: Any, ns: int) -> None:
    assert call("time.parse_rfc3339_ns", call("time.format", ns)) == ns
    for layout in (
        "RFC3339Nano",
        "2006-01-02T15:04:05.000000000-0700",
        "2006 002 15.04.05,999999999",
    ):
        text = call("time.format", [ns, "UTC", layout])
        assert call("time.parse_ns", layout, text) == ns


@given(st.integers(-(1 << 60), 1 << 60), st.integers(-50, 50), st.integers(-400, 400))
def test_days_are_added_in_utc(call: Any, ns: int, months: int, days: int) -> None:
    assert call("time.add_date", ns, 0, 0, days) == ns + days * 86400 * 10**9
    assert call("time.add_date", ns, 0, 12, 0) == call("time.add_date", ns, 1, 0, 0)
    moved = call("time.date", call("time.add_date", ns, 0, months, 0))
    year, month, day = call("time.date", ns)
    if day <= 28:
        whole = year * 12 + month - 1 + months
        assert moved == [whole // 12, whole % 12 + 1, day]


@given(instants, instants)
def test_difference_has_no_direction(call: Any, a: int, b: int) -> None:
    parts = call("time.diff", a, b)
    assert parts == call("time.diff", b, a)
    assert all(p >= 0 for p in parts)


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_durations(call: Any, hours: int, minutes: int, seconds: int, millis: int) -> None:
    expected = timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=millis)
    text = f"{hours}h{minutes}m{seconds}.{millis:03d}s"
    assert call("time.parse_duration_ns", text) == expected // timedelta(microseconds=1) * 1000
    assert call("time.parse_duration_ns", f"{minutes}d") == minutes * 24 * 3600 * 10**9


def test_now_is_one_instant_in_a_query(call: Any) -> None:
    frame = call.frame()
    assert call("time.now_ns", frame=frame) == call("time.now_ns", frame=frame)


def test_errors_are_gos(call: Any) -> None:
    for operands, text in (
        (("2006-01-02", "x"), 'parsing time "x" as "2006-01-02": cannot parse "x" as "2006"'),
        (("2006-01-02", "2020-13-01"), 'parsing time "2020-13-01": month out of range'),
        (("2006-01-02", "2020-02-30"), 'parsing time "2020-02-30": day out of range'),
        (("2006-01-02", "2020-02-03x"), 'parsing time "2020-02-03x": extra text: "x"'),
        (("2006", "1500"), "time outside of valid range"),
    ):
        with pytest.raises(BuiltinError) as caught:
            call("time.parse_ns", *operands)
        assert caught.value.message == f"time.parse_ns: {text}"
    with pytest.raises(BuiltinError, match="unknown time zone No/Where"):
        call("time.format", [0, "No/Where"])
    with pytest.raises(BuiltinError, match="invalid location name"):
        call("time.format", [0, "../etc/passwd"])
