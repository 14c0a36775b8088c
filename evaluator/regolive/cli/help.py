"""``regolive help``: what a builtin takes and gives, with examples, and a page of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from regolive.cli.app import Command

if TYPE_CHECKING:
    from regolive.cli.reference import Entry


@click.command("help", cls=Command, short_help="Explain a builtin.")
@click.argument("names", nargs=-1, metavar="[BUILTIN]...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("pretty", "json", "markdown")),
    default="pretty",
    show_default=True,
    help="How to print it; markdown makes a page such as docs/builtins.md.",
)
def command(names: tuple[str, ...], form: str) -> None:
    """Signature, description, examples and errors of builtins, those of plugins too. Without a
    BUILTIN, all of them in a line each.

    \b
    Examples:
        regolive help io.jwt.decode_verify
        regolive help concat sprintf --format json
        regolive help --format markdown > builtins.md

    An operator is a builtin as well: `regolive help +`.
    """
    from regolive.cli.reference import describe, families, page, to_json
    from regolive.errors import RegoliveError, nearest
    from regolive.plugins import load_registry

    registry = load_registry()
    known = {name: describe(bound) for name, bound in registry.builtins.items()}
    operators = {entry.infix: entry for entry in known.values() if entry.infix}
    found: list[Entry] = []
    for name in names:
        entry = known.get(name) or operators.get(name)
        if entry is None:
            near = nearest(name, list(known)) or nearest(name.lower(), list(known))
            hint = f"did you mean {near!r}?" if near else "`regolive help` lists what there is"
            raise RegoliveError(f"there is no builtin {name!r}; {hint}")
        found.append(entry)
    if form == "markdown":
        click.echo(page(found or known.values()), nl=False)
    elif form == "json":
        from regolive.cli.output import plain_json

        shown: Any = [to_json(entry) for entry in found or known.values()]
        click.echo(plain_json(shown[0] if len(names) == 1 else shown), nl=False)
    elif found:
        for index, entry in enumerate(found):
            click.echo("\n" if index else "", nl=False)
            _print(entry)
    else:
        for heading, _, entries in families(known.values()):
            click.secho(heading, bold=True)
            for entry in entries:
                click.echo(f"  {entry.name:26} {entry.documentation.summary}")
            click.echo()


def _print(entry: Entry) -> None:
    name, rest = entry.name, entry.signature[len(entry.name) :]
    click.echo(click.style(name, fg="green", bold=True) + rest)
    if entry.remarks:
        click.echo(f"({', '.join(entry.remarks)})")
    documentation = entry.documentation
    for text in filter(None, (documentation.summary, documentation.details)):
        click.echo(f"\n{text}")
    if documentation.results:
        click.secho("\nExamples:", bold=True)
        for example in documentation.results:
            click.echo(f"  > {example.expression}")
            click.echo(f"  {example.result or 'undefined'}")
    if documentation.errors:
        click.secho("\nErrors:", bold=True)
        for example in documentation.errors:
            click.echo(f"  > {example.expression}")
            click.echo(f"  {example.error}")
