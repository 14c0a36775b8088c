"""A run: calls in worker processes of bounded memory, and a table of how they ended.

A worker that dies, or says nothing for long, was in the call that it last named; another goes on
behind that one.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections import Counter
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import click

from tests.hostile.calls import Call, family, make
from tests.hostile.judge import Judge, Outcome

MEMORY = 2 << 30  # bytes of address space that a worker has
_SILENCE = 60.0  # seconds without a word after which a worker is ended
_TOLD = 200  # calls that a worker reports at once


class Run:
    """One run: its workers, and what they told."""

    def __init__(self, names: list[str], seed: int, calls: int) -> None:
        self.names, self.seed, self.calls = names, seed, calls
        self.counts: dict[str, Counter[str]] = {}
        self.slowest: dict[str, tuple[float, int, str]] = {}
        self.bad: list[tuple[int, str]] = []
        self.memory = 0
        self.done = 0

    def work(self, workers: int, seconds: float) -> None:
        """Let workers make all calls, or as many as there is time for.

        One that dies names its call, and another goes on.
        """
        end = time.monotonic() + seconds
        spans = [range(k, self.calls, workers) for k in range(workers)]
        running = [_Worker(self.names, self.seed, span) for span in spans if span]
        told = time.monotonic()
        while running:
            if time.monotonic() > end:
                for worker in running:
                    worker.process.kill()
                    worker.process.join()
                click.echo("  the time is up")
                return
            ready = wait([w.pipe for w in running], timeout=1.0)
            for worker in list(running):
                ended = worker.pipe in ready and not self._hear(worker)
                if worker.pipe not in ready and time.monotonic() - worker.heard > _SILENCE:
                    worker.process.kill()
                    ended = True
                if not ended:
                    continue
                running.remove(worker)
                rest = worker.end()
                if rest is not None:
                    at = rest[0]
                    code = worker.process.exitcode
                    self._count(at, Outcome("bad", 0.0, f"the process ended (exit code {code})"))
                    if rest[1:]:
                        running.append(_Worker(self.names, self.seed, rest[1:]))
            if time.monotonic() - told > 10:
                told = time.monotonic()
                click.echo(f"  {self.done:,} of {self.calls:,} calls, {len(self.bad)} findings")

    def _hear(self, worker: _Worker) -> bool:
        try:
            outcomes, memory = worker.pipe.recv()
        except (EOFError, OSError):
            return False
        worker.heard = time.monotonic()
        self.memory = max(self.memory, memory)
        for number, outcome in outcomes:
            self._count(number, outcome)
            worker.reported += 1
        return True

    def _count(self, number: int, outcome: Outcome) -> None:
        self.done += 1
        name = self.names[number % len(self.names)]
        group = family(name)
        self.counts.setdefault(group, Counter())[outcome.kind] += 1
        slowest = (outcome.seconds, number, name)
        self.slowest[group] = max(self.slowest.get(group, slowest), slowest)
        if outcome.kind == "bad":
            self.bad.append((number, outcome.why))

    def report(self, judge: Judge, show: int, seconds: float) -> None:
        """The findings, and a table of how calls ended."""
        shown: Counter[str] = Counter()
        for number, why in sorted(self.bad):
            name = self.names[number % len(self.names)]
            shown[name] += 1
            if shown[name] <= show:
                call: Call = make(judge.builtins, self.names, self.seed, number)
                click.echo(f"--- {call}\n    {why}")
        for name, count in shown.items():
            if count > show:
                click.echo(f"--- {name}: {count - show} more")
        kinds = ("value", "undefined", "error", "refused", "cancelled", "bad")
        click.echo(
            f"{'family':10} {'calls':>7} " + " ".join(f"{k:>9}" for k in kinds) + "  slowest"
        )
        total: Counter[str] = Counter()
        for group, counts in sorted(self.counts.items()):
            total += counts
            took, number, name = self.slowest[group]
            click.echo(f"{_row(group, counts, kinds)}  {took:.2f} s #{number} {name}")
        click.echo(_row("all", total, kinds))
        click.echo(
            f"{self.done:,} calls in {seconds:.0f} s, {len(self.bad)} findings, "
            f"at most {self.memory >> 20} MB in a worker"
        )


def _row(title: str, counts: Counter[str], kinds: tuple[str, ...]) -> str:
    return f"{title:10} {counts.total():7,} " + " ".join(f"{counts[k]:9,}" for k in kinds)


class _Worker:
    """A process that makes some of the calls."""

    def __init__(self, names: list[str], seed: int, numbers: Any) -> None:
        self.numbers = list(numbers)
        self.pipe, theirs = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("spawn")
        self.at = context.Value("q", -1, lock=False)
        self.heard = time.monotonic()
        self.reported = 0
        self.process = context.Process(
            target=_make_calls, args=(names, seed, self.numbers, theirs, self.at), daemon=True
        )
        self.process.start()
        theirs.close()

    def end(self) -> list[int] | None:
        """Wait for the process; the call it died in and what it had not made, None if all is."""
        self.process.join()
        self.pipe.close()
        if self.process.exitcode == 0:
            return None
        if self.at.value < 0:
            raise RuntimeError(f"a worker ended at its start (exit code {self.process.exitcode})")
        return self.numbers[self.at.value :]


def _make_calls(names: list[str], seed: int, numbers: list[int], pipe: Connection, at: Any) -> None:
    judge = Judge()
    judge.interrupting()
    # Loaded before the bound is set: what a call needs is what is bounded.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    done: list[tuple[int, Outcome]] = []
    told = time.monotonic()
    for place, number in enumerate(numbers):
        at.value = place
        done.append((number, judge(make(judge.builtins, names, seed, number))))
        if len(done) >= _TOLD or time.monotonic() - told > 2.0:
            pipe.send((done, _peak()))
            done, told = [], time.monotonic()
    pipe.send((done, _peak()))


def _peak() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
