"""Those who look on while a scene is played: the liveness probe, clients, and who counts waits."""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from regolive.concurrency import describe_origin, dump_threads

PERIOD = 0.1  # seconds between two probes; an orchestrator's 5 s, in a hurry
PROBE_LIMIT = 0.6  # seconds that one may take
_PATIENCE = 15.0  # seconds that a client waits for its answer


def ask(url: str, method: str, path: str, body: Any = None, limit: float = _PATIENCE) -> Any:
    """One HTTP request: its status and text. Raises OSError, TimeoutError among them."""
    split = urlsplit(url)
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=limit)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


class Actor:
    """A function in a thread of its own. ``result`` or ``error`` is what came of it."""

    def __init__(self, name: str, fn: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: BaseException | None = None
        self.ended_at = 0.0

        def run() -> None:
            describe_origin("started by the scene")
            try:
                self.result = fn()
            except BaseException as error:
                self.error = error
            self.ended_at = time.monotonic()

        self.thread = threading.Thread(target=run, name=name, daemon=True)
        self.thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return not self.thread.is_alive()


class Probe:
    """A stand-in for the liveness probe: asks ``/health`` again and again, each with a limit."""

    def __init__(self, url: str, failed: Callable[[int, str], object]) -> None:
        self.asked = 0
        self.failures = 0
        self.slowest = 0.0
        self._url = url
        self._failed = failed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveness-probe", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        describe_origin("stand-in for the orchestrator's liveness probe")
        while not self._ended.wait(PERIOD):
            began = time.monotonic()
            why = ""
            try:
                status, text = ask(self._url, "GET", "/health", limit=PROBE_LIMIT)
                if status != 200:
                    why = f"{status}: {json.loads(text).get('error', text)}"
            except OSError as error:
                why = f"no answer: {error}"
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.asked += 1
            if why:
                self.failures += 1
                self._failed(self.failures, why)

    def end(self) -> None:
        """Stop asking."""
        self._ended.set()
        self._thread.join(2 * PROBE_LIMIT)


class WaitCounter:
    """Looks at all threads every few milliseconds: who waits for the store's lock."""

    def __init__(self, store: str) -> None:
        self.readers = 0
        self.writer = 0.0
        self._store = store
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="wait-counter", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.02):
            self.look()

    def look(self) -> None:
        """Count now."""
        waits = [p.waits_for for p in dump_threads(depth=1) if p.waits_for is not None]
        here = [wait for wait in waits if wait.awaited == self._store]
        self.readers = max(self.readers, sum(wait.mode == "read" for wait in here))
        for wait in here:
            if wait.mode == "write":
                self.writer = max(self.writer, wait.seconds)

    def end(self) -> None:
        """Stop counting."""
        self._ended.set()
        self._thread.join(1.0)


class Listener(logging.Handler):
    """Keeps what the wait graph and the watchdog say, with the time at which they do."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[float, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a report; and a circular wait that was raised, from whoever logs it."""
        text = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and "circular wait" in str(error):
            text = str(error)
        if "circular wait" in text or "has been waiting for" in text:
            self.heard.append((time.monotonic(), text))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what the engine logs, and let nobody else hear it."""
        logger = logging.getLogger("regolive")
        before = logger.propagate
        logger.addHandler(self)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.propagate = before
