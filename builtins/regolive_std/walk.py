"""``walk``: every value inside a value, with its path."""

from __future__ import annotations

from typing import Any

from regolive import BuiltinContext, RegoSet
from regolive.values import sorted_items, sorted_values
from regolive_std._declare import ANY, array, std, tuple_of

_COMPOSITES = frozenset({dict, list, RegoSet})


@std("walk", args=[ANY], result=tuple_of(array(), ANY), relation=True, result_name="output")
def walk(ctx: BuiltinContext, x: Any) -> list[Any]:
    """The pairs of path and value of everything in a value, itself included.

    A relation in OPA's words: a policy sees the pairs one by one, so here they are an array.

    Example:
        >>> {path | walk({"a": [1]}, [path, _])}
        [[], ["a"], ["a", 0]]
        >>> {value | walk({"a": [1]}, [["a", _], value])}
        [1]
    """
    out: list[Any] = []
    # Children are pushed last first, so that pairs come in document order.
    todo: list[tuple[list[Any], Any]] = [([], x)]
    while todo:
        path, value = pair = todo.pop()
        out.append(list(pair))
        if len(out) & 1023 == 0:
            ctx.check()
        cls = value.__class__
        if cls not in _COMPOSITES:
            continue
        if cls is dict:
            children = sorted_items(value)
        elif cls is list:
            children = list(enumerate(value))
        else:
            children = [(v, v) for v in sorted_values(value)]
        todo.extend(([*path, key], child) for key, child in reversed(children))
    return out
