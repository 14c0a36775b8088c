"""The outcome for people: a table of numbers, one of waits, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.soak.run import Outcome


def _seconds(value: float) -> str:
    return f"{value * 1000:,.0f} ms" if value < 10 else f"{value:,.1f} s"


_ROWS: tuple[tuple[str, Callable[[Outcome], str]], ...] = (
    ("time", lambda o: f"{o.seconds:.1f} s"),
    ("decisions", lambda o: f"{o.queries:,}"),
    ("  of a followed bucket", lambda o: f"{o.watched:,}"),
    ("  the slowest", lambda o: _seconds(o.slowest_query)),
    ("commits", lambda o: f"{o.commits:,}"),
    ("  straight to the store", lambda o: f"{o.direct_commits:,}"),
    ("changes in NATS", lambda o: f"{o.nats_changes:,}"),
    ("buckets loaded", lambda o: f"{o.loads:,}"),
    ("buckets that left (evicted, stopped)", lambda o: f"{o.evictions:,}"),
    ("buckets deleted or created in NATS", lambda o: f"{o.buckets_deleted_or_created:,}"),
    ("reconfigurations", lambda o: f"{o.reconfigurations:,}"),
    ("stops and starts", lambda o: f"{o.stops:,}"),
    ("the slowest stop", lambda o: _seconds(o.slowest_stop)),
    ("equal to NATS after", lambda o: _seconds(o.settled_after)),
    ("longest wait that is not the store's or NATS's", lambda o: _seconds(o.longest_own_wait)),
    ("waits that the watchdog reported", lambda o: f"{o.watchdog_reports:,}"),
    ("circular waits", lambda o: f"{o.circles:,}"),
    ("outcome", lambda o: "[green]as it should be[/]" if o.ok else "[red]WRONG[/]"),
)


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print everything."""
    table = Table(title=f"{outcomes[0].profile}, seed {outcomes[0].seed}")
    table.add_column("")
    for outcome in outcomes:
        table.add_column(f"{outcome.store} store", justify="right")
    for name, value in _ROWS:
        table.add_row(name, *(value(outcome) for outcome in outcomes))
    console.print(table)
    for outcome in outcomes:
        _show_waits(outcome, console)
        for text, count in outcome.warnings.items():
            first = text.splitlines()[0]
            console.print(f"[yellow]{outcome.store}:[/] {count} × {escape(first)}")
        for kind, count in outcome.counts.items():
            console.print(f"[red]{outcome.store}: {escape(kind)}: {count}[/]")
        for text in outcome.problems:
            console.print(f"[red]{outcome.store}:[/] {escape(text)}")


def _show_waits(outcome: Outcome, console: Console) -> None:
    table = Table(title=f"Waits, {outcome.store} store (longest first)")
    table.add_column("for")
    for column in ("how many", "longest", "mean"):
        table.add_column(column, justify="right")
    for name, kind in list(outcome.waits.items())[:8]:
        mean = kind["total"] / kind["count"]
        longest = _seconds(kind["longest"])
        table.add_row(escape(name), f"{kind['count']:,.0f}", longest, f"{mean * 1000:,.1f} ms")
    console.print(table)
