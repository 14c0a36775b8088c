"""A second opinion: where two front ends agree, differ, refuse, and cannot be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from tests.bench import cases
from tests.generate.modules import make_module

import regolive_std
from regolive.compiler import CompileRequest, FrontEnd, Language, get_front_end
from regolive.errors import FrontEndError, PolicyError
from regolive.ir.nodes import Policy
from regolive.plugins import BoundBuiltin, Registry, builtin, hookimpl
from regolive.runtime.crosscheck import CrossCheck, Report

POLICY = """package shop

discount := 10 if input.member

price := 100 - discount

lucky := rand.intn("seed", 1000000000)

test_price if price == 90 with input as {"member": true}
"""


@pytest.fixture(scope="module")
def builtins() -> Mapping[str, BoundBuiltin]:
    registry = Registry()
    registry.register(regolive_std.StdPlugin, "std")
    return registry.builtins


@pytest.fixture(scope="module")
def regopy() -> Iterator[FrontEnd]:
    front_end = get_front_end("regopy")
    yield front_end
    front_end.close()


class Changed:
    """A front end that reads modules otherwise than they are written, and refuses some."""

    name = "changed"
    plans_data = True

    def __init__(self, *, put: tuple[str, str] = ("", ""), refuse: str | None = None) -> None:
        self.put = put
        self.refuse = refuse
        self.real = get_front_end()
        self.asked: list[CompileRequest] = []

    def compile(self, request: CompileRequest) -> Policy:
        self.asked.append(request)
        if self.refuse is not None and any(self.refuse in m for m in request.modules.values()):
            raise FrontEndError(f"no: {self.refuse}")
        old, new = self.put
        modules = {name: text.replace(old, new) for name, text in request.modules.items()}
        return self.real.compile(replace(request, modules=modules) if old else request)

    def close(self) -> None:
        self.real.close()


def check(modules: Mapping[str, str], builtins: Any, second: FrontEnd, **more: Any) -> Report:
    return CrossCheck(modules, builtins, get_front_end(), second, **more).run()


def test_two_that_agree(builtins) -> None:
    steps: list[tuple[int, int]] = []
    report = check(
        {"shop.rego": POLICY},
        builtins,
        Changed(),
        inputs=[{"member": True}, {}],
        progress=lambda done, total: steps.append((done, total)),
    )
    assert report.names == ("regolive", "changed")
    assert (report.differences, report.refusals) == ([], [])
    # The test once, and each of discount and price with both inputs.
    assert report.agreed == 5
    assert [q.path for q in report.varying] == ['data["shop"]["lucky"]']
    assert steps == [(n, 4) for n in (1, 2, 3, 4)]


def test_a_difference_names_the_rule_the_input_and_both_answers(builtins) -> None:
    second = Changed(put=("100 - discount", "100 - discount * 2"))
    report = check({"shop.rego": POLICY}, builtins, second, inputs=[{}, {"member": True}])
    by_test, by_input = sorted(report.differences, key=lambda d: d.input is not None)
    assert by_test.question.path == 'data["shop"]["test_price"]'
    assert str(by_test.question.location) == "shop.rego:9:1"
    assert (by_test.input, by_test.answers) == (None, ("true", "undefined"))
    assert by_input.question.path == 'data["shop"]["price"]'
    assert (by_input.input, by_input.answers) == (1, ("90", "80"))


def test_errors_are_answers(builtins) -> None:
    second = Changed(put=("p := 1", "p := 1\n\np := count([1, 2])"))
    (found,) = check({"p.rego": "package t\n\np := 1\n"}, builtins, second, inputs=[1]).differences
    assert found.answers[0] == "1"
    assert "eval_conflict_error" in found.answers[1]


def test_what_is_refused_takes_nobody_elses_answers_away(builtins) -> None:
    modules = {
        "good.rego": "package good\n\ntest_a if true\n",
        "bad.rego": "package bad\n\ntest_b if true  # odd\n\ntest_c if true\n",
    }
    second = Changed(refuse="odd")
    report = check(modules, builtins, second)
    assert report.agreed == 1
    assert {r.question.location.file for r in report.refusals} == {"bad.rego"}
    assert {r.message for r in report.refusals} == {"no: odd"}
    assert len(report.refusals) == 2
    # All at once, then each module by itself, with what it needs.
    assert [sorted(r.modules) for r in second.asked] == [
        ["bad.rego", "good.rego"],
        ["good.rego"],
        ["bad.rego"],
    ]


def test_what_the_first_refuses_is_an_error(builtins) -> None:
    with pytest.raises(PolicyError, match="var x is unsafe"):
        check({"p.rego": "package t\n\np := x\n"}, builtins, Changed())


def test_modules_in_rego_v0(builtins, regopy) -> None:
    modules = {"p.rego": "package t\n\ntest_p { input.x }\n"}
    old = Language(v0_compatible=True)
    assert check(modules, builtins, Changed(), language=old).agreed == 1
    (refusal,) = check(modules, builtins, regopy, language=old).refusals
    assert "Rego v1 only" in refusal.message


@pytest.mark.parametrize("case", cases.all_cases(), ids=lambda case: case.name)
def test_regopy_agrees_on_the_policies_of_this_repository(case, regopy) -> None:
    registry = Registry()
    registry.discover()
    check = CrossCheck(
        case.modules,
        registry.builtins,
        get_front_end(),
        regopy,
        data=case.data,
        inputs=case.inputs[:20],
    )
    report = check.run()
    assert report.differences == []
    assert report.refusals == []
    assert report.agreed >= 8


class Watching:
    """A stand-in for NATS: some buckets are followed, others not."""

    @builtin("nats.kv.watch_bucket", nondeterministic=True)
    def watch_bucket(self, bucket: str) -> bool:
        """Whether it is followed."""
        return bucket in ("dev", "read")

    @hookimpl
    def regolive_builtins(self) -> list[Any]:
        return [self.watch_bucket]


def test_regopy_agrees_on_the_groups(regopy) -> None:
    """The one policy that the benchmarks do not ask."""
    registry = Registry()
    registry.register(regolive_std.StdPlugin, "std")
    registry.register(Watching(), "watching")
    dev = {"metadata": {"name": "D"}, "members": {"ann": False}, "permissions": {"deploy": 1}}
    read = {"metadata": {"name": "R"}, "members": {"ann": 1, "bob": 1}, "permissions": {"read": 1}}
    report = check(
        cases.read_policy("groups.rego"),
        registry.builtins,
        regopy,
        data={"nats": {"kv": {"dev": dev, "read": read}}},
        inputs=[
            {"user": user, "permission": permission, "groups": ["dev", "read", "other"]}
            for user in ("ann", "bob", "eve")
            for permission in ("deploy", "read")
        ],
    )
    assert (report.differences, report.refusals, report.varying) == ([], [], [])
    assert report.agreed == 18


INPUT = {"n": 3, "s": "abc", "t": "b", "b": True, "xs": [1, 2, 3], "names": ["ann", "bob"]}


def generated(seed: int, builtins: Any, regopy: FrontEnd) -> tuple[str, Report]:
    made = make_module(Random(seed))
    checked = CrossCheck({"g.rego": made.text}, builtins, get_front_end(), regopy, inputs=[INPUT])
    try:
        return made.text, checked.run()
    except PolicyError:
        return made.text, Report(("regolive", "regopy"))  # compares what can never be equal


@pytest.mark.parametrize("seed", range(40))
def test_regopy_agrees_on_generated_policies(seed: int, builtins, regopy) -> None:
    text, report = generated(seed, builtins, regopy)
    assert not report.differences, text


# What regopy 1.5.2 does differently from OPA, by the rule of OPA's documents that it breaks, and
# what OPA answers.
BUGS = {
    # Operands of a negated call are evaluated before, outside of `not`: where one is undefined, so
    # is the body.
    "negation": ('p contains 1 if not startswith(substring(input.gone, 0, -1), "a")', "[]"),
    "negation-of-in": ("p := 1 if not (0, {}.gone in [])", "undefined"),
    # A `with` whose value is undefined makes the expression undefined.
    "with-undefined": ("p := 1 if input with input.s as input.gone", "undefined"),
}


@pytest.mark.parametrize("name", BUGS)
def test_what_regopy_is_known_to_do_otherwise(name: str, builtins, regopy) -> None:
    text, opa = BUGS[name]
    module = {"p.rego": f"package t\n\n{text}\n"}
    (found,) = check(module, builtins, regopy, inputs=[INPUT]).differences
    assert found.answers[0] == opa


def test_the_generated_policies_say_something(builtins, regopy) -> None:
    """Most of a comparison would be empty if regopy refused all of them."""
    assert sum(generated(seed, builtins, regopy)[1].agreed for seed in range(40)) >= 20
