"""The stacks of all threads: whole, of one moment, and not kept."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Iterator

import pytest

from regolive.concurrency import all_stacks, dump_threads

LIMIT = 10.0


def _names(ident: int | None) -> list[str]:
    stacks = all_stacks()
    try:
        return [frame.f_code.co_name for frame in stacks[ident or 0]]
    finally:
        stacks.clear()


def test_stacks_are_whole() -> None:
    reached, go = threading.Event(), threading.Event()

    def innermost() -> Iterator[int]:
        reached.set()
        yield int(go.wait(LIMIT))

    def middle(depth: int) -> int:
        return middle(depth - 1) if depth else sum(innermost())

    thread = threading.Thread(target=middle, args=(2,))
    thread.start()
    assert reached.wait(LIMIT)
    assert _names(thread.ident)[-7:] == ["innermost", *["middle"] * 3, "run", *_BOOTSTRAP]
    go.set()
    thread.join(LIMIT)


_BOOTSTRAP = ["_bootstrap_inner", "_bootstrap"]


def test_ones_own_stack_begins_with_the_caller() -> None:
    assert _names(threading.get_ident())[:2] == [
        "_names",
        "test_ones_own_stack_begins_with_the_caller",
    ]


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(enabled: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        all_stacks().clear()
        assert gc.isenabled() is enabled
    finally:
        (gc.enable if was else gc.disable)()


class Local:
    """Something in a frame that is looked at."""


def test_nothing_is_kept_alive() -> None:
    """What a finaliser has to do, such as ending an abandoned transaction, is not put off."""

    def look(how: str) -> weakref.ref[Local]:
        local = Local()
        if how == "stacks":
            all_stacks().clear()
        else:
            assert dump_threads()
        return weakref.ref(local)

    was = gc.isenabled()
    gc.disable()
    try:
        for how in ("stacks", "pictures"):
            assert look(how)() is None, how
    finally:
        if was:
            gc.enable()


_CALLS = ["generator", "deep", "work"]  # the innermost first


@pytest.mark.timeout(60)
def test_stacks_of_threads_that_run() -> None:
    """Their frames come and go, and the collector runs Python code wherever it can."""
    ended, begun = threading.Event(), threading.Barrier(5)

    def generator(depth: int) -> Iterator[int]:
        if depth:
            yield from generator(depth - 1)
        yield depth

    def deep(depth: int) -> int:
        return deep(depth - 1) if depth else sum(generator(10))

    def work() -> None:
        begun.wait(LIMIT)
        while not ended.is_set():
            deep(20)

    def collecting(phase: str, info: object) -> None:
        sum(range(10))

    threads = [threading.Thread(target=work) for _ in range(4)]
    threshold, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.callbacks.append(collecting)
    gc.set_threshold(50, 2, 2)
    sys.setswitchinterval(1e-4)
    for thread in threads:
        thread.start()
    try:
        begun.wait(LIMIT)
        for _ in range(2_000):
            stacks = all_stacks()
            for thread in threads:
                names = [frame.f_code.co_name for frame in stacks[thread.ident or 0]]
                assert names[-4:] == ["work", "run", *_BOOTSTRAP]
                calls = [name for name in names if name in _CALLS]
                assert calls == sorted(calls, key=_CALLS.index)
            stacks.clear()
    finally:
        ended.set()
        for thread in threads:
            thread.join(LIMIT)
        gc.callbacks.remove(collecting)
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval)
