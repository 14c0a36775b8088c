"""``regolive serve``: decisions over HTTP, until a signal ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from regolive.cli.app import Command
from regolive.cli.language import given, language_options
from regolive.cli.params import duration

if TYPE_CHECKING:
    from regolive.compiler import Language


@click.command("serve", cls=Command, short_help="Serve decisions over HTTP.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "-d",
    "--data",
    "data",
    multiple=True,
    metavar="PATH",
    help="Policies and data: the same as a PATH. Repeatable.",
)
@click.option(
    "-b", "--bundle", metavar="PATH", help="A bundle with a plan: what opa build -t plan makes."
)
@click.option("--config", metavar="FILE", help="Configuration, YAML or JSON.")
@click.option(
    "-a",
    "--addr",
    default="localhost:8181",
    show_default=True,
    metavar="HOST:PORT",
    help="Where to listen. Port 0 takes one that is free.",
)
@click.option(
    "--timeout",
    type=duration,
    default="10s",
    show_default=True,
    help="What a request may take; ?timeout= lowers it.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="How many queries run at once.",
)
@click.option(
    "--capabilities",
    metavar="FILE",
    help="What policies may use, in OPA's format: see regolive capabilities.",
)
@language_options
@click.option(
    "--store", type=click.Choice(("snapshot", "locking")), help="How data is kept.  [snapshot]"
)
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    data: tuple[str, ...],
    bundle: str | None,
    config: str | None,
    addr: str,
    timeout: float,
    threads: int,
    capabilities: str | None,
    language: Language,
    store: str | None,
) -> None:
    """Serve the policies and data of files and directories over HTTP: OPA's Data API, a health
    probe, and a dump of all threads. There is no authentication and no TLS.

    \b
    Examples:
        regolive serve policies/
        regolive serve --config regolive.yaml --addr 127.0.0.1:0 policies/
        curl localhost:8181/v1/data/rbac/allow -d '{"input": {"user": "alice"}}'

    SIGINT or SIGTERM ends it when the requests in flight are answered; SIGUSR1 prints what every
    thread does. Exit codes: 0; 1 if a thread had to be left behind; 2 for an error.
    """
    from regolive.runtime import Runtime
    from regolive.server import Server

    host, port = _address(addr)
    with _signals() as ended:
        runtime = Runtime(
            [*paths, *data],
            bundle=bundle,
            config=config,
            store=store,
            capabilities=capabilities,
            language=given(language),
        )
        with runtime:
            server = Server(runtime, host=host, port=port, timeout=timeout, threads=threads)
            server.start()
            try:
                click.echo(f"listening on {server.url}")
                sys.stdout.flush()
                ended.wait()
            finally:
                clean = server.stop()
    if not clean:
        # A thread that is stuck for good would keep the process from ending.
        click.echo("regolive: a query thread is stuck, and was left behind", err=True)
        sys.stderr.flush()
        os._exit(1)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(
            f"{text!r} is not HOST:PORT, as localhost:8181", param_hint="--addr"
        )
    return host.strip("[]") or "0.0.0.0", int(port)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; the handlers are put back afterwards."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    def dump(number: int, frame: FrameType | None) -> None:
        from regolive.concurrency import dump_threads, render_threads

        click.echo(render_threads(dump_threads()), err=True)

    handlers = {signal.SIGINT: end, signal.SIGTERM: end}
    if hasattr(signal, "SIGUSR1"):
        handlers[signal.SIGUSR1] = dump
    old = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield ended
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
