"""What a request may still spend: the time until its end, and whether its query goes on.

Everything that blocks on behalf of a request waits here, in slices, so that a query that is
cancelled or runs past its deadline leaves at once, wherever the request is.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# How often a wait looks at its query: the longest that a cancelled one goes on (seconds).
_SLICE = 0.05


class OutOfTime(Exception):
    """The request's own time is used up (the query's being used up is a CancelledError)."""


class Budget:
    """The time that one attempt of a request has.

    Args:
        timeout: seconds from now, None for no limit of its own.
        deadline: when the query must end, as ``time.monotonic`` has it; None if it need not.
        check: raises if the query was cancelled, or is past its deadline.
    """

    __slots__ = ("_check", "_end", "connected")

    def __init__(
        self, timeout: float | None, deadline: float | None, check: Callable[[], None]
    ) -> None:
        ends = [time.monotonic() + timeout] if timeout is not None else []
        if deadline is not None:
            ends.append(deadline)
        self._end = min(ends, default=float("inf"))
        self._check = check
        # Whether a connection was made for the request, and not one used that was open.
        self.connected = False

    def remaining(self) -> float:
        """Seconds that are left, maybe infinite. Raises OutOfTime, or CancelledError."""
        left = self._end - time.monotonic()
        if left <= 0:
            self._check()  # if it is the query's time, that is its error
            raise OutOfTime
        return left

    def wait(self, ready: Callable[[float], object], limit: float = float("inf")) -> bool:
        """Call ``ready(seconds)``, which waits that long at most, until it gives something true.

        Returns False after ``limit`` seconds. Raises OutOfTime, or CancelledError.
        """
        end = time.monotonic() + limit
        while True:
            self._check()
            left = min(self.remaining(), end - time.monotonic())
            if left <= 0:
                return False
            if ready(min(left, _SLICE)):
                return True

    def wait_for(self, sock: socket.socket, events: int, limit: float = float("inf")) -> bool:
        """Wait until a socket is ready. Returns and raises as ``wait`` does."""
        with selectors.DefaultSelector() as selector:
            selector.register(sock, events)
            return self.wait(selector.select, limit)

    def pause(self, seconds: float) -> None:
        """Do nothing for a while. Raises CancelledError, not OutOfTime: pauses are between."""
        never = threading.Event()
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._check()
            never.wait(min(left, _SLICE))
        self._check()


_current = threading.local()


@contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """Have what this thread sends and receives meanwhile paid for by a budget."""
    before = getattr(_current, "budget", None)
    _current.budget = budget
    try:
        yield
    finally:
        _current.budget = before


def current_budget() -> Budget:
    """The budget that this thread spends. Raises RuntimeError outside of ``spending``."""
    budget: Budget | None = getattr(_current, "budget", None)
    if budget is None:
        raise RuntimeError("a connection is used outside of a request")
    return budget
