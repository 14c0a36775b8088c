"""Sets: algebra on the keys underneath, which is Python's own."""

from __future__ import annotations

from typing import Any

from regolive import RegoSet
from regolive.values import sorted_values
from regolive_std._declare import set_of, std, unchecked, wrong_type

_SETS = unchecked(set_of(set_of()))


@std("and", infix="&", result_name="z")
def and_(x: RegoSet[Any], y: RegoSet[Any]) -> RegoSet[Any]:
    """The elements that both sets have.

    Example:
        >>> {1, 2, 3} & {2, 3, 4}
        [2, 3]
    """
    return RegoSet.of_keys(x.keys & y.keys)


@std("or", infix="|", result_name="z")
def or_(x: RegoSet[Any], y: RegoSet[Any]) -> RegoSet[Any]:
    """The elements that either set has.

    Example:
        >>> {1, 2} | {2, 3}
        [1, 2, 3]
    """
    return RegoSet.of_keys(x.keys | y.keys)


@std("set_diff", deprecated=True)
def set_diff(x: RegoSet[Any], y: RegoSet[Any]) -> RegoSet[Any]:
    """The elements of the first set that the second has not (deprecated: use ``-``).

    Example:
        >>> set_diff({1, 2, 3}, {2})
        [1, 3]
    """
    return RegoSet.of_keys(x.keys - y.keys)


def _key_sets(xs: Any) -> list[set[Any]]:
    if xs.__class__ is not RegoSet:
        raise wrong_type(1, xs, "set")
    out = []
    for x in xs:
        if x.__class__ is not RegoSet:
            wrong = sorted_values(v for v in xs if v.__class__ is not RegoSet)
            raise wrong_type(1, wrong[0], "set")
        out.append(x.keys)
    return out


@std("intersection", args=[_SETS], result=set_of(), result_name="y")
def intersection(xs: Any) -> RegoSet[Any]:
    """The elements that every set of a set of sets has; none for no sets.

    Example:
        >>> intersection({{1, 2}, {2, 3}})
        [2]
    """
    sets = _key_sets(xs)
    return RegoSet.of_keys(set.intersection(*sets)) if sets else RegoSet()


@std("union", args=[_SETS], result=set_of(), result_name="y")
def union(xs: Any) -> RegoSet[Any]:
    """The elements that any set of a set of sets has.

    Example:
        >>> union({{1, 2}, {2, 3}})
        [1, 2, 3]
    """
    return RegoSet.of_keys(set().union(*_key_sets(xs)))
