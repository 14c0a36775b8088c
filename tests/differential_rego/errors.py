"""``python -m tests.differential_rego.errors``: changed policies, and what both say is wrong.

The policies of the corpus and the repository are changed at random, as fuzzing does, and checked by
regolive and by OPA. Differences are gathered by OPA's first message, and the shortest text of each
is shown.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import click

from regolive.compiler import Language, check_modules
from regolive.errors import Diagnostic
from tests.corpus.cases import CorpusCase, Expected
from tests.corpus.judge import declarations, differences
from tests.differential_rego.server import OpaServer
from tests.fuzz.mutate import mutate
from tests.fuzz.seeds import corpus_policies, generated_policies, repository_policies
from tests.opa import OpaError

FILE = "policy.rego"
_LONGEST = 1500
_LIMIT = "error limit reached"


@click.command()
@click.option("--seconds", type=float, default=60.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--changes", type=int, default=1, show_default=True, help="Changes of each text.")
@click.option("--show", default=20, show_default=True, help="Kinds of differences shown.")
@click.option("--texts", is_flag=True, help="Compare the messages of parse errors, too.")
@click.option("--v0-compatible", "v0", is_flag=True, help="Read all policies as Rego v0.")
def main(seconds: float, seed: int, changes: int, show: int, texts: bool, v0: bool) -> None:
    """Compare errors of changed policies with OPA's."""
    seeds = [t for t in corpus_policies() + repository_policies() if len(t) < _LONGEST]
    seeds += generated_policies(40)
    random = Random(seed)
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    examples: dict[str, tuple[str, list[str]]] = {}
    try:
        with OpaServer({}, timeout=5.0, v0_compatible=v0) as opa:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                text = mutate(random.choice(seeds), random, seeds, changes)
                if not _can_be_sent(text):
                    continue
                try:
                    refused = opa.put(FILE, text)
                except OSError:  # it hangs, or its process ended
                    counts["OPA hangs or crashes"] += 1
                    opa.stop()
                    opa.start()
                    continue
                if not refused:
                    opa.delete(FILE)
                expected = tuple(map(_expected, refused))
                if any(_LIMIT in e.message or not e.code.startswith("rego_") for e in expected):
                    continue
                counts["accepted by OPA" if not expected else expected[0].code] += 1
                wrong = _compare(text, expected, texts, Language(v0_compatible=v0))
                if not wrong:
                    continue
                first = expected[0].message.splitlines()[0] if expected else "accepted"
                kind = f"{'CRASH ' if 'crash' in wrong[0] else ''}{_general(first)}"
                kinds[kind] += 1
                if kind not in examples or len(text) < len(examples[kind][0]):
                    examples[kind] = (text, wrong)
    except OpaError as error:
        click.echo(f"differential_rego: {error}", err=True)
        sys.exit(2)
    for kind, count in kinds.most_common(show):
        text, wrong = examples[kind]
        click.echo(f"--- {count} x {kind}\n{text!r}\n  " + "\n  ".join(wrong))
    click.echo(f"{counts.total()} texts: {dict(counts)}; {kinds.total()} differ")
    sys.exit(1 if kinds else 0)


def _can_be_sent(text: str) -> bool:
    """Whether a server says what ``opa check`` does: it looks neither at annotations nor at what is
    printed."""
    if "print" in text or "METADATA" in text:
        return False
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _compare(
    text: str, expected: tuple[Expected, ...], texts: bool, language: Language
) -> list[str]:
    try:
        found = check_modules({FILE: text}, builtins=declarations(), language=language)
    except Exception as error:
        return [f"crash: {type(error).__name__}: {error}"]
    case = CorpusCase("changed", "", "", {FILE: text}, expected=expected)
    # A server sends no details, and OPA's parser goes on in its own way after the first error.
    plain = [replace(d, details=None) for d in found]
    wrong = [w for w in differences(case, plain) if "no error in rows" not in w]
    if found and any(_place(found[0]) == (e.row, e.col) for e in expected):
        # Another of OPA's errors of one text: which is its first depends on where it noticed it.
        wrong = [w for w in wrong if not w.startswith("first error is")]
    if not texts:
        wrong = [w for w in wrong if not w.startswith("does not say")]
    if wrong and not any("missing" in w or "not OPA's" in w for w in wrong):
        wrong += [f"ours: {d.location}: {d.message}" for d in found[:3]]
    return wrong


def _place(found: Diagnostic) -> tuple[int, int]:
    place = found.location
    return (place.row, place.col) if place else (0, 0)


def _expected(error: dict[str, Any]) -> Expected:
    place = error.get("location") or {}
    return Expected(
        error["code"], error["message"], place.get("file", ""), place.get("row", 0),
        place.get("col", 0),
    )  # fmt: skip


def _general(message: str) -> str:
    """A message without what stands in the policy."""
    message = re.sub(r"data\.[\w.\[\]\"]+|`[^`]*`|\"[^\"]*\"|'[^']*'", "_", message)
    return re.sub(r"\b(var|arg|function|rule|ref:|import) [^\s:]+", r"\1 _", message)[:80]


if __name__ == "__main__":
    main()
