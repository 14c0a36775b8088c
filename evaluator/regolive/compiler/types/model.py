"""Rego's types as values: scalars, arrays, objects, sets, unions and functions.

Every type exists once: the functions that make one (:func:`array`, :func:`object_type`,
:func:`set_of`, :func:`union`, :func:`function`) return the same object for the same type, so types
are compared with ``is``, hashed by identity, and what is worked out of them can be remembered.
``None`` stands for a type that is not known yet, on its own or inside of a composite (OPA prints
it ``???``). Texts and order are those of OPA's ``types`` package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

from regolive.values import RegoSet, format_number, from_key, is_number, sort_key, sorted_values

MAX_DEPTH: Final = 80
"""A type is no deeper: what would contain one of this depth has ``any`` in its place. So no type is
too deep to walk, print or pickle."""
MAX_TERM_DEPTH: Final = 64
"""How deep terms, values and schemas are looked into; what stands deeper is ``any``."""
MAX_SHOWN: Final = 1000
"""A part of a type that consists of more types than this is not shown in full in a message."""
MAX_LISTED: Final = 200
"""So many elements, fields or members of a type are shown."""


class Type:
    """The base of all types. Do not instantiate: use the functions of this module."""

    __slots__ = ("__weakref__", "_order", "_text", "depth", "known", "recursive", "size")

    rank = 0
    """The place of the kind in OPA's order of types."""
    known: bool
    """Whether no part of it is unknown."""
    depth: int
    recursive: bool
    """Whether a :class:`Recursive` is part of it."""
    size: int
    """Of how many types it consists, those counted twice that are there twice."""
    kind = ""

    def __init__(self) -> None:
        self.known = True
        self.depth = 1
        self.size = 1
        self.recursive = False
        self._text: str | None = None
        self._order: tuple[Any, ...] | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """A key under which Python sorts types as OPA does."""
        found = self._order
        if found is None:
            found = self._order = (self.rank, *self._sorting())
        return found

    def _measure(self, parts: Iterable[Part]) -> None:
        """Depth, and whether all is known, from the parts of a composite."""
        deepest = 0
        for part in parts:
            if part is None:
                self.known = False
                continue
            if not part.known:
                self.known = False
            if part.recursive:
                self.recursive = True
            deepest = max(deepest, part.depth)
            self.size += part.size
        self.depth = deepest + 1

    def _sorting(self) -> tuple[Any, ...]:
        return ()

    def _write(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        found = self._text
        if found is None:
            found = self._text = self._write()
        return found

    def __repr__(self) -> str:
        return f"<{self}>"

    def __copy__(self) -> Type:
        return self

    def __deepcopy__(self, memo: object) -> Type:
        return self


class Scalar(Type):
    """``null``, ``boolean``, ``number`` or ``string``: the constants below."""

    __slots__ = ("name", "rank")

    def __init__(self, name: str, rank: int) -> None:
        super().__init__()
        self.name = name
        self.rank = rank

    def _write(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Callable[..., Type], tuple[Any, ...]]:
        return scalar, (self.name,)


NULL: Final = Scalar("null", 1)
BOOLEAN: Final = Scalar("boolean", 2)
NUMBER: Final = Scalar("number", 3)
STRING: Final = Scalar("string", 4)
_SCALARS: Final = {s.name: s for s in (NULL, BOOLEAN, NUMBER, STRING)}

Part: TypeAlias = Type | None
"""A type, or None where it is not known yet."""
StaticKey: TypeAlias = Any
"""A key of an object that is known, as ``regolive.values.to_key`` makes it."""


class Array(Type):
    """``static``: types of the first elements. ``dynamic``: of all others, None if there are none.

    An array whose ``dynamic`` is unknown does not exist; unknown static elements do.
    """

    __slots__ = ("dynamic", "static")
    kind = "array"
    rank = 5

    def __init__(self, static: tuple[Part, ...], dynamic: Part) -> None:
        super().__init__()
        self.static = static
        self.dynamic = dynamic
        self._measure(static if dynamic is None else (*static, dynamic))

    def _sorting(self) -> tuple[Any, ...]:
        dynamic = self.dynamic
        rest = (0,) if dynamic is None else (1, dynamic.order)
        return (rest, *[_order_of(t) for t in self.static])

    def _write(self) -> str:
        text = "array"
        if self.static:
            text += f"<{_listed(_inner(t) for t in self.static)}>"
        if self.dynamic is not None:
            text += f"[{_inner(self.dynamic)}]"
        return text

    def __reduce__(self) -> tuple[Callable[..., Type], tuple[Any, ...]]:
        return array, (self.static, self.dynamic)


class Object(Type):
    """``static``: types by known key, in Rego's order. ``dynamic``: types of other keys and values.

    ``fields`` is ``static`` as a dict.
    """

    __slots__ = ("dynamic", "fields", "static")
    kind = "object"
    rank = 6

    def __init__(
        self,
        static: tuple[tuple[StaticKey, Part], ...],
        dynamic: tuple[Part, Part] | None,
    ) -> None:
        super().__init__()
        self.static = static
        self.fields = dict(static)
        self.dynamic = dynamic
        self._measure((*self.fields.values(), *(dynamic or ())))

    def _sorting(self) -> tuple[Any, ...]:
        dynamic = self.dynamic
        rest = (0,) if dynamic is None else (1, _order_of(dynamic[0]), _order_of(dynamic[1]))
        return (rest, *[(key_order(k), _order_of(t)) for k, t in self.static])

    def _write(self) -> str:
        text = "object"
        if self.static:
            text += f"<{_listed(f'{show_key(k)}: {_inner(t)}' for k, t in self.static)}>"
        if self.dynamic is not None:
            text += f"[{_inner(self.dynamic[0])}: {_inner(self.dynamic[1])}]"
        return text

    def __reduce__(self) -> tuple[Callable[..., Type], tuple[Any, ...]]:
        return object_type, (self.static, self.dynamic)


class SetType(Type):
    """A set with elements of one type."""

    __slots__ = ("of",)
    kind = "set"
    rank = 7

    def __init__(self, of: Type) -> None:
        super().__init__()
        self.of = of
        self._measure((of,))

    def _sorting(self) -> tuple[Any, ...]:
        return (self.of.order,)

    def _write(self) -> str:
        return f"set[{_inner(self.of)}]"

    def __reduce__(self) -> tuple[Callable[..., Type], tuple[Any, ...]]:
        return set_of, (self.of,)


class Recursive(Type):
    """A type that a schema defines in terms of itself: a name for what it stands for.

    ``target`` is set once, when all of the schema has been read.
    """

    __slots__ = ("digest", "name", "target")
    rank = 8

    def __init__(self, name: str, digest: str) -> None:
        super().__init__()
        self.name = name
        self.digest = digest
        self.target: Type = self
        self.recursive = True

    def settle(self, target: Type) -> None:
        """Say what it stands for. A definition of nothing but itself can be anything."""
        if self.target is self:
            while isinstance(target, Recursive) and target.target is not target:
                target = target.target
            self.target = ANY if isinstance(target, Recursive) else target

    def _sorting(self) -> tuple[Any, ...]:
        return (self.name, self.digest)

    def _write(self) -> str:
        return f"recursive({self.name})"

    def __reduce__(self) -> tuple[Callable[..., Type], tuple[Any, ...], Type]:
        return recursive, (self.name, self.digest), self.target

    def __setstate__(self, target: Type) -> None:
        self.settle(target)


class Union(Type):
    """One of several types, in their order; of none: any value (:data:`ANY`)."""

    __slots__ = ("of",)
    kind = "any"
    rank = 9

    def __init__(self, of: tuple[Type, ...]) -> None:
        super().__init__()
        self.of = of
        self.known = all(t.known for t in of)
        self.recursive = any(t.recursive for t in of)
        self.depth = max([t.depth for t in of], default=1)
        self.size += sum([t.size for t in of])

    def _sorting(self) -> tuple[Any, ...]:
        return tuple([t.order for t in self.of])

    def _write(self) -> str:
        return f"any<{_listed(map(_inner, self.of))}>" if self.of else "any"

    def __reduce__(self) -> tuple[Callable[..., Type], tuple[Any, ...]]:
        return union, (self.of,) if self.of else (None,)


class Function(Type):
    """A function. ``rest``: the type of any further arguments of a variadic one, else None."""

    __slots__ = ("args", "rest", "result")
    kind = "function"
    rank = 10

    def __init__(self, args: tuple[Part, ...], result: Part, rest: Part) -> None:
        super().__init__()
        self.args = args
        self.result = result
        self.rest = rest
        self._measure((*args, result) if rest is None else (*args, result, rest))

    def _sorting(self) -> tuple[Any, ...]:
        return (
            tuple([_order_of(t) for t in self.args]),
            _order_of(self.result),
            _order_of(self.rest),
        )

    def _write(self) -> str:
        return f"{show_args(self.args, self.rest)} => {_inner(self.result)}"

    def __reduce__(self) -> tuple[Callable[..., Type], tuple[Any, ...]]:
        return function, (self.args, self.result, self.rest)


# Making types


_made: WeakValueDictionary[tuple[Any, ...], Any] = WeakValueDictionary()
_making = Lock()  # guards additions to _made: two threads must not make one type twice


def _one(key: tuple[Any, ...], make: Callable[..., Type], *parts: Any) -> Any:
    found = _made.get(key)
    if found is None:
        with _making:
            found = _made.get(key)
            if found is None:
                found = _made[key] = make(*parts)
    return found


ANY: Final = Union(())
"""Any value."""


def scalar(name: str) -> Scalar:
    """The scalar type of a name. Raises KeyError where there is none."""
    return _SCALARS[name]


def _shallow(part: Part) -> Part:
    return ANY if part is not None and part.depth >= MAX_DEPTH else part


def array(static: Iterable[Part] = (), dynamic: Part = None) -> Array:
    """``array<static>[dynamic]``; without ``dynamic`` there are no further elements."""
    elements = tuple([_shallow(t) for t in static])
    dynamic = _shallow(dynamic)
    made: Array = _one((Array, elements, dynamic), Array, elements, dynamic)
    return made


def object_type(
    static: Iterable[tuple[StaticKey, Part]] = (), dynamic: tuple[Part, Part] | None = None
) -> Object:
    """``object<static>[dynamic]``. Of two static entries with one key the last counts."""
    fields = {k: _shallow(t) for k, t in static}
    if dynamic is not None:
        dynamic = (_shallow(dynamic[0]), _shallow(dynamic[1]))
    if all(k.__class__ is str for k in fields):
        pairs = tuple(sorted(fields.items(), key=_first))
    else:
        pairs = tuple(sorted(fields.items(), key=_first_order))
    # Python holds that 1 and 1.0 are one key, and so does Rego; booleans are wrapped.
    made: Object = _one((Object, pairs, dynamic), Object, pairs, dynamic)
    return made


def _first(pair: tuple[StaticKey, Part]) -> Any:
    return pair[0]


def _first_order(pair: tuple[StaticKey, Part]) -> Any:
    return key_order(pair[0])


def set_of(of: Part) -> SetType:
    """``set[of]``. A set of unknown elements is a set of anything, as in OPA."""
    element = ANY if of is None else _shallow(of)
    made: SetType = _one((SetType, element), SetType, element)
    return made


def function(args: Iterable[Part], result: Part, rest: Part = None) -> Function:
    """``(args, rest...) => result``."""
    parameters = tuple([_shallow(t) for t in args])
    result, rest = _shallow(result), _shallow(rest)
    made: Function = _one((Function, parameters, result, rest), Function, parameters, result, rest)
    return made


def recursive(name: str, digest: str) -> Recursive:
    """The recursive type of a definition, in the schema that the digest is of."""
    made: Recursive = _one((Recursive, name, digest), Recursive, name, digest)
    return made


def union(types: Iterable[Part] | None) -> Type:
    """The union of types: ``any`` takes all in, equal ones count once, unknown ones not at all.

    None (which is what a pickle has) and a union of nothing but ``any`` are ``any``. Raises
    ValueError for no types at all: that is no type.
    """
    if types is None:
        return ANY
    members: set[Type] = set()
    for part in types:
        if part is None:
            continue
        if part.__class__ is Union:
            if not part.of:
                return ANY
            members.update(part.of)
        else:
            members.add(part)
    if len(members) > 1:
        # Where the definition itself is a member, its name says nothing more.
        members -= {m for m in members if m.recursive and _is_named(m, members)}
    if len(members) < 2:
        if not members:
            raise ValueError("a union of no types")
        return members.pop()
    ordered = tuple(sorted(members, key=_by_order))
    made: Union = _one((Union, ordered), Union, ordered)
    return made


def _is_named(member: Type, members: set[Type]) -> bool:
    return isinstance(member, Recursive) and member.target in members


def _by_order(t: Type) -> tuple[Any, ...]:
    return t.order


@lru_cache(maxsize=1 << 14)
def either(a: Part, b: Part) -> Part:
    """The union of two; of an unknown type and another: the other."""
    if a is b or b is None:
        return a
    return b if a is None else union((a, b))


def union_of(parts: Iterable[Part]) -> Part:
    """The union of any number of types; None for none."""
    found = {p for p in parts if p is not None}
    return union(found) if found else None


# Texts and order


def _order_of(part: Part) -> tuple[Any, ...]:
    return (0,) if part is None else part.order


def show(part: Part) -> str:
    """A type's text; ``???`` where it is not known."""
    return "???" if part is None else str(part)


def _inner(part: Part) -> str:
    """The text of a part of another type."""
    if part is not None and part.size > MAX_SHOWN:
        return f"{part.kind}<...>"
    return show(part)


def _listed(texts: Iterable[str]) -> str:
    """Texts with commas between them, not more than can be read."""
    shown = list(islice(texts, MAX_LISTED + 1))
    if len(shown) > MAX_LISTED:
        shown[MAX_LISTED] = "..."
    return ", ".join(shown)


def show_args(args: Iterable[Part], rest: Part = None) -> str:
    """Types of arguments as OPA lists them: ``(string, any...)``."""
    texts = list(map(_inner, args))
    if rest is not None:
        texts.append(f"{_inner(rest)}...")
    return "(" + ", ".join(texts) + ")"


def key_order(key: StaticKey) -> tuple[Any, ...]:
    """The place of a known key among others; sets stand where JSON's arrays for them do."""
    return sort_key(_jsonable(from_key(key)))


def _jsonable(value: Any) -> Any:
    cls = value.__class__
    if cls is list:
        return [_jsonable(v) for v in value]
    if cls is RegoSet:
        return [_jsonable(v) for v in sorted_values(value)]
    if cls is dict:
        return {k: _jsonable(v) for k, v in value.items()}
    return value


def show_key(key: StaticKey) -> str:
    """A known key as OPA writes it inside of ``object<...>``: the way Go prints a value."""
    return _go_text(from_key(key))


def _go_text(value: Any) -> str:
    cls = value.__class__
    if cls is str:
        return str(value)
    if value is None:
        return "<nil>"
    if cls is bool:
        return "true" if value else "false"
    if is_number(value):
        return format_number(value)
    if cls is list:
        return "[" + " ".join(map(_go_text, value)) + "]"
    if cls is RegoSet:
        return "[" + " ".join(map(_go_text, sorted_values(value))) + "]"
    items = sorted((_go_text(from_key(k)), _go_text(v)) for k, v in value.items())
    return "map[" + " ".join(f"{k}:{v}" for k, v in items) + "]"
