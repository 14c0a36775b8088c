"""``METADATA`` blocks: fields, scopes, what they belong to, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from regolive.errors import Diagnostic, PolicyError
from regolive.syntax import parse_module


def block(*lines: str) -> str:
    return "# METADATA\n" + "".join(f"# {line}\n" for line in lines)


def fields(*lines: str) -> dict[str, Any]:
    """The fields of a block before a package."""
    (found,) = parse_module(block(*lines) + "package p\n").annotations
    return found.fields


def wrong(*lines: str) -> Diagnostic:
    with pytest.raises(PolicyError) as error:
        parse_module(block(*lines) + "package p\n", "a.rego")
    (found,) = error.value.diagnostics
    assert found.code == "rego_parse_error"
    assert found.hint
    return found


FIELDS = {
    "title: My title": {"title": "My title"},
    "description: |\n  two\n  lines": {"description": "two\nlines\n"},
    "organizations: [a, 'b c']": {"organizations": ["a", "b c"]},
    "authors:\n- Ann B. <ann@b.c>\n- name: Bob\n  email: b@c.d\n- Just Name": {
        "authors": [
            {"name": "Ann B.", "email": "ann@b.c"},
            {"name": "Bob", "email": "b@c.d"},
            {"name": "Just Name"},
        ]
    },
    "related_resources:\n- https://a.b/c?d=e f\n- ref: http://x\n  description: d": {
        "related_resources": [
            {"ref": "https://a.b/c?d=e f"},
            {"description": "d", "ref": "http://x"},
        ]
    },
    "entrypoint: true": {"entrypoint": True},
    "entrypoint: yes": {"entrypoint": True},
    "entrypoint: false": {},
    "title: 1.50": {"title": "1.50"},
    "title: ~": {},
    "unknown: [field]": {},
    "custom: {a: {b: [1, 2.5, true, null, x, '1']}}": {
        "custom": {"a": {"b": [1, 2.5, True, None, "x", "1"]}}
    },
    # YAML 1.2: these are no booleans, and numbers have other bases.
    "custom: {a: [yes, no, on, 0x10, 0o17, 010, 1_000, 1e3, +1, 1:30]}": {
        "custom": {"a": ["yes", "no", "on", 16, 15, 8, 1000, 1000.0, 1, "1:30"]}
    },
    "custom: {a: 2001-01-01, b: 2001-01-01T10:00:00.5Z, 1: 2}": {
        "custom": {"a": "2001-01-01T00:00:00Z", "b": "2001-01-01T10:00:00.5Z", "1": 2}
    },
    "custom: {a: &x [1], b: *x, <<: {c: 3}}": {"custom": {"c": 3, "a": [1], "b": [1]}},
    "custom: {a: !!str 1, b: !!binary aGk=}": {"custom": {"a": "1", "b": "hi"}},
    "labels: {team: x}": {"labels": {"team": "x"}},
    'schemas:\n- input: schema.a["b-c"]\n- data.x: {type: object}': {
        "schemas": [
            {
                "path": [{"type": "var", "value": "input"}],
                "schema": [
                    {"type": "var", "value": "schema"},
                    {"type": "string", "value": "a"},
                    {"type": "string", "value": "b-c"},
                ],
            },
            {
                "path": [{"type": "var", "value": "data"}, {"type": "string", "value": "x"}],
                "definition": {"type": "object"},
            },
        ]
    },
    "compile:\n  unknowns: [input.x]\n  mask_rule: m": {
        "compile": {
            "unknowns": [[{"type": "var", "value": "input"}, {"type": "string", "value": "x"}]],
            "mask_rule": [{"type": "var", "value": "m"}],
        }
    },
    "compile: {}": {"compile": {}},
}


@pytest.mark.parametrize(("text", "expected"), FIELDS.items())
def test_fields(text: str, expected: dict[str, Any]) -> None:
    assert fields(*text.split("\n")) == expected


# The row of the block is 1, its first line is row 2. Rows are OPA's, which counts one too many
# where its YAML library names a line.
WRONG = {
    "": (1, "expected METADATA block, found whitespace"),
    "title: [a]": (2, "cannot unmarshal !!seq into string"),
    "entrypoint: maybe": (2, "cannot unmarshal !!str `maybe` into bool"),
    "organizations: a": (2, "cannot unmarshal !!str `a` into []string"),
    "- a": (2, "cannot unmarshal !!seq into ast.rawAnnotation"),
    "title:x": (2, "cannot unmarshal !!str `title:x` into ast.rawAnnotation"),
    "title: a: b": (2, "yaml: mapping values are not allowed"),
    "title: x\ntitle: y": (3, 'mapping key "title" already defined at line 1'),
    "title: x\ncustom:\n  a: [1\ndescription: z": (4, "yaml: line 2: did not find expected ',' or"),
    "custom:\n\ta: b": (3, "yaml: line 2: found character that cannot start any token"),
    "title: 'x": (2, "yaml: line 2: found unexpected end of stream"),
    "title: *nothing": (2, "yaml: "),
    "title: !!int x": (2, "yaml: cannot decode !!str `x` as a !!int"),
    "custom: &a [*a]": (2, "cannot unmarshal !!seq"),
    "custom: {a: &a [*a]}": (2, "yaml: anchor value contains itself"),
    "custom: {a: {1: 2}}": (1, "invalid map key type(s): "),
    "authors: ['']": (1, "invalid author definition : author is an empty string"),
    "authors: [1]": (1, "invalid author definition 1: invalid value type, must be string or map"),
    "authors: [{name: ''}]": (1, "'name' and/or 'email' values required in object"),
    "related_resources: ['']": (1, "ref URL may not be empty string"),
    "related_resources: [{description: x}]": (1, "'ref' value required in object"),
    "related_resources: ['http://[']": (1, "missing ']' in host"),
    "related_resources: ['%zz']": (1, 'invalid URL escape "%zz"'),
    "schemas: [{input: foo}]": (1, "invalid schema reference"),
    "schemas: [{foo: schema.a}]": (1, "invalid document reference"),
    "schemas: [{input: 1}]": (1, 'invalid schema declaration for path "input"'),
    "compile: {unknowns: ['1 +']}": (1, 'invalid unknowns element "1 +"'),
    "compile: {mask_rule: '1'}": (1, 'invalid mask_rule annotation type "1"'),
    "scope: module": (1, "invalid annotation scope 'module'"),
    "scope: rule": (1, "annotation scope 'rule' must be applied to rule (have package)"),
    "entrypoint: true\nscope: subpackages": (1, "entrypoint applied to non-document or package"),
}


@pytest.mark.parametrize(("text", "place_and_message"), WRONG.items())
def test_what_is_wrong_is_said_with_its_place(
    text: str, place_and_message: tuple[int, str]
) -> None:
    row, message = place_and_message
    with pytest.raises(PolicyError) as error:
        parse_module(block(*text.split("\n")) + "package p\n")
    (found,) = error.value.diagnostics
    assert found.location is not None
    assert (found.location.row, found.location.col) == (row, 1)
    assert message in found.message


def test_tabs_and_missing_spaces_are_explained() -> None:
    assert "tabs" in (wrong("custom:", "\ta: b").hint or "")
    assert "space must follow the `:`" in (wrong("title:x", "a: b: c").hint or "")
    assert "`true` or `false`" in (wrong("entrypoint: maybe").hint or "")


def test_endless_aliases_are_an_error() -> None:
    lines = ["custom:", "  a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for one, other in ("ba", "cb", "dc", "ed", "fe", "gf", "hg", "ih"):
        lines.append(f"  {one}: &{one} [{', '.join(['*' + other] * 9)}]")
    assert "excessive aliasing" in wrong(*lines).message


MODULE = f"""\
{block("scope: subpackages", "title: S")}
{block("title: P")}package p

