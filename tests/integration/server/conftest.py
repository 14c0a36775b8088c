"""Servers on the loopback, over a policy whose builtins can be held up and watched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from regolive import BuiltinContext, Runtime, builtin, hookimpl
from regolive.compiler import CompileRequest, get_front_end
from regolive.concurrency import configure, wait_graph_status
from regolive.ir.nodes import Policy
from regolive.server import Server

LIMIT = 10.0

POLICY = """package t

allow if input.user == "alice"

# Runs until it is told to end; looks at its deadline.
runaway := gate.spin()

# Waits for its gate, whatever the deadline.
deaf := gate.wait()

scan contains [x, y, z] if {
	some x in data.many
	some y in data.many
	some z in data.many
	x + y == z * 10000
}
"""


class CachingFrontEnd:
    """Compiles each request once for all runtimes of these tests."""

    name = "caching"
    plans_data = True

    def __init__(self) -> None:
        self.real = get_front_end()
        self.known: dict[str, Policy] = {}

    def compile(self, request: CompileRequest) -> Policy:
        key = repr((request.modules, request.entrypoints, request.query))
        if key not in self.known:
            self.known[key] = self.real.compile(request)
        return self.known[key]

    def close(self) -> None:
        """The runtimes share it, so that none of them closes it."""


class Gates:
    """A plugin whose builtins stop where a test wants them."""

    def __init__(self) -> None:
        self.spinning = threading.Event()
        self.cancelled = threading.Event()
        self.waiting = threading.Event()
        self.open = threading.Event()

    @builtin("gate.spin", nondeterministic=True)
    def spin(self, ctx: BuiltinContext) -> bool:
        self.spinning.set()
        try:
            while not self.open.wait(0.001):
                ctx.check()
        except BaseException:
            self.cancelled.set()
            raise
        return True

    @builtin("gate.wait", nondeterministic=True)
    def wait(self) -> bool:
        self.waiting.set()
        return self.open.wait(LIMIT)

    @hookimpl
    def regolive_builtins(self) -> list[Any]:
        return [self.spin, self.wait]


@pytest.fixture(scope="session")
def front_end() -> Iterator[CachingFrontEnd]:
    front_end = CachingFrontEnd()
    yield front_end
    front_end.real.close()


@pytest.fixture
def gates() -> Iterator[Gates]:
    gates = Gates()
    yield gates
    gates.open.set()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    mode = wait_graph_status().mode
    yield
    configure(mode)
    left = [t.name for t in set(threading.enumerate()) - before if t.name != "regolive-watchdog"]
    assert left == []


MakeServer = Callable[..., Server]


@pytest.fixture
def make_server(gates: Gates, front_end: CachingFrontEnd) -> Iterator[MakeServer]:
    """Starts a server over a runtime of its own; both are stopped at the end."""
    regolive_std = pytest.importorskip("regolive_std")
    started: list[tuple[Server, Runtime]] = []

    def make(
        store: str = "snapshot",
        modules: dict[str, str] | None = None,
        data: dict[str, Any] | None = None,
        **options: Any,
    ) -> Server:
        runtime = Runtime(
            modules=modules or {"t.rego": POLICY},
            data=data or {"x": {"y": 1}, "many": list(range(300))},
            plugins=[regolive_std.StdPlugin, gates],
            discover=False,
            store=store,
            front_end=front_end,
        )
        runtime.start()
        for rule in () if modules else ("allow", "runaway", "deaf", "scan"):
            runtime.prepare(f"data.t.{rule}")  # deadlines in tests are too short to compile in
        server = Server(runtime, **options)
        started.append((server, runtime))
        return server.start()

    yield make
    gates.open.set()
    for server, runtime in started:
        assert server.stop()
        runtime.stop()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=LIMIT, trust_env=False) as client:
        yield client
