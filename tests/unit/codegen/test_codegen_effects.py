"""A plugin's builtin may be called for what it does: nothing that could skip it comes before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import regolive_std
from regolive import Runtime, builtin, hookimpl


class Follow:
    """Stands for nats.kv.watch_bucket: asking for a bucket is what makes its data appear."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @builtin("test.follow", nondeterministic=True)
    def follow(self, name: str) -> bool:
        """Asks."""
        self.asked.append(name)
        return True

    @hookimpl
    def regolive_builtins(self) -> list[Callable[..., Any]]:
        return [self.follow]


@pytest.mark.parametrize(
    "body",
    [
        'test.follow("guests"); data.live.guests[input.name]',
        "followed; data.live.guests[input.name]",
        'test.follow("guests"); data.live.guests[input.name] == "yes"; input.name == "ann"',
        'test.follow("guests"); some name, _ in data.live.guests; name == input.name',
    ],
)
def test_it_is_called_though_what_follows_is_undefined(body: str) -> None:
    plugin = Follow()
    text = f'package t\nadmit if {{ {body} }}\nfollowed if test.follow("guests")'
    plugins = [regolive_std.StdPlugin, plugin]
    runtime = Runtime(modules={"t.rego": text}, plugins=plugins, discover=False)
    try:
        assert not runtime.evaluate("data.t.admit", {"name": "bob"})
    finally:
        runtime.stop()
    assert plugin.asked == ["guests"]
