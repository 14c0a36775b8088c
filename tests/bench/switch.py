"""Bodies that each compare one thing with a constant: 1,000 of them cost what 10 do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.bench import engines
from tests.bench.cases import Case
from tests.bench.timing import Effort, compare, ratio
from tests.generate.policies import switch_policy

SIZES = (10, 1000)

BAR = 1.5
"""A decision over the most bodies may cost this many times as much as over the fewest."""


def _lines(pattern: str, rules: int, *more: str) -> str:
    made = [pattern.replace("@", str(number)) for number in range(rules)]
    return "\n".join(["package switch", *made, *more])


FORMS: dict[str, Callable[[int], str]] = {
    "a value": switch_policy,
    "true or false": lambda rules: _lines(
        'decision if { input.action == "action-@"; input.level > 1 }',
        rules,
        "default decision := false",
    ),
    "members of a set": lambda rules: _lines(
        'decision contains "p-@" if { input.action == "action-@"; input.level > 1 }', rules
    ),
    "a function": lambda rules: _lines(
        'f("action-@", level) := level + 1', rules, "decision := f(input.action, input.level)"
    ),
    "else after else": lambda rules: _lines(
        'else := @ if input.action == "action-@"', rules
    ).replace("else", "decision", 1),
}


@dataclass(frozen=True, slots=True)
class Row:
    """Nanoseconds per decision over few and many bodies, and how many times as long many take."""

    form: str
    few_ns: float
    many_ns: float
    times: float


def measure(effort: Effort, sizes: Sequence[int] = SIZES) -> list[Row]:
    """Time each form of rule with the fewest and the most bodies."""
    rows = []
    for form, make in FORMS.items():
        with ExitStack() as stack:
            batches = {}
            for size in sizes:
                inputs = [{"action": f"action-{n * size // 10}", "level": 5} for n in range(10)]
                case = Case(
                    form, {"switch.rego": make(size)}, "data.switch.decision", {}, inputs, _nothing
                )
                engine = stack.enter_context(engines.regolive(case))
                assert engines.UNDEFINED not in [engine.decide(i) for i in inputs]
                batches[f"{size:>9}"] = engine.batch
            few, many = compare(batches, 10, effort).values()
            rows.append(Row(form, few.ns, many.ns, ratio(many, few)))
    return rows


def _nothing(_data: Any, _input: Any) -> Any:
    raise NotImplementedError("nobody decides this by hand")
