"""``regolive eval`` against the real ``opa eval``: the same output and the same exit code."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]

OPA = shutil.which("opa")
pytestmark = pytest.mark.skipif(OPA is None, reason="no opa on PATH to compare with")

QUERIES = [
    "data.p.allow",
    "data.p.names",
    "data.p.only",
    "data.nothing.here",
    "data.users",
    'data["users"][0]',
    "data.users[i]",
    "data.users[_]",
    "data.t[i]",
    "data.t[1]",
    "data.t[_]; true",
    "x := 1; y = 2 + x",
    "x = 1\ny = 2\n# a comment; with a semicolon\nz = \"a;b\"",
    "1 == 2",
    "1; false",
    "1; 2",
    "true; true",
    "1; true",
    "some x; x = 1",
    "some x in [1, 2]",
    "not false",
    "every x in [1] { x == 1 }",
    '"hi"; {"a": {"x"}}',
    '"<é>&"',
    "[a | some a in data.users]",
    'x = null; y = "a b"; z = {"a": []}',
    "x = false",
    "1 / 0",
]  # fmt: skip


@pytest.mark.parametrize("form", ["json", "pretty", "raw", "values", "bindings"])
@pytest.mark.parametrize("query", QUERIES)
def test_the_same_as_opa(invoke: Invoke, place: Path, query: str, form: str) -> None:
    args = ["eval", "-d", "p.rego", "-d", "d.json", "-i", "i.json", "-f", form, query]
    theirs = _opa(args, place)
    ours = invoke(*args)
    assert ours.exit_code == theirs.returncode
    assert ours.stdout == theirs.stdout


@pytest.mark.parametrize("option", ["--fail", "--fail-defined"])
@pytest.mark.parametrize("query", ["data.p.only", "data.p.allow", "data.users[i]", "1 == 2", "x=1"])
def test_the_same_exit_code(invoke: Invoke, place: Path, query: str, option: str) -> None:
    args = ["eval", "-d", "p.rego", "-d", "d.json", option, query]
    assert invoke(*args).exit_code == _opa(args, place).returncode


@pytest.mark.parametrize(
    ("args", "same"),
    [
        (["-d", "p.rego", "-i", "i.json", "data.p.boom"], {"message", "code", "location"}),
        (["nothing(1); nowhere(2)"], {"message", "code", "location"}),
        (["--strict-builtin-errors", "1 / 0"], {"message", "code", "location"}),
        (["--show-builtin-errors", "x = [y | n = [1, 0][_]; y = 1 / n]"], {"message", "code"}),
        (["1 +"], {"code", "location"}),
        (["-d", "unsafe.rego", "data.u"], {"code"}),
        (["-d", "absent.rego", "data"], set()),
        ([""], {"message"}),
    ],
)
def test_errors_in_the_same_shape(
    invoke: Invoke, place: Path, args: list[str], same: set[str]
) -> None:
    (place / "unsafe.rego").write_text("package u\n\np if { x > 1 }\n")
    theirs = _opa(["eval", *args], place)
    ours = invoke("eval", *args)
    assert ours.exit_code == theirs.returncode
    told, wanted = json.loads(ours.stdout), json.loads(theirs.stdout)
    assert told.get("result") == wanted.get("result")
    assert [{k: e.get(k) for k in same} for e in told["errors"]] == [
        {k: e.get(k) for k in same} for e in wanted["errors"]
    ]


def test_a_bundle_of_opa_runs(invoke: Invoke, place: Path) -> None:
    build = ["build", "-t", "plan", "-e", "p/allow", "p.rego", "d.json", "-o", "b.tar.gz"]
    assert _opa(build, place).returncode == 0
    args = ["eval", "-b", "b.tar.gz", "-i", "i.json", "data.p.allow"]
    ours = invoke(*args)
    assert (ours.exit_code, ours.stdout) == (0, _opa(args, place).stdout)
    other = invoke("eval", "-b", "b.tar.gz", "-f", "raw", "data.p.only")
    assert other.exit_code == 2
    assert "the bundle has no plan for data.p.only; it has: data.p.allow" in other.stderr


def _opa(args: list[str], place: Path) -> subprocess.CompletedProcess[str]:
    assert OPA is not None
    return subprocess.run(
        [OPA, *args], cwd=place, capture_output=True, text=True, timeout=30, check=False
    )
