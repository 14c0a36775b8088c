"""A plugin for the tests of the runner: builtins that crash, hang and eat memory."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from regolive.plugins import builtin, hookimpl


@builtin("test.crash")
def crash(how: str) -> bool:
    """End the process: ``exit``, ``kill``, or ``quit`` as ``sys.exit`` does it."""
    if how == "quit":
        sys.exit("the test asked for it")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(7)


@builtin("test.hang")
def hang(seconds: int) -> bool:
    """Never answer (within ``seconds``)."""
    return threading.Event().wait(seconds)


@builtin("test.eat")
def eat(mebibytes: int) -> int:
    """Take memory."""
    return len(bytearray(mebibytes << 20))


@hookimpl
def regolive_builtins() -> list[Callable[..., Any]]:
    """All of them."""
    return [crash, hang, eat]
