"""A running OPA, asked over a socket in a folder of its own."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from regolive.values import loads, to_json
from tests.differential_rego.answers import Answer
from tests.opa import OpaError, find_opa

_STARTS_WITHIN = 20.0  # seconds


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class OpaServer:
    """``opa run --server`` with base documents. A context manager: leaving it ends the process."""

    def __init__(
        self, data: dict[str, Any], timeout: float = 60.0, *, v0_compatible: bool = False
    ) -> None:
        """
        Args:
            data: the base documents.
            timeout: how long an answer may take, in seconds; then it is a TimeoutError.
            v0_compatible: policies are read as Rego v0.
        """
        self.data = data
        self.options = ["--v0-compatible"] if v0_compatible else []
        self.timeout = timeout

    def __enter__(self) -> OpaServer:
        self.start()
        return self

    def start(self) -> None:
        """Start the process. Raises OpaError."""
        opa = find_opa()
        if opa is None:
            raise OpaError("no opa: put it on the path, or name it in the environment variable OPA")
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        (folder / "data.json").write_text(json.dumps(to_json(self.data)), encoding="utf-8")
        address = str(folder / "opa.sock")
        self._process = subprocess.Popen(
            [opa, "run", "--server", "--addr", f"unix://{address}", "--log-level", "error",
             "--skip-version-check", *self.options, "data.json"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._connection = _Connection(address, self.timeout)
        until = time.monotonic() + _STARTS_WITHIN
        while True:
            try:
                self._request("GET", "/health")
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise OpaError("opa run --server does not start") from None
                self._connection.close()
                time.sleep(0.05)
            else:
                return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait(timeout=20)
        self._folder.cleanup()

    def put(self, name: str, text: str) -> list[dict[str, Any]]:
        """Add a module. The errors for which OPA refuses it, none if it is taken."""
        status, document = self._request("PUT", f"/v1/policies/{name}", text)
        if status == 200:
            return []
        errors: list[dict[str, Any]] = document.get("errors") or [document]
        return errors

    def delete(self, name: str) -> None:
        """Take a module away."""
        self._request("DELETE", f"/v1/policies/{name}")

    def rule(self, reference: str, document: Any) -> Answer:
        """The document of ``data.a.b``."""
        path = reference.removeprefix("data.").replace(".", "/")
        status, answer = self._ask(f"/v1/data/{path}", {"input": document})
        if status != 200:
            return _error(answer)
        return Answer("value", answer["result"]) if "result" in answer else Answer("undefined")

    def query(self, text: str, document: Any) -> Answer:
        """The results of a query."""
        status, answer = self._ask("/v1/query", {"query": text, "input": document})
        if status != 200:
            return _error(answer)
        return Answer("value", answer["result"]) if answer.get("result") else Answer("undefined")

    def _ask(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        return self._request("POST", path, json.dumps(to_json(body)))

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, path, body and body.encode(), headers)
        response = self._connection.getresponse()
        return response.status, loads(response.read())


def _error(answer: Any) -> Answer:
    errors = answer.get("errors") or [answer]
    code = str(errors[0].get("code"))
    kind = "error" if code.startswith("eval_") else "refused"
    return Answer(kind, code if kind == "error" else None, str(errors[0].get("message")))  # type: ignore[arg-type]
