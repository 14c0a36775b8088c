"""Go's time layouts: ``2006-01-02T15:04:05Z07:00`` and the like, formatted and parsed.

A layout is the reference time, Mon Jan 2 15:04:05 MST 2006, written the way the time at hand is
(Go ``time`` package documentation). Dates are the proleptic Gregorian calendar.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from regolive import BuiltinError
from regolive_std.kept import kept_by_text
from regolive_std.text import to_bytes

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

NAMED_LAYOUTS = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}

# Alternatives in the order in which Go tries them at a place.
_CHUNK = re.compile(
    r"""
    January | Jan(?![a-z]) | Monday | Mon(?![a-z]) | MST
    | 002 | 0[1-6] | 15 | 2006 | __2 | _2(?!006) | [1-5]
    | PM | pm
    | [-Z]07:00:00 | [-Z]070000 | [-Z]07:00 | [-Z]0700 | [-Z]07
    | [.,](?:0+|9+)(?![0-9])
    """,
    re.VERBOSE,
)


def quote(text: str) -> str:
    """A string as errors of Go's ``time`` show it: bytes that are not plain ASCII escaped."""
    chars = (
        "\\" + chr(b) if b in b'"\\' else chr(b) if 0x20 <= b < 0x80 else f"\\x{b:02x}"
        for b in to_bytes(text)
    )
    return '"' + "".join(c for c in chars) + '"'


@kept_by_text(256)
def _chunks(layout: str) -> tuple[tuple[str, str, str], ...]:
    """(text before, chunk, the chunk and what follows it) for each chunk; the last has none."""
    out = []
    at = 0
    for found in _CHUNK.finditer(layout):
        out.append((layout[at : found.start()], found[0], layout[found.start() :]))
        at = found.end()
    out.append((layout[at:], "", ""))
    return tuple(out)


def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; months and days may be out of their range."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    y = year - (month <= 2)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year + day - 1 - 719468


