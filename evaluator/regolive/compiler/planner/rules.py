"""Rules as functions of the plan: complete rules and functions, sets, objects, whole packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from regolive.compiler.planner import bodies, keyed, terms, unify, virtual
from regolive.compiler.planner.tree import Kind
from regolive.compiler.planner.work import Work
from regolive.compiler.program import Path, RuleTree
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n

Give = Callable[[n.Rule], None]


def function(work: Work, name: str, node: RuleTree, path: Path, variant: str) -> ir.Func:
    """The function of a node of the tree of rules, or of a variant of it."""
    out, kind = work.out, work.planner.tree.kind(node, len(path))
    slots = work.world.values
    handed = [out.local() for _ in slots]
    work.slots = {slot: ir.Local(local) for slot, local in zip(slots, handed, strict=True)}
    arguments: list[int] = []
    if variant == ir.KEYED:
        arguments = [out.local()]
    elif kind is Kind.FUNCTION:
        given = next(rule.head.args for rule in node.rules if rule.head.args is not None)
        arguments = [out.local() for _ in given]
    returns = out.local()
    blocks: list[list[ir.Stmt]] = []
    rules = [r for r in node.rules if (r.head.args is not None) is (kind is Kind.FUNCTION)]
    if variant == virtual.EXTENT:
        _package(work, node, path, returns, blocks)
    elif variant == ir.KEYED:
        if kind is Kind.OBJECT:
            rules = list(work.planner.tree.parts(node, path, work.world))
        _element(work, rules, arguments[0], returns, blocks)
    elif kind is Kind.SET:
        _set(work, rules, returns, blocks)
    elif kind is Kind.OBJECT:
        rules = list(work.planner.tree.parts(node, path, work.world))
        _object(work, rules, len(path) + 1, returns, blocks)
    else:
        work.is_function = kind is Kind.FUNCTION
        _complete(work, rules, arguments, returns, blocks)
    blocks.append([ir.ReturnLocalStmt(returns, pos=blocks[0][0].pos if blocks else ir.NOWHERE)])
    return ir.Func(
        name,
        (0, 1, *handed, *arguments),
        returns,
        tuple([ir.Block(tuple(stmts)) for stmts in blocks]),
        (name.partition(".")[0], *path) if variant == "" else (),
    )


# Complete rules and functions


def _complete(
    work: Work,
    rules: Sequence[n.Rule],
    arguments: Sequence[int],
    returns: int,
    blocks: list[list[ir.Stmt]],
) -> None:
    plain = [rule for rule in rules if not rule.default]
    for rule in plain:
        links = _chain(rule)
        if len(links) == 1 or len(plain) == 1:
            for number, link in enumerate(links):
                blocks.append(_link(work, link, rule, arguments, returns, first=not number))
            continue
        # Whether a body gave a value counts in its own chain, not in what other rules gave.
        given = work.out.local()
        chain = [
            _link(work, link, rule, arguments, given, first=not number)
            for number, link in enumerate(links)
        ]
        with work.out.nested() as stmts:
            work.out.at(rule.loc)
            _give(work, ir.Local(given), returns)
        with work.out.nested() as block:
            work.out.blocks(*chain, stmts)
        blocks.append(block)
    for rule in rules:
        if rule.default:
            with work.out.nested() as stmts:
                work.out.at(rule.loc)
                work.out.undefined(returns)
                _default_value(work, rule, lambda value: _give(work, value, returns))
            blocks.append(stmts)


def _chain(rule: n.Rule) -> list[n.Rule]:
    """A rule and its ``else``s."""
    links = [rule]
    while links[-1].else_ is not None:
        links.append(links[-1].else_)
    return links


def _link(
    work: Work,
    link: n.Rule,
    rule: n.Rule,
    arguments: Sequence[int],
    target: int,
    *,
    first: bool,
) -> list[ir.Stmt]:
    """One body of a chain: what gives the value if none before it did."""
    value = link.head.value
    assert value is not None
    with work.out.nested() as stmts:
        work.out.at(link.loc)
        if not first:
            work.out.undefined(target)
        parameters = link.head.args if link.head.args is not None else rule.head.args
        trail = len(work.trail)
        for pattern, argument in zip(parameters or (), arguments, strict=True):
            unify.match(work, pattern, ir.Local(argument))

        def give() -> None:
            _give(work, terms.operand(work, value), target)

        bodies.body(work, link.body, bodies.Results(give, work.planner.names(value)))
        work.unbind(trail)
    return stmts


def _give(work: Work, value: ir.Operand, target: int) -> None:
    work.out.emit(ir.AssignVarOnceStmt(value, target, pos=work.out.pos))


# Sets and objects


def _element(
    work: Work,
    rules: Sequence[n.Rule],
    argument: int,
    returns: int,
    blocks: list[list[ir.Stmt]],
) -> None:
    """What a set or object has under one key: true, or the value."""
    for rule in rules:
        key = keyed.head(rule)
        value = rule.head.value if rule.head.key is None else n.Scalar(rule.loc, True)
        assert value is not None
        with work.out.nested() as stmts:
            work.out.at(rule.loc)
            trail = len(work.trail)
            unify.match(work, key, ir.Local(argument))

            def give(value: n.Term = value) -> None:
                _give(work, terms.operand(work, value), returns)

            uses = work.planner.names(key, value)
            bodies.body(work, rule.body, bodies.Results(give, uses))
            work.unbind(trail)
        blocks.append(stmts)


def _set(work: Work, rules: Sequence[n.Rule], returns: int, blocks: list[list[ir.Stmt]]) -> None:
    out = work.out
    out.at(rules[0].loc)
    blocks.append([ir.MakeSetStmt(returns, pos=out.pos)])
    for rule in rules:
        key = rule.head.key
        if key is None:
            continue  # a rule that conflicts with the others: the resolver has said so

        def give(key: n.Term = key) -> None:
            value = terms.operand(work, key)
            out.emit(ir.SetAddStmt(value, returns, pos=out.pos))

        blocks.append(_part(work, rule, give, work.planner.names(key)))


def _object(
    work: Work, rules: Sequence[n.Rule], depth: int, returns: int, blocks: list[list[ir.Stmt]]
) -> None:
    """An object that rules put values into, at paths from ``depth`` steps on.

    The longest paths come first: what one rule gave as a value is then never put into by another,
    but found to be another value than what stands there, which is the conflict it is. A default has
    no place among parts, and OPA leaves it out as well.
    """
    out = work.out
    out.at(rules[0].loc)
    blocks.append([ir.MakeObjectStmt(returns, pos=out.pos)])
    ordered = sorted(
        (rule for rule in rules if not rule.default),
        key=lambda rule: -len(rule.head.ref.terms) - (rule.head.key is not None),
    )
    for rule in ordered:
        path = rule.head.ref.terms[depth:]
        links = _chain(rule)
        if len(links) == 1:

            def give(rule: n.Rule = rule, path: tuple[n.Term, ...] = path) -> None:
                _insert(work, rule, path, returns)

            uses = work.planner.names(*path, rule.head.key, rule.head.value)
            blocks.append(_part(work, rule, give, uses))
            continue
        given = out.local()
        chain = [
            _link(work, link, rule, (), given, first=not number)
            for number, link in enumerate(links)
        ]
        with out.nested() as stmts:
            out.at(rule.loc)
            out.defined(given)
            _insert_value(work, _into(work, path, returns), path[-1], ir.Local(given))
        with out.nested() as block:
            out.blocks(*chain, stmts)
        blocks.append(block)


def _part(
    work: Work, rule: n.Rule, give: Callable[[], None], uses: frozenset[str]
) -> list[ir.Stmt]:
    """The body of a rule of a set or object, and what it puts there."""
    with work.out.nested() as stmts:
        work.out.at(rule.loc)
        bodies.body(work, rule.body, bodies.Results(give, uses))
    return stmts


def _insert(work: Work, rule: n.Rule, path: Sequence[n.Term], returns: int) -> None:
    """Put what a rule gives to its place in the object."""
    if rule.head.key is None:
        assert rule.head.value is not None
        value = terms.operand(work, rule.head.value)
        _insert_value(work, _into(work, path, returns), path[-1], value)
        return
    # A set at the end of the path, to which the rule adds a member.
    out = work.out
    member = terms.operand(work, rule.head.key)
    into = _into(work, path, returns)
    key = terms.operand(work, path[-1])
    members = _existing(work, into, key, ir.IsSetStmt, ir.MakeSetStmt)
    out.emit(ir.SetAddStmt(member, members, pos=out.pos))


def _insert_value(work: Work, into: int, key: n.Term, value: ir.Operand) -> None:
    out = work.out
    out.emit(ir.ObjectInsertOnceStmt(terms.operand(work, key), value, into, pos=out.pos))


def _into(work: Work, path: Sequence[n.Term], returns: int) -> int:
    """The object that the last step of a path is a key of; made, with those on the way, if new."""
    into = returns
    for step in path[:-1]:
        key = terms.operand(work, step)
        into = _existing(work, into, key, ir.IsObjectStmt, ir.MakeObjectStmt)
    return into


def _existing(
    work: Work,
    into: int,
    key: ir.Operand,
    test: type[ir.IsObjectStmt] | type[ir.IsSetStmt],
    make: type[ir.MakeObjectStmt] | type[ir.MakeSetStmt],
) -> int:
    """The object or set under a key; a new one if there is none. Anything else is a conflict."""
    out = work.out
    target = out.local()
    with out.nested() as outer:
        with out.nested() as found:
            out.emit(ir.DotStmt(ir.Local(into), key, target, pos=out.pos))
            out.emit(test(ir.Local(target), pos=out.pos))
            out.leave(1)
        with out.nested() as new:
            out.emit(make(target, pos=out.pos))
            out.emit(ir.ObjectInsertOnceStmt(key, ir.Local(target), into, pos=out.pos))
        out.blocks(found, new)
    out.blocks(outer)
    return target


def _default_value(work: Work, rule: n.Rule, give: Callable[[ir.Operand], None]) -> None:
    """What a default gives: its value may take a body, if it is a comprehension."""
    value = rule.head.value
    assert value is not None
    results = bodies.Results(lambda: give(terms.operand(work, value)), work.planner.names(value))
    bodies.body(work, rule.body, results)


# Packages


def _package(
    work: Work, node: RuleTree, path: Path, returns: int, blocks: list[list[ir.Stmt]]
) -> None:
    """The rules of a package and of those below it, as one object."""
    out, tree = work.out, work.planner.tree
    blocks.append([ir.MakeObjectStmt(returns, pos=out.pos)])
    for key in tree.names(node):
        child = tree.child(node, path, key, work.world)
        if child is None:
            continue
        kind = tree.kind(child, len(path) + 1)
        if kind is Kind.FUNCTION:
            continue
        with out.nested() as stmts:
            variant = virtual.EXTENT if kind is Kind.PACKAGE else ""
            value = virtual.ask(work, (*path, key), variant)
            out.emit(ir.ObjectInsertStmt(ir.Const(key), value, returns, pos=out.pos))
        blocks.append(stmts)
