"""Connections as ``http.send`` makes them: within a budget, and only to where it may go.

This is the network backend of httpx's connection pools (httpcore). Sockets never block: whatever
has to wait waits in the budget of the request that this thread is sending.
"""

from __future__ import annotations

import errno
import os
import re
import selectors
import socket
import ssl
from collections.abc import Callable, Collection, Iterable
from typing import Any

import httpcore

from regolive_std.http_budget import Budget, current_budget
from regolive_std.http_hosts import check_addresses
from regolive_std.http_resolve import Resolver
from regolive_std.http_tls import tls_error

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_CONNECTING = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR})
# What a dead address may take from the time for the next ones, at least (seconds).
_LEAST = 2.0


class DialError(Exception):
    """No connection could be made; the text is Go's (``dial tcp ...``)."""


class GuardedBackend(httpcore.NetworkBackend):
    """Makes connections. One for each pool.

    Args:
        resolver: asks for addresses.
        metadata_hosts: the hosts that may be at addresses which are off limits; None for a pool
            that connects to a proxy, which the operator chose.
    """

    def __init__(self, resolver: Resolver, metadata_hosts: Collection[str] | None) -> None:
        self._resolver = resolver
        self._metadata_hosts = metadata_hosts

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the host's addresses, trying them in turn. Raises DialError."""
        budget = current_budget()
        budget.connected = True
        if not 0 <= port <= 65535:
            raise DialError(f"dial tcp: address {port}: invalid port")
        try:
            addresses = self._resolver.resolve(host, budget)
        except OSError:
            raise DialError(f"dial tcp: lookup {host}: no such host") from None
        if self._metadata_hosts is not None:
            check_addresses(host, addresses, self._metadata_hosts)
        failed: DialError | None = None
        for index, address in enumerate(addresses):
            left = len(addresses) - index
            limit = max(budget.remaining() / left, _LEAST) if left > 1 else float("inf")
            where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            try:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                sock = _connect(family, _sockaddr(address, port), budget, limit)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return Stream(sock, host)
            except OSError as error:
                failed = failed or DialError(f"dial tcp {where}: {_system_text(error)}")
        raise failed or DialError(f"dial tcp: lookup {host}: no such host")

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a socket in the file system. Raises DialError."""
        budget = current_budget()
        budget.connected = True
        if not path:
            raise DialError("dial unix: missing address")
        try:
            return Stream(_connect(socket.AF_UNIX, path, budget, float("inf")), "")
        except (OSError, ValueError) as error:
            reason = _system_text(error) if isinstance(error, OSError) else str(error)
            raise DialError(f"dial unix {path}: {reason}") from None

    def sleep(self, seconds: float) -> None:
        """Part of the interface; the pools here never ask for it, as they make no retries."""
        current_budget().pause(seconds)


def _sockaddr(address: str, port: int) -> Any:
    if ":" not in address:
        return address, port
    # The system turns a zone into the number that belongs into the address.
    found = socket.getaddrinfo(
        address, port, socket.AF_INET6, socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )
    return found[0][4]


def _connect(family: int, address: Any, budget: Budget, limit: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code in _CONNECTING:
            if not budget.wait_for(sock, _WRITE, limit):
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def _system_text(error: OSError) -> str:
    text = (error.strerror or str(error)).lower()
    return f"connect: {text}"


def _ends(sock: socket.socket) -> str:
    """Both ends of a connection as Go shows them; empty for one that has no addresses."""
    try:
        here, there = (f"{a[0]}:{a[1]}" for a in (sock.getsockname(), sock.getpeername()))
    except (OSError, IndexError, TypeError, ValueError):
        return ""
    return f"tcp {here}->{there}: "


class Stream(httpcore.NetworkStream):
    """One connection, in the clear or secured."""

    def __init__(self, sock: socket.socket | ssl.SSLSocket, host: str) -> None:
        self._sock = sock
        self._host = host
        self._ends = _ends(sock)

    def _through(self, operation: Callable[[], Any]) -> Any:
        """Do something with the socket, waiting for whatever it needs first."""
        budget = current_budget()
        while True:
            budget.remaining()
            try:
                return operation()
            except (BlockingIOError, ssl.SSLWantReadError):
                budget.wait_for(self._sock, _READ)
            except ssl.SSLWantWriteError:
                budget.wait_for(self._sock, _WRITE)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, none at the end. Raises httpcore.ReadError."""
        try:
            data: bytes = self._through(lambda: self._sock.recv(max_bytes))
            return data
        except ssl.SSLEOFError:
            return b""
        except ssl.SSLError as error:
            raise httpcore.ReadError(tls_error(error, self._host)) from None
        except OSError as error:
            raise httpcore.ReadError(self._broken("read", error)) from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it. Raises httpcore.WriteError."""
        rest = memoryview(buffer)
        try:
            while rest:
                try:
                    sent = self._sock.send(rest)
                except (BlockingIOError, ssl.SSLWantWriteError):
                    current_budget().wait_for(self._sock, _WRITE)
                    continue
                except ssl.SSLWantReadError:
                    current_budget().wait_for(self._sock, _READ)
                    continue
                rest = rest[sent:]
        except ssl.SSLError as error:
            raise httpcore.WriteError(tls_error(error, self._host)) from None
        except OSError as error:
            raise httpcore.WriteError(self._broken("write", error)) from None

    def _broken(self, what: str, error: OSError) -> str:
        reason = (error.strerror or str(error)).lower()
        return f"{what} {self._ends}{what}: {reason}" if self._ends else f"{what}: {reason}"

    def close(self) -> None:
        """End the connection."""
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Secure the connection. Raises DialError."""
        name = server_hostname or self._host
        try:
            secured = ssl_context.wrap_socket(
                self._sock, server_hostname=name, do_handshake_on_connect=False
            )
        except (ValueError, OSError, UnicodeError) as error:
            self.close()
            raise DialError(f"tls: {error}") from None
        stream = Stream(secured, name)
        try:
            stream._through(secured.do_handshake)
        except ssl.SSLError as error:
            stream.close()
            raise DialError(tls_error(error, name)) from None
        except OSError as error:
            stream.close()
            reason = "EOF" if error.errno is None else stream._broken("read", error)
            raise DialError(reason) from None
        except BaseException:
            stream.close()
            raise
        return stream

    def get_extra_info(self, info: str) -> Any:
        """What the pool asks for: mostly whether an idle connection was closed by the server."""
        if info == "is_readable":
            with selectors.DefaultSelector() as selector:
                try:
                    selector.register(self._sock, _READ)
                except (ValueError, OSError):
                    return True  # closed
                return bool(selector.select(0))
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "socket":
            return self._sock
        if info == "client_addr":
            return self._sock.getsockname()
        if info == "server_addr":
            return self._sock.getpeername()
        return None


# What h11 says, and Go.
_SAID = (
    (re.compile(r"illegal status line: bytearray\(b'(.*)'\)"), 'malformed HTTP response "{}"'),
    (re.compile(r"illegal header line: bytearray\(b'(.*)'\)"), "malformed MIME header line: {}"),
    (re.compile(r"illegal chunk header"), "invalid byte in chunk length"),
)
_BROKEN = "net/http: HTTP/1.x transport connection broken: "


def protocol_error(error: Exception, *, body: bool = False) -> str:
    """Go's words for an error of httpcore; ``body``: it came while the body was read."""
    text = str(error)
    if isinstance(error, httpcore.ReadError | httpcore.WriteError):
        return text
    if text.startswith("Server disconnected without sending"):
        return "EOF"
    if "peer closed connection" in text:
        return "unexpected EOF"
    if isinstance(error, httpcore.LocalProtocolError):
        return f"net/http: {text}"
    for pattern, template in _SAID:
        found = pattern.match(text)
        if found:
            text = template.format(*found.groups())
            break
    return text if body else f"{_BROKEN}{text}"
