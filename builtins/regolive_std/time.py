"""Times: nanoseconds since the epoch, layouts, time zones, durations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from regolive import BuiltinContext, BuiltinError, Number
from regolive.errors import BuiltinTypeError
from regolive.values import as_integer, is_number, type_name
from regolive_std._declare import (
    INTEGER,
    NUMBER,
    STRING,
    integer,
    one_of,
    std,
    tuple_of,
    unchecked,
    wrong_type,
)
from regolive_std.durations import parse_duration
from regolive_std.golayout import (
    DAYS,
    NAMED_LAYOUTS,
    Moment,
    civil_from_days,
    days_from_civil,
    format_moment,
    parse_moment,
)

_INT64 = 1 << 63
_SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONED = unchecked(one_of(NUMBER, tuple_of(NUMBER, STRING)))
_FORMATTED = unchecked(one_of(NUMBER, tuple_of(NUMBER, STRING), tuple_of(NUMBER, STRING, STRING)))
_THREE = tuple_of(NUMBER, NUMBER, NUMBER)


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo | None:
    """A time zone by its name in the IANA database; None for the machine's own."""
    if name in {"", "UTC"}:
        return UTC
    if name == "Local":
        return None
    if ".." in name or name[0] in "/\\":
        raise BuiltinError("time: invalid location name")
    try:
        return ZoneInfo(name)
    except IsADirectoryError:
        raise BuiltinError("is a directory") from None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BuiltinError(f"unknown time zone {name}") from None


def _at(ns: int, zone: tzinfo | None) -> Moment:
    """An instant as the clocks of a zone show it."""
    seconds, nanos = divmod(ns, _SECOND)
    if zone is UTC:
        return Moment(seconds, nanos, 0, "UTC")
    local = (_EPOCH + timedelta(seconds=seconds)).astimezone(zone)
    offset = local.utcoffset() or timedelta()
    east = offset.days * 86400 + offset.seconds
    return Moment(seconds + east, nanos, east, local.tzname() or "")


def _string(value: Any) -> str:
    if value.__class__ is not str:
        raise wrong_type(1, value, "string")
    return str(value)


def _operand(value: Any, operand: int = 1) -> tuple[int, tzinfo | None, str]:
    """(nanoseconds, zone, layout) of an operand ``ns``, ``[ns, tz]`` or ``[ns, tz, layout]``."""
    zone: tzinfo | None = UTC
    layout = ""
    number = value
    if value.__class__ is list and value:
        number = value[0]
        if not is_number(number):
            raise wrong_type(1, number, "number")
        if len(value) > 1:
            zone = _zone(_string(value[1]))
        if len(value) > 2:
            layout = _string(value[2])
    elif not is_number(value):
        raise BuiltinTypeError(
            "operand 1 must be either number (ns) or [number (ns), string (tz)] "
            f"but got {type_name(value)}"
        )
    ns = as_integer(number)
    if ns is None or not -_INT64 <= ns < _INT64:
        raise BuiltinError("timestamp too big")
    return ns, zone, layout


def _moment(value: Any) -> Moment:
    ns, zone, _ = _operand(value)
    return _at(ns, zone)


def _nanoseconds(seconds: int, nanos: int) -> int:
    ns = seconds * _SECOND + nanos
    if not -_INT64 <= ns < _INT64:
        raise BuiltinError("time outside of valid range")
    return ns


@std("time.now_ns", nondeterministic=True, result=NUMBER, result_name="now")
def time_now_ns(ctx: BuiltinContext) -> int:
    """The instant of the query, the same at every call in it.

    Example:
        >>> time.now_ns() > 1700000000000000000
        true
        >>> time.now_ns() == time.now_ns()
        true
    """
    return ctx.now_ns


def _parsed(layout: str, value: str) -> int:
    found = parse_moment(layout, value)
    return _nanoseconds(found.seconds - found.offset, found.nanos)


@std("time.parse_ns", result=NUMBER, result_name="ns")
def time_parse_ns(layout: str, value: str) -> int:
    """The instant that a text in a Go layout (or one of Go's named ones) stands for.

    Example:
        >>> time.parse_ns("2006-01-02", "2024-02-29")
        1709164800000000000
        >>> time.parse_ns("Jan 2, 2006 at 3:04pm (MST)", "Feb 3, 2024 at 7:54pm (UTC)")
        1706990040000000000
        >>> time.parse_ns("2006-01-02", "2024-02-30")
        error: eval_builtin_error: time.parse_ns: parsing time "2024-02-30": day out of range
    """
    return _parsed(NAMED_LAYOUTS.get(layout, layout), value)


@std("time.parse_rfc3339_ns", result=NUMBER, result_name="ns")
def time_parse_rfc3339_ns(value: str) -> int:
    """The instant that a text as of RFC 3339 stands for.

    Example:
        >>> time.parse_rfc3339_ns("2024-02-29T12:00:00+02:00")
        1709200800000000000
        >>> time.parse_rfc3339_ns("2024-02-29")
        error: eval_builtin_error: time.parse_rfc3339_ns: parsing time "2024-02-29" as
        "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"
    """
    return _parsed(NAMED_LAYOUTS["RFC3339"], value)


