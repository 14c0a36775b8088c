"""Gates: what makes a race happen every time. A thread stops at one until the scene opens it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from regolive import BuiltinContext, builtin, hookimpl
from regolive.concurrency import waiting_for

LIMIT = 10.0
"""Seconds after which a scene that does not come about is given up."""


class SceneError(Exception):
    """A step of the scene did not come about in time."""


class Gate:
    """Shut until opened; knows how many have come to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.arrivals = 0
        self._opened = threading.Event()

    def pass_through(self) -> None:
        """Come to the gate, and go on when it is open."""
        self.arrivals += 1
        if not self._opened.is_set():
            with waiting_for(None, f"the scene's gate {self.name!r}", LIMIT):
                self._opened.wait(LIMIT)

    def open(self) -> None:
        """Let everybody through."""
        self._opened.set()

    def wait_reached(self) -> None:
        """Wait until somebody stands at it."""
        wait_until(lambda: self.arrivals > 0, f"somebody comes to the gate {self.name!r}")


class Gates:
    """All gates of a scene; and the plugin whose builtin ``incident.gate`` stands in a policy."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}

    def shut(self, name: str) -> Gate:
        """Put up a gate. Where there is none, everybody passes."""
        return self._gates.setdefault(name, Gate(name))

    def pass_through(self, name: str) -> None:
        """Come to the gate of that name, if there is one."""
        gate = self._gates.get(name)
        if gate is not None:
            gate.pass_through()

    def open_all(self) -> None:
        """For the end."""
        for gate in self._gates.values():
            gate.open()

    @builtin("incident.gate", nondeterministic=True)
    def gate(self, ctx: BuiltinContext, name: str) -> bool:
        """True, when the scene lets the query go on."""
        self.pass_through(name)
        return True

    @hookimpl
    def regolive_builtins(self) -> list[Callable[..., Any]]:
        """The one builtin."""
        return [self.gate]


def wait_until(condition: Callable[[], object], what: str, limit: float = LIMIT) -> None:
    """Wait until something holds. Raises SceneError."""
    if not came_about(condition, limit):
        raise SceneError(f"this did not come about within {limit:g} s: {what}")


def came_about(condition: Callable[[], object], limit: float) -> bool:
    """Wait at most ``limit`` seconds until something holds; returns whether it does."""
    until = time.monotonic() + limit
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.002)
    return True
