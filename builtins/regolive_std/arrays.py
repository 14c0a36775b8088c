"""Arrays."""

from __future__ import annotations

from typing import Any

from regolive_std._declare import INTEGER, array, std


@std("array.concat", result_name="z")
def array_concat(x: list[Any], y: list[Any]) -> list[Any]:
    """One array followed by another.

    Example:
        >>> array.concat([1, 2], [3])
        [1, 2, 3]
    """
    if not x:
        return y
    return x + y if y else x


@std("array.flatten", result_name="flattened")
def array_flatten(arr: list[Any]) -> list[Any]:
    """The array with those of its elements that are arrays replaced by what they contain.

    Example:
        >>> array.flatten([1, [2, 3], [[4]]])
        [1, 2, 3, [4]]
    """
    out: list[Any] = []
    for item in arr:
        if item.__class__ is list:
            out += item
        else:
            out.append(item)
    return out


@std("array.reverse", result_name="rev")
def array_reverse(arr: list[Any]) -> list[Any]:
    """The elements in the opposite order.

    Example:
        >>> array.reverse([1, 2, 3])
        [3, 2, 1]
    """
    return arr[::-1]


@std("array.slice", args=[array(), INTEGER, INTEGER], result_name="slice")
def array_slice(arr: list[Any], start: int, stop: int) -> list[Any]:
    """The elements from one index up to, not including, another; both are brought into bounds.

    Example:
        >>> array.slice([1, 2, 3, 4], 1, 3)
        [2, 3]
        >>> array.slice([1, 2], -5, 99)
        [1, 2]
        >>> array.slice([1, 2], 1, 0)
        []
    """
    return arr[max(start, 0) : max(stop, 0)]
