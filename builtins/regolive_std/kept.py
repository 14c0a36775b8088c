"""What builtins keep across queries: values by what they were made of, in bounded number."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import _lru_cache_wrapper, lru_cache, wraps
from typing import Any, Generic, TypeVar, cast

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


LONGEST = 4096
"""Texts that are longer are not kept, nor what was made of them.

A bound on the number of entries is none on their size: what is made of a text of megabytes is made
again, rather than kept with as many of its kind as there is room for.
"""


def kept_by_text(size: int) -> Callable[[Callable[[str], T]], _lru_cache_wrapper[T]]:
    """``functools.lru_cache`` for a function of one text, which is not kept if it is long."""

    def decorate(function: Callable[[str], T]) -> _lru_cache_wrapper[T]:
        cached = lru_cache(maxsize=size)(function)

        @wraps(function)
        def get(text: str) -> T:
            return cached(text) if len(text) <= LONGEST else function(text)

        return _like(cached, get)

    return decorate


def kept_by_texts(size: int) -> Callable[[Callable[..., T]], _lru_cache_wrapper[T]]:
    """``kept_by_text`` for a function of several texts: all of them together are not long."""

    def decorate(function: Callable[..., T]) -> _lru_cache_wrapper[T]:
        cached = lru_cache(maxsize=size)(function)

        @wraps(function)
        def get(*texts: str) -> T:
            return cached(*texts) if sum(map(len, texts)) <= LONGEST else function(*texts)

        return _like(cached, get)

    return decorate


def _like(cached: _lru_cache_wrapper[T], get: Any) -> _lru_cache_wrapper[T]:
    get.cache_info, get.cache_clear = cached.cache_info, cached.cache_clear
    return cast("_lru_cache_wrapper[T]", get)
