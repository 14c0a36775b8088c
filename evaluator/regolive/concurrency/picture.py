"""Pictures of threads: what started each, where it is, what it holds and what it waits for.

Taken of the threads as they run, when somebody asks: nothing is recorded for it but the place and
time of each lock taken. No lock is waited for, so a picture of a stuck process does not get stuck.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from os.path import abspath
from os.path import sep as _SEP
from time import monotonic
from types import CodeType, FrameType

from regolive.concurrency.stacks import all_stacks
from regolive.concurrency.threads import LockMode, NamedLock, ThreadState, state_of
from regolive.concurrency.waiting import Mode, Wait

logger = logging.getLogger("regolive.concurrency")

ThreadDescriber = Callable[[threading.Thread, Sequence[FrameType]], str | None]
"""Says in words what a thread is doing, from its stack, innermost first; None if it cannot tell."""

# Modules whose frames, innermost in a stack, are how a thread waits and not why.
_MACHINERY = ("threading", "contextlib", "concurrent.futures")
# And those that, outermost, are how any thread begins.
_BEGINNING = ("threading", "concurrent.futures")
_PACKAGE = __name__.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that a thread holds.

    ``seconds`` is for how long it has, ``place`` where it took it (``file:line in function``), and
    ``guards`` what the lock protects. A lock held several times appears once, since the first.
    """

    lock: str
    mode: LockMode
    seconds: float
    place: str
    guards: str = ""

    def __str__(self) -> str:
        how = {"mutex": "", "read": " for reading", "write": " for writing"}[self.mode]
        return f"lock {self.lock!r}{how}, for {self.seconds:.3g} s, taken at {self.place}"


