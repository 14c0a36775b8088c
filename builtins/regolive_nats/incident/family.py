"""The same family elsewhere: four bugs of other projects, each a lock taken again behind a writer.

"broken" is as it was there, in our terms; "fixed" is a mend, for the first two the project's own.
No NATS is needed: all of them are about the store, whoever writes to it.
"""

from __future__ import annotations

import fcntl
import logging
import logging.handlers
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from regolive import BuiltinContext, PluginHost, builtin, hookimpl
from regolive.concurrency import LockTimeout, Mutex, dump_threads, this_thread
from regolive.storage import LockingStore, SnapshotStore, Store
from regolive_nats.incident.faults import Outcome, Setting
from regolive_nats.incident.gates import wait_until
from regolive_nats.incident.onlookers import Actor
from regolive_nats.incident.stage import (
    CROWD,
    OBSERVE,
    Say,
    Stage,
    observed,
    on_stage,
    outcome,
    pictures,
)

_INSIDE = "inside the query"

_POLICY = """package incident

decision := {"allow": true, "by": by} if {
	incident.gate("inside the query")
	by := incident.last("alice")
}

bystander := data.bystander
"""
_DATA = {"masks": {"alice": "masked"}, "records": {"alice": "a record"}}


class Last:
    """A plugin with the builtin that a decision ends with: whatever the scene wants there."""

    def __init__(self, do: Callable[[Last, BuiltinContext, str], str]) -> None:
        self.store: Store | None = None
        self._do = do

    @hookimpl
    def regolive_start(self, host: PluginHost) -> None:
        """Keep the store, as a plugin may."""
        self.store = host.store

    @builtin("incident.last", nondeterministic=True)
    def last(self, ctx: BuiltinContext, name: str) -> str:
        """What the scene wants."""
        return self._do(self, ctx, name)

    @hookimpl
    def regolive_builtins(self) -> list[Callable[..., Any]]:
        """The one builtin."""
        return [self.last]


def _again(key: str) -> Callable[[Last, BuiltinContext, str], str]:
    def do(plugin: Last, ctx: BuiltinContext, name: str) -> str:
        assert plugin.store is not None
        with plugin.store.read() as txn:  # WRONG: the query has one already
            return str(txn.read((key, name)))

    return do


def _own(key: str) -> Callable[[Last, BuiltinContext, str], str]:
    def do(plugin: Last, ctx: BuiltinContext, name: str) -> str:
        return str(ctx.data[key][name])

    return do


def second_transaction(setting: Setting, say: Say) -> Outcome:
    """OPA issue 1543: the log masks a decision in a transaction of its own, inside the query's."""
    do = _again("masks") if setting.manager == "broken" else _own("masks")
    return _behind_a_writer(
        setting, say, do, "bundle-activation", "the decision is logged: its mask is looked up"
    )


def record_lookup(setting: Setting, say: Say) -> Outcome:
    """Pomerium pull request 2151: a builtin looks up a record, taking the read lock again."""
    do = _again("records") if setting.manager == "broken" else _own("records")
    return _behind_a_writer(
        setting, say, do, "databroker-sync", "the policy goes on, and looks up a record"
    )


def _behind_a_writer(
    setting: Setting,
    say: Say,
    do: Callable[[Last, BuiltinContext, str], str],
    writer: str,
    step: str,
) -> Outcome:
    modules = {"incident.rego": _POLICY}
    with (
        on_stage(setting, say, modules=modules, data=_DATA, plugins=[Last(do)]) as stage,
        observed(stage) as (probe, counter),
    ):
        gate = stage.gates.shut(_INSIDE)
        stage.query("decision", {}, "client-of-P")
        gate.wait_reached()
        say("query P has begun, and holds the store")
        written = _start_writer(stage, writer)
        stage.crowd()
        if stage.locking:
            wait_until(lambda: counter.readers > 0, "the crowd's queries wait behind the writer")
        stage.decide(step, gate.open)
        settled = stage.settled(lambda: written.done)
        standing = pictures(dump_threads()) if not settled else ()
        _tell(stage, settled)
        return outcome(stage, probe, counter, stage.verdict(settled), threads=standing)


def _start_writer(stage: Stage, name: str) -> Actor:
    def write() -> None:
        with stage.store.write() as txn:
            txn.put(("bundle",), {"revision": 2})

    before = stage.store.revision
    actor = Actor(name, write)
    stage.commits_or_has(lambda store: store.revision > before, "the writer's commit")
    stage.say(
        f"{name} writes, and waits in its commit for P"
        if stage.writer_waits
        else f"{name} has written: nothing here waits for a reader"
    )
    return actor


def _tell(stage: Stage, settled: bool) -> None:
    stuck = sum(not query.done for query in stage.queries)
    if settled:
        stage.say("every query is answered")
    else:
        stage.say(f"after {OBSERVE:g} s nothing moves: {stuck} queries are not answered")


class TriggersUnderItsLock(LockingStore):
    """As OPA's store calls its triggers: in the commit, with the lock still held for writing."""

    def __init__(self, root: dict[str, Any] | None = None) -> None:
        super().__init__(root)
        self.triggers: list[Callable[[], object]] = []

    def _replace(self, version: Any, timeout: float | None) -> None:
        lock = self._lock
        if not lock.acquire_write(timeout):
            raise LockTimeout(lock, "write", timeout or 0)
        holder = this_thread()
        try:
            self._version = version
            for trigger in self.triggers:
                trigger()
        finally:
            lock.release_write(holder)


