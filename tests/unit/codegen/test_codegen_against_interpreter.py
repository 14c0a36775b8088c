"""Generated code and a plain interpreter of the IR give the same, whatever the plan."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.frames import new_frame
from tests.probe import Probe
from tests.reference import interpreter
from tests.reference.programs import DATA, INPUTS, ProgramMaker
from tests.reference.shown import shown

import regolive_std
from regolive.codegen import Entry, compile_policy
from regolive.errors import EvalError
from regolive.ir import nodes as ir
from regolive.ir import read_policy, write_policy
from regolive.plugins import Registry
from regolive.values import UNDEFINED, equal, sorted_values

REGISTRY = Registry()
REGISTRY.register(regolive_std.StdPlugin, "std")
REGISTRY.register(Probe(), "probe")
DOCUMENTS = [(document, DATA[i % len(DATA)]) for i, document in enumerate([*INPUTS, UNDEFINED])]


def expected(
    policy: ir.Policy, input: Any, data: Any, *, forgiving: bool = False
) -> list[Any] | str:
    frame = new_frame(data)
    builtins = {
        name: lambda *operands, call=bound.call: call(frame, *operands)
        for name, bound in REGISTRY.builtins.items()
    }
    try:
        return interpreter.evaluate(policy, "eval", input, data, builtins, forgiving=forgiving)
    except EvalError as error:
        return error.code


def same(want: list[Any] | str, got: list[Any] | str) -> bool:
    if isinstance(want, str) or isinstance(got, str):
        # Which of several errors comes first depends on the order of a scan.
        return isinstance(want, str) and isinstance(got, str)
    return len(want) == len(got) and equal(sorted_values(want), sorted_values(got))


def generated(entry: Entry, input: Any, data: Any, *, direct: bool) -> list[Any] | str:
    try:
        if not direct or entry.direct is None:
            return entry.plan(new_frame(data), input, data)
        value = entry.direct(new_frame(data), input, data)
    except EvalError as error:
        return error.code
    return [] if value is UNDEFINED else [{"result": value}]


def agree(policy: ir.Policy) -> None:
    compiled = compile_policy(policy, REGISTRY.builtins)
    entry = compiled.entries["eval"]
    for input, data in DOCUMENTS:
        want = expected(policy, input, data)
        for direct in (False, True):
            got = generated(entry, input, data, direct=direct)
            if isinstance(want, str) and not isinstance(got, str):
                want = expected(policy, input, data, forgiving=True)
            assert same(want, got), (
                f"{shown(policy)}\n\n{compiled.source}\n"
                f"input {input!r}\ndata {data!r}\nwant {want!r}\ngot  {got!r}"
            )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False), st.integers(3, 25))
def test_on_programs_that_hypothesis_shrinks(random: Random, size: int) -> None:
    agree(ProgramMaker(random, size).policy())


@pytest.mark.parametrize("seeds", range(8))
def test_on_many_programs(seeds: int) -> None:
    """Far more of them, from plain seeds: hypothesis's own randoms are slow."""
    for seed in range(seeds * 100, seeds * 100 + 100):
        agree(ProgramMaker(Random(seed), 8 + seed % 40).policy())


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_plan_written_and_read_again_is_the_same(seed: int) -> None:
    policy = ProgramMaker(Random(seed), 20).policy()
    again = read_policy(write_policy(policy))
    assert (again.plans, again.funcs) == (policy.plans, policy.funcs)
