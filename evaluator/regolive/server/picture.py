"""Threads and waits as a server shows them: text for people, JSON for programs, a line for a probe.

None of it waits for a lock, so it can be had of a process that is stuck.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from types import FrameType
from typing import Any

from regolive.concurrency import (
    HeldLock,
    ThreadPicture,
    all_stacks,
    dump_threads,
    render_threads,
    wait_graph_status,
)
from regolive.storage import Store

_SHOWN = 5  # threads of a kind in the line of a probe


def threads_text() -> str:
    """All threads, as paragraphs."""
    return render_threads(dump_threads())


def threads_json() -> dict[str, Any]:
    """All threads as objects: see ``ThreadPicture`` for their fields."""
    return {"threads": [_plain(asdict(picture)) for picture in dump_threads()]}


def waits() -> dict[str, Any]:
    """The wait graph: how it is set, and each thread that waits, without stacks."""
    threads = []
    for picture in dump_threads(depth=1):
        if picture.waits_for is None:
            continue
        threads.append(
            {
                "thread": picture.name,
                "origin": picture.origin,
                "doing": picture.doing,
                "holds": [str(held) for held in picture.holds],
                "waits_for": _plain(asdict(picture.waits_for)),
            }
        )
    return {**_plain(asdict(wait_graph_status())), "threads": threads}


def _plain(value: Any) -> Any:
    """Seconds to the millisecond, tuples as lists."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value


def stacks_only() -> str:
    """The bare stacks of all threads, should the picture of them fail."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    stacks = all_stacks()
    try:
        return "\n".join(
            f"thread {names.get(ident, ident)!r}\n" + "".join(_summary(stack[:30]).format())
            for ident, stack in stacks.items()
        )
    finally:
        stacks.clear()


def _summary(stack: list[FrameType]) -> traceback.StackSummary:
    return traceback.StackSummary.extract((frame, frame.f_lineno) for frame in reversed(stack))


def store_waits(store: Store) -> str:
    """Who has a store's lock and who waits for it, to follow a sentence; the open transactions of
    a store that has no such lock."""
    pictures = dump_threads(depth=1)
    holders = list(_holders(pictures, store.name))
    transactions = store.open_transactions()
    if not holders:
        return "".join(
            f"; {t.kind} transaction of thread {t.thread!r}, opened at {t.place}"
            for t in transactions[:_SHOWN]
        )
    # The lock was taken inside the store: where the transaction was opened says more.
    places: dict[tuple[str, str], str] = {
        (t.thread, t.kind): f", opened at {t.place}" for t in transactions
    }
    words = []
    for picture, held in holders[:_SHOWN]:
        how, kind = ("written", "write") if held.mode == "write" else ("read", "read")
        place = places.get((picture.name, kind), "")
        words.append(f"; it is being {how} by {picture.title}, for {held.seconds:.1f} s{place}")
    if len(holders) > _SHOWN:
        words.append(f"; and by {len(holders) - _SHOWN} more threads")
    readers = 0
    for picture in pictures:
        wait = picture.waits_for
        if wait is None or wait.awaited != store.name:
            continue
        if wait.mode == "write":
            place = places.get((picture.name, "write"), "")
            words.append(f"; a writer, {picture.title}, has waited for {wait.seconds:.1f} s{place}")
        elif picture.name != threading.current_thread().name:
            readers += 1
    if readers:
        words.append(f"; {readers} readers wait behind it")
    return "".join(words)


def _holders(
    pictures: tuple[ThreadPicture, ...], lock: str
) -> Iterator[tuple[ThreadPicture, HeldLock]]:
    for picture in pictures:
        for held in picture.holds:
            if held.lock == lock:
                yield picture, held
