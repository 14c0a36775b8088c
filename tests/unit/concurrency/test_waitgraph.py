"""Circles of waits: each kind is refused in the thread that closes it, and explained."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from regolive.concurrency import (
    BackgroundTasks,
    CircularWait,
    Mutex,
    RWLock,
    enter_query,
    exit_query,
    held_locks,
    this_thread,
    wait_graph_status,
    waiting_for,
)
from regolive.concurrency.threads import state_of
from regolive.storage import LockingStore, SnapshotStore

if TYPE_CHECKING:
    from conftest import Stage

LIMIT = 10.0


def names(error: object) -> list[tuple[str, str]]:
    """The circle in short: each thread, and what it waits for."""
    assert isinstance(error, CircularWait), error
    return [
        (picture.name, picture.waits_for.what)
        for picture in error.cycle
        if picture.waits_for is not None
    ]


def test_two_mutexes_in_opposite_order(stage: Stage) -> None:
    a, b = Mutex("a"), Mutex("b")
    b_held = threading.Event()

    def other() -> None:
        with b:
            b_held.set()
            with a:
                pass

    def me() -> tuple[str, ...]:
        with a:
            stage.run("other", other)
            stage.blocked("other", "a")
            with pytest.raises(CircularWait) as caught, b:
                pass
            assert names(caught.value) == [("me", "lock 'b'"), ("other", "lock 'a'")]
            return held_locks()

    assert stage.run("me", me).join() == ("a",), "what was held stays held, and nothing else"


def test_a_thread_that_waits_for_itself(stage: Stage) -> None:
    mutex, rw = Mutex("m"), RWLock("rw")

    def twice() -> None:
        with mutex, mutex:
            pass

    def upgrade() -> None:
        with rw.read(), rw.write():
            pass

    def downgrade() -> None:
        with rw.write(), rw.read():
            pass

    assert names(stage.run("twice", twice).join()) == [("twice", "lock 'm'")]
    assert names(stage.run("up", upgrade).join()) == [("up", "lock 'rw' to write")]
    error = stage.run("down", downgrade).join()
    assert names(error) == [("down", "lock 'rw' to read")]
    assert "a thread would wait for itself" in str(error)
    assert rw.acquire_write(timeout=0), "the refused waits have left no trace"
    rw.release_write()


def test_a_nested_read_with_a_writer_in_between(stage: Stage) -> None:
    rw = RWLock("rw")

    def reader() -> None:
        with rw.read():
            stage.run("writer", writer)
            stage.blocked("writer", "rw")
            with rw.read():
                pass

    def writer() -> str:
        with rw.write():
            return "written"

    error = stage.run("reader", reader).join()
    assert names(error) == [("reader", "lock 'rw' to read"), ("writer", "lock 'rw' to write")]
    assert stage.actors["writer"].join() == "written"


def test_a_reader_behind_a_queued_writer_is_part_of_the_circle(stage: Stage) -> None:
    # first reads; the writer queues; the late reader holds m and queues behind it; first wants m.
    rw, m = RWLock("rw"), Mutex("m")

    def writer() -> None:
        with rw.write():
            pass

    def late() -> None:
        with m, rw.read():
            pass

    def first() -> None:
        with rw.read():
            stage.run("writer", writer)
            stage.blocked("writer", "rw")
            stage.run("late", late)
            stage.blocked("late", "rw")
            with m:
                pass

    assert names(stage.run("first", first).join()) == [
        ("first", "lock 'm'"),
        ("late", "lock 'rw' to read"),
        ("writer", "lock 'rw' to write"),
    ]


def test_behind_an_active_writer_a_reader_does_not_wait_for_queued_ones(stage: Stage) -> None:
    # When the active writer leaves, readers go first: the queued writer is not in their way.
    rw, mine = RWLock("rw"), Mutex("mine")
    held, go = threading.Event(), threading.Event()

    def active() -> None:
        with rw.write():
            held.set()
            go.wait(LIMIT)

    def queued() -> str:
        with rw.write():
            return "written"

    def reader() -> str:
        with mine, rw.read():
            return "read"

    first = stage.run("active", active)
    assert held.wait(LIMIT)
    second = stage.run("queued", queued)
    stage.blocked("queued", "rw")
    third = stage.run("reader", reader)
    stage.blocked("reader", "rw")
    wait = state_of(third.thread).wait  # type: ignore[union-attr]
    assert [state.thread.name for state in rw.blockers(wait).threads] == ["active"]
    go.set()
    assert [first.join(), second.join(), third.join()] == [None, "written", "read"]


def test_the_circle_of_the_incident(stage: Stage) -> None:
    store = LockingStore({})
    manager = Mutex("manager.lock", guards="the table of watchers")
    tasks = BackgroundTasks("background")

    def create_watcher() -> None:
        with manager, store.write() as transaction:
            transaction.put("/nats/kv/members", {})

    def query() -> float:
        enter_query()
        try:
            with store.read():
                tasks.submit(create_watcher, name="create watcher of 'members'")
                stage.blocked("background-1", "store")
                begun = time.perf_counter()
                with pytest.raises(CircularWait) as caught, manager:
                    pass
                took = time.perf_counter() - begun
        finally:
            exit_query()
        first, second = caught.value.cycle
        assert (first.name, first.in_query) == ("query", True)
        assert [held.lock for held in first.holds] == ["store"]
        assert first.holds[0].mode == "read"
        assert [held.lock for held in second.holds] == ["manager.lock", "store.writer"]
        assert second.holds[0].guards == "the table of watchers"
        assert second.waits_for is not None
        assert second.waits_for.mode == "write"
        assert second.waits_for.holders == ("query",)
        assert "test_waitgraph.py" in second.waits_for.caller
        text = str(caught.value)
        assert (
            "background task \"create watcher of 'members'\", submitted by thread 'query'" in text
        )
        assert "lock 'store' for reading" in text
        assert "waits for lock 'manager.lock' (held by 'background-1')" in text
        assert "test_waitgraph.py" in text
        return took

    took = stage.run("query", query).join()
    assert took < LIMIT / 4, "milliseconds; a machine that has something else to do needs more"
    assert tasks.close(LIMIT)
    assert store.revision == 1, "the query gave way, and the watcher's commit went through"


def test_the_incident_does_not_happen_on_the_snapshot_store(stage: Stage) -> None:
    store, manager = SnapshotStore({}), Mutex("manager.lock")
    held, go = threading.Event(), threading.Event()

    def create_watcher() -> None:
        with manager:
            held.set()
            assert go.wait(LIMIT)
            with store.write() as transaction:
                transaction.put("/nats", 1)

    def query() -> int:
        with store.read() as transaction:
            stage.run("creator", create_watcher)
            assert held.wait(LIMIT)
            go.set()
            with manager:
                return transaction.revision

    assert stage.run("query", query).join() == 0


@pytest.mark.parametrize("parties", [3, 5])
def test_a_circle_of_several(stage: Stage, parties: int) -> None:
    locks = [Mutex(f"m{n}") for n in range(parties)]
    ready = threading.Barrier(parties)
    go = [threading.Event() for _ in range(parties)]

    def actor(n: int) -> None:
        with locks[n]:
            ready.wait(LIMIT)
            assert go[n].wait(LIMIT)
            with locks[(n + 1) % parties]:
                pass

    actors = [stage.run(f"t{n}", lambda n=n: actor(n)) for n in range(parties)]
    for n in range(parties):
        go[n].set()
        if n < parties - 1:
            stage.blocked(f"t{n}", f"m{n + 1}")
    results = [actor.join() for actor in actors]
    assert names(results[-1]) == [(f"t{(n - 1) % parties}", f"lock 'm{n}'") for n in range(parties)]
    assert results[:-1] == [None] * (parties - 1)


def test_waiting_for_a_task_that_needs_what_one_holds(stage: Stage) -> None:
    m = Mutex("m")
    tasks = BackgroundTasks("pool", 1)

    def work() -> str:
        with m:
            return "worked"

    first: list[Any] = []

    def task_blocks_first() -> None:
        with m:
            first.append(tasks.submit(work, name="needs m"))
            stage.blocked("pool-1", "m")
            first[0].wait(LIMIT)

    error = stage.run("holder", task_blocks_first).join()
    assert names(error) == [("holder", "background task 'needs m'"), ("pool-1", "lock 'm'")]
    assert first[0].wait(LIMIT)  # or it might still want m when it is taken again

    gate = threading.Event()

    def late() -> str:
        assert gate.wait(LIMIT)
        return work()

    def wait_comes_first() -> object:
        with m:
            task = tasks.submit(late, name="late")
            stage.run("opener", lambda: (stage.blocked("holder2", "late"), gate.set()))
            assert task.wait(LIMIT)
        return task.error

    error = stage.run("holder2", wait_comes_first).join()
    # Whichever of the two looks last is told: on a busy machine that may be the first to wait.
    assert sorted(names(error)) == [
        ("holder2", "background task 'late'"),
        ("pool-1", "lock 'm'"),
    ]
    assert tasks.close(LIMIT)


def test_waiting_for_a_task_in_the_queue_of_a_pool_that_is_stuck(stage: Stage) -> None:
    m = Mutex("m")
    tasks = BackgroundTasks("pool", 2)

    def needs_m() -> None:
        with m:
            pass

    def holder() -> None:
        with m:
            tasks.submit(needs_m)
            stage.blocked("pool-1", "m")
            free = tasks.submit(lambda: "ran")
            assert free.wait(LIMIT), "the other thread of the pool is free: no circle"
            tasks.submit(needs_m)
            stage.blocked("pool-2", "m")
            tasks.submit(lambda: None, name="queued").wait(LIMIT)

    error = stage.run("holder", holder).join()
    assert names(error)[0] == ("holder", "background task 'queued'")
    assert names(error)[1][1] == "lock 'm'"
    assert tasks.close(LIMIT)


def test_a_task_that_waits_for_one_queued_behind_itself(stage: Stage) -> None:
    tasks = BackgroundTasks("pool", 1)
    task = tasks.submit(lambda: tasks.submit(lambda: 1, name="inner").wait(LIMIT), name="outer")
    assert task.wait(LIMIT)
    assert names(task.error) == [("pool-1", "background task 'inner'")]
    assert tasks.close(LIMIT)


def test_closing_a_pool_whose_thread_needs_what_one_holds(stage: Stage) -> None:
    m = Mutex("m")
    tasks = BackgroundTasks("pool")

    def work() -> None:
        with m:
            pass

    def closer() -> None:
        with m:
            tasks.submit(work)
            stage.blocked("pool-1", "m")
            tasks.close()

    error = stage.run("closer", closer).join()
    assert names(error) == [("closer", "the threads of pool to end"), ("pool-1", "lock 'm'")]
    assert tasks.close(LIMIT), "where nothing is held, it can be closed"


def test_a_stop_that_waits_for_a_loop_that_needs_what_it_holds(stage: Stage) -> None:
    m = Mutex("manager.lock")
    stop = threading.Event()

    def loop() -> None:
        assert stop.wait(LIMIT)
        with m:
            pass

    running = stage.run("loop", loop)

    def stopper() -> str:
        with m, waiting_for(running.thread, "the watch loop to end", timeout=LIMIT):
            stop.set()
            running.thread.join(LIMIT)
        return "stopped"

    stopping = stage.run("stopper", stopper)
    error = running.join()
    assert names(error) == [("loop", "lock 'manager.lock'"), ("stopper", "the watch loop to end")]
    assert "of at most 10 s" in str(error)
    assert stopping.join() == "stopped"


def test_waiting_for_a_thread_that_is_free_or_gone_or_nobody(stage: Stage) -> None:
    gone = stage.run("gone", lambda: None)
    gone.join()

    def waiter() -> object:
        for threads in (gone.thread, threading.main_thread(), None, ()):
            with waiting_for(threads, "something"):
                assert wait_graph_status().waiting >= 1
        return this_thread().wait

    assert stage.run("waiter", waiter).join() is None


def test_a_lock_released_on_behalf_of_its_holder_is_no_longer_in_the_way(stage: Stage) -> None:
    a, rw = Mutex("a"), RWLock("rw")
    a_held = threading.Event()

    def writer() -> str:
        with a:
            a_held.set()
            with rw.write():
                return "written"

    def reader() -> str:
        rw.acquire_read()
        me = this_thread()
        stage.run("writer", writer)
        stage.blocked("writer", "rw")
        stage.run("releaser", lambda: rw.release_read(me)).join()
        with a:
            return "went on"

    assert stage.run("reader", reader).join() == "went on"


def test_a_wait_out_of_time_is_not_in_the_way(stage: Stage) -> None:
    # `late` is held between the end of its time and its withdrawal; its wait counts no more.
    a, b = Mutex("a"), Mutex("b")
    timed_out, go = threading.Event(), threading.Event()
    after = stage.after_wait

    def hold_the_end(lock: object, mode: object, thread: threading.Thread) -> None:
        if thread.name == "late":
            timed_out.set()
            assert go.wait(LIMIT)
        after(lock, mode, thread)  # type: ignore[arg-type]

    stage.after_wait = hold_the_end  # type: ignore[method-assign, assignment]

    def late() -> bool:
        with b:
            return a.acquire(timeout=0.01)

    def me() -> str:
        with a:
            stage.run("late", late)
            assert timed_out.wait(LIMIT)
            stage.run("opener", lambda: (stage.blocked("me", "b"), go.set()))
            with b:
                return "got b"

    assert stage.run("me", me).join() == "got b"
    assert stage.actors["late"].join() is False


def test_a_wait_inside_a_wait_does_not_hide_the_outer_one(stage: Stage) -> None:
    # A finaliser or signal handler that blocks in the middle of another wait: both must end first.
    a, b, c = Mutex("a"), Mutex("b"), Mutex("c")
    c.acquire()
    me = this_thread()

    def nested() -> None:
        with a, waiting_for(nobody.thread, "outer"), c:
            pass

    done = threading.Event()
    nobody = stage.run("nobody", lambda: (stage.blocked("nested", "c"), wants_a()))

    def wants_a() -> None:
        done.set()
        with b, a:
            pass

    nesting = stage.run("nested", nested)
    error = nobody.join()
    assert names(error)[0] == ("nobody", "lock 'a'")
    assert error.cycle[1].name == "nested"
    c.release(me)
    nesting.join()
