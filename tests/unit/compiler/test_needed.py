"""Which modules a query needs: never one too few."""

from __future__ import annotations

from regolive.compiler import CompileRequest, get_front_end
from regolive.compiler.needed import needed_modules

MODULES = {
    "a.rego": "package a\nallow if data.b.c.ok",
    "b.rego": "package b.c\nok if input.x",
    "b2.rego": "package b.c\nmore := 1",
    "odd.rego": 'package odd["na-me"]\nx := 1',
    "test.rego": 'package a_test\ntest_a if data.a.allow with input as {"x": 1}',
}


def needed(**what: object) -> set[str]:
    return set(needed_modules(CompileRequest(modules=MODULES, **what)))  # type: ignore[arg-type]


def test_follows_references_through_modules() -> None:
    assert needed(entrypoints=("data.a.allow",)) == {"a.rego", "b.rego", "b2.rego"}


def test_a_package_above_needs_those_below() -> None:
    assert needed(entrypoints=("data.b",)) == {"b.rego", "b2.rego"}


def test_quoted_steps() -> None:
    assert needed(query='x := data.odd["na-me"].x') == {"odd.rego"}


def test_a_dynamic_reference_needs_everything_below() -> None:
    assert needed(query="data[x]") == set(MODULES)


def test_a_module_without_package_forbids_judgement() -> None:
    modules = {**MODULES, "bad.rego": "p := 1"}
    assert needed_modules(CompileRequest(modules=modules, entrypoints=("data.b",))) is modules


def test_modules_that_crash_regopy_are_left_out_when_not_needed() -> None:
    modules = {
        "a.rego": "package a\nallow if other\nother if input.x",
        "a_test.rego": 'package a_test\ntest_x if { data.a.allow with input as {"x": 1} }',
    }
    front_end = get_front_end()
    try:
        for _ in range(2):  # the second time without trying what crashed
            policy = front_end.compile(
                CompileRequest(modules=modules, entrypoints=("data.a.allow",))
            )
            assert [p.name for p in policy.plans] == ["a/allow"]
            assert list(policy.sources) == ["a.rego"]
    finally:
        front_end.close()
