"""HTTP servers of our own, in threads of the test's process, and certificates made at run time."""

from __future__ import annotations

import datetime
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from regolive.codegen.frame import Env, Frame, Watch
from regolive.plugins import bind, read_spec
from regolive_std.http_ import HttpSend
from regolive_std.http_resolve import Resolver


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the server got it. ``headers`` are by name in lower case, the last value."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[["Handler", Asked], None]
Headers = Iterable[tuple[str, str]]


class Handler(BaseHTTPRequestHandler):
    """Answers as the site's routes say."""

    protocol_version = "HTTP/1.1"
    site: Site

    def answer(
        self, status: int = 200, body: bytes = b"", headers: Headers = (), reason: str | None = None
    ) -> None:
        """Send a response; ``Content-Length`` is added unless it is given."""
        self.send_response_only(status, reason)
        names = set()
        for name, value in headers:
            names.add(name.lower())
            self.send_header(name, value)
        if not names & {"content-length", "transfer-encoding"}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, body)
        self.site.asked.append(asked)
        found = self.site.routes.get(self.path.partition("?")[0])
        if found is not None:
            found(self, asked)
        else:
            text = b'{"path": "' + self.path.encode() + b'"}'
            self.answer(200, text, [("Content-Type", "application/json")])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.handle_any
        raise AttributeError(name)

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    def address_string(self) -> str:
        """Unix sockets have no address that could be shown."""
        return ""


class _Quiet(socketserver.ThreadingMixIn):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Clients leave when they please here."""


class _Tcp(_Quiet, socketserver.TCPServer):
    allow_reuse_address = True


class _Unix(_Quiet, socketserver.UnixStreamServer):
    pass


@dataclass
class Site:
    """A server.

    ``asked`` are the requests it got, ``connections`` how many it was connected by; ``closings``
    can be acquired once for each connection that has ended.
    """

    context: ssl.SSLContext | None = None
    unix_socket: str | None = None
    routes: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    closings: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        site = self

        class Here(Handler):
            disable_nagle_algorithm = self.unix_socket is None

            def setup(self) -> None:
                site.connections += 1
                super().setup()

            def finish(self) -> None:
                super().finish()
                site.closings.release()

        Here.site = self
        server: Any
        if self.unix_socket is not None:
            server = _Unix(self.unix_socket, Here)
        else:
            server = _Tcp(("127.0.0.1", 0), Here)
        if self.context is not None:
            server.socket = self.context.wrap_socket(server.socket, server_side=True)
        self._server = server
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        port: int = self._server.server_address[1]
        return port

    @property
    def url(self) -> str:
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://127.0.0.1:{self.port}"

    def route(
        self,
        path: str,
        status: int = 200,
        body: bytes = b"",
        headers: Headers = (),
        reason: str | None = None,
    ) -> str:
        """Always answer like this at a path. Returns its URL."""
        kept = list(headers)
        self.routes[path] = lambda handler, asked: handler.answer(status, body, kept, reason)
        return self.url + path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def hang_up(handler: Handler, asked: Asked) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key, as PEM."""

    certificate: x509.Certificate
    private: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key(self) -> str:
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


def issue(
    name: str,
    issuer: Issued | None = None,
    *,
    names: Iterable[str] = (),
    authority: bool = False,
    days: tuple[int, int] = (-1, 10),
) -> Issued:
    """A certificate for names and addresses, signed by ``issuer``, or by itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
    )
    alternatives: list[x509.GeneralName] = [
        x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n)
        for n in names
    ]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return Issued(builder.sign(issuer.private if issuer else private, hashes.SHA256()), private)


def server_context(
    issued: Issued, directory: Path, *, clients: Issued | None = None
) -> ssl.SSLContext:
    """The context of a server; with ``clients`` it demands certificates signed by that one."""
    chain = directory / f"{issued.certificate.serial_number}.pem"
    chain.write_text(issued.pem + issued.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients.pem)
    return context


class HttpClient:
    """``http.send`` as generated code calls it, with a clock and pauses of the test's own."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.pauses: list[int] = []
        self.resolver = Resolver()
        self.http = HttpSend(self.resolver, now=lambda: self.now, pause=self._pause)
        self._bound = bind(read_spec(self.http.http_send), "std", self.http.http_send)

    def _pause(self, attempt: int) -> float:
        self.pauses.append(attempt)
        return 0.0

    def frame(
        self,
        *,
        strict: bool = True,
        allow_net: Iterable[str] | None = None,
        watch: Watch | None = None,
    ) -> Frame:
        """A query, to make several calls in."""
        hosts = None if allow_net is None else frozenset(allow_net)
        return Frame(Env(strict, _no_background, None, hosts), None, watch)

    def __call__(self, request: Any, *, frame: Frame | None = None, **options: Any) -> Any:
        """The response object; errors are raised."""
        return self._bound.call(frame or self.frame(**options), request)

    def get(self, url: str, *, frame: Frame | None = None, **keys: Any) -> Any:
        """The response to GET, with more keys of the request."""
        return self({"method": "get", "url": url, **keys}, frame=frame)

    def cache_entries(self) -> int:
        """How many responses are kept."""
        entries: int = self.http.status()["cache"]["entries"]
        return entries

    def close(self) -> None:
        self.http.stop()
        self.resolver.stop()


def _no_background(*_: Any, **__: Any) -> Any:
    raise AssertionError("no standard builtin works in the background")
