"""A query in a picture of threads: policy, row and builtin, also in a circular wait."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

import pytest

from regolive import Runtime, builtin, hookimpl
from regolive.concurrency import CircularWait, Mutex, dump_threads
from regolive.runtime import describe

POLICY = """package test

watched := true if {
	input.bucket
	demo.is_watched(input.bucket)
}
"""


class Manager:
    """A plugin whose builtin takes a lock, as the incident's did.

    ``create`` runs in a thread that the builtin starts, and waits to see blocked.
    """

    def __init__(self) -> None:
        self.lock = Mutex("manager.lock")
        self.create: Callable[[], None] = lambda: None
        self.error: CircularWait | None = None

    @hookimpl
    def regolive_builtins(self) -> list[object]:
        @builtin("demo.is_watched", nondeterministic=True)
        def is_watched(bucket: str) -> bool:
            creator = threading.Thread(target=self.create, name="creator", daemon=True)
            creator.start()
            while not any(p.waits_for for p in dump_threads() if p.name == "creator"):
                creator.join(0.001)
            try:
                with self.lock:
                    return True
            except CircularWait as error:
                self.error = error
                return False

        return [is_watched]


@pytest.mark.timeout(30)
def test_the_circle_names_policy_row_and_builtin() -> None:
    manager = Manager()
    runtime = Runtime(
        modules={"test.rego": POLICY}, plugins=[manager], discover=False, store="locking"
    )

    def create() -> None:
        with manager.lock, runtime.store.write() as transaction:
            transaction.put("/nats", 1)

    manager.create = create
    with runtime:
        result = runtime.prepare("data.test.watched").evaluate({"bucket": "b"})
    assert not result.defined
    assert manager.error is not None
    first, second = manager.error.cycle
    assert first.doing == "policy test.rego:5, builtin demo.is_watched"
    assert first.in_query
    assert second.name == "creator"
    assert "policy test.rego:5, builtin demo.is_watched" in str(manager.error)


def test_a_thread_outside_policies_is_left_to_others() -> None:
    assert describe.describe_query(threading.current_thread(), [sys._getframe()]) is None
