"""What a bucket's watch stream brings: raw messages, and the values and changes read from them.

Runs once for each key of a bucket, so it does as little as it can.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from regolive.values import parse_number

RawEntry: TypeAlias = tuple[str, int, bytes, bool]
"""One message of a bucket's stream: key, revision, bytes, and whether it is a deletion.

A plain tuple, because making a named one takes longer than all else that is done for a message.
"""


class _Deleted:
    """The class of DELETED."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "DELETED"


DELETED = _Deleted()
"""Stands where a value would: the key was deleted or purged."""


def is_deletion(headers: Mapping[str, str] | None) -> bool:
    """Whether a message's headers mark its key as gone.

    A client's delete and purge say so with KV-Operation (NATS ADR-8); a server that placed the
    marker itself, because of an age limit for instance, with Nats-Marker-Reason (ADR-43).
    """
    if not headers:
        return False
    return headers.get("KV-Operation") in ("DEL", "PURGE") or "Nats-Marker-Reason" in headers


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(parse_float=parse_number, parse_constant=_refuse).decode


def parse_value(data: bytes) -> Any:
    """The value that bytes in a bucket stand for: JSON, or the text itself where it is none.

    Bytes that are not UTF-8 become U+FFFD, as in Go's JSON.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace")
    # Scalars first: most values are, and a decoder costs several times as much.
    if text.isdecimal() and text.isascii() and len(text) < 16 and (text[0] != "0" or text == "0"):
        return int(text)
    if text == "true":
        return True
    if text == "false":
        return False
    if text == "null":
        return None
    if text[:1] == '"' and text[-1] == '"' and len(text) > 1 and "\\" not in text:
        inner = text[1:-1]
        if inner.isprintable() and '"' not in inner:
            return inner
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return text
