"""Rego's total order: null < boolean < number < string < array < object < set.

Order is worked out only where it can be seen (output, arrays made from sets, comparison), never
for an existence test. Rules: https://www.openpolicyagent.org/docs/policy-language#comparison
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from regolive.values.model import RegoSet, Value, from_key

_RANK: dict[type, int] = {
    type(None): 0,
    bool: 1,
    int: 2,
    float: 2,
    Decimal: 2,
    str: 3,
    list: 4,
    dict: 5,
    RegoSet: 6,
}
_TYPE_NAMES = ("null", "boolean", "number", "string", "array", "object", "set")


def _rank(value: Value) -> int:
    rank = _RANK.get(value.__class__)
    if rank is not None:
        return rank
    for cls, known in _RANK.items():  # a subclass, from a document made by other means than JSON
        if isinstance(value, cls):
            return known
    raise TypeError(f"not a Rego value: {value.__class__.__name__} {value!r:.80}")


def type_name(value: Value) -> str:
    """The name of a value's type as the builtin ``type_name`` gives it."""
    return _TYPE_NAMES[_rank(value)]


def is_number(value: Value) -> bool:
    """True for a Rego number (and not for a boolean, which Python counts among its integers)."""
    cls = value.__class__
    return cls is int or cls is float or cls is Decimal


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1: how ``a`` stands to ``b`` in Rego's order."""
    ra, rb = _rank(a), _rank(b)
    if ra != rb:
        return -1 if ra < rb else 1
    if ra in {1, 2, 3}:
        if ra == 2 and a.__class__ is not b.__class__:
            a, b = _exact(a), _exact(b)
        return -1 if a < b else 1 if b < a else 0
    if ra == 0:
        return 0
    ka, kb = sort_key(a), sort_key(b)
    return -1 if ka < kb else 1 if kb < ka else 0


def _exact(n: Any) -> Any:
    # OPA compares numbers as written: 0.1 is the decimal 0.1, not the double nearest to it.
    return Decimal(repr(n)) if n.__class__ is float else n


def sort_key(value: Value) -> tuple[Any, ...]:
    """A key under which Python sorts values of any types in Rego's order."""
    rank = _rank(value)
    if rank == 0:
        return (0,)
    if rank < 4:
        return (rank, value)
    if rank == 4:
        return (4, [sort_key(v) for v in value])
    if rank == 5:
        # Objects compare by their sorted keys, each key before its value.
        items = sorted((sort_key(from_key(k)), sort_key(v)) for k, v in value.items())
        return (5, items)
    return (6, sorted(sort_key(v) for v in value))


def sorted_values(values: Iterable[Value]) -> list[Value]:
    """The values in Rego's order."""
    items = list(values)
    if len(items) < 2:
        return items
    kinds = set(map(type, items))
    if kinds == {str} or kinds <= {int, float}:  # Python's own order is Rego's: much the usual case
        items.sort()
        return items
    items.sort(key=sort_key)
    return items


def sorted_items(obj: dict[Any, Value]) -> list[tuple[Value, Value]]:
    """The items of an object in the order of its keys, keys as values."""
    if all(k.__class__ is str for k in obj):
        return [(k, obj[k]) for k in sorted(obj)]
    return sorted(((from_key(k), v) for k, v in obj.items()), key=lambda kv: sort_key(kv[0]))
