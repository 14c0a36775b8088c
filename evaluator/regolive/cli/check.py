"""``regolive check``: whether policies compile, and whether two compilers agree on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from regolive.cli.app import Command, interactive
from regolive.cli.language import language_options
from regolive.cli.output import indented, show
from regolive.errors import PolicyError

if TYPE_CHECKING:
    from regolive.compiler import Language
    from regolive.runtime.crosscheck import Report

WRONG = 1


@click.command("check", cls=Command, short_help="Check policies, as opa check does.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@language_options
@click.option(
    "--capabilities",
    metavar="FILE",
    help="What policies may use, in OPA's format: see regolive capabilities.",
)
@click.option(
    "-m",
    "--max-errors",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many errors to report at most; 0 for all.",
)
@click.option(
    "--cross-check",
    is_flag=True,
    help="Compile with regopy too, run the policies' tests on both plans, and report differences.",
)
@click.option(
    "-i",
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE",
    help="With --cross-check: an input to ask every rule with. Repeatable.",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(("pretty", "json")),
    default="pretty",
    show_default=True,
    help="How to print what is wrong.",
)
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[str, ...],
    language: Language,
    capabilities: str | None,
    max_errors: int,
    cross_check: bool,
    inputs: tuple[str, ...],
    form: str,
) -> None:
    """Compile the policies of PATHs (files and directories) and report what is wrong with them.

    \b
    All errors of a policy set:
        regolive check --strict policies/
    As opa check has them, for machines:
        regolive check --format json policies/
    A second opinion:
        regolive check --cross-check -i input.json policies/

    Exit codes: 0 if nothing is wrong; 1 for errors in the policies, and for differences that
    --cross-check finds; 2 if the check could not be run.
    """
    if inputs and not cross_check:
        raise click.UsageError("--input goes with --cross-check")
    from regolive.compiler import check_modules
    from regolive.plugins import declare, load_capabilities, load_registry
    from regolive.runtime.sources import SourceError, load_paths

    sources = load_paths(paths)
    if not sources.modules:
        raise SourceError(f"{', '.join(paths)}: no .rego file is there")
    builtins = load_registry().builtins
    allowed = None if capabilities is None else load_capabilities(capabilities)
    if allowed is not None:
        if not language.v0_compatible:
            allowed.check_language()
        builtins = allowed.restrict(builtins)
    wrong = check_modules(
        sources.modules,
        builtins=declare(builtins),
        language=language,
        features=None if allowed is None else allowed.features,
        keywords=None if allowed is None else allowed.future_keywords,
    )
    if wrong:
        _report(PolicyError(wrong), form, max_errors)
        ctx.exit(WRONG)
    if not cross_check:
        if form == "json":
            show("{}\n", colour=False)
        return
    report = _second_opinion(sources, builtins, language, inputs, form)
    if form == "json":
        show(indented(_document(report), sort=False) + "\n", colour=interactive())
    else:
        _print(report)
    if report.differences:
        ctx.exit(WRONG)


def _report(error: PolicyError, form: str, limit: int) -> None:
    from regolive.cli.problems import error_objects, error_text

    shown = error.diagnostics[:limit] if limit else error.diagnostics
    more = len(error.diagnostics) - len(shown)
    if form == "json":
        errors = error_objects(PolicyError(shown))
        show(indented({"errors": errors}, sort=False) + "\n", colour=interactive())
        return
    click.echo(error_text([PolicyError(shown)]), err=True)
    if more:
        click.echo(f"and {more} more: --max-errors 0 shows all", err=True)


def _second_opinion(
    sources: Any, builtins: Any, language: Language, inputs: Sequence[str], form: str
) -> Report:
    from rich.console import Console
    from rich.progress import Progress

    from regolive.cli.evaluate import read_document
    from regolive.compiler import get_front_end
    from regolive.runtime.crosscheck import CrossCheck

    first, second = get_front_end(), get_front_end("regopy")
    try:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("asking both compilers", total=None)
            return CrossCheck(
                sources.modules,
                builtins,
                first,
                second,
                language=language,
                data=sources.data,
                inputs=[read_document(file) for file in inputs],
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            ).run()
    finally:
        first.close()
        second.close()


def _document(report: Report) -> dict[str, Any]:
    ours, theirs = report.names
    return {
        "agreed": report.agreed,
        "differences": [
            {
                "rule": d.question.path,
                "location": _place(d.question),
                **({} if d.input is None else {"input": d.input}),
                ours: d.answers[0],
                theirs: d.answers[1],
            }
            for d in report.differences
        ],
        "refused": [
            {"rule": r.question.path, "location": _place(r.question), "message": r.message}
            for r in report.refusals
        ],
        "varying": [q.path for q in report.varying],
    }


def _place(question: Any) -> dict[str, Any]:
    place = question.location
    return {"file": place.file, "row": place.row, "col": place.col}


def _print(report: Report) -> None:
    ours, theirs = report.names
    for d in report.differences:
        asked = "" if d.input is None else f", input {d.input}"
        click.echo(f"{d.question.location}: {d.question.path}{asked}: different answers")
        click.echo(f"    {ours}: {d.answers[0]}")
        click.echo(f"    {theirs}: {d.answers[1]}")
    told: dict[str, list[str]] = {}
    for r in report.refusals:
        files = told.setdefault(r.message, [])
        if r.question.location.file not in files:
            files.append(r.question.location.file)
    for message, files in told.items():
        click.echo(f"{theirs} refuses {', '.join(files)}:")
        click.echo("    " + message.strip().replace("\n", "\n    "))
    for q in report.varying:
        click.echo(f"{q.location}: {q.path}: not compared, two runs differ by themselves")
    click.echo(
        f"{report.agreed} answers agree, {len(report.differences)} differ, "
        f"{theirs} refuses {len(report.refusals)} rules"
    )
