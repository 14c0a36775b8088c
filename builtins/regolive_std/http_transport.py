"""Connections kept open between requests: a transport of httpx for each way of connecting.

Transports belong to the plugin while it runs, and are closed when it stops. Before it is started
and after, a request has one of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import httpcore
import httpx

from regolive.concurrency import Mutex
from regolive_std.http_network import DialError, GuardedBackend
from regolive_std.http_tls import TlsOptions, make_context

# How many ways of connecting are kept open, and what each keeps (connections, seconds).
_KEPT = 32
_IDLE_CONNECTIONS = 16
_IDLE_SECONDS = 60.0


class Way(NamedTuple):
    """A way of connecting: requests that share it can share connections.

    ``tls`` is None where nothing is secured: certificates take their time to be loaded.
    """

    tls: TlsOptions | None
    proxy: str | None
    unix_socket: str | None


class PoolTransport(httpx.BaseTransport):
    """httpx's transport over a pool whose connections are made by a guarded backend.

    Unlike ``httpx.HTTPTransport`` it lets exceptions through as they are: those of the backend
    (out of time, cancelled, no connection) are told from those of the protocol by their types.
    """

    def __init__(self, way: Way, backend: GuardedBackend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=None if way.tls is None else make_context(way.tls),
            proxy=None if way.proxy is None else _proxy(way.proxy),
            max_connections=None,
            max_keepalive_connections=_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            uds=way.unix_socket,
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the response's body is still to be read.

        The extension ``target`` is what the request line has, instead of what httpx makes of a
        path.
        """
        url = request.url
        extensions = dict(request.extensions)
        target = extensions.pop("target", url.raw_path)
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=target
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=extensions,
            )
        )
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),  # type: ignore[arg-type]
            extensions=answer.extensions,
        )

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


def _proxy(url: str) -> httpcore.Proxy:
    """A proxy with the credentials in its URL. Raises DialError for what is no proxy's URL."""
    try:
        proxy = httpx.Proxy(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise DialError(f"invalid proxy of the environment: {error}") from None
    where = proxy.url
    return httpcore.Proxy(
        httpcore.URL(scheme=where.raw_scheme, host=where.raw_host, port=where.port, target=b"/"),
        auth=proxy.raw_auth,
    )


class _Body(httpx.SyncByteStream):
    """The body of a response as httpx reads it, over httpcore's."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


@dataclass(slots=True)
class _Kept:
    transport: httpx.BaseTransport
    users: int = 0


MakeTransport = Callable[[Way], httpx.BaseTransport]


class Transports:
    """The transports of a plugin. Thread-safe.

    Args:
        make: makes one.
        keep: whether they are kept from request to request, until ``stop``.
    """

    def __init__(self, make: MakeTransport, *, keep: bool) -> None:
        self._make = make
        # Guards the table of transports and their users. Nothing is called under it: transports
        # are made before, and closed after.
        self._lock = Mutex("std.transports", guards="the transports of http.send, and their users")
        self._kept: OrderedDict[Way, _Kept] = OrderedDict()
        self._keeping = keep

    def stop(self) -> None:
        """Close what nobody uses; what is used is closed by its last user."""
        with self._lock:
            self._keeping = False
            idle = [kept for kept in self._kept.values() if not kept.users]
            self._kept.clear()
        for kept in idle:
            kept.transport.close()

    @contextmanager
    def use(self, way: Way) -> Iterator[httpx.BaseTransport]:
        """A transport for one request."""
        kept = self._take(way)
        try:
            yield kept.transport
        finally:
            with self._lock:
                kept.users -= 1
                done = not kept.users and self._kept.get(way) is not kept
            if done:
                kept.transport.close()

    def _take(self, way: Way) -> _Kept:
        with self._lock:
            kept = self._kept.get(way)
            if kept is not None:
                kept.users += 1
                self._kept.move_to_end(way)
                return kept
        fresh = _Kept(self._make(way), users=1)
        dropped: _Kept | None = None
        surplus: httpx.BaseTransport | None = None
        with self._lock:
            kept = self._kept.get(way)
            if kept is not None:  # somebody else was quicker
                kept.users += 1
                surplus, fresh = fresh.transport, kept
            elif self._keeping:
                self._kept[way] = fresh
                if len(self._kept) > _KEPT:
                    _, dropped = self._kept.popitem(last=False)
                    if dropped.users:
                        dropped = None  # its last user closes it
        for transport in (surplus, dropped.transport if dropped else None):
            if transport is not None:
                transport.close()
        return fresh

    def __len__(self) -> int:
        return len(self._kept)
