"""The options that say which Rego policies are written in; every command that compiles has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from regolive.compiler import Language

F = TypeVar("F", bound=Callable[..., Any])


def language_options(function: F) -> F:
    """Add ``--v0-compatible``, ``--strict``, ``--schema``: one argument, ``language``."""

    def with_language(
        *args: Any, v0_compatible: bool, strict: bool, schema: str | None, **kwargs: Any
    ) -> Any:
        return function(*args, language=_language(v0_compatible, strict, schema), **kwargs)

    with_language.__doc__ = function.__doc__
    with_language.__name__ = function.__name__
    with_language.__dict__.update(function.__dict__)
    command: Any = with_language
    for option in (
        click.option(
            "-s",
            "--schema",
            metavar="PATH",
            help="A JSON schema of the input, or a directory of schemas for annotations.",
        ),
        click.option("-S", "--strict", is_flag=True, help="Refuse what OPA's strict mode refuses."),
        click.option("--v0-compatible", is_flag=True, help="Policies are written in Rego v0."),
    ):
        command = option(command)
    found: F = command
    return found


def _language(v0_compatible: bool, strict: bool, schema: str | None) -> Language:
    from regolive.compiler import Language
    from regolive.runtime.sources import load_schemas

    return Language(v0_compatible, strict, load_schemas(schema) if schema else {})


def given(language: Language) -> Language | None:
    """The language if any option chose one; None leaves it to the configuration."""
    from regolive.compiler import Language

    return None if language == Language() else language
