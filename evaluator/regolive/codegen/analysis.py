"""What the generator needs to know of a function before it writes it.

Where each local is defined and used, which locals hold one value for as long as they can be read
(so that they need no variable of their own), which are constants, and which rules are asked for
more than once in a query (so that their values are kept).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from regolive.codegen.shape import Path, dominates, inside, reads, walk, writes
from regolive.ir import nodes as ir
from regolive.values import parse_number


@dataclass(slots=True)
class Locals:
    """Definitions and uses of a function's locals, by place."""

    defs: dict[int, list[tuple[Path, ir.Stmt]]] = field(default_factory=dict)
    uses: dict[int, list[tuple[Path, ir.Stmt]]] = field(default_factory=dict)
    params: frozenset[int] = frozenset()
    scans: list[Path] = field(default_factory=list)
    given: dict[int, Given] = field(default_factory=dict)
    places: dict[int, Path] = field(default_factory=dict)
    known_steady: dict[int, bool] = field(default_factory=dict)

    def steady(self, local: int) -> bool:
        """Defined once, before every use, on the way to it: it has one value wherever it is read.

        A parameter is, if nothing assigns it.
        """
        known = self.known_steady.get(local)
        if known is None:
            known = self.known_steady[local] = self._find_steady(local)
        return known

    def _find_steady(self, local: int) -> bool:
        definitions = self.defs.get(local, [])
        if local in self.params:
            return not definitions
        if len(definitions) != 1:
            return False
        path, stmt = definitions[0]
        if isinstance(stmt, ir.ScanStmt):
            return all(inside(path, use) for use, _ in self.uses.get(local, ()))
        return all(dominates(path, use) for use, _ in self.uses.get(local, ()))

    def place(self, stmt: ir.AssignVarOnceStmt) -> Path:
        """Where an assignment stands."""
        if not self.places:
            self.places = {id(s): path for found in self.defs.values() for path, s in found}
        return self.places[id(stmt)]

    def used(self, local: int) -> bool:
        """Whether anything reads the local."""
        return local in self.uses


def find_locals(blocks: Sequence[ir.Block], params: Sequence[int]) -> Locals:
    """Collect the definitions and uses of all locals of a function or plan."""
    found = Locals(params=frozenset(params))
    for path, stmt in walk(blocks):
        if isinstance(stmt, ir.ScanStmt):
            found.scans.append(path)
        for local in reads(stmt):
            found.uses.setdefault(local, []).append((path, stmt))
        for local in writes(stmt):
            found.defs.setdefault(local, []).append((path, stmt))
    return found


def adds_results(scan: ir.ScanStmt) -> bool:
    """Whether a scan adds to the query's results."""
    return any(isinstance(s, ir.ResultSetAddStmt) for _, s in walk([scan.block]))


def order_matters(scan: ir.ScanStmt) -> bool:
    """Whether the order of a scan's elements can be seen: it appends to an array, or prints.

    An array made inside the scan is another one for each element.
    """
    made = {stmt.target for _, stmt in walk([scan.block]) if isinstance(stmt, ir.MakeArrayStmt)}
    for _, stmt in walk([scan.block]):
        if isinstance(stmt, ir.ArrayAppendStmt) and stmt.array not in made:
            return True
        if isinstance(stmt, ir.CallStmt) and stmt.func == "internal.print":
            return True
    return False