@std("time.parse_duration_ns", result=NUMBER, result_name="ns")
def time_parse_duration_ns(duration: str) -> int:
    """The nanoseconds of a duration such as ``1h30m``; also in days, weeks and years.

    Example:
        >>> time.parse_duration_ns("1h30m")
        5400000000000
        >>> time.parse_duration_ns("1.5s")
        1500000000
        >>> time.parse_duration_ns("90")
        error: eval_builtin_error: time.parse_duration_ns: time: missing unit in duration "90"
    """
    return parse_duration(duration)


@std("time.format", args=[_FORMATTED], result=STRING, result_name="formatted timestamp")
def time_format(x: Any) -> str:
    """An instant as text: by default as of RFC 3339, else in a zone and a Go layout.

    Example:
        >>> time.format(1709208000000000000)
        "2024-02-29T12:00:00Z"
        >>> time.format([1709208000000000000, "Europe/Berlin"])
        "2024-02-29T13:00:00+01:00"
        >>> time.format([1709208000000000000, "", "Monday, 02 Jan 06"])
        "Thursday, 29 Feb 24"
        >>> time.format([1, "Nowhere/Else"])
        error: eval_builtin_error: time.format: unknown time zone Nowhere/Else
    """
    ns, zone, layout = _operand(x)
    layout = NAMED_LAYOUTS.get(layout or "RFC3339Nano", layout)
    return format_moment(_at(ns, zone), layout)


@std("time.date", args=[_ZONED], result=_THREE, result_name="date")
def time_date(x: Any) -> list[int]:
    """The year, month and day of an instant, in UTC or a zone.

    Example:
        >>> time.date(1709208000000000000)
        [2024, 2, 29]
        >>> time.date([1709208000000000000, "Pacific/Auckland"])
        [2024, 3, 1]
    """
    return list(_moment(x).date)


@std("time.clock", args=[_ZONED], result=_THREE, result_name="output")
def time_clock(x: Any) -> list[int]:
    """The hour, minute and second of an instant, in UTC or a zone.

    Example:
        >>> time.clock(1709208000000000000)
        [12, 0, 0]
        >>> time.clock([1709208000000000000, "America/New_York"])
        [7, 0, 0]
    """
    return list(_moment(x).clock)


@std("time.weekday", args=[_ZONED], result=STRING, result_name="day")
def time_weekday(x: Any) -> str:
    """The day of the week of an instant, in English.

    Example:
        >>> time.weekday(1709208000000000000)
        "Thursday"
    """
    return DAYS[_moment(x).weekday]


@std(
    "time.add_date",
    args=[unchecked(NUMBER), *[unchecked(INTEGER)] * 3],
    result=NUMBER,
    result_name="output",
)
def time_add_date(ns: Any, years: Any, months: Any, days: Any) -> Number:
    """An instant some years, months and days later; October 32 becomes November 1.

    Example:
        >>> time.format(time.add_date(1709208000000000000, 1, 0, 0))
        "2025-03-01T12:00:00Z"
    """
    instant, zone, _ = _operand(ns)
    years, months, days = integer(2, years), integer(3, months), integer(4, days)
    if max(abs(years), abs(months), abs(days)) > 1 << 40:
        raise BuiltinError("time outside of valid range")
    t = _at(instant, zone)
    year, month, day = t.date
    moved = days_from_civil(year + years, month + months, day) + days
    seconds = moved * 86400 + t.seconds % 86400
    _nanoseconds(seconds - t.offset, t.nanos)  # what is out of range here has no zone data either
    return _nanoseconds(_to_utc(seconds, zone), t.nanos)


def _to_utc(seconds: int, zone: tzinfo | None) -> int:
    """The instant at which a zone's clocks show a time, found as Go finds it."""
    first = _at(seconds * _SECOND, zone).offset
    second = _at((seconds - first) * _SECOND, zone).offset
    return seconds - second


@std("time.diff", args=[_ZONED, _ZONED], result=tuple_of(*[NUMBER] * 6), result_name="output")
def time_diff(ns1: Any, ns2: Any) -> list[int]:
    """Years, months, days, hours, minutes and seconds between two instants.

    Example:
        >>> time.diff(1709208000000000000, 1672531200000000000)
        [1, 1, 28, 12, 0, 0]
    """
    first, zone, _ = _operand(ns1)
    second, _, _ = _operand(ns2)
    a, b = _at(min(first, second), zone), _at(max(first, second), zone)
    low = [*a.date, *a.clock]
    high = [*b.date, *b.clock]
    year, month, day, hour, minute, sec = (y - x for x, y in zip(low, high, strict=True))
    if sec < 0:
        sec, minute = sec + 60, minute - 1
    if minute < 0:
        minute, hour = minute + 60, hour - 1
    if hour < 0:
        hour, day = hour + 24, day - 1
    if day < 0:
        # The length of the month that the earlier one is in.
        day += 32 - civil_from_days(days_from_civil(low[0], low[1], 32))[2]
        month -= 1
    if month < 0:
        month, year = month + 12, year - 1
    return [year, month, day, hour, minute, sec]
