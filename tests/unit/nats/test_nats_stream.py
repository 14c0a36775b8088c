"""When the initial values of a watch stream are complete, message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from regolive_nats.stream import Item, KeyStream, Loaded, Updates


class Server:
    """Sends what a test says, to the callback that the stream subscribed with."""

    def __init__(self, values: int) -> None:
        self.values = values
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
            return {"created": "now", "state": {"last_seq": 2, "num_subjects": self.values}}
        if self.before_answer is not None:
            await self.before_answer()
        return {"num_pending": self.values}

    async def send(self, key: str, revision: int, pending: int) -> None:
        assert self.callback is not None
        self.sent += 1
        reply = f"$JS.ACK.KV_b.c.1.{revision}.{self.sent}.1700000000.{pending}"
        message = {"headers": None, "reply": reply, "subject": f"$KV.b.{key}", "data": b"1"}
        await self.callback(SimpleNamespace(**message))

    async def idle(self) -> None:
        assert self.callback is not None
        headers = {"Status": "100", "Nats-Last-Consumer": str(self.sent)}
        await self.callback(SimpleNamespace(headers=headers, reply=""))


def following(values: int, script: Callable[[Server, KeyStream], Any]) -> list[Any]:
    """What the reader gets, as lists of keys and revisions; the first is what was loaded."""
    got: list[Item] = []

    async def run() -> None:
        server = Server(values)
        connection: Any = server
        stream = KeyStream(connection, server.request, "b", "c", got.append, 2.0)
        await script(server, stream)
        await asyncio.sleep(0)

    asyncio.run(run())
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


def test_a_value_overwritten_before_it_was_sent_is_waited_for() -> None:
    """Two messages for two values, but one of them is of a new key: ``a`` would be missing."""

    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        await server.send("b", 2, 2)
        await server.send("new", 3, 1)
        await server.send("a", 4, 0)

    assert following(2, script) == [[("b", 2), ("new", 3), ("a", 4)]]


def test_values_that_come_before_the_answer() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        async def early() -> None:
            await server.send("b", 2, 1)
            await server.send("new", 3, 1)

        server.before_answer = early
        await stream.open()
        await server.send("a", 4, 0)

    assert following(2, script) == [[("b", 2), ("new", 3), ("a", 4)]]


def test_writers_that_never_pause_do_not_keep_it_from_ending() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        for revision in range(1, 60):
            await server.send("a", revision, 1)

    loaded, *_ = following(1, script)
    assert len(loaded) < 30


def test_values_purged_before_they_were_sent_are_not_waited_for() -> None:
    async def script(server: Server, stream: KeyStream) -> None:
        await stream.open()
        await server.send("a", 1, 1)
        await server.idle()

    assert following(2, script) == [[("a", 1)]]
