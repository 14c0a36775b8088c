"""From a place in generated Python back to the place in the policy.

Each generated source registers, under its file name, which policy position each of its lines
comes from. An error then finds its policy row by walking the stack: nothing is recorded while
queries run.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType

from regolive.errors import Location

# Generated file name -> generated line -> policy location. Written once per compiled unit, before
# its code runs; entries are dropped with the unit. Dict operations are atomic: no lock.
_TABLES: dict[str, dict[int, Location]] = {}


def register(filename: str, table: dict[int, Location]) -> None:
    """Make the positions of a generated source known."""
    _TABLES[filename] = table


def forget(filename: str) -> None:
    """Drop the positions of a generated source."""
    _TABLES.pop(filename, None)


def lookup(filename: str, line: int) -> Location | None:
    """The policy location of a line of a generated source."""
    table = _TABLES.get(filename)
    return table.get(line) if table is not None else None


def current_location() -> Location | None:
    """The policy location that this thread is evaluating, if it is evaluating one."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename in _TABLES:
            return lookup(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


def policy_stack(traceback: TracebackType | None) -> list[Location]:
    """The policy locations that a traceback passes through, outermost first."""
    found: list[Location] = []
    while traceback is not None:
        place = lookup(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        if place is not None:
            found.append(place)
        traceback = traceback.tb_next
    return found
