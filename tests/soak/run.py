"""One run over one store: what is started, watched meanwhile, and checked at the end."""

from __future__ import annotations

import logging
import re
import sys
import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from time import monotonic, sleep
from typing import Any, Literal

from regolive import Runtime
from regolive.concurrency import dump_threads, render_threads, wait_graph_status
from regolive.storage import CommitEvent
from regolive.testing import NatsServer
from tests.soak.outside import Bucket, Outside
from tests.soak.policy import DIRECT, POLICY, ROOTED, SoakPlugin
from tests.soak.profile import Profile
from tests.soak.waits import WaitMeter
from tests.soak.workers import (
    Breaker,
    BucketWriter,
    Findings,
    Operator,
    Query,
    StoreWriter,
    Worker,
)

StoreKind = Literal["snapshot", "locking"]
Progress = Callable[[float, str], object]

KV = ("nats", "kv")
SETTLE = 30.0
"""Seconds that the watchers have, after the writers have stopped, to be equal to NATS."""


@dataclass(slots=True)
class Outcome:
    """What one run came to. Times are in seconds; ``problems`` is empty if all is well."""

    profile: str
    store: str
    seed: str
    seconds: float = 0.0
    queries: int = 0
    watched: int = 0
    commits: int = 0
    direct_commits: int = 0
    nats_changes: int = 0
    loads: int = 0
    evictions: int = 0
    buckets_deleted_or_created: int = 0
    stops: int = 0
    reconfigurations: int = 0
    slowest_query: float = 0.0
    slowest_stop: float = 0.0
    settled_after: float = 0.0
    buckets_compared: int = 0
    longest_own_wait: float = 0.0
    waits: dict[str, dict[str, float]] = field(default_factory=dict)
    watchdog_reports: int = 0
    circles: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    stuck: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything was as it should be."""
        return not self.counts

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        return {"ok": self.ok, **asdict(self)}


class Comings(logging.Handler):
    """What the engine and its plugins log: errors are findings, warnings are counted."""

    def __init__(self, findings: Findings) -> None:
        super().__init__(logging.WARNING)
        self._findings = findings
        self.warnings: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Note one record."""
        if record.levelno >= logging.ERROR:
            text = record.getMessage()
            if record.exc_info and record.exc_info[1] is not None:
                text += f": {record.exc_info[1]!r}"
            self._findings.add("an error was logged", text)
        else:
            first = record.getMessage().splitlines()[0]
            self.warnings[re.sub(r"'[^']*'|\d[\d.,]*", "…", first)] += 1


class Buckets:
    """Counts the buckets that enter the store and leave it, from its commits."""

    def __init__(self) -> None:
        self.entered = 0
        self.left = 0

    def __call__(self, event: CommitEvent) -> None:
        """One commit. Called by whoever committed; a commit at a time for each bucket."""
        for change in event.changes:
            if len(change.path) == 3 and change.path[:2] == KV:
                if change.op == "remove":
                    self.left += 1
                else:
                    self.entered += 1


