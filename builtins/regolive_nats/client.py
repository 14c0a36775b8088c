"""The connection to NATS: nats-py on an event loop in a thread of its own.

Other threads see blocking methods, each with a time limit. Reconnecting is done here and not by
nats-py: a new connection is a new object, so nothing of the old one comes back to life with it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent import futures
from typing import Any, Literal, TypeVar

import nats.errors
from nats.aio.client import Client as Connection
from nats.aio.msg import Msg

from regolive.concurrency import waiting_for
from regolive_nats.config import BUCKET_NAME, NatsConfig
from regolive_nats.connecting import close, connect, explain
from regolive_nats.entries import RawEntry, is_deletion
from regolive_nats.errors import (
    BucketNotFoundError,
    NatsError,
    NatsTimeoutError,
    NatsUnavailableError,
)
from regolive_nats.stream import BucketInfo, Item, KeyStream, Loaded, Lost, Sink, read_info

log = logging.getLogger("regolive.plugin.nats")

T = TypeVar("T")
State = Literal["connecting", "connected", "reconnecting", "closed"]
Listener = Callable[[bool], object]

_STREAM_NOT_FOUND = 10059
_CONSUMER_NOT_FOUND = 10014
_KEY_NOT_FOUND = 10037
_PARTING = 2.0  # seconds at most for deleting consumers before a connection is closed
_RARE = 30.0  # seconds between attempts when max_reconnect_attempts have failed


class StreamHandle:
    """A watch stream as its reader's thread holds it."""

    def __init__(self, client: NatsClient, stream: KeyStream) -> None:
        self._client = client
        self._stream = stream

    @property
    def info(self) -> BucketInfo:
        """The bucket as it was just before the stream began."""
        return self._stream.info

    @property
    def silent_for(self) -> float:
        """Seconds since the server was last heard of."""
        return time.monotonic() - self._stream.heard

    @property
    def patience(self) -> float:
        """Seconds of silence after which the stream is to be taken for dead."""
        return self._stream.heartbeat * 3

    def taken(self, count: int) -> None:
        """``count`` updates have been dealt with: the server may send more."""
        self._stream.taken(count)

    def close(self, *, wait: bool = True) -> None:
        """End the stream, and delete its consumer on the server: now, or when that is possible.

        Raises nothing. With ``wait``, returns when that is done, or its time is up.
        """
        self._client.close_stream(self._stream, wait=wait)


