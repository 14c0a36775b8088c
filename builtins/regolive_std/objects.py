"""Objects."""

from __future__ import annotations

from typing import Any

from regolive import UNDEFINED, RegoSet
from regolive.errors import BuiltinTypeError
from regolive.values import as_integer, compare, equal, is_number, to_key
from regolive_std._declare import (
    ANY,
    BOOLEAN,
    array,
    object_of,
    one_of,
    set_of,
    std,
    unchecked,
    wrong_element,
    wrong_type,
)

_OBJECT = object_of()
_KEYS = unchecked(one_of(array(), _OBJECT, set_of()))
_ARRAY_OBJECT_SET = unchecked(one_of(array(), _OBJECT, set_of()))


@std("object.get", args=[_OBJECT, ANY, ANY], result=ANY, result_name="value")
def object_get(object: Any, key: Any, default: Any) -> Any:
    """The value at a key, or at a path given as an array of keys; else the default.

    Example:
        >>> object.get({"a": {"b": 1}}, "a", 0)
        {"b": 1}
        >>> object.get({"a": {"b": 1}}, ["a", "b"], 0)
        1
        >>> object.get({}, "a", "nothing")
        "nothing"
    """
    if key.__class__ is str:
        return object.get(key, default)
    if key.__class__ is not list:
        return object.get(to_key(key), default)
    found = object
    for step in key:
        found = step_into(found, step)
        if found is UNDEFINED:
            return default
    return found


def step_into(value: Any, step: Any) -> Any:
    """What a reference of one step finds in a value, or UNDEFINED."""
    cls = value.__class__
    if cls is dict:
        return value.get(to_key(step), UNDEFINED)
    if cls is list:
        # 1.0 is the index 1, as in OPA.
        at = step if step.__class__ is int else as_integer(step) if is_number(step) else None
        return value[at] if at is not None and 0 <= at < len(value) else UNDEFINED
    if cls is RegoSet:
        return step if step in value else UNDEFINED
    return UNDEFINED


@std("object.keys", result_name="value")
def object_keys(object: dict[Any, Any]) -> RegoSet[Any]:
    """The keys of an object as a set.

    Example:
        >>> object.keys({"a": 1, "b": 2})
        ["a", "b"]
    """
    return RegoSet.of_keys(set(object))


@std("object.union", args=[_OBJECT, _OBJECT], result=_OBJECT, result_name="output")
def object_union(a: Any, b: Any) -> Any:
    """Two objects merged, nested objects too; elsewhere the second one's values win.

    Example:
        >>> object.union({"a": {"b": 1}}, {"a": {"c": 2}, "d": 3})
        {"a": {"b": 1, "c": 2}, "d": 3}
    """
    if not a:
        return b
    if not b:
        return a
    return _merged(a, b)


def _merged(a: dict[Any, Any], b: dict[Any, Any]) -> dict[Any, Any]:
    out = dict(a)
    for key, value in b.items():
        if value.__class__ is dict and key in out and out[key].__class__ is dict:
            out[key] = _merged(out[key], value)
        else:
            out[key] = value
    return out


@std("object.union_n", args=[unchecked(array(_OBJECT))], result=_OBJECT, result_name="output")
def object_union_n(objects: Any) -> Any:
    """An array of objects merged from left to right, as ``object.union`` merges two.

    Example:
        >>> object.union_n([{"a": 1}, {"b": 2}, {"a": 3}])
        {"a": 3, "b": 2}
    """
    if objects.__class__ is not list:
        raise wrong_type(1, objects, "array")
    for item in objects:
        if item.__class__ is not dict:
            raise wrong_element(1, objects, item, "object")
    if len(objects) == 1:
        return objects[0]
    out: dict[Any, Any] = {}
    for item in objects:
        _merge_into(out, item)
    return out


def _merge_into(out: dict[Any, Any], more: dict[Any, Any]) -> None:
    # ``out`` and the objects in it are our own: one copy of each, however many objects merge.
    for key, value in more.items():
        if value.__class__ is dict:
            mine = out.get(key)
            if mine.__class__ is not dict:
                mine = out[key] = {}
            _merge_into(mine, value)
        else:
            out[key] = value


def _key_set(keys: Any) -> Any:
    cls = keys.__class__
    if cls is RegoSet:
        return keys.keys
    if cls is dict:
        return keys.keys()
    if cls is list:
        return {to_key(k) for k in keys}
    raise wrong_type(2, keys, "object", "set", "array")


@std("object.remove", args=[_OBJECT, _KEYS], result=_OBJECT, result_name="output")
def object_remove(object: Any, keys: Any) -> Any:
    """The object without the keys in an array, set, or object.

    Example:
        >>> object.remove({"a": 1, "b": 2}, ["b"])
        {"a": 1}
    """
    gone = _key_set(keys)
    return {k: v for k, v in object.items() if k not in gone}


@std("object.filter", args=[_OBJECT, _KEYS], result=_OBJECT, result_name="filtered")
def object_filter(object: Any, keys: Any) -> Any:
    """The object with only the keys in an array, set, or object.

    Example:
        >>> object.filter({"a": 1, "b": 2}, ["b"])
        {"b": 2}
    """
    kept = _key_set(keys)
    if len(kept) < len(object):
        return {k: object[k] for k in kept if k in object}
    return {k: v for k, v in object.items() if k in kept}


@std(
    "object.subset",
    args=[_ARRAY_OBJECT_SET, _ARRAY_OBJECT_SET],
    result=BOOLEAN,
    result_name="result",
)
def object_subset(super: Any, sub: Any) -> bool:
    """Whether an object, set or array contains another one (or an array a set's elements).

    Example:
        >>> object.subset({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}})
        true
        >>> object.subset([1, 2, 3], [2, 3])
        true
        >>> object.subset({1, 2}, {3})
        false
    """
    kind, other = super.__class__, sub.__class__
    if kind is other and kind in _SUBSETS:
        return bool(_SUBSETS[kind](super, sub))
    if kind is list and other is RegoSet:
        return _array_has_set(super, sub)
    raise BuiltinTypeError("both arguments object.subset must be of the same type or array and set")


def _object_subset(super: dict[Any, Any], sub: dict[Any, Any]) -> bool:
    for key, value in sub.items():
        if key not in super:
            return False
        other = super[key]
        if equal(value, other):
            continue
        kind = value.__class__
        if kind is not other.__class__ or kind not in _SUBSETS or not _SUBSETS[kind](other, value):
            return False
    return True


def _set_subset(super: RegoSet[Any], sub: RegoSet[Any]) -> bool:
    return sub.keys <= super.keys


def _array_subset(super: list[Any], sub: list[Any]) -> bool:
    # OPA's search: after a partial match it goes on one element further.
    at = matched = 0
    while matched < len(sub):
        if at + matched >= len(super):
            return False
        if compare(super[at + matched], sub[matched]) == 0:
            matched += 1
        else:
            at, matched = at + 1, 0
    return True


def _array_has_set(super: list[Any], sub: RegoSet[Any]) -> bool:
    # As OPA counts: an element that the array has twice counts twice.
    unmatched = len(sub)
    for item in super:
        if item in sub:
            unmatched -= 1
        if unmatched == 0:
            return True
    return False


_SUBSETS: dict[type, Any] = {dict: _object_subset, RegoSet: _set_subset, list: _array_subset}
