"""What a run came to: a table for people and a JSON document for programs."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.conformance.cases import family
from tests.conformance.execute import Way
from tests.conformance.known import Known, Verdict
from tests.conformance.pool import Done

STATUSES = ("passed", "failed", "missing", "refused")
_SHOWN = 40


def count(results: Sequence[Done], way: Way) -> Counter[str]:
    """How many cases of a way ended how."""
    return Counter(d.outcome.status for d in results if d.task.way == way)


def missing_builtins(results: Sequence[Done], way: Way) -> Counter[str]:
    """The builtins that are missing, and how many cases need each."""
    return Counter(b for d in results if d.task.way == way for b in d.outcome.missing)


def as_json(
    results: Sequence[Done], ways: Sequence[Way], known: Known, verdict: Verdict, seconds: float
) -> dict[str, Any]:
    """The report: totals, families, missing builtins and every case."""
    families = sorted({family(d.task.line.id) for d in results})
    new = {id(d) for d in (*verdict.new_failures, *verdict.new_refusals)}
    stale = {id(d): name for d, name in verdict.stale}
    return {
        "regolive": _version("regolive"),
        "regopy": _version("regopy"),
        "python": platform.python_version(),
        "seconds": round(seconds, 2),
        "good": verdict.good,
        "totals": {way: _counts(count(results, way)) for way in ways},
        "families": {
            name: {
                way: _counts(count([d for d in results if family(d.task.line.id) == name], way))
                for way in ways
            }
            for name in families
        },
        "missing_builtins": {
            way: dict(missing_builtins(results, way).most_common()) for way in ways
        },
        "cases": [
            {
                "id": d.task.line.id,
                "note": d.task.line.note,
                "way": d.task.way,
                "status": d.outcome.status,
                "seconds": round(d.seconds, 4),
                **({"reason": d.outcome.reason} if d.outcome.reason else {}),
                **({"missing": list(d.outcome.missing)} if d.outcome.missing else {}),
                **_known(d, known),
                **({"new": True} if id(d) in new else {}),
                **({"stale_in": stale[id(d)]} if id(d) in stale else {}),
            }
            for d in results
        ],
    }


def _counts(counter: Counter[str]) -> dict[str, int]:
    return {status: counter[status] for status in STATUSES}


def _known(done: Done, known: Known) -> dict[str, str]:
    case, way, status = done.task.line.id, done.task.way, done.outcome.status
    reason = None
    if status == "failed":
        reason = known.failures.get((case, way))
    elif status == "refused":
        reason = known.refused.get(case)
    return {} if reason is None else {"known": reason}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def print_table(console: Console, results: Sequence[Done], ways: Sequence[Way]) -> None:
    """The table of families, both ways beside each other."""
    table = Table(title="OPA compliance cases", header_style="bold", row_styles=["", "dim"])
    table.add_column("family", no_wrap=True)
    for way in ways:
        for status in _statuses(way):
            table.add_column(f"{way}\n{status}", justify="right")
    by_family: dict[str, list[Done]] = {}
    for done in results:
        by_family.setdefault(family(done.task.line.id), []).append(done)
    for name, some in sorted(by_family.items()):
        table.add_row(name, *_cells(some, ways))
    table.add_section()
    table.add_row("all", *_cells(results, ways), style="bold")
    console.print(table)


def _statuses(way: Way) -> tuple[str, ...]:
    return STATUSES if way == "regopy" else STATUSES[:3]


def _cells(results: Sequence[Done], ways: Sequence[Way]) -> list[str]:
    cells = []
    for way in ways:
        counts = count(results, way)
        for status in _statuses(way):
            number = str(counts[status]) if counts[status] else "·"
            cells.append(f"[red]{number}[/]" if status == "failed" and counts[status] else number)
    return cells


def print_verdict(
    console: Console,
    results: Sequence[Done],
    ways: Sequence[Way],
    known: Known,
    verdict: Verdict,
    seconds: float,
) -> None:
    """Missing builtins, what is not as the lists say, and the closing lines."""
    for way in ways:
        missing = missing_builtins(results, way)
        if missing:
            named = ", ".join(f"{name} ({n})" for name, n in missing.most_common())
            console.print(f"[bold]builtins missing[/] ({way}): {named}\n", highlight=False)
    _print_cases(console, "failed, and not in known.toml", verdict.new_failures)
    _print_cases(console, "refused by regopy, and not in refused.toml", verdict.new_refusals)
    if verdict.stale:
        console.print("[bold red]in a list, but no longer so: take them out[/]")
        for done, name in verdict.stale[:_SHOWN]:
            line = f"  {name}: {done.task.line.id} ({done.task.way}): {done.outcome.status}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    for way in ways:
        counts = count(results, way)
        listed = sum(
            d.outcome.status == "failed" and (d.task.line.id, way) in known.failures
            for d in results
            if d.task.way == way
        )
        line = f"{way}: {counts['passed']} passed, {counts['failed']} failed"
        line += f" ({listed} known)" if listed else ""
        line += f", {counts['missing']} missing a builtin" if counts["missing"] else ""
        line += f", {counts['refused']} refused by regopy" if counts["refused"] else ""
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print(f"{len(results)} runs in {seconds:.1f} s", highlight=False)


def _print_cases(console: Console, title: str, cases: Sequence[Done]) -> None:
    if not cases:
        return
    console.print(f"[bold red]{title}: {len(cases)}[/]")
    for done in cases[:_SHOWN]:
        line = done.task.line
        console.print(
            f"  {line.id} ({done.task.way}) {line.note}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for text in done.outcome.reason.splitlines()[:4]:
            console.print(f"      {text[:400]}", markup=False, highlight=False, soft_wrap=True)
    if len(cases) > _SHOWN:
        console.print(f"  and {len(cases) - _SHOWN} more: see the report (--report OUT.json)")
    console.print()