def asked_more_than_once(policy: ir.Policy) -> set[str]:
    """The rules that one query can ask for more than once: their values are worth keeping.

    A rule is asked once if it is called from one place, outside of any scan, by a plan or by a
    rule that is itself run once at most. A rule whose value is kept is run once.
    """
    rules = {f.name for f in policy.funcs if len(f.params) == 2}
    sites: dict[str, list[tuple[str, bool]]] = {}
    dynamic = False
    for name, blocks in [(f.name, f.blocks) for f in policy.funcs] + [
        (f"plan {p.name}", p.blocks) for p in policy.plans
    ]:
        scans = [path for path, stmt in walk(blocks) if isinstance(stmt, ir.ScanStmt)]
        for path, stmt in walk(blocks):
            dynamic = dynamic or isinstance(stmt, ir.CallDynamicStmt)
            if isinstance(stmt, ir.CallStmt) and stmt.func in rules:
                looped = any(inside(scan, path) for scan in scans)
                sites.setdefault(stmt.func, []).append((name, looped))
    if dynamic:
        return rules  # any rule with a path may be asked for, any number of times
    shared: set[str] = set()
    functions = {f.name for f in policy.funcs} - rules
    for rule, callers in sites.items():
        # Plans are alternatives: a query runs one of them.
        per_plan = [c for c in callers if c[0].startswith("plan ")]
        in_rules = [c for c in callers if not c[0].startswith("plan ")]
        busiest = max((sum(c[0] == p[0] for c in per_plan) for p in per_plan), default=0)
        if (
            busiest + len(in_rules) > 1
            or any(looped for _, looped in callers)
            or any(name in functions for name, _ in in_rules)
        ):
            shared.add(rule)
    return shared


def constant_result(function: ir.Func) -> frozenset[int]:
    """The assignments of a rule's value (by id), if all bodies give the same scalar: then the first
    body that holds is enough. Empty if they do not.

    Looks through the local that a body assigns before it is copied to the return value. The
    default does not count: it is given only where no body gave a value.
    """
    targets = {function.returns}
    copies: set[int] = set()
    for block in function.blocks:
        match block.stmts:
            case (
                ir.IsDefinedStmt(source=source),
                ir.AssignVarOnceStmt(source=ir.Local(index=copied), target=target),
            ) if source == copied and target == function.returns:
                targets.add(source)
                copies.add(id(block.stmts[1]))
    made: dict[int, tuple[str, Any]] = {}
    found: Any = None
    giving: set[int] = set()
    for path, stmt in walk(function.blocks):
        if isinstance(stmt, ir.MakeNumberRefStmt):
            made[stmt.target] = ("number", parse_number(stmt.text))
        elif isinstance(stmt, ir.MakeNullStmt):
            made[stmt.target] = ("null", None)
        elif isinstance(stmt, ir.AssignVarOnceStmt) and stmt.target in targets:
            if id(stmt) in copies or is_default(function, path):
                continue
            given = stmt.source
            value: Any = given if isinstance(given, ir.Const) else made.get(given.index)
            if value is None or found not in (None, value):
                return frozenset()
            found = value
            giving.add(id(stmt))
        elif not isinstance(stmt, ir.ResetLocalStmt):
            for local in writes(stmt):
                if local in targets:
                    return frozenset()
                made.pop(local, None)
    return frozenset(giving)


def is_default(function: ir.Func, path: Path) -> bool:
    """Whether a top-level statement assigns the default: ``IsUndefined r; ... AssignVarOnce r``.

    It comes after all bodies: what stands in the middle is an ``else`` of the one before.
    """
    if len(path) != 2:
        return False
    stmts = function.blocks[path[0]].stmts
    first, *others = stmts[: path[1]] or (None,)
    if not isinstance(first, ir.IsUndefinedStmt) or first.source != function.returns:
        return False
    if not all(isinstance(stmt, ir.MakeNumberRefStmt | ir.MakeNullStmt) for stmt in others):
        return False
    return not any(function.returns in writes(s) for _, s in walk(function.blocks[path[0] + 1 :]))


@dataclass(frozen=True, slots=True)
class Given:
    """How a local that is assigned once at most is given its value.

    ``unguarded`` are the places where it is, other than after a test that it is still undefined;
    ``last``: those after such a test come after all others. ``sources`` is the number of
    assignments that may find a value there already: the unguarded ones, and those of other kinds.
    """

    unguarded: tuple[Path, ...]
    last: bool
    sources: int

    def after(self, place: Path) -> bool:
        """Whether one that does not ask comes after a place."""
        return bool(self.unguarded) and self.unguarded[-1] > place


def given(locals_: Locals, local: int) -> Given:
    """How a local is given its value; found once."""
    found = locals_.given.get(local)
    if found is None:
        found = locals_.given[local] = _find_given(locals_, local)
    return found


