"""The generated text: stable, and readable beside the policy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from regolive.codegen import CompiledPolicy, compile_policy
from regolive.errors import IRError
from regolive.ir import nodes as ir

POLICY = """package rbac

default allow := false

allow if {
	some role in data.roles[input.user]
	role == "admin"
}

names contains name if {
	some name, _ in data.roles
	startswith(name, "a")
}
"""


def body(source: str, name: str) -> list[str]:
    lines = source.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"def {name}("))
    end = next((i for i in range(start + 1, len(lines)) if lines[i][:1] not in (" ", "")), None)
    return [line for line in lines[start:end] if line]


def test_a_rule_reads_like_what_a_person_would_write(
    compiled: Callable[..., CompiledPolicy],
) -> None:
    source = compiled(POLICY, "x = data.rbac.allow").source
    lines = body(source, "data_rbac_allow")
    text = "\n".join(lines)
    assert lines[0].startswith("def data_rbac_allow(q, input, data):")
    assert "# row 6" in text
    assert "# row 7" in text
    assert sum(line.strip().startswith("for ") for line in lines) == 1
    assert "== 'admin'" in text or "!= 'admin'" in text
    assert "return True" in text
    assert lines[-1].startswith("    return False")
    assert len(lines) < 22


def test_a_partial_set_reads_so_too(compiled: Callable[..., CompiledPolicy]) -> None:
    lines = body(compiled(POLICY, "x = data.rbac.names").source, "data_rbac_names")
    assert "RegoSet()" in "\n".join(lines)
    assert any(".keys.add(" in line for line in lines)
    assert len(lines) < 22


def test_compiling_again_gives_the_same_text(compiled: Callable[..., CompiledPolicy]) -> None:
    first = compiled(POLICY, "x = data.rbac").source
    assert compiled(POLICY, "x = data.rbac").source == first


def test_the_text_does_not_depend_on_the_hash_seed() -> None:
    program = (
        "from random import Random\n"
        "from regolive.codegen import compile_policy\n"
        "from regolive.plugins import Registry\n"
        "import regolive_std\n"
        "from tests.probe import Probe\n"
        "from tests.reference.programs import ProgramMaker\n"
        "r = Registry(); r.register(regolive_std.StdPlugin, 'std'); r.register(Probe(), 'probe')\n"
        "for seed in range(15):\n"
        "    policy = ProgramMaker(Random(seed), 25).policy()\n"
        "    text = compile_policy(policy, r.builtins).source.splitlines()\n"
        "    print(*[line for line in text if not line.startswith('K')], sep='\\n')\n"
    )
    texts = set()
    for seed in ("0", "1"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        texts.add(done.stdout)
    assert len(texts) == 1


def test_a_call_of_nothing_is_refused_with_its_place() -> None:
    call = ir.CallStmt("no.such", (), 2)
    policy = ir.Policy((ir.Plan("eval", (ir.Block((call,)),)),), ())
    with pytest.raises(IRError, match=r"plan eval: call of 'no.such': no such function"):
        compile_policy(policy, {})
    function = ir.Func("g0.f", (0, 1), 2, (ir.Block(()),))
    call = ir.CallStmt("g0.f", (ir.Local(0),), 2)
    policy = ir.Policy((ir.Plan("eval", (ir.Block((call,)),)),), (function,))
    with pytest.raises(IRError, match="with 1 arguments; it takes 2"):
        compile_policy(policy, {})
