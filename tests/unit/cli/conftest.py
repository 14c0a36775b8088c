"""A place with a policy, data and input, and a way to call the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from regolive.cli import main

POLICY = """\
package p

default allow := false

allow if input.user == "alice"

only if input.user == "bob"

names contains x if some x in data.users

boom := 1

boom := 2 if input.user
"""

Invoke = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.rego").write_text(POLICY)
    (tmp_path / "d.json").write_text(json.dumps({"users": ["bob", "alice"], "t": [True, False]}))
    (tmp_path / "i.json").write_text('{"user": "alice"}')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def invoke(place: Path) -> Invoke:
    def call(*args: str, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, args, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call
