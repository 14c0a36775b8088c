"""Generated policies are what they are meant to be: large, the same each time, and right."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from tests.differential_rego.answers import Answer
from tests.generate.modules import make_module
from tests.generate.policies import policy_set, switch_policy
from tests.opa import CheckOptions, check, find_opa, run_opa, write_files

with_opa = pytest.mark.skipif(find_opa() is None, reason="no opa to compare with")


def test_a_policy_set_is_of_the_size_asked_for_and_the_same_each_time() -> None:
    files = policy_set(180)
    assert len(files) == 180
    assert 300_000 < sum(map(len, files.values())) < 340_000
    assert files == policy_set(180)
    assert files != policy_set(180, seed=5)
    assert sum(name.endswith("_test.rego") for name in files) > 60
    assert len(policy_set(10)) == 10
    with pytest.raises(ValueError, match="ten modules"):
        policy_set(9)


def test_a_switch_has_a_body_for_each_value() -> None:
    text = switch_policy(1000)
    assert text.count('input.action == "action-') == 1000
    assert 'input.action == "action-999"' in text


@with_opa
def test_opa_accepts_a_policy_set_and_its_tests_hold(tmp_path: Path) -> None:
    files = policy_set(60, seed=3)
    write_files(tmp_path, {**files, "switch.rego": switch_policy(50)})
    assert check(tmp_path, ["."], CheckOptions(strict=True)) == []
    results = json.loads(run_opa(["test", "--format", "json", "."], tmp_path))
    assert len(results) > 60
    assert not [result["name"] for result in results if result.get("fail")]


@with_opa
def test_opa_accepts_almost_all_random_modules(tmp_path: Path) -> None:
    made = [make_module(Random(f"unit/{n}"), f"g{n}") for n in range(200)]
    write_files(tmp_path, {f"{m.package}.rego": m.text for m in made})
    refused = {error["location"]["file"] for error in check(tmp_path, ["."])}
    assert len(refused) <= 0.05 * len(made)


def test_random_modules_are_the_same_for_the_same_random_numbers() -> None:
    assert make_module(Random("x")) == make_module(Random("x"))
    texts = "\n".join(make_module(Random(str(n))).text for n in range(200))
    for form in (" contains ", "default ", " else := ", "every ", " with ", "some ", " | ", "not ",
                 "import ", "$\"", "r0(", ".one.", "] := ", "upper as lower", " in {"):  # fmt: skip
        assert form in texts, form


def test_an_answer_is_shown_as_a_document_or_what_it_is() -> None:
    assert str(Answer("value", {"a": [1]})) == '{"a":[1]}'
    assert str(Answer("undefined")) == "undefined"
    assert str(Answer("error", "eval_conflict_error", "two")) == "error eval_conflict_error two"
