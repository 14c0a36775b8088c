"""``regolive parse``: the tree of a policy, to look at or as OPA's JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regolive.cli.app import Command, interactive
from regolive.cli.output import indented, show
from regolive.errors import PolicyError

WRONG = 1
_PARTS = ("locations", "comments")


def _included(ctx: click.Context, param: click.Parameter, value: str | None) -> dict[str, bool]:
    """What ``--json-include`` asks for: names with commas, a minus before what is not wanted."""
    found = {"locations": False, "comments": True}
    for word in filter(None, (value or "").split(",")):
        name = word.strip().removeprefix("-")
        if name not in _PARTS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(_PARTS)}", ctx, param)
        found[name] = not word.strip().startswith("-")
    return found


@click.command("parse", cls=Command, short_help="Print the tree of a policy, as opa parse does.")
@click.argument("file", metavar="FILE")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("pretty", "json")),
    default="pretty",
    show_default=True,
    help="How to print the tree: to look at, or as OPA's JSON.",
)
@click.option(
    "--json-include",
    "include",
    metavar="PARTS",
    callback=_included,
    help="With commas between: locations, comments; a minus leaves one out. Comments are in.",
)
@click.option("--v0-compatible", is_flag=True, help="The policy is written in Rego v0.")
@click.pass_context
def command(
    ctx: click.Context, file: str, form: str, include: dict[str, bool], v0_compatible: bool
) -> None:
    """Parse the policy in FILE and print its tree.

    \b
    To look at:
        regolive parse policy.rego
    As opa parse has it, with places and without comments:
        regolive parse --format json --json-include locations,-comments policy.rego

    The exit code is 1 if it is not Rego; all that is wrong is reported.
    """
    from regolive.syntax import format_tree, parse_module, to_opa_json

    try:
        raw = Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    text = raw.decode("utf-8", "surrogateescape")
    try:
        module = parse_module(text, file, v0_compatible=v0_compatible)
    except PolicyError as error:
        _report(error, form)
        ctx.exit(WRONG)
    if form == "json":
        document = to_opa_json(module, **include)
        show(indented(document, sort=False) + "\n", colour=interactive())
    else:
        click.echo(format_tree(module, include["comments"]), nl=False)


def _report(error: PolicyError, form: str) -> None:
    from regolive.cli.problems import error_objects, error_text

    if form == "json":
        document: dict[str, Any] = {"errors": error_objects(error)}
        show(indented(document, sort=False) + "\n", colour=interactive())
    else:
        click.echo(error_text([error]), err=True)
