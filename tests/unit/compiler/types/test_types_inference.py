"""Inference over a policy set: errors, queries, and what is inferred again after a change."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
from tests.unit.compiler.types.compiled import errors, inferred, query_errors, resolved, signatures

from regolive.compiler.program import Stage
from regolive.compiler.types import Inferred, Schemas, infer_modules
from regolive.compiler.types.dependencies import order
from regolive.compiler.types.env import TypePath
from regolive.compiler.types.rules import Group, infer

LIB = 'package lib\n\nlimits := {"cpu": 4}\n\ndouble(x) := x * 2\n'
USE = "package use\n\nimport data.lib\n\na := lib.limits.cpu\n\nb := lib.double(a)\n\nc := b\n"
OTHER = "package other\n\nd := 1\n\ne := d\n"


def test_types_of_rules() -> None:
    env = inferred({"lib.rego": LIB, "use.rego": USE}).env
    assert str(env.type_of(("lib", "limits"))) == "object<cpu: number>"
    assert str(env.type_of(("lib", "double"))) == "(number) => number"
    assert str(env.type_of(("use", "c"))) == "number"
    assert env.type_of(("use", "nothing")) is None


def test_an_environment_survives_pickle() -> None:
    env = inferred({"lib.rego": LIB, "use.rego": USE, "other.rego": OTHER}).env
    again = pickle.loads(pickle.dumps(env))
    assert again.types() == env.types()
    assert again.root.extent() is env.root.extent()


def test_paths_of_any_length_survive_pickle() -> None:
    path = ".".join(["a"] * 3000)
    env = inferred(f"package p\n\nx.{path} := 1\n").env
    assert pickle.loads(pickle.dumps(env)).types() == env.types()


def test_a_finding_says_what_it_is_and_where() -> None:
    (finding,) = inferred(LIB + '\nx := data.lib.limits["cpus"]\n').findings
    found = finding.diagnostic
    assert finding.stage is Stage.TYPES
    assert found.code == "rego_type_error"
    assert str(found).splitlines() == [
        "policy.rego:7:6: rego_type_error: undefined ref: data.lib.limits.cpus",
        '    x := data.lib.limits["cpus"]',
        "         ^",
        "    data.lib.limits.cpus",
        "                    ^",
        '                    have: "cpus"',
        '                    want (one of): ["cpu"]',
        '    did you mean "cpu"?',
    ]
    assert found.details is not None
    assert found.details.fields == {
        "ref": [
            {"type": "var", "value": "data"},
            {"type": "string", "value": "lib"},
            {"type": "string", "value": "limits"},
            {"type": "string", "value": "cpus"},
        ],
        "pos": 3,
        "want": {"type": "string"},
        "oneOf": ["cpu"],
    }


def test_the_place_is_that_of_the_reference_itself() -> None:
    """OPA gives all references to rules of one package the place of the module's last."""
    text = 'package p\n\nq := {"a": 1}\n\nr := q.b\n\ns := q.c\n'
    assert errors(inferred(text)) == [
        "5:6 undefined ref: data.p.q.b",
        "7:6 undefined ref: data.p.q.c",
    ]


def test_the_fields_of_other_errors() -> None:
    text = 'package p\n\nq if 1 == "a"\n\nr := upper(1)\n'
    first, second = inferred(text).findings
    assert first.diagnostic.details is not None
    assert first.diagnostic.details.fields == {"a": {"type": "number"}, "b": {"type": "string"}}
    assert second.diagnostic.details is not None
    fields = second.diagnostic.details.fields
    assert fields["have"] == [{"type": "number"}, None]
    assert [arg["type"] for arg in fields["want"]["args"]] == ["string", "string"]


