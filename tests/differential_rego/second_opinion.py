"""Random modules cross-checked with regopy: where the two differ, OPA is asked who is right.

``python -m tests.differential_rego.second_opinion`` writes what it said to ``regopy_differs.toml``:
there each difference is regopy's. The tests hold new differences against that list, without an OPA.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random

from regolive.compiler import get_front_end
from regolive.errors import PolicyError
from regolive.plugins import Registry
from regolive.runtime.crosscheck import CrossCheck, Report
from regolive.values import dumps
from regolive_std import StdPlugin
from tests.differential_rego.answers import Answer
from tests.differential_rego.server import OpaServer
from tests.generate.modules import Made, make_module
from tests.generate.terms import DATA, INPUTS
from tests.opa import OpaError

FILE = Path(__file__).with_name("regopy_differs.toml")
MODULES = 40
SIZE = 6


def module(number: int) -> Made:
    """The module of a number, in the language that both know."""
    return make_module(Random(f"second/{number}"), f"g{number}", SIZE, plain=True)


def reports(modules: int) -> Iterator[tuple[Made, Report]]:
    """What the two compilers answer to each module that ours accepts."""
    registry = Registry()
    registry.register(StdPlugin, "std")
    ours, theirs = get_front_end("regolive"), get_front_end("regopy")
    try:
        for number in range(modules):
            made = module(number)
            texts = {f"{made.package}.rego": made.text}
            check = CrossCheck(texts, registry.builtins, ours, theirs, data=DATA, inputs=INPUTS)
            try:
                yield made, check.run()
            except PolicyError:
                continue  # what ours refuses is looked at elsewhere
    finally:
        ours.close()
        theirs.close()


def known() -> set[tuple[str, int, str]]:
    """The differences of the file: rule, number of the input, and our answer."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {(d["rule"], d["input"], d["answer"]) for d in document.get("difference", ())}


def main() -> int:
    """Write the file. 1: there is a difference in which OPA does not say what we say."""
    lines = [
        "# Random modules (see second_opinion.py) that regopy gives another answer for. The answer",
        "# is regolive's, and OPA's; or one met an error that another order of evaluation avoids.",
    ]
    wrong = 0
    try:
        with OpaServer(DATA) as opa:
            for made, report in reports(MODULES):
                opa.put(made.package, made.text)
                for d in report.differences:
                    assert d.input is not None
                    path = d.question.path.replace('["', ".").replace('"]', "")
                    truth = opa.rule(path, INPUTS[d.input])
                    if not _agree(truth, d.answers[0], d.answers[1]):
                        wrong += 1
                        print(f"{made.package} {path} {d.input}: {d.answers[0]}, OPA: {truth}")
                    lines += [
                        "",
                        "[[difference]]",
                        f"rule = {dumps(d.question.path)}",
                        f"input = {d.input}",
                        f"answer = {dumps(d.answers[0])}",
                        f"regopy = {dumps(d.answers[1])}",
                    ]
                opa.delete(made.package)
    except OpaError as error:
        print(f"second_opinion: {error}", file=sys.stderr)
        return 2
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(
        f"{FILE.name}: {lines.count('[[difference]]')} differences, {wrong} in which OPA disagrees"
    )
    return 1 if wrong else 0


def _agree(truth: Answer, ours: str, theirs: str) -> bool:
    if "_error: " in ours or "_error: " in theirs or truth.kind == "error":
        return True
    return str(truth) == ours


if __name__ == "__main__":
    sys.exit(main())
