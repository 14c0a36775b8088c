"""References: which steps exist, the types of variables in brackets, the type of what is found."""

from __future__ import annotations

from collections.abc import Sequence

from regolive.compiler.program import Finding
from regolive.compiler.types import messages
from regolive.compiler.types.algebra import keys_of, known_keys, select, unify, values_of
from regolive.compiler.types.build import NotConstant, constant_key
from regolive.compiler.types.env import TypeEnv, TypeNode
from regolive.compiler.types.model import ANY, Function, Part, StaticKey, Type, key_order
from regolive.compiler.types.overlay import Overlay
from regolive.compiler.types.terms import DOCUMENTS, TermTypes, Types
from regolive.compiler.types.text import Names, RefText
from regolive.syntax import nodes as n

_CONSTANTS = frozenset({n.Scalar, n.Number})


class References:
    """Checks references one by one, and keeps their types in ``terms.references``."""

    __slots__ = ("_env", "_findings", "_names", "_overlay", "_scalars", "terms", "unsaid")

    def __init__(
        self,
        env: TypeEnv,
        names: Names,
        findings: list[Finding],
        overlay: Overlay | None = None,
    ) -> None:
        self.terms = TermTypes(env, overlay)
        self._env = env
        self._names = names
        self._findings = findings
        self._overlay = overlay
        self._scalars: set[str] = set()
        # References that are wrong, of which nothing is said yet.
        self.unsaid: set[n.Ref] = set()

    def note_scalar(self, call: n.Call) -> None:
        """Remember a variable of the compiler's that stands for a scalar.

        A step into that is no error of the reference in OPA, but where the reference is used.
        """
        if len(call.args) == 2 and call.args[1].__class__ in _CONSTANTS:
            name = call.args[0]
            if isinstance(name, n.Var):
                self._scalars.add(name.name)

    def check(self, ref: n.Ref, types: Types) -> None:
        """Check a reference whose head is known. Variables in brackets get the types of keys."""
        head = ref.terms[0]
        if head.__class__ is not n.Var:
            found = self._steps(ref, self.terms.type_of(head, types), 1, types)
        else:
            name = head.name
            if name == "data":
                found = self._data(ref, types)
            elif name == "input":
                found = self._steps(ref, self.terms.document("input"), 1, types)
            else:
                start = types.get(name)
                if start is None:
                    start = types[name] = ANY
                if name in self._scalars:
                    self.unsaid.add(ref)
                    found = None
                else:
                    found = self._steps(ref, start, 1, types)
        self.terms.references[ref] = found

    def rule(self, path: Sequence[StaticKey]) -> Part:
        """The type of what is called by a path below ``data``; None if nothing is known there."""
        if self._overlay is not None:
            t = self._overlay.document("data")
            if t is not None:
                for key in path:
                    t = select(t, key)
                return t
        node = self._env.node(path)
        return None if node is None else node.view

    def _data(self, ref: n.Ref, types: Types) -> Part:
        if self._overlay is not None:
            declared = self._overlay.document("data")
            if declared is not None:
                return self._steps(ref, declared, 1, types)
        node = self._env.root
        if not node.children:
            return self._steps(ref, ANY, 1, types)
        terms = ref.terms
        for pos in range(1, len(terms)):
            step = terms[pos]
            key = _string(step)
            if key is None:
                if pos <= 2 and (step.__class__ is not n.Var or _is_document(step)):
                    # The shortest path of a rule is data.package.rule: its names are strings.
                    have = self.terms.type_of(step, types)
                    self._wrong_key(ref, pos, have, node)
                    return ANY
                if step.__class__ is n.Var and not _is_document(step):
                    return self._any_rule(ref, pos, node, types)
                try:
                    key = constant_key(step)
                except NotConstant:
                    return self._steps(ref, ANY, pos, types)
            child = node.children.get(key)
            if child is None:
                return self._steps(ref, ANY, pos, types)  # base documents: nothing is known of them
            node = child
            view = node.view
            if view is not None:
                return self._rule(ref, pos + 1, node, view, types)
        return node.extent()

    def _any_rule(self, ref: n.Ref, pos: int, node: TypeNode, types: Types) -> Part:
        """A variable where names of packages or rules stand."""
        name = ref.terms[pos].name  # type: ignore[attr-defined]
        keys = node.keys()
        have = types.get(name)
        if have is None:
            types[name] = keys
        elif not unify(keys, have):
            self._wrong_key(ref, pos, have, node)
            return ANY
        return self._steps(ref, ANY, pos + 1, types)

    def _wrong_key(self, ref: n.Ref, pos: int, have: Part, node: TypeNode) -> None:
        possible = sorted(node.children, key=key_order)
        text = RefText(ref, self._names)
        self._findings.append(messages.wrong_step(text, pos, have, node.keys(), possible))

    def _rule(self, ref: n.Ref, pos: int, node: TypeNode, view: Type, types: Types) -> Part:
        """What follows after the path of a rule."""
        if isinstance(view, Function):
            return self._function(ref, pos - 1, view)
        found = self._steps(ref, view, pos, types)
        if found is None or not node.children or pos == len(ref.terms):
            return found
        # Rules below say more of their own steps than the object they are part of.
        deeper = node
        while pos < len(ref.terms):
            try:
                child = deeper.children.get(constant_key(ref.terms[pos]))
            except NotConstant:
                break
            if child is None:
                break
            deeper, pos = child, pos + 1
        if deeper is node:
            return found
        followed = _follow(deeper.extent(), ref.terms[pos:])
        if followed is None:
            self.unsaid.add(ref)
        return followed

    def _function(self, ref: n.Ref, pos: int, t: Function) -> Part:
        """A function that is referred to, not called."""
        text = RefText(ref, self._names)
        self._findings.append(messages.used_as_reference(text, pos, t))
        return t if pos + 1 == len(ref.terms) else None

    def _steps(self, ref: n.Ref, t: Part, pos: int, types: Types) -> Part:
        """The type after all steps from ``pos`` on; None if one is wrong, which is noted."""
        terms = ref.terms
        while pos < len(terms):
            step = terms[pos]
            cls = step.__class__
            if cls is n.Scalar or cls is n.Number:
                if t is not ANY:
                    child = select(t, constant_key(step))
                    if child is None:
                        return self._wrong(ref, pos, None, t)
                    t = child
                    if t.__class__ is Function:
                        return self._function(ref, pos, t)
            elif cls is n.Var and not _is_document(step):
                name = step.name  # type: ignore[attr-defined]
                keys = keys_of(t)
                if keys is None:
                    return self._wrong(ref, pos, None, t)
                have = types.get(name)
                if have is None:
                    types[name] = keys
                elif not unify(have, keys):
                    return self._wrong(ref, pos, have, t)
                t = values_of(t)
            else:
                keys = keys_of(t)
                if keys is None:
                    return self._wrong(ref, pos, None, t)
                if not self.terms.narrow(step, keys, types):
                    have = self.terms.type_of(step, types)
                    text = RefText(ref, self._names)
                    self._findings.append(messages.wrong_step(text, pos, have, keys, None))
                    return None
                t = values_of(t)
            pos += 1
        return t

    def _wrong(self, ref: n.Ref, pos: int, have: Part, t: Part) -> Part:
        text = RefText(ref, self._names)
        keys = keys_of(t)
        if keys is None:
            self._findings.append(messages.no_elements(text, pos - 1, t))
        else:
            self._findings.append(messages.wrong_step(text, pos, have, keys, known_keys(t)))
        return None


def _string(term: n.Term) -> str | None:
    if term.__class__ is n.Scalar:
        value = term.value
        if value.__class__ is str:
            return value
    return None


def _is_document(term: n.Term) -> bool:
    return term.name in DOCUMENTS  # type: ignore[attr-defined]


def _follow(t: Part, steps: tuple[n.Term, ...]) -> Part:
    """The type after some steps that are known to exist."""
    for step in steps:
        if step.__class__ is n.Scalar or step.__class__ is n.Number:
            t = select(t, constant_key(step))
        else:
            t = values_of(t)
    return t
