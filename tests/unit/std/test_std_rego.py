"""``rego.parse_module``: the tree of a module as a value."""

from __future__ import annotations

import pytest

from regolive import BuiltinError
from regolive_std.rego_ import rego_parse_module


def test_the_tree_is_opas() -> None:
    found = rego_parse_module("a.rego", "package a\np if x # c\n# METADATA\n# title: 1\nq := 1.5")
    assert found["package"]["path"][1] == {"type": "string", "value": "a"}
    assert [rule["head"]["name"] for rule in found["rules"]] == ["p", "q"]
    # Blocks are comments here, as in OPA.
    assert "annotations" not in found
    assert [c["Location"]["row"] for c in found["comments"]] == [2, 3, 4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("package a.", "1 error occurred: a.rego:1:10: rego_parse_error: unexpected eof token"),
        ("", "1 error occurred: a.rego: rego_parse_error: empty module"),
        ("package a\np := ]\nq := )", "2 errors occurred: a.rego:2:6: rego_parse_error"),
        ("package a\np { x }", "`if` keyword is required before rule body"),
    ],
)
def test_what_is_no_module_is_an_error(text: str, said: str) -> None:
    with pytest.raises(BuiltinError) as error:
        rego_parse_module("a.rego", text)
    assert said in str(error.value)
    assert str(error.value).count("rego.parse_module") >= 1
