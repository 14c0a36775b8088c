"""Watchers over real servers: what they load, follow, survive, and leave behind."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.integration.nats.conftest import Outside, bucket_of, wait_until

from regolive.storage import LockingStore, SnapshotStore, Store
from regolive.testing import NatsServer
from regolive_nats.client import NatsClient
from regolive_nats.config import NatsConfig
from regolive_nats.errors import BucketNotFoundError, NatsUnavailableError
from regolive_nats.watcher import BucketWatcher, Timing

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]

Connect = Callable[..., NatsClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[NatsClient] = []

    def make(url: str, **config: Any) -> NatsClient:
        settings = {"reconnect_wait": 0.05, "request_timeout": 5.0} | config
        client = NatsClient(NatsConfig(server_url=url, **settings), heartbeat=0.2)
        made.append(client)
        client.start()
        return client

    yield make
    for client in made:
        client.stop()


@pytest.fixture
def client(connect: Connect, shared_server: NatsServer) -> NatsClient:
    return connect(shared_server.url)


Watch = Callable[..., BucketWatcher]


@pytest.fixture
def watch() -> Iterator[Watch]:
    made: list[BucketWatcher] = []

    def start(bucket: str, client: NatsClient, store: Store, **options: Any) -> BucketWatcher:
        options.setdefault("timing", Timing(refresh=0, backoff=0.02, max_backoff=0.2))
        watcher = BucketWatcher(bucket, client, store, **options)
        made.append(watcher)
        watcher.start()
        return watcher

    yield start
    for watcher in made:
        watcher.stop()


@pytest.fixture
def store() -> Store:
    return SnapshotStore()


def test_load_update_delete_purge(
    outside: Outside, client: NatsClient, watch: Watch, store: Store
) -> None:
    outside.create("b", history=5)
    outside.put("b", "members.alice", b'{"since": 1}')
    outside.put("b", "members.alice", b'{"since": 2}')
    outside.put("b", "members.bob", b"not json")
    outside.put("b", "gone", b"1")
    outside.delete("b", "gone")
    watcher = watch("b", client, store)
    assert bucket_of(store, "b") == {"members": {"alice": {"since": 2}, "bob": "not json"}}
    assert store.revision == 1
    assert watcher.revision == 5

    outside.put("b", "members.carol", b"[1.5, null]")
    outside.put("b", "gone", b'"back"')
    outside.delete("b", "members.alice")
    outside.purge("b", "members.bob")
    wait_until(lambda: watcher.revision == 9)
    assert bucket_of(store, "b") == {"members": {"carol": [1.5, None]}, "gone": "back"}
    outside.delete("b", "members.carol")
    wait_until(lambda: bucket_of(store, "b") == {"gone": "back"})

    watcher.stop()
    assert bucket_of(store, "b") is None
    assert outside.consumers("b") == []


def test_a_key_that_is_a_parent(
    outside: Outside,
    client: NatsClient,
    watch: Watch,
    store: Store,
    caplog: pytest.LogCaptureFixture,
) -> None:
    outside.create("b")
    outside.put("b", "users.x", b"1")
    outside.put("b", "users", b'"all"')
    watcher = watch("b", client, store)
    assert bucket_of(store, "b") == {"users": "all"}
    assert "'users.x' (revision 1) is hidden by 'users' (revision 2)" in caplog.text
    outside.put("b", "users.y", b"2")
    wait_until(lambda: bucket_of(store, "b") == {"users": {"y": 2}})
    outside.delete("b", "users.y")
    outside.delete("b", "users")
    wait_until(lambda: bucket_of(store, "b") == {"users": {"x": 1}})
    assert watcher.hidden_keys == 0


def test_loading_while_others_write(
    outside: Outside, client: NatsClient, watch: Watch, store: Store
) -> None:
    """No gap between the initial values and the updates."""
    outside.create("b")
    outside.fill("b", 5000)
    other = Outside(outside.url)
    try:
        task = other._loop.call_soon_threadsafe
        done: list[bool] = []

        async def write() -> None:
            stream = other.stream
            for n in range(3000):
                await stream.publish(f"$KV.b.w.{n}", str(n).encode())
            done.append(True)

        task(lambda: other._loop.create_task(write()))
        watcher = watch("b", client, store)
        wait_until(lambda: done)
        wait_until(lambda: watcher.revision == 8000)
    finally:
        other.close()
    found = bucket_of(store, "b")
    assert found["w"] == {str(n): n for n in range(3000)}
    assert len(found["k"]) == 5000
    assert watcher.reloads == 0


def test_a_bucket_that_does_not_exist(
    outside: Outside, client: NatsClient, watch: Watch, store: Store
) -> None:
    with pytest.raises(BucketNotFoundError, match="'nope'"):
        watch("nope", client, store)
    with pytest.raises(BucketNotFoundError):
        client.load("nope")
    with pytest.raises(BucketNotFoundError):
        client.info("no.bucket.at.all")


def test_single_questions(outside: Outside, client: NatsClient) -> None:
    outside.create("b")
    outside.put("b", "a.x", b"1")
    outside.put("b", "a.y", b"2")
    outside.put("b", "z", b"3")
    outside.delete("b", "a.y")
    assert client.get("b", "a.x") == ("a.x", 1, b"1", False)
    assert client.get("b", "a.y") is None
    assert client.get("b", "never") is None
    assert client.keys("b", "a.") == ["a.x"]
    assert client.keys("b") == ["a.x", "z"]
    info = client.info("b")
    assert (info.last_revision, info.subjects) == (4, 3)
    wait_until(lambda: outside.consumers("b") == [], "the end of all consumers")


@pytest.mark.parametrize("crash", [False, True])
def test_a_restarted_server_with_its_data(
    server: NatsServer, connect: Connect, watch: Watch, store: Store, crash: bool
) -> None:
    outside = Outside(server.url)
    try:
        outside.create("b")
        outside.put("b", "k", b"1")
        client = connect(server.url)
        watcher = watch("b", client, store)
        (old,) = outside.consumers("b")
        (server.kill if crash else server.pause)()
        wait_until(lambda: watcher.condition == "stale")
        assert bucket_of(store, "b") == {"k": 1}
        assert client.state == "reconnecting"
        server.start()
        wait_until(lambda: watcher.condition == "live")
        wait_until(lambda: outside._client.is_connected)
        outside.put("b", "k", b"2")
        wait_until(lambda: bucket_of(store, "b") == {"k": 2})
        wait_until(lambda: len(outside.consumers("b")) == 1)
        assert outside.consumers("b") != [old]
        watcher.stop()
        assert outside.consumers("b") == []
    finally:
        outside.close()


def test_a_restarted_server_without_its_data(
    server: NatsServer, connect: Connect, watch: Watch, store: Store
) -> None:
    outside = Outside(server.url)
    try:
        outside.create("b")
        outside.fill("b", 10)
        watcher = watch("b", connect(server.url), store)
        server.restart(keep_data=False)
        wait_until(lambda: watcher.condition == "missing")
        assert bucket_of(store, "b") is None
        wait_until(lambda: outside._client.is_connected)
        outside.create("b")
        outside.put("b", "fresh", b"true")
        wait_until(lambda: bucket_of(store, "b") == {"fresh": True})
        wait_until(lambda: watcher.condition == "live")
    finally:
        outside.close()


def test_nothing_is_missed_while_away(
    server: NatsServer, connect: Connect, watch: Watch, store: Store
) -> None:
    """What changes between a loss and the recovery is there afterwards, deletions too."""
    outside = Outside(server.url)
    try:
        outside.create("b")
        outside.put("b", "old", b"1")
        outside.put("b", "kept", b"1")
        client = connect(server.url, reconnect_wait=2.0)
        watcher = watch("b", client, store)
        server.restart()
        wait_until(lambda: watcher.stale)
        wait_until(lambda: outside._client.is_connected)
        outside.delete("b", "old")
        outside.put("b", "new", b"2")
        wait_until(lambda: not watcher.stale)
        assert bucket_of(store, "b") == {"kept": 1, "new": 2}
    finally:
        outside.close()


def test_bucket_deleted_and_created_again(
    outside: Outside, client: NatsClient, watch: Watch, store: Store
) -> None:
    outside.create("b")
    outside.put("b", "old", b"1")
    watcher = watch("b", client, store)
    outside.drop("b")
    wait_until(lambda: watcher.condition == "missing", "the deletion being noticed")
    assert bucket_of(store, "b") is None
    outside.create("b")
    outside.put("b", "new", b"2")
    wait_until(lambda: bucket_of(store, "b") == {"new": 2}, "the new bucket")
    outside.put("b", "newer", b"3")
    wait_until(lambda: bucket_of(store, "b") == {"new": 2, "newer": 3})
    # And so quickly that nobody sees it gone.
    outside.drop("b")
    outside.create("b")
    wait_until(lambda: bucket_of(store, "b") == {}, "the emptied bucket")


def test_its_consumer_is_deleted_under_it(
    outside: Outside, client: NatsClient, watch: Watch, store: Store
) -> None:
    outside.create("b")
    outside.put("b", "k", b"1")
    watcher = watch("b", client, store)
    assert outside.delete_consumers("b") == 1
    outside.put("b", "k", b"2")
    wait_until(lambda: bucket_of(store, "b") == {"k": 2})
    assert watcher.reloads == 1
    assert len(outside.consumers("b")) == 1


def test_refresh_finds_keys_that_went_without_a_word(
    outside: Outside, client: NatsClient, watch: Watch, store: Store
) -> None:
    """A purge of the whole stream sends no deletions to watchers."""
    outside.create("b")
    outside.fill("b", 5)
    watch("b", client, store, timing=Timing(refresh=0.1, backoff=0.02))
    outside.run(outside.stream.purge_stream("KV_b"))
    wait_until(lambda: bucket_of(store, "b") == {})


def test_a_reader_in_the_way_does_not_stop_nats(
    outside: Outside, client: NatsClient, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    """A locking store's reader holds up commits; nothing is lost, and the stream stays."""
    store = LockingStore()
    outside.create("b")
    watcher = watch("b", client, store)
    with store.read():
        outside.fill("b", 3000)
    wait_until(lambda: watcher.revision == 3000)
    assert len(bucket_of(store, "b")["k"]) == 3000
    assert watcher.reloads == 0


