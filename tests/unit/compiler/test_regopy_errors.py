"""What is wrong with a policy is said with code, place, source line and caret."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from regolive.compiler import UndefinedFunctionError
from regolive.compiler.regopy_errors import Texts, diagnose
from regolive.errors import Diagnostic, Location, PolicyError

Refused = Callable[..., PolicyError]


def test_an_error_has_place_line_and_caret(refused: Refused) -> None:
    error = refused("package a\n\nallow if {\n\tinput.x ==\n}\n")
    assert str(error) == (
        "m0.rego:4:10: rego_parse_error: Invalid boolean operator\n     input.x ==\n             ^"
    )


def test_the_refused_membership_of_the_incident(refused: Refused) -> None:
    error = refused(
        "package policy.ref\n\nallow if {\n"
        "\tinput.principal.ownedFolders[_] in graph.reachable(data.folders, {input.folder})\n}\n",
        entry="policy/ref/allow",
    )
    (diagnostic,) = error.diagnostics
    assert diagnostic.message == "Invalid bracket argument"
    assert diagnostic.location == Location("m0.rego", 4, 31)
    assert diagnostic.line is not None
    assert "ownedFolders[_] in" in diagnostic.line


def test_several_errors_are_reported_together(refused: Refused) -> None:
    error = refused(
        "package a\np if input ==\n", "package b\nq if {\n", "package c\n", "package d\nr := :=\n"
    )
    assert {d.location.file for d in error.diagnostics if d.location} == {
        "m0.rego",
        "m1.rego",
        "m3.rego",
    }


def test_columns_count_characters(refused: Refused) -> None:
    (diagnostic,) = refused('package a\np if { "é✓" == "é" ; input == }\n').diagnostics
    assert diagnostic.location == Location("m0.rego", 2, 28)


def test_a_syntax_error_is_placed_at_the_part_that_is_wrong(refused: Refused) -> None:
    text = "package a\n\np := 1\n\nq := 2\n\nr := x with input as 1\n"
    (diagnostic,) = refused(text).diagnostics
    assert diagnostic.location == Location("m0.rego", 7, 1)
    assert diagnostic.line == "r := x with input as 1"


def test_an_error_in_the_query_has_a_place_in_the_query(refused: Refused) -> None:
    (diagnostic,) = refused(query="data.a.b = ").diagnostics
    assert diagnostic.location == Location("<query>", 1, 10)
    assert diagnostic.line == "data.a.b = "


def test_an_undefined_function_names_place_and_nearest(refused: Refused) -> None:
    error = refused("package a\n\nallow if {\n\tinput.x\n\tnot acme.flak(input.y)\n}\n")
    assert isinstance(error, UndefinedFunctionError)
    assert error.names == ("acme.flak",)
    assert str(error) == (
        "m0.rego:5:6: rego_type_error: undefined function acme.flak\n"
        "     not acme.flak(input.y)\n"
        "         ^\n"
        "    perhaps you meant acme.flag"
    )


def test_a_function_of_another_package_can_be_the_nearest(refused: Refused) -> None:
    error = refused("package a\np := data.lib.helpr(1)\n", "package lib\nhelper(x) := x\n")
    (diagnostic,) = error.diagnostics
    assert diagnostic.message == "undefined function data.lib.helpr"
    assert diagnostic.hint == "perhaps you meant data.lib.helper"


def test_a_builtin_that_only_regopy_knows_is_undefined(refused: Refused) -> None:
    error = refused('package a\np := base64.encode("a")\nq := http.send({})\n')
    assert isinstance(error, UndefinedFunctionError)
    assert set(error.names) == {"base64.encode", "http.send"}
    rows = [d.location.row for d in error.diagnostics if d.location]
    assert sorted(rows) == [2, 3]


def test_an_undefined_function_in_the_query(refused: Refused) -> None:
    (diagnostic,) = refused(query="x := 1; acme.nope(x)").diagnostics
    assert diagnostic.location == Location("<query>", 1, 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("acme.double(1, 2, 3)", "acme.double: arity mismatch: takes 1 arguments, 3 given"),
        ("acme.double()", "acme.double: arity mismatch: takes 1 arguments, 0 given"),
        ("count(1, 2, 3)", "count: arity mismatch: takes 1 arguments, 3 given"),
        ("f(1)", "data.a.f: arity mismatch: takes 2 arguments, 1 given"),
        ("f(1, 2, 3, 4)", "data.a.f: arity mismatch: takes 2 arguments, 4 given"),
    ],
)
def test_a_wrong_number_of_arguments(refused: Refused, call: str, message: str) -> None:
    error = refused(f"package a\np if {{ {call} }}\nf(x, y) := [x, y]\n")
    (diagnostic,) = error.diagnostics
    assert (diagnostic.code, diagnostic.message) == ("rego_type_error", message)
    assert diagnostic.location == Location("m0.rego", 2, 8)


def test_a_rule_that_needs_itself(refused: Refused) -> None:
    error = refused("package a\np if q\nq if r\nr if not p\ns if q\n")
    (diagnostic,) = error.diagnostics
    assert diagnostic.code == "rego_recursion_error"
    assert "data.a.p -> data.a.q -> data.a.r -> data.a.p" in diagnostic.message


def test_a_variable_that_nothing_binds(refused: Refused) -> None:
    error = refused("package a\np if {\n\tinput.x == y\n}\n")
    (diagnostic,) = error.diagnostics
    assert diagnostic.code == "rego_unsafe_var_error"
    assert diagnostic.location == Location("m0.rego", 3, 2)


def test_a_bad_entrypoint(refused: Refused) -> None:
    (diagnostic,) = refused(entry="data.a[x]").diagnostics
    assert diagnostic.code == "rego_compile_error"


PRINTED = """Errors:
Invalid bracket argument
-- m.rego:2:3
p if x
  ~~

--
wellformed_error
~~~~~~~~~~~~~~~~

Pass merge failed with 1 error!
""".replace("--\nwell", "-- \nwell")


def test_what_was_printed_is_enough(refused: Refused) -> None:
    texts = Texts({"m.rego": "package a\np if x\n"}, {"m.rego": "dir/m.rego"}, None)
    found = Diagnostic(
        "rego_parse_error", "Invalid bracket argument", Location("dir/m.rego", 2, 3), "p if x"
    )
    assert diagnose([], PRINTED + "\n" + PRINTED, texts) == [found]


def test_an_error_of_an_unknown_form_is_still_an_error() -> None:
    (diagnostic,) = diagnose(["something else"], "", Texts({}, {}, None))
    assert diagnostic.message == "something else"
