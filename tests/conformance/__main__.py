"""``python -m tests.conformance``: run OPA's compliance cases and hold them against the lists."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.conformance.cases import CasesError, Line, family, read_lines
from tests.conformance.execute import WAYS, Way
from tests.conformance.known import ListError, judge, read_known
from tests.conformance.pool import Done, Limits, Task, WorkerStartError, run_all
from tests.conformance.report import as_json, print_table, print_verdict

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT = REPOSITORY.parent / "shared" / "conformance" / "opa-v1-cases.jsonl.gz"

# Exit codes, as pytest has them.
OK, DIFFERENT, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for. 0: all as the lists say; 1: not; 2: could not run."""
    options = _parser().parse_args(arguments)
    try:
        known = read_known(options.lists)
        lines = _selected(read_lines(options.file), options.family, options.case)
    except (CasesError, ListError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return USAGE
    chosen: dict[str, tuple[Way, ...]] = {"both": ("plan", "modules"), "all": WAYS}
    ways = chosen.get(options.way) or (options.way,)
    tasks = [Task(line, way) for way in ways for line in lines]
    begin = time.monotonic()
    try:
        results = _run(tasks, options)
    except WorkerStartError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return USAGE
    seconds = time.monotonic() - begin
    order = {(task.line.id, task.way): n for n, task in enumerate(tasks)}
    results.sort(key=lambda d: order[d.task.line.id, d.task.way])
    verdict = judge(results, known)
    document = as_json(results, ways, known, verdict, seconds)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if options.format == "json":
        print(json.dumps(document, indent=1))
    else:
        console = Console()
        print_table(console, results, ways)
        print_verdict(console, results, ways, known, verdict, seconds)
    return OK if verdict.good else DIFFERENT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description="Run OPA's compliance cases, from their plans and from their modules.",
    )
    default = Path(os.environ.get("REGOLIVE_CONFORMANCE") or DEFAULT)
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        default=default,
        metavar="FILE",
        help="cases, one JSON object a line, gzipped or not "
        "(default: $REGOLIVE_CONFORMANCE, or ../shared/conformance/opa-v1-cases.jsonl.gz)",
    )
    parser.add_argument(
        "--way",
        choices=(*WAYS, "both", "all"),
        default="both",
        help="from OPA's plans, from modules through our compiler, both (the default), "
        "from modules through regopy, or all three",
    )
    parser.add_argument(
        "--family", action="append", default=[], help="only this family (repeatable)"
    )
    parser.add_argument(
        "--case", action="append", default=[], metavar="ID", help="only this case (repeatable)"
    )
    parser.add_argument("--report", type=Path, metavar="OUT.json", help="write every case to it")
    parser.add_argument(
        "--jobs", type=_positive, default=os.cpu_count() or 2, help="worker processes"
    )
    parser.add_argument("--format", choices=("pretty", "json"), default="pretty")
    parser.add_argument(
        "--time-limit", type=float, default=20.0, metavar="SECONDS", help="for each case"
    )
    parser.add_argument(
        "--memory-limit", type=int, default=2048, metavar="MIB", help="for each worker; 0: none"
    )
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="MODULE",
        help="a plugin whose builtins the cases need besides the standard ones (repeatable)",
    )
    parser.add_argument(
        "--lists",
        type=Path,
        default=Path(__file__).parent,
        metavar="DIRECTORY",
        help="where known.toml and refused.toml are",
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _selected(lines: list[Line], families: list[str], cases: list[str]) -> list[Line]:
    if not families and not cases:
        return lines
    unknown = {*cases} - {line.id for line in lines}
    unknown |= {*families} - {family(line.id) for line in lines}
    if unknown:
        raise CasesError(f"not in the file: {', '.join(sorted(unknown))}")
    return [line for line in lines if line.id in cases or family(line.id) in families]


def _run(tasks: list[Task], options: argparse.Namespace) -> list[Done]:
    limits = Limits(options.time_limit, options.memory_limit)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("[red]{task.fields[failed]}"),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        shown = bar.add_task("cases", total=len(tasks), failed="")
        failed = 0

        def progress(done: Done) -> None:
            nonlocal failed
            failed += done.outcome.status == "failed"
            bar.update(shown, advance=1, failed=f"{failed} failed" if failed else "")

        return run_all(
            tasks,
            jobs=options.jobs,
            limits=limits,
            plugins=tuple(options.plugin),
            progress=progress,
        )


if __name__ == "__main__":
    sys.exit(main())
