"""The plugin in a runtime, over real servers: policies that ask for buckets."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Any

import pytest
from tests.integration.nats.conftest import (
    LIMIT,
    Outside,
    bucket_of,
    data_of,
    regolive_threads,
    wait_until,
)

from regolive.errors import ConfigError
from regolive.runtime import Runtime
from regolive.testing import NatsServer
from regolive_nats.config import NatsConfig
from regolive_nats.plugin import NatsPlugin

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

# The policy of the incident's own integration test.
POLICY = """package test

default bucket_watched := false

bucket_watched := nats.kv.watch_bucket(input.bucket_id)

x := result if {
	bucket_watched
	result := data.nats.kv[input.bucket_id].members
} else := result if {
	not bucket_watched
	result := nats.kv.get_data(input.bucket_id, "members")
}

both := [nats.kv.watch_bucket(input.bucket_id), nats.kv.get_data(input.bucket_id, "members")]
"""

GROUPS = [
    "550e8400-e29b-41d4-a716-446655440000",
    "660e8400-e29b-41d4-a716-446655440001",
    "770e8400-e29b-41d4-a716-446655440002",
]


def runtime(url: str, *, store: str = "snapshot", **config: Any) -> Runtime:
    section = {"server_url": url, "reconnect_wait": "50ms"} | config
    return Runtime(
        modules={"test.rego": POLICY}, config={"plugins": {"nats": section}}, store=store
    )


def status(rt: Runtime) -> dict[str, Any]:
    told: dict[str, Any] = rt.status()["plugins"]["nats"]["status"]
    return told


def ask(rt: Runtime, bucket: str) -> dict[str, Any]:
    value = rt.evaluate("data.test", {"bucket_id": bucket}, timeout=10).value
    assert isinstance(value, dict)
    return value


def watched(rt: Runtime, bucket: str) -> dict[str, Any]:
    """Ask until the bucket is watched, and the manager lists it: after its data is there."""

    def asked() -> dict[str, Any] | None:
        answer = ask(rt, bucket)
        listed = any(row["bucket"] == bucket for row in status(rt)["buckets"])
        return answer if answer["bucket_watched"] and listed else None

    return wait_until(asked, f"watching {bucket}") or {}


@pytest.fixture
def groups(outside: Outside) -> list[str]:
    for number, group in enumerate(GROUPS):
        outside.create(group)
        outside.put(group, "metadata", b'{"name": "group"}')
        outside.put(group, f"members.user{number}", b'{"since": "2024"}')
        outside.put(group, "members.eve", b"plain")
    outside.create("permit-groups-default")
    outside.put("permit-groups-default", "defaults.role", b'"guest"')
    return GROUPS


@pytest.mark.parametrize("store", ["snapshot", "locking"])
def test_watched_and_unwatched_agree(
    shared_server: NatsServer, outside: Outside, groups: list[str], store: str
) -> None:
    with runtime(shared_server.url, store=store, root_bucket="permit-groups-default") as rt:
        assert data_of(rt.store) == {"defaults": {"role": "guest"}}
        for number, group in enumerate(groups):
            first = ask(rt, group)
            assert first["bucket_watched"] is False
            assert first["x"] == {f"user{number}": {"since": "2024"}, "eve": "plain"}
            assert watched(rt, group)["x"] == first["x"]
        outside.put(groups[0], "members.new", b"1")
        wait_until(lambda: "new" in ask(rt, groups[0])["x"])
        assert [b["bucket"] for b in status(rt)["buckets"]] == ["permit-groups-default", *(
            groups[1:] + groups[:1]
        )]  # fmt: skip
    assert data_of(rt.store) == {}
    for bucket in [*groups, "permit-groups-default"]:
        wait_until(lambda b=bucket: outside.consumers(b) == [], f"no consumer on {bucket}")


@pytest.mark.parametrize("store", ["snapshot", "locking"])
def test_eviction_at_capacity_one(
    shared_server: NatsServer, outside: Outside, groups: list[str], store: str
) -> None:
    with runtime(shared_server.url, store=store, max_bucket_watchers=1) as rt:
        for group in groups * 2:
            assert "eve" in watched(rt, group)["x"]
            wait_until(lambda: status(rt)["watchers"]["moving"] == [])
            assert [b["bucket"] for b in status(rt)["buckets"]] == [group]
            assert list(data_of(rt.store)["nats"]["kv"]) == [group]
        others = [outside.consumers(g) for g in groups[:2]]
        assert others == [[], []]


def test_queries_in_threads_while_buckets_come_and_go(
    shared_server: NatsServer, outside: Outside, groups: list[str]
) -> None:
    """Whatever the manager does meanwhile, a query's two answers agree with each other."""
    with runtime(shared_server.url, max_bucket_watchers=1) as rt:
        both = rt.prepare("data.test.both")
        expected = {
            g: {f"user{n}": {"since": "2024"}, "eve": "plain"} for n, g in enumerate(groups)
        }
        wrong: list[Any] = []
        stop = time.monotonic() + 2.0
        answers = {True: 0, False: 0}

        def decide(group: str) -> None:
            while time.monotonic() < stop:
                is_watched, members = both.evaluate({"bucket_id": group}).value
                answers[is_watched] += 1
                if members != expected[group]:
                    wrong.append((group, is_watched, members))

        threads = [threading.Thread(target=decide, args=(g,)) for g in groups]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
            assert not thread.is_alive()
        assert wrong == []
        assert answers[True]
        assert answers[False]


