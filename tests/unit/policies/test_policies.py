"""The policies of ``policies/``: their own tests, by our compiler and by OPA, and OPA's
formatting.

What needs an ``opa`` binary is skipped without one: OPA's own run of the tests, and regolive's of
the plans that OPA builds. (The tests put mocks of builtins last: OPA 1.20.2 plans a
``with data...`` after one as if it replaced a part of the input.) That the policies decide rightly
through regopy is in ``tests/unit/bench``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from regolive import Runtime
from regolive.compiler import Language, check_modules
from regolive.plugins import load_registry
from regolive.runtime.sources import load_paths

POLICIES = Path(__file__).resolve().parents[3] / "policies"
OPA = os.environ.get("OPA") or shutil.which("opa")

needs_opa = pytest.mark.skipif(OPA is None, reason="needs an opa binary on the PATH or in $OPA")


TESTS = sorted(path.name.removesuffix("_test.rego") for path in POLICIES.glob("*_test.rego"))


def _rules(policy: str) -> list[str]:
    """The ``test_`` rules of a policy, as OPA's entrypoints."""
    text = (POLICIES / f"{policy}_test.rego").read_text(encoding="utf-8")
    (package,) = re.findall(r"^package (\S+)$", text, re.MULTILINE)
    rules = re.findall(r"^(test_\w+) if \{$", text, re.MULTILINE)
    return [f"{package.replace('.', '/')}/{rule}" for rule in rules]


@pytest.fixture(scope="module")
def capabilities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What OPA knows, and the builtins of our NATS plugin, which it does not."""
    known = json.loads(_opa("capabilities", "--current"))
    declared = Runtime().registry.declarations()
    for name in ("nats.kv.get_data", "nats.kv.watch_bucket"):
        entry = {"name": name, "decl": declared[name]["decl"], "nondeterministic": True}
        known["builtins"].append(entry)
    path = tmp_path_factory.mktemp("opa") / "capabilities.json"
    path.write_text(json.dumps(known), encoding="utf-8")
    return path


def _opa(*arguments: str) -> str:
    assert OPA is not None
    command = [OPA, *arguments]
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_our_compiler_finds_nothing_to_complain_about() -> None:
    modules = load_paths([POLICIES]).modules
    builtins = load_registry().declared()
    assert check_modules(modules, builtins=builtins, language=Language(strict=True)) == []


@pytest.mark.parametrize("policy", TESTS)
def test_every_test_rule_passes(policy: str) -> None:
    runtime = Runtime([POLICIES / f"{policy}.rego", POLICIES / f"{policy}_test.rego"])
    rules = _rules(policy)
    failed = [r for r in rules if not runtime.evaluate("data." + r.replace("/", "."))]
    assert rules
    assert failed == []


@needs_opa
def test_opa_finds_nothing_to_complain_about(capabilities: Path) -> None:
    _opa("check", "--strict", "--capabilities", str(capabilities), str(POLICIES))
    assert _opa("fmt", "--diff", str(POLICIES)) == ""


@needs_opa
def test_opa_passes_every_test_rule(capabilities: Path) -> None:
    given = ("--capabilities", str(capabilities), "--format", "json")
    results = json.loads(_opa("test", *given, str(POLICIES)))
    assert len(results) == sum(len(_rules(policy)) for policy in TESTS)


@needs_opa
@pytest.mark.parametrize("policy", TESTS)
def test_every_test_rule_passes_from_opas_plan(
    policy: str, capabilities: Path, tmp_path: Path
) -> None:
    rules = _rules(policy)
    files = [str(POLICIES / name) for name in (f"{policy}.rego", f"{policy}_test.rego")]
    chosen = [part for rule in rules for part in ("-e", rule)]
    bundle = tmp_path / "tests.tar.gz"
    given = ("--capabilities", str(capabilities), "-o", str(bundle))
    _opa("build", "-t", "plan", *given, *chosen, *files)

    runtime = Runtime(bundle=bundle)
    failed = [r for r in rules if not runtime.evaluate("data." + r.replace("/", "."))]
    assert rules
    assert failed == []
