"""Random modules: our compiler takes them, and answers what regopy answers, or what OPA does."""

from __future__ import annotations

from random import Random

import pytest
from tests.differential_rego.second_opinion import MODULES, known, reports
from tests.generate.modules import make_module
from tests.generate.policies import policy_set, switch_policy

from regolive.compiler import Language, check_modules
from regolive.compiler.frontend import CompileRequest
from regolive.compiler.native import NativeFrontEnd
from regolive.errors import Diagnostic
from regolive.ir.nodes import BuiltinDecl
from regolive.plugins import Registry
from regolive_std import StdPlugin


@pytest.fixture(scope="module")
def builtins() -> dict[str, BuiltinDecl]:
    registry = Registry()
    registry.register(StdPlugin, "std")
    return registry.declared()


def _check(modules: dict[str, str], builtins: dict[str, BuiltinDecl]) -> list[Diagnostic]:
    return check_modules(modules, builtins=builtins, language=Language())


def test_where_regopy_answers_something_else_opa_answers_what_we_do() -> None:
    agreed = 0
    listed = known()
    for _, report in reports(MODULES):
        agreed += report.agreed
        for d in report.differences:
            assert d.input is not None
            assert (d.question.path, d.input, d.answers[0]) in listed, (
                f"{d.question} with input {d.input}: {d.answers}; to ask OPA who is right: "
                "python -m tests.differential_rego.second_opinion"
            )
    assert agreed > 5 * MODULES


def test_a_policy_set_that_looks_like_real_ones_compiles(builtins: dict[str, BuiltinDecl]) -> None:
    strict = Language(strict=True)
    assert check_modules(policy_set(40), builtins=builtins, language=strict) == []
    assert _check({"switch.rego": switch_policy(100)}, builtins) == []


def test_almost_all_random_modules_are_accepted_and_planned(
    builtins: dict[str, BuiltinDecl],
) -> None:
    made = [make_module(Random(f"unit/{n}"), f"g{n}") for n in range(60)]
    good = [m for m in made if not _check({m.package: m.text}, builtins)]
    assert len(good) >= 0.95 * len(made)
    texts = {f"{m.package}.rego": m.text for m in good}
    assert _check(texts, builtins) == []
    rules = tuple(rule for m in good for rule in m.rules)
    front_end = NativeFrontEnd(store=False)
    plan = front_end.compile(CompileRequest(modules=texts, entrypoints=rules, builtins=builtins))
    assert len(plan.plans) == len(rules)
