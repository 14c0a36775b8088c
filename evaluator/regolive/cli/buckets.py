"""``regolive buckets``: how live the live buckets are, seen through a runtime of our own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from regolive.cli.app import Command
from regolive.cli.params import duration
from regolive.errors import ConfigError, RegoliveError

if TYPE_CHECKING:
    from rich.text import Text

    from regolive.runtime import Runtime

_QUERY = "watched := nats.kv.watch_bucket(input.bucket)"
_EXISTS = "exists := nats.kv.get_data(input.bucket, input.path) != null"
_PATIENCE = 1.0  # seconds until we ask whether a bucket that is not followed exists at all
_POLL = 0.02


@click.command("buckets", cls=Command, short_help="Show how live the NATS buckets are.")
@click.option("--config", metavar="FILE", help="Configuration, YAML or JSON, with plugins.nats.")
@click.option("--server", metavar="URL", help="The NATS server. Goes before the configuration's.")
@click.option(
    "--watch",
    "names",
    multiple=True,
    metavar="BUCKET",
    help="Follow this bucket, as a policy that asks for it would. Repeatable.",
)
@click.option(
    "--timeout",
    type=duration,
    default="10s",
    show_default=True,
    help="How long to wait for buckets to be followed.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("pretty", "json")),
    default="pretty",
    show_default=True,
    help="How to print them.",
)
@click.pass_context
def command(
    ctx: click.Context,
    config: str | None,
    server: str | None,
    names: tuple[str, ...],
    timeout: float,
    form: str,
) -> None:
    """Follow NATS buckets and show each one's revision, keys, staleness and age.

    Shows the root bucket of the configuration, and those given with --watch: what a policy would
    have of them, over this server, with this configuration.

    \b
    Examples:
        regolive buckets --config regolive.yaml
        regolive buckets --server nats://localhost:4222 --watch users --watch groups

    The exit code is 1 if a bucket is not live within the time, 2 if there is no connection.
    """
    from regolive.runtime import Runtime

    names = tuple(dict.fromkeys(names))
    with Runtime(config=_configuration(config, server, len(names))) as runtime:
        status = _status(runtime)
        if status["connection"] != "connected":
            told = status.get("last_error") or status["connection"]
            raise RegoliveError(f"no connection to NATS at {status.get('server_url')}: {told}")
        missing = _follow(runtime, names, time.monotonic() + timeout)
        status = _status(runtime)
    rows = status["buckets"] + [
        {"bucket": name, "condition": condition, "stale": True}
        for name, condition in missing.items()
    ]
    if form == "json":
        from regolive.cli.output import plain_json

        click.echo(plain_json({**status, "buckets": rows}), nl=False)
    else:
        _print(status, rows)
    if any(row["condition"] != "live" for row in rows):
        ctx.exit(1)


def _configuration(file: str | None, server: str | None, wanted: int) -> Mapping[str, Any]:
    """The configuration with the options put in: only the section of nats is kept."""
    from regolive.runtime import load_config

    plugins = load_config(file).plugins
    section = plugins.get("nats")
    if section is None and file is not None and server is None:
        raise ConfigError(f"{file}: there is no section plugins.nats, and no --server was given")
    if not isinstance(section or {}, Mapping):
        return {"plugins": {"nats": section}}  # for the plugin to refuse
    merged = dict(section or {})
    if server is not None:
        merged["server_url"] = server
    limit = merged.get("max_bucket_watchers", 10)
    if isinstance(limit, int) and 0 < limit < wanted:
        merged["max_bucket_watchers"] = wanted  # or those named first would leave again
    return {"plugins": {"nats": merged}}


def _status(runtime: Runtime) -> dict[str, Any]:
    """The status of the plugin that follows buckets."""
    told = runtime.status()
    for plugin in told["plugins"].values():
        status: dict[str, Any] = plugin.get("status") or {}
        if "buckets" in status:
            return status
    problems = "".join(f"\n  {problem}" for problem in told["plugin_problems"])
    raise RegoliveError(f"no plugin here follows buckets{problems}")


def _follow(runtime: Runtime, names: tuple[str, ...], until: float) -> dict[str, str]:
    """Have buckets followed. Returns those that are not, with what is known about them."""
    if not names:
        return {}
    watched = runtime.prepare(_QUERY)
    exists = runtime.prepare(_EXISTS)
    waiting = dict.fromkeys(names, "not followed in time")
    begin = time.monotonic()
    asked: set[str] = set()
    missing: dict[str, str] = {}
    while waiting:
        # A bucket's data is there a moment before its watcher is listed.
        listed = {row["bucket"] for row in _status(runtime)["buckets"]}
        for name in list(waiting):
            if watched.evaluate({"bucket": name}).bindings == [{"watched": True}]:
                if name in listed:
                    del waiting[name]
            elif time.monotonic() > begin + _PATIENCE and name not in asked:
                asked.add(name)
                found = exists.evaluate({"bucket": name, "path": ""}, timeout=5)
                if found.bindings != [{"exists": True}]:
                    del waiting[name]
                    missing[name] = "not found"
        if time.monotonic() > until:
            break
        if waiting:
            time.sleep(_POLL)
    return missing | waiting


def _print(status: Mapping[str, Any], rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    head = Text("connected to ", style="dim").append(str(status.get("server_url")), "cyan")
    console.print(head)
    if not rows:
        console.print(
            "No bucket is followed: the configuration names no root bucket, and policies are not "
            "asked here.\nName some:  regolive buckets --watch BUCKET"
        )
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("bucket", overflow="fold")
    table.add_column("state")
    for name in ("revision", "keys", "behind", "changed"):
        table.add_column(name, justify="right")
    for row in rows:
        title = Text(row["bucket"], style="bold")
        if row.get("root"):
            title.append(" (root)", "dim")
        behind = str(row["lag"]) if row.get("lag") else "-"
        if row.get("stale_seconds"):
            behind = ago(row["stale_seconds"])
        changed = row.get("age_seconds")
        table.add_row(
            title,
            _state(row),
            str(row.get("revision", "-")),
            str(row.get("keys", "-")),
            behind,
            "-" if changed is None else f"{ago(changed)} ago",
        )
    console.print(table)
    for row in rows:
        if row.get("problem"):
            console.print(Text(f"{row['bucket']}: {row['problem']}", style="yellow"))
        for key, told in (("hidden_keys", "hidden by later ones"), ("lost_values", "not stored")):
            if row.get(key):
                console.print(Text(f"{row['bucket']}: {row[key]} keys {told}", style="yellow"))


def _state(row: Mapping[str, Any]) -> Text:
    from rich.text import Text

    condition = row["condition"]
    style = {"live": "green", "loading": "yellow", "stale": "yellow"}.get(condition, "red")
    return Text(condition, style=style)


def ago(seconds: float) -> str:
    """A span of time in one unit, for a person: 250ms, 12s, 5m, 3h, 8d."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    for size, unit, limit in ((1, "s", 120), (60, "m", 7200), (3600, "h", 172800)):
        if seconds < limit:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds / 86400:.0f}d"
