"""Every example runs as it stands, and ends well; and so does ``regolive buckets``, over a server.

Each runs in a process of its own with a time limit, as a reader would run it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import nats
import pytest

from regolive.testing import NatsServer, NatsServerError

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
REGOLIVE = ["-c", "from regolive.cli import main; main(prog_name='regolive')"]


def python(*args: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_evaluate() -> None:
    done = python(str(EXAMPLES / "evaluate.py"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "ann may write",
        "bob may read",
        "bob may not write",
        "eve may not read",
    ]


def test_own_builtin() -> None:
    done = python(str(EXAMPLES / "own_builtin.py"))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.rpartition(": ")[2] for line in done.stdout.splitlines()] == [
        "open",
        "closed",
        "closed",
        "closed",
    ]


def test_live_buckets() -> None:
    done = python(str(EXAMPLES / "live_buckets.py"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["ann is admitted", "bob now: False", "bob is admitted"]


def test_the_plugin_passes_its_own_tests() -> None:
    done = python(
        *("-m", "pytest", "-q", "-c", "pyproject.toml", "-p", "no:cacheprovider"),
        *("--rootdir", ".", "-o", "pythonpath=."),
        cwd=EXAMPLES / "plugin",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_demo_tells_its_story_and_every_check_holds() -> None:
    done = python(str(EXAMPLES / "demo.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert re.search(r"All \d+ checks held", told)
    assert "both decisions agree on the members" in told
    assert "\x1b[" not in done.stdout  # readable without colour
    assert "✘" not in done.stdout


@pytest.fixture
def demo() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo", EXAMPLES / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_demo_says_kindly_what_it_lacks(
    demo: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> NatsServer:
        raise NatsServerError("there is no nats-server here")

    monkeypatch.setattr(demo, "NatsServer", missing)
    assert demo.main() == 2
    assert "The demo cannot go on: there is no nats-server here" in capsys.readouterr().out


def test_the_demo_fails_if_a_check_does_not_hold(
    demo: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "tell", lambda story: story.check(False, "the moon is of cheese"))
    assert demo.main() == 1
    assert "These did not hold" in capsys.readouterr().out


@pytest.fixture
def server() -> Iterator[str]:
    async def fill(url: str) -> None:
        connection = await nats.connect(url)
        js = connection.jetstream()
        for bucket, keys in (("users", ("alice", "bob")), ("settings", ("theme",))):
            kv = await js.create_key_value(bucket=bucket)
            for key in keys:
                await kv.put(key, b"1")
        await connection.close()

    with NatsServer() as running:
        asyncio.run(fill(running.url))
        yield running.url


def test_buckets_are_listed(server: str, tmp_path: Path) -> None:
    config = tmp_path / "regolive.json"
    config.write_text(json.dumps({"plugins": {"nats": {"root_bucket": "settings"}}}))
    args = ("buckets", "--config", str(config), "--server", server, "--watch", "users")
    done = python(*REGOLIVE, *args, "--format", "json")
    assert done.returncode == 0, done.stderr
    told = {b["bucket"]: b for b in json.loads(done.stdout)["buckets"]}
    assert {name: (b["keys"], b["revision"], b["stale"]) for name, b in told.items()} == {
        "settings": (1, 1, False),
        "users": (2, 2, False),
    }
    assert told["settings"]["root"]
    pretty = python(*REGOLIVE, *args)
    assert pretty.returncode == 0
    assert re.search(r"users +live +2 +2", pretty.stdout)


def test_a_bucket_that_does_not_exist_is_told(server: str) -> None:
    done = python(*REGOLIVE, "buckets", "--server", server, "--watch", "nobody", "-f", "json")
    assert done.returncode == 1
    (told,) = json.loads(done.stdout)["buckets"]
    assert (told["bucket"], told["condition"]) == ("nobody", "not found")


def test_no_bucket_at_all_gives_advice(server: str) -> None:
    done = python(*REGOLIVE, "buckets", "--server", server)
    assert done.returncode == 0
    assert "--watch BUCKET" in done.stdout


def test_no_server_is_told_kindly() -> None:
    done = python(*REGOLIVE, "buckets", "--server", "nats://127.0.0.1:1", "--watch", "users")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no connection to NATS at nats://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_eval_over_live_buckets(server: str, tmp_path: Path) -> None:
    config = tmp_path / "regolive.json"
    section = {"server_url": server, "root_bucket": "settings"}
    config.write_text(json.dumps({"plugins": {"nats": section}}))
    query = 'data.theme; x := nats.kv.get_data("users", "alice")'
    done = python(*REGOLIVE, "eval", "--config", str(config), "-f", "json", query)
    assert done.returncode == 0, done.stderr
    (answer,) = json.loads(done.stdout)["result"]
    assert answer["expressions"][0]["value"] == 1
    assert answer["bindings"] == {"x": 1}
