"""One request of ``http.send`` over the wire: attempts, redirects, and Go's words for failures.

Follows Go's ``net/http`` client where a policy or a server can tell: which redirects are followed,
with which method and headers, and what is decompressed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

import httpcore
import httpx

from regolive import BuiltinContext, BuiltinError
from regolive_std.http_budget import Budget, OutOfTime, spending
from regolive_std.http_errors import NetworkError
from regolive_std.http_hosts import DisallowedHostError, check_addresses, check_host
from regolive_std.http_network import DialError, protocol_error
from regolive_std.http_proxy import proxy_for
from regolive_std.http_request import HttpRequest, bad_header
from regolive_std.http_response import HttpResponse, gunzip
from regolive_std.http_transport import Transports, Way
from regolive_std.http_url import HttpUrl, redirected
from regolive_std.text import from_bytes, go_quote, to_bytes

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# OPA follows until the time is up; without a limit of time somebody has to end it.
_MOST_REDIRECTS = 1000
# Not sent on to another host (Go's client does not, either).
_SECRET_HEADERS = frozenset({"authorization", "www-authenticate", "cookie", "cookie2"})
# Say what the body is; gone with it.
_BODY_HEADERS = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type"}
)
# May be sent again when a connection that was kept open turns out to be closed.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

# The pauses between attempts: OPA's, growing from the first to the last (seconds).
_FIRST_PAUSE, _GROWTH, _LAST_PAUSE, _JITTER = 0.1, 1.6, 60.0, 0.2


def backoff(attempt: int) -> float:
    """Seconds to wait after failed attempt number ``attempt`` (from 0)."""
    pause = min(_FIRST_PAUSE * _GROWTH ** min(attempt, 50), _LAST_PAUSE)
    return pause * (1 + _JITTER * (2 * random.random() - 1))


class Sender:
    """Sends requests.

    Args:
        transports: the connections.
        metadata_hosts: hosts that may be at addresses which are off limits.
        user_agent: sent where the policy says nothing else.
        max_body: the most bytes that a response's body may have.
        pause: seconds to wait after a failed attempt, by its number from 0.
    """

    def __init__(
        self,
        transports: Transports,
        *,
        metadata_hosts: Collection[str] = (),
        user_agent: str = "regolive",
        max_body: int = 1 << 30,
        pause: Callable[[int], float] = backoff,
    ) -> None:
        self._transports = transports
        self._metadata_hosts = metadata_hosts
        self._user_agent = user_agent
        self._max_body = max_body
        self._pause = pause

    def send(
        self, ctx: BuiltinContext, request: HttpRequest, extra: Iterable[tuple[str, str]] = ()
    ) -> HttpResponse:
        """Send a request, again if an attempt fails and it may be, and read the whole response.

        The request's host is allowed already. ``extra`` are more headers, before which the
        policy's own go. Raises NetworkError,
        BuiltinError for a response that cannot be read, or CancelledError.
        """
        own = {name.lower() for name, _ in request.headers}
        more = tuple((name, value) for name, value in extra if name.lower() not in own)
        request = replace(request, headers=request.headers + more)
        attempt = 0
        while True:
            budget = Budget(request.timeout, ctx.deadline, ctx.check)
            try:
                return _Attempt(self, ctx, request, budget).run()
            except NetworkError as error:
                if not error.transient or attempt >= request.retries:
                    raise
            budget.pause(self._pause(attempt))
            attempt += 1


class _Attempt:
    """One attempt: a request, and those that redirects lead to."""

    def __init__(
        self, sender: Sender, ctx: BuiltinContext, request: HttpRequest, budget: Budget
    ) -> None:
        self.sender, self.ctx, self.request, self.budget = sender, ctx, request, budget
        self.url = request.url
        self.method = request.method
        self.body = request.body
        self.headers = request.headers
        self.host = request.host

    def run(self) -> HttpResponse:
        with spending(self.budget):
            for _ in range(_MOST_REDIRECTS):
                found = self._exchange()
                if isinstance(found, HttpResponse):
                    return found
                self._follow(*found)
        raise self._failed(f"stopped after {_MOST_REDIRECTS} redirects")

    def _failed(self, reason: str, *, transient: bool = False) -> NetworkError:
        # Go names the method that the policy asked with, and where it was when it failed.
        method = self.request.method.capitalize()
        return NetworkError(f"{method} {go_quote(str(self.url))}: {reason}", transient=transient)

    def _exchange(self) -> HttpResponse | tuple[int, str]:
        """The response, or the status and place of a redirect to follow."""
        self._check()
        try:
            return self._send()
        except OutOfTime:
            text = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            error = self._failed(text, transient=True)
            method = self.request.method.capitalize()
            error.raised = f"{method} {self.url}: request timed out"
            raise error from None
        except DisallowedHostError as error:
            raise self._failed(error.message) from None
        except DialError as error:
            raise self._failed(str(error), transient=True) from None
        except (httpcore.ProtocolError, httpcore.NetworkError) as error:
            raise self._failed(protocol_error(error), transient=True) from None

    def _check(self) -> None:
        """That a request can be sent there at all, before anything is."""
        url = self.url
        if url.scheme not in ("http", "https"):
            raise self._failed(f"unsupported protocol scheme {go_quote(url.scheme)}")
        if not url.host:
            raise self._failed("http: no Host in request URL")
        if url.port_number > 65535:
            raise self._failed(f"dial tcp: address {url.port}: invalid port")
        bad = bad_header(self.headers)
        if bad is not None:
            raise self._failed(bad)

    def _way(self, address: httpx.URL) -> Way:
        proxy = None if self.request.unix_socket is not None else proxy_for(self.url)
        if proxy is not None:
            # The proxy resolves names; an address can be looked at here.
            check_addresses(address.host, [address.host], self.sender._metadata_hosts)
        tls = self.request.tls if self.url.scheme == "https" else None
        return Way(tls, proxy, self.request.unix_socket)

    def _send(self) -> HttpResponse | tuple[int, str]:
        address = _address(self.url)
        way = self._way(address)
        unpack, request = self._request(address, way)
        with self.sender._transports.use(way) as transport:
            self.budget.connected = False
            try:
                response = transport.handle_request(request)
            except (httpcore.ReadError, httpcore.WriteError, httpcore.RemoteProtocolError):
                # A connection that was kept open may have been closed just now.
                if self.budget.connected or self.method not in _IDEMPOTENT:
                    raise
                response = transport.handle_request(request)
            try:
                location = self._redirect(response)
                if location is not None:
                    return response.status_code, location
                return self._read(response, unpack)
            finally:
                response.close()

    def _request(self, address: httpx.URL, way: Way) -> tuple[bool, httpx.Request]:
        """The request as it is sent, and whether it asks for compression by itself."""
        url = self.url
        names = {name.lower() for name, _ in self.headers}
        headers = [("Host", self.host or url.authority)]
        headers += [(n, v) for n, v in self.headers if v or n.lower() != "user-agent"]
        if "user-agent" not in names:
            headers.append(("User-Agent", self.sender._user_agent))
        if url.credentials is not None and "authorization" not in names:
            headers.append(("Authorization", url.credentials))
        unpack = self.method != "HEAD" and not names & {"accept-encoding", "range"}
        if unpack:
            headers.append(("Accept-Encoding", "gzip"))
        extensions: dict[str, object] = {"target": url.target}
        if way.tls is not None and way.tls.server_name is not None:
            extensions["sni_hostname"] = way.tls.server_name
        request = httpx.Request(
            self.method,
            address,
            headers=[(to_bytes(n), to_bytes(v)) for n, v in headers],
            content=self.body,
            extensions=extensions,
        )
        return unpack, request

    def _redirect(self, response: httpx.Response) -> str | None:
        if not self.request.redirects or response.status_code not in _REDIRECTS:
            return None
        found = next((v for n, v in response.headers.raw if n.lower() == b"location"), b"")
        return from_bytes(found) or None

    def _follow(self, status: int, location: str) -> None:
        """Go on where a redirect leads, as Go's client does."""
        came_from = self.url
        try:
            target = redirected(came_from, location)
        except BuiltinError as error:
            shown = go_quote(location)
            raise self._failed(
                f"failed to parse Location header {shown}: {error.message}"
            ) from None
        if status in (301, 302, 303):
            self.body = None
            if self.method not in ("GET", "HEAD"):
                self.method = "GET"
        headers = self.headers
        if self.body is None:
            headers = tuple(h for h in headers if h[0].lower() not in _BODY_HEADERS)
        if not _same_site(self.request.url.host, target.host):
            headers = tuple(h for h in headers if h[0].lower() not in _SECRET_HEADERS)
        if location.startswith("//") or "://" in location.partition("?")[0]:
            self.host = None  # a name of the first server's; a path alone stays with it
        given = {name.lower() for name, _ in self.request.headers}
        if "referer" not in given:
            headers = tuple(h for h in headers if h[0].lower() != "referer")
            if not (came_from.scheme == "https" and target.scheme == "http"):
                headers += (("Referer", came_from.referer),)
        self.headers, self.url = headers, target
        try:
            check_host(target.host, self.ctx.allow_net)
        except DisallowedHostError as error:
            raise self._failed(error.message) from None

    def _read(self, response: httpx.Response, unpack: bool) -> HttpResponse:
        headers: dict[str, list[str]] = {}
        for name, value in response.headers.raw:
            key = name.decode("ascii").lower()
            headers.setdefault(key, []).append(from_bytes(value))
        # What is said of the connection, and not of the response.
        if headers.pop("transfer-encoding", None):
            headers.pop("trailer", None)
        if any(_says_close(value) for value in headers.get("connection", ())):
            del headers["connection"]
        unpack = unpack and [v.lower() for v in headers.get("content-encoding", ())] == ["gzip"]
        try:
            raw = self._body(response, unpack)
        except OutOfTime:
            raise BuiltinError(
                "context deadline exceeded "
                "(Client.Timeout or context cancellation while reading body)"
            ) from None
        except (httpcore.ProtocolError, httpcore.NetworkError) as error:
            raise BuiltinError(protocol_error(error, body=True)) from None
        if unpack and raw:
            headers.pop("content-encoding", None)
            headers.pop("content-length", None)
        reason = response.extensions.get("reason_phrase", b"")
        text = from_bytes(reason) if isinstance(reason, bytes) else ""
        return HttpResponse(f"{response.status_code} {text}", response.status_code, headers, raw)

    def _body(self, response: httpx.Response, unpack: bool) -> bytes:
        assert isinstance(response.stream, httpx.SyncByteStream)
        chunks: Iterator[bytes] = iter(response.stream)
        if unpack:
            chunks = gunzip(chunks)
        most = self.sender._max_body
        parts: list[bytes] = []
        size = 0
        for chunk in chunks:
            self.budget.remaining()
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                raise BuiltinError(
                    f"the response has more than {most} bytes: "
                    "plugins.std.http_send.max_response_bytes says how many it may have"
                )
        return b"".join(parts)


def _address(url: HttpUrl) -> httpx.URL:
    """Where to connect. Raises DialError for a host that no name or address can be."""
    host = url.host.partition("%")[0]
    try:
        return httpx.URL(scheme=url.scheme, host=host, port=url.port_number)
    except httpx.InvalidURL:
        raise DialError(f"dial tcp: lookup {url.host}: no such host") from None


def _says_close(connection: str) -> bool:
    return "close" in (token.strip().lower() for token in connection.split(","))


def _same_site(first: str, target: str) -> bool:
    """Whether a host is the first one, or within it."""
    return first == target or (target.endswith("." + first) and ":" not in target)
