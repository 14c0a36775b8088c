"""The locks: who gets in, who waits, who is told, and what is left after a timeout."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from regolive.concurrency import (
    LockTimeout,
    Mutex,
    NamedLock,
    RWLock,
    WaitObserver,
    held_locks,
    set_wait_observer,
    this_thread,
)

LIMIT = 10.0  # seconds before a test that hangs gives up


class Recorder(WaitObserver):
    """Remembers every wait; `expect` blocks until so many have begun."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str, str]] = []
        self.ended: list[tuple[str, str, str]] = []
        self._changed = threading.Condition()

    def before_wait(self, lock: NamedLock, mode: str, thread: threading.Thread) -> None:
        with self._changed:
            self.begun.append((lock.name, mode, thread.name))
            self._changed.notify_all()

    def after_wait(self, lock: NamedLock, mode: str, thread: threading.Thread) -> None:
        with self._changed:
            self.ended.append((lock.name, mode, thread.name))

    def expect(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.begun) >= count, LIMIT), self.begun


@contextmanager
def observing(observer: WaitObserver) -> Iterator[None]:
    previous = set_wait_observer(observer)
    try:
        yield
    finally:
        set_wait_observer(previous)


@pytest.fixture
def waits() -> Iterator[Recorder]:
    recorder = Recorder()
    with observing(recorder):
        yield recorder


def start(fn: Callable[[], object], name: str) -> threading.Thread:
    thread = threading.Thread(target=fn, name=name, daemon=True)
    thread.start()
    return thread


def join(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), f"{thread.name} hangs"


def test_a_mutex_knows_its_owner_and_the_thread_its_locks() -> None:
    outer, inner = Mutex("outer"), Mutex("inner", guards="nothing")
    with outer, inner:
        assert held_locks() == ("outer", "inner")
        assert inner.locked
        assert inner.owner is threading.current_thread()
        assert inner.holders() == (threading.current_thread(),)
    assert held_locks() == ()
    assert inner.owner is None
    assert not inner.locked


def test_a_mutex_makes_others_wait_and_tells_the_observer(waits: Recorder) -> None:
    mutex = Mutex("m")
    order: list[str] = []

    def second() -> None:
        with mutex:
            order.append("second")

    with mutex:
        thread = start(second, "second")
        waits.expect(1)
        order.append("first")
    join(thread)
    assert order == ["first", "second"]
    assert waits.begun == waits.ended == [("m", "mutex", "second")]


def test_an_uncontended_lock_tells_the_observer_nothing(waits: Recorder) -> None:
    mutex, rw = Mutex("m"), RWLock("rw")
    with mutex, rw.read(), rw.read():
        pass
    with rw.write():
        pass
    assert waits.begun == []


def test_a_mutex_timeout_leaves_it_usable() -> None:
    mutex = Mutex("m")
    results: list[bool] = []
    with mutex:
        join(start(lambda: results.append(mutex.acquire(timeout=0.01)), "late"))
        join(start(lambda: results.append(mutex.acquire(timeout=0)), "never"))
    assert results == [False, False]
    assert mutex.acquire(timeout=0)
    mutex.release()


def test_releasing_a_mutex_of_another_thread_is_refused_unless_on_its_behalf() -> None:
    mutex = Mutex("m")
    mutex.acquire()
    me = this_thread()
    errors: list[str] = []

    def other() -> None:
        try:
            mutex.release()
        except RuntimeError as error:
            errors.append(str(error))
        mutex.release(me)

    join(start(other, "other"))
    assert "held by" in errors[0]
    assert held_locks() == ()
    with pytest.raises(RuntimeError, match="not held"):
        mutex.release()


def test_an_observer_can_refuse_a_wait(waits: Recorder) -> None:
    class Refusal(Exception):
        pass

    class Refusing(WaitObserver):
        def before_wait(self, lock: NamedLock, mode: str, thread: threading.Thread) -> None:
            raise Refusal(lock.name)

    rw = RWLock("rw")
    errors: list[BaseException] = []

    def attempt() -> None:
        try:
            rw.acquire_write()
        except Refusal as error:
            errors.append(error)

    with rw.read(), observing(Refusing()):
        join(start(attempt, "writer"))
        assert rw.waiting("write") == ()
        assert rw.acquire_read(timeout=0), "the refused writer keeps nobody out"
        rw.release_read()
    assert len(errors) == 1
    assert rw.acquire_write(timeout=0)
    rw.release_write()


def test_readers_share_and_nested_reads_count() -> None:
    rw = RWLock("rw")
    both = threading.Barrier(2)

    def reader() -> None:
        with rw.read():
            both.wait(LIMIT)

    thread = start(reader, "reader")
    with rw.read(), rw.read():
        both.wait(LIMIT)
        join(thread)
        assert held_locks() == ("rw", "rw")
        assert rw.holders() == (threading.current_thread(),)
    assert rw.holders() == ()


