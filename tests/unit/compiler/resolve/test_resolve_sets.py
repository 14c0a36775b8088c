"""Modules together: packages, annotations, what one module can see of others."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.resolving import check_resolved, options, resolve_set, said, written

from regolive.compiler.program import Stage
from regolive.compiler.resolve import exports, resolve_module
from regolive.syntax import parse_module

NOTE = "# METADATA\n# scope: {}\n# title: x\n"


def test_a_package_is_not_where_a_rule_is() -> None:
    _, found = resolve_set(
        {"a.rego": "package a\n\nb := 1\n", "b.rego": "package a.b\n\nc := 1\n\nd := 2\n"}
    )
    assert said(found) == [
        ("1:1", "package a.b conflicts with rule b defined at a.rego:3"),
        (
            "3:1",
            "rule data.a.b conflicts with:\n"
            "  rule data.a.b.c at b.rego:3\n"
            "  rule data.a.b.d at b.rego:5",
        ),
    ]


def test_an_empty_package_is_not_where_a_rule_is_either() -> None:
    _, found = resolve_set({"a.rego": "package a\nb.c := 1\n", "b.rego": "package a.b.c\n"})
    assert said(found) == [("1:1", "package a.b.c conflicts with rule b.c defined at a.rego:2")]


def test_a_head_with_variables_shares_its_path_with_packages() -> None:
    _, found = resolve_set(
        {"a.rego": "package a\nb[x].c := 1 if x := 1\n", "b.rego": "package a.b.c\nd := 1\n"}
    )
    assert found == []


def test_several_defaults_in_several_modules() -> None:
    _, found = resolve_set(
        {
            "a.rego": "# first\npackage a\n\ndefault p := 1\n",
            "b.rego": "package a\ndefault p := 2\n",
        }
    )
    message = "multiple default rules data.a.p found at a.rego:4, b.rego:2"
    assert said(found) == [("2:1", message)]
    assert found[0].diagnostic.location is not None
    assert found[0].diagnostic.location.file == "a.rego"


def test_rules_of_other_modules_of_the_package_are_in_sight() -> None:
    resolved, found = resolve_set(
        {"a.rego": "package a\nq := f(r)\n", "b.rego": "package a\nf(x) := x\nr := 1\n"}
    )
    assert not found
    check_resolved(resolved[0])
    assert written(resolved[0].rules[0].body).startswith("data.a.f(data.a.r, ")


def test_recursion_goes_through_modules() -> None:
    _, found = resolve_set(
        {
            "a.rego": "package a\nimport data.b\n\np := b.q\n",
            "b.rego": "package b\nq := data.a[input.name]\n",
        }
    )
    assert said(found) == [
        ("4:1", "rule data.a.p is recursive: data.a.p -> data.b.q -> data.a.p"),
        ("2:1", "rule data.b.q is recursive: data.b.q -> data.a.p -> data.b.q"),
    ]


def test_many_rules_in_a_row_are_no_recursion_of_ours() -> None:
    text = "\n".join(f"r{i} := r{i + 1}" for i in range(3000))
    _, found = resolve_set({"p.rego": f"package p\n{text}\nr3000 := 1\n"})
    assert found == []
    _, found = resolve_set({"p.rego": f"package p\n{text}\nr3000 := r2999\n"})
    assert len(found) == 2


def test_annotations_of_a_package_stand_in_one_place() -> None:
    for scope in ("package", "subpackages"):
        note = NOTE.format(scope)
        _, found = resolve_set(
            {"a.rego": f"{note}package a\np := 1\n", "b.rego": f"\n{note}package a\nq := 1\n"}
        )
        assert said(found) == [("2:1", f"{scope} annotation redeclared: a.rego:1")]
        assert found[0].stage is Stage.ANNOTATIONS


def test_annotations_of_a_document_stand_in_one_place() -> None:
    note = NOTE.format("document")
    _, found = resolve_set({"a.rego": f"package a\n{note}p := 1 if input.a\n{note}p := 2\n"})
    assert said(found) == [("6:1", "document annotation redeclared: a.rego:2")]


def test_annotations_of_other_documents_do_not_count() -> None:
    note = NOTE.format("document")
    _, found = resolve_set({"a.rego": f"package a\n{note}p := 1\n{note}q := 2\n"})
    assert found == []


def test_an_earlier_stage_hides_later_ones_in_all_modules() -> None:
    _, found = resolve_set(
        {
            "a.rego": "package a\np := nofn(1)\nq := x\n",
            "b.rego": "package b\np if { x := 1; x := 2 }\n",
        }
    )
    assert said(found) == [("2:16", "var x assigned above")]
    assert found[0].diagnostic.code == "rego_compile_error"


def test_codes() -> None:
    codes = {
        "p if { x := 1; x := 2 }": "rego_compile_error",
        "p := nofn(1)": "rego_type_error",
        "p := x": "rego_unsafe_var_error",
        "p := p": "rego_recursion_error",
        "p := 1\np contains 2": "rego_type_error",
        "p := any([])": "rego_type_error",
    }
    for text, code in codes.items():
        _, found = resolve_set({"a.rego": f"package a\n{text}\n"})
        assert {f.diagnostic.code for f in found} == {code}, text


def test_a_misspelt_function_is_named_as_the_policy_would_write_it() -> None:
    modules = {
        "a.rego": "package a\nallowed(x) := x\n"
        "p := allwed(1)\nq := cuont([])\nr := data.b.tims(1)\n",
        "b.rego": "package b\ntimes(x) := x\n",
    }
    _, found = resolve_set(modules)
    hints = [f.diagnostic.hint for f in found]
    assert hints == [
        "perhaps you meant allowed",
        "perhaps you meant count",
        "perhaps you meant data.b.times",
    ]


def test_what_is_deprecated_is_said_with_what_to_write() -> None:
    _, found = resolve_set({"a.rego": 'package a\np if re_match("a", "b")\n'})
    assert found[0].diagnostic.hint == "use `regex.match`"


def test_exports_are_equal_where_modules_tell_the_same() -> None:
    text = f"{NOTE.format('package')}package a\n\nf(x) := x\np := f(1)\n"
    first = exports([parse_module(text, "a.rego")])
    assert first == exports([parse_module(text + "\n# more\np := 2\n", "a.rego")])
    assert first != exports([parse_module(text.replace("title: x", "title: y"), "a.rego")])
    assert first != exports([parse_module(text + "g(x, y) := x\n", "a.rego")])
    assert first.functions == {("a", "f"): 1}
    assert first.rules == {("a",): {"f", "p"}}


def test_print_can_be_left_out() -> None:
    module = parse_module("package a\np if { print(1); input.a }\nq if print(2)\n", "a.rego")
    exported = exports([module])
    resolved, found = resolve_module(module, exported, replace(options(), keep_prints=False))
    assert not found
    assert [written(rule.body) for rule in resolved.rules] == ["input.a", "true"]


PREFIXES = "rule_head_ref_string_prefixes"


@pytest.mark.parametrize(
    ("features", "text", "refused"),
    [
        ((), "p.q = 1", None),
        ((), "p[x] { x := 1 }", None),
        ((), "p[x] = 1 { x := 1 }", None),
        ((), "f(x) = 1", None),
        ((), "default p = 1", None),
        ((), "p.q.r = 1", ("compile", "refs", "p.q.r")),
        ((), "p.f(x) = 1", ("compile", "refs", "p.f")),
        ((), "p.q[x] { x := 1 }", ("compile", "refs", "p.q[x]")),
        ((), "p[x].y = 1 { x := 1 }", ("compile", "refs", "p[x].y")),
        ((), "default p.q = 1", ("compile", "refs", "p.q")),
        ((PREFIXES,), "p.q.r.s = 1", None),
        ((PREFIXES,), "p.q[x] = 1 { x := 1 }", None),
        ((PREFIXES,), "p.f(x) = 1", None),
        (
            (PREFIXES,),
            "p[x].y = 1 { x := 1 }",
            ("type", "general refs (containing variables)", "p[x].y"),
        ),
        (("rule_head_refs",), "p[x].y = 1 { x := 1 }", None),
        (("rego_v1",), "p[x].y = 1 { x := 1 }", None),
        (None, "p[x].y = 1 { x := 1 }", None),
    ],
)
def test_capabilities_say_what_a_head_may_be(features, text, refused) -> None:
    """The answers are those of ``opa check --v0-compatible --capabilities``, 1.20.2."""
    allowed = None if features is None else frozenset(features)
    narrow = replace(options(), features=allowed)
    module = parse_module(f"package a\n{text}\n", "a.rego", v0_compatible=True)
    _, found = resolve_module(module, exports([module]), narrow)
    expected = []
    if refused is not None:
        kind, what, shown = refused
        message = f"rule heads with {what} are not supported: {shown}"
        expected = [(Stage.HEAD_REFERENCES, f"rego_{kind}_error", message)]
    assert [(f.stage, f.diagnostic.code, f.diagnostic.message) for f in found] == expected
