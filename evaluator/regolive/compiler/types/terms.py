"""The types of terms, and what a term's type says of the variables inside of it."""

from __future__ import annotations

from typing import TypeAlias

from regolive.compiler.types.algebra import field, select, unify
from regolive.compiler.types.build import ANY_ARRAY, ANY_OBJECT, NotConstant, constant_key
from regolive.compiler.types.env import TypeEnv
from regolive.compiler.types.model import (
    ANY,
    BOOLEAN,
    MAX_TERM_DEPTH,
    NULL,
    NUMBER,
    STRING,
    Array,
    Object,
    Part,
    Recursive,
    SetType,
    Union,
    array,
    either,
    object_type,
    set_of,
    union_of,
)
from regolive.compiler.types.overlay import Overlay
from regolive.syntax import nodes as n

Types: TypeAlias = dict[str, Part]
"""Types of variables; one that is not in it is not known yet."""

SIMPLE = frozenset({n.Var, n.Scalar, n.Number})
COMPREHENSIONS = frozenset({n.ArrayComp, n.SetComp, n.ObjectComp})
DOCUMENTS = frozenset({"data", "input"})


class TermTypes:
    """Works out the types of terms, given those of their variables, references and comprehensions.

    ``references`` and ``comprehensions`` hold what the checker found out about each of them.
    """

    __slots__ = ("comprehensions", "env", "overlay", "references")

    def __init__(self, env: TypeEnv, overlay: Overlay | None = None) -> None:
        self.env = env
        self.overlay = overlay
        self.references: dict[n.Ref, Part] = {}
        self.comprehensions: dict[n.Term, Part] = {}

    def document(self, name: str) -> Part:
        """The type of all of ``input`` or ``data``."""
        if self.overlay is not None:
            found = self.overlay.document(name)
            if found is not None:
                return found
        return (self.env.input or ANY) if name == "input" else self.env.root.extent()

    def type_of(self, term: n.Term, types: Types, depth: int = 0) -> Part:
        """The type of a term; None, or with unknown parts, where a variable is not known yet."""
        match term:
            case n.Var(name=name):
                found = types.get(name)
                if found is None and name in DOCUMENTS:
                    return self.document(name)
                return found
            case n.Scalar(value=value):
                if value.__class__ is str:
                    return STRING
                return NULL if value is None else BOOLEAN
            case n.Number():
                return NUMBER
            case n.Ref():
                return self.references.get(term)
            case _ if depth > MAX_TERM_DEPTH:
                return ANY
            case n.Array(items=items):
                if not items:
                    return ANY_ARRAY
                return array([self.type_of(item, types, depth + 1) for item in items])
            case n.Set(items=items):
                return set_of(union_of([self.type_of(item, types, depth + 1) for item in items]))
            case n.Object():
                return self._object(term, types, depth + 1)
        return self.comprehensions.get(term)

    def _object(self, term: n.Object, types: Types, depth: int) -> Part:
        if not term.flat:
            return ANY_OBJECT
        static = []
        key: Part = None
        rest: Part = None
        dynamic = False
        flat = iter(term.flat)
        for step in flat:
            value = self.type_of(next(flat), types, depth)
            try:
                static.append((constant_key(step), value))
            except NotConstant:
                key = either(key, self.type_of(step, types, depth))
                rest = either(rest, value)
                dynamic = True
        return object_type(static, (key, rest) if dynamic else None)

    def narrow(self, term: n.Term, t: Part, types: Types, widen: bool = False) -> bool:
        """Give unknown variables of a term the types they have if the term is of type ``t``.

        False if it cannot be. ``widen``: the type is one of several, so a variable's type becomes
        what it was or this.
        """
        cls = term.__class__
        if cls is n.Var:
            name = term.name  # type: ignore[attr-defined]
            if widen:
                types[name] = either(types.get(name), t)
                return True
            have = types.get(name)
            if have is None:
                if name in DOCUMENTS:
                    return unify(self.document(name), t)
                types[name] = t
                return True
            return unify(have, t)
        if cls in _COMPOSITE:
            if t is ANY:
                self.release(term, types)
                return True
            if isinstance(t, Recursive):
                t = t.target
            if isinstance(t, Union):
                agreed = False
                for member in t.of:
                    if self.narrow(term, member, types, True):
                        agreed = True
                return agreed
            if isinstance(term, n.Array):
                return isinstance(t, Array) and self._narrow_array(term, t, types, widen)
            if isinstance(term, n.Object):
                return isinstance(t, Object) and self._narrow_object(term, t, types, widen)
            assert isinstance(term, n.Set)
            if not isinstance(t, SetType):
                return False
            return all(self.narrow(item, t.of, types, widen) for item in term.items)
        # Nothing is known of a reference or a comprehension in which something is wrong.
        found = self.type_of(term, types)
        return found is None or unify(found, t)

    def _narrow_array(self, term: n.Array, t: Array, types: Types, widen: bool) -> bool:
        if len(term.items) != len(t.static) and t.dynamic is None:
            return False
        for index, item in enumerate(term.items):
            if not self.narrow(item, select(t, index), types, widen):
                return False
        return True

    def _narrow_object(self, term: n.Object, t: Object, types: Types, widen: bool) -> bool:
        if len(term.flat) != 2 * len(t.static) and t.dynamic is None:
            return False
        flat = iter(term.flat)
        for step in flat:
            value = next(flat)
            try:
                key = constant_key(step)
            except NotConstant:
                # Which of the values it is depends on the key: it may be any.
                self.narrow(value, ANY, types, widen)
                continue
            found = field(t, key)
            if found is None or not self.narrow(value, found, types, widen):
                return False
        return True

    def release(self, term: n.Term, types: Types) -> None:
        """Nothing is known of a term: its variables can be anything, whatever they were."""
        todo = [term]
        while todo:
            part = todo.pop()
            if part.__class__ is n.Var:
                if part.name not in DOCUMENTS:
                    types[part.name] = ANY
            elif part.__class__ is n.Object:
                todo += part.flat[1::2]
            elif part.__class__ in _COMPOSITE:
                todo += part.items  # type: ignore[attr-defined]


_COMPOSITE = frozenset({n.Array, n.Set, n.Object})
