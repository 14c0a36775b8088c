"""``regolive plugins``: who adds which builtins, and which plugin is broken."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click

from regolive.cli.app import Command

if TYPE_CHECKING:
    from regolive.plugins import BuiltinSpec
    from regolive.plugins.registry import Registry


@click.command("plugins", cls=Command, short_help="List plugins and their builtins.")
@click.argument("names", nargs=-1, metavar="[PLUGIN]...")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("pretty", "json")),
    default="pretty",
    show_default=True,
)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], form: str) -> None:
    """The plugins that are installed, with their builtins: signature, and what each does.

    PLUGIN names those to show; the default is all.

    \b
    Examples:
        regolive plugins nats
        regolive plugins --format json

    The exit code is 1 if a plugin is broken: useful in a plugin's own tests.
    """
    from regolive.errors import PluginError, nearest
    from regolive.plugins import load_registry

    log = logging.getLogger("regolive.plugins")
    log.disabled = True  # its problems are told below
    try:
        registry = load_registry()
    finally:
        log.disabled = False
    found = describe_plugins(registry)
    known = [p["name"] for p in found] + [p.plugin for p in registry.problems]
    for name in names:
        if name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near!r}?" if near else f"; there are: {', '.join(known)}"
            raise PluginError(name, f"is not installed{hint}")
    found = [p for p in found if not names or p["name"] in names]
    problems = [p for p in registry.problems if not names or p.plugin in names]
    if form == "json":
        from regolive.cli.output import plain_json

        told = [{"plugin": p.plugin, "message": str(p)} for p in problems]
        click.echo(plain_json({"plugins": found, "problems": told}), nl=False)
    else:
        _print(found, [str(p) for p in problems])
    if problems:
        ctx.exit(1)


def describe_plugins(registry: Registry) -> list[dict[str, Any]]:
    """Each plugin: name, distribution and version if it was installed, and its builtins."""
    from regolive.plugins.registry import ENTRY_POINT_GROUP

    origins = _distributions(ENTRY_POINT_GROUP)
    described = []
    for name, _ in registry.plugins():
        bound = sorted(
            (b for b in registry.builtins.values() if b.plugin == name), key=lambda b: b.spec.name
        )
        described.append(
            {
                "name": name,
                "distribution": origins.get(name),
                "builtins": [
                    {
                        "name": b.spec.name,
                        "signature": signature(b.spec),
                        "doc": b.spec.doc.strip().partition("\n")[0],
                        "nondeterministic": b.spec.nondeterministic,
                        "deprecated": b.spec.deprecated,
                    }
                    for b in bound
                ],
            }
        )
    return described


def signature(spec: BuiltinSpec) -> str:
    """A builtin as a person writes it: ``name(operand: type, ...) -> type``."""
    from regolive.plugins.types import describe

    operands = [
        f"{arg['name']}: {describe(arg)}" if "name" in arg else describe(arg) for arg in spec.args
    ]
    if spec.variadic is not None:
        operands.append(f"{describe(spec.variadic)}...")
    return f"{spec.name}({', '.join(operands)}) -> {describe(spec.result)}"


def _distributions(group: str) -> dict[str, str]:
    from importlib import metadata

    return {
        point.name: f"{point.dist.name} {point.dist.version}"
        for point in metadata.entry_points(group=group)
        if point.dist is not None
    }


def _print(found: list[dict[str, Any]], problems: list[str]) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for plugin in found:
        head = Text(plugin["name"], style="bold cyan")
        if plugin["distribution"]:
            head.append(f"  {plugin['distribution']}", style="dim")
        count = len(plugin["builtins"])
        head.append(f"  {count} builtin{'' if count == 1 else 's'}", style="dim")
        console.print(head)
        for builtin in plugin["builtins"]:
            name, rest = builtin["name"], builtin["signature"][len(builtin["name"]) :]
            console.print(
                Padding(
                    Text(name, style="green").append(rest, "default"), (0, 0, 0, 2), expand=False
                )
            )
            told = builtin["doc"]
            for mark in ("nondeterministic", "deprecated"):
                told += f" [{mark}]" if builtin[mark] else ""
            if told:
                console.print(Padding(Text(told.strip(), style="dim"), (0, 0, 0, 6), expand=False))
        console.print()
    for problem in problems:
        console.print(Text("broken: ", style="bold red").append(problem, style="default"))
