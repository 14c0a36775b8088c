"""The functions that generated code calls for what it does not write in line.

Generated code handles the usual case itself (a dict, a list, a string key) and comes here for the
rest, so these are written for the unusual: sets, keys that are no strings, scalars.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from regolive.codegen.frame import Frame, Watch
from regolive.codegen.positions import current_location
from regolive.errors import BuiltinTypeError, ConflictError, EvalError
from regolive.values import (
    UNDEFINED,
    Key,
    RegoSet,
    compare,
    equal,
    from_key,
    obj_items,
    sorted_items,
    sorted_values,
    to_key,
)

# A value that no rule gives: what the memo answers for a rule that has not run.
MISSING = object()

COMPOSITES = frozenset({list, dict, RegoSet})
COUNTED = COMPOSITES | {str}

COMPLETE_CONFLICT = "complete rules must not produce multiple outputs"
FUNCTION_CONFLICT = "functions must not produce multiple outputs for same inputs"
OBJECT_CONFLICT = "object keys must be unique"


def dot(source: Any, key: Any) -> Any:
    """``source[key]``, or UNDEFINED."""
    cls = source.__class__
    if cls is dict:
        return source.get(to_key(key), UNDEFINED)
    if cls is list:
        if key.__class__ is float and key.is_integer():
            key = int(key)
        if key.__class__ is int and 0 <= key < len(source):
            return source[key]
        return UNDEFINED
    if cls is RegoSet:
        return key if to_key(key) in source.keys else UNDEFINED
    return UNDEFINED


def base_dot(source: Any, key: Any) -> Any:
    """``source[key]`` in a base document: OPA reads those by paths, whose steps are strings.

    So ``data.ports[80]`` finds the key "80", and ``data.list["0"]`` the first element.
    """
    found = dot(source, key)
    if found is UNDEFINED:
        if source.__class__ is dict and key.__class__ is int:
            return source.get(str(key), UNDEFINED)
        if source.__class__ is list and key.__class__ is str and key.isdecimal():
            return dot(source, int(key)) if len(key) < 20 else UNDEFINED
    return found


def scan_values(source: Any) -> Iterable[Any]:
    """The values of a collection in any order; nothing for a scalar or undefined."""
    cls = source.__class__
    items: Iterable[Any] = ()
    if cls is list:
        items = source
    elif cls is dict:
        items = source.values()
    elif cls is RegoSet:
        items = iter(source)
    return items


def scan_items(source: Any) -> Iterable[tuple[Any, Any]]:
    """The keys and values of a collection in any order. A set's keys are its values."""
    cls = source.__class__
    if cls is list:
        return enumerate(source)
    if cls is dict:
        return obj_items(source)
    if cls is RegoSet:
        return ((v, v) for v in source)
    return ()


def sorted_scan_values(source: Any) -> Iterable[Any]:
    """The values of a collection in the order of its keys: for scans whose order can be seen."""
    cls = source.__class__
    if cls is dict:
        return [v for _, v in sorted_items(source)]
    if cls is RegoSet:
        return sorted_values(source)
    return scan_values(source)


def sorted_scan_items(source: Any) -> Iterable[tuple[Any, Any]]:
    """The keys and values of a collection in the order of its keys."""
    cls = source.__class__
    if cls is dict:
        return sorted_items(source)
    if cls is RegoSet:
        return [(v, v) for v in sorted_values(source)]
    return scan_items(source)


# How many elements of a scan go by between two looks at the watch. A look costs about 60 ns, and
# a scan inside a scan looks when it starts.
_STRIDE = 64


def watched(watch: Watch, items: Iterable[Any]) -> Iterator[Any]:
    """The same items, stopping with CancelledError when the query is to end."""
    watch.check()
    countdown = _STRIDE
    for item in items:
        yield item
        countdown -= 1
        if not countdown:
            watch.check()
            countdown = _STRIDE


def member(value: Any, collection: Any) -> bool:
    """``value in collection``."""
    cls = collection.__class__
    if cls is RegoSet:
        return to_key(value) in collection.keys
    if cls is dict:
        collection = collection.values()
    elif cls is not list:
        return False
    # Python's ``in`` is right but where booleans meet numbers: what it does not find is not there.
    if value not in collection:
        return False
    plain = value.__class__ is str or (value.__class__ is int and not 0 <= value <= 1)
    return plain or any(equal(value, v) for v in collection)


def assign_once(old: Any, new: Any, message: str) -> Any:
    """The value of a complete document that is given ``new`` having had ``old``."""
    if old is UNDEFINED or equal(old, new):
        return new
    raise ConflictError(message, current_location())


def insert_once(obj: dict[Any, Any], key: Any, value: Any) -> None:
    """Insert, unless the key has another value already: that is a conflict."""
    if obj.__class__ is not dict:  # a rule gave this place a value that has no keys
        raise ConflictError(OBJECT_CONFLICT, current_location())
    key = to_key(key)
    old = obj.setdefault(key, value)
    if old is not value and not equal(old, value):
        raise ConflictError(OBJECT_CONFLICT, current_location())


def merge(a: Any, b: Any) -> Any:
    """Objects merged recursively; where they cannot be, ``a`` wins (OPA ``topdown.merge``)."""
    if a.__class__ is not dict or b.__class__ is not dict:
        return a
    merged = dict(b)
    for key, value in a.items():
        merged[key] = merge(value, b[key]) if key in b else value
    return merged


def with_path(document: Any, path: tuple[str, ...], value: Any) -> Any:
    """``document`` with ``value`` at ``path``: what is on the path copied, the rest shared."""
    if not path:
        return value
    copy = dict(document) if document.__class__ is dict else {}
    copy[path[0]] = with_path(copy.get(path[0]), path[1:], value)
    return copy


def length(value: Any) -> int:
    """The number of elements of a collection, or of code points of a string."""
    try:
        return len(value)
    except TypeError:
        raise EvalError(f"no length: {value!r:.40}", current_location()) from None


def call_dynamic(
    functions: dict[tuple[Any, ...], Any], q: Frame, document: Any, data: Any, *path: Any
) -> Any:
    """The rule at a path known only now: its value, UNDEFINED, or MISSING if there is none."""
    try:
        found = functions.get(path)
    except TypeError:  # a composite in the path: no rule has such a name
        return MISSING
    if found is None:
        return MISSING
    number, function = found
    value = q.memo.get(number, MISSING)
    if value is MISSING:
        value = q.memo[number] = function(q, document, data)
    return value


EXPORTS: dict[str, Any] = {
    "BuiltinTypeError": BuiltinTypeError,
    "COMPLETE_CONFLICT": COMPLETE_CONFLICT,
    "COMPOSITES": COMPOSITES,
    "COUNTED": COUNTED,
    "FUNCTION_CONFLICT": FUNCTION_CONFLICT,
    "Key": Key,
    "MISSING": MISSING,
    "OBJECT_CONFLICT": OBJECT_CONFLICT,
    "RegoSet": RegoSet,
    "U": UNDEFINED,
    "assign_once": assign_once,
    "base_dot": base_dot,
    "call_dynamic": call_dynamic,
    "compare": compare,
    "dot": dot,
    "equal": equal,
    "from_key": from_key,
    "insert_once": insert_once,
    "length": length,
    "member": member,
    "merge": merge,
    "scan_items": scan_items,
    "scan_values": scan_values,
    "sorted_scan_items": sorted_scan_items,
    "sorted_scan_values": sorted_scan_values,
    "to_key": to_key,
    "watched": watched,
    "with_path": with_path,
}
