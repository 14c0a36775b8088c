"""``regolive incident``: a documented family of circular waits, each played on demand.

The scenes belong to the plugin for NATS, which this package does not know: it is looked for by name
when the command is used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import click

from regolive.cli.app import Command
from regolive.errors import RegoliveError, nearest

_SCENES = "regolive_nats.incident.play"

# Scenes at once: they mostly wait, one for the other, or to see that nothing moves.
_SIDE_BY_SIDE = 3

_FORMAT = click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("pretty", "json")),
    default="pretty",
    show_default=True,
    help="How to print it.",
)


def _scenes() -> Any:
    try:
        return import_module(_SCENES)
    except ModuleNotFoundError as error:
        raise RegoliveError(
            f"the scenes need what is not installed here ({error.name}): "
            "pip install 'regolive[http,server]'"
        ) from error


@click.group("incident", short_help="Play a documented deadlock, and have it explained.")
def command() -> None:
    """A policy server that hung in production: five faults of one family, as they were and as they
    are fixed, and four relatives from other projects. Each happens every time, and ends by itself.

    \b
    Examples:
        regolive incident list
        regolive incident run creation-under-lock
        regolive incident run creation-under-lock --detect raise
        regolive incident run creation-under-lock --manager fixed
        regolive incident story

    docs/incident.md tells the story.
    """


@command.command("list", cls=Command, short_help="List the faults.")
@_FORMAT
def list_faults(form: str) -> None:
    """The faults that can be played, with where each was met."""
    faults = _scenes().FAULTS.values()
    if form == "json":
        from regolive.cli.output import plain_json

        rows = [
            {"fault": f.name, "title": f.title, "source": f.source, "family": f.family}
            for f in faults
        ]
        click.echo(plain_json({"faults": rows}), nl=False)
        return
    for family, head in ((False, "The incident:"), (True, "The same family elsewhere:")):
        click.echo(head)
        for fault in faults:
            if fault.family == family:
                click.echo(f"  {fault.name:<24}{fault.title}")
                click.echo(f"  {'':<24}({fault.source})")


@command.command("run", cls=Command, short_help="Play one fault.")
@click.argument("fault", metavar="FAULT")
@click.option(
    "--manager",
    type=click.Choice(("broken", "fixed")),
    default="broken",
    show_default=True,
    help="The code as it was, or as it is.",
)
@click.option(
    "--store",
    type=click.Choice(("locking", "snapshot")),
    default="locking",
    show_default=True,
    help="Where a commit waits for readers, or where it does not.",
)
@click.option(
    "--detect",
    type=click.Choice(("raise", "report", "off")),
    default="off",
    show_default=True,
    help="What the wait graph does about a circular wait.",
)
@_FORMAT
@click.pass_context
def run(ctx: click.Context, fault: str, manager: str, store: str, detect: str, form: str) -> None:
    """Play FAULT with a real NATS server, and show what an operator saw: queries that pile up, the
    liveness probe failing, what every thread holds and waits for, and the explanation.

    \b
    Examples:
        regolive incident run eviction-under-lock
        regolive incident run eviction-under-lock --detect raise
        regolive incident run eviction-under-lock --manager fixed --format json

    The exit code is 0 if it came out as documented (a hang may be what is documented), 1 if not.
    """
    scenes = _scenes()
    if fault not in scenes.FAULTS:
        near = nearest(fault, list(scenes.FAULTS))
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(scenes.FAULTS)}"
        raise click.UsageError(f"there is no fault {fault!r}; {hint}", ctx)
    told = scenes.FAULTS[fault]
    pretty = form == "pretty"
    if pretty:
        click.echo(f"{fault}: {told.title}")
        click.echo(f"{manager} code, {store} store, detection {detect}\n")

    def step(at: float, text: str) -> None:
        if pretty:
            click.echo(f"{at:7.3f} s  {text}")

    with _nats_servers(0 if told.family else 1) as urls:
        setting = scenes.Setting(fault, manager, store, detect, *urls)
        outcome = scenes.play(setting, step)
    if pretty:
        _print(setting, outcome)
    else:
        from regolive.cli.output import plain_json

        click.echo(plain_json(scenes.document(setting, outcome)), nl=False)
    if outcome.verdict != setting.expected:
        ctx.exit(1)


@command.command("story", cls=Command, short_help="Play all of them, and show the table.")
@click.option(
    "--family/--no-family", default=True, help="The relatives as well.  [default: --family]"
)
@_FORMAT
@click.pass_context
def story(ctx: click.Context, family: bool, form: str) -> None:
    """All faults, broken and fixed, on both stores, with detection off and on, as a table.

    Takes a minute or so; each scene has a process of its own. The exit code is 1 if a cell is not
    as documented.
    """
    scenes = _scenes()
    names = [fault.name for fault in scenes.FAULTS.values() if family or not fault.family]
    wanted = scenes.settings(names)
    done: list[Any] = []

    def played(pair: Any) -> None:
        done.append(pair)
        setting, outcome = pair
        mark = "" if outcome.verdict == setting.expected else f"  NOT {setting.expected!r}"
        where = f"{setting.fault}, {setting.manager}, {setting.store}, {setting.detect}"
        count = f"[{len(done):>2}/{len(wanted)}]"
        click.echo(f"{count} {where}: {scenes.cell(outcome)}{mark}", err=True)

    with _nats_servers(_SIDE_BY_SIDE) as urls:
        results = scenes.play_all(wanted, urls, played)
    wrong = [pair for pair in results if pair[1].verdict != pair[0].expected]
    if form == "json":
        from regolive.cli.output import plain_json

        rows = [scenes.document(*pair) for pair in results]
        click.echo(plain_json({"scenes": rows}), nl=False)
    else:
        _print_story(names, {pair[0]: scenes.cell(pair[1]) for pair in results})
        click.echo(f"{len(results) - len(wrong)} of {len(results)} cells as documented")
    for setting, outcome in wrong:
        click.echo(
            f"{setting.fault}, {setting.manager}, {setting.store}, {setting.detect}: "
            f"{outcome.verdict}, not {setting.expected}: {outcome.finding or '-'}",
            err=True,
        )
    if wrong:
        ctx.exit(1)


@contextlib.contextmanager
def _nats_servers(count: int) -> Iterator[list[str]]:
    """The addresses of so many embedded servers, which end with the block."""
    from regolive.testing import NatsServer

    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(NatsServer()).url for _ in range(count)]


def _print(setting: Any, outcome: Any) -> None:
    if outcome.threads:
        click.echo("\nThe threads that wait or hold something:\n")
        click.echo("\n\n".join(outcome.threads))
    if outcome.explanation:
        click.echo(f"\nExplained after {outcome.explained_ms:.1f} ms:\n")
        click.echo(outcome.explanation)
    click.echo()
    ok = outcome.probes - outcome.probes_failed
    rows = {
        "requests served": f"{outcome.served} of {outcome.requests}",
        "probes answered with 200": f"{ok} of {outcome.probes}",
        "slowest probe": f"{outcome.slowest_probe * 1000:.0f} ms",
        "readers stuck": str(outcome.readers_stuck),
        "writer's wait": f"{outcome.writer_wait * 1000:.0f} ms",
        "verdict": outcome.verdict,
    }
    if outcome.finding:
        rows["what is wrong"] = outcome.finding
    for name, value in rows.items():
        click.echo(f"{name:<26}{value}")
    if outcome.threads and outcome.probes_failed:
        click.echo("An orchestrator would kill the process now: exit code 137.")
    if outcome.verdict == setting.expected:
        click.echo("This is as documented.")
    else:
        click.echo(f"This is NOT as documented, which is: {setting.expected}.")


def _print_story(faults: list[str], cells: dict[Any, str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.ASCII2, show_lines=True, padding=(0, 1))
    table.add_column("fault", no_wrap=True)
    columns = list(dict.fromkeys((s.manager, s.store, s.detect) for s in cells))
    for manager, store, detect in columns:
        table.add_column(f"{manager}\n{store}\n{detect}", min_width=9, max_width=10)
    by_place = {(s.fault, s.manager, s.store, s.detect): text for s, text in cells.items()}
    for fault in faults:
        table.add_row(fault, *(by_place[(fault, *column)] for column in columns))
    Console(width=132, highlight=False).print(table)
