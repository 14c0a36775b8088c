"""A prepared query: compiled once, evaluated many times, from any number of threads.

Everything on the path of a decision stands in ``evaluate``: opening the read transaction, the
generated function, closing it. Each line of it is paid for by every decision.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from regolive.codegen import Cancellation, CompiledPolicy, Env, Frame, Watch
from regolive.concurrency import this_thread
from regolive.errors import EvalError
from regolive.plugins import QueryInfo
from regolive.runtime.result import Result
from regolive.values import UNDEFINED

if TYPE_CHECKING:
    from regolive.storage import Store


class PreparedQuery:
    """A query ready to be evaluated. Made by ``Runtime.prepare``; safe to use from any thread."""

    __slots__ = (
        "_begin",
        "_direct",
        "_end",
        "_env",
        "_hooked",
        "_plan",
        "_rows_plan",
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
    ) -> None:
        entry = compiled.entries[plan]
        self.query = query
        self.compiled = compiled
        self._store = store
        self._env = env
        self._direct = entry.direct
        self._plan = entry.plan
        self._rows_plan = compiled.entries.get(f"{plan}/details")
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
        if self._hooked:
            return self._evaluate_hooked(input, timeout, cancel)
        return self._evaluate(input, timeout, cancel)

    def _evaluate(self, input: Any, timeout: float | None, cancel: Cancellation | None) -> Result:
        watch = None
        if timeout is not None or cancel is not None:
            deadline = float("inf") if timeout is None else time.monotonic() + timeout
            watch = Watch(deadline, cancel)
            watch.check()
        transaction = self._store.read(timeout)
        thread = this_thread()
        thread.queries += 1  # marks the thread: inside a query nothing waits for background work
        try:
            frame = Frame(self._env, transaction, watch)
            direct = self._direct
            if direct is not None:
                return Result(direct(frame, input, transaction.root), None, frame)
            return self._rows(frame, input, transaction.root)
        except RecursionError as error:
            raise EvalError("the query or a document is nested too deeply") from error
        finally:
            thread.queries -= 1
            transaction.close()

    def _rows(self, frame: Frame, input: Any, data: dict[str, Any]) -> Result:
        """Run a plan that gives rows: a package, or a query with variables."""
        if self._rows_plan is None:
            rows = self._plan(frame, input, data)
            value = rows[0].get("result", UNDEFINED) if rows else UNDEFINED
            return Result(value, None, frame)
        rows = self._rows_plan.plan(frame, input, data)
        value = rows[0]["expressions"][-1]["value"] if rows else UNDEFINED
        return Result(value, rows, frame)

    def _evaluate_hooked(
        self, input: Any, timeout: float | None, cancel: Cancellation | None
    ) -> Result:
        info = QueryInfo(self.query, input)
        self._begin(query=info)
        try:
            return self._evaluate(input, timeout, cancel)
        except Exception as error:
            info.error = error
            raise
        finally:
            self._end(query=info)

    def __repr__(self) -> str:
        return f"<PreparedQuery {self.query!r}>"