def test_backlog_is_bounded_by_flow_control(
    outside: Outside, client: NatsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that does not read makes the server pause; when it reads, all of it comes."""
    monkeypatch.setattr("regolive_nats.stream._MAX_BACKLOG", 100)
    outside.create("b")
    items: list[Any] = []
    stream = client.open("b", items.append)
    value = b"x" * 10_000
    outside.fill("b", 20_000, value)
    received = _settled(lambda: sum(len(i.entries) for i in items))
    assert received < 20_000
    assert not any(type(i).__name__ == "Lost" for i in items)
    seen = 0

    def read_on() -> bool:
        nonlocal seen
        count = sum(len(i.entries) for i in items)
        stream.taken(count - seen)
        seen = count
        return seen == 20_000

    wait_until(read_on, "the rest of the messages")
    stream.close()


def _settled(measure: Callable[[], int]) -> int:
    """A number once it has not changed for half a second."""
    last, same = -1, 0

    def quiet() -> bool:
        nonlocal last, same
        now = measure()
        same = same + 1 if now == last else 0
        last = now
        return same >= 50

    wait_until(quiet)
    return last


def test_server_away_at_the_start(
    server: NatsServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    url = server.url
    server.pause()
    client = connect(url)
    assert not client.connected
    with pytest.raises(NatsUnavailableError, match=f"no connection to NATS at {url}"):
        client.info("b")
    (line,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert f"cannot connect to NATS at {url}: connection refused" in line.getMessage()
    server.start()
    wait_until(lambda: client.connected)
    with pytest.raises(BucketNotFoundError):
        client.info("b")


def test_after_so_many_attempts_they_become_rarer(
    server: NatsServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    url = server.url
    server.pause()
    client = connect(url, max_reconnect_attempts=2, reconnect_wait=0.01)
    wait_until(lambda: client.attempts == 3)
    assert f"no connection to NATS at {url} after 3 attempts" in caplog.text
    assert client._pause() == 30.0


@pytest.mark.parametrize(
    ("options", "good", "bad"),
    [
        (["--auth", "s3cret"], {"token": "s3cret"}, {"token": "wr0ng"}),
        (
            ["--user", "ann", "--pass", "s3cret"],
            {"username": "ann", "password": "s3cret"},
            {"username": "ann", "password": "wr0ng"},
        ),
    ],
)
def test_authentication(
    options: list[str],
    good: dict[str, str],
    bad: dict[str, str],
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with NatsServer(options) as server:
        assert connect(server.url, **good).connected
        refused = connect(server.url, **bad)
        assert not refused.connected
        assert "authorization violation" in refused.last_error.lower()
        client = connect(server.url)
        assert not client.connected
        # A new configuration connects at once.
        client.reconfigure(NatsConfig(server_url=server.url, **good))  # type: ignore[arg-type]
        wait_until(lambda: client.connected)
        refused.stop()
        url = server.url.replace("://", "://ann:s3cret@" if "--user" in options else "://s3cret@")
        assert connect(url).connected
    told = caplog.text
    assert "s3cret" not in told
    assert "wr0ng" not in told


def test_stop_while_the_server_is_away(
    server: NatsServer, connect: Connect, watch: Watch, store: Store
) -> None:
    outside = Outside(server.url)
    outside.create("b")
    outside.close()
    client = connect(server.url)
    watcher = watch("b", client, store)
    server.kill()
    wait_until(lambda: watcher.stale)
    watcher.stop()
    client.stop()
    assert bucket_of(store, "b") is None


def test_a_load_has_every_key_whatever_is_overwritten_meanwhile(
    client: NatsClient, outside: Outside
) -> None:
    """With a history of 1 the server leaves out what is overwritten before it was sent.

    A hundredth of the loads had a key missing when the server's count of what is pending was
    believed.
    """
    outside.create("busy", history=1)
    outside.fill("busy", 15)
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            outside.fill("busy", 15)

    writer = threading.Thread(target=write, name="busy-writer")
    writer.start()
    try:
        for _ in range(400):
            assert len({key for key, *_ in client.load("busy")}) == 15
    finally:
        ended.set()
        writer.join()
