"""``python -m tests.hostile``: hostile calls of every builtin, in worker processes.

Exit code 0: every call ended as it may; 1: some did not, and they are listed with their numbers.
"""

from __future__ import annotations

import os
import sys
import time

import click

from tests.hostile.calls import make
from tests.hostile.judge import Judge
from tests.hostile.run import Run


@click.command()
@click.option("--calls", default=100_000, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=1, show_default=True)
@click.option("--family", "families", multiple=True, help="Builtins whose names begin so.")
@click.option("--workers", default=os.cpu_count() or 1, show_default=True)
@click.option("--seconds", default=float("inf"), help="End after these, wherever the run is.")
@click.option("--only", type=int, help="Make this one call, and say how it ended.")
@click.option("--show", default=3, show_default=True, help="Findings shown of each builtin.")
def main(
    calls: int,
    seed: int,
    families: tuple[str, ...],
    workers: int,
    seconds: float,
    only: int | None,
    show: int,
) -> None:
    """Call every standard builtin with operands that are chosen to hurt."""
    judge = Judge()
    names = [n for n in sorted(judge.builtins) if not families or n.startswith(families)]
    if not names:
        raise click.BadParameter("no builtin's name begins so", param_hint="--family")
    if only is not None:
        judge.interrupting()
        call = make(judge.builtins, names, seed, only)
        click.echo(f"{call}\n{judge(call)}")
        return
    started = time.monotonic()
    run = Run(names, seed, calls)
    run.work(workers, seconds)
    run.report(judge, show, time.monotonic() - started)
    sys.exit(1 if run.bad else 0)


if __name__ == "__main__":
    main()
