"""Loading a bucket of 100,000 keys, beside what bare nats-py takes to deliver them.

The watcher is asked for as policies ask for it, through ``nats.kv.watch_bucket``, and seen from
outside: it is done when the store has the last key. Queries then go on back to back during a
second load, in a thread of their own, and their p99 is compared with the p99 before it.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from regolive import Runtime

KEYS = 100_000

RATE_BAR = 0.6
"""Keys per second of the watcher over those of bare nats-py: at least this."""

P99_BAR = 1.5
"""The p99 of queries during a load over their p99 before: at most this, noise included."""

LIMIT = 120.0
"""Seconds after which a load has failed."""

POLICY = """\
package bench

watched := nats.kv.watch_bucket(input.bucket)

allow if data.users[input.user].active
"""


class Unavailable(Exception):
    """What the measurement needs is not installed; the message says what."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Keys per second (medians over runs), and p99 of a query in microseconds."""

    keys: int
    bare_rate: float
    watcher_rate: float
    p99_before_us: float
    p99_during_us: float

    @property
    def rate_ratio(self) -> float:
        """The watcher's rate as a part of the bare rate."""
        return self.watcher_rate / self.bare_rate

    @property
    def missed(self) -> list[str]:
        """A sentence for each bar that is missed."""
        missed = []
        if self.rate_ratio < RATE_BAR:
            missed.append(
                f"the watcher loads at {self.rate_ratio:.2f} of the rate of bare nats-py; "
                f"the bar is {RATE_BAR:g}"
            )
        times = self.p99_during_us / self.p99_before_us
        if times > P99_BAR:
            missed.append(
                f"the p99 of queries is {times:.1f} times as long during a load; "
                f"the bar is {P99_BAR:g}"
            )
        return missed

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {**asdict(self), "rate_ratio": self.rate_ratio, "missed": self.missed}


def measure(keys: int = KEYS, runs: int = 3) -> Outcome:
    """Fill a bucket, then load it with bare nats-py and with the watcher, taking turns.

    Raises Unavailable without a nats-server or the nats plugin; TimeoutError if a load hangs.
    """
    bare, watched = [], []
    with _server() as url:
        asyncio.run(_fill(url, "bench", keys))
        for _ in range(runs):
            bare.append(keys / asyncio.run(_bare(url, "bench", keys)))
            watched.append(keys / _watcher(url, "bench", keys))
        before, during = _queries(url, "bench", keys)
    return Outcome(keys, median(bare), median(watched), before, during)


@contextmanager
def _server() -> Iterator[str]:
    try:
        from regolive.testing import NatsServer
    except ImportError as error:
        raise Unavailable(f"regolive.testing has no NatsServer ({error})") from error
    with NatsServer() as server:
        yield server.url


async def _fill(url: str, bucket: str, keys: int) -> None:
    import nats

    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.create_key_value(bucket=bucket, history=1)
    for number in range(keys):
        value = {"role": "member", "since": "2024-02-01", "number": number}
        await client.publish(f"$KV.{bucket}.members.user-{number:06}", json.dumps(value).encode())
        if number % 1000 == 0:
            await client.flush()
    await client.flush()
    deadline = time.monotonic() + LIMIT
    while (await stream.stream_info(f"KV_{bucket}")).state.messages < keys:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server did not store {keys} keys within {LIMIT:g} s")
        await asyncio.sleep(0.05)
    await client.close()


async def _bare(url: str, bucket: str, keys: int) -> float:
    """Seconds that ``watchall`` takes to deliver every key, nothing being done with them."""
    import nats

    client = await nats.connect(url)
    store = await client.jetstream().key_value(bucket)
    start = time.perf_counter()
    watcher = await store.watchall()
    count = 0
    async for entry in watcher:
        if entry is None:  # the end of the initial values
            break
        count += 1
    elapsed = time.perf_counter() - start
    await watcher.stop()
    await client.close()
    if count != keys:
        raise AssertionError(f"watchall delivered {count} of {keys} keys")
    return elapsed


@contextmanager
def _runtime(url: str) -> Iterator[Runtime]:
    runtime = Runtime(
        modules={"bench.rego": POLICY},
        data={"users": {f"user-{n}": {"active": True} for n in range(1000)}},
        config={"plugins": {"nats": {"server_url": url}}},
    )
    if "nats.kv.watch_bucket" not in runtime.builtins:
        runtime.stop()
        raise Unavailable("the nats plugin is not loaded")
    with runtime:
        yield runtime


def _loaded(runtime: Runtime, bucket: str, keys: int) -> threading.Event:
    """An event that is set by the commit that brings the last key."""
    complete = threading.Event()

    def look(_: Any) -> None:
        with runtime.store.read() as transaction:
            followed = transaction.root.get("nats", {}).get("kv", {}).get(bucket, {})
        if len(followed.get("members", ())) >= keys:
            complete.set()

    runtime.store.on_commit(look)
    return complete


def _watcher(url: str, bucket: str, keys: int) -> float:
    """Seconds from asking for the bucket to the commit that has all of it."""
    with _runtime(url) as runtime:
        asked = runtime.prepare("data.bench.watched")
        complete = _loaded(runtime, bucket, keys)
        start = time.perf_counter()
        asked.evaluate({"bucket": bucket})
        if not complete.wait(LIMIT):
            raise TimeoutError(f"the watcher did not load {keys} keys within {LIMIT:g} s")
        return time.perf_counter() - start


def _queries(url: str, bucket: str, keys: int) -> tuple[float, float]:
    """The p99 of a query in microseconds, before the load and during it."""
    with _runtime(url) as runtime:
        asked = runtime.prepare("data.bench.watched")
        decision = runtime.prepare("data.bench.allow")
        complete = _loaded(runtime, bucket, keys)
        before = _latencies(decision, time.monotonic() + 1.0, threading.Event())
        asked.evaluate({"bucket": bucket})
        during = _latencies(decision, time.monotonic() + LIMIT, complete)
        if not complete.is_set():
            raise TimeoutError(f"the watcher did not load {keys} keys within {LIMIT:g} s")
    return _p99(before), _p99(during)


def _latencies(decision: Any, end: float, stop: threading.Event) -> list[int]:
    """Nanoseconds of each of many queries, one after the other, until told or out of time."""
    evaluate, clock = decision.evaluate, time.perf_counter_ns
    inputs = [{"user": f"user-{n}"} for n in range(1000)]
    taken: list[int] = []
    while not stop.is_set() and time.monotonic() < end:
        for document in inputs:
            start = clock()
            evaluate(document)
            taken.append(clock() - start)
    return taken


def _p99(nanoseconds: list[int]) -> float:
    return sorted(nanoseconds)[int(len(nanoseconds) * 0.99)] / 1e3
