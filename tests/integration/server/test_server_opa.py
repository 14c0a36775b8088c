"""The same requests to OPA itself, where an ``opa`` binary is on the path."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

LIMIT = 20.0
OPA = shutil.which("opa")

pytestmark = pytest.mark.skipif(OPA is None, reason="there is no opa on the path")

REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/v1/data", None),
    ("GET", "/v1/data/t", None),
    ("GET", "/v1/data/x", None),
    ("GET", "/v1/data/x/y", None),
    ("GET", "/v1/data/x/y/z", None),
    ("GET", "/v1/data/many/3", None),
    ("GET", "/v1/data/many/300", None),
    ("GET", "/v1/data/nothing/there", None),
    ("GET", "/v1/data/t/allow?input=%7B%22user%22%3A%22alice%22%7D", None),
    ("POST", "/v1/data/t", {"input": {"user": "alice"}}),
    ("POST", "/v1/data/t/allow", {"input": {"user": "alice"}}),
    ("POST", "/v1/data/t/allow", {"input": {"user": "bob"}}),
    ("POST", "/v1/data/t/allow", {}),
    ("POST", "/v1/data/t/allow", None),
    ("GET", "/health", None),
]
# What OPA says of these in words of its own; here only status and code are compared.
ERRORS: list[tuple[str, str, bytes]] = [
    ("POST", "/v1/data/t/allow", b'{"input": '),
    ("POST", "/v1/data/t/allow", b"[1]"),
    ("GET", "/v1/data/t/allow?input=%7B", b""),
]

POLICY = """package t

allow if input.user == "alice"

scan contains x if some x in [3, 1, 2]
"""


@pytest.fixture(scope="module")
def opa(tmp_path_factory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("opa")
    (folder / "t.rego").write_text(POLICY)
    (folder / "data.json").write_text('{"x": {"y": 1}, "many": [0, 1, 2, 3]}')
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [OPA, "run", "--server", "--addr", address, "--log-level", "error", str(folder)]
    )
    try:
        until = time.monotonic() + LIMIT
        while True:
            try:
                httpx.get(f"http://{address}/health", timeout=LIMIT, trust_env=False)
                break
            except httpx.TransportError:
                assert time.monotonic() < until
                time.sleep(0.05)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(LIMIT)


@pytest.fixture
def ours(make_server) -> str:
    data = {"x": {"y": 1}, "many": [0, 1, 2, 3]}
    url: str = make_server(modules={"t.rego": POLICY}, data=data).url
    return url


def test_the_same_replies(opa, ours, client):
    for method, path, body in REQUESTS:
        theirs = client.request(method, opa + path, json=body)
        mine = client.request(method, ours + path, json=body)
        what = f"{method} {path} {body}"
        assert mine.status_code == theirs.status_code, what
        assert mine.json() == theirs.json(), what
        assert mine.headers["content-type"] == theirs.headers["content-type"], what
    for method, path, content in ERRORS:
        theirs = client.request(method, opa + path, content=content)
        mine = client.request(method, ours + path, content=content)
        assert mine.status_code == theirs.status_code, path
        assert mine.json()["code"] == theirs.json()["code"], path
