"""``regolive version``: this version, and those of what it stands on."""

from __future__ import annotations

import click

from regolive.cli.app import Command

_PARTS = ("regopy", "nats-py", "google-re2", "pluggy")


@click.command("version", cls=Command, short_help="Print versions, for a bug report.")
@click.option("-f", "--format", "form", type=click.Choice(("pretty", "json")), default="pretty")
def command(form: str) -> None:
    """Versions of regolive, of Python and of the libraries that matter in a bug report.

    \b
    Example:
        regolive version --format json
    """
    import platform
    from importlib import metadata

    from regolive import __version__

    found = {"regolive": __version__, "python": platform.python_version()}
    for name in _PARTS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    found["platform"] = platform.platform()
    if form == "json":
        from regolive.cli.output import plain_json

        click.echo(plain_json(found), nl=False)
        return
    width = max(map(len, found))
    for name, version in found.items():
        click.echo(f"{name:{width}}  {version}")
