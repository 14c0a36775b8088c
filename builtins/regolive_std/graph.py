"""Graphs: objects that map a vertex to the array or set of its neighbours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from regolive import BuiltinContext, RegoSet
from regolive.values import from_key, to_key
from regolive_std._declare import ANY, array, object_of, one_of, set_of, std, unchecked, wrong_type

_VERTICES = one_of(array(), set_of())
_GRAPH = unchecked(object_of(ANY, _VERTICES))


def _start(graph: Any, initial: Any) -> list[Any]:
    """The keys of the initial vertices, the operands being checked as OPA does it."""
    if graph.__class__ is not dict:
        raise wrong_type(1, graph, "object")
    if initial.__class__ not in (list, RegoSet):
        raise wrong_type(2, initial, "{array, set}")
    return list(_keys(initial))


def _keys(vertices: Any) -> Iterable[Any]:
    if vertices.__class__ is RegoSet:
        return vertices.keys
    return map(to_key, vertices) if vertices.__class__ is list else ()


@std("graph.reachable", args=[_GRAPH, unchecked(_VERTICES)], result=set_of(), result_name="output")
def graph_reachable(ctx: BuiltinContext, graph: Any, initial: Any) -> RegoSet[Any]:
    """The vertices that a walk from some initial vertices reaches, those included.

    Example:
        >>> graph.reachable({"a": ["b"], "b": ["c"], "d": ["a"]}, ["a"])
        ["a", "b"]
    """
    reached: set[Any] = set()
    todo = _start(graph, initial)
    steps = 0
    while todo:
        vertex = todo.pop()
        if vertex in reached or vertex not in graph:
            continue
        reached.add(vertex)
        todo.extend(_keys(graph[vertex]))
        steps += 1
        if steps & 1023 == 0:
            ctx.check()
    return RegoSet.of_keys(reached)


@std(
    "graph.reachable_paths",
    args=[_GRAPH, unchecked(_VERTICES)],
    result=set_of(array()),
    result_name="output",
)
def graph_reachable_paths(ctx: BuiltinContext, graph: Any, initial: Any) -> RegoSet[Any]:
    """The paths from some initial vertices as far as they go, each vertex once.

    Example:
        >>> graph.reachable_paths({"a": ["b", "c"], "b": [], "c": []}, ["a"])
        [["a", "b"], ["a", "c"]]
    """
    found: set[Any] = set()
    steps = 0
    for vertex in _start(graph, initial):
        if vertex not in graph:
            continue
        neighbours = list(_keys(graph[vertex]))
        if not neighbours:
            found.add(_path([vertex]))
        todo = [([vertex], n) for n in neighbours]
        while todo:
            path, at = todo.pop()
            steps += 1
            if steps & 255 == 0:
                ctx.check()
            if at not in graph:
                found.add(_path(path))  # the path ends before a vertex outside of the graph
                continue
            longer = [*path, at]
            onward = list(_keys(graph[at]))
            if not onward:
                found.add(_path(longer))
            for neighbour in onward:
                # A cycle ends the path, except that OPA lets the first step go back.
                if neighbour in longer:
                    found.add(_path(longer))
                else:
                    todo.append((longer, neighbour))
    return RegoSet.of_keys(found)


def _path(keys: list[Any]) -> Any:
    return to_key([from_key(k) for k in keys])
