"""The command group: finding commands, and what all of them share.

Errors of the user's making end here: a message on standard error and exit code 2, never a
traceback, unless ``--debug`` asks for it.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from regolive.errors import RegoliveError, nearest

# Name, and the module with a click command of the same name (``eval`` would hide Python's own).
COMMANDS = {
    "eval": "evaluate",
    "check": "check",
    "parse": "parse",
    "compile": "compile",
    "serve": "serve",
    "buckets": "buckets",
    "capabilities": "capabilities",
    "plugins": "plugins",
    "help": "help",
    "incident": "incident",
    "version": "version",
}
ERROR = 2
_DEBUG = "regolive.debug"


class Commands(click.Group):
    """Commands imported when they are used; an unknown one gets the nearest suggested."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = import_module(f"regolive.cli.{module}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = nearest(name, list(COMMANDS))
            hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(COMMANDS)}"
            raise click.UsageError(f"there is no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RegoliveError as error:
            fail(error, ctx)
        except RecursionError as error:
            told = RegoliveError("a document, a policy or the query is nested too deeply")
            told.__cause__ = error
            fail(told, ctx)


class Command(click.Command):
    """A command with ``--debug``, so that it can stand where it comes to mind: at the end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(debug_option())


def debug_option() -> click.Option:
    """The option ``--debug``, which every command has."""
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        callback=_remember_debug,
        help="Show tracebacks, and what is logged.",
    )


def _remember_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[_DEBUG] = value or ctx.meta.get(_DEBUG, False)
    if value:
        logging.getLogger("regolive").setLevel(logging.DEBUG)


def debugging(ctx: click.Context) -> bool:
    """Whether ``--debug`` was given."""
    return bool(ctx.meta.get(_DEBUG))


def fail(error: Exception, ctx: click.Context) -> NoReturn:
    """End with an error's message on standard error; with its traceback under ``--debug``."""
    if debugging(ctx):
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    else:
        click.echo(f"regolive: {describe(error)}", err=True)
    ctx.exit(ERROR)


def describe(error: BaseException) -> str:
    """An error's message with the notes that were added to it."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


class _Log(logging.Handler):
    """What the engine and plugins log, on standard error as it is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"regolive: {record.levelname.lower()}: {record.getMessage()}", err=True)
        if record.exc_info and logging.getLogger("regolive").level == logging.DEBUG:
            click.echo(logging.Formatter().formatException(record.exc_info), err=True)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    params=[debug_option()],
)
@click.version_option(package_name="regolive", message="regolive %(version)s")
def main() -> None:
    """Rego policies inside Python, over data that stays live.

    \b
    Evaluate a policy:
        regolive eval -d policies/ -i input.json data.rbac.allow

    \b
    Read what a policy is compiled to:
        regolive compile --emit python -e data.rbac.allow policies/rbac.rego

    `regolive COMMAND --help` tells more about each command.
    """
    logger = logging.getLogger("regolive")
    if not any(isinstance(h, _Log) for h in logger.handlers):
        logger.addHandler(_Log(logging.WARNING if logger.level == logging.NOTSET else 0))
        logger.propagate = False


def interactive() -> bool:
    """Whether standard output is a terminal, for a person to read."""
    return sys.stdout.isatty()
