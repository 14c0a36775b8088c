"""The worker processes: each runs one case at a time, and may crash or hang without harm."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from tests.conformance.cases import CasesError, parse_case
from tests.conformance.execute import Executor, Memory, Outcome, Way


class Setup(NamedTuple):
    """What a worker is started with. ``memory`` is a limit in MiB, 0 for none; ``log`` a file."""

    plugins: tuple[str, ...]
    memory: int
    compile_timeout: float
    log: str


def main(pipe: Connection, setup: Setup) -> None:
    """Answer ``(way, text)`` with ``(outcome, seconds)`` until there is None, or nobody to ask."""
    if hasattr(os, "setsid"):
        os.setsid()  # so that a worker is ended together with the front end's process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = os.open(setup.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable(2)
    sys.setrecursionlimit(3000)
    executor = Executor(setup.plugins, Memory(setup.memory), setup.compile_timeout)
    pipe.send("ready")
    try:
        while (task := pipe.recv()) is not None:
            pipe.send(_answer(executor, *task))
    except (EOFError, BrokenPipeError):
        pass
    finally:
        executor.close()


def _answer(executor: Executor, way: Way, text: str) -> tuple[Any, float]:
    begin = time.perf_counter()
    try:
        outcome = executor.run(parse_case(text), way)
    except CasesError as error:
        outcome = Outcome("failed", str(error))
    except BaseException as error:  # a case that raises SystemExit is a case that failed
        outcome = Outcome("failed", f"{type(error).__name__}: {error}")
    return outcome, time.perf_counter() - begin
