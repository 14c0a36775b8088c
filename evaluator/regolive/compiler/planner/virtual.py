"""References into ``data``: the documents that rules make, over and between the base documents.

A path with constant steps is a rule's, or a base document's. Where a step is known only when the
query runs, each rule that the path can lead to is an alternative; where it is a variable without a
value, the keys that rules and documents have there are collected, and it takes each in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from regolive.compiler.planner import keyed, refs, terms, unify
from regolive.compiler.planner.emit import DATA, INPUT
from regolive.compiler.planner.tree import Kind
from regolive.compiler.planner.work import Work
from regolive.compiler.program import Path, RuleTree
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n

EXTENT = "*"
"""The variant of a package's function: all its rules as one object."""


def reference(work: Work, steps: Sequence[n.Term]) -> ir.Operand:
    """The value of a reference into data, its first step being the one below ``data``."""
    tree = work.planner.tree
    node = tree.root
    path: Path = ()
    for at, step in enumerate(steps):
        if tree.kind(node, at).is_rule:
            return rule(work, node, path, steps[at:])
        key = constant(work, step)
        if key is None:
            return _dynamic(work, node, path, steps)
        child = tree.child(node, path, key, work.world)
        if child is None:
            return refs.base_document(work, steps)
        node, path = child, (*path, key)
    kind = tree.kind(node, len(path))
    if kind.is_rule:
        return rule(work, node, path, ())
    if kind is Kind.FUNCTION:
        return refs.base_document(work, steps)
    return document(work, path)


def constant(work: Work, step: n.Term) -> str | None:
    """The string that a step is, if it is known now."""
    if isinstance(step, n.Scalar) and isinstance(step.value, str):
        return step.value
    if isinstance(step, n.Var):
        value = work.vars.get(step.name)
        if isinstance(value, ir.Const) and isinstance(value.value, str):
            return value.value
    return None


def rule(work: Work, node: RuleTree, path: Path, rest: Sequence[n.Term]) -> ir.Operand:
    """What the rules at a path give, and the further steps into it."""
    if rest and not work.has_free(rest[0]):
        found = keyed.element(work, node, path, rest[0])
        if found is not None:
            return refs.steps(work, found, rest[1:])
    return refs.steps(work, ask(work, path), rest)


def ask(work: Work, path: Path, variant: str = "", args: tuple[ir.Operand, ...] = ()) -> ir.Local:
    """Call a planned rule or function of the world that the work is in."""
    name, world = work.planner.function(work.world, path, variant)
    work.calls[name] = None
    slots = tuple(work.slots[mocked] for mocked in world.values)
    return work.out.call(name, (INPUT, DATA, *slots, *args))


def document(work: Work, path: Path) -> ir.Operand:
    """All of a package's documents: what its rules give, over the base documents at its path."""
    out = work.out
    rules = ask(work, path, EXTENT)
    merged = out.local()
    with out.nested() as outer:
        with out.nested() as both:
            base = _base(work, [ir.Const(key) for key in path])
            out.emit(ir.ObjectMergeStmt(base.index, rules.index, merged, pos=out.pos))
            out.leave(1)
        with out.nested() as alone:
            out.assign(rules, merged)
        out.blocks(both, alone)
    out.blocks(outer)
    return ir.Local(merged)


# Steps that are known only when the query runs


@dataclass(frozen=True, slots=True)
class _Alternative:
    """A rule, or a package at the very end, that a reference can lead to.

    ``keys`` are what the steps of these numbers must be for it; ``used`` is how many steps lead
    there.
    """

    keys: tuple[tuple[int, str], ...]
    node: RuleTree
    path: Path
    used: int


def _dynamic(work: Work, node: RuleTree, path: Path, steps: Sequence[n.Term]) -> ir.Operand:
    found = list(_alternatives(work, node, path, steps))
    if not found:
        return refs.base_document(work, steps)
    used = max(each.used for each in found)
    known: list[ir.Operand] = [ir.Const(key) for key in path]
    for at in range(len(path), used):
        step = steps[at]
        if work.has_free(step):
            key: ir.Operand = _each_key(work, found, known)
            unify.match(work, step, key)
        else:
            key = terms.operand(work, step)
        known.append(key)
    return refs.steps(work, _chosen(work, found, known), steps[used:])


