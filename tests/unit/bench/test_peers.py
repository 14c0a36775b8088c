"""The peers of the benchmark decide alike, so that their times can be compared."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from tests.bench import cases, decisions, engines, scaling
from tests.bench.timing import Effort, Measured, compare, ratio

CASES = {case.name: case for case in cases.all_cases()}


@pytest.mark.parametrize("name", CASES)
def test_regolive_and_python_decide_alike(name: str) -> None:
    case = CASES[name]
    with engines.regolive(case) as engine:
        decisions.agree(case, {"regolive": engine, "by hand": engines.by_hand(case)})


AGREE = """
import sys
from dataclasses import replace
from tests.bench import cases, decisions, engines
case = next(c for c in cases.all_cases() if c.name == sys.argv[1])
case = replace(case, inputs=case.inputs[:20])
decisions.agree(case, {"regopy": engines.regopy(case), "by hand": engines.by_hand(case)})
"""


@pytest.mark.parametrize("name", CASES)
def test_regopy_decides_as_they_do(name: str) -> None:
    # In a process of its own, as everywhere: regopy can end the one it is loaded into.
    done = subprocess.run(
        [sys.executable, "-c", AGREE, name], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["rbac", "kubernetes", "httpapi"])
def test_inputs_are_neither_all_admitted_nor_all_refused(name: str) -> None:
    case = CASES[name]
    admitted = sum(case.by_hand(case.data, i) in (True, []) for i in case.inputs)
    assert 0.3 < admitted / len(case.inputs) < 0.7


def test_generated_data_is_the_same_each_time() -> None:
    assert [(c.data, c.inputs) for c in cases.all_cases()] == [
        (c.data, c.inputs) for c in cases.all_cases()
    ]


def test_disagreement_names_engine_and_input() -> None:
    case = replace(CASES["rbac"], by_hand=lambda data, request: True)
    refused = engines.by_hand(CASES["rbac"])
    with pytest.raises(decisions.Disagreement, match=r"other decides False.*by hand True"):
        decisions.agree(case, {"other": refused, "by hand": engines.by_hand(case)})


def test_scaling_case_decides_as_python_does() -> None:
    case = scaling.users(1000)
    with engines.regolive(case) as engine:
        decisions.agree(case, {"regolive": engine, "by hand": engines.by_hand(case)})


def test_ratio_is_of_neighbours_in_time() -> None:
    # The machine was ten times slower in the second round, for both.
    assert ratio(Measured((2.0, 20.0, 2.0)), Measured((1.0, 10.0, 1.0))) == 2.0


def test_every_peer_takes_part_in_every_round() -> None:
    def batch(repeats: int) -> None:
        for _ in range(repeats):
            sum(range(100))

    taken = compare({"a": batch, "b": batch}, 1, Effort(rounds=3, turn=0.001))
    assert {name: len(measured.rounds) for name, measured in taken.items()} == {"a": 3, "b": 3}


def test_bars_that_are_missed_are_named() -> None:
    outcome = decisions.Outcome((), times_regopy=10.0, times_by_hand=9.0, failed=("rbac: broken",))
    assert outcome.missed == [
        "rbac: broken",
        "10.0 times regopy's speed; the bar is 30",
        "9.00 times as long as by hand; the bar is 4",
    ]
