"""When the initial values of a watch stream are complete, message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from regolive_nats.errors import NatsError, NatsTimeoutError, StreamLostError
from regolive_nats.stream import Item, KeyStream, Loaded, Lost, Updates


class Server:
    """Sends what a test says, to the callback that the stream subscribed with."""

    def __init__(self, values: int) -> None:
        self.values = values  # as the answer to the consumer's creation says
        self.keys = values  # how many there are, when it is asked
        self.asked = 0
        self.pending = 0  # as its consumer says, when it is asked
        self.fails: NatsError | None = None
        self.created = "now"
        self.callback: Callable[[Any], Any] | None = None
        self.before_answer: Callable[[], Any] | None = None
        self.sent = 0

    def new_inbox(self) -> str:
        return "_INBOX.x"

    async def subscribe(self, subject: str, cb: Callable[[Any], Any], **limits: int) -> Any:
        self.callback = cb
        return SimpleNamespace()

    async def publish(self, subject: str) -> None:
        raise AssertionError("nothing is paused")

    async def request(self, subject: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        if subject.startswith("STREAM.INFO."):
            self.asked += 1
            if self.asked > 1 and self.fails is not None:
                raise self.fails
            return {"created": self.created, "state": {"last_seq": 2, "num_subjects": self.keys}}
        if subject.startswith("CONSUMER.INFO."):
            return {"num_pending": self.pending, "delivered": {"consumer_seq": self.sent}}
        if self.before_answer is not None:
            await self.before_answer()
        return {"num_pending": self.values}

    async def send(self, key: str, revision: int, pending: int) -> None:
        assert self.callback is not None
        self.sent += 1
        reply = f"$JS.ACK.KV_b.c.1.{revision}.{self.sent}.1700000000.{pending}"
        message = {"headers": None, "reply": reply, "subject": f"$KV.b.{key}", "data": b"1"}
        await self.callback(SimpleNamespace(**message))
        await answers()

    async def idle(self) -> None:
        assert self.callback is not None
        headers = {"Status": "100", "Nats-Last-Consumer": str(self.sent)}
        await self.callback(SimpleNamespace(headers=headers, reply=""))
        await answers()


async def answers() -> None:
    """Let the stream read what it asked for."""
    for _ in range(5):
        await asyncio.sleep(0)


def following(values: int, script: Callable[[Server, KeyStream], Any]) -> list[Any]:
    """What the reader gets, as lists of keys and revisions; the first is what was loaded."""
    got: list[Item] = []

    async def run() -> None:
        server = Server(values)
        connection: Any = server
        stream = KeyStream(connection, server.request, "b", "c", got.append, 2.0)
        await script(server, stream)
        await answers()

    asyncio.run(run())
    if any(isinstance(item, Lost) for item in got):
        return got
    assert all(isinstance(item, Loaded | Updates) for item in got)
    assert [isinstance(item, Loaded) for item in got[:2]] == [True, False][: len(got)]
    return [[(key, revision) for key, revision, *_ in item.entries] for item in got]  # type: ignore[union-attr]


def test_an_empty_bucket_is_loaded_at_once() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()

    assert following(0, script) == [[]]


def test_all_values_and_then_updates() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        await server.send("a", 1, 1)
        await server.send("b", 2, 0)
        await server.send("a", 3, 0)

    assert following(2, script) == [[("a", 1), ("b", 2)], [("a", 3)]]


def test_where_nothing_changes_meanwhile_nothing_is_asked_again() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        await server.send("a", 1, 1)
        await server.send("b", 2, 0)
        assert server.asked == 1  # before it began

    following(2, script)


def test_a_value_overwritten_before_it_was_sent_is_waited_for() -> None:
    """Two messages for two values, but one of them is of a new key: ``a`` would be missing."""

    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        server.keys = 3
        await server.send("b", 2, 2)
        await server.send("new", 3, 1)
        await server.send("a", 4, 0)

    assert following(2, script) == [[("b", 2), ("new", 3), ("a", 4)]]


def test_a_value_that_was_being_overwritten_when_the_consumer_was_made() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        server.keys = 2
        await stream.open()
        await server.send("b", 2, 0)
        await server.send("a", 3, 0)

    assert following(1, script) == [[("b", 2), ("a", 3)]]


def test_a_value_that_the_server_does_not_count_as_pending_yet() -> None:
    """It takes the overwritten value off its count before it adds the new one."""

    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        await server.send("b", 2, 0)  # there were two, and nothing is pending
        await server.send("a", 3, 0)

    assert following(2, script) == [[("b", 2), ("a", 3)]]


def test_what_comes_while_the_keys_are_counted_counts() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        request, sent = stream._request, []

        async def slow(subject: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
            answer = await request(subject, body)
            if server.asked > 1 and not sent:
                sent.append(subject)
                await server.send("a", 3, 0)
            return answer

        stream._request = slow
        await stream.open()
        await server.send("b", 2, 0)

    assert following(2, script) == [[("b", 2), ("a", 3)]]


def test_values_that_come_before_the_answer() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        async def early() -> None:
            server.keys = 3
            await server.send("b", 2, 1)
            await server.send("new", 3, 1)

        server.before_answer = early
        await stream.open()
        await answers()
        await server.send("a", 4, 0)

    assert following(2, script) == [[("b", 2), ("new", 3), ("a", 4)]]


def test_writers_that_never_pause_do_not_keep_it_from_ending() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        server.keys = 2  # the other is always overwritten before it is sent
        await stream.open()
        for revision in range(1, 60):
            await server.send("a", revision, 1)

    loaded, *_ = following(1, script)
    assert len(loaded) < 30


def test_values_purged_before_they_were_sent_are_not_waited_for() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        await server.send("a", 1, 1)
        server.keys = 1
        server.pending = 5  # whatever else there is
        await server.idle()

    assert following(2, script) == [[("a", 1)]]


def test_a_server_that_is_slow_is_waited_for() -> None:
    """It says that it is idle when it had no time to send anything."""

    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        server.pending = 2
        await server.idle()
        await server.send("a", 1, 1)
        await server.idle()
        await server.send("b", 2, 0)

    assert following(2, script) == [[("a", 1), ("b", 2)]]


def test_messages_that_are_of_no_key_are_not_waited_for() -> None:
    """A stream may have other subjects than those of its bucket."""

    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        server.keys = 9
        await server.send("a", 3, 0)  # changed meanwhile, so that it counts
        await server.idle()
        await server.send("a", 4, 0)

    assert following(1, script) == [[("a", 3)], [("a", 4)]]


def test_purged_values_are_not_counted() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        server.keys = 1
        await server.send("a", 1, 0)

    assert following(2, script) == [[("a", 1)]]


def test_where_the_keys_cannot_be_counted_the_stream_is_lost() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        server.fails = NatsTimeoutError("no answer")
        await server.send("b", 2, 0)
        await server.send("a", 3, 0)

    [lost] = following(2, script)
    assert str(lost.error) == "no answer"


def test_another_bucket_of_the_same_name_is_not_this_one() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        server.created = "later"
        await server.send("b", 2, 0)

    [lost] = following(2, script)
    assert isinstance(lost.error, StreamLostError)
    assert "created again" in str(lost.error)