def test_a_waiting_writer_keeps_new_readers_out_and_they_follow_it(waits: Recorder) -> None:
    rw = RWLock("rw")
    order: list[str] = []
    reading = threading.Barrier(3)

    def writer(name: str) -> Callable[[], None]:
        def run() -> None:
            with rw.write():
                order.append(name)

        return run

    def reader() -> None:
        with rw.read():
            order.append("reader")
            reading.wait(LIMIT)  # both readers are in at once

    rw.acquire_read()
    threads = [start(writer("first"), "w1")]
    waits.expect(1)
    threads.append(start(reader, "r1"))
    waits.expect(2)
    threads.append(start(reader, "r2"))
    waits.expect(3)
    threads.append(start(writer("second"), "w2"))
    waits.expect(4)
    assert not rw.acquire_read(timeout=0)
    assert [t.name for t in rw.waiting("write")] == ["w1", "w2"]
    assert [t.name for t in rw.waiting("read")] == ["r1", "r2"]
    rw.release_read()
    reading.wait(LIMIT)
    join(*threads)
    assert order == ["first", "reader", "reader", "second"]
    assert sorted(waits.begun) == sorted(waits.ended)


def test_a_writer_that_gives_up_lets_the_readers_in(waits: Recorder) -> None:
    rw = RWLock("rw")
    give_up = threading.Event()
    results: list[bool] = []

    class Patient(WaitObserver):
        """Holds the writer's wait at its end, so that the readers are queued behind it."""

        def before_wait(self, lock: NamedLock, mode: str, thread: threading.Thread) -> None:
            waits.before_wait(lock, mode, thread)

        def after_wait(self, lock: NamedLock, mode: str, thread: threading.Thread) -> None:
            if mode == "write":
                assert give_up.wait(LIMIT)

    def reader() -> None:
        with rw.read():
            results.append(True)

    with observing(Patient()), rw.read():
        writer = start(lambda: results.append(rw.acquire_write(timeout=0.01)), "writer")
        waits.expect(1)
        thread = start(reader, "reader")
        waits.expect(2)
        give_up.set()
        join(writer, thread)
    assert sorted(results) == [False, True]


def test_a_lock_handed_over_as_the_time_runs_out_is_held() -> None:
    rw = RWLock("rw")
    result: list[bool] = []

    class Late(WaitObserver):
        """The reader ends just after the writer's time has run out."""

        def after_wait(self, lock: NamedLock, mode: str, thread: threading.Thread) -> None:
            rw.release_read(reader)

    reader = this_thread()
    rw.acquire_read()

    def writer() -> None:
        result.append(rw.acquire_write(timeout=0.01))
        rw.release_write()

    with observing(Late()):
        join(start(writer, "writer"))
    assert result == [True]
    assert rw.holders() == ()


def test_context_managers_raise_a_timeout_that_names_lock_and_holder() -> None:
    rw = RWLock("store")
    errors: list[str] = []

    def writer() -> None:
        try:
            with rw.write(timeout=0.01):
                pass
        except LockTimeout as error:
            errors.append(str(error))

    with rw.read():
        join(start(writer, "writer"))
    assert "'store' for write" in errors[0]
    assert threading.current_thread().name in errors[0]


def test_releasing_what_is_not_held_is_refused() -> None:
    rw = RWLock("rw")
    with pytest.raises(RuntimeError, match="for read"):
        rw.release_read()
    with rw.read(), pytest.raises(RuntimeError, match="for write"):
        rw.release_write()


def test_a_read_can_be_released_by_another_thread() -> None:
    rw = RWLock("rw")
    rw.acquire_read()
    holder = this_thread()
    join(start(lambda: rw.release_read(holder), "other"))
    assert held_locks() == ()
    assert rw.acquire_write(timeout=0)
    rw.release_write()


def test_a_finaliser_inside_the_latch_releases_right_after_it() -> None:
    rw = RWLock("rw")
    me = this_thread()
    rw.acquire_read()

    class Forgotten:
        def __del__(self) -> None:
            rw.release_late(me, "read")

    with rw._latch:  # where an allocation may run the collector, and that any finaliser
        forgotten = Forgotten()
        del forgotten
        gc.collect()
        assert rw.holders() == (threading.current_thread(),), "nothing is done under the latch"
    assert rw.acquire_read(timeout=0)  # any use of the lock settles it
    rw.release_read()
    assert rw.holders() == ()
    rw.acquire_read()
    rw.release_late(me, "read")
    assert rw.holders() == ()


def test_many_readers_and_writers_exclude_each_other() -> None:
    rw = RWLock("rw")
    state = [0, 0]
    torn: list[tuple[int, int]] = []

    def writer() -> None:
        for _ in range(200):
            with rw.write():
                state[0] += 1
                state[1] += 1

    def reader() -> None:
        for _ in range(200):
            with rw.read():
                if state[0] != state[1]:
                    torn.append((state[0], state[1]))

    join(*(start(fn, f"t{n}") for n, fn in enumerate([writer, reader] * 4)))
    assert state == [800, 800]
    assert torn == []
