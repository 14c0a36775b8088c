"""Random numbers."""

from __future__ import annotations

import random
from typing import Any

from regolive import BuiltinContext
from regolive_std._declare import INTEGER, NUMBER, STRING, std


@std("rand.intn", args=[STRING, INTEGER], result=NUMBER, nondeterministic=True, result_name="y")
def rand_intn(ctx: BuiltinContext, str: Any, n: int) -> int:
    """A random integer from 0 up to, not including, ``n``; within a query the same for a key.

    Example:
        >>> rand.intn("key", 1)
        0
        >>> rand.intn("key", 100) == rand.intn("key", 100)
        true
    """
    if n == 0:
        return 0
    key = ("rand.intn", str, abs(n))
    found: int | None = ctx.cache.get(key)
    if found is None:
        found = ctx.cache[key] = random.randrange(abs(n))
    return found
