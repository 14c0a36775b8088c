"""``comparison``, ``membership``, ``aggregates``, ``arrays``, ``sets``, ``objects``, ``graphs``."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num, Obj, SetOf


def _like(d: Draw, value: Any) -> Any:
    """The same value, a part of it, or another one."""
    kind = d.below(6)
    if kind < 2:
        return value
    if kind == 2 and isinstance(value, list) and value:
        return value[: d.below(len(value) + 1)]
    if kind == 3 and isinstance(value, int) and not isinstance(value, bool):
        return Num(f"{value}.0")
    if kind == 4 and isinstance(value, list):
        return SetOf(tuple(value))
    return d.value()


def _pair(d: Draw) -> list[Any]:
    value = d.value() if d.maybe(0.7) else d.any_number()
    return [value, _like(d, value) if d.maybe(0.8) else d.any_number()]


def _composite(d: Draw) -> Any:
    return d.one((d.array, d.set, lambda: d.object(d.value)))()


def _element(d: Draw, collection: Any) -> Any:
    if d.maybe(0.6):
        if isinstance(collection, dict):
            return d.one([*collection.values(), *collection, d.value()])
        items = collection.items if isinstance(collection, SetOf) else collection
        return d.one([*items, d.value(), d.below(4)])
    return d.value()


def _member(d: Draw) -> list[Any]:
    collection = _composite(d)
    return [_element(d, collection), collection]


def _keyed_member(d: Draw) -> list[Any]:
    collection = _composite(d)
    if isinstance(collection, list) and collection and d.maybe(0.6):
        at = d.below(len(collection))
        return [at, collection[at] if d.maybe(0.7) else d.value(), collection]
    if isinstance(collection, dict) and collection and d.maybe(0.6):
        key = d.one(list(collection))
        return [key, collection[key] if d.maybe(0.7) else d.value(), collection]
    element = _element(d, collection)
    return [element, element if d.maybe(0.6) else d.value(), collection]


def _sets(d: Draw) -> list[Any]:
    def few() -> SetOf:
        return SetOf(tuple(d.some(lambda: d.one((1, 2, 3, "a", Num("1.5"), True)), 4)))

    return [few() if d.maybe(0.7) else d.set(), few() if d.maybe(0.7) else d.set()]


def _set_of_sets(d: Draw) -> list[Any]:
    inner = lambda: _sets(d)[0] if d.maybe(0.95) else d.value()  # noqa: E731
    return [SetOf(tuple(d.some(inner, 4)))]


def _same_keys(d: Draw) -> Any:
    """An object with few keys, so that two of them overlap; nested to a depth."""

    def made(depth: int) -> Any:
        if not depth or d.maybe(0.4):
            return d.scalar()
        return {d.one("abc"): made(depth - 1) for _ in range(d.small(0, 3))}

    found = {d.one("abcd"): made(2) for _ in range(d.small(0, 4))}
    if d.maybe(0.15):
        return Obj(tuple((d.scalar(), v) for v in found.values()))
    return found


def _path(d: Draw, value: Any) -> list[Any]:
    out: list[Any] = []
    while d.maybe(0.85):
        if isinstance(value, dict) and value:
            out.append(d.one(list(value)))
            value = value[out[-1]]
        elif isinstance(value, list) and value:
            out.append(d.below(len(value)))
            value = value[out[-1]]
        else:
            break
    if d.maybe(0.25):
        out.append(d.one(("a", 0, 1, -1, "0", Num("0.0"), Num("1.5"), None)))
    return out


def _get(d: Draw) -> list[Any]:
    document = d.object(lambda: d.value(3)) if d.maybe(0.6) else _same_keys(d)
    if d.maybe(0.6):
        return [document, _path(d, document), d.scalar()]
    if isinstance(document, Obj):
        return [document, d.one([*(k for k, _ in document.items), d.scalar()]), "default"]
    return [document, d.one([*document, d.value()]), d.scalar()]


def _keys(d: Draw) -> Any:
    keys = d.some(lambda: d.one("abcd") if d.maybe(0.8) else d.scalar(), 3)
    return d.one((keys, SetOf(tuple(keys)), Obj(tuple((k, d.scalar()) for k in keys))))


def _subset(d: Draw) -> list[Any]:
    if d.maybe(0.4):
        one = _same_keys(d)
        if isinstance(one, dict) and d.maybe(0.7):
            return [one, {k: v for k, v in one.items() if d.maybe(0.7)}]
        return [one, _same_keys(d)]
    few = lambda: d.some(lambda: d.one((1, 2, 3, "a", [1], {"a": 1})), 6)  # noqa: E731
    one, other = few(), few()
    if d.maybe(0.5):
        start = d.below(len(one) + 1)
        other = one[start : start + d.small(0, 3)]
    wrapped = lambda items: SetOf(tuple(items)) if d.maybe(0.4) else items  # noqa: E731
    return [wrapped(one), wrapped(other)]


def _unions(d: Draw) -> list[Any]:
    inner = lambda: _same_keys(d) if d.maybe(0.97) else d.value()  # noqa: E731
    return [d.some(inner, 4)]


def _graph(d: Draw) -> list[Any]:
    vertices = "abcdef"
    edges = lambda: d.some(lambda: d.one(vertices), 3)  # noqa: E731
    graph: Any = {
        v: edges() if d.maybe(0.6) else SetOf(tuple(edges())) for v in vertices if d.maybe(0.7)
    }
    if d.maybe(0.1):
        graph[d.one(vertices)] = d.scalar()
    if d.maybe(0.05):
        graph = Obj(tuple((k, v) for k, v in zip((1, "a", None, ("b")), graph.values(),
            strict=False)))  # fmt: skip
    starts = d.some(lambda: d.one(vertices) if d.maybe(0.9) else d.scalar(), 3)
    return [graph, starts if d.maybe(0.6) else SetOf(tuple(starts))]


def _slice(d: Draw) -> list[Any]:
    return [d.array(), d.small(-3, 7), d.small(-3, 7)]


FAMILIES: dict[str, dict[str, Operands]] = {
    "comparison": {
        # ``eq`` and ``assign`` are no calls in OPA: its compiler takes them for unification.
        "equal": _pair,
        "gt": _pair,
        "gte": _pair,
        "lt": _pair,
        "lte": _pair,
        "neq": _pair,
    },
    "membership": {"internal.member_2": _member, "internal.member_3": _keyed_member},
    "aggregates": {
        "all": lambda d: [d.collection(lambda: d.one((True, True, True, False, 1)))],
        "any": lambda d: [d.collection(lambda: d.one((True, False, False, 1)))],
        "count": lambda d: [_composite(d) if d.maybe(0.7) else d.text()],
        "max": lambda d: [d.collection(d.any_number) if d.maybe(0.3) else d.collection()],
        "min": lambda d: [d.collection(d.any_number) if d.maybe(0.3) else d.collection()],
        "sort": lambda d: [d.collection(d.any_number) if d.maybe(0.3) else d.collection()],
    },
    "arrays": {
        "array.concat": lambda d: [d.array(), d.array()],
        "array.flatten": lambda d: [d.array(lambda: d.value(2))],
        "array.reverse": lambda d: [d.array()],
        "array.slice": _slice,
    },
    "sets": {
        "and": _sets,
        "intersection": _set_of_sets,
        "or": _sets,
        "set_diff": _sets,
        "union": _set_of_sets,
    },
    "objects": {
        "object.filter": lambda d: [_same_keys(d), _keys(d)],
        "object.get": _get,
        "object.keys": lambda d: [_same_keys(d) if d.maybe(0.5) else d.object(d.value)],
        "object.remove": lambda d: [_same_keys(d), _keys(d)],
        "object.subset": _subset,
        "object.union": lambda d: [_same_keys(d), _same_keys(d)],
        "object.union_n": _unions,
    },
    "graphs": {
        "graph.reachable": _graph,
        "graph.reachable_paths": _graph,
        "walk": lambda d: [d.value(3)],
    },
}
