"""A builtin under a held read transaction, with a writer waiting: explored in one call.

The situation in which the plugins of policy engines hang: a query holds the store while it calls a
builtin, somebody commits, and the builtin takes a lock or waits for work that needs the store.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from regolive.compiler import CompileRequest, get_front_end
from regolive.ir.nodes import Policy
from regolive.plugins.registry import Registry
from regolive.runtime import Result, Runtime
from regolive.testing.explorer import Exploration, Program, explore
from regolive.values import UNDEFINED


class _Remembered:
    """A front end that compiles each request once: it does not change from schedule to schedule."""

    name = "remembered"
    plans_data = True

    def __init__(self) -> None:
        self._plans: dict[tuple[tuple[str, ...], str | None], Policy] = {}

    def compile(self, request: CompileRequest) -> Policy:
        key = (request.entrypoints, request.query)
        if key not in self._plans:
            front_end = get_front_end()
            try:
                self._plans[key] = front_end.compile(request)
            finally:
                front_end.close()
        return self._plans[key]

    def close(self) -> None:
        """Nothing is open."""


def _commit(runtime: Runtime) -> None:
    with runtime.store.write() as transaction:
        transaction.put(("explored",), transaction.read(()).get("explored", 0) + 1)


def explore_builtin(
    plugin: Any,
    *,
    query: str,
    modules: Mapping[str, str] | None = None,
    input: Any = UNDEFINED,
    data: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
    writer: Callable[[Runtime], object] | None = _commit,
    queries: int = 2,
    plugins: Iterable[Any] = (),
    store: str = "locking",
    check: Callable[[Runtime, list[Result]], object] | None = None,
    preemptions: int = 2,
    schedules: int | None = 2_000,
    random: int = 0,
    seed: int = 0,
    replay: str | None = None,
    **options: Any,
) -> Exploration:
    """Evaluate a query that calls a plugin's builtins while somebody writes, in every order.

    For each schedule there is a new runtime with a new plugin. It is started; then ``queries``
    threads evaluate the query, and one thread writes. All the plugin's locks, threads and
    background work are driven by the explorer (see `explore` for what it drives and does not).

    Args:
        plugin: a class, or a function that makes the plugin. (A module or object is taken as it
            is: what state and locks it has, all schedules share, and its locks are not explored.)
        query: what is evaluated, as for ``Runtime.prepare``.
        modules: Rego text by file name.
        input: the input document.
        data: the base document.
        config: the configuration, as for ``Runtime``.
        writer: called with the runtime in a thread of its own; by default one commit of a counter
            to ``data.explored``. None: nobody writes.
        queries: how many threads evaluate the query.
        plugins: more plugins, for each runtime. Installed ones, with the standard builtins, are
            there anyway, but are not started.
        store: "locking", in which a commit waits for queries, or "snapshot".
        check: called with the runtime and the results when all threads have ended; it raises if
            something is wrong.
        preemptions: the bound: how often, at most, a thread is stopped that could go on.
        schedules: at most so many; None: no limit.
        random: so many random schedules after those.
        seed: of the random ones.
        replay: only this schedule, as a failure tells it.
        options: the rest of `explore`'s.

    Returns:
        What was explored.

    Raises:
        ScheduleFailure: (an AssertionError) a schedule failed: a deadlock, an exception, or the
            check. It says which schedule, what each thread did, and who is stuck with what.
        PolicyError, PluginError, ConfigError: the policy or the plugin is wrong.
    """
    front_end = _Remembered()
    given = tuple(plugins)
    installed = Registry()
    installed.discover()

    def runtime() -> Runtime:
        made = Runtime(
            modules=modules,
            data=data,
            config=config,
            plugins=[_make(plugin), *map(_make, given)],
            discover=False,
            store=store,
            front_end=front_end,
        )
        for name, builtin in installed.builtins.items():
            made.registry.builtins.setdefault(name, builtin)
        return made

    runtime().prepare(query)  # errors of the policy are raised here, and the plan is remembered

    def make(program: Program) -> None:
        under_test = runtime()
        prepared = under_test.prepare(query)
        under_test.start()
        results: list[Result] = []
        for number in range(1, queries + 1):
            name = "query" if queries == 1 else f"query {number}"
            program.thread(name, lambda: results.append(prepared.evaluate(input)))
        if writer is not None:
            program.thread("writer", writer, under_test)
        if check is not None:
            program.at_end(lambda: check(under_test, results))
        program.at_end(under_test.stop)

    return explore(
        make,
        preemptions=preemptions,
        schedules=schedules,
        random=random,
        seed=seed,
        replay=replay,
        **options,
    ).require()


def _make(plugin: Any) -> Any:
    return plugin() if inspect.isfunction(plugin) else plugin
