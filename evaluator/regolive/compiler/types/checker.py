"""Types inside of a body: what its variables are, and which expressions cannot hold.

A body is read in its order. Each expression first has its comprehensions checked, then its
references, which give types to variables in their brackets, and then, if it is a call, the types
of its operands. A variable gets its type where it is first met and keeps it. All this is as OPA's
checker does it, down to what it leaves alone: calls directly in the body of an ``every`` (and of
the keywords ``not``, ``and``, ``or`` with bodies) are not checked, and ``with`` changes no types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from regolive.compiler.program import Finding
from regolive.compiler.types import messages
from regolive.compiler.types.algebra import unify
from regolive.compiler.types.build import NotConstant, constant_key
from regolive.compiler.types.env import TypeEnv
from regolive.compiler.types.model import (
    ANY,
    Function,
    Part,
    array,
    object_type,
    set_of,
)
from regolive.compiler.types.overlay import Overlay
from regolive.compiler.types.references import References
from regolive.compiler.types.signatures import Signature, Signatures, of_function
from regolive.compiler.types.terms import COMPREHENSIONS, SIMPLE, Types
from regolive.compiler.types.text import PLAIN, Names, RefText
from regolive.syntax import nodes as n

_EQUATIONS = frozenset({"eq", "equal"})
QUERY_EQUATIONS = frozenset({"eq"})
"""What is checked as an equation in a query: OPA makes equations of ``==`` in rules only."""


class BodyChecker:
    """Checks bodies of one rule or query. ``findings`` collects what is wrong."""

    __slots__ = ("_bodies", "_equations", "_functions", "_references", "_terms", "findings")

    def __init__(
        self,
        env: TypeEnv,
        signatures: Signatures,
        names: Mapping[str, str],
        overlay: Overlay | None = None,
        equations: frozenset[str] = _EQUATIONS,
    ) -> None:
        """
        Args:
            env: the types of rules.
            signatures: the builtins.
            names: what the compiler's variables were called.
            overlay: what the rule's annotations declare.
            equations: the calls that say that two values are equal.
        """
        self.findings: list[Finding] = []
        self._equations = equations
        self._functions = signatures
        self._bodies: list[n.Body] = []
        shown = Names(names, self._origin)
        self._references = References(env, shown, self.findings, overlay)
        self._terms = self._references.terms

    def type_of(self, term: n.Term, types: Types) -> Part:
        """The type of a term after the body it depends on was checked."""
        return self._terms.type_of(term, types)

    def narrow(self, term: n.Term, t: Part, types: Types) -> bool:
        """See :meth:`~regolive.compiler.types.terms.TermTypes.narrow`."""
        return self._terms.narrow(term, t, types)

    def check(self, body: n.Body, types: Types) -> None:
        """Check the expressions of a body. ``types`` is what is known before, and added to."""
        findings = self.findings
        self._bodies.append(body)
        for expr in body:
            term = expr.term
            is_call = term.__class__ is n.Call
            operands: Sequence[n.Node] = term.args if isinstance(term, n.Call) else (term,)
            if not SIMPLE.issuperset([operand.__class__ for operand in operands]):
                references, comprehensions, calls = _inside(operands)
                for call in calls:
                    self._is_function(call)
                for comprehension in comprehensions:
                    inner = dict(types)
                    known = len(findings)
                    self.check(comprehension.body, inner)
                    found = self._made(comprehension, inner) if len(findings) == known else None
                    self._terms.comprehensions[comprehension] = found
                for reference in references:
                    self._references.check(reference, types)
            if expr.withs:
                self._replacements(expr, types)
            if is_call:
                assert isinstance(term, n.Call)
                if expr.generated:
                    self._references.note_scalar(term)
                self._call(expr, term, types)
        self._bodies.pop()

    def _origin(self, name: str) -> n.Term | None:
        """The term in whose place one of the compiler's variables stands."""
        for body in reversed(self._bodies):
            for expr in body:
                call = expr.term
                if expr.generated and isinstance(call, n.Call) and call.args:
                    *args, last = call.args
                    if isinstance(last, n.Var) and last.name == name:
                        return n.Call(call.loc, call.func, tuple(args), call.infix)
                    first = call.args[0]
                    if isinstance(first, n.Var) and first.name == name and len(args) == 1:
                        return last
        return None

    def _made(self, term: n.ArrayComp | n.SetComp | n.ObjectComp, types: Types) -> Part:
        """The type of what a comprehension makes, given the types of its body's variables."""
        if isinstance(term, n.ObjectComp):
            key, value = self.type_of(term.key, types), self.type_of(term.value, types)
            return object_type((), (key or ANY, value or ANY))
        element = self.type_of(term.head, types) or ANY
        return array((), element) if isinstance(term, n.ArrayComp) else set_of(element)

    def _call(self, expr: n.Expr, call: n.Call, types: Types) -> None:
        steps = call.func.terms
        args = call.args
        name = steps[0].name  # type: ignore[attr-defined]
        if name in self._equations and len(args) == 2 and len(steps) == 1:
            self._equation(expr, args[0], args[1], types)
            return
        found = self._is_function(call)
        if found is None:
            return
        unsaid = self._references.unsaid
        if unsaid:
            for arg in args:
                if arg in unsaid:
                    self.findings.append(messages.match_error(arg.loc, None, None))
        before = dict(types)
        params, rest = found.params, found.type.rest
        what = ""
        if len(args) > len(params) and rest is None:
            what = "too many arguments"
        elif len(args) < found.arity:
            what = "too few arguments"
        else:
            narrow = self._terms.narrow
            for index, arg in enumerate(args):
                if not narrow(arg, params[index] if index < len(params) else rest, types):
                    what = "invalid argument(s)"
                    break
        if what:
            have = [self.type_of(arg, before) for arg in args]
            full = RefText(call.func, PLAIN).text
            self.findings.append(messages.argument_error(expr.loc, full, what, have, found))

    def _is_function(self, call: n.Call) -> Signature | None:
        """The signature of what is called; None where nothing is known of it, or it is none."""
        found = self._function(call.func)
        if isinstance(found, Signature):
            return found
        if found is not None and found is not ANY:
            what = f"undefined function {RefText(call.func, PLAIN).text}"
            self.findings.append(messages.finding(call.loc, what))
        return None

    def _function(self, func: n.Ref) -> Signature | Part:
        """What is called: a signature, another type for what is no function, None for nothing."""
        steps = func.terms
        name = steps[0].name  # type: ignore[attr-defined]
        if name != "data":
            if len(steps) > 1:
                name = ".".join([name, *[s.value for s in steps[1:]]])  # type: ignore[attr-defined]
            return self._functions.get(name)
        t = self._references.rule([constant_key(step) for step in steps[1:]])
        return of_function(t) if isinstance(t, Function) else t

    def _replacements(self, expr: n.Expr, types: Types) -> None:
        """``with`` puts a function in another's place only where they take the same."""
        for with_ in expr.withs:
            target = self._named_function(with_.target, types)
            value = self._named_function(with_.value, types)
            if target is None or value is None or unify(target.type, value.type):
                continue
            assert isinstance(with_.target, n.Ref | n.Var)
            name = RefText(_as_ref(with_.target), PLAIN).text
            self.findings.append(messages.replaced_error(with_.loc, name, value.type, target))

    def _named_function(self, term: n.Term, types: Types) -> Signature | None:
        if not isinstance(term, n.Ref | n.Var):
            return None
        ref = _as_ref(term)
        head = ref.terms[0]
        if not isinstance(head, n.Var) or head.name == "input" or head.name in types:
            return None
        if not all(isinstance(s, n.Scalar) and isinstance(s.value, str) for s in ref.terms[1:]):
            return None
        found = self._function(ref)
        return found if isinstance(found, Signature) else None

    def _equation(self, expr: n.Expr, a: n.Term, b: n.Term, types: Types) -> None:
        type_of = self._terms.type_of
        left, right = type_of(a, types), type_of(b, types)
        for term, t in ((a, left), (b, right)):
            if t is None and term.__class__ is not n.Var:
                # A reference or comprehension that is wrong, which is said already.
                if term in self._references.unsaid:
                    self.findings.append(messages.match_error(expr.loc, None, None))
                return
        if not self._equate(a, left, b, right, types):
            self.findings.append(messages.match_error(expr.loc, left, right))

    def _equate(self, a: n.Term, left: Part, b: n.Term, right: Part, types: Types) -> bool:
        """Whether two terms can be equal; gives types to the variables inside of them."""
        if left is not None and left.known:
            if right is not None and right.known:
                return unify(left, right)
            return self._terms.narrow(b, left, types)
        if right is not None and right.known:
            return self._terms.narrow(a, right, types)
        if isinstance(a, n.Array) and isinstance(b, n.Array):
            return len(a.items) == len(b.items) and self._equate_all(
                list(zip(a.items, b.items, strict=True)), types
            )
        if isinstance(a, n.Object) and isinstance(b, n.Object):
            return self._equate_objects(a, b, types)
        for one, other in ((a, b), (b, a)):
            if isinstance(one, n.Var):
                narrow = self._terms.narrow
                return narrow(other, ANY, types) and narrow(
                    one, self._terms.type_of(other, types), types
                )
        return False

    def _equate_objects(self, a: n.Object, b: n.Object, types: Types) -> bool:
        try:
            left = {constant_key(k): v for k, v in a.pairs}
            right = {constant_key(k): v for k, v in b.pairs}
        except NotConstant:
            return False
        if left.keys() != right.keys():
            return False
        return self._equate_all([(v, right[k]) for k, v in left.items()], types)

    def _equate_all(self, pairs: Sequence[tuple[n.Term, n.Term]], types: Types) -> bool:
        type_of = self._terms.type_of
        for a, b in pairs:
            if not self._equate(a, type_of(a, types), b, type_of(b, types), types):
                return False
        return True