def _find_given(locals_: Locals, local: int) -> Given:
    tests: dict[Path, int] = {}  # the first test in each block
    for path, stmt in locals_.uses.get(local, ()):
        if isinstance(stmt, ir.IsUndefinedStmt):
            tests[path[:-1]] = min(path[-1], tests.get(path[:-1], path[-1]))
    scans = set(locals_.scans)
    guarded: list[Path] = []
    unguarded: list[Path] = []
    others = int(local in locals_.params)
    for path, stmt in locals_.defs.get(local, ()):
        if isinstance(stmt, ir.AssignVarOnceStmt):
            (guarded if _is_guarded(path, tests, scans) else unguarded).append(path)
        elif not isinstance(stmt, ir.ResetLocalStmt):
            others += 1
    last = not guarded or not unguarded or min(guarded) > max(unguarded)
    return Given(tuple(sorted(unguarded)), last, others + len(unguarded))


def _is_guarded(path: Path, tests: dict[Path, int], scans: set[Path]) -> bool:
    """Whether a test stands before a place, in its block or in one around it.

    A test before a scan says nothing of the second element.
    """
    for depth in range(len(path) - 1, 0, -2):
        if tests.get(path[:depth], path[depth]) < path[depth]:
            return True
        if path[: depth - 1] in scans:
            return False
    return False


def in_scan(blocks: Sequence[ir.Block], place: Path) -> bool:
    """Whether a statement stands inside a scan."""
    return any(isinstance(s, ir.ScanStmt) and inside(path, place) for path, s in walk(blocks))


def inserted_alone(locals_: Locals, stmt: ir.ObjectInsertOnceStmt) -> bool:
    """Whether nothing else can have put a value at a constant key: there can be no conflict."""
    definitions = sorted(locals_.defs.get(stmt.object, ()), key=lambda d: d[0])
    if not definitions or not isinstance(definitions[0][1], ir.MakeObjectStmt):
        return False
    made, *others = definitions
    if others and any(inside(scan, made[0]) for scan in locals_.scans):
        return False  # the object may be another one the next time round
    for path, use in locals_.uses.get(stmt.object, ()):
        if not dominates(made[0], path):
            return False
        if use is stmt and any(other < path for other, _ in others):
            return False  # something else stands in its place by now
        if isinstance(use, ir.ObjectInsertStmt | ir.ObjectInsertOnceStmt) and use is not stmt:
            if use.object == stmt.object and (
                not isinstance(use.key, ir.Const) or use.key == stmt.key
            ):
                return False
        elif use is stmt and any(
            inside(scan, path) and not inside(scan, made[0]) for scan in locals_.scans
        ):
            return False
    return True


def made_by_rule(locals_: Locals, local: int) -> bool:
    """Whether a local holds what a planned rule gave."""
    definitions = locals_.defs.get(local, [])
    return len(definitions) == 1 and isinstance(definitions[0][1], ir.CallStmt)


def base_documents(blocks: Sequence[ir.Block]) -> set[int]:
    """The locals that are looked up in ``data`` step by step: base documents.

    What is copied into a variable of the policy's is one no longer (case dataderef); but regopy
    copies ``data`` itself before each reference into it.
    """
    roots = {1}
    found = {1}
    for _, stmt in walk(blocks):
        match stmt:
            case ir.AssignVarStmt(source=ir.Local(index=source)) if source in roots:
                roots.add(stmt.target)
                found.add(stmt.target)
            case ir.DotStmt(source=ir.Local(index=source)) if source in found:
                found.add(stmt.target)
    return found


def reachable(policy: ir.Policy) -> ir.Policy:
    """The policy without the functions that no plan can come to call.

    A dynamic call may come to any rule that has a path.
    """
    functions = {f.name: f for f in policy.funcs}
    found: dict[str, None] = {}
    todo: list[Sequence[ir.Block]] = [p.blocks for p in policy.plans]
    while todo:
        for _, stmt in walk(todo.pop()):
            names: list[str] = []
            if isinstance(stmt, ir.CallStmt):
                names = [stmt.func]
            elif isinstance(stmt, ir.CallDynamicStmt):
                names = [f.name for f in policy.funcs if f.path]
            for name in names:
                if name in functions and name not in found:
                    found[name] = None
                    todo.append(functions[name].blocks)
    return replace(policy, funcs=tuple(f for f in policy.funcs if f.name in found))
