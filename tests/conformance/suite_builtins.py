"""The builtin that OPA's own test runner adds for its suite: ``test.sleep``."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from regolive.errors import BuiltinError
from regolive.plugins import builtin, hookimpl

_MILLISECONDS = re.compile(r"(\d+)ms")


@builtin("test.sleep", nondeterministic=True)
def sleep(duration: str) -> None:
    """Let time go by, so that a case can tell whether a query's clock stands still."""
    match = _MILLISECONDS.fullmatch(duration)
    if match is None:
        raise BuiltinError(f"test.sleep: not milliseconds: {duration}")
    threading.Event().wait(int(match[1]) / 1000)


@hookimpl
def regolive_builtins() -> list[Callable[..., Any]]:
    """The one there is."""
    return [sleep]
