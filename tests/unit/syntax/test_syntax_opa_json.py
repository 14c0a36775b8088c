"""Trees as OPA's JSON; the same as the real OPA's, where there is one."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.__main__ import DEFAULT
from tests.fuzz.seeds import conformance_policies, generated_policies, repository_policies
from tests.opa import find_opa, run_opa

from regolive.errors import PolicyError
from regolive.syntax import parse_module, to_opa_json
from regolive.values import loads

needs_opa = pytest.mark.skipif(find_opa() is None, reason="there is no opa binary")


def rule(text: str, *, v0: bool = False) -> Any:
    module = parse_module(f"package p\n{text}", v0_compatible=v0)
    return to_opa_json(module)["rules"][0]


def var(name: str) -> dict[str, Any]:
    return {"type": "var", "value": name}


def test_a_module() -> None:
    text = "package p\nimport data.x as y\n# c\np contains 1 if not y"
    assert to_opa_json(parse_module(text, "a.rego")) == {
        "package": {"path": [var("data"), {"type": "string", "value": "p"}]},
        "imports": [
            {
                "path": {
                    "type": "ref",
                    "value": [var("data"), {"type": "string", "value": "x"}],
                },
                "alias": "y",
            }
        ],
        "rules": [
            {
                "head": {
                    "name": "p",
                    "key": {"type": "number", "value": 1},
                    "ref": [var("p")],
                },
                "body": [{"index": 0, "negated": True, "terms": var("y")}],
            }
        ],
        "comments": [{"Text": "IGM=", "Location": {"file": "a.rego", "row": 3, "col": 1}}],
    }
    assert "comments" not in to_opa_json(parse_module(text), comments=False)


def test_places_come_with_the_text() -> None:
    found = to_opa_json(parse_module("package p\n\np := [1, -2]", "a.rego"), locations=True)
    value = found["rules"][0]["head"]["value"]
    assert value["location"] == {
        "file": "a.rego",
        "row": 3,
        "col": 6,
        "text": base64.b64encode(b"[1, -2]").decode(),
    }


def test_sets_and_objects_are_in_opas_order() -> None:
    value = rule('p := {"b", 2, x, [1], null, 1, true, "a", 1}')["head"]["value"]["value"]
    shown = [term["value"] for term in value]
    assert shown == [{}, True, 1, 2, "a", "b", "x", [{"type": "number", "value": 1}]]
    pairs = rule('p := {"b": 1, "a": 2}')["head"]["value"]["value"]
    assert [key["value"] for key, _ in pairs] == ["a", "b"]


def test_roots_are_references_and_operators_their_builtins() -> None:
    (expr,) = rule("p if input == 1")["body"]
    equal, left, right = expr["terms"]
    assert equal == {"type": "ref", "value": [var("equal")]}
    assert left == {"type": "ref", "value": [var("input")]}
    assert right == {"type": "number", "value": 1}


def test_chains_of_else_hang_below_each_other() -> None:
    found = rule("p := 1 if a else := 2 if b else := 3")
    assert found["else"]["head"]["value"]["value"] == 2
    assert found["else"]["else"]["head"]["value"]["value"] == 3


@pytest.mark.parametrize("name", ["default p := 1", "p := 1"])
def test_defaults(name: str) -> None:
    assert rule(name).get("default", False) is name.startswith("default")


# One of each form, so that a difference can be seen where it is.
FORMS = """\
# METADATA
# title: forms
# custom: {a: [1, x]}
package forms

import data.x.y as z
import input

# METADATA
# entrypoint: true
default p := {"b": [1, {2, 1}], "a": null}

p[x] := 1.5 if { not input.x with input as -2; some k, v in x }
q contains k, v in x if { every a, b in c { a } }
f(_, "a") := {x: y | (x + 1) * 2 == 5} if { $"a{x}{1}b" } else := `raw` if { true } else if z
r.s[x].t if x { y }
u if {1, 2} & {3} == set()
w["if"].x := y if y := [1, 2][_]
"""


def opa_json(text: str, folder: Path, *flags: str) -> Any:
    (folder / "a.rego").write_bytes(text.encode())
    arguments = ["parse", "--format", "json", "--json-include", "locations,comments"]
    return loads(run_opa([*arguments, *flags, "a.rego"], folder))


@needs_opa
def test_every_form_is_as_opa_has_it(tmp_path: Path) -> None:
    ours = to_opa_json(parse_module(FORMS, "a.rego"), locations=True)
    assert ours == opa_json(FORMS, tmp_path)


@needs_opa
@pytest.mark.parametrize("v0", [False, True], ids=["v1", "v0"])
def test_policies_are_as_opa_has_them(tmp_path: Path, v0: bool) -> None:
    cases = conformance_policies(Path(os.environ.get("REGOLIVE_CONFORMANCE") or DEFAULT))
    texts = [*repository_policies(), *generated_policies(10), *cases[::40]]
    flags = ["--v0-compatible"] if v0 else []
    compared = 0
    for text in texts:
        try:
            module = parse_module(text, "a.rego", v0_compatible=v0)
        except PolicyError:
            continue
        assert to_opa_json(module, locations=True) == opa_json(text, tmp_path, *flags), text
        compared += 1
    least = 1 if not cases else 6 if v0 else 21  # without OPA's cases there are few in v0
    assert compared >= least


def test_what_is_printed_is_json() -> None:
    for text in repository_policies():
        json.dumps(to_opa_json(parse_module(text), locations=True))


@pytest.mark.parametrize("brackets", ["{}", "[]"])
def test_what_is_nested_is_written_at_once(brackets: str) -> None:
    opening, closing = brackets
    text = f"package p\np := {opening * 60}1{closing * 60}"
    before = time.process_time()
    to_opa_json(parse_module(text))
    assert time.process_time() - before < 1
