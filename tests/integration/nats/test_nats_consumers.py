"""The end of requests and of what they leave on the server."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from typing import Any

import pytest
from tests.integration.nats.conftest import LIMIT, Outside, wait_until
from tests.unit.nats.conftest import Actor

from regolive.testing import NatsServer
from regolive_nats.client import NatsClient
from regolive_nats.config import NatsConfig
from regolive_nats.errors import BucketNotFoundError, NatsUnavailableError
from regolive_nats.stream import KeyStream

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


def test_many_readings_at_once_delete_each_consumer_once(
    shared_server: NatsServer, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading that ends did delete the consumers of all others, over and over: n² requests."""
    outside.create("many")
    outside.put("many", "k", b"1")
    client = NatsClient(NatsConfig(server_url=shared_server.url))
    asked: Counter[str] = Counter()
    request = client._request

    async def counted(subject: str, body: Any) -> Any:
        if subject.startswith("CONSUMER.DELETE."):
            asked[subject] += 1
        return await request(subject, body)

    monkeypatch.setattr(client, "_request", counted)
    assert client.start(LIMIT)
    try:
        begin = threading.Barrier(16)

        def read() -> None:
            begin.wait(LIMIT)
            for _ in range(3):
                assert [key for key, *_ in client.load("many", LIMIT)] == ["k"]

        threads = [threading.Thread(target=read) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        wait_until(lambda: outside.consumers("many") == [])
        # The server has deleted them, but a stop before its answers are here would ask again.
        wait_until(lambda: not client._orphans)
    finally:
        client.stop()
    assert len(asked) == 48
    assert set(asked.values()) == {1}


def test_a_request_ends_with_its_connection(outside: Outside, server: NatsServer) -> None:
    """Its answer cannot come any more; it did wait out its time limit, and stops behind it."""
    slow = NatsConfig(server_url=server.url, request_timeout=LIMIT * 2)
    client = NatsClient(slow)
    assert client.start(LIMIT)
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)  # until it has stopped: it might still answer before
    try:
        reading = Actor(lambda: client.load("b"))
        wait_until(lambda: client._asked, "a request under way")
        began = time.monotonic()
        client.reconfigure(NatsConfig(server_url=outside.url))
        with pytest.raises(NatsUnavailableError):
            reading.join(LIMIT)
        assert time.monotonic() - began < LIMIT / 2
        wait_until(lambda: client.connected)
    finally:
        process.send_signal(signal.SIGCONT)
        client.stop()


def test_a_bucket_deleted_while_it_is_loaded(
    shared_server: NatsServer, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer is gone with it, and the server says nothing: the reading waited in vain."""
    outside.create("going")
    outside.fill("going", 10)
    client = NatsClient(NatsConfig(server_url=shared_server.url, request_timeout=LIMIT))
    request = client._request

    async def deleted_meanwhile(subject: str, body: Any) -> Any:
        answer = await request(subject, body)
        if subject.startswith("CONSUMER.CREATE."):
            await request("STREAM.DELETE.KV_going", None)
        return answer

    monkeypatch.setattr(client, "_request", deleted_meanwhile)
    monkeypatch.setattr(KeyStream, "_on_message", _ignore)
    assert client.start(LIMIT)
    try:
        began = time.monotonic()
        with pytest.raises(BucketNotFoundError):
            client.load("going")
        assert time.monotonic() - began < LIMIT / 2
    finally:
        client.stop()


async def _ignore(stream: KeyStream, msg: Any) -> None:
    """No message arrives."""
