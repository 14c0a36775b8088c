"""What is said of statements that can stand nowhere in a body: their variables are unbound."""

from __future__ import annotations

from collections.abc import Iterator

from regolive.compiler.program import Stage
from regolive.compiler.resolve.patterns import unify
from regolive.compiler.resolve.scopes import ROOTS
from regolive.compiler.resolve.text import ground_text
from regolive.compiler.resolve.work import Item, Work
from regolive.syntax import nodes as n

_CLOSURES = (n.ArrayComp, n.SetComp, n.ObjectComp, n.Every, n.Not, n.Logical)
_KEYWORDS = frozenset({"and", "contains", "every", "if", "in", "not", "or"})


def report(w: Work, items: list[Item], safe: set[str], outer: set[str]) -> None:
    """Report the variables of some statements that are not safe, each where it stands first.

    What a statement would bind, were it not for others, is not reported of it; and not at all if
    it is a call whose operands lack only members of sets, keys of objects or heads of references.
    ``outer`` are all variables of the body, which those of closures are if they have the same name.
    """
    known = safe.union(ROOTS)
    size = -1
    while size != len(known):
        size = len(known)
        for item in items:
            known |= _results(item, known)
    told = False
    for item in items:
        before = set(item.needs)
        for closure in item.closures or ():
            before |= closure.names & outer
        for name in (before - known) | (item.own_names() - known - _outputs(item, known)):
            if w.is_written(name):
                told = True
                note(w, name, _place(item, name))
    if not told:
        for item in items:
            w.find(Stage.SAFE_BODIES, "unsafe_var", "expression is unsafe", item.expr.loc)


def note(w: Work, name: str, loc: n.Loc) -> None:
    """Note that a variable is not safe. It is reported once in a rule, where it stands first."""
    if name not in w.unsafe or loc.start < w.unsafe[name].start:
        w.unsafe[name] = loc


def flush(w: Work) -> None:
    """Report the variables of a body that are not safe."""
    for name, loc in sorted(w.unsafe.items(), key=lambda at: (at[1].start, w.shown(at[0]), at[0])):
        unsafe(w, name, loc)
    w.unsafe = {}


def _place(item: Item, name: str) -> n.Loc:
    if item.assigned is not None and (name in item.binds or name in (item.with_needs or ())):
        return item.assigned
    return item.expr.loc


def _results(item: Item, known: set[str]) -> set[str]:
    """What a call gives, as far as its operands are known."""
    term = item.expr.term
    if not isinstance(term, n.Call) or item.expr.negated or _is_equation(item):
        return set()
    if item.with_needs is not None and not item.with_needs <= known:
        return set()
    reached = set(_reached(item, known))
    results = item.binds - item.needs - set(_reached(item, None))
    inputs = {name for arg in term.args for name in _names(arg, refs=False)}
    return reached | results if inputs - results <= known | reached else set()


def _outputs(item: Item, known: set[str]) -> set[str]:
    """What a statement itself would bind."""
    if item.with_needs is not None and not item.with_needs <= known:
        return set()
    found = set(_reached(item, known))
    if _is_equation(item):
        reached = known | found
        _unify(item, reached)
        found |= reached & item.own_names()
    return found


def _is_equation(item: Item) -> bool:
    term = item.expr.term
    if not isinstance(term, n.Call) or len(term.func.terms) != 1 or len(term.args) != 2:
        return False
    first = term.func.terms[0]
    return isinstance(first, n.Var) and first.name == "eq" and not item.expr.negated


def unsafe(w: Work, name: str, loc: n.Loc, stage: Stage = Stage.SAFE_BODIES) -> None:
    """Report one variable."""
    shown = w.shown(name)
    message = f"var {shown} is unsafe"
    if shown in _KEYWORDS and stage is not Stage.SAFE_HEADS:
        message += f" (hint: `import future.keywords.{shown}` to import a future keyword)"
    elif w.rule is not None and _is_crowded(w, w.rule):
        message += f" in rule {ground_text(w.rule)}"
    w.find(stage, "unsafe_var", message, loc)


def _is_crowded(w: Work, rule: n.Rule) -> bool:
    """Whether rules of other names begin in the row of a rule: then its own name says more."""
    row = rule.loc.row
    name = ground_text(rule)
    return any(other.loc.row == row and ground_text(other) != name for other in w.rules)


def _unify(item: Item, known: set[str]) -> None:
    """Add what an equation would bind, given what is known."""
    call = item.expr.term
    assert isinstance(call, n.Call)
    left, right = call.args
    if isinstance(left, n.Array | n.Object) and isinstance(right, n.Array | n.Object):
        unify(left, right, known)
    elif set(_names(left)) <= known:
        known |= set(_names(right, refs=False))
    elif set(_names(right)) <= known:
        known |= set(_names(left, refs=False))


def _names(term: n.Term, refs: bool = True) -> Iterator[str]:
    """The variables that must be known for an operand to be known.

    Not those of sets, keys and nested references: OPA does not look for them where it looks for
    what a statement binds.
    """
    if isinstance(term, n.Var):
        yield term.name
    elif isinstance(term, n.Array):
        for item in term.items:
            yield from _names(item, refs=False)
    elif isinstance(term, n.Object):
        for item in term.flat[1::2]:
            yield from _names(item, refs=False)
    elif isinstance(term, n.Ref) and refs:
        yield from (step.name for step in term.terms if isinstance(step, n.Var))


def _reached(item: Item, safe: set[str] | None) -> Iterator[str]:
    """The variables that a statement's references would bind: steps of those with a safe head.

    With None, any head is safe.
    """
    if item.expr.negated:
        return
    todo: list[n.Node] = [item.expr, *(item.prefix or ())]
    while todo:
        node = todo.pop()
        if isinstance(node, _CLOSURES):
            continue
        if isinstance(node, n.Ref):
            head, *steps = node.terms
            known = safe is None or (
                isinstance(head, n.Var) and (head.name in safe or head.name in ROOTS)
            )
            if known:
                yield from (step.name for step in steps if isinstance(step, n.Var))
        for part in node.parts:
            value = getattr(node, part)
            if value.__class__ is tuple:
                todo.extend(value)
            elif value is not None:
                todo.append(value)
