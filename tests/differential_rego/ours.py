"""regolive's answers: a module compiled by one of its front ends, and asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from regolive.codegen import CompiledPolicy, Env, Frame, compile_policy
from regolive.compiler import QUERY_PLAN, CompileRequest, FrontEnd, entrypoint_name
from regolive.errors import EvalError, PolicyError
from regolive.plugins import Registry
from regolive.storage import SnapshotStore
from regolive.values import dumps, loads
from regolive_std import StdPlugin
from tests.differential_rego.answers import Answer


class Ours:
    """Compiles modules and asks them."""

    def __init__(self, front_end: FrontEnd, data: Mapping[str, Any]) -> None:
        """
        Args:
            front_end: what compiles.
            data: the base documents.
        """
        registry = Registry()
        registry.register(StdPlugin, "std")
        self.builtins = registry.builtins
        self.declarations = registry.declared()
        self.front_end = front_end
        self.store = SnapshotStore(dict(data))

    def compile(
        self, modules: Mapping[str, str], rules: Sequence[str], query: str | None = None
    ) -> CompiledPolicy:
        """The code for some rules, or for a query. Raises PolicyError."""
        request = CompileRequest(
            modules=modules, entrypoints=tuple(rules), query=query, builtins=self.declarations
        )
        return compile_policy(self.front_end.compile(request), self.builtins)

    def rule(self, compiled: CompiledPolicy, reference: str, document: Any) -> Answer:
        """The document of ``data.a.b``."""
        answer = self._run(compiled, entrypoint_name(reference), document)
        if isinstance(answer, Answer):
            return answer
        return Answer("value", _as_json(answer[0]["result"])) if answer else Answer("undefined")

    def query(self, modules: Mapping[str, str], text: str, document: Any) -> Answer:
        """The results of a query."""
        try:
            compiled = self.compile(modules, (), text)
        except PolicyError as error:
            return Answer("refused", None, error.diagnostics[0].message)
        answer = self._run(compiled, QUERY_PLAN, document)
        if isinstance(answer, Answer):
            return answer
        return Answer("value", [_as_json(row) for row in answer]) if answer else Answer("undefined")

    def _run(self, compiled: CompiledPolicy, name: str, document: Any) -> list[Any] | Answer:
        with self.store.read() as transaction:
            frame = Frame(Env(False, _no_background), transaction, None)
            try:
                plan = compiled.entries[name].plan
                return list(plan(frame, document, transaction.root))
            except EvalError as error:
                return Answer("error", error.code, error.message)


def _as_json(value: Any) -> Any:
    """A value as JSON says it, with every digit."""
    return loads(dumps(value))


def _no_background(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a differential test runs nothing in the background")
