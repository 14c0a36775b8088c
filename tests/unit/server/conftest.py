"""A policy and its documents, answered without a socket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from regolive import Runtime
from regolive.server.data import DataRequest, Documents
from regolive.server.work import Job
from regolive.storage import parse_path

POLICY = """package a.b

allow if input.user == "alice"

n := 1 / input.zero

c := 1 if input.c
c := 2 if input.c

f(x) := x

greet := concat(" ", ["hi", input.user, "<b>"])

s := {3, 1, 2}

nested["x"].y := 5

numbered := {"5": "five"}
"""
DATA = {
    "servers": [{"id": 1}, {"id": 2}],
    "we ird": {"k/2": 1},
    "nul": None,
    "a": {"z": 1, "b": {"base": [1, 2]}},
}

Answer = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def documents() -> Iterator[Documents]:
    regolive_std = pytest.importorskip("regolive_std")
    runtime = Runtime(
        modules={"p.rego": POLICY}, data=DATA, plugins=[regolive_std.StdPlugin], discover=False
    )
    yield Documents(runtime)
    runtime.stop()


@pytest.fixture
def answer(documents: Documents) -> Answer:
    """Status and document of the reply to a request for a path."""

    def ask(path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        job = Job(f"request for {path}", time.monotonic() + 30)
        reply = documents.answer(DataRequest(parse_path(path), body=body, **more), job)
        return reply.status, json.loads(reply.body)

    return ask
