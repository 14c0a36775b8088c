"""What is done about circles and about long waits: raise, report, off; and the watchdog."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from regolive.concurrency import (
    BackgroundTasks,
    CircularWait,
    Mutex,
    RWLock,
    configure,
    rest_watchdog,
    wait_graph_status,
    waiting_for,
)
from regolive.concurrency.waiting import current_waits
from regolive.errors import ConfigError

if TYPE_CHECKING:
    from conftest import Stage

LIMIT = 10.0
LOGGER = "regolive.concurrency"

pytestmark = pytest.mark.usefixtures("settings")


class Log(logging.Handler):
    """Keeps messages, and lets a test wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []
        self.changed = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self.changed:
            self.messages.append(record.getMessage())
            self.changed.notify_all()

    def expect(self, count: int) -> list[str]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.messages) >= count, LIMIT)
        return self.messages


@pytest.fixture
def log() -> Iterator[Log]:
    handler = Log()
    logging.getLogger(LOGGER).addHandler(handler)
    yield handler
    logging.getLogger(LOGGER).removeHandler(handler)


def deadlock_for_a_moment(stage: Stage, a: Mutex, b: Mutex, suffix: str = "") -> list[object]:
    """Two threads in a circle, which ends because one of them runs out of time."""
    held = threading.Event()

    def second() -> object:
        with b:
            held.set()
            with a:
                return "second"

    def first() -> object:
        with a:
            stage.run(f"second{suffix}", second)
            assert held.wait(LIMIT)
            stage.blocked(f"second{suffix}", "a")
            return b.acquire(timeout=0.01)

    results = [stage.run(f"first{suffix}", first).join()]
    return [*results, stage.actors[f"second{suffix}"].join()]


def test_raise_is_the_default(stage: Stage) -> None:
    assert wait_graph_status().mode == "raise"
    before = wait_graph_status().circles
    first, second = deadlock_for_a_moment(stage, Mutex("a"), Mutex("b"))
    assert isinstance(first, CircularWait)
    assert "until one of them runs out of time" in str(first)
    assert second == "second"
    assert wait_graph_status().circles == before + 1


def test_report_logs_a_circle_once_and_waits_on(stage: Stage, log: Log) -> None:
    configure("report")
    a, b = Mutex("a"), Mutex("b")
    names = f"-{id(log)}"
    for _ in range(3):
        assert deadlock_for_a_moment(stage, a, b, names) == [False, "second"]
    (message,) = log.messages
    assert "2 threads would wait for each other in a circle" in message
    assert "these threads hang" in message
    assert "test_waitgraph_modes.py" in message
    deadlock_for_a_moment(stage, a, b, names + "x")
    assert len(log.messages) == 2, "other threads are another circle"


def test_off_waits_and_says_nothing(stage: Stage, log: Log) -> None:
    configure("off")
    before = wait_graph_status().circles
    assert deadlock_for_a_moment(stage, Mutex("a"), Mutex("b")) == [False, "second"]
    assert log.messages == []
    assert wait_graph_status().circles == before


def test_settings_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"wait_graph: expected one of raise, report, off"):
        configure("on")  # type: ignore[arg-type]
    for threshold in (0, -1, float("nan")):
        with pytest.raises(ConfigError, match="seconds above 0"):
            configure("off", watchdog_threshold=threshold)
    assert wait_graph_status().mode == "raise", "nothing is set when something is wrong"
    configure("report", watchdog_threshold=None)
    assert wait_graph_status().watchdog_threshold is None
    configure(watchdog_threshold=2.5)
    status = wait_graph_status()
    assert (status.mode, status.watchdog_threshold) == ("report", 2.5)


# -- the watchdog


def watchdogs() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "regolive-watchdog"]


