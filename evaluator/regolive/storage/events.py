"""What a store tells others: the changes of a commit, and which transactions are open.

Plain data. A place in a program is kept as code object and instruction offset, which costs next to
nothing to remember; the line is worked out here, when somebody asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import CodeType
from typing import Any, Literal

from regolive.storage.paths import Path

Op = Literal["add", "replace", "remove"]


@dataclass(frozen=True, slots=True)
class Change:
    """One operation of a commit.

    ``path`` is where it took effect (an append names the index it got); ``value`` is the value as
    it was given to the transaction, and None for a removal.
    """

    op: Op
    path: Path
    value: Any = None


@dataclass(frozen=True, slots=True)
class CommitEvent:
    """One commit: the store's revision after it, and its operations in their order.

    Revisions count the commits that changed something, from 1. Commits of different threads may be
    announced out of order; the revision tells.
    """

    revision: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A transaction that has not ended: for a status page, or for the error that it causes.

    ``thread`` is the name of the thread that opened it, ``place`` is where it did, as
    ``file:line in function``, and ``revision`` the one it sees.
    """

    kind: Literal["read", "write"]
    thread: str
    place: str
    revision: int


def describe_place(code: CodeType, offset: int) -> str:
    """``file:line in function`` for an instruction (``f_code`` and ``f_lasti`` of a frame)."""
    line = code.co_firstlineno
    for start, end, here in code.co_lines():
        if start <= offset < end and here is not None:
            line = here
            break
    return f"{code.co_filename}:{line} in {code.co_qualname}"
