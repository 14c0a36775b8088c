"""The interface of front ends: names of entrypoints, the choice of one."""

from __future__ import annotations

import pytest

from regolive.compiler import entrypoint_name, get_front_end
from regolive.compiler.frontend import entrypoint_path, undefined_function
from regolive.errors import FrontEndError


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("data.rbac.allow", "rbac/allow"),
        ("rbac/allow", "rbac/allow"),
        ("/rbac/allow/", "rbac/allow"),
        ("rbac", "rbac"),
        (" data.rbac ", "rbac"),
        ('data.a["b c"].d', "a/b c/d"),
        ('data["a"][ "b\\"c" ]', 'a/b"c'),
        ("data", ""),
    ],
)
def test_entrypoints_are_named_as_opa_names_them(given: str, name: str) -> None:
    assert entrypoint_name(given) == name


@pytest.mark.parametrize(
    "given", ["data.a[x]", "data.a.b == 1", "data.a[0]", "data.", "a//b", "", "data.a b", "data[a]"]
)
def test_what_is_no_entrypoint_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        entrypoint_path(given)


def test_an_undefined_function_comes_with_the_nearest_name() -> None:
    message, hint = undefined_function("nats.kv.get_dat", ["count", "nats.kv.get_data"])
    assert message == "undefined function nats.kv.get_dat"
    assert hint == "perhaps you meant nats.kv.get_data"
    assert undefined_function("zzz", ["count"]) == ("undefined function zzz", None)


def test_front_ends_are_chosen_by_name() -> None:
    assert get_front_end().name == "regolive"
    assert get_front_end("regopy").name == "regopy"
    with pytest.raises(FrontEndError, match="no front end is named 'opa'; there are: regolive, r"):
        get_front_end("opa")
