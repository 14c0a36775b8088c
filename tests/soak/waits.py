"""How long threads wait, and for what: the longest wait of each kind, and whose fault it was.

A wait that lasts because the thread it waits for waits for the store, or for an answer of NATS, is
theirs; what is left of it is its own. That is what must stay below a second.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from time import monotonic

from regolive.concurrency import (
    Awaited,
    Mode,
    WaitObserver,
    render_threads,
    set_wait_observer,
    this_thread,
)
from regolive.concurrency.picture import take_picture
from regolive.concurrency.waiting import Wait, current_waits

_EVERY = 0.05
_NATS = "an answer of NATS"


@dataclass(slots=True)
class WaitKind:
    """Waits for one thing: how many, the seconds of the longest, and of all of them."""

    count: int = 0
    longest: float = 0.0
    total: float = 0.0


class WaitMeter(WaitObserver):
    """Measures every wait; passes it on to the wait graph, which was there before.

    Args:
        store: the name of the run's store, which its locks begin with.
        threshold: seconds of a wait's own that are too many.
    """

    def __init__(self, store: str, threshold: float) -> None:
        self.kinds: dict[str, WaitKind] = {}
        self.too_long: list[str] = []
        self.longest_own = 0.0
        self._store = store
        self._threshold = threshold
        self._latch = threading.Lock()
        self._inner: WaitObserver = WaitObserver()
        self._own: dict[Wait, float] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="soak-waits", daemon=True)

    def __enter__(self) -> WaitMeter:
        self._inner = set_wait_observer(self)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()
        set_wait_observer(self._inner)

    def before_wait(self, lock: Awaited, mode: Mode, thread: threading.Thread) -> None:
        """Pass it on."""
        self._inner.before_wait(lock, mode, thread)

    def after_wait(self, lock: Awaited, mode: Mode, thread: threading.Thread) -> None:
        """Pass it on, and note how long it was."""
        self._inner.after_wait(lock, mode, thread)
        wait = this_thread().wait
        if wait is None:
            return
        seconds = monotonic() - wait.since
        name = re.sub(r"'[^']*'", "…", lock.name)
        if mode in ("read", "write"):
            name += f" ({mode})"
        with self._latch:
            kind = self.kinds.setdefault(name, WaitKind())
            kind.count += 1
            kind.total += seconds
            kind.longest = max(kind.longest, seconds)

    def is_store(self, name: str) -> bool:
        """Whether a wait of this name is for the store."""
        return name.split(" ", maxsplit=1)[0].split(".", maxsplit=1)[0] == self._store

    # in its own thread

    def _sample(self) -> None:
        last = monotonic()
        while not self._end.wait(_EVERY):
            now = monotonic()
            passed, last = now - last, now
            waits = current_waits()
            for wait in waits:
                # Of the time before this look, what belongs to this wait.
                part = min(passed, now - wait.since)
                if self._is_own(wait):
                    self._add(wait, part)
            self._own = {wait: self._own[wait] for wait in waits if wait in self._own}

    def _is_own(self, wait: Wait) -> bool:
        """Whether nobody on the way that this wait leads waits for the store or NATS."""
        todo, seen = [wait], {wait}
        for each in todo:
            name = each.awaited.name
            if self.is_store(name) or name == _NATS:
                return False
            for state in each.awaited.blockers(each).threads:
                other = state.wait
                if other is not None and other not in seen:
                    seen.add(other)
                    todo.append(other)
        return True

    def _add(self, wait: Wait, seconds: float) -> None:
        before = self._own.get(wait, 0.0)
        after = self._own[wait] = before + seconds
        self.longest_own = max(self.longest_own, after)
        if before <= self._threshold < after:
            blockers = wait.awaited.blockers(wait).threads
            threads = [wait.state.thread, *(state.thread for state in blockers)]
            self.too_long.append(render_threads([take_picture(t) for t in threads[:4]]))
