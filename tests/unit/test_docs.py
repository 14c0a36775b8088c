"""The documents tell of everything there is: each hook, each configuration key, each command."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from regolive.cli import main
from regolive.plugins import hookspecs
from regolive.runtime import Config
from regolive_nats.config import NatsConfig

DOCS = Path(__file__).resolve().parents[2] / "docs"
HOOKS = [name for name in vars(hookspecs) if name.startswith("regolive_")]


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_section_with_an_example(hook: str) -> None:
    text = (DOCS / "plugin_hooks.md").read_text()
    heading = next((s for s in text.split("\n## ") if hook in s.splitlines()[0]), "")
    assert f"def {hook}" in heading


@pytest.mark.parametrize("key", [f.name for f in fields(NatsConfig)])
def test_every_nats_key_is_in_its_table(key: str) -> None:
    assert f"`{key}`" in (DOCS / "nats.md").read_text()


@pytest.mark.parametrize("key", [f.name for f in fields(Config)])
def test_every_key_of_the_configuration_is_told(key: str) -> None:
    assert f"`{key}`" in (DOCS / "configuration.md").read_text()


def cli_reference() -> str:
    """``docs/cli.md`` as it should be: the help of each command."""
    runner = CliRunner()
    out = [
        "# Command line",
        "",
        "What `--help` says of each command. Written by `REGOLIVE_WRITE_DOCS=1 pytest",
        "tests/unit/test_docs.py`, and held to it by the same test.",
    ]
    context = click.Context(main, info_name="regolive")

    def add(command: click.Command, names: list[str]) -> None:
        done = runner.invoke(main, [*names, "--help"], prog_name="regolive", terminal_width=90)
        title = " ".join(["regolive", *names])
        out.extend(["", f"## {title}", "", "```", done.output.rstrip(), "```"])
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                add(found, [*names, name])

    add(main, [])
    return "\n".join(out) + "\n"


def test_the_command_reference_is_what_help_says() -> None:
    path = DOCS / "cli.md"
    if os.environ.get("REGOLIVE_WRITE_DOCS"):
        path.write_text(cli_reference())
    assert path.read_text() == cli_reference()