class NatsClient:
    """A connection that is kept up, and what can be asked over it. Safe to use from any thread.

    Args:
        config: where and how to connect.
        heartbeat: seconds of silence after which a watch stream's server reports that it is there.

    Every method that asks NATS raises NatsUnavailableError without a connection (or if it is lost
    meanwhile), NatsTimeoutError after ``timeout`` seconds (by default ``request_timeout``), and
    BucketNotFoundError for a bucket that does not exist.
    """

    def __init__(self, config: NatsConfig, *, heartbeat: float = 2.0) -> None:
        self.config = config
        self.state: State = "closed"
        self.last_error = ""
        self.connected_since: float | None = None
        self.attempts = 0  # failed in a row
        self._heartbeat = heartbeat
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None
        self._attempted = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._again: asyncio.Event | None = None
        # The rest belongs to the loop's thread.
        self._streams: set[KeyStream] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: set[asyncio.Future[Msg]] = set()  # requests that wait for their answers
        self._orphans: set[tuple[str, str]] = set()  # (stream, consumer) still to be deleted
        self._listeners: dict[object, Listener] = {}  # single dict operations from any thread

    # life

    def start(self, timeout: float = 2.0) -> bool:
        """Start the thread, and wait at most ``timeout`` seconds for the first attempt to connect.

        Returns whether there is a connection. If not, attempts go on in the background.
        """
        if self._thread is not None:
            return self.connected
        self.state = "connecting"
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._run, args=(loop,), name="regolive-nats", daemon=False
        )
        self._thread.start()
        self._attempted.wait(timeout)
        return self.connected

    def stop(self) -> None:
        """Close the connection and join the thread. Stopping again does nothing."""
        thread = self._thread
        if thread is None:
            return
        self._open(lambda: self._stopping)
        thread.join()
        self._thread = self._loop = None
        self.state = "closed"

    def reconfigure(self, config: NatsConfig) -> None:
        """Use another configuration; connect again if what concerns the connection differs."""
        same = config.same_connection(self.config)
        self.config = config
        if not same:
            self._open(lambda: self._again)

    def _open(self, which: Callable[[], asyncio.Event | None]) -> None:
        """Set one of the loop's events, from any thread."""

        def opened() -> None:
            event = which()
            if event is not None:
                event.set()

        if self._loop is not None:
            try:
                self._loop.call_soon_threadsafe(opened)
            except RuntimeError:
                pass  # the loop has ended

    @property
    def connected(self) -> bool:
        """Whether there is a connection at this moment."""
        return self.state == "connected"

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(connected)`` when the connection comes or goes, on the loop's thread.

        It must not block. Returns a function that ends this.
        """
        token = object()
        self._listeners[token] = listener

        def unlisten() -> None:
            self._listeners.pop(token, None)

        return unlisten

    # asking

    def info(self, bucket: str, timeout: float | None = None) -> BucketInfo:
        """The bucket's state."""

        async def ask() -> BucketInfo:
            return read_info(await self._request(f"STREAM.INFO.KV_{bucket}", None))

        return self._call(ask, bucket, timeout)

    def get(self, bucket: str, key: str, timeout: float | None = None) -> RawEntry | None:
        """The last message of one key; None if the key never was, or was deleted."""

        async def ask() -> RawEntry | None:
            subject = f"$KV.{bucket}.{key}"
            return await self._last_message(bucket, key, subject)

        return self._call(ask, bucket, timeout)

    def load(
        self,
        bucket: str,
        timeout: float | None = None,
        check: Callable[[], object] | None = None,
    ) -> list[RawEntry]:
        """All keys of a bucket with their last messages, over one watch stream.

        ``check`` is called every 50 ms while waiting; what it raises ends the wait.
        """

        async def ask() -> list[RawEntry]:
            items: asyncio.Queue[Item] = asyncio.Queue()
            stream = await self._begin(bucket, items.put_nowait)
            try:
                item = await items.get()
            finally:
                # The answer does not wait for the consumer's deletion.
                self._soon(self._end_stream(stream))
            if isinstance(item, Lost):
                raise item.error
            assert isinstance(item, Loaded)
            return item.entries

        return self._call(ask, bucket, timeout, check)

    def keys(self, bucket: str, prefix: str = "", timeout: float | None = None) -> list[str]:
        """The live keys of a bucket that begin with ``prefix``, sorted."""
        last = {key: deleted for key, _, _, deleted in self.load(bucket, timeout)}
        return sorted(k for k, deleted in last.items() if not deleted and k.startswith(prefix))

    def open(self, bucket: str, sink: Sink, timeout: float | None = None) -> StreamHandle:
        """Watch a bucket: its initial values and then every update go to ``sink``.

        The sink is called on the loop's thread, and must not block.
        """

        async def begin() -> KeyStream:
            return await self._begin(bucket, sink)

        return StreamHandle(self, self._call(begin, bucket, timeout))

    def close_stream(self, stream: KeyStream, *, wait: bool) -> None:
        """End a stream. See :meth:`StreamHandle.close`."""
        loop = self._loop
        if loop is None:
            return
        coroutine = self._end_stream(stream)
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:
            coroutine.close()  # the loop has ended, and the stream with it
            return
        if wait:
            limit = self.config.request_timeout
            try:
                with waiting_for(None, "an answer of NATS", limit):
                    future.result(limit)
            except Exception as error:
                log.debug("closing the watch of bucket %r: %s", stream.bucket, error)

    def _call(
        self,
        make: Callable[[], Coroutine[Any, Any, T]],
        bucket: str,
        timeout: float | None,
        check: Callable[[], object] | None = None,
    ) -> T:
        """Run a coroutine on the loop, and wait for it at most ``timeout`` seconds."""
        if not BUCKET_NAME.match(bucket):
            raise BucketNotFoundError(bucket)
        loop = self._loop
        if loop is None or not self.connected:
            raise NatsUnavailableError(self._why_not())
        limit = self.config.request_timeout if timeout is None else timeout

        async def limited() -> T:
            async with asyncio.timeout(limit):
                return await make()

        coroutine = limited()
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, loop)
        except RuntimeError:
            coroutine.close()
            raise NatsUnavailableError(self._why_not()) from None
        try:
            with waiting_for(None, "an answer of NATS", limit):
                return _wait(future, limit + 1.0, check)
        except TimeoutError:
            raise NatsTimeoutError(
                f"NATS at {self.config.shown_url} did not answer within {limit:g} s"
            ) from None
        except BucketNotFoundError:
            raise BucketNotFoundError(bucket) from None
        except futures.CancelledError:
            raise NatsUnavailableError("the NATS client was stopped") from None

    def _why_not(self) -> str:
        reason = f": {self.last_error}" if self.last_error else ""
        return f"no connection to NATS at {self.config.shown_url} ({self.state}){reason}"

    # on the loop's thread

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._keep_connected())
        except Exception:
            log.exception("the NATS client failed")
        finally:
            self._attempted.set()
            self.state = "closed"
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    async def _keep_connected(self) -> None:
        stopping = self._stopping = asyncio.Event()
        again = self._again = asyncio.Event()
        while not stopping.is_set():
            again.clear()
            lost = asyncio.Event()
            connection = await self._connect(lost)
            self._attempted.set()
            if connection is None:
                await _first(stopping.wait(), again.wait(), timeout=self._pause())
                continue
            await self._delete_orphans()
            await _first(stopping.wait(), lost.wait(), again.wait())
            if not lost.is_set():
                why = "stopped" if stopping.is_set() else "configured anew"
                await self._part(NatsUnavailableError(f"the NATS client was {why}"))
            self._disconnected(connection, stopping.is_set(), lost.is_set())
            await close(connection)
            await asyncio.sleep(0)

    async def _part(self, error: NatsError) -> None:
        """Leave nothing on a server that is about to be left; but it may not answer any more."""
        self._end_requests()
        streams = tuple(self._streams)
        for stream in streams:
            stream.lose(error)
        try:
            async with asyncio.timeout(min(_PARTING, self.config.request_timeout)):
                await asyncio.gather(*map(self._end_stream, streams))
                await self._delete_orphans()
        except TimeoutError:
            log.debug("consumers are left: %s", self._orphans)

    def _end_requests(self) -> None:
        for asked in tuple(self._asked):
            asked.cancel()

    async def _connect(self, lost: asyncio.Event) -> Connection | None:
        async def on_closed() -> None:
            lost.set()

        try:
            connection = await connect(self.config, on_closed)
        except Exception as error:
            self._failed(error)
            return None
        again = self.state == "reconnecting"
        self.last_error = ""
        self.attempts = 0
        self._connection = connection
        self.connected_since = time.monotonic()
        self.state = "connected"
        shown = self.config.shown_url
        log.info("%s to NATS at %s", "reconnected" if again else "connected", shown)
        self._tell(True)
        return connection

    def _failed(self, error: Exception) -> None:
        self.attempts += 1
        self.last_error = explain(error)
        limit = self.config.max_reconnect_attempts
        if self.attempts == 1:
            log.error(
                "cannot connect to NATS at %s: %s; still trying, every %g s",
                self.config.shown_url,
                self.last_error,
                self.config.reconnect_wait,
            )
        elif limit >= 0 and self.attempts == limit + 1:
            log.error(
                "no connection to NATS at %s after %d attempts: %s; still trying, every %g s",
                self.config.shown_url,
                self.attempts,
                self.last_error,
                self._pause(),
            )

    def _pause(self) -> float:
        """Seconds until the next attempt."""
        config = self.config
        if 0 <= config.max_reconnect_attempts < self.attempts:
            return max(_RARE, config.reconnect_wait)
        return config.reconnect_wait

    def _disconnected(self, connection: Connection, stopping: bool, lost: bool) -> None:
        self._connection = self.connected_since = None
        self.state = "closed" if stopping else "reconnecting"
        if lost and not stopping:
            cause = connection.last_error
            self.last_error = explain(cause) if cause else "the server closed the connection"
            log.warning(
                "lost the connection to NATS at %s: %s", self.config.shown_url, self.last_error
            )
        error = NatsUnavailableError("the NATS client was stopped" if stopping else self._why_not())
        self._end_requests()  # no answer comes over this connection any more
        for stream in tuple(self._streams):
            self._streams.discard(stream)
            self._orphans.add((f"KV_{stream.bucket}", stream.consumer))
            stream.lose(error)
        self._tell(False)

    def _tell(self, connected: bool) -> None:
        for listener in tuple(self._listeners.values()):
            try:
                listener(connected)
            except Exception:
                log.exception("a listener of the NATS connection failed")

    def _connected(self) -> Connection:
        connection = self._connection
        if connection is None or not self.connected:
            raise NatsUnavailableError(self._why_not())
        return connection

    async def _request(self, subject: str, body: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Ask the JetStream API."""
        connection = self._connected()
        data = b"" if body is None else json.dumps(body).encode()
        asked = asyncio.ensure_future(
            connection.request(f"$JS.API.{subject}", data, timeout=self.config.request_timeout)
        )
        self._asked.add(asked)
        try:
            message = await asked
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if me is not None and me.cancelling():
                raise  # whoever asked does not want to know any more
            raise NatsUnavailableError("the connection to NATS was given up meanwhile") from None
        except nats.errors.NoRespondersError:
            raise NatsUnavailableError(
                f"JetStream does not answer at {self.config.shown_url}: is it enabled there?"
            ) from None
        except nats.errors.TimeoutError:
            raise NatsTimeoutError(
                f"JetStream did not answer within {self.config.request_timeout:g} s"
            ) from None
        except nats.errors.Error as error:
            raise NatsUnavailableError(f"the connection to NATS was lost: {error}") from error
        finally:
            self._asked.discard(asked)
        answer: Mapping[str, Any] = json.loads(message.data)
        failure = answer.get("error")
        if failure:
            code = failure.get("err_code")
            if code == _STREAM_NOT_FOUND:
                raise BucketNotFoundError(subject.split(".")[2].removeprefix("KV_"))
            raise ApiError(code, str(failure.get("description", "unknown error")))
        return answer

    async def _last_message(self, bucket: str, key: str, subject: str) -> RawEntry | None:
        try:
            answer = await self._request(f"STREAM.MSG.GET.KV_{bucket}", {"last_by_subj": subject})
        except ApiError as error:
            if error.code == _KEY_NOT_FOUND:
                return None
            raise
        message = answer["message"]
        lines = base64.b64decode(message.get("hdrs", "")).decode(errors="replace").splitlines()
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        data = base64.b64decode(message.get("data", ""))
        return None if is_deletion(headers) else (key, int(message["seq"]), data, False)

    async def _begin(self, bucket: str, sink: Sink) -> KeyStream:
        connection = self._connected()
        name = f"regolive-{connection.new_inbox().rpartition('.')[2]}"
        stream = KeyStream(connection, self._request, bucket, name, sink, self._heartbeat)
        self._streams.add(stream)
        try:
            await stream.open()
        except BaseException as error:
            # After a time limit the consumer may have been created all the same.
            created = not isinstance(error, BucketNotFoundError)
            self._soon(self._end_stream(stream, created=created))
            raise
        return stream

    def _soon(self, coroutine: Coroutine[Any, Any, None]) -> None:
        assert self._loop is not None
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end_stream(self, stream: KeyStream, *, created: bool = True) -> None:
        self._streams.discard(stream)
        await stream.unsubscribe()
        if created:
            orphan = (f"KV_{stream.bucket}", stream.consumer)
            self._orphans.add(orphan)
            if self.connected:
                # This one only: other streams that end now delete theirs, and whoever waits for
                # this one should not wait for those.
                await self._delete_orphan(orphan)

    async def _delete_orphans(self) -> None:
        """Delete the consumers that nobody reads any more; what fails is left for later."""
        await asyncio.gather(*map(self._delete_orphan, tuple(self._orphans)))

    async def _delete_orphan(self, orphan: tuple[str, str]) -> None:
        name, consumer = orphan
        try:
            await self._request(f"CONSUMER.DELETE.{name}.{consumer}", None)
        except (BucketNotFoundError, ApiError) as error:
            if isinstance(error, ApiError) and error.code != _CONSUMER_NOT_FOUND:
                log.warning("consumer %s of %s cannot be deleted: %s", consumer, name, error)
        except NatsError as error:
            log.debug("consumer %s of %s is left for later: %s", consumer, name, error)
            return
        self._orphans.discard(orphan)


class ApiError(NatsError):
    """The JetStream API refused a request. ``code`` is its ``err_code``."""

    def __init__(self, code: int | None, description: str) -> None:
        self.code = code
        super().__init__(f"JetStream: {description} ({code})")


def _wait(future: futures.Future[T], timeout: float, check: Callable[[], object] | None) -> T:
    """A future's result; TimeoutError when it does not come. The future is cancelled then."""
    deadline = time.monotonic() + timeout
    try:
        while True:
            left = deadline - time.monotonic()
            try:
                return future.result(left if check is None else min(left, 0.05))
            except TimeoutError:
                if future.done() or time.monotonic() >= deadline:
                    raise
            if check is not None:
                check()
    finally:
        future.cancel()


async def _first(*waits: Coroutine[Any, Any, Any], timeout: float | None = None) -> None:
    """Wait until one of several is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(w) for w in waits]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
