"""Pictures of threads: all of them, of a process that is stuck, without getting stuck."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from regolive.concurrency import (
    BackgroundTasks,
    Mutex,
    RWLock,
    add_thread_describer,
    describe_origin,
    describe_place,
    dump_threads,
    enter_query,
    render_threads,
    this_thread,
)
from regolive.concurrency.picture import take_picture

if TYPE_CHECKING:
    from conftest import Stage

LIMIT = 10.0


def test_a_dump_shows_who_holds_what_and_who_waits(stage: Stage) -> None:
    m, rw = Mutex("m", guards="the table"), RWLock("rw")
    tasks = BackgroundTasks("loaders")  # a name that no idle thread of another test has
    gate = threading.Event()

    def work() -> None:
        with m, rw.read(), rw.read():
            assert gate.wait(LIMIT)

    def writer() -> None:
        enter_query()
        describe_origin("a request for /v1/data")
        with rw.write():
            pass

    held = threading.Event()
    task = tasks.submit(lambda: (held.set(), work()), name="load members")
    assert held.wait(LIMIT)
    stage.run("writer", writer)
    stage.blocked("writer", "rw")
    # Latches that somebody has for ever do not matter.
    with rw._latch, tasks._changed:
        pictures = {picture.name: picture for picture in dump_threads()}
        text = render_threads(dump_threads())
    first = next(iter(pictures))
    assert first == "writer", "who waits stands first"
    worker, waiter = pictures["loaders-1"], pictures["writer"]
    assert worker.origin.startswith("background task 'load members', submitted by thread 'Main")
    assert [(h.lock, h.mode, h.guards) for h in worker.holds] == [
        ("m", "mutex", "the table"),
        ("rw", "read", ""),
    ]
    assert "test_waitgraph_pictures.py:" in worker.holds[0].place
    assert worker.holds[0].place.endswith(".work")
    assert worker.waits_for is None
    assert any(place.endswith(".work") for place in worker.stack)
    assert waiter.origin == "a request for /v1/data"
    assert waiter.in_query
    assert waiter.waits_for is not None
    assert waiter.waits_for.holders == ("loaders-1",)
    assert waiter.waits_for.seconds >= 0
    assert waiter.waits_for.place.endswith(".writer")
    assert pictures["MainThread"].origin == "the main thread"
    assert text.startswith(f"{len(pictures)} threads, 1 of them waiting, 1 holding locks")
    assert "waits for lock 'rw' to write (held by 'loaders-1')" in text
    gate.set()
    assert task.wait(LIMIT)
    assert tasks.close(LIMIT)


def test_layers_above_say_what_a_thread_is_doing(stage: Stage) -> None:
    def describe(thread: threading.Thread, stack: Sequence[FrameType]) -> str | None:
        assert stack[0].f_back is stack[1]
        if thread.name == "MainThread":
            raise ValueError("a describer that breaks is left out")
        return f"policy.rego:7, {thread.name}" if thread.name == "query" else None

    go = threading.Event()
    stage.run("query", lambda: go.wait(LIMIT))
    stage.run("other", lambda: go.wait(LIMIT))
    remove = add_thread_describer(describe)
    doing = {picture.name: picture.doing for picture in dump_threads()}
    remove()
    remove()
    after = {picture.name: picture.doing for picture in dump_threads()}
    go.set()
    assert (doing["query"], doing["other"], doing["MainThread"]) == ("policy.rego:7, query", "", "")
    assert after["query"] == ""


def test_a_thread_that_ended_with_a_lock_is_named(stage: Stage) -> None:
    m = Mutex("left behind")
    actor = stage.run("careless", lambda: (m.acquire(), this_thread())[1])
    state = actor.join()
    picture = take_picture(actor.thread, state=state)
    assert not picture.alive
    assert "which has ended" in picture.title
    assert [held.lock for held in picture.holds] == ["left behind"]
    m.release(state)


def test_how_long_a_lock_was_held_begins_when_it_is_got(stage: Stage) -> None:
    rw = RWLock("rw")
    me = this_thread()
    got, go = threading.Event(), threading.Event()

    def reader() -> None:
        with rw.read():
            got.set()
            assert go.wait(LIMIT)

    rw.acquire_write()
    actor = stage.run("reader", reader)
    stage.blocked("reader", "rw")
    mode, (_, _, taken) = rw.hold_of(me) or ("", (None, 0, 0.0))
    assert mode == "write"
    rw.release_write()
    assert got.wait(LIMIT)
    picture = take_picture(actor.thread)
    go.set()
    (hold,) = picture.holds
    assert hold.mode == "read"
    assert hold.place.endswith("reader")
    assert rw.hold_of(me) is None
    assert taken > 0


def test_a_thread_that_is_nothing_but_a_wait_is_somewhere_all_the_same() -> None:
    m = Mutex("m")
    with m:
        thread = threading.Thread(target=m.acquire, name="bare", daemon=True)
        thread.start()
        while (picture := take_picture(thread)).waits_for is None:
            thread.join(0.001)
        assert "regolive/concurrency/" in picture.waits_for.place
        assert picture.stack
    thread.join(LIMIT)


def test_a_place_is_a_line_in_a_function() -> None:
    frame = sys._getframe()
    place = describe_place(frame.f_code, frame.f_lasti)
    line = frame.f_lineno - 1
    assert place.endswith(
        f"test_waitgraph_pictures.py:{line} in test_a_place_is_a_line_in_a_function"
    )
