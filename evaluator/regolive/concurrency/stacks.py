"""The stacks of all threads, at one moment.

Walking another thread's stack by ``f_back`` is not safe while that thread runs: in CPython 3.11 the
frame that is about to be looked at can be gone by then, and the process ends with a segmentation
fault (we have seen it do so in the watchdog, under load). So the whole walk is one chain of C
functions: no bytecode runs in it, hence no other thread does. Nor may the garbage collector, which
before 3.12 runs wherever a frame object is made: what it calls lets other threads run, and when
that happens inside ``sys._current_frames``, which holds the interpreter's list of threads, none of
them may ever go on (https://github.com/python/cpython/issues/106883; we have seen that, too).
"""

from __future__ import annotations

import gc
import sys
import threading
from itertools import chain, tee
from operator import attrgetter, call
from types import FrameType
from typing import Any

_BACK = attrgetter("f_back")
_STILL = (gc.disable, sys._current_frames)


def all_stacks() -> dict[int, list[FrameType]]:
    """The frames of each thread by its identifier, innermost first. Without the call of this.

    Frames keep alive what is in them, and the caller's own are among them: clear the answer when
    it has been looked at, or it is the garbage collector that does.
    """
    collecting = gc.isenabled()
    # The frames of all threads, level by level: `backs` has, for each, the one that called it, and
    # what is appended to it is walked in its turn.
    backs: list[FrameType | None] = []
    answers, kept = tee(filter(None, map(call, _STILL)))
    innermost: Any = chain.from_iterable(map(dict.values, answers))
    try:
        backs.extend(map(_BACK, chain(innermost, filter(None, backs))))
    finally:
        if collecting:
            gc.enable()
    tops: dict[int, FrameType] = next(kept)
    callers = dict(zip(map(id, chain(tops.values(), filter(None, backs))), backs, strict=True))
    stacks = {}
    for ident, top in tops.items():
        stack = stacks[ident] = [top]
        while (caller := callers[id(stack[-1])]) is not None:
            stack.append(caller)
    del stacks[threading.get_ident()][0]
    # This frame is in all of these, and would keep itself.
    del backs, answers, kept, innermost, tops, callers, ident, top, stack, caller
    return stacks