def civil_from_days(days: int) -> tuple[int, int, int]:
    """The year, month and day of a number of days since 1970-01-01."""
    days += 719468
    era, of_era = divmod(days, 146097)
    years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return years + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as a clock in some zone shows it.

    ``seconds`` since 1970 on that clock, ``nanos`` behind; ``offset`` seconds east of UTC.
    """

    seconds: int
    nanos: int
    offset: int
    zone: str

    @property
    def date(self) -> tuple[int, int, int]:
        """Year, month, day."""
        return civil_from_days(self.seconds // 86400)

    @property
    def clock(self) -> tuple[int, int, int]:
        """Hour, minute, second."""
        rest = self.seconds % 86400
        return rest // 3600, rest // 60 % 60, rest % 60

    @property
    def weekday(self) -> int:
        """The day of the week, Sunday being 0."""
        return (self.seconds // 86400 + 4) % 7


def _offset_text(chunk: str, offset: int) -> str:
    if chunk[0] == "Z" and offset == 0:
        return "Z"
    sign = "-" if offset < 0 else "+"
    rest = abs(offset)
    hours, minutes, seconds = rest // 3600, rest // 60 % 60, rest % 60
    colon = ":" if ":" in chunk else ""
    text = f"{sign}{hours:02d}"
    if len(chunk) > 3:
        text += f"{colon}{minutes:02d}"
    if len(chunk) > 6:
        text += f"{colon}{seconds:02d}"
    return text


def format_moment(t: Moment, layout: str) -> str:
    """A time in a layout."""
    year, month, day = t.date
    hour, minute, second = t.clock
    year_day = t.seconds // 86400 - days_from_civil(year, 1, 1) + 1
    fixed = {
        "January": MONTHS[month - 1],
        "Jan": MONTHS[month - 1][:3],
        "1": str(month),
        "01": f"{month:02d}",
        "Monday": DAYS[t.weekday],
        "Mon": DAYS[t.weekday][:3],
        "2": str(day),
        "_2": f"{day:2d}",
        "02": f"{day:02d}",
        "__2": f"{year_day:3d}",
        "002": f"{year_day:03d}",
        "15": f"{hour:02d}",
        "3": str(hour % 12 or 12),
        "03": f"{hour % 12 or 12:02d}",
        "4": str(minute),
        "04": f"{minute:02d}",
        "5": str(second),
        "05": f"{second:02d}",
        "2006": f"{year:04d}",
        "06": f"{year % 100:02d}",
        "PM": "PM" if hour >= 12 else "AM",
        "pm": "pm" if hour >= 12 else "am",
        "MST": t.zone,
    }
    out = []
    for before, chunk, _ in _chunks(layout):
        out.append(before)
        if chunk in fixed:
            out.append(fixed[chunk])
        elif chunk[:1] in (".", ","):
            digits = f"{t.nanos:09d}"[: len(chunk) - 1]
            if chunk[1] == "9":
                digits = digits.rstrip("0")
            out.append(chunk[0] + digits if digits else "")
        elif chunk:
            out.append(_offset_text(chunk, t.offset))
    return "".join(out)


class _Mismatch(Exception):
    """The value does not have what the layout asks for."""


class _OutOfRange(Exception):
    """A number that cannot be; ``args[0]`` names it."""


class _Parser:
    """Reads one value by one layout."""

    def __init__(self, value: str) -> None:
        self.rest = value
        self.year = 0
        self.month = self.day = self.year_day = -1
        self.hour = self.minute = self.second = self.nanos = 0
        self.afternoon: bool | None = None
        self.offset: int | None = None  # of a numeric zone; None with a name or without any
        self.utc = False  # a zone says so: that goes before any offset

    def skip(self, text: str) -> None:
        """Pass over what stands between chunks; a space stands for any number of them."""
        at = 0
        while at < len(text):
            if text[at] == " ":
                if self.rest and self.rest[0] != " ":
                    raise _Mismatch
                while at < len(text) and text[at] == " ":
                    at += 1
                self.rest = self.rest.lstrip(" ")
                continue
            if not self.rest.startswith(text[at]):
                raise _Mismatch
            self.rest = self.rest[1:]
            at += 1

    def take(self, pattern: str) -> str:
        found = re.match(pattern, self.rest)
        if not found:
            raise _Mismatch
        self.rest = self.rest[found.end() :]
        return found[0]

    def number(self, *, fixed: bool) -> int:
        return int(self.take("[0-9]{2}" if fixed else "[0-9]{1,2}"))

    def ranged(self, what: str, low: int, high: int, *, fixed: bool) -> int:
        found = self.number(fixed=fixed)
        if not low <= found <= high:
            raise _OutOfRange(what)
        return found

    def name(self, names: tuple[str, ...], length: int | None) -> int:
        for at, name in enumerate(names):
            short = name[:length]
            if self.rest[: len(short)].lower() == short.lower():
                self.rest = self.rest[len(short) :]
                return at
        raise _Mismatch

    def chunk(self, chunk: str, layout_after: str) -> None:
        """Read what one chunk of the layout stands for."""
        if chunk == "2006":
            self.year = int(self.take("[0-9]{4}"))
        elif chunk == "06":
            year = int(self.take("[0-9+-][0-9]"))
            self.year = year + (1900 if year >= 69 else 2000)
        elif chunk in ("Jan", "January"):
            self.month = self.name(MONTHS, 3 if chunk == "Jan" else None) + 1
        elif chunk in ("1", "01"):
            self.month = self.ranged("month", 1, 12, fixed=chunk == "01")
        elif chunk in ("Mon", "Monday"):
            self.name(DAYS, 3 if chunk == "Mon" else None)
        elif chunk in ("2", "_2", "02"):
            if chunk == "_2":
                self.rest = self.rest.removeprefix(" ")
            self.day = self.number(fixed=chunk == "02")
        elif chunk in ("__2", "002"):
            for _ in range(2):
                if chunk == "__2":
                    self.rest = self.rest.removeprefix(" ")
            self.year_day = int(self.take("[0-9]{3}" if chunk == "002" else "[0-9]{1,3}"))
        elif chunk == "15":
            self.hour = self.ranged("hour", 0, 23, fixed=False)
        elif chunk in ("3", "03"):
            self.hour = self.ranged("hour", 0, 12, fixed=chunk == "03")
        elif chunk in ("4", "04"):
            self.minute = self.ranged("minute", 0, 59, fixed=chunk == "04")
        elif chunk in ("5", "05"):
            self.second = self.ranged("second", 0, 59, fixed=chunk == "05")
            if not _fraction_next(layout_after):
                self.fraction("[.,][0-9]+", optional=True)
        elif chunk in ("PM", "pm"):
            marks = ("PM", "AM") if chunk == "PM" else ("pm", "am")
            self.afternoon = self.take("|".join(marks)) == marks[0]
        elif chunk == "MST":
            self.zone_name()
        elif chunk[0] in ".,":
            if chunk[1] == "0":
                self.fixed_fraction(len(chunk))
            else:
                self.fraction("[.,][0-9]+", optional=True)
        else:
            self.zone_offset(chunk)

    def fraction(self, pattern: str, *, optional: bool) -> None:
        if optional and not re.match(pattern, self.rest):
            return
        digits = self.take(pattern)[1:]
        self.nanos = int(digits[:9].ljust(9, "0"))

    def fixed_fraction(self, length: int) -> None:
        """So many characters; Go looks at the first nine behind the point, and reads a sign."""
        text = self.rest[:length]
        if len(text) < length or text[0] not in ".,":
            raise _Mismatch
        found = _SIGNED.fullmatch(text[1:10])
        if not found:
            raise _Mismatch
        self.nanos = int(found[2].ljust(9 - len(found[1]), "0") or "0")
        if found[1] == "-" and self.nanos:
            raise _OutOfRange("fractional second")
        self.rest = self.rest[length:]

    def zone_offset(self, chunk: str) -> None:
        if chunk[0] == "Z" and self.rest.startswith("Z"):
            self.rest = self.rest[1:]
            self.utc = True
            return
        text = self.rest[: len(chunk)]
        colons = [at for at, char in enumerate(chunk) if char == ":"]
        if len(text) < len(chunk) or any(text[at] != ":" for at in colons):
            raise _Mismatch
        # What can be read is looked at, even if something else cannot.
        digits = text[1:].replace(":", "") if colons else text[1:]
        parts = [digits[at : at + 2] for at in range(0, len(digits), 2)]
        read = list(itertools.takewhile(_TWO_DIGITS.fullmatch, parts))
        hours, minutes, seconds = [*map(int, read), 0, 0, 0][:3]
        for what, found, most in (
            ("hour", hours, 24),
            ("minute", minutes, 60),
            ("second", seconds, 60),
        ):
            if found > most:
                raise _OutOfRange(f"time zone offset {what}")
        if len(read) < len(parts) or text[0] not in "+-":
            raise _Mismatch
        offset = (hours * 60 + minutes) * 60 + seconds
        self.offset = -offset if text[0] == "-" else offset
        self.rest = self.rest[len(chunk) :]

    def zone_name(self) -> None:
        """A zone's abbreviation. It says nothing of the offset: the time is read as UTC."""
        if self.rest.startswith("UTC"):
            self.rest = self.rest[3:]
            self.utc = True
            return
        found = _ZONE.match(self.rest)
        if not found:
            raise _Mismatch
        end = found.end()
        hours = found[2] or found[3]
        if hours and int(hours) > 23:  # then it is no offset
            end = found.end(1) if found[1] else 0
        if not end or len(self.rest) < 3:
            raise _Mismatch
        self.rest = self.rest[end:]

    def moment(self) -> Moment:
        """The time that was read. Raises _OutOfRange for a day that the month does not have."""
        hour = self.hour
        if self.afternoon and hour < 12:
            hour += 12
        elif self.afternoon is False and hour == 12:
            hour = 0
        month, day = self.month, self.day
        if self.year_day >= 0:
            month, day = self._from_year_day(month, day)
        month, day = max(month, 1), day if day >= 0 else 1
        length = days_from_civil(self.year, month + 1, 1) - days_from_civil(self.year, month, 1)
        if not 1 <= day <= length:
            raise _OutOfRange("day")
        days = days_from_civil(self.year, month, day)
        seconds = ((days * 24 + hour) * 60 + self.minute) * 60 + self.second
        return Moment(seconds, self.nanos, 0 if self.utc else self.offset or 0, "")

    def _from_year_day(self, month: int, day: int) -> tuple[int, int]:
        start = days_from_civil(self.year, 1, 1)
        if not 1 <= self.year_day <= days_from_civil(self.year + 1, 1, 1) - start:
            raise _OutOfRange("day-of-year")
        _, real_month, real_day = civil_from_days(start + self.year_day - 1)
        if month >= 0 and month != real_month:
            raise _OutOfRange("day-of-year does not match month")
        if day >= 0 and day != real_day:
            raise _OutOfRange("day-of-year does not match day")
        return real_month, real_day


