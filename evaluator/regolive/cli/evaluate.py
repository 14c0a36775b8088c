"""``regolive eval``: a query, over policies, data and input from files, as ``opa eval`` does it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from regolive.cli.app import ERROR, Command, debugging, fail, interactive
from regolive.cli.language import given, language_options
from regolive.cli.output import FORMATS, render, report, show
from regolive.cli.params import duration
from regolive.errors import RegoliveError

if TYPE_CHECKING:
    from regolive.compiler import Language
    from regolive.runtime import Result, Runtime


@click.command("eval", cls=Command, short_help="Evaluate a query, as opa eval does.")
@click.argument("query")
@click.option(
    "-d",
    "--data",
    "data",
    multiple=True,
    metavar="PATH",
    help="Policies and data: a .rego, .json or .yaml file, or a directory of them. Repeatable.",
)
@click.option("-i", "--input", "input_file", metavar="FILE", help="The input, JSON or YAML.")
@click.option("-I", "--stdin-input", is_flag=True, help="Read the input from standard input.")
@click.option(
    "-b", "--bundle", metavar="PATH", help="A bundle with a plan: what opa build -t plan makes."
)
@click.option("--config", metavar="FILE", help="Configuration, YAML or JSON. Starts its plugins.")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="json",
    show_default=True,
    help="How to print the result.",
)
@click.option("--fail", "fail_undefined", is_flag=True, help="Exit with 1 if undefined.")
@click.option("--fail-defined", is_flag=True, help="Exit with 1 if defined.")
@click.option(
    "--strict-builtin-errors", is_flag=True, help="An error of a builtin ends the query, exit 2."
)
@click.option(
    "--show-builtin-errors", is_flag=True, help="Report errors of builtins beside the result."
)
@click.option("--timeout", type=duration, help="Limit for the evaluation: 100ms, 2s, 1m.")
@click.option(
    "--capabilities",
    metavar="FILE",
    help="What policies may use, in OPA's format: see regolive capabilities.",
)
@language_options
@click.option(
    "--store", type=click.Choice(("snapshot", "locking")), help="How data is kept.  [snapshot]"
)
@click.pass_context
def command(
    ctx: click.Context,
    query: str,
    data: tuple[str, ...],
    input_file: str | None,
    stdin_input: bool,
    bundle: str | None,
    config: str | None,
    form: str,
    fail_undefined: bool,
    fail_defined: bool,
    strict_builtin_errors: bool,
    show_builtin_errors: bool,
    timeout: float | None,
    capabilities: str | None,
    language: Language,
    store: str | None,
) -> None:
    """Evaluate a Rego QUERY and print the result, as `opa eval` does.

    \b
    A decision:
        regolive eval -d policies/ -i input.json data.rbac.allow
    A query with variables, as a table:
        regolive eval -d users.json -f pretty 'data.users[i].admin == true'
    In a script:
        echo '{"user": "alice"}' | regolive eval -I -d rbac.rego -f raw data.rbac.allow

    Exit codes: 0; 1 if --fail or --fail-defined says so; 2 for an error, which --format json
    prints as JSON and the other formats on standard error.
    """
    if fail_undefined and fail_defined:
        raise click.UsageError("give --fail or --fail-defined, not both")
    if input_file and stdin_input:
        raise click.UsageError("give --input or --stdin-input, not both")
    from regolive.runtime import Runtime
    from regolive.values import UNDEFINED

    document = _read_input(input_file, stdin_input, UNDEFINED)
    builtin_errors: list[RegoliveError] = []
    try:
        runtime = Runtime(
            data,
            bundle=bundle,
            config=config,
            store=store,
            # Without the option the configuration decides.
            strict_builtin_errors=strict_builtin_errors or None,
            capabilities=capabilities,
            language=given(language),
        )
        try:
            if runtime.config.plugins:
                runtime.start()
            # As in OPA, zero is no limit.
            limit = timeout or None
            answers, result = _ask(runtime, query, document, limit)
        finally:
            runtime.stop()
        if show_builtin_errors:
            builtin_errors += result.builtin_errors
    except RegoliveError as error:
        _report_error(error, form, ctx)
    if form == "json":
        _print_json(answers, builtin_errors)
    elif builtin_errors:
        _print_errors(builtin_errors)  # as OPA: instead of the result
    else:
        text = render(answers, form)
        is_json = form == "pretty" and not text.startswith(("┌", "undefined"))
        show(text, colour=is_json and interactive())
    if (fail_undefined and not answers) or (fail_defined and answers):
        ctx.exit(1)


def _ask(
    runtime: Runtime, query: str, document: Any, timeout: float | None
) -> tuple[list[dict[str, Any]], Result]:
    """The answers, and the result that they are from."""
    from regolive.errors import Diagnostic, PolicyError

    text = query.strip()
    if not text:
        raise PolicyError([Diagnostic("rego_parse_error", "cannot evaluate empty query")])
    result = runtime.prepare(query).evaluate(document, timeout=timeout)
    return result.results, result


def _read_input(file: str | None, stdin: bool, absent: Any) -> Any:
    """The input document, or ``absent`` where none is given."""
    if file is None and not stdin:
        return absent
    return read_document(file)


def read_document(file: str | None) -> Any:
    """A JSON or YAML document from a file, None for standard input.

    Raises SourceError naming the file and what is wrong.
    """
    from regolive.runtime.sources import SourceError, check_json
    from regolive.values import loads

    name = "standard input" if file is None else file
    try:
        raw = sys.stdin.buffer.read() if file is None else Path(file).read_bytes()
        text = raw.decode("utf-8")
    except OSError as error:
        raise SourceError(f"input: {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"input: {name}: not UTF-8: {error}") from error
    try:
        return loads(text)
    except ValueError as error:
        if text.lstrip()[:1] in ("{", "[", '"') or name.endswith(".json"):
            raise SourceError(f"input: {name}: not JSON: {error}") from error
    except RecursionError as error:
        raise SourceError(f"input: {name}: nested too deeply") from error
    import yaml

    try:
        return check_json(yaml.safe_load(text), f"input: {name}")
    except yaml.YAMLError as error:
        raise SourceError(f"input: {name}: neither JSON nor YAML: {error}") from error


def _print_json(answers: list[dict[str, Any]], errors: list[RegoliveError]) -> None:
    from regolive.cli.problems import error_objects

    objects = [one for error in errors for one in error_objects(error)]
    show(report(answers, objects), colour=interactive())


def _print_errors(errors: list[RegoliveError]) -> None:
    from regolive.cli.problems import error_text

    click.echo(error_text(errors), err=True)


def _report_error(error: RegoliveError, form: str, ctx: click.Context) -> None:
    if debugging(ctx):
        fail(error, ctx)
    if form == "json":
        _print_json([], [error])
    else:
        _print_errors([error])
    ctx.exit(ERROR)
