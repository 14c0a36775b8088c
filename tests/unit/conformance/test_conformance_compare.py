"""The rules by which a case's expectation and its outcome are compared."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conformance.cases import Case, parse_case
from tests.conformance.compare import check_error, check_result

from regolive.errors import BuiltinError, ConflictError, Location
from regolive.values import UNDEFINED, RegoSet, loads, to_key


def case(**fields: Any) -> Case:
    return parse_case(json.dumps({"id": "family/file.json#0", **fields}))


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        ([{"x": 1}], [{"x": 1.0}]),
        ([{"x": RegoSet([3, 1, 2])}], [{"x": [1, 2, 3]}]),
        ([{"x": {to_key(1): "a"}}], [{"x": {"1": "a"}}]),
        ([{"x": {to_key([1, "b"]): 1}}], [{"x": {'[1,"b"]': 1}}]),
        ([{"x": 1}, {"x": 2}], [{"x": 2}, {"x": 1}]),
        ([{"x": 1}, {"x": 1}], [{"x": 1}]),
        ([], UNDEFINED),
        ([], None),
        ([], []),
        ([{}], [{}]),
        ([{"x": 10**40}], [{"x": 10**40}]),
        ([{"x": loads("0.1")}], [{"x": loads("0.10")}]),
    ],
)
def test_results_that_agree(rows: list[Any], want: Any) -> None:
    assert check_result(case(), rows, want) is None


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        ([{"x": True}], [{"x": 1}]),
        ([{"x": [True]}], [{"x": [1]}]),
        ([{"x": [1, 2]}], [{"x": [2, 1]}]),
        ([{"x": 1}], UNDEFINED),
        ([], [{}]),
        ([{"x": 1}], [{"x": 1}, {"x": 2}]),
        ([{"x": "1"}], [{"x": 1}]),
        ([{"x": None}], [{"x": False}]),
        ([{"x": 10**40}], [{"x": 10**40 + 1}]),
    ],
)
def test_results_that_do_not(rows: list[Any], want: Any) -> None:
    said = check_result(case(), rows, want)
    assert said is not None
    assert said.startswith("want [")


def test_sorted_bindings_compare_arrays_without_their_order() -> None:
    unordered = case(sort_bindings=True)
    assert check_result(unordered, [{"x": [3, 1, 2]}], [{"x": [1, 2, 3]}]) is None
    assert check_result(unordered, [{"x": [1, 1, 2]}], [{"x": [1, 2]}]) is not None
    assert check_result(unordered, [{"x": [[2, 1]]}], [{"x": [[1, 2]]}]) is not None


def test_generated_variables_are_left_out_only_where_the_case_says_so() -> None:
    rows = [{"x": 1, "__localq0__": 2}]
    assert check_result(case(ignore_generated_vars=True), rows, [{"x": 1}]) is None
    assert check_result(case(), rows, [{"x": 1}]) is not None


def test_an_error_must_have_the_code_and_the_text() -> None:
    error = BuiltinError("div: divide by zero", Location("test-0.rego", 4))
    wants = {"want_error_code": "eval_builtin_error", "want_error": "divide by zero"}
    assert check_error(case(**wants), error) is None
    assert check_error(case(want_error="test-0.rego:4: eval_builtin_error: div"), error) is None
    assert "code" in (check_error(case(want_error_code="eval_type_error"), error) or "")
    assert "text" in (check_error(case(**{**wants, "want_error": "modulo"}), error) or "")
    assert "unexpected" in (check_error(case(), ConflictError("two values")) or "")
