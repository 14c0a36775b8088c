"""The watchdog: reports every wait that lasts too long, once, with a picture of who is in the way.

Not every hang is a circle: a thread may just never release what it holds. The watchdog's thread is
there only while threads have been waiting; the first wait starts it, and it ends when it finds
none.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from time import monotonic

from regolive.concurrency.picture import take_pictures
from regolive.concurrency.threads import ThreadState, describe_origin
from regolive.concurrency.waiting import Wait, current_waits

logger = logging.getLogger("regolive.concurrency")

_SHOWN = 8  # threads in one report: the one that waits, and those in its way


class Watchdog:
    """Watches all waits of the process. Its thread is a daemon, and is joined by `rest`.

    Attributes:
        threshold: seconds after which a wait is reported; None: never.
        reported: how many waits have been.
    """

    def __init__(self, threshold: float | None) -> None:
        self.threshold = threshold
        self.reported = 0
        self._wake = threading.Event()
        # Holds the thread under one key, or nothing: `setdefault` decides, in one step and without
        # a latch, who of several threads starts it.
        self._running: dict[str, threading.Thread] = {}
        atexit.register(self.rest, 1.0, force=True)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def _forked(self) -> None:
        self._running.clear()  # the child has no watchdog, and an event whose lock is anybody's
        self._wake = threading.Event()

    def notice(self) -> None:
        """A thread, which has published its wait, is about to wait: have the watchdog run."""
        if self._running or self.threshold is None:
            return
        thread = threading.Thread(target=self._run, name="regolive-watchdog", daemon=True)
        if self._running.setdefault("thread", thread) is not thread:
            return
        self._wake.clear()
        try:
            thread.start()
        except RuntimeError:  # no more threads to be had, or the interpreter is ending
            self._running.clear()
            logger.warning("no thread for the watchdog: long waits are not reported", exc_info=True)

    def set_threshold(self, threshold: float | None) -> None:
        """Change the threshold, for the waits that are there as well."""
        self.threshold = threshold
        self._wake.set()
        if current_waits():
            self.notice()

    def rest(self, timeout: float = 1.0, *, force: bool = False) -> bool:
        """Join the thread, if nobody waits, or in any case. Returns whether there is none now."""
        thread = self._running.get("thread")
        if thread is None:
            return True
        if force:
            self.threshold = None
        elif current_waits():
            return False
        self._wake.set()
        if thread.ident is None or thread is threading.current_thread():
            return False
        thread.join(timeout)
        return not thread.is_alive()

    # -- in its own thread

    def _run(self) -> None:
        me = threading.current_thread()
        describe_origin("reports waits that last too long")
        while True:
            self._wake.clear()
            pause = 1.0
            try:
                pause = self._look()
            except Exception:
                logger.exception("the watchdog failed, and goes on")
            if pause:
                self._wake.wait(pause)
                continue
            # Stand down, then look once more: a wait that began in between has either seen that
            # the watchdog was gone, and started another, or is seen here.
            self._running.clear()
            if not current_waits() or self.threshold is None:
                return
            if self._running.setdefault("thread", me) is not me:
                return

    def _look(self) -> float:
        """Report what is due; return the seconds until something can be, 0 if nobody waits."""
        threshold, waits = self.threshold, current_waits()
        if threshold is None or not waits:
            return 0.0
        now = monotonic()
        fresh = [wait for wait in waits if not wait.reported]
        due: dict[int, list[Wait]] = {}
        for wait in fresh:
            if now - wait.since >= threshold:
                wait.reported = True
                due.setdefault(id(wait.awaited), []).append(wait)
        for group in due.values():
            self.reported += len(group)
            self._report(group)
        left = [wait.since + threshold - now for wait in fresh if not wait.reported]
        # Those that come due within the same quarter of the threshold are reported together.
        return max(min(left, default=threshold), threshold / 4)

    def _report(self, group: list[Wait]) -> None:
        first = group[0]
        chain = _in_the_way(first.state)
        pictures = take_pictures((state.thread, state) for state in chain[:_SHOWN])
        pending = pictures[0].waits_for
        if pending is None:
            return  # it has come to its end while we looked
        head = f"thread {first.state.thread.name!r} has been waiting for {pending.seconds:.3g} s"
        head += f" for {pending.what}"
        if len(group) > 1:
            head += f", and so have {len(group) - 1} more threads"
        lines = [head]
        for picture in pictures:
            lines += [f"  {line}" for line in picture.render().split("\n")]
        if len(chain) > _SHOWN:
            lines.append(f"  and {len(chain) - _SHOWN} more threads in its way")
        logger.warning("%s", "\n".join(lines))


def _in_the_way(state: ThreadState) -> list[ThreadState]:
    """The thread, those it waits for, those that they wait for, and so on; each once."""
    found = [state]
    for each in found:
        wait = each.wait
        if wait is None:
            continue
        for other in wait.awaited.blockers(wait).threads:
            if other not in found:
                found.append(other)
    return found