def run(
    profile: Profile, kind: StoreKind, *, seed: str = "1", progress: Progress | None = None
) -> Outcome:
    """Run it. Threads are given small slices of time meanwhile, so that more can happen between."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    logger = logging.getLogger("regolive")
    findings = Findings()
    heard = Comings(findings)
    logger.addHandler(heard)
    outcome = Outcome(profile.name, kind, seed)
    before = set(threading.enumerate())
    try:
        _Run(profile, kind, findings, outcome, progress or (lambda seconds, text: None)).run()
        if not outcome.stuck:
            _check_threads(before, findings)
    finally:
        logger.removeHandler(heard)
        sys.setswitchinterval(interval)
    outcome.warnings = dict(heard.warnings.most_common())
    outcome.counts = dict(findings.counts)
    outcome.problems = list(findings.texts)
    return outcome


def _check_threads(before: set[threading.Thread], findings: Findings) -> None:
    left = [t for t in set(threading.enumerate()) - before if t.is_alive()]
    if left:
        findings.add("threads were left", ", ".join(sorted(t.name for t in left)))


class _Run:
    def __init__(
        self,
        profile: Profile,
        kind: StoreKind,
        findings: Findings,
        outcome: Outcome,
        progress: Progress,
    ) -> None:
        self.profile = profile
        self.findings = findings
        self.outcome = outcome
        self.progress = progress
        immortal = profile.buckets - profile.mortal
        self.buckets = [
            Bucket(f"soak-{n}", ordered=n % 3 != 2, mortal=n >= immortal)
            for n in range(profile.buckets)
        ]
        self.kind = kind
        self.comings = Buckets()
        self.workers: list[Worker] = []

    def run(self) -> None:
        with ExitStack() as stack:
            server = stack.enter_context(NatsServer())
            self.outside = Outside(server.url)
            stack.callback(self.outside.close)
            self._fill()
            self.section = {
                "server_url": server.url,
                "max_bucket_watchers": self.profile.watchers,
                "root_bucket": ROOTED.name,
                "refresh_interval": "5s",
                "reconnect_wait": "50ms",
                "request_timeout": f"{self.profile.query_limit:g}s",
            }
            self.runtime = Runtime(
                modules={"soak.rego": POLICY},
                data={"direct": DIRECT},
                config=self._config(self.section),
                plugins=[SoakPlugin()],
                store=self.kind,
            )
            graph = wait_graph_status()
            store = self.runtime.store
            meter = stack.enter_context(WaitMeter(store.name, self.profile.wait_threshold))
            stack.callback(store.on_commit(self.comings))
            self.runtime.start()
            stack.callback(self.runtime.stop)
            began = monotonic()
            self._start_workers(server.url)
            if self._watch(began) and self._end_workers():
                self.outcome.seconds = monotonic() - began
                self._check_equal()
                self._check_history()
                if self._stop():
                    for text in self._left():
                        self.findings.add("left at the end", text)
            self._collect(meter, graph.circles, graph.long_waits)
            if self.outcome.stuck:
                stack.pop_all()  # closing would hang as well: the process ends as it is

    def _config(self, section: dict[str, Any]) -> dict[str, Any]:
        return {
            "wait_graph": "raise",
            "watchdog_threshold": self.profile.wait_threshold,
            "background_threads": 8 if self.profile.chaos else 4,
            "plugins": {"nats": section} if section else {},
        }

    def _fill(self) -> None:
        for bucket in self.buckets:
            self.outside.create(bucket)
            self.outside.fill(bucket)
        self.outside.create(ROOTED)
        self.outside.fill(ROOTED, "rooted.")

    def _start_workers(self, url: str) -> None:
        profile, findings, seed = self.profile, self.findings, self.outcome.seed
        targets = [(bucket, "") for bucket in self.buckets] + [(ROOTED, "rooted.")]
        count = profile.bucket_writers
        self.writers = [
            BucketWriter(n, url, targets[n::count], findings, seed) for n in range(count)
        ]
        self.store_writers = [
            StoreWriter(n, self.runtime.store, findings, seed) for n in range(profile.store_writers)
        ]
        self.queries = [
            Query(n, self.runtime, self.buckets, profile.query_limit, findings, seed)
            for n in range(profile.query_threads)
        ]
        self.breaker = Breaker(
            self.outside, [b for b in self.buckets if b.mortal], findings, seed
        )  # fmt: skip
        self.operator = Operator(
            self.runtime, self.section, self._config, self._left, findings, seed
        )
        self.workers = [*self.queries, *self.writers, *self.store_writers]
        if profile.mortal:
            self.workers.append(self.breaker)
        if profile.chaos:
            self.workers.append(self.operator)
        for worker in self.workers:
            worker.start()

    # meanwhile

    def _watch(self, began: float) -> bool:
        """Until the time is over; False if a thread is stuck."""
        while (passed := monotonic() - began) < self.profile.seconds:
            self.progress(passed, self._so_far())
            sleep(0.25)
            for worker in self.workers:
                if worker.is_alive() and monotonic() - worker.since > self.profile.stuck:
                    return self._is_stuck(worker.name)
        return True

    def _so_far(self) -> str:
        decisions = sum(q.steps for q in self.queries)
        changes = sum(w.changes for w in self.writers)
        return (
            f"{decisions:,} decisions, {self.runtime.store.revision:,} commits, "
            f"{changes:,} changes in NATS, {self.comings.left:,} evictions"
            + (f", {len(self.findings.texts)} PROBLEMS" if self.findings.texts else "")
        )

    def _is_stuck(self, name: str) -> bool:
        self.outcome.stuck = True
        self.findings.add(
            "a thread is stuck",
            f"{name} has made no progress for {self.profile.stuck:g} s\n"
            f"{render_threads(dump_threads())}",
        )
        return False

    # the end

    def _end_workers(self) -> bool:
        for worker in self.workers:
            worker.ending.set()
        limit = monotonic() + self.profile.stuck
        for worker in self.workers:
            worker.join(max(0.0, limit - monotonic()))
            if worker.is_alive():
                return self._is_stuck(worker.name)
        return True

    def _followed(self) -> list[dict[str, Any]]:
        status = self.runtime.status()["plugins"]["nats"]["status"]
        return list(status["buckets"])

    def _check_equal(self) -> None:
        """Every followed bucket is what an independent reading of NATS gives; so is every other."""
        began = monotonic()
        held = {b.name: self.outside.read(b.name) for b in [*self.buckets, ROOTED]}
        while True:
            different = self._differences(held)
            if not different:
                break
            if monotonic() - began > SETTLE:
                for text in different:
                    self.findings.add("not equal to NATS", text)
                return
            self.progress(self.profile.seconds, f"settling: {len(different)} buckets differ")
            sleep(0.05)
        self.outcome.settled_after = monotonic() - began
        query = self.runtime.prepare('nats.kv.get_data(input.bucket, "")')
        for bucket in self.buckets:
            found = query.evaluate({"bucket": bucket.name}, timeout=self.profile.query_limit).value
            if found != held[bucket.name]:
                text = f"{bucket.name}: get_data {found}, NATS {held[bucket.name]}"
                self.findings.add("not equal to NATS", text)

    def _differences(self, held: dict[str, dict[str, Any] | None]) -> list[str]:
        rows = self._followed()
        with self.runtime.store.read() as transaction:
            root = transaction.root
        kv: dict[str, Any] = root.get("nats", {}).get("kv", {})
        found = []
        names = set(kv)
        for row in rows:
            name = row["bucket"]
            names.discard(name)
            value = {"rooted": root.get("rooted")} if row["root"] else kv.get(name)
            if value != held[name]:
                found.append(
                    f"{name} ({row['condition']}, {row['problem']}): {value}, {held[name]}"
                )
        found += [f"{name} is in data, and not followed" for name in names]
        self.outcome.buckets_compared = len(rows)
        return found

    def _check_history(self) -> None:
        """The counter that a decision saw is the one that its revision had."""
        history = sorted(self.store_writers[0].history)
        revisions = [revision for revision, _ in history]
        for query in self.queries:
            for revision, seen in query.states:
                expected = history[bisect_right(revisions, revision) - 1][1]
                if seen != expected:
                    text = f"revision {revision} has {expected}, a decision saw {seen}"
                    self.findings.add("data of another revision", text)

    def _stop(self) -> bool:
        stopping = threading.Thread(target=self.runtime.stop, name="soak-stop", daemon=True)
        began = monotonic()
        stopping.start()
        stopping.join(self.profile.stuck)
        self.outcome.slowest_stop = monotonic() - began
        return not stopping.is_alive() or self._is_stuck("Runtime.stop")

    def _left(self) -> list[str]:
        """What a runtime that has been stopped has left behind."""
        found = [
            f"thread {thread.name}"
            for thread in threading.enumerate()
            if thread.name.startswith("regolive-") and thread.name != "regolive-watchdog"
        ]
        consumers = self.outside.consumers()
        if consumers:
            found.append(f"consumers: {consumers}")
        with self.runtime.store.read() as transaction:
            root = transaction.root
        if set(root) != {"direct"}:
            found.append(f"data: {sorted(root)} {list(root.get('nats', {}).get('kv', {}))}")
        return found

    def _collect(self, meter: WaitMeter, circles: int, long_waits: int) -> None:
        out, store = self.outcome, self.runtime.store
        graph = wait_graph_status()
        out.queries = sum(q.steps for q in self.queries)
        out.watched = sum(q.watched for q in self.queries)
        out.commits = store.revision
        out.direct_commits = sum(w.steps - w.aborted for w in self.store_writers)
        out.nats_changes = sum(w.changes for w in self.writers)
        out.loads, out.evictions = self.comings.entered, self.comings.left
        out.buckets_deleted_or_created = self.breaker.steps
        out.stops, out.reconfigurations = self.operator.stops, self.operator.reconfigured
        out.slowest_query = max(q.slowest for q in self.queries)
        out.slowest_stop = max(out.slowest_stop, self.operator.slowest_stop)
        out.longest_own_wait = meter.longest_own
        kinds: Iterable[Any] = sorted(meter.kinds.items(), key=lambda item: -item[1].longest)
        out.waits = {name: asdict(kind) for name, kind in kinds}
        out.watchdog_reports = graph.long_waits - long_waits
        out.circles = graph.circles - circles
        for text in meter.too_long:
            self.findings.add("a wait of its own was too long", text)
        if out.circles:
            self.findings.add("circular waits were refused", str(out.circles))
        if store.abandoned:
            self.findings.add("transactions were abandoned", str(store.abandoned))
        if not out.stuck and store.open_transactions():
            self.findings.add("transactions are open", str(store.open_transactions()))
        if not out.queries or not out.watched or not out.evictions:
            self.findings.add("nothing happened", self._so_far())
