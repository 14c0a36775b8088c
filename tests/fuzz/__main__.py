"""``python -m tests.fuzz``: fuzz a target for some time and report what was found.

Exit code 0: nothing; 1: something, kept under ``--out``; 2: it could not be run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import click

from tests.fuzz.findings import Findings

REPOSITORY = Path(__file__).resolve().parents[2]
_STARTING = 300  # seconds that a child may need besides its time, on a machine that is busy


@click.command()
@click.option("--target", type=click.Choice(("parser", "compiler", "both")), default="both")
@click.option("--seconds", type=click.IntRange(min=1), default=60, show_default=True)
@click.option(
    "--engine",
    type=click.Choice(("atheris", "chance")),
    help="How texts are chosen (default: atheris if it is installed).",
)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True,
              help="Seconds that one text may take.")  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=REPOSITORY / "report" / "fuzz",
    help="Where findings and the corpus are kept (default: report/fuzz).",
)
def main(target: str, seconds: int, engine: str | None, limit: int, seed: int, out: Path) -> None:
    """Fuzz the parser, the compiler, or both."""
    if engine is None:
        engine = "atheris" if find_spec("atheris") else "chance"
    elif engine == "atheris" and not find_spec("atheris"):
        click.echo("fuzz: atheris is not installed: pip install 'regolive[fuzz]'", err=True)
        sys.exit(2)
    targets = ("parser", "compiler") if target == "both" else (target,)
    found = 0
    for name in targets:
        folder = out / name
        shutil.rmtree(folder / "findings", ignore_errors=True)
        _run(name, engine, max(1, seconds // len(targets)), limit, seed, folder)
        for finding in Findings(folder / "findings").all():
            found += 1
            click.echo(f"--- {name}: {finding.text}\n{finding.told}")
    sys.exit(1 if found else 0)


def _run(target: str, engine: str, seconds: int, limit: int, seed: int, folder: Path) -> None:
    """Children one after the other, until the time is over: what ends one is a finding."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    until = time.monotonic() + seconds
    tried, coverage = 0, ""
    while (left := round(until - time.monotonic())) > 0:
        command = [
            sys.executable, "-m", "tests.fuzz.child", "--target", target, "--engine", engine,
            "--seconds", str(left), "--limit", str(limit), "--seed", str(seed),
            "--folder", str(folder),
        ]  # fmt: skip
        ended = False
        with log.open("w", encoding="utf-8", errors="replace") as output:
            try:
                done = subprocess.run(
                    command,
                    cwd=REPOSITORY,
                    stdout=output,
                    stderr=output,
                    check=False,
                    timeout=left + limit + _STARTING,
                )
                ended = True
            except subprocess.TimeoutExpired:
                click.echo(f"fuzz: {target}: the process did not end in time; see {log}", err=True)
        text = log.read_text(encoding="utf-8", errors="replace")
        numbers = re.findall(r"stat::number_of_executed_units: (\d+)", text)
        tried += int((numbers or re.findall(r"^#(\d+)", text, re.MULTILINE) or [0])[-1])
        coverage = (re.findall(r"cov: \d+ ft: \d+ corp: \d+", text) or [coverage])[-1]
        if ended and done.returncode:
            kept = [p for p in (folder / "findings").glob("*-*") if not p.suffix]
            for path in kept:  # what libFuzzer kept: a hang, the end of the process, memory
                path.rename(path.with_name(f"{path.name[:40]}.rego"))
                path.with_name(f"{path.name[:40]}.txt").write_text(
                    "\n".join(text.splitlines()[-60:]), encoding="utf-8"
                )
            if not kept:
                click.echo(f"fuzz: {target}: the process ended with {done.returncode}; see {log}")
                click.echo("\n".join(text.splitlines()[-15:]))
                sys.exit(2)
        seed += 1
    click.echo(f"{target}: {tried} texts in {seconds} s by {engine} {coverage}".rstrip())


if __name__ == "__main__":
    main()
