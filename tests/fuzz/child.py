"""The process in which texts are tried: ``python -m tests.fuzz.child``, started by the other one.

Apart, because a hang or a crash ends the process. With atheris what is tried next depends on which
lines and branches a text reached; without it on chance alone.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any

import click

_LONGEST = 8192  # bytes of a text


@click.command()
@click.option("--target", required=True)
@click.option("--engine", type=click.Choice(("atheris", "chance")), required=True)
@click.option("--seconds", type=int, required=True)
@click.option("--limit", type=int, required=True, help="Seconds for one text.")
@click.option("--seed", type=int, required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
def main(target: str, engine: str, seconds: int, limit: int, seed: int, folder: Path) -> None:
    """Try texts for some time."""
    run = _coverage_guided if engine == "atheris" else _by_chance
    run(target, seconds, limit, seed, folder)


class HangError(BaseException):
    """A text took too long. Not an Exception, so that nothing takes it for one of its own."""


def _coverage_guided(target: str, seconds: int, limit: int, seed: int, folder: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=["regolive.syntax", "regolive.compiler"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.findings import Findings
    from tests.fuzz.mutate import mutate
    from tests.fuzz.seeds import all_seeds

    attempt = TARGETS[target]
    findings = Findings(folder / "findings")
    seeds = all_seeds()
    corpus = folder / "corpus"
    _write_seeds(corpus, seeds)

    def one(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        try:
            attempt(text)
        except Exception as error:
            findings.add(text, error)

    def change(data: bytes, most: int, number: int) -> bytes:
        random = Random(number)
        if random.random() < 0.2:
            return bytes(atheris.Mutate(data, most))
        return mutate(data.decode("utf-8", "replace"), random, seeds).encode()[:most]

    arguments = [
        sys.argv[0], f"-max_total_time={seconds}", f"-timeout={limit}", "-rss_limit_mb=6000",
        f"-max_len={_LONGEST}", f"-seed={seed}", f"-artifact_prefix={folder}/findings/",
        "-reload=0", "-print_final_stats=1", str(corpus),
    ]  # fmt: skip
    atheris.Setup(arguments, one, custom_mutator=change)
    atheris.Fuzz()


def _by_chance(target: str, seconds: int, limit: int, seed: int, folder: Path) -> None:
    from tests.fuzz.findings import Findings
    from tests.fuzz.mutate import mutate
    from tests.fuzz.seeds import all_seeds
    from tests.fuzz.targets import TARGETS

    def too_long(number: int, frame: FrameType | None) -> Any:
        raise HangError(f"no end after {limit} s")

    attempt = TARGETS[target]
    findings = Findings(folder / "findings")
    seeds = all_seeds()
    random = Random(seed)
    signal.signal(signal.SIGALRM, too_long)
    until = time.monotonic() + seconds
    tried = 0
    while time.monotonic() < until:
        text = seeds[random.randrange(len(seeds))]
        text = mutate(text, random, seeds)[:_LONGEST]
        signal.alarm(limit)
        try:
            attempt(text)
        except (Exception, HangError) as error:
            findings.add(text, error)
        finally:
            signal.alarm(0)
        tried += 1
    print(f"stat::number_of_executed_units: {tried}", file=sys.stderr)


def _write_seeds(corpus: Path, seeds: list[str]) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(seeds):
        data = text.encode("utf-8", "replace")
        if len(data) <= _LONGEST:
            (corpus / f"seed-{number}").write_bytes(data)


if __name__ == "__main__":
    main()
