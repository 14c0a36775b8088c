"""``regolive serve`` as a process: it serves, says what is wrong kindly, and ends on a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

LIMIT = 30.0
MAIN = "from regolive.cli import main; main(prog_name='regolive')"


def start(arguments: Sequence[str | Path], program: str = MAIN) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def refused(*arguments: str | Path, program: str = MAIN) -> str:
    """What a command that cannot run says."""
    process = start(arguments, program)
    _, said = process.communicate(timeout=LIMIT)
    assert process.returncode == 2
    assert "Traceback" not in said
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_it_serves_until_a_signal(tmp_path, client):
    (tmp_path / "p.rego").write_text("package p\n\nallow if input.user == data.users[_]\n")
    (tmp_path / "data.json").write_text('{"users": ["alice"]}')
    process = start(["serve", "--addr", "127.0.0.1:0", tmp_path])
    try:
        url = process.stdout.readline().removeprefix("listening on ").strip()
        reply = client.post(f"{url}/v1/data/p/allow", json={"input": {"user": "alice"}})
        assert reply.json() == {"result": True}
        assert client.get(f"{url}/health").json() == {}
        process.send_signal(signal.SIGUSR1)
        assert "holding locks" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=LIMIT)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate(timeout=LIMIT)


def test_a_policy_that_does_not_compile(tmp_path):
    (tmp_path / "p.rego").write_text("package p\n\nallow if nope.nope(1)\n")
    assert "undefined function nope.nope" in refused("serve", "--addr", "127.0.0.1:0", tmp_path)


def test_an_address_that_is_none():
    assert "'here' is not HOST:PORT" in refused("serve", "--addr", "here")


def test_without_the_libraries():
    program = f"import sys; sys.modules['uvicorn'] = None; {MAIN}"
    assert "pip install 'regolive[http]'" in refused("serve", program=program)
