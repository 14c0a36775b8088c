"""The process that regopy runs in: requests on standard input, replies on standard output.

rego-cpp prints its errors to standard output and can crash the process, so it gets a process to
itself. What it prints goes to standard error, which the parent keeps in a file. This module imports
nothing of regolive: it is run as a script, and its start is part of every cold compile.

A message either way is its length (8 bytes, big endian) and that many bytes of JSON. The process
ends when standard input does, and by itself after ``IDLE`` seconds without a request.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

IDLE = 60.0
LENGTH = struct.Struct(">Q")


class _Interpreter(Protocol):
    def add_module(self, name: str, source: str) -> None: ...
    def build(self, query: str | None, entrypoints: list[str]) -> Any: ...
    def save_bundle(self, path: str, bundle: Any) -> None: ...


def main() -> None:
    """Answer requests until there are none left."""
    replies = os.dup(1)
    os.dup2(2, 1)
    _unbuffer_c_output()
    while _has_input():
        header = _read(LENGTH.size)
        if header is None:
            return
        body = _read(LENGTH.unpack(header)[0])
        if body is None:
            return
        reply = json.dumps(answer(json.loads(body))).encode()
        _write(replies, LENGTH.pack(len(reply)) + reply)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Compile one request: ``{"plan": JSON text}`` or ``{"errors": [text of each failure]}``."""
    try:
        from regopy import Interpreter
    except (ImportError, OSError) as error:
        return {"unavailable": f"{type(error).__name__}: {error}"}
    interpreter: _Interpreter = Interpreter()
    errors = []
    for name, source in request["modules"]:
        # One interpreter takes all modules: after a bad one the others are still checked.
        try:
            interpreter.add_module(name, source)
        except Exception as error:
            errors.append(_message(error))
    if errors:
        return {"errors": errors}
    try:
        bundle = interpreter.build(request["query"], request["entrypoints"])
        with tempfile.TemporaryDirectory(prefix="regolive-") as directory:
            interpreter.save_bundle(directory, bundle)
            return {"plan": Path(directory, "plan.json").read_text(encoding="utf-8")}
    except Exception as error:
        return {"errors": [_message(error)]}


def _message(error: Exception) -> str:
    # RegoError carries the printed tree as its first argument.
    return str(error.args[0]) if error.args else repr(error)


def _has_input() -> bool:
    if sys.platform == "win32":
        return True
    return bool(select.select([0], [], [], IDLE)[0])


def _read(size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = os.read(0, min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def _write(fd: int, message: bytes) -> None:
    view = memoryview(message)
    while view:
        view = view[os.write(fd, view) :]


def _unbuffer_c_output() -> None:
    """Take the buffer off C's ``stdout``: what was printed before a crash must not be lost."""
    try:
        libc = ctypes.CDLL(None)
        stdout = ctypes.c_void_p.in_dll(libc, "__stdoutp" if sys.platform == "darwin" else "stdout")
        libc.setvbuf(stdout, None, 2 if os.name == "posix" else 4, 0)
    except (OSError, ValueError, TypeError):
        pass  # the message of a crash is then less exact, nothing else


if __name__ == "__main__":
    main()
