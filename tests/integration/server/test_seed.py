"""The integration test that the incident was found with: groups in NATS, asked for over HTTP.

Four buckets (three groups named by UUID, and the default one) and ``policies/demo.rego``, asked
through ``POST /v1/data/test`` until each bucket is followed. Each request has a limit of its own.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from regolive import Runtime
from regolive.concurrency import dump_threads, render_threads
from regolive.server import Server

nats = pytest.importorskip("nats")
plugin = pytest.importorskip("regolive_nats.plugin")
regolive_std = pytest.importorskip("regolive_std")
nats_server = pytest.importorskip("regolive.testing.nats_server")

pytestmark = pytest.mark.integration

POLICY = Path(__file__).parents[3] / "policies" / "demo.rego"
GROUPS = [str(uuid.UUID(int=n + 1)) for n in range(3)]
DEFAULT = "default"
REQUEST = 5.0
FOLLOWED = 30.0
CLIENT = httpx.Client(timeout=REQUEST, trust_env=False)


def members(bucket: str) -> dict[str, Any]:
    return {"alice": {"in": bucket}, "bob": {"in": bucket}}


async def fill(url: str) -> None:
    client = await nats.connect(url)
    stream = client.jetstream()
    for bucket in (*GROUPS, DEFAULT):
        kv = await stream.create_key_value(bucket=bucket)
        await kv.put("metadata", json.dumps({"name": bucket}).encode())
        await kv.put("permissions.read", b"true")
        for name, value in members(bucket).items():
            await kv.put(f"members.{name}", json.dumps(value).encode())
    await client.close()


@pytest.fixture(scope="module")
def nats_url() -> Iterator[str]:
    with CLIENT, nats_server.NatsServer() as server:
        asyncio.run(fill(server.url))
        yield server.url


@pytest.fixture(params=["snapshot", "locking"])
def store(request) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def serve(nats_url, store, front_end) -> Iterator[Any]:
    started: list[tuple[Runtime, Server]] = []

    def start(capacity: int) -> str:
        section = {"server_url": nats_url, "max_bucket_watchers": capacity}
        runtime = Runtime(
            POLICY,
            config={"plugins": {"nats": section}},
            plugins=[regolive_std.StdPlugin, plugin.NatsPlugin],
            discover=False,
            store=store,
            front_end=front_end,
        ).start()
        runtime.prepare("data.test")
        server = Server(runtime, timeout=REQUEST)
        started.append((runtime, server))
        return server.start().url

    yield start
    for runtime, server in started:
        assert server.stop()
        runtime.stop()


def ask(url: str, bucket: str) -> dict[str, Any]:
    """One request, with a limit; if it is not answered, what every thread does is told."""
    try:
        reply = CLIENT.post(f"{url}/v1/data/test", json={"input": {"bucket_id": bucket}})
        assert reply.status_code == 200, reply.text
    except (httpx.TransportError, AssertionError) as error:
        error.add_note(render_threads(dump_threads()))
        raise
    result: dict[str, Any] = reply.json()["result"]
    return result


def ask_until_followed(url: str, bucket: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first answer and the last. The second call need not see the bucket followed."""
    first = last = ask(url, bucket)
    until = time.monotonic() + FOLLOWED
    while not last["bucket_watched"]:
        assert time.monotonic() < until, render_threads(dump_threads())
        time.sleep(0.01)
        last = ask(url, bucket)
    return first, last


def healthy(url: str) -> None:
    reply = CLIENT.get(f"{url}/health")
    assert reply.status_code == 200, reply.text


def test_buckets_are_followed_and_show_what_they_showed_before(serve):
    url = serve(10)
    for bucket in (*GROUPS, DEFAULT):
        before, after = ask_until_followed(url, bucket)
        assert before == {"bucket_watched": False, "x": members(bucket)}
        assert after["x"]["members"] == before["x"]
        assert after["x"]["metadata"] == {"name": bucket}
        healthy(url)
    status = CLIENT.get(f"{url}/v1/status").json()["result"]
    [told] = [p["status"] for p in status["plugins"].values() if "buckets" in p.get("status", {})]
    rows = {row["bucket"]: row for row in told["buckets"]}
    assert set(rows) == {*GROUPS, DEFAULT}
    assert all(row["revision"] > 0 for row in rows.values())


def test_one_place_for_three_groups(serve):
    """Each bucket that comes to be followed evicts another: the incident's fourth fault."""
    url = serve(1)
    for bucket in (*GROUPS, *GROUPS):
        before, after = ask_until_followed(url, bucket)
        if not before["bucket_watched"]:
            assert before["x"] == members(bucket)
        assert after["x"]["members"] == members(bucket)
        healthy(url)


def test_one_place_for_three_groups_asked_for_at_once(serve):
    url = serve(1)

    def ask_often(bucket: str) -> None:
        for _ in range(20):
            answer = ask(url, bucket)
            shown = answer["x"]["members"] if answer["bucket_watched"] else answer["x"]
            assert shown == members(bucket)

    with ThreadPoolExecutor(len(GROUPS) + 1) as clients:
        asked = [clients.submit(ask_often, bucket) for bucket in GROUPS]
        for _ in range(10):
            clients.submit(healthy, url).result(REQUEST)
        for one in asked:
            one.result(FOLLOWED)
