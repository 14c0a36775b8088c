"""``python -m tests.bench``: the tables for people, or JSON for machines; exit code 1 under a bar.

Parts: ``decisions`` (the bars), ``scaling``, ``switch``, ``builtins``, ``micro``, ``syntax``,
``compile``, ``locks``, ``nats``; all unless named.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tests.bench import (
    builtins,
    cases,
    compiling,
    decisions,
    engines,
    locks,
    micro,
    nats_load,
    parsing,
    scaling,
    switch,
)
from tests.bench.timing import FULL, QUICK, Effort

PARTS = (
    *("decisions", "scaling", "switch", "builtins", "micro", "syntax", "compile", "locks", "nats"),
)


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--quick", is_flag=True, help="Fewer rounds and smaller sizes; says less.")
@click.option("--check", is_flag=True, help="Exit with code 1 if a bar is missed.")
@click.option("--opa/--no-opa", default=True, help="Time OPA too, if there is an opa binary.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table")
def main(parts: tuple[str, ...], quick: bool, check: bool, opa: bool, form: str) -> None:
    """Measure what decisions cost."""
    effort = QUICK if quick else FULL
    console = Console(quiet=form == "json", width=None if sys.stdout.isatty() else 110)
    report: dict[str, Any] = {"machine": machine()}
    console.print(" · ".join(f"{key} {value}" for key, value in report["machine"].items()))
    missed: list[str] = []
    chosen = parts or PARTS
    if "decisions" in chosen:
        found = engines.find_opa() if opa and not quick else None
        report["decisions"] = _decisions(console, effort, found, missed)
    if "scaling" in chosen:
        sizes = scaling.SIZES[:-1] if quick else scaling.SIZES
        report["scaling"] = _scaling(console, effort, sizes, missed)
    if "switch" in chosen:
        report["switch"] = _switch(console, effort, missed)
    if "builtins" in chosen:
        report["builtins"] = _builtins(console, effort)
    if "micro" in chosen:
        report["micro"] = _micro(console, effort)
    if "syntax" in chosen:
        report["syntax"] = _syntax(console, effort, missed)
    if "compile" in chosen:
        report["compile"] = _compile(console, quick, missed)
    if "locks" in chosen:
        report["locks"] = _locks(console)
    if "nats" in chosen:
        report["nats"] = _nats(console, quick, missed)
    report["missed"] = missed
    if form == "json":
        click.echo(json.dumps(report, indent=2))
    for text in missed:
        console.print(f"[red]missed:[/] {text}")
    if check and missed:
        sys.exit(1)


def machine() -> dict[str, str]:
    """What the numbers were measured on."""
    import os

    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.system(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _decisions(
    console: Console, effort: Effort, opa: str | None, missed: list[str]
) -> dict[str, Any]:
    outcome = decisions.measure(cases.all_cases(), effort, opa)
    table = Table(title="Microseconds per decision (medians of rounds that peers take turns in)")
    table.add_column("policy")
    for column in ("regolive", "by hand", "regopy", "OPA (Go)", "regopy ÷", "÷ by hand", "spread"):
        table.add_column(column, justify="right")
    for row in outcome.rows:
        table.add_row(
            row.case,
            f"{row.regolive_us:.2f}",
            f"{row.by_hand_us:.2f}",
            f"{row.regopy_us:.0f}",
            "" if row.opa_us is None else f"{row.opa_us:.1f}",
            f"{row.times_regopy:.1f}",
            f"{row.times_by_hand:.2f}",
            f"±{row.spread:.0%}",
        )
    table.add_section()
    means = (_verdict(outcome.times_regopy, ">", 1), _verdict(outcome.times_by_hand, "<", 2))
    table.add_row("geometric mean", "", "", "", "", *means)
    bars = (f"≥ {decisions.REGOPY_BAR:g}", f"≤ {decisions.BY_HAND_BAR:g}")
    table.add_row("bar", "", "", "", "", *bars)
    console.print(table)
    missed += outcome.missed
    return outcome.as_json()


def _verdict(value: float, side: str, digits: int) -> str:
    if side == ">":
        met = value >= decisions.REGOPY_BAR
    else:
        met = value <= decisions.BY_HAND_BAR
    return f"[{'green' if met else 'red'}]{value:.{digits}f}[/]"


def _scaling(
    console: Console, effort: Effort, sizes: tuple[int, ...], missed: list[str]
) -> list[dict[str, Any]]:
    rows = scaling.measure(effort, sizes)
    table = Table(title="A decision that reads one key")
    for column in ("users", "ns per decision", "÷ smallest"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(f"{row.users:,}", f"{row.ns:.0f}", f"{row.times_smallest:.2f}")
    console.print(table)
    if rows[-1].times_smallest > scaling.BAR:
        missed.append(
            f"reading one key of {rows[-1].users:,} takes {rows[-1].times_smallest:.2f} times as "
            f"long as of {rows[0].users:,}; the bar is {scaling.BAR:g}"
        )
    return [{"users": r.users, "ns": r.ns, "times_smallest": r.times_smallest} for r in rows]


def _switch(console: Console, effort: Effort, missed: list[str]) -> list[dict[str, Any]]:
    rows = switch.measure(effort)
    few, many = switch.SIZES
    table = Table(title=f"Rules of {few} and of {many:,} bodies, each for a constant of its own")
    for column in ("rules give", f"{few}: ns", f"{many:,}: ns", "÷"):
        table.add_column(column, justify="left" if column == "rules give" else "right")
    for row in rows:
        table.add_row(row.form, f"{row.few_ns:.0f}", f"{row.many_ns:.0f}", f"{row.times:.2f}")
        if row.times > switch.BAR:
            missed.append(
                f"{many:,} bodies that give {row.form} take {row.times:.2f} times as long as "
                f"{few}; the bar is {switch.BAR:g}"
            )
    console.print(table)
    return [asdict(row) for row in rows]


def _builtins(console: Console, effort: Effort) -> list[dict[str, Any]]:
    rows = builtins.measure(effort)
    table = Table(title="A call of a builtin, and the same in Python (an empty decision taken off)")
    for column in ("builtin", "ns", "by hand: ns", "÷ by hand"):
        table.add_column(column, justify="left" if column == "builtin" else "right")
    for row in rows:
        table.add_row(
            row.name, f"{row.regolive_ns:.0f}", f"{row.python_ns:.0f}", f"{row.times:.1f}"
        )
    table.add_section()
    table.add_row("geometric mean", "", "", f"{builtins.mean(rows):.1f}")
    console.print(table)
    return [asdict(row) for row in rows]


def _micro(console: Console, effort: Effort) -> dict[str, float]:
    found = micro.measure(effort)
    table = Table(title="Parts of a decision (a call around each taken off)")
    table.add_column("part")
    table.add_column("ns", justify="right")
    for name, ns in found.items():
        table.add_row(name, f"{ns:.0f}")
    console.print(table)
    return found


def _syntax(console: Console, effort: Effort, missed: list[str]) -> list[dict[str, Any]]:
    table = Table(title="Reading policies, and writing trees (medians)")
    for column in ("what", "ms", "MB/s", "bar"):
        table.add_column(column, justify="left" if column == "what" else "right")
    rows = parsing.measure(effort)
    for row in rows:
        bar = f"≤ {row.bar:.0f} ms" if row.bar else ""
        table.add_row(row.what, f"{row.ms:.1f}", f"{row.mb_per_second:.2f}", bar)
        if row.bar is not None and row.ms > row.bar:
            missed.append(f"{row.what}: {row.ms:.1f} ms, not {row.bar:.0f}")
    console.print(table)
    return [asdict(row) for row in rows]


def _compile(console: Console, quick: bool, missed: list[str]) -> list[dict[str, Any]]:
    table = Table(title="Compiling, in milliseconds (medians)")
    table.add_column("what")
    table.add_column("ms", justify="right")
    table.add_column("bar", justify="right")
    rows = compiling.measure(quick=quick)
    for row in rows:
        table.add_row(row.what, f"{row.ms:.1f}", f"≤ {row.bar:.0f}" if row.bar else "")
        if row.bar is not None and row.ms > row.bar:
            missed.append(f"{row.what}: {row.ms:.1f} ms, not {row.bar:.0f}")
    console.print(table)
    return [asdict(row) for row in rows]


def _locks(console: Console) -> dict[str, float]:
    found = locks.run()
    table = Table(title="Locks that are free, and a circular wait refused (best of several runs)")
    table.add_column("what")
    table.add_column("", justify="right")
    for name, value in found.items():
        table.add_row(name, f"{value:,.2f}" if value < 10 else f"{value:,.0f}")
    console.print(table)
    return found


def _nats(console: Console, quick: bool, missed: list[str]) -> dict[str, Any] | None:
    measure: Callable[..., nats_load.Outcome] = nats_load.measure
    try:
        outcome = measure(keys=10_000 if quick else nats_load.KEYS)
    except nats_load.Unavailable as error:
        console.print(f"[yellow]nats: not measured: {error}[/]")
        return None
    table = Table(title=f"Loading a bucket of {outcome.keys:,} keys")
    table.add_column("")
    table.add_column("keys per second", justify="right")
    table.add_row("nats-py watchall, nothing else", f"{outcome.bare_rate:,.0f}")
    table.add_row("regolive's watcher, into the store", f"{outcome.watcher_rate:,.0f}")
    table.add_row("ratio (bar: ≥ 0.6)", f"{outcome.rate_ratio:.2f}")
    table.add_section()
    table.add_row("p99 of a query before, µs", f"{outcome.p99_before_us:.1f}")
    table.add_row("p99 of a query during the load, µs", f"{outcome.p99_during_us:.1f}")
    console.print(table)
    missed += outcome.missed
    return outcome.as_json()


if __name__ == "__main__":
    main()
