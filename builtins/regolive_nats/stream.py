"""A bucket's watch stream: initial values, then updates, on one ordered push consumer.

Lives on the client's event loop. nats-py's own KeyWatcher does the same with two queues, a task
and several objects for each message; here a message costs one callback and one tuple. Whoever
follows the stream gets lists, through a sink that must not block.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from nats.aio.client import Client as Connection
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsPyError

from regolive_nats.entries import RawEntry, is_deletion
from regolive_nats.errors import (
    BucketNotFoundError,
    NatsError,
    NatsUnavailableError,
    StreamLostError,
)
from regolive_nats.yielding import OFTEN, rest


@dataclass(frozen=True, slots=True)
class BucketInfo:
    """A bucket as its server knows it.

    ``created`` tells a bucket from another of the same name; ``last_revision`` is that of its last
    change; ``subjects`` how many keys it has messages for, deletions included.
    """

    created: str
    last_revision: int
    subjects: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """The initial values of a bucket, complete."""

    entries: list[RawEntry]


@dataclass(frozen=True, slots=True)
class Updates:
    """Changes since, in the order of their revisions."""

    entries: list[RawEntry]


@dataclass(frozen=True, slots=True)
class Lost:
    """The stream has ended by itself: its connection was lost, or messages are missing."""

    error: NatsError


Item: TypeAlias = Loaded | Updates | Lost
Sink: TypeAlias = Callable[[Item], object]
Request: TypeAlias = Callable[[str, Mapping[str, Any] | None], Awaitable[Mapping[str, Any]]]

# How often a load waits for what was overwritten meanwhile; see `KeyStream._count_keys`.
_MAX_CATCHING_UP = 20

# A bucket that is deleted while it is loaded takes the consumer with it, and nobody says so. So
# after that many seconds the stream looks whether the bucket is still there.
_LOOK = 1.0

# An update that waits to be read costs memory; beyond this many the server is asked to pause.
_MAX_BACKLOG = 20_000


class KeyStream:
    """One ordered consumer of one bucket. Made by the client; its methods run on the loop.

    Args:
        connection: the connection it lives and dies with.
        request: asks the JetStream API (subject below ``$JS.API``, JSON).
        bucket: the bucket's name.
        consumer: the consumer's name on the server.
        sink: gets the items, on the loop's thread.
        heartbeat: seconds of silence after which the server says that it is still there.
    """

    def __init__(
        self,
        connection: Connection,
        request: Request,
        bucket: str,
        consumer: str,
        sink: Sink,
        heartbeat: float,
    ) -> None:
        self.connection = connection
        self.bucket = bucket
        self.consumer = consumer
        self.heartbeat = heartbeat
        self.heard = time.monotonic()
        self.read = 0  # how many updates the reader has dealt with; only the reader writes it
        self.info = BucketInfo("", 0, 0)
        self._request = request
        self._sink: Sink | None = sink
        self._prefix = len(f"$KV.{bucket}.")
        self._subscription: Subscription | None = None
        self._entries: list[RawEntry] = []
        self._loading = True
        self._awaited: int | None = None  # how many initial values there are, once we know
        self._pending = 0  # how many messages the server has still to send, as of the last one
        self._catching_up = 0
        self._counting: asyncio.Task[None] | None = None
        self._next = 1  # the consumer's own count of messages: no number may be missing
        self._rest_at = OFTEN
        self._delivered = 0
        self._flushing = False
        self._paused: str | None = None  # where to say that the server may go on
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None  # from its opening until it is loaded
        self._look: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Subscribe, and create the consumer. Raises BucketNotFoundError or another NatsError."""
        stream = f"KV_{self.bucket}"
        inbox = self.connection.new_inbox()
        try:
            # No limits: the server's flow control bounds what is under way.
            self._subscription = await self.connection.subscribe(
                inbox, cb=self._on_message, pending_msgs_limit=0, pending_bytes_limit=0
            )
        except NatsPyError as error:
            raise NatsUnavailableError(f"the connection to NATS was lost: {error}") from error
        state = await self._request(f"STREAM.INFO.{stream}", None)
        self.info = read_info(state)
        keys = f"$KV.{self.bucket}.>"
        config = {
            "name": self.consumer,
            "deliver_subject": inbox,
            "deliver_policy": "last_per_subject",
            "ack_policy": "none",
            "replay_policy": "instant",
            "filter_subject": keys,
            "flow_control": True,
            "idle_heartbeat": int(self.heartbeat * 1e9),
            # If nobody is left to delete it, the server does, soon after interest has gone.
            "inactive_threshold": int(max(10.0, 3 * self.heartbeat) * 1e9),
            "mem_storage": True,
            "num_replicas": 1,
            "max_deliver": 1,
        }
        answer = await self._request(
            f"CONSUMER.CREATE.{stream}.{self.consumer}.{keys}",
            {"stream_name": stream, "config": config, "action": "create"},
        )
        self._awaited = int(answer.get("num_pending") or 0)
        if self._next == 1:
            self._pending = self._awaited
        self._check_loaded()
        if self._loading and self._sink is not None:
            self._timer = self._loop.call_later(_LOOK, self._look_soon)

    def _look_soon(self) -> None:
        self._look = self._loop.create_task(self._look_at_bucket())

    async def _look_at_bucket(self) -> None:
        while self._loading and self._sink is not None:
            try:
                await self._bucket_now()
            except (BucketNotFoundError, StreamLostError) as error:
                self.lose(error)
            except NatsError:
                pass  # if the connection is lost, the client tells
            await asyncio.sleep(_LOOK)

    async def _bucket_now(self) -> BucketInfo:
        info = read_info(await self._request(f"STREAM.INFO.KV_{self.bucket}", None))
        if info.created != self.info.created:
            raise StreamLostError(f"bucket {self.bucket!r} was deleted and created again")
        return info

    async def unsubscribe(self) -> None:
        """Get no more messages. The consumer on the server is the client's to delete."""
        self._sink = None
        if self._timer is not None:
            self._timer.cancel()
        for task in (self._look, self._counting):
            if task is not None:
                task.cancel()
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            try:
                await subscription.unsubscribe()
            except NatsPyError:
                pass  # the connection is closed: nothing comes any more

    def lose(self, error: NatsError) -> None:
        """Tell the reader that nothing more will come. Said once."""
        sink, self._sink = self._sink, None
        if sink is not None:
            sink(Lost(error))

    def taken(self, count: int) -> None:
        """The reader has dealt with ``count`` updates. For the reader's thread."""
        self.read += count
        if self._paused is not None:
            try:
                self._loop.call_soon_threadsafe(self._resume)
            except RuntimeError:
                pass  # the loop has ended

    async def _on_message(self, msg: Msg) -> None:
        self.heard = time.monotonic()
        headers = msg.headers
        if headers is not None and "Status" in headers:
            await self._control(msg, headers)
            return
        # $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>, or
        # with domain and account hash in front of the stream (NATS ADR-15).
        tokens = msg.reply.split(".")
        at = 5 if len(tokens) == 9 else 7
        count = int(tokens[at + 1])
        if count != self._next:
            missing = f"message {self._next} of bucket {self.bucket!r} is missing"
            self.lose(StreamLostError(missing))
            return
        self._next = count + 1
        self._entries.append(
            (
                msg.subject[self._prefix :],
                int(tokens[at]),
                msg.data,
                headers is not None and is_deletion(headers),
            )
        )
        if count >= self._rest_at:
            self._rest_at = rest(count)
        if self._loading:
            pending = tokens[at + 3]
            # Rarely more than once: the count of what is pending ends in 0.
            if pending == "0" or count == self._awaited or self._awaited is None:
                self._pending = int(pending)
                self._check_loaded()
        elif not self._flushing:
            # What one read from the socket brought goes to the reader as one list.
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _check_loaded(self) -> None:
        """Are the initial values complete? Where nothing was changed meanwhile, counting tells."""
        awaited = self._awaited
        if awaited is None or not self._may_be_loaded():
            return
        count = self._next - 1
        if self._pending and count < awaited:
            return
        newest = self._entries[-1][1] if self._entries else 0
        known = self.info
        if count >= max(awaited, known.subjects) and newest <= known.last_revision:
            self._finish_loading()
        else:
            self._counting = self._loop.create_task(self._count_keys())

    def _may_be_loaded(self) -> bool:
        """Whether values are still awaited, their number is known, and nothing asked about them."""
        waits = self._loading and self._counting is None
        return waits and self._awaited is not None and self._sink is not None

    async def _count_keys(self, *, idle: bool = False) -> None:
        """Ask how many keys there are, and wait for those that are missing.

        A value that is overwritten before it was sent is left out by the server, and its key comes
        later. So as many messages as there were values need not have every key; nor is all there
        when the server says that nothing is pending, as it takes the old value off that count
        before it adds the new one. A key that always was there would be missing from ``data`` for
        a moment. Under writers that are faster than this, only so often.

        ``idle``: the server says that it is. If it has sent all that it ever will, nothing is
        missing: not each message of a stream need be of a key.
        """
        try:
            info = await self._bucket_now()
            all_sent = idle and await self._all_sent()
        except NatsError as error:
            self.lose(error)
            return
        self._counting = None
        if self._sink is None or not self._loading:
            return
        missing = info.subjects - len({key for key, *_ in self._entries})
        if missing <= 0 or all_sent or self._catching_up >= _MAX_CATCHING_UP:
            self._finish_loading()
            return
        self._catching_up += 1
        self._pending = missing
        self._awaited = self._next - 1 + missing

    async def _all_sent(self) -> bool:
        """Whether the server has sent all there is, and it has come."""
        consumer = f"CONSUMER.INFO.KV_{self.bucket}.{self.consumer}"
        info = await self._request(consumer, None)
        sent = int((info.get("delivered") or {}).get("consumer_seq") or 0)
        return not info.get("num_pending") and sent < self._next

    def _finish_loading(self) -> None:
        self._loading = False
        if self._timer is not None:
            self._timer.cancel()
        entries, self._entries = self._entries, []
        if self._sink is not None:
            self._sink(Loaded(entries))

    def _flush(self) -> None:
        self._flushing = False
        entries, self._entries = self._entries, []
        if entries and self._sink is not None:
            self._delivered += len(entries)
            self._sink(Updates(entries))

    async def _control(self, msg: Msg, headers: Mapping[str, str]) -> None:
        """Flow control and heartbeats (NATS ADR-1, ADR-9)."""
        if headers["Status"] != "100":
            said = f"{headers['Status']} {headers.get('Description', '')}".strip()
            self.lose(StreamLostError(f"the server ended the watch of {self.bucket!r}: {said}"))
            return
        answer = msg.reply or headers.get("Nats-Consumer-Stalled", "")
        if answer:
            self._paused = answer
            self._resume()
        last = headers.get("Nats-Last-Consumer")
        if last is not None and int(last) >= self._next:
            self.lose(StreamLostError(f"messages of bucket {self.bucket!r} are missing"))
        elif last is not None and not answer and self._may_be_loaded():
            # Idle: either what was awaited has been purged, or the server is slow.
            self._counting = self._loop.create_task(self._count_keys(idle=True))

    def _resume(self) -> None:
        """Let the server go on, if the reader keeps up."""
        answer = self._paused
        if answer is None or self._delivered - self.read > _MAX_BACKLOG:
            return
        self._paused = None
        self._loop.create_task(self._publish(answer))

    async def _publish(self, subject: str) -> None:
        try:
            await self.connection.publish(subject)
        except NatsPyError:
            pass  # the connection is lost, and the client tells


def read_info(answer: Mapping[str, Any]) -> BucketInfo:
    """A bucket's state from the JetStream API's answer."""
    state = answer["state"]
    return BucketInfo(
        str(answer.get("created", "")), int(state["last_seq"]), int(state.get("num_subjects", 0))
    )
