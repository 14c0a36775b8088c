"""What compiling costs: a policy set of 180 modules, cold, from the disk, after a change, and
queries over it.

The set is generated (``tests.generate.policies``). Each number is the median of rounds, each round
with a front end of its own, in milliseconds of this process.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import regolive_std
from regolive.codegen import compile_policy
from regolive.compiler import CompileRequest
from regolive.compiler.cache import DiskCache
from regolive.compiler.native import NativeFrontEnd
from regolive.plugins import Registry
from regolive.syntax import parse_module
from regolive.syntax.paths import rule_paths
from tests.generate.policies import policy_set

T = TypeVar("T")

COLD, WARM, QUERY = 3_000.0, 150.0, 10.0
"""The bars, in milliseconds: compiling the set, loading it from the disk, preparing a query."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: what, milliseconds, and the bar where there is one."""

    what: str
    ms: float
    bar: float | None = None


def measure(*, quick: bool) -> list[Row]:
    """Compile the set in all the ways there are."""
    registry = Registry()
    registry.register(regolive_std.StdPlugin, "std")
    bench = _Bench(policy_set(), registry)
    return bench.rows(rounds=3 if quick else 7)


class _Bench:
    def __init__(self, modules: Mapping[str, str], registry: Registry) -> None:
        self.modules = modules
        self.builtins = registry.builtins
        self.declared = registry.declared()
        self.times: dict[str, list[float]] = {}

    def rows(self, rounds: int) -> list[Row]:
        size = sum(map(len, self.modules.values())) / 1024
        for number in range(rounds):
            self.round(number)
        bars = {"cold": COLD, "from the disk": WARM, "a query, prepared": QUERY}
        names = {"cold": f"cold: {len(self.modules)} modules, {size:.0f} KB of Rego"}
        return [
            Row(names.get(what, what), statistics.median(taken), bars.get(what))
            for what, taken in self.times.items()
        ]

    def round(self, number: int) -> None:
        with tempfile.TemporaryDirectory() as directory:
            cache = DiskCache(Path(directory) / "sets")
            front_end = NativeFrontEnd(store=False)
            self.take("cold", lambda: front_end.policy_set(self.request()))
            changed = dict(self.modules)
            name = sorted(changed)[number]
            changed[name] += "\nadded_by_the_benchmark := 1\n"
            self.take(
                "again, one module changed",
                lambda: front_end.policy_set(self.request(modules=changed)),
            )
            NativeFrontEnd(cache).policy_set(self.request())
            warm = NativeFrontEnd(cache)
            self.take("from the disk", lambda: warm.policy_set(self.request()))
            for position, rule in enumerate(self.some_rules(number)):
                what = "the first query after that" if position == 0 else "a query, prepared"
                self.take(what, lambda rule=rule: self.prepare(warm, rule))

    def some_rules(self, number: int) -> list[str]:
        """References to rules of several packages: others in each round."""
        found = []
        for name in sorted(self.modules)[number::20]:
            for path, rule in rule_paths(parse_module(self.modules[name], name)):
                if rule.head.args is None:
                    found.append("data." + ".".join(path))
                    break
        return found

    def prepare(self, front_end: NativeFrontEnd, rule: str) -> object:
        policy = front_end.compile(self.request(query=f"answer := {rule}"))
        return compile_policy(policy, self.builtins)

    def request(
        self, modules: Mapping[str, str] | None = None, query: str | None = None
    ) -> CompileRequest:
        return CompileRequest(modules or self.modules, (), query, self.declared)

    def take(self, what: str, function: Callable[[], Any]) -> None:
        began = time.perf_counter()
        function()
        self.times.setdefault(what, []).append((time.perf_counter() - began) * 1e3)
