"""UUIDs."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from regolive import UNDEFINED
from regolive_std._declare import ANY, STRING, object_of, std

_FORM = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\Z", re.IGNORECASE
)
_BARE = re.compile(r"[0-9a-fA-F]{32}\Z")
# Between the epoch of UUIDs (1582-10-15) and that of Unix, in steps of 100 ns.
_EPOCHS = 0x01B21DD213814000
_DOMAINS = ("Person", "Group", "Org")


@std("uuid.rfc4122", nondeterministic=True, memoize=True, result_name="output")
def uuid_rfc4122(k: str) -> str:
    """A random UUID (version 4); within a query the same for the same key.

    Example:
        >>> count(uuid.rfc4122("key"))
        36
        >>> uuid.rfc4122("a") == uuid.rfc4122("a")
        true
    """
    return str(uuid4())


def _read(text: str) -> bytes | None:
    length = len(text)
    if length == 32:
        return bytes.fromhex(text) if _BARE.match(text) else None
    if length == 45 and text[:9].lower() == "urn:uuid:":
        text = text[9:]
    elif length == 38:
        text = text[1:-1]  # braces, though OPA's library does not look
    found = _FORM.match(text)
    return bytes.fromhex("".join(found.groups())) if found else None


def _variant(byte: int) -> str:
    if byte & 0xC0 == 0x80:
        return "RFC4122"
    if byte & 0xE0 == 0xC0:
        return "Microsoft"
    return "Future" if byte & 0xE0 == 0xE0 else "Reserved"


def _mac_kind(byte: int) -> str:
    reach = "local" if byte & 2 else "global"
    return f"{reach}:{'multicast' if byte & 1 else 'unicast'}"


@std("uuid.parse", result=object_of(STRING, ANY), result_name="result")
def uuid_parse(uuid: str) -> Any:
    """What a UUID says of itself: version, variant, and for versions 1 and 2 time and node.

    Example:
        >>> uuid.parse("7d444840-9dc0-11d1-b245-5ffdce74fad2").version
        1
        >>> uuid.parse("no")
        undefined
    """
    data = _read(uuid)
    if data is None:
        return UNDEFINED
    version = data[6] >> 4
    out: dict[str, Any] = {"version": version, "variant": _variant(data[8])}
    if version in (1, 2):
        low, middle = int.from_bytes(data[0:4], "big"), int.from_bytes(data[4:6], "big")
        high = int.from_bytes(data[6:8], "big") & 0xFFF
        ticks = high << 48 | middle << 32 | low
        # Nanoseconds in 64 bits: what is before 1677 comes out as another time, as in OPA.
        out["time"] = ((ticks - _EPOCHS) * 100 + (1 << 63)) % (1 << 64) - (1 << 63)
        out["nodeid"] = data[10:].hex("-")
        out["macvariables"] = _mac_kind(data[10])
        out["clocksequence"] = int.from_bytes(data[8:10], "big") & 0x3FFF
        if version == 2:
            out["id"] = low
            domain = data[9]
            out["domain"] = _DOMAINS[domain] if domain < 3 else f"Domain{domain}"
    return out