# What Go takes for a zone: three or four capitals, an offset, GMT with an offset, two odd ones.
_ZONE = re.compile(
    r"ChST|MeST|(GMT)(?:[+-]([0-9]+))?|[+-]([0-9]+)"
    r"|[A-Z]{4}T(?![A-Z])|[A-Z]{3}T(?![A-Z])|WITA(?![A-Z])|[A-Z]{3}(?![A-Z])"
)


_TWO_DIGITS = re.compile("[0-9]{2}")
_SIGNED = re.compile("([+-]?)([0-9]*)")


def _fraction_next(layout_after: str) -> bool:
    following = _CHUNK.search(layout_after)
    return following is not None and following[0][0] in ".,"


def parse_moment(layout: str, value: str) -> Moment:
    """The time that a value in a layout stands for. Raises BuiltinError with Go's text."""
    parser = _Parser(value)
    shown = quote(value)
    try:
        for before, chunk, onwards in _chunks(layout):
            wanted = before
            parser.skip(before)
            if not chunk:
                break
            wanted, held = chunk, parser.rest
            try:
                parser.chunk(chunk, onwards[len(chunk) :])
            except _Mismatch:
                parser.rest = held
                raise
        if parser.rest:
            raise BuiltinError(f"parsing time {shown}: extra text: {quote(parser.rest)}")
        return parser.moment()
    except _Mismatch:
        raise BuiltinError(
            f"parsing time {shown} as {quote(layout)}: "
            f"cannot parse {quote(parser.rest)} as {quote(wanted)}"
        ) from None
    except _OutOfRange as error:
        what = error.args[0]
        text = what if "match" in what else f"{what} out of range"
        raise BuiltinError(f"parsing time {shown}: {text}") from None
