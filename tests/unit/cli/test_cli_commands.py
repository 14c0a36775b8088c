"""The commands besides ``eval``, and what all of them share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from regolive.cli.app import COMMANDS
from regolive.ir import read_policy

Invoke = Callable[..., Result]
REGOLIVE = [sys.executable, "-c", "from regolive.cli import main; main(prog_name='regolive')"]


def run(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own."""
    return subprocess.run(
        [*REGOLIVE, *args], input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_an_example(invoke: Invoke, name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert f"    regolive {name}" in result.stdout or "--format json" in result.stdout
    assert name in invoke("--help").stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["evl"], "there is no command 'evl'; did you mean 'eval'?"),
        (["frobnicate"], "there are: eval, check"),
        (["eval", "--dat", "x", "data"], "--data"),
        (["eval"], "QUERY"),
        (["compile", "p.rego"], "--emit"),
    ],
)
def test_what_does_not_exist_is_told_with_what_does(
    invoke: Invoke, args: list[str], told: str
) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert told in result.stderr


def test_compile_prints_python(invoke: Invoke) -> None:
    result = invoke("compile", "--emit", "python", "-e", "data.p.allow", "p.rego")
    assert result.exit_code == 0
    assert "def data_p_allow(" in result.stdout
    compile(result.stdout, "<generated>", "exec")


@pytest.mark.parametrize("entrypoint", ["data.p.allow", "p/allow"])
def test_compile_prints_a_plan(invoke: Invoke, entrypoint: str) -> None:
    result = invoke("compile", "--emit", "ir", "-e", entrypoint, "p.rego")
    policy = read_policy(json.loads(result.stdout), name="plan.json", known=None)
    assert [p.name for p in policy.plans] == ["p/allow"]


def test_compile_plans_the_package_by_itself(invoke: Invoke) -> None:
    plan = json.loads(invoke("compile", "--emit", "ir", "p.rego").stdout)
    assert [p["name"] for p in plan["plans"]["plans"]] == ["p"]


def test_compile_leaves_tests_in_directories_out(invoke: Invoke, place: Path) -> None:
    (place / "p_test.rego").write_text("package p_test\n\ntest_it if false\n")
    plan = json.loads(invoke("compile", "--emit", "ir", ".").stdout)
    assert [p["name"] for p in plan["plans"]["plans"]] == ["p"]
    plan = json.loads(invoke("compile", "--emit", "ir", "p_test.rego").stdout)
    assert [p["name"] for p in plan["plans"]["plans"]] == ["p_test"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["bad.rego"], "bad.rego:3"),
        (["absent.rego"], "absent.rego: no such file"),
        (["d.json"], "d.json: no .rego file is there"),
    ],
)
def test_compile_tells_what_is_wrong(
    invoke: Invoke, place: Path, args: list[str], told: str
) -> None:
    (place / "bad.rego").write_text("package bad\n\nallow if nonsense(1)\n")
    result = invoke("compile", "--emit", "ir", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_plugins_are_listed_with_their_builtins(invoke: Invoke) -> None:
    result = invoke("plugins", "std", "--format", "json")
    (std,) = json.loads(result.stdout)["plugins"]
    upper = next(b for b in std["builtins"] if b["name"] == "upper")
    assert upper["signature"] == "upper(x: string) -> string"
    assert upper["doc"]
    assert "upper(x: string) -> string" in invoke("plugins", "std").stdout


def test_an_unknown_plugin_is_told_with_the_nearest(invoke: Invoke) -> None:
    result = invoke("plugins", "sdt")
    assert result.exit_code == 2
    assert "did you mean 'std'?" in result.stderr


def test_version(invoke: Invoke) -> None:
    told = json.loads(invoke("version", "-f", "json").stdout)
    assert told["python"] == sys.version.split()[0]
    assert f"regolive    {told['regolive']}" in invoke("version").stdout


def test_in_a_process_of_its_own(place: Path) -> None:
    done = run("eval", "-I", "-d", "p.rego", "-f", "raw", "data.p.allow", stdin='{"user": "alice"}')
    assert (done.returncode, done.stdout) == (0, "true\n")
    failed = run("eval", "-d", "absent", "-f", "raw", "data")
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr


def test_a_reader_that_goes_away_is_no_error_to_speak_of(place: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        done = subprocess.run(
            [*REGOLIVE, "version"], stdout=pipe, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.stderr == b""


def test_eval_does_not_load_what_it_does_not_need(place: Path) -> None:
    script = (
        "import sys; from regolive.cli import main\n"
        "main(['eval', '-d', 'p.rego', 'data.p.allow'], standalone_mode=False)\n"
        "print([m for m in ('rich', 'regopy', 'regolive.cli.buckets') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
