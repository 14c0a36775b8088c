"""A watcher against a bucket that a test plays: loads, updates, losses, and its end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.unit.nats.conftest import LIMIT, Actor, FakeFeed, wait_until

from regolive.storage import LockingStore, SnapshotStore, Store
from regolive_nats.errors import BucketNotFoundError, NatsError, NatsUnavailableError
from regolive_nats.stream import BucketInfo, Loaded, Updates
from regolive_nats.watcher import BucketWatcher, Timing

QUICK = Timing(refresh=0, backoff=0.001, max_backoff=0.01)


@pytest.fixture(params=[SnapshotStore, LockingStore])
def store(request: pytest.FixtureRequest) -> Store:
    made: Store = request.param()
    return made


Watch = Callable[..., BucketWatcher]


@pytest.fixture
def watch(feed: FakeFeed, store: Store) -> Iterator[Watch]:
    made: list[BucketWatcher] = []

    def start(*, timing: Timing = QUICK, root: bool = False) -> BucketWatcher:
        watcher = BucketWatcher("b", feed, store, timing=timing, root=root)
        made.append(watcher)
        watcher.start()
        return watcher

    yield start
    for watcher in made:
        Actor(watcher.stop).join()
        assert not watcher._thread.is_alive()
    assert all(stream.closed for stream in feed.streams)
    assert feed.listeners == []


def document(store: Store) -> dict[str, Any]:
    with store.read() as transaction:
        return transaction.root


def bucket(store: Store) -> Any:
    return document(store).get("nats", {}).get("kv", {}).get("b")


def test_loads_in_one_commit(feed: FakeFeed, store: Store, watch: Watch) -> None:
    feed.fill(members__alice=b'{"since": 1}', members__bob=b"text", n=b"3")
    watcher = watch()
    assert bucket(store) == {"members": {"alice": {"since": 1}, "bob": "text"}, "n": 3}
    assert store.revision == 1
    assert (watcher.condition, watcher.revision, watcher.keys) == ("live", 3, 3)
    assert not watcher.stale


def test_an_empty_bucket_is_followed_too(store: Store, watch: Watch) -> None:
    watch()
    assert bucket(store) == {}


def test_updates_deletes_and_purges(feed: FakeFeed, store: Store, watch: Watch) -> None:
    feed.fill(a__x=b"1", a__y=b"2")
    watcher = watch()
    feed.stream.put("a.x", b"10")
    feed.stream.put("new.key", b'"v"')
    feed.stream.put("a.y", None)
    wait_until(lambda: watcher.revision == feed.revision)
    assert bucket(store) == {"a": {"x": 10}, "new": {"key": "v"}}
    feed.stream.put("a.x", None)
    feed.stream.put("never.was", None)
    wait_until(lambda: watcher.revision == feed.revision)
    assert bucket(store) == {"new": {"key": "v"}}
    wait_until(lambda: feed.stream.read == 5)


def test_what_is_queued_is_committed_together(feed: FakeFeed, store: Store, watch: Watch) -> None:
    watcher = watch()
    with store.write():  # the watcher waits here with the first update
        feed.stream.put("k", b"0")
        wait_until(watcher._queue.empty)
        for n in range(1, 50):
            feed.stream.put("k", str(n).encode())
    wait_until(lambda: watcher.revision == feed.revision)
    assert bucket(store) == {"k": 49}
    assert store.revision <= 3


def test_key_that_is_a_parent(
    feed: FakeFeed, store: Store, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    feed.fill(users=b'"all"')
    watcher = watch()
    feed.stream.put("users.x", b"1")
    wait_until(lambda: bucket(store) == {"users": {"x": 1}})
    # The log comes after the commit that the line above saw.
    wait_until(lambda: "'users' (revision 1) is hidden by 'users.x' (revision 2)" in caplog.text)
    assert watcher.hidden_keys == 1
    feed.stream.put("users.x", None)
    wait_until(lambda: bucket(store) == {"users": "all"})
    assert watcher.hidden_keys == 0


def test_a_lost_stream_is_stale_until_loaded_again(
    feed: FakeFeed, store: Store, watch: Watch
) -> None:
    feed.fill(a=b"1", b=b"2")
    watcher = watch()
    first = feed.stream
    feed.failure = NatsUnavailableError("away")
    first.lose()
    wait_until(lambda: watcher.condition == "stale")
    assert watcher.stale_since is not None
    assert bucket(store) == {"a": 1, "b": 2}
    del feed.contents["a"]
    feed.fill(c=b"3")
    feed.failure = None
    wait_until(lambda: watcher.condition == "live")
    assert bucket(store) == {"b": 2, "c": 3}
    assert first.closed
    assert watcher.reloads == 1
    assert watcher.stale_since is None
    # What the old stream still brings is not taken.
    first.send(Updates([("old", 99, b"1", False)]))
    feed.stream.put("d", b"4")
    wait_until(lambda: watcher.revision == feed.revision)
    assert bucket(store) == {"b": 2, "c": 3, "d": 4}


def test_the_connections_return_ends_the_pause(feed: FakeFeed, watch: Watch) -> None:
    watcher = watch(timing=Timing(refresh=0, backoff=60, max_backoff=60))
    feed.failure = NatsUnavailableError("away")
    feed.stream.lose()
    wait_until(lambda: watcher.condition == "stale")
    feed.failure = None
    feed.listeners[0](True)
    wait_until(lambda: watcher.condition == "live")


def test_silence_is_a_loss(feed: FakeFeed, watch: Watch) -> None:
    watcher = watch()
    feed.stream.silent_for = 1.0
    wait_until(lambda: watcher.reloads == 1)
    assert len(feed.streams) == 2


def test_a_deleted_bucket_leaves_data_and_comes_back(
    feed: FakeFeed, store: Store, watch: Watch
) -> None:
    feed.fill(a=b"1")
    watcher = watch()
    feed.failure = BucketNotFoundError("b")
    feed.stream.lose()
    wait_until(lambda: watcher.condition == "missing")
    assert document(store) == {}
    feed.failure = None
    wait_until(lambda: watcher.condition == "live")
    assert bucket(store) == {"a": 1}


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (BucketInfo("then", 9, 1), "at revision 9"),
        (BucketInfo("later", 1, 1), "created again"),
        (BucketInfo("then", 1, 0), "expired or were purged"),
    ],
)
def test_refresh_reloads_what_fell_behind(
    feed: FakeFeed,
    watch: Watch,
    caplog: pytest.LogCaptureFixture,
    info: BucketInfo,
    reason: str,
) -> None:
    feed.fill(a=b"1")
    watcher = watch(timing=Timing(refresh=0.02, backoff=0.001))
    feed.info_now = info
    wait_until(lambda: reason in caplog.text)
    feed.info_now = None
    wait_until(lambda: watcher.reloads >= 1 and watcher.condition == "live")


def test_refresh_leaves_alone_what_is_right(feed: FakeFeed, watch: Watch) -> None:
    asked = threading.Event()
    feed.fill(a=b"1")
    watcher = watch(timing=Timing(refresh=0.01))
    count = 0
    real = feed.info

    def info(name: str) -> BucketInfo:
        nonlocal count
        count += 1
        if count > 3:
            asked.set()
        return real(name)

    feed.info = info  # type: ignore[method-assign]
    assert asked.wait(LIMIT)
    assert watcher.reloads == 0
    assert len(feed.streams) == 1


def test_refresh_interval_can_change(feed: FakeFeed, watch: Watch) -> None:
    feed.fill(a=b"1")
    watcher = watch()
    feed.info_now = BucketInfo("then", 9, 1)
    watcher.set_refresh(0.01)
    wait_until(lambda: watcher.reloads >= 1)


def test_start_fails_for_what_cannot_be_loaded(feed: FakeFeed, store: Store) -> None:
    feed.failure = BucketNotFoundError("b")
    watcher = BucketWatcher("b", feed, store)
    with pytest.raises(BucketNotFoundError):
        watcher.start()
    assert not watcher._thread.is_alive()
    watcher.stop()
    assert document(store) == {}


def test_stop_while_loading(feed: FakeFeed, store: Store) -> None:
    feed.hold_load = True
    watcher = BucketWatcher("b", feed, store)
    start = Actor(watcher.start)
    wait_until(lambda: feed.streams)
    Actor(watcher.stop).join()
    with pytest.raises(NatsError, match="stopped while loading"):
        start.join()
    assert feed.stream.closed


def test_an_unexpected_failure_does_not_end_it(
    feed: FakeFeed, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    feed.fill(a=b"1")
    watcher = watch()
    feed.stream.send(Updates([("k", "no number", None, False)]))  # type: ignore[list-item]
    wait_until(lambda: watcher.reloads == 1)
    assert "it goes on" in caplog.text


def test_stop_gives_up_a_commit_that_waits(feed: FakeFeed) -> None:
    """With a reader that never ends, a stop under a limit leaves the data and says so."""
    store = LockingStore()
    feed.fill(a=b"1")
    giving_up = threading.Event()
    watcher = BucketWatcher("b", feed, store, give_up=giving_up.is_set)
    watcher.start()
    with store.read():
        stop = Actor(watcher.stop)
        wait_until(lambda: feed.stream.closed)
        assert not stop.done
        giving_up.set()
        stop.join()
        assert not watcher._thread.is_alive()


# The root bucket, among others' documents.


def test_root_keys_stand_at_the_top_and_leave_alone(
    feed: FakeFeed, store: Store, watch: Watch
) -> None:
    with store.write() as transaction:
        transaction.put("/mine", {"kept": 1, "deep": {"kept": 2}})
    feed.fill(roles__admin=b"1", mine__added=b"2", mine__deep__added=b"3", top=b"4")
    watcher = watch(root=True)
    assert document(store) == {
        "mine": {"kept": 1, "added": 2, "deep": {"kept": 2, "added": 3}},
        "roles": {"admin": 1},
        "top": 4,
    }
    feed.stream.put("roles.admin", None)
    feed.stream.put("mine.added", None)
    feed.stream.put("roles.other.x", b"5")
    wait_until(lambda: watcher.revision == feed.revision)
    assert document(store)["mine"] == {"kept": 1, "deep": {"kept": 2, "added": 3}}
    assert document(store)["roles"] == {"other": {"x": 5}}
    watcher.stop()
    assert document(store) == {"mine": {"kept": 1, "deep": {"kept": 2}}}


def test_root_reload_removes_only_what_is_gone(feed: FakeFeed, store: Store, watch: Watch) -> None:
    with store.write() as transaction:
        transaction.put("/mine", {"kept": 1})
    feed.fill(a__x=b"1", a__y=b"2")
    watcher = watch(root=True)
    del feed.contents["a.x"]
    feed.stream.lose()
    wait_until(lambda: watcher.reloads == 1)
    assert document(store) == {"mine": {"kept": 1}, "a": {"y": 2}}


def test_root_key_covers_a_document_until_it_goes(
    feed: FakeFeed, store: Store, watch: Watch
) -> None:
    with store.write() as transaction:
        transaction.put("/limits", {"kept": 1})
    feed.fill(limits=b"2")
    watcher = watch(root=True)
    assert document(store) == {"limits": 2}
    feed.stream.put("limits", b"3")
    feed.stream.put("limits", None)
    wait_until(lambda: watcher.revision == feed.revision)
    assert document(store) == {"limits": {"kept": 1}}


def test_root_values_that_cannot_be_stored_are_counted(
    feed: FakeFeed, store: Store, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    with store.write() as transaction:
        transaction.put("/scalar", 1)
        transaction.put("/list", [1])
    feed.fill(scalar__x=b"1", list__0=b"2", nats__kv__other=b"3", good=b"4")
    watcher = watch(root=True)
    assert document(store) == {"scalar": 1, "list": [1], "good": 4}
    assert watcher.lost_values == 3
    assert "'b': key 'scalar.x' at revision 1 cannot be stored: data.scalar" in caplog.text
    assert [r.levelno for r in caplog.records].count(logging.ERROR) == 3


def test_loading_does_not_end_before_it_is_complete(feed: FakeFeed, store: Store) -> None:
    feed.hold_load = True
    watcher = BucketWatcher("b", feed, store)
    start = Actor(watcher.start)
    wait_until(lambda: feed.streams)
    assert not start.done
    assert document(store) == {}
    feed.stream.send(Loaded([("a", 1, b"1", False), ("a", 2, b"2", False)]))
    start.join()
    assert bucket(store) == {"a": 2}
    watcher.stop()
