"""Calling a standard builtin as generated code calls it, without a policy around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.http_site import HttpClient, Site

import regolive_std
from regolive.codegen.frame import Cancellation, Env, Frame, Watch
from regolive.plugins import Registry


class Caller:
    """``call(name, *operands)``: the result; errors of builtins are raised."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.registry.register(regolive_std.StdPlugin, "std")

    def frame(self, watch: Watch | None = None, *, strict: bool = True) -> Frame:
        """A query's frame, to make several calls in one query."""
        return Frame(Env(strict, _no_background), None, watch)  # type: ignore[arg-type]

    def __call__(self, name: str, *operands: Any, frame: Frame | None = None) -> Any:
        return self.registry.builtins[name].call(frame or self.frame(), *operands)


def _no_background(*_: Any, **__: Any) -> Any:
    raise AssertionError("no standard builtin works in the background")


_CALLER = Caller()


@pytest.fixture(scope="session")
def call() -> Caller:
    """The standard builtins by name."""
    return _CALLER


@pytest.fixture(scope="session")
def cancelled() -> Callable[[], Frame]:
    """Makes the frame of a query that somebody has cancelled."""

    def make() -> Frame:
        cancellation = Cancellation()
        cancellation.cancel()
        return _CALLER.frame(Watch(float("inf"), cancellation), strict=False)

    return make


@pytest.fixture
def http() -> Iterator[HttpClient]:
    """``http.send``, with connections and kept responses of its own."""
    client = HttpClient()
    yield client
    client.close()


@pytest.fixture
def site() -> Iterator[Site]:
    """A server."""
    site = Site()
    yield site
    site.close()
