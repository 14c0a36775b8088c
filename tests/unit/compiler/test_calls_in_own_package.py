"""A builtin called from a package whose name its own begins with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from regolive.errors import PolicyError

Run = Callable[..., list[Any]]
Refused = Callable[..., PolicyError]


@pytest.mark.parametrize("package", ["acme", "org.acme"])
def test_the_builtin_is_called_and_not_a_rule_of_the_package(run: Run, package: str) -> None:
    module = f"package {package}\n\np := acme.double(2)\n\nq := x if acme.double(3, x)\n"
    assert run(module, query=f"x := data.{package}") == [{"x": {"p": 4, "q": 6}}]


def test_also_one_that_regopy_knows_and_another_package_calls(run: Run) -> None:
    modules = (
        "package json\n\np := json.unmarshal(2)\n",
        "package other\n\np := json.unmarshal(3)\n",
    )
    assert run(*modules, query="x := data.json.p + data.other.p") == [{"x": 5}]


def test_a_misspelt_one_is_named_as_it_is_written(refused: Refused) -> None:
    error = refused("package acme\n\np := acme.duble(2)\n", query="data.acme.p")
    assert "undefined function acme.duble" in str(error)
    assert "perhaps you meant acme.double" in str(error)


def test_a_function_written_with_its_whole_path_is_no_builtin(refused: Refused) -> None:
    error = refused("package acme\n\np := data.acme.double(2)\n", query="data.acme.p")
    assert "undefined function data.acme.double" in str(error)


def test_what_is_imported_under_a_builtins_name_is_no_builtin(refused: Refused) -> None:
    modules = (
        "package org.acme\n\nq := 1\n",
        "package t\n\nimport data.org.acme\n\np := acme.double(2)\n",
    )
    assert "undefined function data.org.acme.double" in str(refused(*modules, query="data.t.p"))