def test_queries() -> None:
    modules = {"lib.rego": LIB, "use.rego": USE}
    assert query_errors(modules, "x := data.lib.limits.cpu; x > 1") == []
    assert query_errors(modules, "x := data.lib.limits.mem") == [
        "1:6 undefined ref: data.lib.limits.mem"
    ]
    assert query_errors(modules, 'data.lib.double("a")') == [
        "1:1 data.lib.double: invalid argument(s)"
    ]
    assert query_errors(modules, "y := 1; upper(y)") == ["1:9 upper: invalid argument(s)"]
    schemas = Schemas({(): {"properties": {"user": {"type": "string"}}}})
    assert query_errors(modules, "input.usr", schemas) == ["1:1 undefined ref: input.usr"]


def test_a_query_leaves_the_environment_as_it_was() -> None:
    modules = {"lib.rego": LIB}
    env = inferred(modules).env
    before = dict(env.types())
    query_errors(modules, "data.other.rule == 1")
    assert env.types() == before


def test_a_bad_schema_of_input_is_the_only_error() -> None:
    made = inferred(
        {"lib.rego": LIB, "x.rego": "package x\n\ny := upper(1)\n"},
        Schemas({(): {"type": "strin"}}),
    )
    (finding,) = made.findings
    assert finding.diagnostic.location is None
    assert finding.diagnostic.message.startswith("unable to compile the schema: ")
    assert finding.stage is Stage.REFERENCES


# What is inferred again


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[TypePath]:
    """The paths that are inferred."""
    paths: list[TypePath] = []

    def spy(groups: Iterable[Group], *rest: Any) -> Any:
        groups = list(groups)
        paths.extend(group.path for group in groups)
        return infer(groups, *rest)

    monkeypatch.setattr("regolive.compiler.types.inference.infer", spy)
    return paths


def changed(
    texts: dict[str, str], file: str, text: str | None, looked_at: list[TypePath]
) -> tuple[Inferred, list[TypePath]]:
    """Infer some modules, change or remove one, and infer again."""
    before = dict(zip(texts, resolved(texts), strict=True))
    first = infer_modules(list(before.values()), signatures())
    after = dict(before)
    texts = {**texts}
    if text is None:
        del after[file], texts[file]
    else:
        texts[file] = text
        after[file] = dict(zip(texts, resolved(texts), strict=True))[file]
    looked_at.clear()
    again = infer_modules(list(after.values()), signatures(), None, first)
    seen = sorted(set(looked_at))
    fresh = infer_modules(list(after.values()), signatures())
    assert again.env.types() == fresh.env.types()
    assert errors(again) == errors(fresh)
    return again, seen


MODULES = {"lib.rego": LIB, "use.rego": USE, "other.rego": OTHER}


def test_nothing_is_inferred_again_without_a_change(looked_at: list[TypePath]) -> None:
    modules = resolved(MODULES)
    first = infer_modules(modules, signatures())
    looked_at.clear()
    again = infer_modules(modules, signatures(), None, first)
    assert looked_at == []
    assert again.env.types() == first.env.types()


def test_a_change_without_another_type_goes_no_further(looked_at: list[TypePath]) -> None:
    _, seen = changed(MODULES, "lib.rego", LIB.replace("4", "8"), looked_at)
    assert seen == [("lib", "double"), ("lib", "limits")]


def test_another_type_is_told_to_those_who_refer_to_it(looked_at: list[TypePath]) -> None:
    again, seen = changed(MODULES, "lib.rego", LIB.replace("4", '"four"'), looked_at)
    # c does not see a change: b is a number or anything, and was a number.
    assert {("use", "a"), ("use", "b")} <= set(seen)
    assert not {("other", "d"), ("other", "e")} & set(seen)
    assert errors(again) == ["7:6 data.lib.double: invalid argument(s)"]


def test_a_rule_that_is_gone_is_missed(looked_at: list[TypePath]) -> None:
    texts = {"a.rego": "package a\n\nx := 1\n", "b.rego": "package b\n\ny := upper(data.a.x)\n"}
    again, seen = changed(texts, "a.rego", None, looked_at)
    assert seen == [("b", "y")]
    assert errors(again) == []


