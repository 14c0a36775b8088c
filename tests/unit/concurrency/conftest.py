"""Gates for tests of waits: run a function in a thread, and know when it is blocked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from regolive.concurrency import (
    Awaited,
    WaitObserver,
    configure,
    dump_threads,
    render_threads,
    rest_watchdog,
    set_wait_observer,
    wait_graph_status,
)

LIMIT = 10.0  # seconds before a test that hangs gives up


class Actor:
    """A function in a thread of its own; what it returns or raises is kept."""

    def __init__(self, name: str, fn: Callable[[], Any]) -> None:
        self.result: Any = None
        self.error: BaseException | None = None

        def run() -> None:
            try:
                self.result = fn()
            except BaseException as error:
                self.error = error

        self.thread = threading.Thread(target=run, name=name, daemon=True)
        self.thread.start()

    def join(self) -> Any:
        self.thread.join(LIMIT)
        if self.thread.is_alive():
            pytest.fail(f"{self.thread.name} hangs\n{render_threads(dump_threads())}")
        return self.error or self.result


class Stage(WaitObserver):
    """Runs actors under the wait graph, and tells when a wait has been let through to block."""

    def __init__(self) -> None:
        self._graph = set_wait_observer(self)
        self._changed = threading.Condition()
        self._blocked: dict[tuple[str, str], int] = {}
        self.actors: dict[str, Actor] = {}

    def before_wait(self, lock: Awaited, mode: Any, thread: threading.Thread) -> None:
        self._graph.before_wait(lock, mode, thread)
        with self._changed:
            key = (thread.name, lock.name)
            self._blocked[key] = self._blocked.get(key, 0) + 1
            self._changed.notify_all()

    def after_wait(self, lock: Awaited, mode: Any, thread: threading.Thread) -> None:
        self._graph.after_wait(lock, mode, thread)

    def run(self, name: str, fn: Callable[[], Any]) -> Actor:
        """Start an actor."""
        actor = Actor(name, fn)
        self.actors[name] = actor
        return actor

    def blocked(self, name: str, lock: str) -> None:
        """Return when the thread has begun to wait for what has this name."""
        with self._changed:
            found = self._changed.wait_for(lambda: (name, lock) in self._blocked, LIMIT)
        assert found, f"{name} never waits for {lock}\n{render_threads(dump_threads())}"

    def end(self) -> None:
        for actor in tuple(self.actors.values()):
            actor.join()
        set_wait_observer(self._graph)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.end()


@pytest.fixture
def settings() -> Iterator[None]:
    """Puts the wait graph's settings back."""
    before = wait_graph_status()
    yield
    configure(before.mode, before.watchdog_threshold)
    rest_watchdog()
