"""The ASGI application: routes, limits, and what a client is told.

All of it runs in the loop's thread and never blocks there: queries, and looks at the server that
may block, are given to threads and waited for with a limit.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive

from regolive.errors import InvalidPathError, RegoliveError
from regolive.runtime import Runtime
from regolive.server import look
from regolive.server.data import DataRequest, Documents
from regolive.server.errors import RequestError
from regolive.server.picture import stacks_only, threads_json, threads_text, waits
from regolive.server.reply import Reply, error_reply, value_reply
from regolive.server.work import GRACE, Job, Probe, QueryThreads
from regolive.storage import Path, parse_path

log = logging.getLogger("regolive.server")

TIMEOUT_HEADER = "regolive-timeout"
_DATA = "/v1/data"
_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ms|s|m)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}
_CLIENT_GONE = Reply(499, b"")  # never seen by anybody, but the log of a proxy in between
_LOOK_LIMIT = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server allows.

    Attributes:
        timeout: seconds that a request may take; a request can lower it for itself.
        health: seconds that the health probe's query may take.
        threads: how many queries run at once.
        waiting: how many more may wait for a thread.
        body: bytes of a request's body.
    """

    timeout: float = 10.0
    health: float = 1.0
    threads: int = 8
    waiting: int = 256
    body: int = 1 << 20

    def __post_init__(self) -> None:
        if not (self.timeout > 0 and self.health > 0):
            raise ValueError("timeouts must be above 0 seconds")
        if self.threads < 1 or self.waiting < 0 or self.body < 1:
            raise ValueError("there must be at least one thread, and a byte of body")


class Service:
    """A runtime as an ASGI application, and the threads it needs. ``close`` joins them."""

    def __init__(self, runtime: Runtime, limits: Limits) -> None:
        """
        Raises:
            PolicyError: the policies do not compile.
            FrontEndError: the compiler failed.
        """
        self.limits = limits
        self.documents = Documents(runtime)
        self.queries = QueryThreads("regolive-query", limits.threads, limits.waiting)
        health = look.Health(runtime, self.queries, limits.health)
        self.health_probe = Probe("regolive-health", health.look)
        self.status_probe = Probe("regolive-status", lambda: look.runtime_status(runtime))
        self.threads_probe = Probe("regolive-threads", lambda: (threads_text(), threads_json()))
        self.started = time.monotonic()
        self.app = Starlette(
            routes=[
                Route("/health", self.health, methods=["GET"]),
                Route("/v1/status", self.status, methods=["GET"]),
                Route("/debug/threads", self.threads, methods=["GET"]),
                Route(_DATA, self.data, methods=["GET", "POST"]),
                Route(_DATA + "/{path:path}", self.data, methods=["GET", "POST"]),
            ],
            exception_handlers={HTTPException: _no_such_page},
        )
        self.app.router.redirect_slashes = False

    def close(self, timeout: float) -> bool:
        """Join all threads; queries must have been cancelled. False if some are stuck."""
        until = time.monotonic() + timeout
        parts: list[Callable[[float], bool]] = [
            self.queries.close,
            self.health_probe.close,
            self.status_probe.close,
            self.threads_probe.close,
        ]
        ended = [close(max(until - time.monotonic(), 0.1)) for close in parts]
        return all(ended)

    # the Data API

    async def data(self, request: Request) -> Response:
        """``GET`` and ``POST /v1/data/<path>``."""
        try:
            path, clean = _data_path(request)
            if clean is not None:
                return _redirect(request, clean)
            timeout = _timeout(request, self.limits.timeout)
            name = f"{request.method} {_raw_path(request)}"[:200]
            job = Job(name, time.monotonic() + timeout)
            body = await self._body(request, job) if request.method == "POST" else None
            asked = DataRequest(
                path,
                body=body,
                input_text=request.query_params.get("input"),
                pretty=_flag(request, "pretty"),
                strict=_flag(request, "strict-builtin-errors"),
            )
            reply = await self._run(request, job, asked)
        except ClientDisconnect:
            reply = _CLIENT_GONE
        except RegoliveError as error:
            reply = error_reply(error)
        return _response(reply)

    async def _run(self, request: Request, job: Job, asked: DataRequest) -> Reply:
        gone = asyncio.ensure_future(_disconnected(request.receive))
        try:
            reply: Reply | None = await self.queries.run(
                job, lambda job: self.documents.answer(asked, job), gone
            )
        finally:
            gone.cancel()
        return _CLIENT_GONE if reply is None else reply

    async def _body(self, request: Request, job: Job) -> bytes:
        encoding = request.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise RequestError(
                f"a body with content-encoding {encoding!r} is not read; send it as it is",
                status=415,
            )
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self.limits.body:
            raise self._too_large()
        chunks = []
        size = 0
        try:
            async with asyncio.timeout(job.left):
                async for chunk in request.stream():
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > self.limits.body:
                        raise self._too_large()
        except TimeoutError as error:
            raise RequestError(
                "the request's body did not arrive before its deadline", status=408
            ) from error
        return b"".join(chunks)

    def _too_large(self) -> RequestError:
        return RequestError(f"request body too large: over {self.limits.body} bytes", status=413)

    # looking at the server

    async def health(self, request: Request) -> Response:
        """``GET /health``: 200 and ``{}`` if a query can be answered now, else 500 and why."""
        try:
            await self.health_probe.ask(self.limits.health + 2 * GRACE)
        except Exception as error:
            return _response(value_reply({"error": look.reason(error)}, status=500))
        return _response(value_reply({}))

    async def status(self, request: Request) -> Response:
        """``GET /v1/status``: the runtime, its plugins and buckets, the server, who waits."""
        result: dict[str, Any] = {}
        try:
            result |= await self.status_probe.ask(_LOOK_LIMIT)
        except Exception as error:
            # What is known without it is said all the same.
            result["error"] = f"the runtime did not say: {look.reason(error)}"
        result["server"] = look.server_status(self.queries, self.documents.prepared, self.started)
        result["wait_graph"] = waits()
        return _response(value_reply({"result": result}))

    async def threads(self, request: Request) -> Response:
        """``GET /debug/threads``: each thread's stack, what it holds and what it waits for."""
        form = request.query_params.get("format", "text")
        if form not in ("text", "json"):
            message = f"format must be text or json, not {form[:40]!r}"
            return _response(error_reply(RequestError(message)))
        try:
            text, document = await self.threads_probe.ask(_LOOK_LIMIT)
        except Exception as error:
            note = f"only the stacks: {look.reason(error)}"
            text, document = f"{note}\n\n{stacks_only()}", {"error": note, "stacks": stacks_only()}
        if form == "json":
            return _response(value_reply(document))
        return _response(Reply(200, text.encode(errors="replace"), "text/plain; charset=utf-8"))


