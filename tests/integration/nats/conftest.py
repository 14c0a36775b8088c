"""Real servers, a program that writes to them, and a look at what is left on them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import nats
import pytest
from nats.js.api import KeyValueConfig

from regolive.concurrency import dump_threads, render_threads
from regolive.storage import Store
from regolive.testing import NatsServer

T = TypeVar("T")

LIMIT = 20.0  # seconds before a test that waits gives up


def wait_until(condition: Callable[[], T], what: str = "the condition") -> T:
    """Wait until something holds and return it, or fail with every thread's stack."""
    deadline = time.monotonic() + LIMIT
    pause = threading.Event()
    while not (found := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come about\n{render_threads(dump_threads())}")
        pause.wait(0.01)
    return found


def regolive_threads() -> list[str]:
    """The threads of the plugin that are alive."""
    return [t.name for t in threading.enumerate() if t.name.startswith("regolive-nats")]


class Outside:
    """Another program with a connection of its own. Its methods block, with a time limit."""

    def __init__(self, url: str, **options: Any) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="outside")
        self._thread.start()
        self._options = options
        self._client: Any = None
        self.connect()

    def connect(self) -> None:
        async def connect() -> Any:
            return await nats.connect(self.url, reconnect_time_wait=0.05, **self._options)

        self._client = self.run(connect())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(LIMIT)

    @property
    def stream(self) -> Any:
        return self._client.jetstream()

    def create(self, bucket: str, **config: Any) -> None:
        self.run(self.stream.create_key_value(KeyValueConfig(bucket=bucket, **config)))

    def drop(self, bucket: str) -> None:
        self.run(self.stream.delete_key_value(bucket))

    def put(self, bucket: str, key: str, value: bytes) -> int:
        async def put() -> int:
            return int(await (await self.stream.key_value(bucket)).put(key, value))

        return self.run(put())

    def fill(self, bucket: str, count: int, value: bytes = b"1", prefix: str = "k.") -> None:
        """Put many keys, quickly."""

        async def fill() -> None:
            stream = self.stream
            for start in range(0, count, 500):
                await asyncio.gather(
                    *(
                        stream.publish(f"$KV.{bucket}.{prefix}{n}", value)
                        for n in range(start, min(start + 500, count))
                    )
                )

        self.run(fill())

    def delete(self, bucket: str, key: str) -> None:
        async def delete() -> None:
            await (await self.stream.key_value(bucket)).delete(key)

        self.run(delete())

    def purge(self, bucket: str, key: str) -> None:
        async def purge() -> None:
            await (await self.stream.key_value(bucket)).purge(key)

        self.run(purge())

    def consumers(self, bucket: str) -> list[str]:
        async def names() -> list[str]:
            return [c.name for c in await self.stream.consumers_info(f"KV_{bucket}")]

        return self.run(names())

    def delete_consumers(self, bucket: str) -> int:
        names = self.consumers(bucket)
        for name in names:
            self.run(self.stream.delete_consumer(f"KV_{bucket}", name))
        return len(names)

    def close(self) -> None:
        try:
            self.run(self._client.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(LIMIT)
            self._loop.close()


@pytest.fixture(scope="session")
def shared_server() -> Iterator[NatsServer]:
    """One server for the tests that leave it as it is. Each uses buckets of its own."""
    with NatsServer() as server:
        yield server


@pytest.fixture
def server() -> Iterator[NatsServer]:
    """A server of the test's own."""
    with NatsServer() as made:
        yield made


@pytest.fixture
def outside(shared_server: NatsServer) -> Iterator[Outside]:
    """A writer to the shared server; the buckets it made are gone afterwards."""
    made = Outside(shared_server.url)
    try:
        yield made
        for info in made.run(made.stream.streams_info()):
            made.run(made.stream.delete_stream(info.config.name))
    finally:
        made.close()


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No test of these leaves a thread of the plugin behind."""
    yield
    assert regolive_threads() == []


def data_of(store: Store) -> dict[str, Any]:
    """The root document."""
    with store.read() as transaction:
        return transaction.root


def bucket_of(store: Store, bucket: str) -> Any:
    """What stands at data.nats.kv[bucket]; None if nothing does."""
    return data_of(store).get("nats", {}).get("kv", {}).get(bucket)
