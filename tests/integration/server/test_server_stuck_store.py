"""The incident as an operator meets it: a reader that does not end, and a writer behind it.

Under the locking store every further reader waits too. The probe has to say so, and who it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from regolive.storage import LockingStore

LIMIT = 10.0


@contextmanager
def stuck(store: LockingStore) -> Iterator[None]:
    """A reader holds the store, and a writer waits for it: by the end both are through."""
    reading, ended = threading.Event(), threading.Event()
    committed: list[int] = []

    def read() -> None:
        with store.read():
            reading.set()
            assert ended.wait(LIMIT)

    def write() -> None:
        with store.write() as txn:
            txn.put(("x", "y"), 2)
        committed.append(store.revision)

    reader = threading.Thread(target=read, name="slow-reader")
    writer = threading.Thread(target=write, name="late-writer")
    reader.start()
    assert reading.wait(LIMIT)
    writer.start()
    until = time.monotonic() + LIMIT
    while not store._lock.waiting("write"):
        assert time.monotonic() < until
        time.sleep(0.001)
    try:
        yield
    finally:
        ended.set()
        reader.join(LIMIT)
        writer.join(LIMIT)
    assert committed == [1]


def test_the_probe_answers_says_why_and_recovers(make_server, client):
    server = make_server("locking", health_timeout=0.05, timeout=0.1)
    url = server.url
    assert client.get(f"{url}/health").status_code == 200
    with stuck(server.runtime.store):
        begin = time.monotonic()
        reply = client.get(f"{url}/health")
        assert time.monotonic() - begin < 2
        assert reply.status_code == 500
        error = reply.json()["error"]
        assert error.startswith("the store did not grant a read transaction within 0.05 s")
        assert "it is being read by thread 'slow-reader'" in error
        assert "a writer, thread 'late-writer'" in error

        reply = client.post(f"{url}/v1/data/t/allow", json={"input": {}})
        assert reply.status_code == 500
        message = reply.json()["errors"][0]["message"]
        assert message == "query ran past its deadline, waiting for the store"
        assert client.get(f"{url}/v1/data/x").status_code == 500

        status = client.get(f"{url}/v1/status").json()["result"]
        opened = {t["thread"]: t["kind"] for t in status["store"]["open_transactions"]}
        assert opened == {"slow-reader": "read", "late-writer": "write"}
        [waiting] = [t for t in status["wait_graph"]["threads"] if t["thread"] == "late-writer"]
        assert waiting["waits_for"]["mode"] == "write"
        assert waiting["waits_for"]["holders"] == ["slow-reader"]

        threads = client.get(f"{url}/debug/threads?format=json").json()["threads"]
        by_name = {thread["name"]: thread for thread in threads}
        assert by_name["slow-reader"]["holds"][0]["mode"] == "read"
        assert by_name["late-writer"]["waits_for"]["holders"] == ["slow-reader"]
        text = client.get(f"{url}/debug/threads").text
        assert "waits for lock 'store' to write (held by 'slow-reader')" in text
    assert client.get(f"{url}/health").json() == {}
    assert client.get(f"{url}/v1/data/x/y").json() == {"result": 2}


def test_the_default_store_knows_nothing_of_it(make_server, client):
    server = make_server("snapshot", health_timeout=0.5)
    store = server.runtime.store
    with store.read(), client.stream("GET", f"{server.url}/health") as reply:
        assert reply.status_code == 200


@pytest.mark.parametrize("endpoint", ["/health", "/debug/threads", "/v1/status"])
def test_looking_needs_no_query_thread(make_server, client, gates, endpoint):
    url = make_server(threads=1, timeout=60).url
    asked = threading.Thread(
        target=lambda: client.get(f"{url}/v1/data/t/deaf"), name="client-of-deaf"
    )
    asked.start()
    assert gates.waiting.wait(LIMIT)
    assert client.get(f"{url}{endpoint}").status_code == 200
    gates.open.set()
    asked.join(LIMIT)
