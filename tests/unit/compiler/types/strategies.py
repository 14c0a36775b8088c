"""Types and values of them, for hypothesis; and what it means that a value is of a type."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from regolive.compiler.types.build import type_of_value
from regolive.compiler.types.model import (
    ANY,
    BOOLEAN,
    NULL,
    NUMBER,
    STRING,
    Array,
    Object,
    SetType,
    Type,
    Union,
    array,
    object_type,
    set_of,
    union,
)
from regolive.values import RegoSet, from_key, obj_items, to_key

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.5, Decimal("1e400")]),
    st.sampled_from(["", "a", "b", "a b"]),
)
keys = scalars.map(to_key)
simple = st.sampled_from([NULL, BOOLEAN, NUMBER, STRING, ANY])


def _object(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(scalars, parts), max_size=3).map(
        lambda pairs: {to_key(k): v for k, v in pairs}
    )


values = st.recursive(
    scalars,
    lambda parts: st.one_of(
        st.lists(parts, max_size=3), _object(parts), st.lists(parts, max_size=3).map(RegoSet)
    ),
    max_leaves=8,
)


def _composites(parts: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    rest = st.one_of(st.none(), parts)
    static = st.lists(st.tuples(keys, parts), max_size=3)
    dynamic = st.one_of(st.none(), st.tuples(parts, parts))
    return st.one_of(
        st.builds(array, st.lists(parts, max_size=3), rest),
        st.builds(object_type, static, dynamic),
        st.builds(set_of, parts),
        st.lists(parts, min_size=1, max_size=3).map(union),
    )


types = st.recursive(simple, _composites, max_leaves=8)


def is_of(value: Any, t: Type) -> bool:
    """Whether a value is of a type."""
    if isinstance(t, Union):
        return not t.of or any(is_of(value, member) for member in t.of)
    if isinstance(t, Array):
        if value.__class__ is not list or len(value) < len(t.static):
            return False
        head, tail = value[: len(t.static)], value[len(t.static) :]
        if tail and t.dynamic is None:
            return False
        return all(is_of(v, s) for v, s in zip(head, t.static, strict=True) if s) and all(
            is_of(v, t.dynamic) for v in tail if t.dynamic
        )
    if isinstance(t, Object):
        if value.__class__ is not dict or not t.fields.keys() <= value.keys():
            return False
        for key, element in value.items():
            known = t.fields.get(key)
            if known is not None:
                if not is_of(element, known):
                    return False
            elif t.dynamic is None or not (
                is_of(from_key(key), t.dynamic[0] or ANY) and is_of(element, t.dynamic[1] or ANY)
            ):
                return False
        return True
    if isinstance(t, SetType):
        return value.__class__ is RegoSet and all(is_of(v, t.of) for v in value)
    return type_of_value(value) is t


def draw_value(data: st.DataObject, t: Type) -> Any:
    """A value of a type."""
    if isinstance(t, Union):
        return draw_value(data, data.draw(st.sampled_from(t.of))) if t.of else data.draw(values)
    if isinstance(t, Array):
        made = [draw_value(data, part or ANY) for part in t.static]
        return made + _several(data, t.dynamic)
    if isinstance(t, Object):
        fields: dict[Any, Any] = {}
        if t.dynamic is not None:
            key, value = t.dynamic
            for found in _several(data, key):
                fields[to_key(found)] = draw_value(data, value or ANY)
        return fields | {k: draw_value(data, part or ANY) for k, part in t.static}
    if isinstance(t, SetType):
        return RegoSet(_several(data, t.of))
    return data.draw(_OF_KIND[t])


_OF_KIND = {
    t: scalars.filter(lambda v, t=t: type_of_value(v) is t)  # type: ignore[misc]
    for t in (NULL, BOOLEAN, NUMBER, STRING)
}


def _several(data: st.DataObject, t: Type | None) -> list[Any]:
    if t is None:
        return []
    return [draw_value(data, t) for _ in range(data.draw(st.integers(0, 2)))]


def elements(value: Any) -> list[tuple[Any, Any]]:
    """Keys and values of a composite, as a reference finds them; nothing for a scalar."""
    if value.__class__ is list:
        return list(enumerate(value))
    if value.__class__ is dict:
        return list(obj_items(value))
    if value.__class__ is RegoSet:
        return [(v, v) for v in value]
    return []


__all__ = ["draw_value", "elements", "is_of", "scalars", "types", "values"]
