"""``rego.metadata.rule()`` and ``.chain()`` become constants, made of annotations."""

from __future__ import annotations

import json
from typing import Any

from tests.resolving import check_resolved, query_over, resolve_set

from regolive.syntax import nodes as n

POLICY = """# METADATA
# scope: package
# title: the package
package acme.rbac

# METADATA
# scope: document
# description: the document
# custom: {level: 2.5, tags: [a, null, true]}

# METADATA
# title: the rule
# authors:
# - Jane <jane@acme.org>
# related_resources:
# - https://acme.org/rbac
# schemas:
# - input.user: schema.user
# - data.roles: {type: object}
allow := rego.metadata.rule() if input.a

allow := rego.metadata.chain() if input.b

deny := [rego.metadata.rule(), count(rego.metadata.chain())] if input.c

else := rego.metadata.chain()
"""
ABOVE = "# METADATA\n# scope: subpackages\n# title: above\npackage acme\n"
BESIDE = "# METADATA\n# scope: package\n# title: not of those below\npackage acme\n"


def constants(modules: dict[str, str], file: str = "p.rego") -> list[Any]:
    """The constants that a module's rules have been given, in their order."""
    resolved, found = resolve_set(modules)
    assert not found
    found_values = []
    for module in resolved:
        check_resolved(module)
        if module.file == file:
            for rule in module.rules:
                link: n.Rule | None = rule
                while link is not None:
                    found_values += [_value(term) for term in _composites(link)]
                    link = link.else_
    return found_values


def _composites(rule: n.Rule) -> list[n.Term]:
    """The objects and arrays that are a side of ``=``, an operand, or an element of these."""
    found = []
    for expr in rule.body:
        assert isinstance(expr.term, n.Call | n.Term)
        for arg in expr.term.args if isinstance(expr.term, n.Call) else ():
            if isinstance(arg, n.Array | n.Object):
                found.append(arg)
    if isinstance(rule.head.value, n.Array | n.Object):
        found.append(rule.head.value)
    return found


def _value(term: n.Term) -> Any:
    match term:
        case n.Object():
            return {_value(key): _value(value) for key, value in term.pairs}
        case n.Array():
            return [_value(item) for item in term.items]
        case n.Scalar():
            return term.value
        case n.Number():
            return json.loads(term.text)
    return "?"


RULE = {
    "scope": "rule",
    "title": "the rule",
    "authors": [{"name": "Jane", "email": "jane@acme.org"}],
    "related_resources": [{"ref": "https://acme.org/rbac"}],
    "schemas": [
        {"path": ["input", "user"], "schema": ["schema", "user"]},
        {"path": ["data", "roles"], "definition": {"type": "object"}},
    ],
}
DOCUMENT = {
    "path": ["acme", "rbac", "allow"],
    "annotations": {
        "scope": "document",
        "description": "the document",
        "custom": {"level": 2.5, "tags": ["a", None, True]},
    },
}
PACKAGE = {
    "path": ["acme", "rbac"],
    "annotations": {"scope": "package", "title": "the package"},
}
UP = {"path": ["acme"], "annotations": {"scope": "subpackages", "title": "above"}}


def test_a_rule_knows_its_own_annotations_and_the_chain_those_above() -> None:
    rule, chain, deny_chain, deny, else_chain = constants(
        {"p.rego": POLICY, "above.rego": ABOVE, "beside.rego": BESIDE}
    )
    assert rule == RULE
    assert chain == [{"path": ["acme", "rbac", "allow"]}, DOCUMENT, PACKAGE, UP]
    assert deny_chain == [{"path": ["acme", "rbac", "deny"]}, PACKAGE, UP]
    assert deny[0] == {}
    assert else_chain == deny_chain


def test_the_chain_begins_with_the_rule_of_its_annotations() -> None:
    text = "package a\n# METADATA\n# title: x\np.q[x].r := rego.metadata.chain() if x := 1\n"
    assert constants({"p.rego": text}) == [
        [{"path": ["a", "p", "q"], "annotations": {"scope": "rule", "title": "x"}}]
    ]


def test_without_annotations_there_is_the_path() -> None:
    text = "package a\np := rego.metadata.chain()\nq := rego.metadata.rule()\n"
    assert constants({"p.rego": text}) == [[{"path": ["a", "p"]}], {}]


def test_a_rule_called_rego_hides_them() -> None:
    text = "package a\nrego.metadata.rule(x) := x\np := rego.metadata.rule(1)\n"
    resolved, found = resolve_set({"p.rego": text})
    assert not found
    assert [len(refs) for refs in resolved[0].refs] == [0, 1]


def test_a_query_has_no_annotations() -> None:
    query, found = query_over("x := rego.metadata.rule()")
    assert not found
    assert list(query.outputs) == ["x"]
