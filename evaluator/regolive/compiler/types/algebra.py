"""What types say of each other: whether two can have a value in common, what a step into one gives.

These are the rules of OPA's type checker: it looks for expressions that cannot hold for any value,
so two types agree (:func:`unify`) as soon as one value might be of both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

from regolive.compiler.types.model import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    STRING,
    Array,
    Function,
    Object,
    Part,
    Recursive,
    Scalar,
    SetType,
    StaticKey,
    Type,
    Union,
    function,
    key_order,
    object_type,
    set_of,
    union_of,
)
from regolive.values import from_key


@lru_cache(maxsize=1 << 16)
def unify(a: Part, b: Part) -> bool:
    """Whether some value can be of both types. An unknown type agrees with none."""
    if a is None or b is None:
        return False
    if a.recursive or b.recursive:
        return _unify_recursive(a, b, set())
    return _agree(a, b, unify)


def _unify_recursive(a: Part, b: Part, assumed: set[tuple[Type, Type]]) -> bool:
    """As :func:`unify`. What is asked again on the way to its answer is taken to hold."""
    if a is None or b is None:
        return False
    if isinstance(a, Recursive) or isinstance(b, Recursive):
        if a is b or (a, b) in assumed:
            return True
        assumed.add((a, b))
    return _agree(unfold(a), unfold(b), lambda x, y: _unify_recursive(x, y, assumed))


def unfold(t: Type) -> Type:
    """What a recursive type stands for; any other type itself."""
    return t.target if isinstance(t, Recursive) else t


_Unify: TypeAlias = Callable[[Part, Part], bool]


def _agree(a: Type, b: Type, parts: _Unify) -> bool:
    """Whether two types agree if ``parts`` says so of what they consist of."""
    if a is b and a.__class__ is Scalar:
        return True
    if isinstance(a, Union):
        return _agree_union(a, b, parts)
    if isinstance(b, Union):
        return _agree_union(b, a, parts)
    if a.__class__ is not b.__class__ or a.__class__ is Scalar:
        return False
    if isinstance(a, Array) and isinstance(b, Array):
        rests = a.dynamic is None or b.dynamic is None or parts(a.dynamic, b.dynamic)
        return rests and _fits_array(a, b, parts) and _fits_array(b, a, parts)
    if isinstance(a, Object) and isinstance(b, Object):
        rests = a.dynamic is None or b.dynamic is None or parts(a.dynamic[1], b.dynamic[1])
        return rests and _fits_object(a, b, parts) and _fits_object(b, a, parts)
    if isinstance(a, SetType) and isinstance(b, SetType):
        return parts(a.of, b.of)
    assert isinstance(a, Function)
    assert isinstance(b, Function)
    return len(a.args) == len(b.args) and all(map(parts, a.args, b.args))


def _agree_union(a: Union, b: Type, parts: _Unify) -> bool:
    if not a.of:
        return b.__class__ is not Function
    return any(parts(t, b) for t in a.of)


def _fits_array(a: Array, b: Array, parts: _Unify) -> bool:
    other = b.static
    for index, element in enumerate(a.static):
        if not parts(element, other[index] if index < len(other) else b.dynamic):
            return False
    return True


def _fits_object(a: Object, b: Object, parts: _Unify) -> bool:
    for key, t in a.static:
        found = field(b, key)
        if found is not None:
            if not parts(t, found):
                return False
        elif a.dynamic is None and b.dynamic is None:
            return False  # only of objects that are known in full it counts, as in OPA
    return True


def contains(whole: Part, part: Type) -> bool:
    """Whether a type is another, or one of the members of a union."""
    if whole.__class__ is Union:
        assert isinstance(whole, Union)
        return not whole.of or part in whole.of
    return whole is part


def constant_type(key: StaticKey) -> Type:
    """The type of a scalar constant; ``any`` of a composite one."""
    value = from_key(key)
    if value.__class__ is str:
        return STRING
    if value is None:
        return NULL
    if value.__class__ is bool:
        return BOOLEAN
    return NUMBER if value.__class__ in {int, float, Decimal} else ANY


def field(t: Object, key: StaticKey) -> Part:
    """The type of an object's value under a known key; None if it cannot have one."""
    found = t.fields.get(key)
    if found is not None:
        return found
    if t.dynamic is not None and contains(t.dynamic[0], constant_type(key)):
        return t.dynamic[1]
    return None


