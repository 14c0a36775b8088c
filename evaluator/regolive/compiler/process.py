"""A worker process that answers one request at a time, and may crash or hang without harm."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = struct.Struct(">Q")


class WorkerError(Exception):
    """The worker gave no answer. ``printed`` is what it wrote before, ``stale`` that it had ended
    before it got the request, so that another worker may be asked."""

    def __init__(self, message: str, printed: str, *, stale: bool = False) -> None:
        self.printed = printed
        self.stale = stale
        super().__init__(message)


class Worker:
    """One running worker. Not safe for several threads: who uses it owns it."""

    def __init__(self, script: Path) -> None:
        if not sys.executable:
            raise WorkerError("there is no Python interpreter to run it with", "")
        # What the worker and the C++ library print goes to a file: no pipe can fill up, and it can
        # still be read after a crash.
        self.output: BinaryIO = tempfile.TemporaryFile(prefix="regolive-")  # noqa: SIM115
        # The worker finds the same packages as we do; -P keeps the script's own directory, whose
        # file names are common words, off its path.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", str(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.output,
                env=environment,
            )
        except OSError as error:
            self.output.close()
            raise WorkerError(f"it cannot be started: {error}", "") from error
        self.owner = os.getpid()

    @property
    def usable(self) -> bool:
        """Whether it runs, and was started by this process (not by the parent of a fork)."""
        return self.owner == os.getpid() and self.process.poll() is None

    def ask(self, request: dict[str, Any], timeout: float) -> tuple[dict[str, Any], str]:
        """The worker's answer, and what was printed meanwhile.

        Args:
            request: anything that JSON can hold.
            timeout: seconds after which the worker is killed.

        Raises:
            WorkerError: no answer, or no sensible one; the worker has been ended.
        """
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self.process.kill()

        self.output.seek(0)
        self.output.truncate()
        watchdog = threading.Timer(timeout, expire)
        watchdog.name = "regolive-compile-timeout"
        watchdog.daemon = True
        watchdog.start()
        try:
            reply = self.exchange(json.dumps(request).encode())
        finally:
            watchdog.cancel()
            watchdog.join()
        printed = self.printed()
        if reply is None:
            code = self.process.wait()
            self.close()
            if expired.is_set():
                raise WorkerError(f"it took longer than {timeout:g} seconds", printed)
            stale = code == 0 and not printed
            raise WorkerError(_how_it_ended(code), printed, stale=stale)
        try:
            answer = json.loads(reply)
        except ValueError as error:
            self.close()
            raise WorkerError(f"its answer is not JSON: {error}", printed) from error
        if not isinstance(answer, dict):
            self.close()
            raise WorkerError(f"its answer is no object but {answer!r:.80}", printed)
        return answer, printed

    def exchange(self, body: bytes) -> bytes | None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(LENGTH.pack(len(body)) + body)
            self.process.stdin.flush()
        except OSError:
            return None
        header = self.process.stdout.read(LENGTH.size)
        if len(header) < LENGTH.size:
            return None
        size = LENGTH.unpack(header)[0]
        if size > 1 << 32:  # no answer is that long: it is no answer
            self.process.kill()
            return b""
        reply = self.process.stdout.read(size)
        return reply if len(reply) == size else None

    def printed(self) -> str:
        self.output.seek(0)
        return self.output.read().decode(errors="replace")

    def close(self) -> None:
        """End the worker, and give back what belongs to it."""
        for stream in (self.process.stdin, self.process.stdout, self.output):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if self.owner != os.getpid():
            return
        try:
            self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _how_it_ended(code: int) -> str:
    if code < 0:
        try:
            return f"it crashed with {signal.Signals(-code).name}"
        except ValueError:
            return f"it was ended by signal {-code}"
    return f"it ended with exit code {code} and gave no answer"
