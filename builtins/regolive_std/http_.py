"""``http.send``: requests to servers, kept within a query and, where asked for, across queries.

Here is the order of things: what is known already, what is asked, what is kept. The parts are in
the modules beside: ``http_request`` (the object), ``http_send`` (the wire), ``http_cache``,
``http_response``, ``http_hosts`` (where a policy may not go).
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from regolive import BuiltinContext, BuiltinError
from regolive.concurrency import Mutex
from regolive.values import to_key
from regolive_std import http_request as requests
from regolive_std._declare import ANY, STRING, object_of, std
from regolive_std.http_cache import (
    CACHEABLE,
    DEFAULT_SIZE,
    Entry,
    ResponseCache,
    make_entry,
    renewed,
)
from regolive_std.http_errors import NetworkError
from regolive_std.http_hosts import check_host
from regolive_std.http_request import HttpRequest
from regolive_std.http_resolve import Resolver
from regolive_std.http_response import failure, render

if TYPE_CHECKING:
    from regolive_std.http_send import Sender
    from regolive_std.http_transport import Transports, Way


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """What the configuration says of ``http.send``.

    Attributes:
        metadata_hosts: hosts, as policies write them, that may be at link-local addresses and
            those of metadata services, which are off limits else.
        max_cache_bytes: what kept responses may take together.
        max_response_bytes: what the body of one response may have.
    """

    metadata_hosts: frozenset[str] = frozenset()
    max_cache_bytes: int = DEFAULT_SIZE
    max_response_bytes: int = 100_000_000


class HttpSend:
    """``http.send`` of one runtime, with what it keeps.

    Args:
        resolver: asks for addresses.
        now: the time, in seconds since the epoch, by which kept responses age.
        pause: seconds to wait after a failed attempt, by its number from 0; None: as OPA does.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        now: Callable[[], float] = time.time,
        pause: Callable[[int], float] | None = None,
    ) -> None:
        self._resolver = resolver
        self._pause = pause
        self._config = HttpConfig()
        self._running = False
        self.cache = ResponseCache(self._config.max_cache_bytes, now)
        # Guards the making of what follows, so that nothing is made twice and left open.
        self._lock = Mutex("std.wire", guards="the making of http.send's sender")
        # Made at the first request: httpx takes its time to be imported.
        self._wire: tuple[Sender, Transports] | None = None

    @property
    def started(self) -> bool:
        """Whether connections are kept open."""
        return self._running

    def status(self) -> dict[str, Any]:
        """What is kept: responses, and ways of connecting."""
        wire = self._wire
        return {"cache": self.cache.status(), "transports": len(wire[1]) if wire else 0}

    def configure(self, config: HttpConfig) -> None:
        """Take up a configuration. Connections that are open are given up when it changes."""
        if config != self._config:
            self._config = config
            self.cache.resize(config.max_cache_bytes)
            self._close()

    def start(self) -> None:
        """Keep connections open from now on."""
        self._running = True
        self._close()

    def stop(self) -> None:
        """Close the connections; those in use are closed by their requests."""
        self._running = False
        self._close()

    def _close(self) -> None:
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire[1].stop()

    def _sender(self) -> Sender:
        wire = self._wire
        if wire is not None:
            return wire[0]
        from regolive_std.http_network import GuardedBackend
        from regolive_std.http_send import Sender, backoff
        from regolive_std.http_transport import PoolTransport, Transports

        with self._lock:
            if self._wire is None:
                config = self._config

                def make(way: Way) -> PoolTransport:
                    hosts = None if way.proxy is not None else config.metadata_hosts
                    return PoolTransport(way, GuardedBackend(self._resolver, hosts))

                transports = Transports(make, keep=self._running)
                sender = Sender(
                    transports,
                    metadata_hosts=config.metadata_hosts,
                    user_agent=_user_agent(),
                    max_body=config.max_response_bytes,
                    pause=self._pause or backoff,
                )
                self._wire = (sender, transports)
            return self._wire[0]

    @std(
        "http.send",
        args=[object_of(STRING, ANY)],
        result=object_of(ANY, ANY),
        nondeterministic=True,
        result_name="response",
    )
    def http_send(self, ctx: BuiltinContext, request: dict[Any, Any]) -> dict[str, Any]:
        """Send an HTTP request, and return the server's response.

        Within a query the same request is sent once. With ``cache`` or ``force_cache`` a response
        is kept for later queries. Where ``raise_error`` is false, an error is a response too, with
        ``status_code`` 0 and ``error``.

        Example:
            >>> http.send({"method": "get", "url": "ftp://x", "raise_error": false}).error.code
            "eval_http_send_network_error"
            >>> http.send({"method": "get"})
            error: eval_type_error: http.send: operand 1 missing required request parameters(s):
            {"url"}
            >>> http.send({"method": "get", "url": "http://[::1"})
            error: eval_builtin_error: http.send: parse "http://[::1": missing ']' in host
        """
        raises = requests.raises(request)
        try:
            return self._answer(ctx, request)
        except NetworkError as error:
            if raises:
                raise BuiltinError(error.raised) from None
            return failure("eval_http_send_network_error", error.text)
        except BuiltinError as error:
            if raises:
                raise
            where = f"{ctx.location}: " if ctx.location else ""
            message = f"{where}{error.code}: http.send: {error.message}"
            return failure("eval_http_send_internal_error", message)

    def _answer(self, ctx: BuiltinContext, request: dict[Any, Any]) -> dict[str, Any]:
        """The response object, from this query, from an earlier one, or from the server."""
        requests.check_keys(request)
        key = to_key(requests.cache_identity(request))
        known: dict[Any, Any] = ctx.cache.setdefault("http.send", {})
        found = known.get(key)
        if found is None:
            entry = None
            if request.get("cache") is True or request.get("force_cache") is True:
                entry = self.cache.get(key)
            if entry is not None and self.cache.is_fresh(entry):
                found = known[key] = self._told(ctx, entry)
        if isinstance(found, NetworkError):
            raise found.again()
        if found is not None:
            told: dict[str, Any] = found
            return told
        try:
            answer, keep = self._ask(ctx, key, requests.read_request(request), entry)
        except NetworkError as error:
            known[key] = error
            raise
        if keep:
            known[key] = answer
        return answer

    def _told(self, ctx: BuiltinContext, entry: Entry) -> dict[str, Any]:
        """The response object of a kept response."""
        check_host(entry.request.url.host, ctx.allow_net)
        return entry.parsed or render(ctx, entry.request, entry.response)

    def _ask(
        self, ctx: BuiltinContext, key: Any, request: HttpRequest, entry: Entry | None
    ) -> tuple[dict[str, Any], bool]:
        """The server's response object, and whether it holds for the rest of the query."""
        check_host(request.url.host, ctx.allow_net)
        conditions = entry.conditions() if entry is not None else []
        response = self._sender().send(ctx, request, conditions)
        if entry is not None and conditions and response.code == 304:
            entry = renewed(entry, response, self.cache.now())
            self.cache.put(key, entry)
            return self._told(ctx, entry), True
        answer = render(ctx, request, response)
        if request.caching is not None:
            fresh = make_entry(request, response, answer, self.cache.now())
            if fresh is None:
                self.cache.remove(key)
            else:
                self.cache.put(key, fresh)
        return answer, response.code in CACHEABLE


def _user_agent() -> str:
    try:
        version = metadata.version("regolive")
    except metadata.PackageNotFoundError:  # running from a source tree
        version = "0"
    return f"regolive/{version} ({platform.system().lower()}, {platform.machine()})"
