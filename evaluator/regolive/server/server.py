"""The server: a socket, a thread with a loop that speaks HTTP, and an orderly end.

uvicorn does the speaking. Every thread that is started here is joined by ``stop``.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from types import TracebackType

import uvicorn

from regolive.concurrency import describe_origin
from regolive.runtime import Runtime
from regolive.server.app import Limits, Service
from regolive.server.errors import ServerError

log = logging.getLogger("regolive.server")

_START_LIMIT = 10.0
_LAST_WORDS = 2.0  # seconds for replies to cancelled queries to reach their clients


class Server:
    """Serves a runtime's decisions over HTTP, in threads of its own.

    The runtime is the caller's: start it before, and stop it after. A server is a context manager,
    and can be started once. ::

        with Runtime("policies/") as runtime, Server(runtime) as server:
            print(server.url)

    Args:
        runtime: what to serve.
        host: the address to listen on. There is no authentication and no TLS: beyond the machine
            itself, put something in front that has both.
        port: 0 takes one that is free.
        timeout: seconds that a request may take. A request can lower that for itself.
        health_timeout: seconds that the query of the health probe may take.
        threads: how many queries run at once.
        max_waiting: how many more may wait for a thread; beyond that the reply is 503.
        max_body: bytes that the body of a request may have; beyond that the reply is 413.

    Raises:
        ValueError: a limit that makes no sense.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        timeout: float = 10.0,
        health_timeout: float = 1.0,
        threads: int = 8,
        max_waiting: int = 256,
        max_body: int = 1 << 20,
    ) -> None:
        self.runtime = runtime
        self.host = host
        self.port = port
        self.limits = Limits(timeout, health_timeout, threads, max_waiting, max_body)
        self._service: Service | None = None
        self._uvicorn: _Uvicorn | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Where the server listens, as ``http://127.0.0.1:8181``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> Server:
        """Compile what there is to serve, listen, and return once requests are answered.

        Raises:
            ServerError: the address cannot be listened on; the server has been started before.
            PolicyError: the policies do not compile.
            FrontEndError: the compiler failed.
        """
        if self._thread is not None:
            raise ServerError("this server has been started before: make another")
        self._service = Service(self.runtime, self.limits)
        try:
            listener = self._listen()
        except BaseException:
            self._service.close(1.0)
            raise
        config = uvicorn.Config(
            self._service.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            server_header=False,
        )
        self._uvicorn = _Uvicorn(config)
        self._thread = threading.Thread(
            target=self._serve, args=(self._uvicorn, listener), name="regolive-http"
        )
        self._thread.start()
        if not self._uvicorn.listening.wait(_START_LIMIT) or self._failure is not None:
            failure = self._failure
            self.stop(0)
            raise ServerError(f"the server did not start: {failure or 'no word of it'}")
        log.info("listening on %s", self.url)
        return self

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            listener = socket.create_server((self.host, self.port), family=family, backlog=1024)
        except (OSError, OverflowError) as error:
            raise ServerError(f"cannot listen on {self.url}: {error}") from error
        self.port = listener.getsockname()[1]
        return listener

    def _serve(self, server: _Uvicorn, listener: socket.socket) -> None:
        describe_origin(f"HTTP server at {self.url}")
        try:
            with listener:
                asyncio.run(server.serve(sockets=[listener]))
        except BaseException as error:
            self._failure = error
            log.exception("the HTTP server at %s failed", self.url)
        finally:
            server.listening.set()

    def stop(self, timeout: float = 5.0) -> bool:
        """Take no new requests, let those in flight finish, and join every thread.

        Queries that still run after ``timeout`` seconds are cancelled; their clients are told.
        Whatever does not even end then (a builtin that never looks at its deadline) is named in an
        error log. Stopping again is nothing.

        Returns:
            Whether every thread has ended.
        """
        service, server, thread = self._service, self._uvicorn, self._thread
        if service is None:
            return True
        if server is not None and thread is not None and thread.is_alive():
            server.should_exit = True
            thread.join(timeout)
            if thread.is_alive():
                service.queries.cancel()
                thread.join(_LAST_WORDS)
            if thread.is_alive():  # a client that does not read, or a thread that is stuck
                server.force_exit = True
                thread.join(_LAST_WORDS)
        service.queries.cancel()
        ended = service.close(_LAST_WORDS)
        return ended and not (thread is not None and thread.is_alive())

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        thread = self._thread
        state = "not started" if thread is None else "serving" if thread.is_alive() else "stopped"
        return f"<Server {self.url}, {state}>"


class _Uvicorn(uvicorn.Server):
    """uvicorn's server, which says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.listening.set()
