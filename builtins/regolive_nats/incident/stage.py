"""The stage: a runtime with the manager of the scene, its HTTP server, and those who look on.

Plugin, builtins, store, server and NATS are the real ones. Changed are three things, for the broken
manager and the fixed one alike: gates stand where the scene wants threads to meet; a watcher's
commit waits to its end, as in OPA (the shipped one looks up every second whether it is still
wanted); and, for one scene, every query asks for a watcher, where the shipped plugin asks once.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from regolive import Runtime
from regolive.concurrency import ThreadPicture, configure, dump_threads
from regolive.server import Server
from regolive.storage import LockingStore, SnapshotStore, Store
from regolive_nats.incident import BROKEN_MANAGERS
from regolive_nats.incident.faults import Outcome, Setting, Verdict
from regolive_nats.incident.gates import Gates, came_about, wait_until
from regolive_nats.incident.onlookers import Actor, Listener, Probe, WaitCounter, ask
from regolive_nats.manager import WatcherManager
from regolive_nats.plugin import NatsPlugin, Service
from regolive_nats.watcher import BucketWatcher

OBSERVE = 1.2
"""Seconds without progress after which a scene is said to hang."""
CROWD = 8
"""Queries of bystanders that are asked at the moment of the circle."""
WATCHDOG = 0.3
"""Seconds after which the watchdog reports a wait, in the scenes in which no circle is closed."""

POLICY = """package incident

# One query, two calls: what the incident's thread P was.
watched := {"first": first, "second": second} if {
	first := nats.kv.watch_bucket(input.first)
	incident.gate(input.gate)
	second := nats.kv.watch_bucket(input.second)
}

followed := nats.kv.watch_bucket(input.bucket)

members := data.nats.kv[input.bucket].members

bystander := data.bystander
"""

Say = Callable[[str], None]


class StagedWatcher(BucketWatcher):
    """The shipped watcher, with a gate after its load, and commits that wait to their end."""

    gates: Gates

    def start(self) -> None:
        """Load, and come to the gate."""
        super().start()
        self.gates.pass_through(f"loaded {self.bucket}")

    def _write(self, change: Callable[[Any], object]) -> bool:
        with self._store.write() as txn:
            change(txn)
        return True

    def _clear(self, wanted: Callable[[], bool]) -> None:
        if self._placed:
            self._placed = not self._write(self._place.clear)


class Stage:
    """Everything that a scene needs, while it is played. Made by `on_stage`."""

    def __init__(self, setting: Setting, say: Say, runtime: Runtime, gates: Gates) -> None:
        self.setting = setting
        self.say = say
        self.runtime = runtime
        self.gates = gates
        self.listener = Listener()
        self.queries: list[Actor] = []
        self.decisive = 0.0  # when the step was taken that closes the circle
        self.url = ""

    @property
    def store(self) -> Store:
        """The runtime's."""
        return self.runtime.store

    @property
    def locking(self) -> bool:
        """Whether a commit waits for readers."""
        return isinstance(self.store, LockingStore)

    # what happens in a scene

    def query(self, rule: str, input: dict[str, Any], name: str = "client") -> Actor:
        """Ask for a rule over HTTP, in a client's thread."""
        body = {"input": input}
        actor = Actor(name, lambda: ask(self.url, "POST", f"/v1/data/incident/{rule}", body))
        self.queries.append(actor)
        return actor

    def value(self, rule: str, input: dict[str, Any]) -> Any:
        """Ask and wait: the result, None for undefined."""
        status, text = ask(self.url, "POST", f"/v1/data/incident/{rule}", {"input": input}, 5.0)
        return json.loads(text).get("result") if status == 200 else f"{status}: {text}"

    def follow(self, name: str) -> None:
        """Ask for a bucket until it is followed."""
        wait_until(
            lambda: self.value("followed", {"bucket": name}) is True, f"{name!r} is followed"
        )
        wait_until(lambda: not self.busy, "the creation has ended")

    @property
    def busy(self) -> bool:
        """Whether there is work in the background."""
        background = self.runtime._background
        return background is not None and background.pending > 0

    def commits_or_has(self, condition: Callable[[Store], object], what: str) -> None:
        """Wait until a writer waits for the readers; or, where none does, has committed."""
        wait_until(lambda: self.writer_waits or condition(self.store), what)

    @property
    def writer_waits(self) -> bool:
        """Whether a thread waits to commit."""
        waits = [p.waits_for for p in dump_threads(depth=1) if p.waits_for is not None]
        return any(wait.awaited == self.store.name and wait.mode == "write" for wait in waits)

    def crowd(self) -> None:
        """Bystanders come: queries that have to do with nothing of it."""
        for number in range(CROWD):
            self.query("bystander", {}, f"bystander-{number + 1}")

    def decide(self, step: str, take: Callable[[], object]) -> None:
        """Take the step on which all depends."""
        self.say(step)
        self.decisive = time.monotonic()
        take()

    # what came of it

    def settled(self, also: Callable[[], bool] = lambda: True) -> bool:
        """Wait until all queries are answered and the background is idle, or nothing moves."""
        return came_about(
            lambda: all(q.done for q in self.queries) and not self.busy and also(), OBSERVE
        )

    def explanation(self) -> tuple[float | None, str]:
        """Milliseconds from the decisive step to the first explanation, and its text."""
        found = [(at, text) for at, text in self.listener.heard if at >= self.decisive]
        for query in self.queries:
            if query.done and query.result is not None and "circular wait" in query.result[1]:
                document = json.loads(query.result[1])
                told = [error["message"] for error in document.get("errors", [document])]
                found.append((query.ended_at, "\n".join(map(str, told))))
        if not found:
            return None, ""
        at, text = min(found)
        return round((at - self.decisive) * 1000, 1), text

    def verdict(self, settled: bool) -> Verdict:
        """What is to be said of a scene whose data is right."""
        _, text = self.explanation()
        if "circular wait" in text:
            return "explained"
        if text and not settled:
            return "named"
        return "served" if settled else "hang"


