"""``regolive compile``: what a policy becomes, as Python or as a plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from regolive.cli.app import Command, interactive
from regolive.cli.language import language_options
from regolive.cli.output import indented, show

if TYPE_CHECKING:
    from regolive.compiler import Language

_PACKAGE = re.compile(r"^\s*package\s+([^\s#;]+)", re.MULTILINE)


@click.command("compile", cls=Command, short_help="Print a policy as Python, or as a plan.")
@click.argument("policies", nargs=-1, required=True, metavar="POLICY...")
@click.option(
    "--emit",
    type=click.Choice(("python", "ir")),
    required=True,
    help="The generated Python, or OPA's plan format (plan.json).",
)
@click.option(
    "-d", "--data", multiple=True, metavar="PATH", help="More policies that these refer to."
)
@click.option(
    "-e",
    "--entrypoint",
    "entrypoints",
    multiple=True,
    metavar="PATH",
    help="What to plan: data.rbac.allow or rbac/allow. Repeatable. Default: each POLICY's package.",
)
@click.option(
    "--capabilities",
    metavar="FILE",
    help="What policies may use, in OPA's format: see regolive capabilities.",
)
@language_options
def command(
    policies: tuple[str, ...],
    emit: str,
    data: tuple[str, ...],
    entrypoints: tuple[str, ...],
    capabilities: str | None,
    language: Language,
) -> None:
    """Print what policies are compiled to.

    \b
    The Python that a decision runs as, with the policy's rows beside it:
        regolive compile --emit python -e data.rbac.allow policies/rbac.rego
    A plan for OPA's other evaluators:
        regolive compile --emit ir -e rbac/allow policies/ > plan.json

    Of a directory, files named *_test.rego are left out.
    """
    from regolive.compiler import CompileRequest, get_front_end
    from regolive.plugins import declare, load_capabilities, load_registry
    from regolive.runtime.sources import SourceError, load_paths

    found = load_paths(policies).modules
    # Nobody plans the tests in a directory; whoever means one names it.
    asked = {n: t for n, t in found.items() if n in policies or not n.endswith("_test.rego")}
    if not asked:
        raise SourceError(f"{', '.join(policies)}: no .rego file is there")
    builtins = load_registry().builtins
    allowed = None
    if capabilities is not None:
        allowed = load_capabilities(capabilities)
        allowed.check_language()
        builtins = allowed.restrict(builtins)
    request = CompileRequest(
        modules={**load_paths(data).modules, **asked},
        entrypoints=entrypoints or _packages(asked),
        builtins=declare(builtins),
        language=language,
        capabilities_features=None if allowed is None else allowed.features,
        capabilities_keywords=None if allowed is None else allowed.future_keywords,
    )
    front_end = get_front_end()
    try:
        policy = front_end.compile(request)
    finally:
        front_end.close()
    if emit == "ir":
        from regolive.ir import write_policy

        show(indented(write_policy(policy), sort=False) + "\n", colour=interactive())
        return
    from regolive.codegen import compile_policy

    source = compile_policy(policy, builtins).source
    show(source, colour=interactive(), language="python")


def _packages(modules: Mapping[str, str]) -> tuple[str, ...]:
    """The packages of the modules, in order. A text without one is for the compiler to refuse."""
    found = [match[1] for text in modules.values() if (match := _PACKAGE.search(text))]
    return tuple(dict.fromkeys(f"data.{name}" for name in found)) or ("data",)
