"""Every node knows its place, and the places of a tree are in order."""

from __future__ import annotations

import pytest
from tests.fuzz.seeds import repository_policies

from regolive.syntax import nodes as n
from regolive.syntax import parse_module
from regolive.syntax.visitor import children, walk

TEXT = """\
package a.b

import data.x as y

p contains (a + b) * c if {
	not input.x with input as 1
	some k, v in y
	[f(1) | {2: -3}]
}
else_ := $"{p} é" if p
"""

# What stands there, and the row and column of its first character.
PLACES = [
    (n.Package, "package a.b", 1, 1),
    (n.Import, "import data.x as y", 3, 1),
    (n.Head, "p contains (a + b) * c", 5, 1),
    (n.Call, "(a + b) * c", 5, 13),
    (n.Call, "(a + b)", 5, 13),
    (n.Expr, "not input.x with input as 1", 6, 2),
    (n.Ref, "input.x", 6, 6),
    (n.With, "with input as 1", 6, 14),
    (n.SomeDecl, "some", 7, 2),
    (n.Call, "k, v in y", 7, 7),
    (n.ArrayComp, "[f(1) | {2: -3}]", 8, 2),
    (n.Call, "f(1)", 8, 3),
    (n.Number, "-3", 8, 14),
    (n.TemplateString, '$"{p} é"', 10, 10),
    (n.Expr, "p", 10, 22),
]


@pytest.mark.parametrize(("kind", "text", "row", "col"), PLACES)
def test_places(kind: type[n.Node], text: str, row: int, col: int) -> None:
    module = parse_module(TEXT, "a.rego")
    found = [(node.loc.text, node.loc.row, node.loc.col) for node in walk(module)
             if type(node) is kind]  # fmt: skip
    assert (text, row, col) in found


def test_a_place_knows_its_file() -> None:
    rule = parse_module(TEXT, "a.rego").rules[1]
    assert (rule.loc.file, str(rule.loc)) == ("a.rego", "a.rego:10:1")
    assert rule.loc.source.line(10) == 'else_ := $"{p} é" if p'


def test_nodes_stand_inside_of_what_they_belong_to() -> None:
    for text in repository_policies():
        for node in walk(parse_module(text)):
            assert 0 <= node.loc.start <= node.loc.end <= len(text)
            if isinstance(node, (n.Head, n.Call, n.Every)):
                continue  # heads are shared by bodies, operators stand between their operands
            for below in children(node):
                assert node.loc.start <= below.loc.start or isinstance(node, n.Rule)
