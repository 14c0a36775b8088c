"""The ten tests of the incident's table against the fixed manager and the five broken ones.

A regression test that passes on the fault it was written for is worth nothing. So each of the ten
is run against each manager, and has to fail exactly where the table below says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.unit.nats import conftest, test_nats_manager
from tests.unit.nats.conftest import Actor, FakeFeed, Gate, World

from regolive.concurrency import dump_threads
from regolive.storage import LockingStore, SnapshotStore
from regolive_nats import placing
from regolive_nats.incident import BROKEN_MANAGERS
from regolive_nats.manager import WatcherManager
from regolive_nats.watcher import BucketWatcher

MANAGERS: dict[str, type[WatcherManager]] = {"fixed": WatcherManager, **BROKEN_MANAGERS}

TEN = [
    "fast_path",
    "refused_after_stop",
    "cached_after_stop",
    "stop_is_idempotent",
    "concurrent_fast_path",
    "no_deadlock_on_a_reader",
    "no_deadlock_on_eviction",
    "same_bucket_serialised",
    "stop_drains_creations",
    "stop_ends_the_loop/snapshot",
    "stop_ends_the_loop/locking",
]

# Which fail on which manager, and no others do. The first of each was written for the fault.
CAUGHT_BY = {
    "fixed": [],
    # With its lock held in a creation, the manager cannot even refuse: so the second fails as well.
    "creation-under-lock": ["no_deadlock_on_a_reader", "stop_drains_creations"],
    "loser-wipes-winner": ["same_bucket_serialised"],
    # The flag that it lacks is needed twice: by creations in flight, and by those that come later.
    "creation-outlives-stop": ["stop_drains_creations", "refused_after_stop"],
    "eviction-under-lock": ["no_deadlock_on_eviction"],
    # The third stops a real watcher too, at its end.
    "deaf-loop": [
        "stop_ends_the_loop/snapshot",
        "stop_ends_the_loop/locking",
        "no_deadlock_on_a_reader",
    ],
}

SOON = 0.6  # seconds that a test here may wait for anything: on the fixed manager all is quick
HANGS = 3.0  # and for it as a whole, should it be stuck where it has no limit of its own


class ArrivalGate(Gate):
    """Opens for the test when nobody is on the way to it any more.

    So that of 25 threads, each either has come as far as the gate or waits for another one: without
    that, a race would be lost on the broken manager only mostly.
    """

    def __init__(self, is_open: bool = True) -> None:
        super().__init__(is_open)
        self.here: set[str] = set()

    def pass_through(self) -> None:
        self.here.add(str(threading.get_ident()))
        super().pass_through()

    def wait_reached(self) -> None:
        super().wait_reached()
        conftest.wait_until(self._all_arrived, "the arrival of all actors")

    def _all_arrived(self) -> bool:
        moving = [
            picture
            for picture in dump_threads(depth=1)
            if picture.name == "actor" and picture.alive and picture.waits_for is None
        ]
        return all(str(picture.ident) in self.here for picture in moving)


class MatrixWorld(World):
    """As the tests' own, with gates that leave nothing to luck."""

    def start_gate(self, bucket: str) -> Gate:
        return self._starts.setdefault(bucket, ArrivalGate())

    def release(self) -> None:
        """Let whoever is left behind go on."""
        for gate in (*self._starts.values(), *self._stops.values()):
            gate.opened.set()


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "LIMIT", SOON)
    monkeypatch.setattr(test_nats_manager, "LIMIT", SOON)
    monkeypatch.setattr(Actor.join, "__defaults__", (SOON,))
    monkeypatch.setattr(placing, "_SLICE", SOON / 6)


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + HANGS
    for thread in set(threading.enumerate()) - before:
        if thread.name != "regolive-watchdog":
            thread.join(max(0.0, until - time.monotonic()))
            assert not thread.is_alive(), f"{thread.name} is left"


def outcome(test: str, manager: type[WatcherManager], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run one of the ten in a thread of its own: "" if it passes, else how it fails."""
    world, feed = MatrixWorld(), FakeFeed()
    made: list[BucketWatcher] = []

    class Remembered(BucketWatcher):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            made.append(self)

    monkeypatch.setattr(test_nats_manager, "BucketWatcher", Remembered)
    name, _, kind = test.partition("/")
    run: Callable[..., Any] = getattr(test_nats_manager, f"test_{name}")
    arguments: dict[str, Any] = {"manager_type": manager}
    wanted = run.__code__.co_varnames[: run.__code__.co_argcount]
    arguments |= {key: given for key, given in (("world", world), ("feed", feed)) if key in wanted}
    if kind:
        arguments["kind"] = {"snapshot": SnapshotStore, "locking": LockingStore}[kind]
    failure: list[str] = []

    def body() -> None:
        try:
            run(**arguments)
        except BaseException as error:
            failure.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=body, name="matrix", daemon=True)
    thread.start()
    thread.join(HANGS)
    if thread.is_alive():
        failure.append("it hangs")
    world.release()
    for watcher in made:  # with the stop that even a deaf loop hears
        BucketWatcher.stop(watcher)
    return failure[0] if failure else ""


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("test", TEN)
def test_each_fault_is_caught_by_its_test_and_no_other(
    test: str, manager: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = outcome(test, MANAGERS[manager], monkeypatch)
    if test in CAUGHT_BY[manager]:
        assert failure, f"{test} passes on {manager}, the fault that it is there to catch"
    else:
        assert not failure


def test_the_matrix_is_complete() -> None:
    """Each fault has its test, and each of the file's ten tests is in the matrix."""
    assert set(CAUGHT_BY) == set(MANAGERS)
    assert all(CAUGHT_BY[fault] for fault in BROKEN_MANAGERS)
    takes_a_manager = {
        name.removeprefix("test_")
        for name, test in vars(test_nats_manager).items()
        if name.startswith("test_") and "manager_type" in test.__code__.co_varnames
    }
    assert takes_a_manager == {test.partition("/")[0] for test in TEN}
    assert len(takes_a_manager) == 10


def test_faults_differ_from_the_fixed_manager_in_little() -> None:
    """Each overrides at most two methods, and its page names what is wrong."""
    for fault, manager in BROKEN_MANAGERS.items():
        own = [name for name, value in vars(manager).items() if callable(value)]
        assert 1 <= len(own) <= 2, fault
        page = __import__(manager.__module__, fromlist=["__doc__"]).__doc__
        assert page.startswith("Fault "), fault
        assert "Wrong" in page, fault


def test_the_plugin_does_not_import_them() -> None:
    """Asked of a fresh interpreter: what the plugin loads has no fault in it."""
    import subprocess
    import sys

    program = (
        "import sys, regolive_nats.plugin; "
        "print([m for m in sys.modules if m.startswith('regolive_nats.incident')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
