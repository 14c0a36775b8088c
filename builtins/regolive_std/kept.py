"""What builtins keep across queries: values by what they were made of, in bounded number."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key; of more than ``size`` the one not used for the longest time goes.

    For where ``functools.lru_cache`` will not do: what makes a value may take more than the key,
    such as the means to stop. Each operation on the dict is atomic, so that threads need no lock;
    two that make the same value at the same time both do.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: dict[Hashable, T] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key, made if there is none. What ``make`` raises is not kept."""
        try:
            value = self._values.pop(key)
        except KeyError:
            value = make()
        self._values[key] = value
        for oldest in list(self._values)[: max(0, len(self._values) - self.size)]:
            self._values.pop(oldest, None)
        return value
