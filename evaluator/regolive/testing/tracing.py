"""What a schedule did, in words: each step with its place in the code, and who is stuck and why."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from regolive.concurrency import Mutex, RWLock
from regolive.concurrency.picture import take_picture
from regolive.concurrency.waitgraph import find_circle

if TYPE_CHECKING:
    from regolive.testing.scheduling import Task

_HERE = os.path.dirname(__file__)
_MACHINERY = tuple(os.path.join(_HERE, name) for name in ("scheduling.py", "primitives.py"))
_CONCURRENCY = os.path.join(os.path.dirname(_HERE), "concurrency") + os.sep
_LIBRARY = tuple(os.sep + name for name in ("threading.py", "queue.py", "contextlib.py"))


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: the thread, what it is about to do, where, and whether it has to wait."""

    thread: str
    what: str
    place: str
    blocked: bool

    def __str__(self) -> str:
        return f"{self.what}{', and has to wait' if self.blocked else ''}  {self.place}"


def describe_step(frame: FrameType | None, task: Task | None, blocked: bool) -> Step:
    """Say what the thread is about to do, from its frame."""
    operation, name = "", ""
    while frame is not None:
        code = frame.f_code
        path = code.co_filename
        if path.startswith(_MACHINERY):
            operation = code.co_name
        elif path.startswith(_CONCURRENCY) or path.endswith(_LIBRARY):
            owner = frame.f_locals.get("self")
            if isinstance(owner, Mutex | RWLock):
                name = owner.name
            if code.co_name.startswith(("acquire", "release", "submit", "wait", "set", "notify")):
                operation = code.co_name
        else:
            break
        frame = frame.f_back
    place = "" if frame is None else place_of(frame)
    words = operation.strip("_").replace("_", " ")
    words = {"enter": "acquire", "exit": "release", "step": "checkpoint"}.get(words, words)
    return Step(task.name if task else "?", f"{words} {name}".rstrip(), place, blocked)


def place_of(frame: FrameType) -> str:
    """``file:line in function``, with the last two parts of the file's path."""
    code = frame.f_code
    path = os.sep.join(code.co_filename.split(os.sep)[-2:])
    return f"{path}:{frame.f_lineno} in {code.co_qualname}"


def render_trace(steps: Sequence[Step], limit: int = 80) -> str:
    """The last steps, a paragraph for each turn of a thread; equal places are told once."""
    lines: list[str] = []
    thread = ""
    if len(steps) > limit:
        lines.append(f"  ({len(steps) - limit} steps before)")
    for step in steps[-limit:]:
        if step.thread != thread:
            thread = step.thread
            lines.append(f"  {thread}:")
        line = f"      {step}"
        if lines[-1] != line:
            lines.append(line)
    return "\n".join(lines)


def explain_stuck(tasks: Iterable[Task]) -> str:
    """Who holds and who waits: the circle, if the wait graph finds one, and then each thread."""
    tasks = [task for task in tasks if task.busy and task.state is not None]
    lines: list[str] = []
    for task in tasks:
        wait = task.state.wait if task.state is not None else None
        circle = find_circle(wait) if wait is not None else None
        if circle is not None:
            way = " -> ".join(f"{w.state.thread.name} -> {w.awaited.name!r}" for w in circle)
            lines.append(f"  a circle: {way} -> {circle[0].state.thread.name}")
            break
    for task in tasks:
        picture = take_picture(task.thread, state=task.state)
        lines.append(f"  {task.name}{' (inside a query)' if picture.in_query else ''}:")
        for held in picture.holds:
            how = {"mutex": "", "read": " for reading", "write": " for writing"}[held.mode]
            lines.append(f"      holds lock {held.lock!r}{how}, taken at {held.place}")
        pending = picture.waits_for
        if pending is not None:
            who = f" (up to {', '.join(pending.holders)})" if pending.holders else ""
            lines.append(f"      waits for {pending.what}{who}")
        elif task.waiting.busy:
            lines.append(f"      waits for {task.waiting!r}")
        lines += [f"          {place}" for place in picture.stack if not _is_machinery(place)]
    return "\n".join(lines)


def _is_machinery(place: str) -> bool:
    path = place.partition(":")[0]
    return path.startswith(("regolive/testing/", "regolive/concurrency/", "threading.py"))
