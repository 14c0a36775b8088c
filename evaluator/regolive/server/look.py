"""Looking at a server: is it well, what is going on. Run in reserved threads, each with a limit."""

from __future__ import annotations

import time
from typing import Any

from regolive.concurrency import LockTimeout
from regolive.errors import CancelledError, RegoliveError
from regolive.runtime import PreparedQuery, Runtime
from regolive.server.data import PROBE_QUERY
from regolive.server.errors import ServerError
from regolive.server.picture import store_waits
from regolive.server.work import QueryThreads


class Health:
    """The health probe: a query in a read transaction, as OPA's is, but with a limit."""

    def __init__(self, runtime: Runtime, queries: QueryThreads, limit: float) -> None:
        """
        Args:
            limit: seconds that the probe's query may take.
        """
        self.runtime = runtime
        self.queries = queries
        self.limit = limit
        # A bundle has only the plans it was built with: then the read transaction has to do.
        self._query: PreparedQuery | None = None
        if runtime.bundle is None or runtime.modules:
            self._query = runtime.prepare(PROBE_QUERY)

    def look(self) -> None:
        """Return if queries can be answered.

        Raises:
            RegoliveError: they cannot; the message says why.
        """
        try:
            if self._query is not None:
                self._query.evaluate(timeout=self.limit)
            else:
                self.runtime.store.read(self.limit).close()
        except (CancelledError, LockTimeout) as error:
            if isinstance(error, CancelledError) and not isinstance(error.__cause__, LockTimeout):
                raise
            raise ServerError(
                f"the store did not grant a read transaction within {self.limit:g} s"
                f"{store_waits(self.runtime.store)}"
            ) from error
        self._threads()

    def _threads(self) -> None:
        stuck = [job for job in self.queries.jobs() if job.stuck]
        if len(stuck) >= self.queries.threads:
            oldest = min(stuck, key=lambda job: job.since)
            raise ServerError(
                f"all {self.queries.threads} query threads are stuck in queries that are past "
                f"their deadline, {oldest.thread} for {time.monotonic() - oldest.since:.1f} s in "
                f"{oldest.name}; /debug/threads shows where"
            )


def runtime_status(runtime: Runtime) -> dict[str, Any]:
    """The runtime's and the plugins' own account. It may block, where a plugin's does."""
    return runtime.status()


def server_status(queries: QueryThreads, prepared: int, started: float) -> dict[str, Any]:
    """The server's account of itself. Never blocks."""
    jobs = queries.jobs()
    now = time.monotonic()
    running = [(job, thread) for job in jobs if (thread := job.thread) is not None]
    return {
        "uptime_seconds": round(now - started, 3),
        "prepared_queries": prepared,
        "query_threads": {
            "limit": queries.threads,
            "busy": len(running),
            "stuck": sum(job.stuck for job in jobs),
            "waiting_for_one": len(jobs) - len(running),
        },
        "answered": queries.answered,
        "refused": queries.refused,
        "running": [
            {"request": job.name, "thread": thread, "seconds": round(now - job.since, 3)}
            for job, thread in running
        ],
    }


def reason(error: Exception) -> str:
    """Why a look failed, in a line."""
    if isinstance(error, RegoliveError | TimeoutError):
        return str(error)
    return f"{type(error).__name__}: {error}"
