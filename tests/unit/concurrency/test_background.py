"""Background work: order, owned threads, errors that are kept, and the query that may not wait."""

from __future__ import annotations

import logging
import threading

import pytest

from regolive.concurrency import (
    BackgroundError,
    BackgroundTasks,
    enter_query,
    exit_query,
    in_query,
)

LIMIT = 10.0


def test_a_task_runs_in_a_named_thread_and_keeps_its_result() -> None:
    tasks = BackgroundTasks("worker", 2)
    task = tasks.submit(lambda a, b: (a + b, threading.current_thread().name), 1, 2, name="sum")
    assert task.wait(LIMIT)
    assert task.done
    assert task.result == (3, "worker-1")
    assert task.error is None
    assert task.name == "sum"
    assert task.started_by == threading.current_thread().name
    assert tasks.close(LIMIT)
    assert not [t for t in threading.enumerate() if t.name.startswith("worker-")]


def test_tasks_run_first_in_first_out_on_no_more_threads_than_allowed() -> None:
    tasks = BackgroundTasks("fifo", 1)
    gate = threading.Event()
    order: list[int] = []
    tasks.submit(gate.wait, LIMIT)
    queued = [tasks.submit(order.append, n) for n in range(5)]
    assert tasks.threads == ("fifo-1",)
    assert tasks.pending == 6
    gate.set()
    assert queued[-1].wait(LIMIT)
    assert order == [0, 1, 2, 3, 4]
    assert tasks.close(LIMIT)


def test_threads_are_started_when_no_idle_one_is_left() -> None:
    tasks = BackgroundTasks("pool", 3)
    together = threading.Barrier(3)
    running = [tasks.submit(together.wait, LIMIT) for _ in range(3)]
    assert all(task.wait(LIMIT) for task in running)
    assert {task.error for task in running} == {None}
    assert len(tasks.threads) == 3
    assert tasks.close(LIMIT)


def test_idle_threads_end_and_new_ones_come() -> None:
    tasks = BackgroundTasks("idle", 1, idle_seconds=0.01)
    seen: list[threading.Thread] = []
    assert tasks.submit(lambda: seen.append(threading.current_thread())).wait(LIMIT)
    seen[0].join(LIMIT)
    assert tasks.threads == ()
    assert tasks.submit(lambda: seen.append(threading.current_thread())).wait(LIMIT)
    assert [t.name for t in seen] == ["idle-1", "idle-2"]
    assert tasks.close(LIMIT)


@pytest.mark.parametrize("error", [ValueError("no such bucket"), SystemExit(3)])
def test_an_error_is_logged_and_kept_and_the_thread_goes_on(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise error

    tasks = BackgroundTasks("errors", 1)
    with caplog.at_level(logging.ERROR, "regolive.concurrency"):
        task = tasks.submit(fail, name="load members")
        assert task.wait(LIMIT)
    assert task.error is error
    assert "load members" in caplog.text
    assert tasks.submit(lambda: 1).wait(LIMIT)
    assert len(tasks.threads) == 1
    assert tasks.close(LIMIT)


def test_close_finishes_what_is_queued_and_refuses_what_comes() -> None:
    tasks = BackgroundTasks("closing", 1)
    gate = threading.Event()
    tasks.submit(gate.wait, LIMIT)
    last = tasks.submit(lambda: "done")
    closed: list[bool] = []
    closer = threading.Thread(target=lambda: closed.append(tasks.close(LIMIT)))
    closer.start()
    # The closer says so before it joins: from then on work is refused.
    for _ in range(10_000):
        try:
            tasks.submit(lambda: None)
        except BackgroundError:
            break
        closer.join(0.001)
    else:
        pytest.fail("work is never refused")
    with pytest.raises(BackgroundError, match="closing"):
        tasks.submit(lambda: None)
    gate.set()
    closer.join(LIMIT)
    assert closed == [True]
    assert last.result == "done"
    assert tasks.close(LIMIT), "closing again is fine"


def test_close_out_of_time_names_what_runs_and_ends_what_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = BackgroundTasks("slow", 1)
    gate = threading.Event()
    begun = threading.Event()

    def hold() -> None:
        begun.set()
        gate.wait(LIMIT)

    tasks.submit(hold, name="stuck")
    queued = tasks.submit(lambda: None, name="waiting")
    assert begun.wait(LIMIT)
    with caplog.at_level(logging.ERROR, "regolive.concurrency"):
        assert not tasks.close(0.01)
    assert "stuck" in caplog.text
    assert queued.wait(LIMIT)
    assert isinstance(queued.error, BackgroundError)
    gate.set()
    assert tasks.close(LIMIT)


def test_a_worker_cannot_close_its_owner() -> None:
    tasks = BackgroundTasks("self", 1)
    task = tasks.submit(tasks.close)
    assert task.wait(LIMIT)
    assert isinstance(task.error, BackgroundError)
    assert tasks.close(LIMIT)


def test_a_query_submits_but_never_waits() -> None:
    tasks = BackgroundTasks("query", 1)
    assert not in_query()
    enter_query()
    enter_query()
    exit_query()
    try:
        assert in_query()
        task = tasks.submit(in_query)
        with pytest.raises(BackgroundError, match="inside a query"):
            task.wait(LIMIT)
        with pytest.raises(BackgroundError, match="inside a query"):
            tasks.close()
    finally:
        exit_query()
    assert task.wait(LIMIT)
    assert task.result is False, "the mark is the thread's own"
    assert tasks.close(LIMIT)
    with pytest.raises(RuntimeError, match="enter_query"):
        exit_query()


def test_max_threads_must_allow_one() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        BackgroundTasks("none", 0)
