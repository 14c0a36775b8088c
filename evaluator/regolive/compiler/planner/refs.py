"""References: lookups step by step, and scans where a step is a variable without a value."""

from __future__ import annotations

from collections.abc import Sequence

from regolive.compiler.planner import terms, unify, virtual
from regolive.compiler.planner.emit import DATA, INPUT
from regolive.compiler.planner.work import Work
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n


def reference(work: Work, ref: n.Ref) -> ir.Operand:
    """The value of a reference."""
    head, *rest = ref.terms
    if isinstance(head, n.Var) and head.name == "data":
        return virtual.reference(work, rest)
    if isinstance(head, n.Var) and head.name == "input":
        if not rest:
            return terms.operand(work, head)
        return steps(work, INPUT, rest)
    return steps(work, terms.operand(work, head), rest)


def base_document(work: Work, rest: Sequence[n.Term]) -> ir.Operand:
    """What the base documents have at a path; no rule is looked at."""
    return steps(work, DATA, rest)


def steps(work: Work, value: ir.Operand, rest: Sequence[n.Term]) -> ir.Operand:
    """What stands at the end of some steps into a value."""
    for term in rest:
        value = step(work, value, term)
    return value


def step(work: Work, value: ir.Operand, term: n.Term) -> ir.Operand:
    """One step into a value: a lookup if the key is known, a scan if it is not."""
    if work.has_free(term):
        key, element = scan(work, value)
        unify.match(work, term, key)
        return element
    return lookup(work, value, terms.operand(work, term))


def lookup(work: Work, value: ir.Operand, key: ir.Operand) -> ir.Local:
    """The element at a known key."""
    found = work.out.dot(value, key)
    if value == DATA or (isinstance(value, ir.Local) and value.index in work.base):
        work.base.add(found.index)
    return found


def scan(work: Work, value: ir.Operand) -> tuple[ir.Local, ir.Local]:
    """Iterate over the elements of a value: key and element."""
    out = work.out
    key, element = out.local(), out.local()
    if isinstance(value, ir.Const):
        value = out.copy(value)  # a scalar has no elements, but a scan needs a local
    out.scan(value.index, key, element)
    return ir.Local(key), ir.Local(element)
