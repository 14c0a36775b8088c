"""Runtimes with the standard builtins and whatever a test adds, stopped at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import regolive_std
from regolive import Runtime
from regolive.compiler.regopy import RegopyFrontEnd


@pytest.fixture(scope="session")
def front_end() -> Iterator[RegopyFrontEnd]:
    front_end = RegopyFrontEnd()
    yield front_end
    front_end.close()


@pytest.fixture
def runtime(front_end: RegopyFrontEnd) -> Iterator[Callable[..., Runtime]]:
    """``runtime(text, ...)``: the text is the module ``t.rego``."""
    made: list[Runtime] = []

    def runtime(text: str | None = None, *, plugins: Any = (), **options: Any) -> Runtime:
        if text is not None:
            options["modules"] = {"t.rego": text}
        given = [regolive_std.StdPlugin, *plugins]
        options.setdefault("front_end", front_end)
        made.append(Runtime(plugins=given, discover=False, **options))
        return made[-1]

    yield runtime
    for one in made:
        one.stop()
