"""A runtime with capabilities: what policies may use, and what they are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regolive import BuiltinContext, ConfigError, PolicyError, Runtime, builtin, hookimpl
from regolive.plugins import own_capabilities

Make = Callable[..., Runtime]


class Net:
    """Tells which hosts a builtin sees that it may go to."""

    @builtin("net.allowed")
    def allowed(self, ctx: BuiltinContext) -> list[str] | None:
        return None if ctx.allow_net is None else sorted(ctx.allow_net)

    @hookimpl
    def regolive_builtins(self) -> Any:
        return [self.allowed]


def everything(runtime: Make) -> dict[str, Any]:
    return own_capabilities(runtime("package t\n", plugins=[Net]).builtins).document()


def test_a_builtin_that_is_not_allowed_does_not_exist(runtime: Make) -> None:
    document = everything(runtime)
    document["builtins"] = [b for b in document["builtins"] if b["name"] != "count"]
    limited = runtime("package t\np := count([1])\nq := sum([1])", capabilities=document)
    assert "count" not in limited.builtins
    with pytest.raises(PolicyError) as caught:
        limited.evaluate("data.t.q")
    diagnostic = caught.value.diagnostics[0]
    assert (diagnostic.code, diagnostic.message) == (
        "rego_type_error",
        "undefined function count",
    )


def test_an_operator_is_a_builtin_too(runtime: Make) -> None:
    document = everything(runtime)
    document["builtins"] = [b for b in document["builtins"] if b["name"] != "plus"]
    limited = runtime("package t\n", capabilities=document)
    assert limited.evaluate("2 - 1").value == 1
    with pytest.raises(PolicyError, match="undefined function plus"):
        limited.evaluate("1 + 1")


def test_without_the_feature_there_is_no_rego_v1(runtime: Make) -> None:
    document = {**everything(runtime), "features": []}
    with pytest.raises(PolicyError, match="rego_v1 feature required"):
        runtime("package t\n", capabilities=document).evaluate("1")


@pytest.mark.parametrize(("given", "seen"), [(None, None), ([], []), (["b", "a"], ["a", "b"])])
def test_builtins_see_the_hosts_they_may_go_to(
    runtime: Make, given: list[str] | None, seen: list[str] | None
) -> None:
    document = {**everything(runtime), "allow_net": given}
    limited = runtime("package t\nhosts := net.allowed()", plugins=[Net], capabilities=document)
    assert limited.evaluate("data.t.hosts").value == seen


def test_the_configuration_can_name_the_file(runtime: Make, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({**everything(runtime), "allow_net": ["a"]}))
    limited = runtime(
        "package t\nhosts := net.allowed()", plugins=[Net], config={"capabilities": str(path)}
    )
    assert limited.evaluate("data.t.hosts").value == ["a"]
    with pytest.raises(ConfigError, match="capabilities cannot change"):
        limited.reconfigure({})
