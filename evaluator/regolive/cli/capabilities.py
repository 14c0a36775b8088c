"""``regolive capabilities``: what policies can use here, in OPA's format."""

from __future__ import annotations

import click

from regolive.cli.app import Command, interactive


@click.command("capabilities", cls=Command, short_help="Print what policies can use here.")
@click.option(
    "--file", "file", metavar="FILE", help="Print a file of capabilities, as it is read, instead."
)
def command(file: str | None) -> None:
    """Every builtin (those of plugins too), language feature and keyword there is, in the format
    of `opa capabilities --current`.

    \b
    A file to take from, and to restrict policies with:
        regolive capabilities > capabilities.json
        regolive eval --capabilities capabilities.json -d policies/ data.rbac.allow

    A builtin or feature that is not in the file is an error when a policy is compiled. A key
    "allow_net" lists the hosts that builtins may go to; an empty list is none.
    """
    from regolive.cli.output import indented, show
    from regolive.plugins import load_capabilities, load_registry, own_capabilities

    if file is not None:
        found = load_capabilities(file)
    else:
        found = own_capabilities(load_registry().builtins)
    show(indented(found.document(), sort=False) + "\n", colour=interactive())
