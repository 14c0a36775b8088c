"""The corpus of wrong policies: our compiler says of each what OPA says."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.corpus.cases import CorpusCase, Expected, all_cases
from tests.corpus.judge import diagnose, differences

from regolive.codegen import compile_policy
from regolive.compiler import QUERY_PLAN, CompileRequest, Language
from regolive.compiler.native import NativeFrontEnd
from regolive.errors import Diagnostic, Location, PolicyError
from regolive.ir.nodes import Policy
from regolive.plugins import Registry
from regolive_std import StdPlugin


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_what_is_said_of_a_policy_is_what_opa_says(case: CorpusCase) -> None:
    wrong = differences(case, diagnose(case))
    assert not wrong, f"{case.rule}\n" + "\n".join(wrong)


# OPA's checks find nothing, but it makes no plan of a with whose target has such steps.
UNPLANNED = "accepted/with-target-with-variable"
ACCEPTED = [case for case in all_cases() if not case.expected and case.name != UNPLANNED]


@pytest.fixture(scope="module")
def registry() -> Registry:
    registry = Registry()
    registry.register(StdPlugin, "std")
    return registry


def _plan(case: CorpusCase, registry: Registry) -> Policy:
    request = CompileRequest(
        modules=case.modules,
        entrypoints=("data",),
        query="x = data",
        builtins=registry.declared(),
        language=Language(v0_compatible=case.v0_compatible, strict=case.strict),
    )
    return NativeFrontEnd(store=False).compile(request)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_what_is_accepted_becomes_code(case: CorpusCase, registry: Registry) -> None:
    assert QUERY_PLAN in compile_policy(_plan(case, registry), registry.builtins).entries


def test_what_cannot_be_planned_is_a_policy_error(registry: Registry) -> None:
    (case,) = (case for case in all_cases() if case.name == UNPLANNED)
    with pytest.raises(PolicyError, match="invalid with target"):
        _plan(case, registry)


def test_the_corpus_is_large_and_no_two_cases_are_the_same() -> None:
    cases = all_cases()
    assert sum(not case.accepted for case in cases) >= 220
    assert sum(case.accepted for case in cases) >= 60
    assert max(Counter(case.rule for case in cases).values()) == 1
    texts = Counter((*case.modules.values(), case.strict, case.v0_compatible) for case in cases)
    assert max(texts.values()) == 1


def _case(*expected: Expected, says: tuple[str, ...] = ()) -> CorpusCase:
    return CorpusCase("c", "id", "rule", {"p.rego": ""}, says=says, expected=expected)


def _found(code: str, message: str, row: int, col: int, hint: str | None = None) -> Diagnostic:
    return Diagnostic(code, message, Location("p.rego", row, col), None, hint)


UNSAFE = Expected("rego_unsafe_var_error", "var x is unsafe", "p.rego", 3, 4)
PARSE = Expected("rego_parse_error", "unexpected } token", "p.rego", 3, 4)


def test_the_judge_sees_another_message_place_and_code() -> None:
    case = _case(UNSAFE)
    assert not differences(case, [_found(UNSAFE.code, UNSAFE.message, 3, 4)])
    assert differences(case, [_found(UNSAFE.code, "var y is unsafe", 3, 4)])
    assert differences(case, [_found(UNSAFE.code, UNSAFE.message, 3, 5)])
    assert differences(case, [_found("rego_compile_error", UNSAFE.message, 3, 4)])
    assert differences(case, [])
    both = [_found(UNSAFE.code, m, 3, 4) for m in (UNSAFE.message, "var y is unsafe")]
    assert differences(case, both)


def test_the_judge_takes_generated_names_for_one() -> None:
    case = _case(Expected("rego_recursion_error", "rule p[__local3__] is", "p.rego", 1, 1))
    assert not differences(case, [_found("rego_recursion_error", "rule p[__local12__] is", 1, 1)])


def test_the_judge_lets_a_parser_say_more_but_not_less() -> None:
    case = _case(PARSE, Expected(PARSE.code, "expected value", "p.rego", 3, 4))
    better = "unexpected }: expected a term"
    assert not differences(case, [_found(PARSE.code, better, 3, 4)])
    assert not differences(case, [_found(PARSE.code, better, r, 4) for r in (3, 7)])
    assert differences(case, [_found(PARSE.code, better, r, 4) for r in (2, 3)])
    assert differences(case, [_found(PARSE.code, better, 3, 5)])
    assert differences(case, [_found(PARSE.code, "syntax error", 3, 4)])
    assert differences(case, [])


def test_the_judge_asks_for_the_words_of_a_case() -> None:
    case = _case(PARSE, says=("if",))
    assert differences(case, [_found(PARSE.code, PARSE.message, 3, 4)])
    assert not differences(case, [_found(PARSE.code, PARSE.message, 3, 4, hint="write if")])