def pictures(everybody: Iterable[ThreadPicture]) -> tuple[str, ...]:
    """The threads that wait or hold something, with a few frames; those who wait alike as one."""
    shown: list[str] = []
    alike: dict[str, list[str]] = {}
    for picture in everybody:
        wait = picture.waits_for
        if wait is None and not picture.holds:
            continue
        if wait is not None and wait.mode == "read" and not picture.holds:
            alike.setdefault(wait.what, []).append(picture.name)
            if len(alike[wait.what]) > 1:
                continue
        lines = picture.render().split("\n")
        stack = [line for line in lines if line.startswith(" " * 8)]
        shown.append("\n".join([*lines[: len(lines) - len(stack)], *stack[:4]]))
    for what, names in alike.items():
        if len(names) > 1:
            shown.append(f"and {len(names) - 1} more threads that wait for {what}")
    return tuple(shown)


@contextmanager
def on_stage(
    setting: Setting,
    say: Say,
    *,
    capacity: int = 10,
    modules: dict[str, str] | None = None,
    data: dict[str, Any] | None = None,
    plugins: Iterable[Any] = (),
    store: Store | None = None,
) -> Iterator[Stage]:
    """Set the stage. What hangs is left hanging: the process of a scene ends without it."""
    gates = Gates()
    nats = NatsPlugin()
    section = {"server_url": setting.nats_url, "max_bucket_watchers": capacity}
    kind = LockingStore if setting.store == "locking" else SnapshotStore
    runtime = Runtime(
        modules=modules or {"incident.rego": POLICY},
        data={"bystander": True, **(data or {})},
        config={"plugins": {"nats": section}} if setting.nats_url else None,
        plugins=[gates, nats, *plugins],
        discover=False,
        store=store or kind(),
    )
    stage = Stage(setting, say, runtime, gates)
    watchdog = WATCHDOG if setting.fault in ("deaf-loop", "opa-9122") else None
    with stage.listener.listening():
        if setting.nats_url:
            asyncio.run(_fill(setting.nats_url, ["users", "groups"]))
        runtime.start()
        if setting.nats_url:
            assert nats._service is not None
            _set_manager(nats._service, stage, capacity)
        rules = [name for name in ("watched", "followed", "members", "bystander") if not modules]
        for rule in rules or ["decision", "bystander"]:
            runtime.prepare(f"data.incident.{rule}")
        server = Server(runtime, timeout=_LONG, health_timeout=PROBE_QUERY, threads=CROWD + 4)
        server.start()
        stage.url = server.url
        configure(setting.detect, watchdog if setting.detect != "off" else None)
        yield stage


