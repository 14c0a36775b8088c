"""The formats of JSON schema's ``format`` that OPA checks, as Go reads them.

A format that is not among them passes, and so does a value that is no string.
"""

from __future__ import annotations

from collections.abc import Callable

from regolive import BuiltinError
from regolive_std import regex
from regolive_std.golayout import NAMED_LAYOUTS, parse_moment
from regolive_std.json_schema_refs import parse_reference
from regolive_std.mail_address import is_mail_address
from regolive_std.net import parse_address
from regolive_std.text import to_bytes
from regolive_std.uri import parse_uri

_CLOCK = ("15:04:05", "15:04:05Z07:00")
_DATE = "2006-01-02"


def is_format(name: str, text: str) -> bool:
    """Whether a string has a format."""
    checker = _FORMATS.get(name)
    return checker is None or checker(text)


def _time(*layouts: str) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        for layout in layouts:
            try:
                parse_moment(layout, text)
            except BuiltinError:
                continue
            return True
        return False

    return check


def _matching(pattern: str) -> Callable[[str], bool]:
    return lambda text: regex.matches(pattern, text)


def _hostname(text: str) -> bool:
    label = "([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])"
    return len(to_bytes(text)) < 256 and regex.matches(rf"^{label}(\.{label})*$", text)


def _uri_reference(text: str) -> bool:
    try:
        parse_reference(text)
    except BuiltinError:
        return False
    return "\\" not in text


def _uri(text: str) -> bool:
    return _uri_reference(text) and parse_reference(text).scheme != ""


def _uri_template(text: str) -> bool:
    """A URI reference with braces that are closed, and not nested, in its path."""
    if not _uri_reference(text):
        return False
    return regex.matches(r"^([^{]*({[^}]*})?)*$", parse_uri(text).get("path", ""))


_POINTER = "(/([^~/]|~0|~1)*)*"

_FORMATS: dict[str, Callable[[str], bool]] = {
    "date": _time(_DATE),
    "time": _time(*_CLOCK),
    "date-time": _time(*_CLOCK, _DATE, NAMED_LAYOUTS["RFC3339"], NAMED_LAYOUTS["RFC3339Nano"]),
    "hostname": _hostname,
    "email": is_mail_address,
    "idn-email": is_mail_address,
    "ipv4": lambda text: "." in text and parse_address(text) is not None,
    "ipv6": lambda text: ":" in text and parse_address(text) is not None,
    "uri": _uri,
    "uri-reference": _uri_reference,
    "iri": _uri,
    "iri-reference": _uri_reference,
    "uri-template": _uri_template,
    "uuid": _matching("^(?i)[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$"),
    "regex": regex.regex_is_valid,
    "json-pointer": _matching(f"^{_POINTER}$"),
    "relative-json-pointer": _matching(f"^(0|[1-9][0-9]*)(#|{_POINTER})$"),
}