def test_a_long_wait_that_is_no_circle_is_reported_once_with_who_is_in_the_way(
    stage: Stage, log: Log
) -> None:
    assert rest_watchdog(LIMIT)
    assert watchdogs() == [], "no thread while nobody waits"
    configure(watchdog_threshold=0.01)
    rw = RWLock("rw", guards="the documents")
    go = threading.Event()
    holding = threading.Event()

    def holder() -> None:
        with rw.read():
            holding.set()
            assert go.wait(LIMIT)

    def writer() -> None:
        with rw.write():
            pass

    stage.run("holder", holder)
    assert holding.wait(LIMIT)
    stage.run("writer", writer)
    (message,) = log.expect(1)
    assert message.startswith("thread 'writer' has been waiting for ")
    assert "for lock 'rw' to write" in message
    assert "thread 'holder' (runs " in message
    assert "holds lock 'rw' for reading" in message
    assert watchdogs() == ["regolive-watchdog"]
    assert wait_graph_status().long_waits >= 1

    # Another wait is reported by itself; the first one is not, again.
    stage.run("reader", lambda: rw.acquire_read(timeout=LIMIT) and rw.release_read())
    second = log.expect(2)[1]
    assert second.startswith("thread 'reader' has been waiting")
    assert "thread 'writer'" in second, "through the writer that keeps it out"
    assert "thread 'holder'" in second
    go.set()
    for actor in tuple(stage.actors.values()):
        actor.join()
    assert len(log.messages) == 2
    assert rest_watchdog(LIMIT)
    assert watchdogs() == []


def test_waits_for_the_same_thing_are_reported_together(stage: Stage, log: Log) -> None:
    configure(watchdog_threshold=None)
    m = Mutex("m")
    with m:
        for n in range(5):
            stage.run(f"t{n}", lambda: m.acquire() and m.release())
            stage.blocked(f"t{n}", "m")
        for wait in current_waits():
            wait.since -= 60.0
        configure(watchdog_threshold=30.0)
        (message,) = log.expect(1)
    assert message.startswith("thread 't0' has been waiting")
    assert "and so have 4 more threads" in message


@pytest.mark.parametrize("kind", ["task", "gate"])
def test_waits_for_work_and_gates_are_watched(stage: Stage, log: Log, kind: str) -> None:
    configure(watchdog_threshold=0.01)
    tasks = BackgroundTasks("slow")
    go = threading.Event()
    task = tasks.submit(go.wait, LIMIT, name="load")

    def wait() -> object:
        if kind == "task":
            return task.wait(LIMIT)
        with waiting_for(None, "a signal from nowhere"):
            return go.wait(LIMIT)

    waiter = stage.run("waiter", wait)
    (message,) = log.expect(1)
    wanted = "background task 'load'" if kind == "task" else "a signal from nowhere"
    assert wanted in message.split("\n")[0]
    assert ("thread 'slow-1'" in message) == (kind == "task")
    go.set()
    assert waiter.join() is True
    assert tasks.close(LIMIT)


def test_a_watchdog_that_is_off_starts_no_thread(stage: Stage) -> None:
    configure(watchdog_threshold=None)
    assert rest_watchdog(LIMIT)
    m = Mutex("m")
    with m:
        stage.run("t", lambda: m.acquire() and m.release())
        stage.blocked("t", "m")
        assert watchdogs() == []


def test_a_watchdog_with_somebody_waiting_does_not_rest(stage: Stage) -> None:
    m = Mutex("m")
    with m:
        stage.run("t", lambda: m.acquire() and m.release())
        stage.blocked("t", "m")
        assert not rest_watchdog()
        assert watchdogs() == ["regolive-watchdog"]


def test_the_watchdog_comes_and_goes_without_losing_a_wait(stage: Stage, log: Log) -> None:
    configure(watchdog_threshold=0.002)
    m = Mutex("m")

    def one(n: int) -> Callable[[], object]:
        return lambda: m.acquire() and m.release()

    for n in range(20):
        with m:
            stage.run(f"t{n}", one(n))
            log.expect(n + 1)
        stage.actors[f"t{n}"].join()
        if n % 2:
            rest_watchdog(LIMIT)
    assert len(log.messages) == 20