def test_ttl_retires_what_nobody_asks_for(
    shared_server: NatsServer, outside: Outside, groups: list[str]
) -> None:
    with runtime(shared_server.url, ttl="400ms") as rt:
        watched(rt, groups[0])
        watched(rt, groups[1])

        def only_the_second_is_asked_for() -> bool:
            ask(rt, groups[1])
            return bucket_of(rt.store, groups[0]) is None

        wait_until(only_the_second_is_asked_for)
        assert bucket_of(rt.store, groups[1]) is not None
        assert outside.consumers(groups[0]) == []
        wait_until(lambda: data_of(rt.store) == {})


def test_a_bucket_that_does_not_exist(
    shared_server: NatsServer, outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    with runtime(shared_server.url) as rt:
        for _ in range(3):
            assert ask(rt, "nope")["both"] == [False, None]
        outside.create("nope")
        outside.put("nope", "members.x", b"1")
        watched(rt, "nope")  # perhaps as it was before the value
        wait_until(lambda: ask(rt, "nope").get("x") == {"x": 1})


def test_get_data_leaves_no_consumer(
    shared_server: NatsServer, outside: Outside, groups: list[str]
) -> None:
    with runtime(shared_server.url) as rt:
        members = rt.prepare('nats.kv.get_data(input.b, "members.eve")')
        for _ in range(10):
            assert members.evaluate({"b": groups[0]}).value == "plain"
        wait_until(lambda: outside.consumers(groups[0]) == [])


def test_without_a_server(caplog: pytest.LogCaptureFixture, server: NatsServer) -> None:
    url = server.url
    server.pause()
    with runtime(url, root_bucket="root") as rt:
        assert f"cannot connect to NATS at {url}" in caplog.text
        assert ask(rt, "b")["both"] == [False, None]
        told = status(rt)
        assert told["connection"] == "connecting"
        assert told["last_error"] == "connection refused"
        assert told["buckets"][0]["condition"] == "loading"
        server.start()
        outside = Outside(url)
        outside.create("root")
        outside.put("root", "hello", b'"world"')
        outside.close()
        wait_until(lambda: data_of(rt.store) == {"hello": "world"})
        assert status(rt)["connection"] == "connected"


def test_stale_data_says_so(server: NatsServer) -> None:
    outside = Outside(server.url)
    outside.create("b")
    outside.put("b", "members.x", b"1")
    outside.close()
    with runtime(server.url) as rt:
        watched(rt, "b")
        (row,) = status(rt)["buckets"]
        assert (row["stale"], row["revision"], row["keys"], row["lag"]) == (False, 1, 1, 0)
        server.kill()
        wait_until(lambda: status(rt)["connection"] == "reconnecting")
        (row,) = wait_until(lambda: [b for b in status(rt)["buckets"] if b["stale"]])
        assert row["condition"] == "stale"
        assert "no connection" in row["problem"]
        assert ask(rt, "b")["both"] == [True, {"x": 1}]
        assert ask(rt, "other")["both"] == [False, None]
        server.start()
        wait_until(lambda: not status(rt)["buckets"][0]["stale"])
        assert status(rt)["buckets"][0]["stale_seconds"] == 0


def test_reconfigure_keeps_what_need_not_change(
    shared_server: NatsServer, outside: Outside, groups: list[str]
) -> None:
    def section(**config: Any) -> dict[str, Any]:
        return {"plugins": {"nats": {"server_url": shared_server.url, **config}}}

    with Runtime(modules={"test.rego": POLICY}, config=section()) as rt:
        for group in groups:
            watched(rt, group)
        consumers = [outside.consumers(g) for g in groups]
        rt.reconfigure(section(max_bucket_watchers=5, ttl="1h"))
        assert [outside.consumers(g) for g in groups] == consumers

        with pytest.raises(ConfigError, match=r"plugins\.nats\.ttl"):
            rt.reconfigure(section(ttl="never"))

        rt.reconfigure(section(max_bucket_watchers=2))
        assert [b["bucket"] for b in status(rt)["buckets"]] == groups[1:]

        rt.reconfigure(section(max_bucket_watchers=2, root_bucket="permit-groups-default"))
        wait_until(lambda: data_of(rt.store).get("defaults") == {"role": "guest"})
        rt.reconfigure(section(max_bucket_watchers=2))
        assert "defaults" not in data_of(rt.store)

        # Another connection: the watchers stay, and load over the new one.
        with NatsServer(["--auth", "s3cret"]) as other:
            outside2 = Outside(other.url, token="s3cret")
            outside2.create(groups[1])
            outside2.put(groups[1], "members.other", b"1")
            outside2.close()
            rt.reconfigure({"plugins": {"nats": {"server_url": other.url, "token": "s3cret"}}})
            wait_until(lambda: ask(rt, groups[1])["x"] == {"other": 1})
            assert outside.consumers(groups[1]) == []
            assert status(rt)["server_url"] == other.url
            assert "s3cret" not in repr(status(rt))
            # And no section at all ends it.
            rt.reconfigure({})
            assert data_of(rt.store) == {}
            assert regolive_threads() == []
            assert ask(rt, groups[1])["both"] == [False, None]
        rt.reconfigure(section())
        watched(rt, groups[0])


def test_stop_leaves_nothing(
    shared_server: NatsServer, outside: Outside, groups: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = set(threading.enumerate())
    rt = runtime(shared_server.url, root_bucket="permit-groups-default")
    for _ in range(2):
        with rt:
            for group in groups:
                ask(rt, group)  # and stop while they are being created
        assert regolive_threads() == []
        assert data_of(rt.store) == {}
        for bucket in [*groups, "permit-groups-default"]:
            assert outside.consumers(bucket) == []
    left = {t for t in set(threading.enumerate()) - before if not t.daemon}
    assert left == set()
    assert [r for r in caplog.records if r.levelno >= logging.ERROR] == []


def test_without_a_section_nothing_starts() -> None:
    with Runtime(modules={"test.rego": POLICY}) as rt:
        assert regolive_threads() == []
        assert ask(rt, "b")["both"] == [False, None]
        assert status(rt) == {"enabled": False, "connection": "closed", "buckets": []}


def test_configuration_is_checked_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match=r"plugins\.nats\.sever_url: .*'server_url'"):
        Runtime(config={"plugins": {"nats": {"sever_url": "x"}}})
    with pytest.raises(ConfigError, match="did you mean 'nats'"):
        Runtime(config={"plugins": {"nast": {}}})


def test_a_cancelled_query_does_not_wait_for_nats(server: NatsServer) -> None:
    """The server is there, but answers nobody: the deadline ends the query all the same."""
    import signal

    outside = Outside(server.url)
    outside.create("b")
    outside.close()
    with runtime(server.url) as rt:
        members = rt.prepare('nats.kv.get_data("b", "members")')
        members.evaluate()
        patience = NatsConfig().request_timeout
        process = server._process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)  # until it has stopped: it might still answer before
        try:
            began = time.monotonic()
            with pytest.raises(Exception, match="deadline"):
                members.evaluate(timeout=0.3)
            assert time.monotonic() - began < patience / 2
        finally:
            process.send_signal(signal.SIGCONT)


def test_hooks_before_the_start() -> None:
    plugin = NatsPlugin()
    plugin.regolive_configure({"nats": {}})
    assert plugin.regolive_status() == {"enabled": True, "connection": "closed", "buckets": []}
    plugin.regolive_stop()
