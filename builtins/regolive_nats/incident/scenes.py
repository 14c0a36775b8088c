"""The five faults as scenes: the same steps for the broken manager and for the fixed one.

Each step is taken when the one before has come about, never after some time that should suffice.
"""

from __future__ import annotations

import time
from typing import Any

from regolive.concurrency import dump_threads
from regolive_nats.incident.faults import Outcome, Setting
from regolive_nats.incident.gates import came_about, wait_until
from regolive_nats.incident.onlookers import Actor
from regolive_nats.incident.stage import (
    OBSERVE,
    Say,
    Stage,
    change,
    observed,
    on_stage,
    outcome,
    pictures,
)

_BETWEEN = "between two calls"


def creation_under_lock(setting: Setting, say: Say) -> Outcome:
    """Fault 1. A query holds the store, and asks the manager while a creation commits."""
    with on_stage(setting, say) as stage, observed(stage) as (probe, counter):
        users, groups = "users", "groups"
        gate = stage.gates.shut(_BETWEEN)
        before = stage.store.revision
        say("query P asks for bucket 'users': a watcher is created in the background")
        stage.query("watched", {"first": users, "second": groups, "gate": _BETWEEN}, "client-of-P")
        gate.wait_reached()
        stage.commits_or_has(
            lambda store: store.revision > before, "the creation has come to its commit"
        )
        say(
            "the creation waits in its commit, for P's read transaction to end"
            if stage.writer_waits
            else "the creation has committed: nothing here waits for a reader"
        )
        return _clash(stage, probe, counter, gate.open, "P goes on, and asks for 'groups'")


def eviction_under_lock(setting: Setting, say: Say) -> Outcome:
    """Fault 4. The same circle, with the stop of an evicted watcher in place of a creation."""
    with on_stage(setting, say, capacity=1) as stage, observed(stage) as (probe, counter):
        users, groups = "users", "groups"
        stage.follow("users")
        say("bucket 'users' is followed, and there is room for one")
        loaded = stage.gates.shut(f"loaded {groups}")
        stage.query("followed", {"bucket": groups}, "client-of-groups")
        loaded.wait_reached()
        say("a query has asked for 'groups': its watcher has loaded, and is about to be entered")
        gate = stage.gates.shut(_BETWEEN)
        stage.query("watched", {"first": users, "second": groups, "gate": _BETWEEN}, "client-of-P")
        gate.wait_reached()
        say("query P has begun, and holds the store")
        before = stage.store.revision
        loaded.open()
        stage.commits_or_has(lambda store: store.revision > before, "the eviction of 'users'")
        say(
            "'users' is evicted: taking it out of the store waits for P"
            if stage.writer_waits
            else "'users' is evicted and out of the store: nothing here waits for a reader"
        )
        return _clash(stage, probe, counter, gate.open, "P goes on, and asks for 'groups'")


def _clash(stage: Stage, probe: Any, counter: Any, go_on: Any, step: str) -> Outcome:
    """The last step of a circle, and what comes of it."""
    stage.crowd()
    if stage.locking and stage.writer_waits:
        wait_until(lambda: counter.readers > 0, "the crowd's queries wait behind the writer")
    stage.decide(step, go_on)
    settled = stage.settled()
    standing = pictures(dump_threads()) if not settled else ()
    verdict = stage.verdict(settled)
    _tell(stage, settled)
    return outcome(stage, probe, counter, verdict, threads=standing)


def _tell(stage: Stage, settled: bool) -> None:
    if settled:
        wrong = sum(q.result is None or q.result[0] != 200 for q in stage.queries)
        stage.say(
            "every query is answered"
            + (f", {wrong} of them with an error that explains it" if wrong else "")
        )
        return
    stuck = sum(not q.done for q in stage.queries)
    stage.say(f"after {OBSERVE:g} s nothing moves: {stuck} queries are not answered")


