"""Frames for tests that run generated code without a runtime around it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from regolive.codegen import Env, Frame, Watch


def new_frame(root: Any = None, *, strict: bool = False, watch: Watch | None = None) -> Frame:
    """A frame over a document that nobody changes."""
    holder: Any = SimpleNamespace(root={} if root is None else root)
    return Frame(Env(strict, _no_background), holder, watch)


def _no_background(*_: Any, **__: Any) -> Any:
    raise AssertionError("nothing runs in the background here")
