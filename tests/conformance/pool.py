"""Runs all cases in worker processes, and replaces a worker that crashed or took too long."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from tests.conformance.cases import Line
from tests.conformance.execute import Outcome, Way
from tests.conformance.worker import Setup, main

# What a worker may take to start: it imports everything, on a machine that may be busy.
_START = 120.0


@dataclass(frozen=True, slots=True)
class Task:
    """One case to be run one way."""

    line: Line
    way: Way


@dataclass(frozen=True, slots=True)
class Done:
    """A task, how it went, and the seconds it took."""

    task: Task
    outcome: Outcome
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Per case: ``seconds`` of wall time; per worker: ``memory`` in MiB (0 for no limit)."""

    seconds: float = 20.0
    memory: int = 2048


class _Worker:
    """A worker process as its parent sees it."""

    def __init__(self, number: int, directory: str, plugins: tuple[str, ...], limits: Limits):
        self.log = Path(directory, f"worker-{number}.log")
        setup = Setup(plugins, limits.memory, max(1.0, limits.seconds * 0.75), str(self.log))
        context = multiprocessing.get_context("spawn")
        self.pipe: Connection
        self.pipe, theirs = context.Pipe()
        self.process: Any = context.Process(
            target=main, args=(theirs, setup), name=f"conformance-{number}", daemon=True
        )
        self.process.start()
        theirs.close()  # or the end of the worker would not be the end of the pipe
        self.task: Task | None = None
        self.deadline = time.monotonic() + _START
        self.begun = 0.0

    def give(self, task: Task, seconds: float) -> None:
        self.task = task
        self.begun = time.monotonic()
        self.deadline = self.begun + seconds
        self.pipe.send((task.way, task.line.text))

    def said(self) -> str:
        """The end of what the worker wrote, to explain its death."""
        try:
            text = self.log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-12:])

    def end(self, *, kill: bool = False) -> None:
        if not kill:
            with contextlib.suppress(OSError):
                self.pipe.send(None)
            self.process.join(5)
        if self.process.is_alive() or kill:
            with contextlib.suppress(OSError, AttributeError):
                # Its group holds the front end's process too, which may itself be hanging.
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
        self.process.join()
        self.pipe.close()


class WorkerStartError(Exception):
    """Workers do not even start. The message has what the last one printed."""


def run_all(
    tasks: Iterable[Task],
    *,
    jobs: int,
    limits: Limits,
    plugins: tuple[str, ...] = (),
    progress: Callable[[Done], None] = lambda done: None,
) -> list[Done]:
    """Run every task. The results come in the order in which tasks ended.

    Raises WorkerStartError if a worker ends before its first case.
    """
    waiting = deque(tasks)
    total = len(waiting)
    results: list[Done] = []
    workers: list[_Worker] = []
    started = 0

    def finish(worker: _Worker, outcome: Outcome, seconds: float) -> None:
        assert worker.task is not None
        done = Done(worker.task, outcome, seconds)
        worker.task = None
        results.append(done)
        progress(done)

    with tempfile.TemporaryDirectory(prefix="conformance-") as directory:
        try:
            while len(results) < total:
                while len(workers) < min(jobs, total - len(results)):
                    workers.append(_Worker(started, directory, plugins, limits))
                    started += 1
                soonest = min(w.deadline for w in workers)
                by_pipe = {w.pipe: w for w in workers}
                for pipe in wait(list(by_pipe), max(0.0, soonest - time.monotonic())):
                    worker = by_pipe[pipe]  # type: ignore[index]
                    try:
                        message = worker.pipe.recv()
                    except (EOFError, OSError):
                        _died(worker, finish)
                        workers.remove(worker)
                        continue
                    if message != "ready":
                        finish(worker, *message)
                    if waiting:
                        worker.give(waiting.popleft(), limits.seconds)
                    else:
                        workers.remove(worker)
                        worker.end()
                for worker in [w for w in workers if time.monotonic() > w.deadline]:
                    workers.remove(worker)
                    worker.end(kill=True)
                    if worker.task is None:
                        raise WorkerStartError(f"a worker does not start:\n{worker.said()}")
                    text = f"took longer than {limits.seconds:g} seconds"
                    finish(worker, Outcome("failed", text), limits.seconds)
        finally:
            for worker in workers:
                worker.end(kill=True)
    return results


def _died(worker: _Worker, finish: Callable[[_Worker, Outcome, float], None]) -> None:
    worker.process.join(5)
    worker.end(kill=True)
    code = worker.process.exitcode
    if worker.task is None:
        raise WorkerStartError(f"a worker ended while it started:\n{worker.said()}")
    how = f"exit code {code}"
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            how = signal.Signals(-code).name
    text = f"the process crashed ({how})"
    said = worker.said()
    finish(
        worker,
        Outcome("failed", f"{text}: {said}" if said else text),
        time.monotonic() - worker.begun,
    )
