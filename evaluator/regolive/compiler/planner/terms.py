"""Terms: the statements that make a term's value, and the operand that holds it."""

from __future__ import annotations

from regolive.compiler.planner import bodies, calls, refs, virtual
from regolive.compiler.planner.emit import INPUT
from regolive.compiler.planner.work import PlanningError, Work
from regolive.ir import nodes as ir
from regolive.syntax import nodes as n


def operand(work: Work, term: n.Term) -> ir.Operand:
    """The value of a term. Undefined if the term is; a reference with free variables iterates."""
    match term:
        case n.Scalar(value=None):
            return work.out.null()
        case n.Scalar(value=value):
            assert value is not None
            return ir.Const(value)
        case n.Number():
            return work.out.number(term.text)
        case n.Var():
            return _variable(work, term)
        case n.Ref():
            return refs.reference(work, term)
        case n.Array() | n.Set():
            # What iterates among the items has to stand around the making of the whole.
            items = []
            for item in term.items:
                items.append(operand(work, item))
            make = work.out.array if isinstance(term, n.Array) else work.out.set
            return make(items)
        case n.Object():
            flat = []
            for item in term.flat:
                flat.append(operand(work, item))
            return work.out.object(list(zip(flat[::2], flat[1::2], strict=True)))
        case n.ArrayComp() | n.SetComp() | n.ObjectComp():
            return _comprehension(work, term)
        case n.Call():
            return calls.value(work, term)
    raise PlanningError(f"{term.loc!r}: {type(term).__name__} in a resolved module")


def _variable(work: Work, var: n.Var) -> ir.Operand:
    if var.name == "input":
        work.out.defined(INPUT.index)
        return INPUT
    if var.name == "data":
        return virtual.document(work, ())
    bound = work.vars.get(var.name)
    return unbound(work, var) if bound is None else bound


def unbound(work: Work, term: n.Term) -> ir.Operand:
    """A term with a variable that nothing has bound. Raises PlanningError."""
    name = term.name if isinstance(term, n.Var) else term.loc.text
    raise PlanningError(f"{term.loc!r}: {name} is used before it has a value")


def _comprehension(work: Work, term: n.ArrayComp | n.SetComp | n.ObjectComp) -> ir.Local:
    out, outer = work.out, work.out.pos
    out.at(term.loc)
    match term:
        case n.ArrayComp():
            made = out.array([])
        case n.SetComp():
            made = out.set([])
        case n.ObjectComp():
            made = out.object([])
    pos = out.pos

    def add() -> None:
        match term:
            case n.ArrayComp():
                value = operand(work, term.head)
                out.emit(ir.ArrayAppendStmt(value, made.index, pos=pos))
            case n.SetComp():
                value = operand(work, term.head)
                out.emit(ir.SetAddStmt(value, made.index, pos=pos))
            case n.ObjectComp():
                key, value = operand(work, term.key), operand(work, term.value)
                out.emit(ir.ObjectInsertOnceStmt(key, value, made.index, pos=pos))

    with out.nested() as stmts:
        results = bodies.Results(add, uses=bodies.head_names(term))
        bodies.body(work, term.body, results, counted=isinstance(term, n.ArrayComp))
    out.pos = outer
    out.blocks(stmts)
    return made
