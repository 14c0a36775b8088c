"""Host names to addresses, within a request's time.

The system's resolver cannot be interrupted, so it runs on threads of its own: one for each name
that is being asked for, shared by all who ask. A query that runs out of time leaves the thread to
end by itself; ``stop`` waits for it.
"""

from __future__ import annotations

import logging
import socket
import threading
import time

from regolive.concurrency import Mutex
from regolive_std.http_budget import Budget
from regolive_std.http_hosts import is_odd_address, literal_address

log = logging.getLogger("regolive.plugin.std")

# How long a stop waits for lookups under way (seconds).
_LEAVE = 5.0


class _Lookup(threading.Thread):
    """One name being asked for. ``done`` is set when ``addresses`` or ``error`` stands."""

    def __init__(self, resolver: Resolver, host: str) -> None:
        super().__init__(name=f"regolive-lookup {host:.50}", daemon=True)
        self._resolver = resolver
        self.host = host
        self.done = threading.Event()
        self.addresses: list[str] = []
        self.error: OSError | UnicodeError | None = None

    def run(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            self.addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        except (OSError, UnicodeError) as error:
            self.error = error
        finally:
            self._resolver.forget(self)
            self.done.set()


class Resolver:
    """Asks the system for addresses. Thread-safe."""

    def __init__(self) -> None:
        # Guards the table of lookups under way. Nothing is called under it.
        self._lock = Mutex("std.lookups", guards="the lookups of host names under way")
        self._running: dict[str, _Lookup] = {}

    def resolve(self, host: str, budget: Budget) -> list[str]:
        """The addresses of a host, in the system's order.

        Raises OSError if there are none, OutOfTime, or CancelledError.
        """
        literal = literal_address(host)
        if literal is not None:
            return [literal]
        if not host or is_odd_address(host):
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        fresh = None
        with self._lock:
            lookup = self._running.get(host)
            if lookup is None:
                lookup = fresh = self._running[host] = _Lookup(self, host)
        if fresh is not None:
            fresh.start()
        budget.wait(lookup.done.wait)
        if lookup.error is not None:
            raise socket.gaierror(socket.EAI_NONAME, str(lookup.error)) from lookup.error
        return lookup.addresses

    def forget(self, lookup: _Lookup) -> None:
        """A lookup has ended: the next who asks starts another."""
        with self._lock:
            self._running.pop(lookup.host, None)

    def stop(self) -> None:
        """Wait for the lookups under way; one that the system does not end is told of."""
        with self._lock:
            running = list(self._running.values())
        end = time.monotonic() + _LEAVE
        for lookup in running:
            if not lookup.done.wait(max(0.0, end - time.monotonic())):
                log.warning("the system's resolver is still looking for %r", lookup.host)