@lru_cache(maxsize=1 << 14)
def keys_of(t: Part) -> Part:
    """The type of what can follow in brackets; None for what has no elements."""
    if isinstance(t, Recursive):
        t = t.target
    if isinstance(t, Array):
        return NUMBER
    if isinstance(t, Object):
        kinds = {constant_type(k) for k in t.fields}
        if t.dynamic is not None and t.dynamic[0] is not None:
            kinds.add(t.dynamic[0])
        return union_of(kinds)
    if isinstance(t, SetType):
        return t.of
    if isinstance(t, Union):
        return union_of([keys_of(m) for m in t.of]) if t.of else ANY
    return None


@lru_cache(maxsize=1 << 14)
def values_of(t: Part) -> Part:
    """The type of an element, whichever it is; None for what has none."""
    if isinstance(t, Recursive):
        t = t.target
    if isinstance(t, Array):
        return union_of((*t.static, t.dynamic))
    if isinstance(t, Object):
        return union_of((*t.fields.values(), None if t.dynamic is None else t.dynamic[1]))
    if isinstance(t, SetType):
        return t.of
    if isinstance(t, Union):
        return union_of([values_of(m) for m in t.of]) if t.of else ANY
    return None


def select(t: Part, key: StaticKey) -> Part:
    """The type of the element with a known key (in a set: of the element), None for none."""
    if isinstance(t, Object):
        return field(t, key)
    if isinstance(t, Array):
        if key.__class__ is not int or key < 0:
            return None
        return t.static[key] if key < len(t.static) else t.dynamic
    if isinstance(t, SetType):
        kind = constant_type(key)
        return kind if contains(t.of, kind) else None
    if isinstance(t, Union):
        return union_of([select(m, key) for m in t.of]) if t.of else ANY
    return select(t.target, key) if isinstance(t, Recursive) else None


def known_keys(t: Part) -> list[StaticKey] | None:
    """The keys that an error lists as possible; None where a type says more."""
    if t is None:
        return None
    t = unfold(t)
    found: dict[StaticKey, None] = {}
    for member in map(unfold, t.of if isinstance(t, Union) else (t,)):
        if isinstance(member, Object):
            found |= dict.fromkeys(member.fields)
    return sorted(found, key=key_order) or None


def merged(types: Iterable[Part]) -> Part:
    """The type of what the rules of one path make together, from what each of them makes.

    It is the union, but partial sets become one set, partial objects one object and functions one
    function: their keys, values, parameters and results are united, where the union of two set
    types would say that all elements come from one rule.
    """
    found = list(dict.fromkeys(t for t in types if t is not None))
    if len(found) < 2:
        return found[0] if found else None
    sets: list[SetType] = []
    objects: list[tuple[Part, Part]] = []
    functions: dict[int, list[Function]] = {}
    others: list[Part] = []
    for t in found:
        if isinstance(t, SetType):
            sets.append(t)
        elif isinstance(t, Object) and t.dynamic is not None and not t.static:
            objects.append(t.dynamic)
        elif isinstance(t, Function):
            functions.setdefault(len(t.args), []).append(t)
        else:
            others.append(t)
    if sets:
        others.append(set_of(union_of([t.of for t in sets])))
    if objects:
        key, value = union_of([k for k, _ in objects]), merged([v for _, v in objects])
        others.append(object_type((), (key, value)))
    for same in functions.values():
        args = [union_of(column) for column in zip(*[f.args for f in same], strict=True)]
        result, rest = union_of([f.result for f in same]), union_of([f.rest for f in same])
        others.append(function(args, result, rest))
    return union_of(others)
