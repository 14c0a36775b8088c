"""Capabilities: read, written, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regolive.errors import ConfigError, PolicyError
from regolive.plugins import Capabilities, load_capabilities, load_registry, own_capabilities

COUNT = {"name": "count", "decl": {"type": "function", "args": [], "result": {"type": "number"}}}


def test_ours_have_every_builtin_of_every_plugin_and_read_as_they_are_written() -> None:
    registry = load_registry()
    ours = own_capabilities(registry.builtins)
    document = json.loads(json.dumps(ours.document()))
    names = [b["name"] for b in document["builtins"]]
    assert names == sorted(registry.builtins)
    assert "nats.kv.get_data" in names
    assert "rego_v1" in document["features"]
    assert "allow_net" not in document
    assert load_capabilities(document) == ours


def test_a_builtin_is_declared_with_what_it_does() -> None:
    ours = own_capabilities(load_registry().builtins)
    count = ours.builtins["count"]
    assert count["description"].startswith("How many elements")
    assert count["decl"]["result"]["type"] == "number"


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(
        json.dumps({"builtins": [COUNT], "features": ["rego_v1"], "allow_net": ["example.com"]})
    )
    found = load_capabilities(path)
    assert found.builtins == {"count": COUNT}
    assert found.features == {"rego_v1"}
    assert found.allow_net == {"example.com"}


def test_what_is_left_out_allows_nothing_but_any_host() -> None:
    assert load_capabilities({}) == Capabilities()
    assert Capabilities().allow_net is None
    assert load_capabilities({"builtins": None, "allow_net": None, "new": 1}) == Capabilities()


def test_no_host_is_not_any_host() -> None:
    assert load_capabilities({"allow_net": []}).allow_net == frozenset()


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"builtins": 1}, "builtins: expected an array, found 1"),
        ({"builtins": ["count"]}, "builtins[0]: expected an object with a name, found 'count'"),
        ({"builtins": [{"decl": {}}]}, "builtins[0]: expected an object with a name"),
        ({"features": "rego_v1"}, "features: expected an array of strings, found 'rego_v1'"),
        ({"future_keywords": [1]}, "future_keywords: expected an array of strings"),
        ({"allow_net": {"a": 1}}, "allow_net: expected an array of strings"),
        ({"wasm_abi_versions": "1"}, "wasm_abi_versions: expected an array"),
    ],
)
def test_what_is_wrong_is_named(document: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_capabilities(document)
    assert told in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_capabilities({"builtins": 1, "allow_net": "x"})
    assert "builtins" in str(caught.value)
    assert "allow_net" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"{", "not JSON"), (b"[]", "expected an object"), (b"\xff", "not JSON")],
)
def test_a_file_that_is_no_capabilities_file_is_named(
    tmp_path: Path, content: bytes, told: str
) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_capabilities(path)
    assert told in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json: No such file"):
        load_capabilities("nowhere.json")


def test_a_plan_may_call_only_what_is_allowed() -> None:
    allowed = load_capabilities({"builtins": [COUNT]})
    allowed.check_builtins(["count"])
    with pytest.raises(PolicyError) as caught:
        allowed.check_builtins(["count", "http.send", "sum"])
    assert [d.message for d in caught.value.diagnostics] == [
        "undefined function http.send",
        "undefined function sum",
    ]
