"""Responses kept from query to query: for how long they are fresh, and within which bound.

The rules are RFC 7234's as OPA applies them: ``max-age`` counts from the ``Date`` header, else
``Expires`` stands; ``no-store`` is heeded; a response that is no longer fresh is asked for again
with ``If-None-Match`` and ``If-Modified-Since``, if it told what to ask with.
"""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from regolive.concurrency import Mutex
from regolive_std.http_request import Caching, HttpRequest
from regolive_std.http_response import HttpResponse
from regolive_std.http_tls import TlsOptions

CACHEABLE = frozenset({200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501})
"""The status codes of responses that are kept, within a query and across (RFC 7231, 6.1)."""

DEFAULT_SIZE = 100_000_000
"""Bytes that all kept responses may take together."""

# What an entry takes besides its texts, and a parsed document for each byte of its text; measured
# on objects of short strings and numbers (bytes).
_OVERHEAD = 1000
_PARSED = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A kept response.

    Attributes:
        request: what it answers, without body and keys.
        response: as the server sent it.
        parsed: the response object, if it is kept as such; else it is made anew for each query.
        fresh_until: seconds since the epoch.
        size: an estimate, in bytes.
    """

    request: HttpRequest
    response: HttpResponse
    parsed: dict[str, Any] | None
    fresh_until: float
    size: int

    def conditions(self) -> list[tuple[str, str]]:
        """The headers that ask whether the response still holds; none if it cannot be asked."""
        found = []
        for ask, told in (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified")):
            value = next(iter(self.response.headers.get(told, ())), "")
            if value:
                found.append((ask, value))
        return found


class ResponseCache:
    """Responses by what makes requests the same. Thread-safe; the least recently used go first.

    Two queries that miss at the same time both ask the server: nobody waits for another query.
    """

    def __init__(self, max_size: int = DEFAULT_SIZE, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self._max_size = max_size
        # Guards the entries and their size. Nothing is called under it.
        self._lock = Mutex("std.responses", guards="the responses that http.send keeps")
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable) -> Entry | None:
        """The entry for a key, fresh or not."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def is_fresh(self, entry: Entry) -> bool:
        """Whether an entry can be used without asking."""
        return self.now() < entry.fresh_until

    def put(self, key: Hashable, entry: Entry) -> None:
        """Keep an entry, and let others go to make room. One that is too large is not kept."""
        with self._lock:
            self._remove(key)
            if entry.size > self._max_size:
                return
            self._entries[key] = entry
            self._size += entry.size
            self._shrink()

    def remove(self, key: Hashable) -> None:
        """Forget the entry for a key."""
        with self._lock:
            self._remove(key)

    def resize(self, max_size: int) -> None:
        """Change the bound."""
        with self._lock:
            self._max_size = max_size
            self._shrink()

    def status(self) -> dict[str, int]:
        """How many responses are kept, and how much that is."""
        with self._lock:
            return {
                "entries": len(self._entries),
                "size_bytes": self._size,
                "max_size_bytes": self._max_size,
            }

    def _remove(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry.size

    def _shrink(self) -> None:
        while self._size > self._max_size:
            _, entry = self._entries.popitem(last=False)
            self._size -= entry.size


def make_entry(
    request: HttpRequest, response: HttpResponse, parsed: dict[str, Any], now: float
) -> Entry | None:
    """The entry for a response that came just now; None if it is not to be kept."""
    caching = request.caching
    if caching is None or response.code not in CACHEABLE:
        return None
    fresh_until = _fresh_until(response.headers, caching, now)
    if fresh_until is None:
        return None
    size = len(response.raw) * (_PARSED if caching.parsed else 1)
    size += sum(sys.getsizeof(v) for values in response.headers.values() for v in values)
    entry = Entry(
        replace(request, body=None, tls=TlsOptions()),
        response,
        parsed if caching.parsed else None,
        fresh_until,
        _OVERHEAD + size,
    )
    if now >= fresh_until and not entry.conditions():
        return None  # it could never be used
    return entry


def renewed(entry: Entry, answer: HttpResponse, now: float) -> Entry:
    """An entry whose server said that it still holds (304), with the headers it said it with."""
    response = replace(entry.response, headers={**entry.response.headers, **answer.headers})
    # no-store comes too late: the response is kept, to be asked about again.
    fresh_until = _fresh_until(response.headers, entry.request.caching, now) or 0.0
    parsed = entry.parsed
    if parsed is not None:
        parsed = {**parsed, "headers": response.headers}
    return replace(entry, response=response, parsed=parsed, fresh_until=fresh_until)


def _fresh_until(
    headers: dict[str, list[str]], caching: Caching | None, now: float
) -> float | None:
    """Until when a response is fresh; 0 if its headers do not say, None if it is not to be kept."""
    if caching is not None and caching.duration is not None:
        return now + caching.duration
    directives = _directives(next(iter(headers.get("cache-control", ())), ""))
    if "no-store" in directives:
        return None
    try:
        date, expires = (_instant(headers, name) for name in ("date", "expires"))
        if "max-age" in directives:
            age = directives["max-age"]
            if not age.isascii() or not age.isdigit():
                return None
            return 0.0 if date is None else date + int(age)
    except ValueError:
        return None  # OPA keeps no response whose headers it cannot read
    return 0.0 if expires is None else expires


def _directives(text: str) -> dict[str, str]:
    """The directives of a ``Cache-Control`` header; of two alike, the last."""
    found = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        found[name.strip()] = value.strip()
    return found


def _instant(headers: dict[str, list[str]], name: str) -> float | None:
    """Seconds since the epoch of a header with a date. Raises ValueError for what is none."""
    text = next(iter(headers.get(name, ())), "")
    if not text:
        return None
    found = parsedate_to_datetime(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
