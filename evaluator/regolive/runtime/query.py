"""A prepared query: compiled once, evaluated many times, from any number of threads.

Everything on the path of a decision stands in ``evaluate``: opening the read transaction, the
generated function, closing it. Each line of it is paid for by every decision.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from regolive.codegen import Cancellation, CompiledPolicy, Env, Frame, Watch
from regolive.codegen.support import merge
from regolive.concurrency import LockTimeout, this_thread, threads
from regolive.errors import CancelledError, EvalError
from regolive.plugins import QueryInfo
from regolive.runtime.result import Result
from regolive.storage import SnapshotStore
from regolive.values import UNDEFINED

if TYPE_CHECKING:
    from regolive.runtime.expressions import Captured
    from regolive.storage import Store

_new = object.__new__
_thread = threads.local_state

_TOO_DEEP = "the query or a document is nested too deeply"


class PreparedQuery:
    """A query ready to be evaluated. Made by ``Runtime.prepare``; safe to use from any thread."""

    __slots__ = (
        "_begin",
        "_captured",
        "_direct",
        "_end",
        "_env",
        "_hooked",
        "_plan",
        "_rows_plan",
        "_slow",
        "_store",
        "compiled",
        "query",
    )

    def __init__(
        self,
        query: str,
        compiled: CompiledPolicy,
        plan: str,
        store: Store,
        env: Env,
        hooks: tuple[Callable[..., Any], Callable[..., Any]] | None,
        captured: Captured | None = None,
    ) -> None:
        entry = compiled.entries[plan]
        self.query = query
        self.compiled = compiled
        # Evaluated the short way, it is a SnapshotStore: whose readers hold nothing, so that a
        # query can take its current version by itself.
        self._store: Any = store
        self._slow = hooks is not None or not isinstance(store, SnapshotStore)
        self._env = env
        self._direct = entry.direct
        self._plan = entry.plan
        self._rows_plan = compiled.entries.get(f"{plan}/details")
        self._captured = captured
        self._hooked = hooks is not None
        if hooks is not None:
            self._begin, self._end = hooks

    @property
    def source(self) -> str:
        """The generated Python, for reading."""
        return self.compiled.source

    def evaluate(
        self,
        input: Any = UNDEFINED,
        *,
        timeout: float | None = None,
        cancel: Cancellation | None = None,
    ) -> Result:
        """Evaluate over one state of all data.

        ``input`` is the input document, any JSON value; left out, ``input`` is undefined. It is
        used as it is, and must not be changed while the query runs. After ``timeout`` seconds, or
        when ``cancel`` is turned by another thread, the query ends with CancelledError.

        Raises EvalError and its kinds: ConflictError, CancelledError; BuiltinError under strict
        builtin errors.
        """
        if self._slow or timeout is not None or cancel is not None:
            return self._evaluate_slowly(input, timeout, cancel)
        # The common case, with nothing on its path that it could do without. Objects are made
        # without calling their __init__: the call would cost more than all the rest of it.
        store = self._store
        version = store._version if not store._closed else store.pin()
        queries = _thread.state.queries
        queries.append(store)  # marks the thread: inside a query, nothing waits or writes
        frame: Frame = _new(Frame)
        frame.memo = {}
        frame.env = self._env
        frame.held = version
        frame.watch = frame._shared = None
        try:
            direct = self._direct
            if direct is None:
                return self._rows(frame, input, version[0])
            result: Result = _new(Result)
            result._value = direct(frame, input, version[0])
            result._answers = self.query
            shared = frame._shared
            result._errors = None if shared is None else shared.builtin_errors
            return result
        except RecursionError as error:
            raise EvalError(_TOO_DEEP) from error
        finally:
            queries.pop()
            if frame._shared is not None:
                frame._shared.end()

    def _evaluate_slowly(
        self, input: Any, timeout: float | None, cancel: Cancellation | None
    ) -> Result:
        """With a deadline or a switch, with hooks around it, or over a store that holds locks."""
        info: QueryInfo | None = None
        if self._hooked:
            info = QueryInfo(self.query, input)
            self._begin(query=info)
        try:
            watch = None
            if timeout is not None or cancel is not None:
                deadline = float("inf") if timeout is None else time.monotonic() + timeout
                watch = Watch(deadline, cancel)
                watch.check()
            return self._evaluate_in_transaction(input, timeout, watch)
        except Exception as error:
            if info is not None:
                info.error = error
            raise
        finally:
            if info is not None:
                self._end(query=info)

    def _evaluate_in_transaction(
        self, input: Any, timeout: float | None, watch: Watch | None
    ) -> Result:
        try:
            transaction = self._store.read(timeout)
        except LockTimeout as error:
            raise CancelledError("query ran past its deadline, waiting for the store") from error
        queries = this_thread().queries
        queries.append(None)
        try:
            frame = Frame(self._env, transaction, watch)
            if self._direct is not None:
                value = self._direct(frame, input, transaction.root)
                return Result(value, self.query, frame._shared)
            return self._rows(frame, input, transaction.root)
        except RecursionError as error:
            raise EvalError(_TOO_DEEP) from error
        finally:
            queries.pop()
            transaction.close()

    def _rows(self, frame: Frame, input: Any, data: dict[str, Any]) -> Result:
        """Run a plan that gives rows: a package, or a query with variables."""
        if self._captured is not None:
            answers = self._captured.results(self._plan(frame, input, data))
            value = answers[0]["expressions"][-1]["value"] if answers else UNDEFINED
            return Result(value, answers, frame._shared)
        if self._rows_plan is None:
            rows = self._plan(frame, input, data)
            value = rows[0].get("result", UNDEFINED) if rows else UNDEFINED
            return Result(value, self.query, frame._shared)
        rows = self._rows_plan.plan(frame, input, data)
        if self.query == "data":
            # The one reference above all packages, which the front end plans without the base
            # documents; elsewhere its plans put both together.
            rules = rows[0]["expressions"][-1]["value"] if rows else {}
            return Result(merge(data, rules), self.query, frame._shared)
        value = UNDEFINED
        if rows:
            # A front end may leave out expressions that only have to hold (regopy does `not`).
            expressions = rows[0]["expressions"]
            value = expressions[-1]["value"] if expressions else True
        return Result(value, rows, frame._shared)

    def __repr__(self) -> str:
        return f"<PreparedQuery {self.query!r}>"
