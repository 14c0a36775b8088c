"""Letting other threads run while a large bucket is loaded.

A thread that waits for the interpreter gets it after 5 ms (sys.getswitchinterval) unless somebody
gives it up before. A query that has just been woken would wait that long, over and over; so work
that takes longer rests now and then, for a moment too short to matter to itself.
"""

from __future__ import annotations

import time

# Operations between two rests; about a millisecond's work.
OFTEN = 64
# The same when others use the interpreter all the time. They get it after 5 ms anyway, and a rest
# then costs as much: resting often would starve the load.
RARELY = 2048
_REST = 20e-6  # seconds
_BUSY = 1e-3


def rest(done: int, often: int = OFTEN) -> int:
    """Give way to other threads, after ``done`` operations. Returns at how many to rest again."""
    began = time.perf_counter()
    time.sleep(_REST)
    return done + (often if time.perf_counter() - began < _BUSY else RARELY)