@dataclass(frozen=True, slots=True)
class PendingWait:
    """What a thread waits for.

    ``awaited`` is its name and ``mode`` its kind; ``seconds`` how long it has waited, ``place``
    where it does and ``caller`` what called that part of regolive (if it is one), ``timeout`` the
    limit in seconds if there is one, ``holders`` the names of the threads that it waits for as far
    as they can be told. Places are ``file:line in function``.
    """

    awaited: str
    mode: Mode
    seconds: float
    place: str
    caller: str = ""
    timeout: float | None = None
    holders: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The awaited thing in words: ``lock 'store' to write``."""
        if self.mode == "gate":
            return self.awaited
        if self.mode == "task":
            return f"background task {self.awaited!r}"
        return f"lock {self.awaited!r}" + ("" if self.mode == "mutex" else f" to {self.mode}")

    def __str__(self) -> str:
        text = self.what
        if self.holders:
            verb = "held by" if self.mode in ("mutex", "read", "write") else "that is up to"
            text += f" ({verb} {_names(self.holders)})"
        limit = "" if self.timeout is None else f" of at most {self.timeout:.3g} s"
        caller = f", called from {self.caller}" if self.caller else ""
        return f"{text}, for {self.seconds:.3g} s{limit}, at {self.place}{caller}"


@dataclass(frozen=True, slots=True)
class ThreadPicture:
    """One thread at one moment.

    Attributes:
        name: the thread's name.
        ident: Python's number for it, or None.
        daemon: whether the interpreter ends without waiting for it.
        alive: False for a thread that ended and left locks behind.
        origin: what started it, in words.
        doing: what it is doing, from the describers: the query's policy, row and builtin; or "".
        in_query: whether it is inside a query.
        holds: its locks, in the order it took them.
        waits_for: what it is blocked on, or None.
        stack: ``file:line in function``, innermost first, without the frames of the wait itself.
    """

    name: str
    ident: int | None
    daemon: bool
    alive: bool
    origin: str
    doing: str
    in_query: bool
    holds: tuple[HeldLock, ...]
    waits_for: PendingWait | None
    stack: tuple[str, ...]

    @property
    def title(self) -> str:
        """The thread by name, what started it, and what it is doing, in one line."""
        known = [self.origin, self.doing or ("inside a query" if self.in_query else "")]
        if not self.alive:
            known.append("which has ended")
        words = "; ".join(word for word in known if word)
        return f"thread {self.name!r}" + (f" ({words})" if words else "")

    def render(self, *, stack: bool = True) -> str:
        """The picture as lines of text."""
        lines = [self.title]
        lines += [f"    holds {held}" for held in self.holds]
        if self.waits_for is not None:
            lines.append(f"    waits for {self.waits_for}")
        if stack:
            lines += [f"        {place}" for place in self.stack]
        return "\n".join(lines)


# -- describers

_describers: dict[object, ThreadDescriber] = {}


def add_thread_describer(describer: ThreadDescriber) -> Callable[[], None]:
    """Let the layers above say what a thread is doing: the place in a policy, say.

    Args:
        describer: called in whatever thread takes a picture, with the thread shown and the frames
            of its stack, innermost first. It must not block, nor keep a frame, nor walk one by
            ``f_back`` (`regolive.concurrency.stacks` says why), and may run inside a finaliser.

    Returns:
        A function that takes it away again.
    """
    token = object()
    _describers[token] = describer

    def remove() -> None:
        _describers.pop(token, None)

    return remove


def _describe(thread: threading.Thread, stack: Sequence[FrameType]) -> str:
    words = []
    for describer in tuple(_describers.values()):
        try:
            word = describer(thread, stack)
        except Exception:
            logger.debug("describer %r failed", describer, exc_info=True)
            continue
        if word:
            words.append(word)
    return "; ".join(words)


# -- places


def describe_place(code: CodeType, offset: int) -> str:
    """``file:line in function`` for an instruction (``f_code`` and ``f_lasti`` of a frame)."""
    line = code.co_firstlineno
    for start, end, here in code.co_lines():
        if start <= offset < end and here is not None:
            line = here
            break
    return f"{_short(code.co_filename)}:{line} in {code.co_qualname}"


@cache
def _short(filename: str) -> str:
    """The file as seen from where Python imports from."""
    roots = (abspath(root).rstrip(_SEP) + _SEP for root in (*sys.path, "."))
    longest = max((root for root in roots if filename.startswith(root)), key=len, default="")
    return filename[len(longest) :]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_machinery(frame: FrameType) -> bool:
    name = _module(frame)
    return name.startswith((_PACKAGE + ".", *_MACHINERY))


def _own(stack: Sequence[FrameType]) -> Sequence[FrameType]:
    """The stack from its innermost frame that is not part of the wait itself, if there is any."""
    own = next((n for n, each in enumerate(stack) if not _is_machinery(each)), 0)
    return stack[own:]


def _where(frame: FrameType) -> str:
    code = frame.f_code
    return f"{_short(code.co_filename)}:{frame.f_lineno} in {code.co_qualname}"


def _origin(thread: threading.Thread, frames: Sequence[FrameType]) -> str:
    """What started a thread that nobody has said it of: the function it runs."""
    if thread is threading.main_thread():
        return "the main thread"
    for frame in reversed(frames):
        if not _module(frame).startswith(_BEGINNING):
            code = frame.f_code
            return f"runs {code.co_qualname}, {_short(code.co_filename)}:{code.co_firstlineno}"
    return ""


# -- pictures


def take_picture(
    thread: threading.Thread,
    *,
    state: ThreadState | None = None,
    depth: int = 12,
) -> ThreadPicture:
    """A picture of any thread.

    Args:
        thread: whose.
        state: its state, if known: needed for a thread that has ended and left locks behind.
        depth: how many frames of its stack to keep.
    """
    return take_pictures([(thread, state)], depth)[0]


def take_pictures(
    threads: Iterable[tuple[threading.Thread, ThreadState | None]], depth: int = 12
) -> list[ThreadPicture]:
    """Pictures of several threads at one moment. See `take_picture`."""
    stacks = all_stacks()
    try:
        return [_picture(thread, state, stacks, depth) for thread, state in threads]
    finally:
        stacks.clear()


def _picture(
    thread: threading.Thread,
    state: ThreadState | None,
    stacks: Mapping[int, Sequence[FrameType]],
    depth: int,
) -> ThreadPicture:
    state = state or state_of(thread)
    now = monotonic()
    alive = thread.is_alive()
    whole = stacks.get(thread.ident or 0, ()) if alive else ()
    stack = _own(whole)
    places = tuple(_where(frame) for frame in stack[:depth])
    wait = state.wait if state is not None else None
    return ThreadPicture(
        name=thread.name,
        ident=thread.ident,
        daemon=thread.daemon,
        alive=alive,
        origin=(state.origin if state is not None else "") or _origin(thread, stack),
        doing=_describe(thread, whole) if whole else "",
        in_query=state is not None and bool(state.queries),
        holds=_holds(state, now) if state is not None else (),
        waits_for=_pending(wait, stack, now) if wait is not None else None,
        stack=places,
    )


def _holds(state: ThreadState, now: float) -> tuple[HeldLock, ...]:
    found: dict[NamedLock, HeldLock] = {}
    for lock in tuple(state.held):
        hold = lock.hold_of(state) if lock not in found else None
        if hold is not None:
            mode, (code, offset, since) = hold
            place = describe_place(code, offset)
            found[lock] = HeldLock(lock.name, mode, max(now - since, 0.0), place, lock.guards)
    return tuple(found.values())


def _pending(wait: Wait, stack: Sequence[FrameType], now: float) -> PendingWait:
    names = tuple(thread.name for thread in wait.awaited.holders())
    return PendingWait(
        awaited=wait.awaited.name,
        mode=wait.mode,
        seconds=max(now - wait.since, 0.0),
        place=_where(stack[0]) if stack else "?",
        caller=_caller(stack),
        timeout=wait.timeout,
        holders=names,
    )


def _caller(stack: Sequence[FrameType]) -> str:
    """Who called the package of ours that waits: a store is seldom what somebody is looking for."""
    package = _module(stack[0]).rpartition(".")[0] if stack else ""
    if package.startswith(_PACKAGE.partition(".")[0] + "."):
        for frame in stack:
            if not _module(frame).startswith(package + "."):
                return _where(frame) if not _module(frame).startswith(_BEGINNING) else ""
    return ""


def _names(names: Sequence[str], limit: int = 5) -> str:
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def dump_threads(depth: int = 30) -> tuple[ThreadPicture, ...]:
    """Pictures of all threads: what a goroutine dump is to a Go server. Never waits for a lock.

    Those that wait come first, the longest wait at the head; then those that hold something; then
    the rest.

    Args:
        depth: how many frames of each stack to keep, innermost first.
    """
    pictures = take_pictures(((thread, None) for thread in threading.enumerate()), depth)
    return tuple(
        sorted(
            pictures,
            key=lambda picture: (
                -picture.waits_for.seconds if picture.waits_for is not None else 0.0,
                not picture.holds,
                picture.name,
            ),
        )
    )


def render_threads(pictures: Sequence[ThreadPicture]) -> str:
    """`dump_threads` as text: a paragraph for each thread."""
    waiting = sum(picture.waits_for is not None for picture in pictures)
    holding = sum(bool(picture.holds) for picture in pictures)
    head = f"{len(pictures)} threads, {waiting} of them waiting, {holding} holding locks"
    return "\n\n".join([head, *(picture.render() for picture in pictures)]) + "\n"
