"""What was planned is kept, and only what is needed is planned."""

from __future__ import annotations

from typing import ClassVar

import pytest
from tests.planning import standard

from regolive.compiler.planner import Planner, PlanningError
from regolive.compiler.program import ResolvedQuery, RuleTree, rule_tree
from regolive.compiler.resolve import Options, exports, resolve_module, resolve_query
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n
from regolive.syntax import parse_module, parse_query

OPTIONS = Options(builtins=standard().declared())


class Watched(RuleTree):
    """A tree that notes whose rules it was asked for."""

    asked: ClassVar[set[tuple[str, ...]]] = set()
    path: tuple[str, ...] = ()

    @property
    def rules(self) -> list[n.Rule]:
        found = self._rules
        if found:
            Watched.asked.add(self.path)
        return found

    @rules.setter
    def rules(self, rules: list[n.Rule]) -> None:
        self._rules = rules


def watched(tree: RuleTree, path: tuple[str, ...] = ()) -> Watched:
    made = Watched()
    made.path = path
    made.rules = tree.rules
    made.children = {k: watched(child, (*path, str(k))) for k, child in tree.children.items()}
    return made


MODULES = {
    "a.rego": "package a\np if { q; data.b.r }\nq if input.x\nunused if input.y\n",
    "b.rego": "package b\nr if data.c.s[input.k]\nt if input.z\n",
    "c.rego": "package c\ns contains 1 if input.one\n",
}


def planner(modules: dict[str, str] = MODULES) -> Planner:
    parsed = [parse_module(text, name) for name, text in modules.items()]
    exported = exports(parsed)
    resolved = []
    for module in parsed:
        made, findings = resolve_module(module, exported, OPTIONS)
        assert not findings
        resolved.append(made)
    Watched.asked.clear()
    return Planner(watched(rule_tree(resolved)), OPTIONS.builtins)


def query(text: str) -> ResolvedQuery:
    body, imports = parse_query(text)
    source = n.Source("<query>", text)
    parsed = [parse_module(text, name) for name, text in MODULES.items()]
    resolved, findings = resolve_query(body, imports, source, exports(parsed), OPTIONS)
    assert not findings
    return resolved


def names(policy: ir.Policy) -> set[str]:
    return {func.name for func in policy.funcs}


def test_only_what_an_entrypoint_needs_is_planned() -> None:
    policy = planner().plan([("a", "p")])
    assert names(policy) == {"g0.data.a.p", "g0.data.a.q", "g0.data.b.r", "g0.data.c.s[]"}
    assert [plan.name for plan in policy.plans] == ["a/p"]


def test_and_only_its_rules_are_looked_at() -> None:
    planner().plan([("b", "r")])
    assert Watched.asked <= {("b", "r"), ("c", "s")}


def test_later_plans_use_what_is_planned() -> None:
    made = planner()
    first = {func.name: func for func in made.plan([("a", "p")]).funcs}
    second = made.plan([], query("x = data.a.p; data.b.t"))
    assert names(second) == {*first, "g0.data.b.t"}
    assert all(func is first[func.name] for func in second.funcs if func.name in first)


def test_a_plan_has_nothing_of_earlier_ones() -> None:
    made = planner()
    made.plan([("a", "p")])
    assert names(made.plan([], query("data.b.t"))) == {"g0.data.b.t"}
    assert set(made.plan([], query("data.b.t")).sources) == {"b.rego", "<query>"}


def test_places_keep_their_files() -> None:
    made = planner()
    made.plan([("c", "s")])
    policy = made.plan([("a", "p")])
    for func in policy.funcs:
        package = func.name.split(".")[2]
        files = {policy.files[stmt.pos.file] for block in func.blocks for stmt in block.stmts}
        assert files == {f"{package}.rego"}


def test_the_same_query_gives_the_same_plan() -> None:
    made = planner()
    first = made.plan([], query("x = data.a.p"))
    assert made.plan([], query("x = data.a.p")).plans == first.plans


def test_an_error_leaves_nothing_half_planned() -> None:
    made = planner()
    loc = n.Loc(n.Source("q", "x"), 0, 1)
    broken = ResolvedQuery(
        loc.source,
        (
            n.Expr(loc, n.Ref(loc, (n.Var(loc, "data"), n.Scalar(loc, "a"), n.Scalar(loc, "p")))),
            n.Expr(loc, n.Var(loc, "nobody")),
        ),
        {},
    )
    with pytest.raises(PlanningError, match="nobody is used before it has a value"):
        made.plan([], broken)
    assert "g0.data.a.q" in names(made.plan([("a", "p")]))


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ((), {"data*", "data.a*", "data.b*", "data.c*", "data.c.s", "data.b.r", "data.c.s[]"}),
        (("a",), {"data.a*", "data.a.p", "data.a.q", "data.a.unused", "data.b.r", "data.c.s[]"}),
        (("nowhere",), set()),
        (("a", "q", "deep"), {"data.a.q"}),
    ],
)
def test_entrypoints_of_every_kind(path: tuple[str, ...], want: set[str]) -> None:
    policy = planner().plan([path])
    assert {f"g0.{name}" for name in want} <= names(policy)
    assert policy.plans[0].name == "/".join(path)
