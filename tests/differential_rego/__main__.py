"""``python -m tests.differential_rego``: random modules, both answers to everything they define.

Reports modules that only one of the two accepts, and answers that differ, with the module. Exit
code 1 if there are any; 2 without an ``opa`` binary.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import click

from regolive.compiler import FrontEnd, get_front_end
from regolive.errors import FrontEndError, PolicyError
from tests.differential_rego.answers import Answer, Question, same
from tests.differential_rego.ours import Ours
from tests.differential_rego.server import OpaServer
from tests.generate.modules import Made, make_module
from tests.generate.terms import DATA, INPUTS
from tests.opa import OpaError


@click.command()
@click.option("--modules", default=500, show_default=True, help="How many modules.")
@click.option("--seed", default="0", show_default=True)
@click.option("--size", default=8, show_default=True, help="Rules in a module, at most.")
@click.option("--front-end", "name", default="regolive", show_default=True)
@click.option("--show", default=5, show_default=True, help="Differences shown of each kind.")
@click.option("--seconds", type=float, help="Stop after so long.")
@click.option("--save", type=click.Path(path_type=Path), help="Write the modules that differ.")
def main(
    modules: int,
    seed: str,
    size: int,
    name: str,
    show: int,
    seconds: float | None,
    save: Path | None,
) -> None:
    """Compare answers to random modules with OPA's."""
    try:
        with OpaServer(DATA) as opa:
            front_end = get_front_end(name)
            try:
                run = Run(opa, front_end, show, save)
                until = time.monotonic() + seconds if seconds else None
                for number in range(modules):
                    if until is not None and time.monotonic() > until:
                        break
                    run.module(make_module(Random(f"{seed}/{number}"), f"g{number}", size))
            finally:
                front_end.close()
    except OpaError as error:
        click.echo(f"differential_rego: {error}", err=True)
        sys.exit(2)
    run.summary()
    sys.exit(1 if run.differences else 0)


class Run:
    """Counts, and shows differences as they are found."""

    def __init__(self, opa: OpaServer, front_end: FrontEnd, show: int, save: Path | None) -> None:
        self.opa = opa
        self.ours = Ours(front_end, DATA)
        self.show = show
        self.save = save
        self.counts: Counter[str] = Counter()
        self.differences: Counter[str] = Counter()

    def module(self, made: Made) -> None:
        """Compile one module with both, and ask both what it defines."""
        self.counts["modules"] += 1
        file = f"{made.package}.rego"
        texts = {file: made.text}
        refused = self.opa.put(file, made.text)
        try:
            try:
                compiled = self.ours.compile(texts, made.rules)
            except (PolicyError, FrontEndError) as error:
                if refused:
                    self.counts["refused by both"] += 1
                else:
                    self._differs("refused by regolive only", made, str(error))
                return
            except Exception as error:
                self._differs("crash of the compiler", made, f"{type(error).__name__}: {error}")
                return
            if refused and all(map(_of_unknown_type, refused)):
                self.counts["refused by OPA only, for a type it does not know"] += 1
                return
            if refused:
                shown = "; ".join(str(e.get("message")) for e in refused[:3])
                self._differs("refused by OPA only", made, f"{shown} {refused[0].get('location')}")
                return
            for question in _questions(made):
                document = INPUTS[question.input]
                try:
                    if question.query:
                        mine = self.ours.query(texts, question.text, document)
                    else:
                        mine = self.ours.rule(compiled, question.text, document)
                except Exception as error:
                    mine = Answer("refused", None, f"crash: {type(error).__name__}: {error}")
                theirs = (self.opa.query if question.query else self.opa.rule)(
                    question.text, document
                )
                self._compare(made, question, mine, theirs)
        finally:
            self.opa.delete(file)

    def _compare(self, made: Made, question: Question, mine: Answer, theirs: Answer) -> None:
        self.counts["answers"] += 1
        self.counts[f"answers: {theirs.kind}"] += 1
        if same(mine, theirs):
            return
        kind = "queries" if question.query else "rules"
        if "error" in (mine.kind, theirs.kind):
            # Which statement is evaluated first decides whether a conflict is met.
            self.counts["answers: an error that only one meets"] += 1
            return
        if "refused" in (mine.kind, theirs.kind):
            kind += ", one refused"
        told = f"{question.text}  (input {question.input})\n  ours: {mine}\n  opa:  {theirs}"
        self._differs(f"different answers to {kind}", made, told)

    def _differs(self, kind: str, made: Made, told: str) -> None:
        self.differences[kind] += 1
        if self.differences[kind] <= self.show:
            click.echo(f"--- {kind}: {made.package}\n{told}")
        if self.save is not None:
            self.save.mkdir(parents=True, exist_ok=True)
            (self.save / f"{made.package}.rego").write_text(made.text, encoding="utf-8")

    def summary(self) -> None:
        """What was done, and how often the two differ."""
        for name, count in sorted(self.counts.items()):
            click.echo(f"{name}: {count}")
        for name, count in sorted(self.differences.items()):
            click.echo(f"DIFFERENT, {name}: {count}")


def _of_unknown_type(error: Any) -> bool:
    """Whether OPA refuses a module as it knows no type of a function's parameter: a set of these,
    in a comprehension, is to it no set of anything."""
    if isinstance(error, list):
        return any(map(_of_unknown_type, error))
    if isinstance(error, dict):
        lost = error.get("type") == "set" and "of" not in error
        lost = lost or ("a" in error and error["a"] is error.get("b") is None)
        return lost or any(map(_of_unknown_type, error.values()))
    return False


def _questions(made: Made) -> Iterator[Question]:
    for number in range(len(INPUTS)):
        for reference in made.rules:
            yield Question(reference, False, number)
    for text in made.queries:
        yield Question(text, True, 0)


if __name__ == "__main__":
    main()