def _as_ref(term: n.Ref | n.Var) -> n.Ref:
    return term if isinstance(term, n.Ref) else n.Ref(term.loc, (term,))


_Comprehension: TypeAlias = n.ArrayComp | n.SetComp | n.ObjectComp


def _inside(
    parts: Sequence[n.Node],
) -> tuple[list[n.Ref], list[_Comprehension], list[n.Call]]:
    """What is inside of some terms, outer ones first, in the order written: references,
    comprehensions, and the calls in bodies of ``every`` and the like."""
    references: list[n.Ref] = []
    comprehensions: list[_Comprehension] = []
    calls: list[n.Call] = []
    todo = list(reversed(parts))
    while todo:
        part: Any = todo.pop()
        cls = part.__class__
        if cls in SIMPLE:
            continue
        if cls is n.Ref:
            references.append(part)
            todo += part.terms[::-1]
        elif cls in COMPREHENSIONS:
            comprehensions.append(part)
        elif cls is n.Object:
            todo += part.flat[::-1]
        elif cls is n.Array or cls is n.Set:
            todo += part.items[::-1]
        elif cls is n.Expr:
            inner = part.term
            if inner.__class__ is n.Call:
                calls.append(inner)
                todo += inner.args[::-1]
            else:
                todo.append(inner)
        elif cls is n.Every:
            todo += (*part.body[::-1], part.domain)
        elif cls is n.Not:
            todo += part.body[::-1]
        elif cls is n.Logical:
            todo += (*part.right[::-1], *part.left[::-1])
    return references, comprehensions, calls
