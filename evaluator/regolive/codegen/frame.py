"""What generated code and builtins share while one query runs.

A :class:`Frame` is made for each query, so making one must cost next to nothing: what only
some queries need (contexts, caches, the instant) hangs on :class:`Shared`, made when first asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from regolive.codegen.positions import current_location
from regolive.errors import BuiltinError, CancelledError, EvalError, RegoliveError
from regolive.values import UNDEFINED

if TYPE_CHECKING:
    from regolive.storage import ReadTransaction


class Cancellation:
    """A switch that ends the queries it is given to. Any thread may turn it, at any time."""

    __slots__ = ("cancelled",)

    def __init__(self) -> None:
        self.cancelled = False

    def cancel(self) -> None:
        """End the queries at their next checkpoint; later ones end at once."""
        self.cancelled = True


class Watch:
    """One query's deadline and cancellation, looked at by the query at its checkpoints.

    ``deadline`` is a ``time.monotonic`` value, or infinity. Only queries that have a watch pay
    for it.
    """

    __slots__ = ("cancellation", "deadline")

    def __init__(self, deadline: float, cancellation: Cancellation | None) -> None:
        self.deadline = deadline
        self.cancellation = cancellation

    def check(self) -> None:
        """Raise CancelledError if the query was cancelled or is past its deadline."""
        if self.cancellation is not None and self.cancellation.cancelled:
            raise CancelledError("query cancelled", current_location())
        if time.monotonic() > self.deadline:
            raise CancelledError("query ran past its deadline", current_location())


class Env:
    """What all queries of one prepared query have in common.

    ``background`` submits work to the runtime's threads; ``strict`` turns errors of builtins
    into errors of the query; ``reopen`` makes a read transaction of a pinned version;
    ``allow_net`` is the hosts that builtins may go to, None for any.
    """

    __slots__ = ("allow_net", "background", "reopen", "strict")

    def __init__(
        self,
        strict: bool,
        background: Callable[..., Any],
        reopen: Callable[[Any], ReadTransaction] | None = None,
        allow_net: frozenset[str] | None = None,
    ) -> None:
        self.allow_net = allow_net
        self.strict = strict
        self.background = background
        self.reopen = reopen


class Shared:
    """The per-query state that not every query needs."""

    __slots__ = ("builtin_errors", "builtin_memo", "cache", "contexts", "now_ns", "transaction")

    def __init__(self) -> None:
        self.cache: dict[Any, Any] = {}
        self.contexts: dict[str, Any] = {}
        self.builtin_memo: dict[Any, Any] = {}
        self.builtin_errors: list[EvalError] = []
        self.now_ns = time.time_ns()
        self.transaction: ReadTransaction | None = None

    def end(self) -> None:
        """Close the read transaction that was made for a builtin, if one was."""
        if self.transaction is not None:
            self.transaction.close()


class Frame:
    """One query's state as generated code sees it; a ``with`` forks it to start an empty memo.

    ``held`` is what the query reads from: an open read transaction, or a pinned version.
    """

    __slots__ = ("_shared", "env", "held", "memo", "watch")

    def __init__(self, env: Env, held: Any, watch: Watch | None) -> None:
        self.memo: dict[int, Any] = {}
        self.env = env
        self.held = held
        self.watch = watch
        self._shared: Shared | None = None

    @property
    def shared(self) -> Shared:
        """The query's rarely needed state, made on first use."""
        made = self._shared
        if made is None:
            made = self._shared = Shared()
        return made

    @property
    def transaction(self) -> ReadTransaction:
        """The query's read transaction."""
        if self.held.__class__ is not tuple:
            held: ReadTransaction = self.held
            return held
        shared = self.shared
        if shared.transaction is None:
            assert self.env.reopen is not None
            shared.transaction = self.env.reopen(self.held)
        return shared.transaction

    @property
    def data(self) -> dict[str, Any]:
        """The root of the base documents as the query sees them."""
        held = self.held
        root: dict[str, Any] = held[0] if held.__class__ is tuple else held.root
        return root

    def fork(self) -> Frame:
        """The frame for the body of a ``with``: what rules gave outside does not hold inside."""
        shared = self.shared  # made here, so that both frames see one
        forked = Frame(self.env, self.held, self.watch)
        forked._shared = shared
        return forked

    def failed(self, name: str, plugin: str, error: Exception) -> Any:
        """A builtin raised: undefined, or the query's error under strict builtin errors.

        What the engine itself raises (cancelled, a circular wait, a write inside a query) is no
        error of a builtin, and always ends the query.
        """
        if (
            isinstance(error, RegoliveError)
            and not isinstance(error, BuiltinError)
            and type(error).__module__.startswith("regolive.")  # not a plugin's own errors
        ):
            raise error
        if isinstance(error, RecursionError):
            # As where no builtin is called: a rule must not take "too deep" for "undefined".
            raise EvalError(f"{name}: a value is nested too deeply") from error
        if isinstance(error, MemoryError):
            raise EvalError(f"{name}: out of memory") from error
        if not isinstance(error, EvalError):
            detail = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            wrapped: EvalError = BuiltinError(f"{name}: {detail} (in plugin {plugin!r})")
            wrapped.__cause__ = error
        else:
            wrapped = error
            if not error.message.startswith(f"{name}: "):
                error.message = f"{name}: {error.message}"
        if wrapped.location is None:
            wrapped.location = current_location()
        if self.env.strict:
            raise wrapped
        errors = self.shared.builtin_errors
        if len(errors) < 100:  # enough to explain an undefined result, not to fill the memory
            errors.append(wrapped)
        return UNDEFINED