_PROBES = 3  # that a scene sees at least, however soon it is over
_LONG = 10.0  # seconds that a request may take: longer than any scene
PROBE_QUERY = 0.3  # seconds that the query of the health endpoint may take


def _set_manager(service: Service, stage: Stage, capacity: int) -> None:
    """Put the scene's manager in the place of the shipped one, before there is any watcher."""
    setting = stage.setting
    kind = BROKEN_MANAGERS[setting.fault] if setting.manager == "broken" else WatcherManager

    def make(bucket: str) -> BucketWatcher:
        watcher = StagedWatcher(bucket, service._client, stage.store, give_up=lambda: False)
        watcher.gates = stage.gates
        return watcher

    service._manager = kind(make, capacity)


async def _fill(url: str, buckets: list[str]) -> None:
    import nats
    from nats.js.errors import NotFoundError

    client = await nats.connect(url)
    try:
        stream = client.jetstream()
        for bucket in buckets:
            with suppress(NotFoundError):  # left by the scene before
                await stream.delete_key_value(bucket)
            kv = await stream.create_key_value(bucket=bucket)
            await kv.put("members.alice", b'{"role": "admin"}')
            await kv.put("members.bob", b'{"role": "reader"}')
    finally:
        await client.close()


def change(stage: Stage, name: str, key: str, value: bytes | None) -> None:
    """Put a key into a bucket in NATS, or (None) delete it."""

    async def put() -> None:
        import nats

        client = await nats.connect(stage.setting.nats_url)
        try:
            kv = await client.jetstream().key_value(name)
            await (kv.delete(key) if value is None else kv.put(key, value))
        finally:
            await client.close()

    asyncio.run(put())


@contextmanager
def observed(stage: Stage) -> Iterator[tuple[Probe, WaitCounter]]:
    """The probe asks, and the waits are counted."""
    counter = WaitCounter(stage.store.name)
    probe = Probe(stage.url, lambda n, why: _probe_failed(stage, n, why))
    wait_until(lambda: probe.asked > 0, "the first probe")
    try:
        yield probe, counter
    finally:
        probe.end()
        counter.end()


def _probe_failed(stage: Stage, number: int, why: str) -> None:
    if number == 1:
        stage.say(f"the liveness probe fails: {_PLACE.sub('', why)}")


_PLACE = re.compile(r"/\S*/(?=regolive(?:_nats)?/)")  # places as the other pictures show them


def outcome(
    stage: Stage,
    probe: Probe,
    counter: WaitCounter,
    verdict: Verdict,
    *,
    finding: str = "",
    threads: tuple[str, ...] = (),
) -> Outcome:
    """Put together what came of a scene."""
    came_about(lambda: probe.asked >= _PROBES, OBSERVE)
    ms, text = stage.explanation()
    served = sum(q.done and q.result is not None and q.result[0] == 200 for q in stage.queries)
    return Outcome(
        verdict=verdict,
        requests=len(stage.queries),
        served=served,
        probes=probe.asked,
        probes_failed=probe.failures,
        slowest_probe=round(probe.slowest, 3),
        readers_stuck=counter.readers if threads else 0,
        writer_wait=round(counter.writer, 3),
        explained_ms=ms,
        explanation=text,
        finding=finding,
        threads=threads,
    )
