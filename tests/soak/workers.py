"""The threads of a run: each repeats one kind of step until told to end, and is watched."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any

import nats
import nats.errors
import nats.js.errors

from regolive import Runtime
from regolive.errors import CancelledError
from regolive.storage import Store
from tests.soak.outside import LIMIT, MEMBERS, Bucket, Outside, torn
from tests.soak.policy import ACCOUNTS, problems_of

_SHOWN = 3  # findings of a kind that are kept in words


class Findings:
    """What has gone wrong, from any thread: a count for each kind, and the first few in words."""

    def __init__(self) -> None:
        self._latch = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.texts: list[str] = []

    def add(self, kind: str, text: str) -> None:
        """Note one."""
        with self._latch:
            self.counts[kind] += 1
            if self.counts[kind] <= _SHOWN:
                self.texts.append(f"{kind}: {text:.2000}")


class Worker(threading.Thread):
    """One thread. ``steps`` counts, ``since`` is when its present step began (monotonic)."""

    def __init__(self, name: str, findings: Findings, seed: str) -> None:
        # Daemons: a run that hangs must be able to say so and end.
        super().__init__(name=f"soak-{name}", daemon=True)
        self.findings = findings
        self.random = random.Random(f"{seed}/{name}")
        self.steps = 0
        self.slowest = 0.0
        self.since = monotonic()
        self.ending = threading.Event()

    def run(self) -> None:
        """Step until told to end."""
        try:
            self.begin()
            while not self.ending.is_set():
                self.since = monotonic()
                self.step()
                self.slowest = max(self.slowest, monotonic() - self.since)
                self.steps += 1
                self.rest()
        except BaseException as error:
            self.findings.add("a thread failed", f"{self.name}: {type(error).__name__}: {error}")
        finally:
            self.since = monotonic()
            self.end()

    def begin(self) -> None:
        """What comes before the first step."""

    def step(self) -> None:
        """One step."""
        raise NotImplementedError

    def rest(self) -> None:
        """What lies between two steps."""

    def end(self) -> None:
        """What comes after the last."""


class Query(Worker):
    """Decides over one bucket after the other, and holds each decision to what must be true."""

    def __init__(
        self, number: int, runtime: Runtime, buckets: list[Bucket], limit: float,
        findings: Findings, seed: str,
    ) -> None:  # fmt: skip
        super().__init__(f"query-{number}", findings, seed)
        self._decision = runtime.prepare("data.live.decision")
        self._x = runtime.prepare("data.live.x")
        self._buckets = buckets
        self._limit = limit
        # The latest that was seen of each bucket: followed, and in any way.
        self._followed: dict[str, int] = {}
        self._seen: dict[str, int] = {}
        self.watched = 0
        self.states: list[tuple[int, int]] = []  # (revision, the counter that was seen with it)

    def step(self) -> None:
        """One decision."""
        chance = self.random.random()
        bucket = self.random.choice(self._buckets)
        # Mostly short; a few are long, for commits to wait for or to overtake.
        pause = 0.05 if chance < 0.02 else 0.002 * self.random.random()
        given = {"bucket": bucket.name, "pause": pause}
        # With a limit and without one, a decision goes different ways through the runtime.
        limit = self._limit if chance < 0.7 else None
        query = self._x if 0.4 < chance < 0.5 else self._decision
        try:
            value = query.evaluate(given, timeout=limit).value
        except CancelledError:
            self.findings.add("a query ran out of time", f"{limit} s, {bucket.name}")
            return
        except Exception as error:
            self.findings.add("a query failed", f"{type(error).__name__}: {error}")
            return
        if query is self._x:
            if isinstance(value, dict) and (problem := torn(bucket, {"pair": value})):
                self.findings.add("a torn decision", f"{bucket.name}: {problem}")
            return
        for problem in problems_of(bucket, value):
            self.findings.add("a torn decision", problem)
        self._follow(bucket, value)

    def _follow(self, bucket: Bucket, decision: Any) -> None:
        self.watched += decision["watched"]
        state = (decision["revisions"][0], decision["left"])
        if not self.states or self.states[-1] != state:
            self.states.append(state)
        pair = decision["pair"]
        if bucket.mortal or pair is None or "b" not in pair:
            return
        # What is asked of NATS is never older than what has been seen; what is followed, never
        # older than what was followed before: it may lag behind what NATS has said meanwhile.
        followed = decision["watched"]
        before = (self._followed if followed else self._seen).get(bucket.name, 0)
        now = pair["b"]
        if now < before:
            how = "followed" if followed else "asked"
            self.findings.add("a bucket went back", f"{bucket.name}, {how}: {before} to {now}")
        if followed:
            self._followed[bucket.name] = now
        self._seen[bucket.name] = max(now, self._seen.get(bucket.name, 0))


class StoreWriter(Worker):
    """Commits several documents at once, straight to the store. The first keeps a history."""

    def __init__(self, number: int, store: Store, findings: Findings, seed: str) -> None:
        super().__init__(f"store-{number}", findings, seed)
        self._store = store
        self._first = number == 0
        self._n = 0
        self.history: list[tuple[int, int]] = [(0, 0)]  # (revision, counter) of each commit
        self.aborted = 0

    def step(self) -> None:
        """One transaction: the counters, or a transfer; now and then it is given up."""
        try:
            with self._store.write() as txn:
                if self._first:
                    self._count(txn)
                else:
                    self._transfer(txn)
                if self.random.random() < 0.1:
                    raise _GivenUp
                revision = txn.commit()
            if self._first:
                self._n += 1
                self.history.append((revision, self._n))
        except _GivenUp:
            self.aborted += 1

    def _count(self, txn: Any) -> None:
        txn.put(("direct", "left", "n"), self._n + 1)
        txn.put(("direct", "right", "n"), self._n + 1)

    def _transfer(self, txn: Any) -> None:
        source, target = self.random.sample(range(ACCOUNTS), 2)
        for account, change in ((source, -1), (target, 1)):
            path = ("direct", "accounts", f"a{account}")
            txn.replace(path, txn.read(path) + change)

    def rest(self) -> None:
        """A few milliseconds."""
        self.ending.wait(0.004 * self.random.random())


class _GivenUp(Exception):
    """A transaction of this run was given up, on purpose."""


class BucketWriter(Worker):
    """Puts, deletes and purges keys of its buckets, over a connection of its own."""

    def __init__(
        self, number: int, url: str, buckets: list[tuple[Bucket, str]], findings: Findings,
        seed: str,
    ) -> None:  # fmt: skip
        super().__init__(f"nats-{number}", findings, seed)
        self._url = url
        self._buckets = buckets
        self._rounds: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._client: Any = None
        self._stores: dict[str, Any] = {}
        self.changes = 0

    def begin(self) -> None:
        """Connect."""
        self._client = self._loop.run_until_complete(nats.connect(self._url))

    def step(self) -> None:
        """One round over one bucket. See `outside.torn` for what its order promises."""
        bucket, prefix = self.random.choice(self._buckets)
        try:
            self._loop.run_until_complete(self._round(bucket, prefix))
        except (nats.errors.Error, TimeoutError) as error:
            self._stores.pop(bucket.name, None)
            if not bucket.mortal:
                self.findings.add("a writer failed", f"{bucket.name}: {error!r}")

    async def _round(self, bucket: Bucket, prefix: str) -> None:
        store = self._stores.get(bucket.name)
        if store is None:
            stream = self._client.jetstream(timeout=LIMIT)
            store = self._stores[bucket.name] = await stream.key_value(bucket.name)
        self._rounds[bucket.name] += 1
        n = str(self._rounds[bucket.name]).encode()
        await store.put(f"{prefix}pair.a", n)
        await store.put(f"{prefix}pair.mid", n)
        await store.put(f"{prefix}pair.b", n)
        await self._remove(store, f"{prefix}pair.mid")
        await store.put(f"{prefix}note", b"no JSON, round " + n)
        key = f"{prefix}members.u{self.random.randrange(MEMBERS)}"
        if self.random.random() < 0.4:
            await self._remove(store, key)
        else:
            await store.put(key, json.dumps({"round": self._rounds[bucket.name]}).encode())
        self.changes += 6

    async def _remove(self, store: Any, key: str) -> None:
        await (store.delete(key) if self.random.random() < 0.5 else store.purge(key))

    def rest(self) -> None:
        """A few milliseconds."""
        self.ending.wait(0.01 * self.random.random())

    def end(self) -> None:
        """Disconnect."""
        if self._client is not None:
            self._loop.run_until_complete(self._client.close())
        self._loop.close()


class Breaker(Worker):
    """Deletes mortal buckets, and creates them again, empty."""

    def __init__(
        self, outside: Outside, buckets: list[Bucket], findings: Findings, seed: str
    ) -> None:
        super().__init__("breaker", findings, seed)
        self._outside = outside
        self._buckets = buckets
        self._gone: set[Bucket] = set()

    def step(self) -> None:
        """Delete one that is there, or create one that is not."""
        bucket = self.random.choice(self._buckets)
        try:
            if bucket in self._gone:
                self._outside.create(bucket)
                self._gone.discard(bucket)
            else:
                self._outside.drop(bucket.name)
                self._gone.add(bucket)
        except Exception as error:
            self.findings.add("a bucket could not be deleted or created", repr(error))

    def rest(self) -> None:
        """A tenth of a second or so."""
        self.ending.wait(0.2 * self.random.random())


class Operator(Worker):
    """Reconfigures the runtime, and stops it and starts it again; what is left then is looked at.

    Args:
        configure: gives the configuration for a section ``nats``.
        look: says what a stop has left behind.
    """

    def __init__(
        self, runtime: Runtime, section: dict[str, Any],
        configure: Callable[[dict[str, Any]], dict[str, Any]], look: Callable[[], list[str]],
        findings: Findings, seed: str,
    ) -> None:  # fmt: skip
        super().__init__("operator", findings, seed)
        self._runtime = runtime
        self._section = section
        self._configure = configure
        self._look = look
        self.stops = 0
        self.reconfigured = 0
        self.slowest_stop = 0.0

    def step(self) -> None:
        """One thing that operators do."""
        if self.random.random() < 0.25:
            self._restart()
        else:
            self._reconfigure()

    def _restart(self) -> None:
        began = monotonic()
        self._runtime.stop()
        self.slowest_stop = max(self.slowest_stop, monotonic() - began)
        self.stops += 1
        for text in self._look():
            self.findings.add("left after a stop", text)
        self._runtime.start()

    def _reconfigure(self) -> None:
        choices: list[dict[str, Any]] = [
            {"max_bucket_watchers": self.random.randint(3, 12)},
            {"ttl": self.random.choice(["300ms", "2s", "10m"])},
            {"refresh_interval": self.random.choice(["200ms", "5s", "30s"])},
            {"root_bucket": self.random.choice(["", "soak-root"])},
            # Another name for the same server: the connection is made anew.
            {"server_url": self.random.choice(self._urls())},
        ]
        changed = self._section | self.random.choice(choices)
        if self.random.random() < 0.05:
            changed = {}  # no plugin for a moment
        self._runtime.reconfigure(self._configure(changed))
        self.reconfigured += 1

    def _urls(self) -> list[str]:
        url = str(self._section["server_url"])
        return [url, url.replace("127.0.0.1", "localhost")]

    def rest(self) -> None:
        """A second or so."""
        self.ending.wait(2 * self.random.random())

    def end(self) -> None:
        """As it was configured at first."""
        self._runtime.reconfigure(self._configure(self._section))
