"""``python -m tests.differential``: random calls of each family, answered by both, compared.

Exit code 1 if any answer differs. Without an ``opa`` binary (``$OPA``, or on the path) nothing
can be compared, and it says so.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from tests.differential.compare import Difference, Ours, differ
from tests.differential.draw import Draw
from tests.differential.families import FAMILIES
from tests.differential.known import why
from tests.differential.notation import Num, as_term
from tests.differential.opa import Call, NoAnswer, ask
from tests.opa import find_opa


@click.command()
@click.option("--family", "families", multiple=True, type=click.Choice(sorted(FAMILIES)))
@click.option("--builtin", "names", multiple=True, help="Only these builtins.")
@click.option("--calls", default=1000, show_default=True, help="Calls of each family.")
@click.option("--batch", default=500, show_default=True, help="Calls put to one OPA process.")
@click.option("--seed", default="0", show_default=True)
@click.option("--show", default=5, show_default=True, help="Differences shown of each kind.")
@click.option("--kinds", default="outcome,value,digits,code,text", show_default=True)
@click.option("--save", type=click.Path(path_type=Path), help="Append OPA's answers to a file.")
def main(
    families: tuple[str, ...],
    names: tuple[str, ...],
    calls: int,
    batch: int,
    seed: str,
    show: int,
    kinds: str,
    save: Path | None,
) -> None:
    """Compare the standard builtins with a real OPA on random calls."""
    opa = find_opa()
    if opa is None:
        click.echo("skipped: there is no opa binary on the path, and $OPA names none")
        return
    ours = Ours()
    wanted = set(kinds.split(","))
    found: list[Difference] = []
    for family in families or sorted(FAMILIES):
        start = time.monotonic()
        drawn = draw_calls(family, names, calls, seed)
        if not drawn:
            continue
        different: list[Difference] = []
        unanswered: list[tuple[Call, NoAnswer]] = []
        known: Counter[str] = Counter()
        for at in range(0, len(drawn), batch):
            some = drawn[at : at + batch]
            for call, theirs in zip(some, ask(opa, some), strict=True):
                if isinstance(theirs, NoAnswer):
                    unanswered.append((call, theirs))
                    continue
                difference = differ(call, ours.answer(call), theirs)
                if difference is None or difference.kind not in wanted:
                    continue
                reason = why(difference)
                if reason is None:
                    different.append(difference)
                else:
                    known[reason] += 1
        counts = Counter(d.kind for d in different)
        parts = [f"{count} {kind}" for kind, count in counts.most_common()]
        parts += [f"{count} known ({reason})" for reason, count in known.most_common()]
        if unanswered:
            parts.append(f"{len(unanswered)} without an answer of OPA's")
        elapsed = time.monotonic() - start
        summary = ", ".join(parts) or "no difference"
        click.echo(f"{family}: {len(drawn)} calls in {elapsed:.0f} s: {summary}")
        _show(different, unanswered, show)
        found += different
    if save is not None:
        with save.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(_recorded(d), separators=(",", ":")) + "\n" for d in found)
    sys.exit(1 if found else 0)


def draw_calls(family: str, names: tuple[str, ...], count: int, seed: str) -> list[Call]:
    """Random calls of a family, its builtins taking turns."""
    makers = FAMILIES[family]
    chosen = [n for n in makers if not names or n in names]
    if not chosen:
        return []
    draw = Draw(f"{seed}/{family}")
    drawn = []
    for at in range(count):
        name = chosen[at % len(chosen)]
        operands = makers[name](draw)
        if operands and draw.maybe(0.03):
            # Of another type, mostly; not another number, for that may ask for far too much.
            other = draw.value()
            number = isinstance(other, int | Num) and not isinstance(other, bool)
            operands[draw.below(len(operands))] = [other] if number else other
        drawn.append(Call(name, tuple(operands)))
    return drawn


def _show(different: list[Difference], unanswered: list[tuple[Call, NoAnswer]], most: int) -> None:
    shown: Counter[tuple[str, str]] = Counter()
    for one in sorted(different, key=lambda d: (d.kind, d.call.name, len(str(d.call)))):
        shown[one.kind, one.call.name] += 1
        if shown[one.kind, one.call.name] > most:
            continue
        click.echo(f"  {one.kind}: {one.call!s:.600}")
        for who, answer in (("ours", one.ours), ("OPA ", one.theirs)):
            if answer.code:
                text = f"{answer.code}: {answer.error}"
            else:
                text = repr(answer.value) if answer.defined else "undefined"
            click.echo(f"      {who} {text!s:.600}")
    for (kind, name), count in shown.items():
        if count > most:
            click.echo(f"  ... {count - most} more: {kind} of {name}")
    for call, reason in unanswered[:most]:
        click.echo(f"  no answer: {call!s:.300}: {reason!s:.200}")


def _recorded(one: Difference) -> dict[str, Any]:
    """A call with OPA's answer, as ``tests/unit/std/opa_random.jsonl`` has them."""
    entry = {"call": one.call.name, "operands": as_term(list(one.call.operands))}
    if one.theirs.code:
        return entry | {"code": one.theirs.code, "error": one.theirs.error}
    return entry | ({"term": one.theirs.term} if one.theirs.defined else {})


if __name__ == "__main__":
    main()
