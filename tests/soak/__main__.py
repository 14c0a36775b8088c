"""``python -m tests.soak``: the run, its progress, a table; exit code 1 if anything is wrong."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from time import monotonic
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.soak.profile import PROFILES, Profile
from tests.soak.report import show
from tests.soak.run import Outcome, StoreKind, run

_EVERY = 10.0  # seconds between lines of progress where there is no terminal


@click.command()
@click.option("--profile", "name", type=click.Choice(sorted(PROFILES)), default="soak")
@click.option("--seconds", type=click.FloatRange(min=1), help="For how long, on each store.")
@click.option("--store", type=click.Choice(["snapshot", "locking", "both"]), default="both")
@click.option("--threads", type=click.IntRange(min=1), help="Threads that ask queries.")
@click.option("--buckets", type=click.IntRange(min=1), help="Buckets that they ask for.")
@click.option("--watchers", type=click.IntRange(min=1), help="How many are followed at once.")
@click.option("--seed", default="1", help="For the threads' choices; not for how they interleave.")
@click.option("--format", "form", type=click.Choice(["pretty", "json"]), default="pretty")
def main(
    name: str,
    seconds: float | None,
    store: str,
    threads: int | None,
    buckets: int | None,
    watchers: int | None,
    seed: str,
    form: str,
) -> None:
    """Queries, watchers and writers on real NATS, for a while; then everything is checked."""
    given = {"seconds": seconds, "threads": threads, "buckets": buckets, "watchers": watchers}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    profile = replace(PROFILES[name], **changes)
    profile = replace(profile, mortal=min(profile.mortal, profile.buckets // 3))
    kinds: tuple[StoreKind, ...] = ("snapshot", "locking")
    # What is for people goes to standard error, where the result is for a machine.
    console = Console(stderr=form == "json", width=None if sys.stdout.isatty() else 110)
    outcomes = []
    for kind in kinds:
        if store in ("both", kind):
            outcomes.append(_run(profile, kind, seed, console))
            if outcomes[-1].stuck:
                break
    if form == "json":
        click.echo(json.dumps([outcome.as_json() for outcome in outcomes], indent=2))
    else:
        show(outcomes, console)
    code = 0 if all(outcome.ok for outcome in outcomes) else 1
    if any(outcome.stuck for outcome in outcomes):
        # Threads that hang cannot be joined, and the interpreter would try.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _run(profile: Profile, kind: StoreKind, seed: str, console: Console) -> Outcome:
    title = f"{profile.name}, {kind} store"
    if console.is_terminal:
        columns = (
            TextColumn(title),
            BarColumn(20),
            TimeElapsedColumn(),
            TextColumn("{task.fields[text]}"),
        )
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(title, total=profile.seconds, text="")

            def drawn(seconds: float, text: str) -> None:
                bar.update(task, completed=seconds, text=text)

            return run(profile, kind, seed=seed, progress=drawn)
    said = monotonic()
    console.print(f"{title}: {profile.seconds:g} s")

    def printed(seconds: float, text: str) -> None:
        nonlocal said
        if monotonic() - said >= _EVERY:
            said = monotonic()
            console.print(f"{title}: {seconds:3.0f} s, {text}")

    return run(profile, kind, seed=seed, progress=printed)


if __name__ == "__main__":
    main()