{block("title: R")}p if input.x

{block("scope: document", "title: D")}p if input.y

{block("entrypoint: true")}q := 1

{block("title: first")}
{block("title: second")}r if true

r if false

s.t[x] := 1 if x := 2

# no METADATA
u := 1
"""


def test_scopes_and_what_blocks_belong_to() -> None:
    module = parse_module(MODULE)
    assert [(a.scope, a.fields.get("title")) for a in module.annotations] == [
        ("subpackages", "S"),
        ("package", "P"),
        ("rule", "R"),
        ("document", "D"),
        ("document", None),
        ("rule", "first"),
        ("rule", "second"),
    ]
    assert [a.fields.get("title") for a in module.package.annotations] == ["S", "P"]
    titles = [[a.fields.get("title") for a in rule.annotations] for rule in module.rules]
    # A document's block is of all rules of the name. Of two blocks before a rule one is used up:
    # so OPA gives the other to the next rule of the name.
    assert titles == [["R", "D"], ["D"], [None], ["first", "second"], ["first"], [], []]


def test_a_block_ends_with_the_first_line_that_is_none_of_its_own() -> None:
    text = "# METADATA\n# title: x\n\n# - {not: yaml\npackage p\n # METADATA\n # - [\np := 1\n"
    assert [a.fields for a in parse_module(text).annotations] == [{"title": "x"}]


def test_a_block_at_the_end_belongs_to_nothing() -> None:
    with pytest.raises(PolicyError) as error:
        parse_module("package p\n" + block("title: x"))
    assert error.value.diagnostics[0].hint == "nothing stands behind this block"


def test_blocks_need_not_be_read() -> None:
    module = parse_module(block("- ][") + "package p\n", annotations=False)
    assert (module.annotations, len(module.comments)) == ((), 2)
