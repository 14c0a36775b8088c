"""The consumers that reading leaves: each is deleted by whoever made it, and only once."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from tests.integration.nats.conftest import LIMIT, Outside, wait_until

from regolive.testing import NatsServer
from regolive_nats.client import NatsClient
from regolive_nats.config import NatsConfig

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
    finally:
        client.stop()
    assert len(asked) == 48
    assert set(asked.values()) == {1}
