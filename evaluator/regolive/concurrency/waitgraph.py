"""The wait graph: a thread about to wait for itself, by way of others, is told so at once.

Nobody maintains a graph. The locks know their holders, and each waiting thread has published what
it waits for; a thread that has to wait follows the two from lock to thread to lock. If that leads
back to itself, none of the threads on the way could ever go on, and the wait is refused.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Container
from dataclasses import dataclass
from time import monotonic
from typing import Literal, get_args

from regolive.concurrency.picture import ThreadPicture, take_pictures
from regolive.concurrency.threads import ThreadState, this_thread
from regolive.concurrency.waiting import (
    Awaited,
    Blockers,
    Mode,
    Wait,
    WaitObserver,
    current_waits,
    set_wait_observer,
)
from regolive.concurrency.watchdog import Watchdog
from regolive.errors import ConfigError, RegoliveError

logger = logging.getLogger("regolive.concurrency")

DetectMode = Literal["raise", "report", "off"]
"""What is done about a circular wait: refuse it, log it once and wait on, or nothing."""

_SEEN_LIMIT = 1000  # distinct circles remembered in mode "report"


class CircularWait(RegoliveError):
    """A wait was refused because it could never have ended: it closes a circle of waits.

    What the thread holds stays held: end the transaction or leave the ``with`` block, and the
    others go on.

    Attributes:
        cycle: the threads of the circle. Each waits for something that the next one holds, and
            the last for something of the first: the thread in which this was raised.
    """

    def __init__(self, cycle: tuple[ThreadPicture, ...], *, refused: bool = True) -> None:
        self.cycle = cycle
        self.refused = refused
        super().__init__(self.explain())

    def explain(self, *, stacks: bool = False) -> str:
        """The circle in words, one thread after the other; with their stacks, if wanted."""
        first = self.cycle[0]
        if len(self.cycle) == 1:
            head = "circular wait: a thread would wait for itself, for ever"
        else:
            head = (
                f"circular wait: {len(self.cycle)} threads would wait for each other in a circle, "
                "for ever"
            )
        if any(p.waits_for is not None and p.waits_for.timeout is not None for p in self.cycle):
            head = head.replace("for ever", "until one of them runs out of time")
        lines = [head]
        for number, picture in enumerate(self.cycle, 1):
            own, *rest = picture.render(stack=stacks).split("\n")
            lines += [f"  {number}. {own}", *(f"   {line}" for line in rest)]
        after = self.cycle[1 % len(self.cycle)].name
        if self.refused:
            lines.append(
                f"  The last wait to come was refused: that of thread {first.name!r}, which waits "
                f"for {'itself' if after == first.name else repr(after)}."
            )
        else:
            lines.append("  Nothing is done about it (wait_graph: report): these threads hang.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class WaitGraphStatus:
    """The wait graph for a status page.

    ``waiting`` is how many threads wait now, ``longest`` for how many seconds the first of them
    has; ``circles`` and ``long_waits`` count what was found since the process began.
    """

    mode: DetectMode
    watchdog_threshold: float | None
    waiting: int
    longest: float
    circles: int
    long_waits: int


# -- the search
#
# Why no circle is missed. A thread publishes its wait first and looks then (`waiting._publish`).
# What it holds, it held before that; what others hold was theirs before they published. So of the
# threads of a circle, the one that is last in the order of publication sees all of it. An edge can
# also come about later, when a lock is handed to a waiter: but that waiter then runs, and whatever
# it blocks on next, it publishes and looks again.
#
# Why none is made up. The other threads run while one looks, so edges seen one after the other
# might never have stood at the same time. But a thread follows only waits that were published
# before its own and are still there when it comes to them. So each thread on its way has been in
# that wait since before the search began, and a thread in a wait neither takes nor releases
# anything: what it is seen to hold, it held when the search began. So all edges stood together at
# that moment. A wait that is still there but as good as over does not count: each look at a lock
# tells (under its latch, or from one field of a mutex) whether the lock has been granted, and a
# deadline tells the rest. A circle that stood once stands until somebody from outside interferes: a
# limit of time, a signal, or a lock released on behalf of its holder.
#
# Why one thread is told and not several. For the same reason: of the threads of a circle, only the
# last to publish finds all the others older.


class _Node:
    """One look at a wait: the threads that have to move, each with the waits it is in itself."""

    __slots__ = ("any_of", "targets")

    def __init__(self, blockers: Blockers) -> None:
        self.any_of = blockers.any_of
        self.targets = tuple((state, _waits_of(state)) for state in blockers.threads)


def _waits_of(state: ThreadState) -> tuple[Wait, ...]:
    """What a thread is blocked on: mostly one wait, and every one of them has to end."""
    found = []
    wait = state.wait
    while wait is not None:
        found.append(wait)
        wait = wait.outer
    return tuple(found)


def _look(wait: Wait) -> Blockers:
    # A wait that is out of time ends by itself, if the thread has not gone on already. Its deadline
    # was taken before it began to wait, so one that is not past has not been noticed either.
    return wait.awaited.blockers(wait) if monotonic() < wait.deadline else Blockers()


def _reachable(start: Wait, known: Container[Wait] | None) -> tuple[dict[Wait, _Node], bool]:
    """All waits that ``start`` depends on, and whether it depends on its own thread."""
    nodes: dict[Wait, _Node] = {}
    back = False
    todo = [start]
    while todo:
        wait = todo.pop()
        if wait in nodes:
            continue
        node = nodes[wait] = _Node(_look(wait))
        for state, waits in node.targets:
            back = back or state is start.state
            todo += (other for other in waits if known is None or other in known)
    return nodes, back


def _stuck(nodes: dict[Wait, _Node]) -> set[Wait]:
    """The waits that none of the others could end: what is left when all that can end have."""
    stuck = {wait for wait, node in nodes.items() if node.targets}
    while True:
        going = set()
        for wait in stuck:
            hung = (any(other in stuck for other in waits) for _, waits in nodes[wait].targets)
            if not (all(hung) if nodes[wait].any_of else any(hung)):
                going.add(wait)
        if not going:
            return stuck
        stuck -= going


def _shortest_circle(
    start: Wait, nodes: dict[Wait, _Node], stuck: set[Wait]
) -> tuple[Wait, ...] | None:
    """The waits on the shortest way from ``start`` back to its thread, through stuck ones only."""
    if start not in stuck:
        return None
    came_from: dict[Wait, Wait | None] = {start: None}
    queue = [start]
    for wait in queue:
        for state, waits in nodes[wait].targets:
            if state is start.state:
                path = [wait]
                while (before := came_from[path[-1]]) is not None:
                    path.append(before)
                return tuple(reversed(path))
            for other in waits:
                if other in stuck and other not in came_from:
                    came_from[other] = wait
                    queue.append(other)
    return None


def find_circle(start: Wait) -> tuple[Wait, ...] | None:
    """The circle that this wait, which must be published, has closed; None if there is none.

    The first is ``start``, and the thread of each is waited for by the one before it.
    """
    if not _reachable(start, None)[1]:
        return None  # as almost always: the rest is for waits that seem to be circular
    older = set[Wait]()
    for wait in current_waits():
        older.add(wait)
        if wait is start:
            break
    nodes, back = _reachable(start, older)
    return _shortest_circle(start, nodes, _stuck(nodes)) if back else None


# -- the observer


class WaitGraph(WaitObserver):
    """Looks for circles whenever a thread has to wait, and lets the watchdog know of the wait."""

    def __init__(self, mode: DetectMode = "raise", watchdog_threshold: float | None = 10.0) -> None:
        self.mode: DetectMode = mode
        self.watchdog = Watchdog(watchdog_threshold)
        self.circles = 0
        self._seen: set[frozenset[tuple[str, str, Mode]]] = set()

    def before_wait(self, lock: Awaited, mode: Mode, thread: threading.Thread) -> None:
        """Refuse the wait, or report it, if it closes a circle.

        Raises:
            CircularWait: it does, and the mode is "raise".
        """
        self.watchdog.notice()
        if self.mode == "off":
            return
        wait = this_thread().wait
        circle = find_circle(wait) if wait is not None else None
        if circle is not None:
            self._found(circle)

    def _found(self, circle: tuple[Wait, ...]) -> None:
        self.circles += 1
        refuse = self.mode == "raise"
        if not refuse:
            key = frozenset((w.state.thread.name, w.awaited.name, w.mode) for w in circle)
            if key in self._seen:
                return
            if len(self._seen) < _SEEN_LIMIT:
                self._seen.add(key)
        pictures = tuple(take_pictures((w.state.thread, w.state) for w in circle))
        error = CircularWait(pictures, refused=refuse)
        if refuse:
            raise error
        logger.error("%s", error.explain(stacks=True))


_graph = WaitGraph()
set_wait_observer(_graph)


def configure(
    mode: DetectMode | None = None, watchdog_threshold: float | Literal["keep"] | None = "keep"
) -> None:
    """Set what is done about circular waits and long ones, for the whole process.

    Waits that have begun are not looked at again.

    Args:
        mode: "raise" refuses a wait that closes a circle, with `CircularWait`; "report" logs each
            distinct circle once (logger "regolive.concurrency", error) and waits on; "off" does
            not look. None leaves it as it is.
        watchdog_threshold: waits longer than this many seconds are logged once, each (warning).
            None: no watchdog. "keep" leaves it as it is.

    Raises:
        ConfigError: not one of the modes; a threshold that is not above zero.
    """
    if mode is not None and mode not in get_args(DetectMode):
        raise ConfigError(
            f"wait_graph: expected one of {', '.join(get_args(DetectMode))}, not {mode!r}"
        )
    if watchdog_threshold != "keep":
        if watchdog_threshold is not None and not watchdog_threshold > 0:
            raise ConfigError(
                f"watchdog_threshold: expected seconds above 0 or null, not {watchdog_threshold!r}"
            )
        _graph.watchdog.set_threshold(watchdog_threshold)
    if mode is not None:
        _graph.mode = mode


def wait_graph_status() -> WaitGraphStatus:
    """The wait graph's settings and counts. Never waits."""
    waits = current_waits()
    return WaitGraphStatus(
        mode=_graph.mode,
        watchdog_threshold=_graph.watchdog.threshold,
        waiting=len(waits),
        longest=monotonic() - waits[0].since if waits else 0.0,
        circles=_graph.circles,
        long_waits=_graph.watchdog.reported,
    )


def rest_watchdog(timeout: float = 1.0) -> bool:
    """End the watchdog's thread and join it, if nobody waits; for when a runtime stops.

    The next wait starts it again. Returns whether there is no such thread any more.
    """
    return _graph.watchdog.rest(timeout)
