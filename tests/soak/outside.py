"""The other side of NATS: programs that write buckets, and an independent reading of them.

Nothing here uses regolive's client: what it is held against must not share its mistakes.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import nats
import nats.errors
import nats.js.errors
from nats.js.api import KeyValueConfig, StorageType

T = TypeVar("T")

LIMIT = 30.0
"""Seconds that one request of a program outside may take; it shares two cores with the rest."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and what can be relied on in it.

    ``ordered``: with a long history, nothing that a watcher has yet to see is ever replaced, so
    that each state it shows is one that the bucket had. With a history of 1 NATS itself leaves out
    what was overwritten meanwhile. ``mortal``: it is deleted and created again.
    """

    name: str
    ordered: bool = True
    mortal: bool = False

    @property
    def config(self) -> KeyValueConfig:
        """How it is created."""
        return KeyValueConfig(
            bucket=self.name, history=64 if self.ordered else 1, storage=StorageType.MEMORY
        )


MEMBERS = 12


class Outside:
    """A program with a connection of its own; its methods block, with a time limit."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="soak-outside")
        self._thread.start()
        self._client: Any = self.run(nats.connect(url))
        self._stream = self._client.jetstream(timeout=LIMIT)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on this program's loop, at most `LIMIT` seconds."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(LIMIT)

    def create(self, bucket: Bucket) -> None:
        """Create the bucket, empty."""
        self.run(self._stream.create_key_value(bucket.config))

    def fill(self, bucket: Bucket, prefix: str = "") -> None:
        """Put the values that are there from the beginning."""

        async def fill() -> None:
            store = await self._stream.key_value(bucket.name)
            await asyncio.gather(
                store.put(f"{prefix}pair.a", b"0"),
                store.put(f"{prefix}pair.b", b"0"),
                store.put(f"{prefix}note", b"no JSON"),
                *(store.put(f"{prefix}members.u{n}", b"{}") for n in range(MEMBERS)),
            )

        self.run(fill())

    def drop(self, bucket: str) -> None:
        """Delete the bucket."""
        self.run(self._stream.delete_key_value(bucket))

    def consumers(self) -> dict[str, int]:
        """How many consumers each stream has, of those that have any."""

        async def count() -> dict[str, int]:
            found = {}
            offset = 0
            while page := await self._stream.streams_info(offset=offset):
                offset += len(page)
                for info in page:
                    if info.state.consumer_count:
                        found[str(info.config.name)] = int(info.state.consumer_count)
            return found

        return self.run(count())

    def read(self, bucket: str) -> dict[str, Any] | None:
        """What the bucket holds now, as a document; None if there is no such bucket."""

        async def read() -> dict[str, Any] | None:
            # Key by key, and not with a watch: the consumers on the server are only regolive's.
            try:
                store = await self._stream.key_value(bucket)
                info = await self._stream.stream_info(f"KV_{bucket}", subjects_filter=">")
            except nats.js.errors.NotFoundError:
                return None
            keys = [subject.removeprefix(f"$KV.{bucket}.") for subject in info.state.subjects or ()]
            values = await asyncio.gather(*(self._get(store, key) for key in keys))
            return document({k: v for k, v in zip(keys, values, strict=True) if v is not None})

        return self.run(read())

    @staticmethod
    async def _get(store: Any, key: str) -> bytes | None:
        try:
            return (await store.get(key)).value or b""
        except nats.js.errors.KeyNotFoundError:  # or deleted
            return None

    def close(self) -> None:
        """Disconnect, and end the thread."""
        try:
            self.run(self._client.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(LIMIT)
            self._loop.close()


def document(entries: dict[str, bytes]) -> dict[str, Any]:
    """The tree of dotted keys. None of this run's keys is both a value and a parent."""
    root: dict[str, Any] = {}
    for key, data in entries.items():
        *parents, last = key.split(".")
        node = root
        for name in parents:
            node = node.setdefault(name, {})
        try:
            node[last] = json.loads(data)
        except ValueError:
            node[last] = data.decode()
    return root


def torn(bucket: Bucket, found: Any) -> str | None:
    """What is wrong with a state of a bucket: one that it never had; None if nothing is.

    A round of its writer is: put pair.a = n, put pair.mid = n, put pair.b = n, remove pair.mid. So
    whatever moment a state is of, ``a`` is at most one ahead of ``b``, and ``mid`` is ``a``.
    """
    pair = found.get("pair") if found.__class__ is dict else None
    if pair.__class__ is not dict:
        pair = {}
    a, b, mid = pair.get("a"), pair.get("b"), pair.get("mid")
    if a is None or b is None:
        # In a bucket that was just created again they may not have been put yet.
        return None if bucket.mortal else f"keys are missing that always are there: pair is {pair}"
    if bucket.ordered and not (a - b in (0, 1) and mid in (None, a)):
        return f"two states of the bucket are mixed: pair is {pair}"
    return None
