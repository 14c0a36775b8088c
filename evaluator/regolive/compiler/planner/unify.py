"""Unification: ``a = b`` with variables on either side."""

from __future__ import annotations

from regolive.compiler.planner import terms
from regolive.compiler.planner.work import Work
from regolive.compiler.planner.world import constant_text
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n


def unify(work: Work, a: n.Term, b: n.Term) -> None:
    """Bind the variables of both sides so that they are equal; undefined if they cannot be."""
    pairs = _parts(a, b)
    if pairs is None:
        work.out.fail()
        return
    while pairs:
        # First what has a value on one side: [x, y] = [y, 1] binds y before x.
        ready = (i for i, pair in enumerate(pairs) if not all(map(work.has_free, pair)))
        a, b = pairs.pop(next(ready, 0))
        if not work.has_free(a):
            match(work, b, terms.operand(work, a))
        else:
            # The other side may bind what this one waits for: foo = input.foos[foo].
            match(work, a, terms.operand(work, b))


def _parts(a: n.Term, b: n.Term) -> list[tuple[n.Term, n.Term]] | None:
    """What has to be equal for two terms to be: their elements, as far as both sides show them, in
    order. None for arrays that are not of one length."""
    todo = [(a, b)]
    found = []
    while todo:
        a, b = todo.pop()
        if isinstance(a, n.Array) and isinstance(b, n.Array):
            if len(a.items) != len(b.items):
                return None
            todo += reversed(list(zip(a.items, b.items, strict=True)))
            continue
        pairs = _same_keys(a, b)
        if pairs is None:
            found.append((a, b))
        else:
            todo += pairs
    return found


def _same_keys(a: n.Term, b: n.Term) -> list[tuple[n.Term, n.Term]] | None:
    """The values of two objects by their keys, if those are constants and the same."""
    if not isinstance(a, n.Object) or not isinstance(b, n.Object):
        return None
    left = {constant_text(key): value for key, value in a.pairs}
    right = {constant_text(key): value for key, value in b.pairs}
    if None in left or left.keys() != right.keys():
        return None
    return [(value, right[key]) for key, value in reversed(left.items())]


def match(work: Work, pattern: n.Term, value: ir.Operand) -> None:
    """Bind the variables of a pattern so that it is equal to a value; undefined if it cannot be."""
    todo = [(pattern, value)]
    out = work.out
    while todo:
        pattern, value = todo.pop()
        if isinstance(pattern, n.Var) and work.is_free(pattern):
            work.bind(pattern, value)
        elif not work.has_free(pattern):
            out.equal(value, terms.operand(work, pattern))
        elif isinstance(pattern, n.Array):
            out.emit(ir.IsArrayStmt(value, pos=out.pos))
            _has_length(work, value, len(pattern.items))
            # Wildcards are there if the length is right.
            wanted = [(i, t) for i, t in enumerate(pattern.items) if not _is_any(work, t)]
            todo += [(t, out.dot(value, out.integer(i))) for i, t in reversed(wanted)]
        elif isinstance(pattern, n.Object):
            out.emit(ir.IsObjectStmt(value, pos=out.pos))
            keys = [constant_text(key) or key for key, _ in pattern.pairs]
            _has_length(work, value, len(set(keys)))
            todo += [
                (t, out.dot(value, terms.operand(work, key))) for key, t in reversed(pattern.pairs)
            ]
        else:  # a set with variables in it has no order to take them from
            terms.unbound(work, pattern)


def _has_length(work: Work, value: ir.Operand, length: int) -> None:
    out = work.out
    target = out.local()
    out.emit(ir.LenStmt(value, target, pos=out.pos))
    out.equal(ir.Local(target), out.integer(length))


def _is_any(work: Work, term: n.Term) -> bool:
    return isinstance(term, n.Var) and term.is_wildcard and work.is_free(term)