def _alternatives(
    work: Work, node: RuleTree, path: Path, steps: Sequence[n.Term]
) -> Iterator[_Alternative]:
    tree, world = work.planner.tree, work.world
    todo: list[_Alternative] = [_Alternative((), node, path, len(path))]
    while todo:
        each = todo.pop()
        kind = tree.kind(each.node, each.used)
        if kind.is_rule or (each.used == len(steps) and kind is Kind.PACKAGE):
            yield each
            continue
        if each.used == len(steps) or kind is Kind.FUNCTION:
            continue
        step = steps[each.used]
        key = constant(work, step)
        if key is not None:
            child = tree.child(each.node, each.path, key, world)
            if child is not None:
                todo.append(_Alternative(each.keys, child, (*each.path, key), each.used + 1))
        elif not isinstance(step, n.Scalar | n.Number):
            for name in reversed(tree.names(each.node)):
                child = tree.child(each.node, each.path, name, world)
                if child is not None:
                    keys = (*each.keys, (each.used, name))
                    todo.append(_Alternative(keys, child, (*each.path, name), each.used + 1))


def _each_key(work: Work, found: list[_Alternative], known: list[ir.Operand]) -> ir.Local:
    """Iterate over the keys that rules and base documents have at the end of the known steps.

    There may be keys too many: whether there is a value is asked when all steps are known.
    """
    out, at = work.out, len(known)
    keys = out.set([])
    blocks: list[list[ir.Stmt]] = []
    names: dict[tuple[tuple[int, str], ...], dict[str, None]] = {}
    for each in found:
        before = tuple(pair for pair in each.keys if pair[0] < at)
        name = next((key for number, key in each.keys if number == at), None)
        if name is not None:
            names.setdefault(before, {})[name] = None
        else:
            blocks.append(_keys_of(work, each, known, keys))
    for before, wanted in names.items():
        with out.nested() as stmts:
            _require(work, before, known)
            for name in wanted:
                out.emit(ir.SetAddStmt(ir.Const(name), keys.index, pos=out.pos))
        blocks.append(stmts)
    with out.nested() as stmts:
        _add_keys(work, _base(work, known), keys)
    out.blocks(*blocks, stmts)
    return refs.scan(work, keys)[0]


def _keys_of(
    work: Work, each: _Alternative, known: list[ir.Operand], keys: ir.Local
) -> list[ir.Stmt]:
    with work.out.nested() as stmts:
        _require(work, each.keys, known)
        _add_keys(work, _value(work, each, known), keys)
    return stmts


def _add_keys(work: Work, value: ir.Operand, keys: ir.Local) -> None:
    key, _ = refs.scan(work, value)
    work.out.emit(ir.SetAddStmt(key, keys.index, pos=work.out.pos))


def _chosen(work: Work, found: list[_Alternative], known: list[ir.Operand]) -> ir.Local:
    """The value at the end of the known steps: a rule's, or else the base documents'."""
    out = work.out
    chosen = out.local()
    with out.nested() as outer:
        blocks: list[list[ir.Stmt]] = []
        for each in found:
            with out.nested() as stmts:
                _require(work, each.keys, known)
                with out.nested() as inner:
                    out.assign(_value(work, each, known), chosen)
                out.blocks(inner)
                out.leave(1)  # with or without a value: the rule stands before what is below it
            blocks.append(stmts)
        with out.nested() as stmts:
            out.assign(_base(work, known), chosen)
        out.blocks(*blocks, stmts)
    out.reset(chosen)
    out.blocks(outer)
    out.defined(chosen)
    return ir.Local(chosen)


def _require(work: Work, keys: tuple[tuple[int, str], ...], known: Sequence[ir.Operand]) -> None:
    for number, key in keys:
        work.out.equal(known[number], ir.Const(key))


def _value(work: Work, each: _Alternative, known: Sequence[ir.Operand]) -> ir.Operand:
    if not work.planner.tree.kind(each.node, len(each.path)).is_rule:
        return document(work, each.path)
    value = ask(work, each.path)
    for key in known[each.used :]:
        value = refs.lookup(work, value, key)
    return value


def _base(work: Work, known: Sequence[ir.Operand]) -> ir.Local:
    value = DATA
    for key in known:
        value = refs.lookup(work, value, key)
    return value
