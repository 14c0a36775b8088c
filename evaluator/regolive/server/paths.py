"""Which rule answers a path of the Data API.

Paths are made by whoever can send a request, so a path decides about nothing that costs: only the
rules of the policy and the packages around them are ever compiled as queries, which bounds how many
there can be. Every other path is a way into the value of one of those, or into the base documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from regolive.codegen.support import dot
from regolive.errors import Diagnostic, FrontEndError, PolicyError, RegoliveError
from regolive.ir.nodes import Func
from regolive.storage import Path
from regolive.syntax.nodes import Module
from regolive.syntax.paths import rule_paths
from regolive.values import UNDEFINED, Value

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Route:
    """How a path is answered.

    Attributes:
        query: the path of the rule or package to evaluate; None to read the base documents.
        rest: the way from there into its value, or from the root of the base documents.
    """

    query: Path | None
    rest: Path


class Rules:
    """The rules and functions of a policy, by path below ``data``.

    ``left_out`` are packages that the compiler could not take, each with the reason.
    """

    def __init__(
        self,
        rules: Iterable[Path] = (),
        functions: Iterable[Path] = (),
        left_out: Mapping[Path, str] | None = None,
    ) -> None:
        self.rules = frozenset(rules)
        self.functions = frozenset(functions)
        self.left_out = dict(left_out or {})
        # What stands above a rule: its package, and everything above that, up to ``data`` itself.
        self.packages = frozenset(path[:n] for path in self.rules for n in range(len(path)))

    @classmethod
    def of_modules(cls, modules: Iterable[Module]) -> Rules:
        """From the modules of a policy."""
        rules: set[Path] = set()
        called: set[Path] = set()
        for module in modules:
            for path, rule in rule_paths(module):
                (rules if rule.head.args is None else called).add(path)
        return cls(rules, called)

    @classmethod
    def of_plan(
        cls, functions: Iterable[Func], left_out: Mapping[Path, str] | None = None
    ) -> Rules:
        """From the functions of a plan. Theirs are the paths that begin with "g0": no mocks."""
        rules: set[Path] = set()
        called: set[Path] = set()
        for function in functions:
            if len(function.path) > 1 and function.path[0] == "g0":
                (rules if len(function.params) == 2 else called).add(function.path[1:])
        return cls(rules, called, left_out)

    def __len__(self) -> int:
        return len(self.rules | self.packages)

    def route(self, path: Path) -> Route:
        """How to answer ``path``. Costs no more than its length."""
        if path in self.rules or path in self.packages:
            return Route(path, ())
        for n in range(len(path) - 1, 0, -1):
            if path[:n] in self.rules:
                return Route(path[:n], path[n:])
        return Route(None, path)

    def refusal(self, path: Path) -> RegoliveError | None:
        """Why ``path`` cannot be answered: it is a function, or leads into what was left out."""
        for n in range(len(path), 0, -1):
            here = path[:n]
            if here in self.functions:
                message = f"function {reference(here)} used as reference, not called"
                return PolicyError([Diagnostic("rego_type_error", message)])
            if here in self.left_out:
                return FrontEndError(f"{reference(here)} is not served: {self.left_out[here]}")
        return None


def reference(path: Path) -> str:
    """A path as the Rego reference it stands for: ``data.servers["we ird"]``."""
    return "data" + "".join(
        f".{segment}" if _NAME.fullmatch(segment) else f"[{json.dumps(segment)}]"
        for segment in path
    )


def follow(value: Value, rest: Path) -> Value:
    """What is found by ``rest`` in a value; UNDEFINED if nothing is.

    A segment is a key, a member of a set, or an index. One of digits is tried as a string first,
    and then as the number that OPA takes it for.
    """
    for segment in rest:
        found = dot(value, segment)
        if found is UNDEFINED and _INTEGER.fullmatch(segment):
            found = dot(value, int(segment))
        if found is UNDEFINED:
            return UNDEFINED
        value = found
    return value
