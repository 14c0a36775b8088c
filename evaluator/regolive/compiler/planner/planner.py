"""The planner: rules and queries in, OPA's plan out.

Only what an entrypoint or query can come to ask is planned, and what was planned once is kept: a
query over a large policy set that was queried before costs what is new in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from regolive.compiler.frontend import QUERY_FILE, QUERY_PLAN
from regolive.compiler.planner import bodies, order, reach, rules, terms, virtual
from regolive.compiler.planner.tree import Tree
from regolive.compiler.planner.work import Work
from regolive.compiler.planner.world import PLAIN, World
from regolive.compiler.program import Path, ResolvedQuery, RuleTree
from regolive.concurrency import Mutex
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A function of the plan: of what, in which world, in which variant."""

    world: World
    path: Path
    variant: str


@dataclass(frozen=True, slots=True)
class _Planned:
    """A planned function, with what it calls and the files its statements are from."""

    func: ir.Func
    calls: tuple[str, ...]
    builtins: tuple[str, ...]
    files: frozenset[int]


class Planner:
    """Plans over one set of resolved modules. Safe to use from several threads.

    ``tree`` holds the rules of all modules, and is only asked for what a plan needs; ``builtins``
    are all that the policies may call, by name.
    """

    def __init__(self, tree: RuleTree, builtins: Mapping[str, ir.BuiltinDecl]) -> None:
        self.tree = Tree(tree)
        self.builtins = builtins
        self._reaches = reach.Reaches(self.tree)
        self._worlds: dict[World, int] = {PLAIN: 0}
        self._names: dict[_Wanted, str] = {}
        self._todo: list[_Wanted] = []
        self._planned: dict[str, _Planned] = {}
        self._files: dict[int, int] = {}
        # By number: 0 is the query, which is another in each plan and is not kept.
        self._sources: list[n.Source] = [n.Source(QUERY_FILE, "")]
        self._facts: dict[int, tuple[n.Expr, order.Facts]] = {}
        # What is known of a query's expressions, while that is planned.
        self._query_facts: dict[int, tuple[n.Expr, order.Facts]] | None = None
        self._lock = Mutex(
            "compiler.planner", guards="what was planned; modules may be read from memory under it"
        )

    def plan(
        self, entrypoints: Sequence[Path] = (), query: ResolvedQuery | None = None
    ) -> ir.Policy:
        """The plans of entrypoints (paths below ``data``) and of a query, with what they ask.

        An entrypoint's plan is named as OPA names it (``rbac/allow``) and gives objects of
        ``result``; the query's is ``QUERY_PLAN`` and gives objects of its output variables.
        """
        with self._lock:
            try:
                plans = [self._entrypoint(path) for path in dict.fromkeys(entrypoints)]
                if query is not None:
                    plans.append(self._query(query))
                self._finish()
                return self._policy(plans, query)
            finally:
                # After an error, what was asked for and not planned is as if never asked for.
                for wanted in self._todo:
                    del self._names[wanted]
                self._todo.clear()

    def _finish(self) -> None:
        """Plan the functions that are asked for, and those that they ask for."""
        while self._todo:
            wanted = self._todo.pop()
            try:
                self._function(wanted)
            except BaseException:
                self._todo.append(wanted)
                raise

    # what planning a function asks

    def function(self, world: World, path: Path, variant: str) -> tuple[str, World]:
        """The name of a function of the plan, and its world: as much of one as concerns it.

        It is planned when what asks for it is.
        """
        if world != PLAIN:
            world = self._reaches.relevant(world, path)
        wanted = _Wanted(world, path, variant)
        name = self._names.get(wanted)
        if name is None:
            group = self._worlds.setdefault(world, len(self._worlds))
            name = f"g{group}.{reference_text(path)}{variant}"
            self._names[wanted] = name
            self._todo.append(wanted)
        return name, world

    def file_number(self, source: n.Source) -> int:
        """The index of a source among the policy's files."""
        known = self._files.get(id(source))
        if known is None:
            if self._query_facts is not None:
                return 0
            known = self._files[id(source)] = len(self._sources)
            self._sources.append(source)
        return known

    def facts(self, expr: n.Expr) -> order.Facts:
        """What is known of an expression by itself."""
        kept = self._facts if self._query_facts is None else self._query_facts
        known = kept.get(id(expr))
        if known is None:
            facts = order.find_facts(expr, self.builtins)
            if not facts.effect:
                asked = reach.asked([expr])
                if any(self._reaches.has_effect(p) for p in asked if not isinstance(p, str)):
                    facts = replace(facts, effect=True)
            known = kept[id(expr)] = expr, facts
        return known[1]

    def names(self, *nodes: n.Node | None) -> frozenset[str]:
        """The variables in some nodes."""
        return order.names(*nodes)

    # plans and functions

    def _entrypoint(self, path: Path) -> _Planned:
        work = Work(self, PLAIN)
        nowhere = n.Loc(n.Source("", ""), 0, 0)
        with work.out.nested() as stmts:
            value = virtual.reference(work, [n.Scalar(nowhere, step) for step in path])
            result = work.out.object([(ir.Const("result"), value)])
            work.out.emit(ir.ResultSetAddStmt(result.index))
        return _planned(work, ir.Func("/".join(path), (), 0, (ir.Block(tuple(stmts)),)))

    def _query(self, query: ResolvedQuery) -> _Planned:
        work = Work(self, PLAIN)

        def give() -> None:
            loc = n.Loc(query.source, 0, 0)
            row = work.out.object(
                [
                    (ir.Const(name), terms.operand(work, n.Var(loc, variable)))
                    for name, variable in query.outputs.items()
                ]
            )
            work.out.emit(ir.ResultSetAddStmt(row.index, pos=work.out.pos))

        self._query_facts = {}
        try:
            with work.out.nested() as stmts:
                results = bodies.Results(give, frozenset(query.outputs.values()))
                bodies.body(work, query.body, results, counted=True)
        finally:
            self._query_facts = None
        return _planned(work, ir.Func(QUERY_PLAN, (), 0, (ir.Block(tuple(stmts)),)))

    def _function(self, wanted: _Wanted) -> None:
        node = self.tree.find(wanted.path, wanted.world)
        assert node is not None
        name = self._names[wanted]
        work = Work(self, wanted.world)
        func = rules.function(work, name, node, wanted.path, wanted.variant)
        self._planned[name] = _planned(work, func)

    def _policy(self, plans: Sequence[_Planned], query: ResolvedQuery | None) -> ir.Policy:
        """The plans, and the functions that they can come to call."""
        found: dict[str, _Planned] = {}
        todo = [name for plan in plans for name in plan.calls]
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = self._planned[name]
                todo += found[name].calls
        parts = [*plans, *found.values()]
        builtins = dict.fromkeys(name for part in parts for name in part.builtins)
        files = {number for part in parts for number in part.files}
        sources = list(self._sources)
        if query is not None:
            sources[0] = query.source
        return ir.Policy(
            tuple(ir.Plan(plan.func.name, plan.func.blocks) for plan in plans),
            tuple(part.func for part in found.values()),
            tuple(self.builtins[name] for name in builtins if name in self.builtins),
            tuple(source.name for source in sources),
            {sources[number].name: sources[number].text for number in files},
        )


def _planned(work: Work, func: ir.Func) -> _Planned:
    return _Planned(func, tuple(work.calls), tuple(work.builtins), frozenset(work.out.files))


def reference_text(path: Path) -> str:
    """A path below ``data`` as a reference is written, so that no two are written the same."""
    return "".join(["data", *(f".{s}" if s.isidentifier() else f"[{s!r}]" for s in path)])