def two_orders(setting: Setting, say: Say) -> Outcome:
    """opa-envoy-plugin pull request 279: the mask's mutex and the store, taken in two orders."""
    locking = setting.store == "locking"
    store: Store = TriggersUnderItsLock() if locking else SnapshotStore()
    mask = Mutex("decision_logs.mask", guards="the prepared query for the mask")

    def prepare_again() -> None:
        with mask:
            pass

    if isinstance(store, TriggersUnderItsLock):
        store.triggers.append(prepare_again)
    else:
        store.on_commit(lambda event: prepare_again())
    modules = {"incident.rego": _POLICY}
    plugins = [Last(_own("masks"))]
    with (
        on_stage(setting, say, modules=modules, data=_DATA, plugins=plugins, store=store) as stage,
        observed(stage) as (probe, counter),
    ):
        gate = stage.gates.shut("mask held")

        def log_decision() -> None:
            with mask:
                gate.pass_through()
                with store.read() as txn:
                    txn.read(("masks",))

        def check() -> None:
            if setting.manager == "broken":
                stage.runtime.evaluate("data.incident.bystander")
                log_decision()  # WRONG: its transaction comes after the mutex
            else:
                with store.read() as txn, mask:
                    gate.pass_through()
                    txn.read(("masks",))

        envoy = Actor("envoy-check", check)
        gate.wait_reached()
        say(
            "a decision is logged: the mask's mutex is held, and the decision's transaction "
            + ("closed" if setting.manager == "broken" else "still open")
        )
        before = store.revision
        writer = Actor("bundle-activation", lambda: _put(store))
        wait_until(
            lambda: stage.writer_waits or store.revision > before, "the bundle's commit has begun"
        )
        wait_until(lambda: _waits(writer), "the commit waits")
        say(
            "bundle-activation waits in its commit, for the decision's transaction"
            if stage.writer_waits
            else "bundle-activation has committed, and its trigger waits for the mask's mutex"
        )
        stage.crowd()
        stage.decide("the log looks up the mask", gate.open)
        settled = stage.settled(lambda: writer.done and envoy.done)
        if envoy.error is not None:
            stage.listener.heard.append((envoy.ended_at, str(envoy.error)))
        standing = pictures(dump_threads()) if not settled else ()
        _tell(stage, settled)
        return outcome(stage, probe, counter, stage.verdict(settled), threads=standing)


def _put(store: Store) -> None:
    with store.write() as txn:
        txn.put(("bundle",), {"revision": 2})


def _waits(actor: Actor) -> bool:
    return any(
        p.name == actor.thread.name and p.waits_for is not None for p in dump_threads(depth=1)
    )


def blocked_log(setting: Setting, say: Say) -> Outcome:
    """OPA issue 9122: a log line into a pipe that nobody reads, inside a transaction."""
    log = logging.getLogger("incident.decisions")
    log.propagate = False
    pipe = _full_pipe()
    slow = logging.StreamHandler(pipe)
    if setting.manager == "broken":
        log.addHandler(slow)
    else:
        lines: queue.SimpleQueue[Any] = queue.SimpleQueue()
        log.addHandler(logging.handlers.QueueHandler(lines))
        threading.Thread(
            target=lambda: slow.handle(lines.get()), name="log-writer", daemon=True
        ).start()

    def do(plugin: Last, ctx: BuiltinContext, name: str) -> str:
        log.error("eval_cancel_error: context canceled")
        return "logged"

    modules = {"incident.rego": _POLICY}
    with (
        on_stage(setting, say, modules=modules, data=_DATA, plugins=[Last(do)]) as stage,
        observed(stage) as (probe, counter),
    ):
        gate = stage.gates.shut(_INSIDE)
        stage.query("decision", {}, "client-of-P")
        gate.wait_reached()
        say("query P has begun, and holds the store; whoever reads the log has stopped reading")
        stage.decide("P logs a line", gate.open)
        if setting.manager == "broken":
            wait_until(_writes_its_log, "P writes its line")
        else:
            wait_until(lambda: stage.queries[0].done, "P is answered")
        written = _start_writer(stage, "bundle-activation")
        stage.crowd()
        settled = stage.settled(lambda: written.done)
        standing = pictures(dump_threads()) if not settled else ()
        _tell(stage, settled)
        others = sum(query.done for query in stage.queries[1:])
        verdict = stage.verdict(settled)
        if not settled and written.done and others == CROWD:
            verdict = "one stuck"
        return outcome(stage, probe, counter, verdict, threads=standing)


def _full_pipe() -> Any:
    """The writing end of a pipe that is full. The other end is kept, and never read."""
    reader, writer = os.pipe()
    _kept.append(reader)
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    fcntl.fcntl(writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        while True:
            os.write(writer, b"." * 4096)
    except BlockingIOError:
        pass
    fcntl.fcntl(writer, fcntl.F_SETFL, flags)
    return os.fdopen(writer, "w", buffering=1)


_kept: list[int] = []


def _writes_its_log() -> bool:
    return any(
        any("StreamHandler" in place for place in picture.stack)
        for picture in dump_threads(depth=8)
    )