def test_a_rule_that_is_new_is_noticed(looked_at: list[TypePath]) -> None:
    texts = {"a.rego": "package a\n\nz := 1\n", "b.rego": "package b\n\ny := upper(data.a.x)\n"}
    again, seen = changed(texts, "a.rego", "package a\n\nx := 1\n", looked_at)
    assert ("b", "y") in seen
    assert errors(again) == ["3:6 upper: invalid argument(s)"]


def test_another_annotation_is_for_all_rules_of_its_package(looked_at: list[TypePath]) -> None:
    texts = {"a.rego": "package p\n\nx := input.a\n", "b.rego": "package p\n\ny := input.b\n"}
    schema = '{"properties": {"a": {"type": "number"}}}'
    annotated = f"# METADATA\n# scope: package\n# schemas:\n# - input: {schema}\n" + texts["a.rego"]
    again, _ = changed(texts, "a.rego", annotated, looked_at)
    assert errors(again) == ["3:6 undefined ref: input.b"]
    assert str(again.env.type_of(("p", "x"))) == "number"


_VALUES = ("1", '"a"', '{"k": 1}', "[1]", "{below}", "{below} + 1", "upper({below})", "{below}.k")
_RULES = 24


def _set_of_rules(values: list[str]) -> dict[str, str]:
    """Modules of four rules each, of which each rule may refer to those before it."""
    texts: dict[str, str] = {}
    for number, value in enumerate(values):
        package = f"m{number // 4}"
        text = texts.setdefault(f"{package}.rego", f"package {package}\n")
        texts[f"{package}.rego"] = f"{text}\nr{number} := {value}\n"
    return texts


def test_any_change_of_a_set_gives_what_a_fresh_start_gives() -> None:
    random = Random(11)

    def value(number: int) -> str:
        below = random.randrange(number) if number else 0
        kinds = _VALUES if number else _VALUES[:4]
        return random.choice(kinds).replace("{below}", f"data.m{below // 4}.r{below}")

    values = [value(number) for number in range(_RULES)]
    texts = _set_of_rules(values)
    modules = dict(zip(texts, resolved(texts), strict=True))
    known = infer_modules(list(modules.values()), signatures())
    wrong: set[int] = set()
    for _ in range(60):
        number = random.randrange(_RULES)
        values[number] = value(number)
        file = f"m{number // 4}.rego"
        texts = _set_of_rules(values)
        modules[file] = dict(zip(texts, resolved(texts), strict=True))[file]
        known = infer_modules(list(modules.values()), signatures(), None, known)
        fresh = infer_modules(list(modules.values()), signatures())
        assert known.env.types() == fresh.env.types()
        assert errors(known) == errors(fresh)
        wrong.add(len(known.findings))
    assert len(wrong) > 3  # the changes made and mended errors


def test_order_puts_needs_first_and_ends_in_circles() -> None:
    needs: dict[TypePath, list[TypePath]] = {
        ("a",): [("b",), ("c",)],
        ("b",): [("c",)],
        ("c",): [],
        ("x",): [("y",)],
        ("y",): [("x",)],
    }
    found = order(list(needs), needs)
    assert found[:3] == [("c",), ("b",), ("a",)]
    assert sorted(found) == sorted(needs)


def test_long_chains_of_rules_are_inferred() -> None:
    rules = "".join(f"x{n} := x{n - 1}\n\n" for n in range(1, 1500))
    made = inferred(f"package p\n\n{rules}x0 := 1\n")
    assert str(made.env.type_of(("p", "x1499"))) == "number"


def test_many_rules_of_one_path_are_inferred_in_time() -> None:
    kinds = {
        "object": 'p[i] := {{"a{n}": i}} if some i in input.x\n',
        "set": 'p contains {{"a{n}": {n}}}\n',
        "function": 'p(x) := {{"a{n}": 1}} if x == {n}\n',
    }
    for rule in kinds.values():
        text = "package p\n\n" + "".join(rule.format(n=n) for n in range(400))
        assert errors(inferred(text)) == []


def test_a_query_needs_no_rules() -> None:
    assert query_errors({"a.rego": "package a\n"}, "data.b.c == input.d") == []