async def _disconnected(receive: Receive) -> None:
    """Return when the client has gone. To be used once the request's body has been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _data_path(request: Request) -> tuple[Path, str | None]:
    """The path below ``data``, and the URL to go to instead if it has empty segments, as in OPA.

    Read from the path as it was sent: decoded, an escaped slash would be a slash.
    """
    text = _raw_path(request)
    root = quote(request.scope.get("root_path", ""))
    if root and text.startswith(root):
        text = text[len(root) :]
    text = text[len(_DATA) :]
    segments = [segment for segment in text.split("/") if segment]
    clean = "".join(f"/{segment}" for segment in segments)
    if clean != text:
        return (), root + _DATA + clean
    try:
        return parse_path(clean or "/"), None
    except InvalidPathError as error:
        raise RequestError(f"invalid path: {error}") from error


def _raw_path(request: Request) -> str:
    """The path as it was sent, escapes and all: also what is safe to log."""
    raw: bytes | None = request.scope.get("raw_path")
    text = raw.decode("latin-1") if raw else quote(request.scope["path"])
    return text.partition("?")[0]


def _redirect(request: Request, url: str) -> Response:
    query = request.url.query
    return RedirectResponse(url + (f"?{query}" if query else ""), status_code=307)


def _flag(request: Request, name: str) -> bool:
    """A parameter that is on by being there, or by being ``true``."""
    return any(value in ("", "true") for value in request.query_params.getlist(name))


def _timeout(request: Request, limit: float) -> float:
    """The seconds that a request may take: the server's, or fewer if the request says so."""
    text = request.query_params.get("timeout") or request.headers.get(TIMEOUT_HEADER)
    if text is None:
        return limit
    match = _DURATION.fullmatch(text.strip())
    if match is None or len(text) > 20 or float(match[1]) <= 0:
        raise RequestError(f"timeout {text[:40]!r} is no duration above 0: write 0.5, 500ms or 2s")
    return min(float(match[1]) * _UNITS[match[2]], limit)


async def _no_such_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = "resource_not_found", f"404 page not found: {request.url.path[:200]}"
    if error.status_code == 405:
        code, message = "invalid_operation", f"method {request.method} is not allowed here"
    elif error.status_code != 404:
        code, message = "invalid_parameter", error.detail
    answer = value_reply({"code": code, "message": message}, status=error.status_code)
    return _response(answer, error.headers)


def _response(reply: Reply, headers: Any = None) -> Response:
    return Response(reply.body, reply.status, headers, reply.media)
