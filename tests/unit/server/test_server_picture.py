"""Threads as a server shows them when all else fails."""

from __future__ import annotations

import threading

from regolive.server.picture import stacks_only


def test_bare_stacks_name_threads_and_places() -> None:
    reached, go = threading.Event(), threading.Event()

    def waits_here() -> None:
        reached.set()
        go.wait(10)

    thread = threading.Thread(target=waits_here, name="stuck-one")
    thread.start()
    assert reached.wait(10)
    shown = stacks_only()
    go.set()
    thread.join(10)
    assert "thread 'stuck-one'\n" in shown
    assert "in waits_here\n    go.wait(10)\n" in shown
    assert "in test_bare_stacks_name_threads_and_places\n" in shown
