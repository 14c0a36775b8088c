"""From running generated code back to the place in the policy.

Generated functions are compiled under the policy's own file name, each line under the policy row
it comes from. So Python's tracebacks show the policy by themselves, and the place a query is at
can be read off the stack: nothing is recorded while queries run.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType

from regolive.errors import Location

# Generated functions carry this name in their globals; nothing else does.
MARK = "__regolive_unit__"


def current_location() -> Location | None:
    """The policy location that this thread is evaluating, if it is evaluating one."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if MARK in frame.f_globals:
            return Location(frame.f_code.co_filename, frame.f_lineno or 0)
        frame = frame.f_back
    return None


def policy_stack(traceback: TracebackType | None) -> list[Location]:
    """The policy locations that a traceback passes through, outermost first."""
    found: list[Location] = []
    while traceback is not None:
        frame = traceback.tb_frame
        if MARK in frame.f_globals:
            found.append(Location(frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return found