def loser_wipes_winner(setting: Setting, say: Say) -> Outcome:
    """Fault 2. Two queries ask for one bucket, and two creations are under way."""
    with on_stage(setting, say) as stage, observed(stage) as (probe, counter):
        users = "users"
        service = _service(stage)
        service.wants_watcher = lambda bucket: True
        loaded = stage.gates.shut(f"loaded {users}")
        for number in (1, 2):
            stage.query("followed", {"bucket": users}, f"client-{number}")
        wait_until(
            lambda: loaded.arrivals == 2 or (loaded.arrivals == 1 and _waits_for_creation()),
            "two creations, or one and a thread that waits for it",
        )
        say(
            "two queries asked for 'users' at once: two watchers have loaded it"
            if loaded.arrivals == 2
            else "two queries asked for 'users' at once: one watcher loads it, and the other "
            "creator waits for that"
        )
        stage.decide("the creations go on", loaded.open)
        settled = stage.settled()
        members = stage.value("members", {"bucket": users})
        followed = stage.runtime.evaluate("data.incident.followed", {"bucket": users}).value
        watched = service._manager.has_watcher(users)
        finding = ""
        if watched and (not followed or not members or "alice" not in members):
            finding = (
                "the manager follows 'users', and data has no such bucket; no query will ask for "
                "it again"
            )
            say(finding)
            change(stage, "users", "members.bob", b'{"role": "writer"}')
            came_about(lambda: stage.value("members", {"bucket": users}), 2.0)
            partial = stage.value("members", {"bucket": users})
            finding += f"; after the next update of bob, data has {sorted(partial or {})} of it"
            say("bob is changed in NATS: " + finding.rpartition("; ")[2])
        else:
            say(f"'users' is followed, with {sorted(members or {})}")
        verdict = "wrong data" if finding else stage.verdict(settled)
        return outcome(stage, probe, counter, verdict, finding=finding)


def creation_outlives_stop(setting: Setting, say: Say) -> Outcome:
    """Fault 3. The plugin is taken out of the configuration while a creation is under way."""
    with on_stage(setting, say) as stage, observed(stage) as (probe, counter):
        users = "users"
        loaded = stage.gates.shut(f"loaded {users}")
        stage.query("followed", {"bucket": users}, "client")
        loaded.wait_reached()
        say("a creation is under way: the watcher of 'users' has loaded, and is to be entered")
        manager = _service(stage)._manager
        operator = Actor("operator", lambda: stage.runtime.reconfigure({"plugins": {}}))
        wait_until(
            lambda: operator.done or _waits(operator),
            "the stop has ended, or waits for the creation",
        )
        say(
            "an operator takes the plugin out of the configuration: the stop is over at once"
            if operator.done
            else "an operator takes the plugin out of the configuration: the stop waits for the "
            "creation"
        )
        stage.decide("the creation goes on", loaded.open)
        settled = stage.settled(lambda: operator.done)
        finding = ""
        if stage.value("members", {"bucket": users}):
            change(stage, "users", "members.alice", None)
            time.sleep(0.3)  # far longer than an update takes that anybody follows
            members = stage.value("members", {"bucket": users})
            finding = (
                f"the plugin is stopped, its manager has {len(manager.watchers())} watcher, and "
                f"data has {sorted(members or {})} of 'users' though alice was deleted since"
            )
            say(finding)
        else:
            say("the plugin is stopped, and 'users' has left data")
        verdict = "wrong data" if finding else stage.verdict(settled)
        return outcome(stage, probe, counter, verdict, finding=finding)


def deaf_loop(setting: Setting, say: Say) -> Outcome:
    """Fault 5. A watcher in whose bucket nothing happens is evicted, and then all is stopped."""
    with on_stage(setting, say, capacity=1) as stage, observed(stage) as (probe, counter):
        groups = "groups"
        stage.follow("users")
        say("bucket 'users' is followed, there is room for one, and nothing happens in 'users'")
        loaded = stage.gates.shut(f"loaded {groups}")
        stage.query("followed", {"bucket": groups}, "client-of-groups")
        loaded.wait_reached()
        stage.crowd()
        stage.decide("'groups' is asked for: 'users' is evicted, and its loop told", loaded.open)
        settled = stage.settled()
        standing = pictures(dump_threads()) if not settled else ()
        if settled:
            say("the loop has ended, and 'users' has left data")
        else:
            say(
                f"after {OBSERVE:g} s the loop has not seen it; queries are answered, the probe is "
                "green, and a background thread is lost with every eviction"
            )
        stop = Actor("operator", stage.runtime.stop)
        stopped = came_about(lambda: stop.done, OBSERVE)
        say(
            "the service is told to end, and does"
            if stopped
            else f"the service is told to end, and has not after {OBSERVE:g} s: it would be killed"
        )
        verdict = stage.verdict(settled and stopped)
        return outcome(stage, probe, counter, verdict, threads=standing)


def _service(stage: Stage) -> Any:
    for _, plugin in stage.runtime.registry.plugins():
        service = getattr(plugin, "_service", None)
        if service is not None:
            return service
    raise LookupError("the plugin is not started")


def _waits_for_creation() -> bool:
    return any(
        p.waits_for is not None and "to be created or stopped" in p.waits_for.awaited
        for p in dump_threads(depth=1)
    )


def _waits(actor: Actor) -> bool:
    return any(
        p.name == actor.thread.name and p.waits_for is not None for p in dump_threads(depth=1)
    )
