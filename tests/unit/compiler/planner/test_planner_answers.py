"""What policies answer: tables of policies with OPA's answers, which generated code, the plain
interpreter of plans, and OPA itself where it is at hand, all have to give.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.opa import find_opa, run_opa, write_files
from tests.planning import interpreted, plan, run, standard

from regolive.compiler import QUERY_PLAN
from regolive.errors import EvalError
from regolive.ir.reader import read_policy
from regolive.ir.writer import write_policy
from regolive.values import UNDEFINED, equal, loads, to_json

FOLDER = Path(__file__).parent / "answers"


def _cases() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            yield pytest.param(case, id=f"{path.stem}: {case['id']}")


def _document(case: dict[str, Any], key: str) -> Any:
    return loads(case[key]) if key in case else UNDEFINED


def _said(rows: list[Any]) -> Any:
    assert len(rows) <= 1
    return to_json(rows[0]["x"]) if rows else UNDEFINED


def _same(answer: Any, want: str) -> bool:
    if want.startswith("error: "):
        return isinstance(answer, EvalError) and answer.code == want.removeprefix("error: ")
    wanted = UNDEFINED if want == "undefined" else loads(want)
    return answer is wanted or equal(answer, wanted)


@pytest.mark.parametrize("case", list(_cases()))
def test_policies_answer_what_they_answer_in_opa(case: dict[str, Any]) -> None:
    document, data = _document(case, "input"), _document(case, "data")
    data = {} if data is UNDEFINED else data
    for path, want in case["want"].items():
        policy = plan(case["modules"], f"x = {path}")
        answer: Any
        try:
            answer = _said(run(policy, QUERY_PLAN, document, data, standard()))
        except EvalError as error:
            answer = error
        assert _same(answer, want), (path, answer, want)
        if case.get("interpreter", True) and not want.startswith("error: "):
            answer = _said(interpreted(policy, QUERY_PLAN, document, data))
            assert _same(answer, want), ("interpreter", path, answer, want)


def test_plans_are_written_and_read_in_opas_format() -> None:
    for param in _cases():
        (case,) = param.values
        policy = plan(case["modules"], None, *(path.removeprefix("data.") for path in case["want"]))
        again = read_policy(write_policy(policy))
        assert again.plans == policy.plans
        assert again.funcs == policy.funcs


@pytest.mark.skipif(find_opa() is None, reason="no opa binary")
@pytest.mark.parametrize("case", list(_cases()))
def test_they_are_opas_answers(case: dict[str, Any], tmp_path: Path) -> None:
    files = {f"policies/m{i}.rego": text for i, text in enumerate(case["modules"])}
    write_files(tmp_path, {**files, "data.json": case.get("data", "{}")})
    options = ["--data", "policies", "--data", "data.json", "--format", "json"]
    if "input" in case:
        write_files(tmp_path, {"input.json": case["input"]})
        options += ["--input", "input.json"]
    for path, want in case["want"].items():
        said = loads(run_opa(["eval", *options, f"x = {path}"], tmp_path, ok=(0, 2)))
        if want.startswith("error: "):
            assert said["errors"][0]["code"] == want.removeprefix("error: ")
            continue
        results = said.get("result", [])
        answer = results[0]["bindings"]["x"] if results else UNDEFINED
        assert _same(answer, want), (path, answer, want)
