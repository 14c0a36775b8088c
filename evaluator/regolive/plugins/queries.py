"""What the hooks around a query are told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class QueryInfo:
    """A query as the ``regolive_query_begin`` and ``_end`` hooks see it.

    ``query`` is its text, ``state`` a place for the plugins' own notes from begin to end.
    """

    query: str
    input: Any
    error: Exception | None = None
    state: dict[str, Any] = field(default_factory=dict)
