"""The Data API: what a request for a document is answered, in a query thread.

As OPA's: https://www.openpolicyagent.org/docs/rest-api#data-api. Nothing here knows HTTP's wire;
what it raises becomes a reply in ``reply.error_reply``.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from regolive.codegen.support import merge
from regolive.compiler.frontend import entrypoint_path
from regolive.concurrency import LockTimeout, Mutex
from regolive.errors import (
    CancelledError,
    FrontEndError,
    NotFoundError,
    PolicyError,
    RegoliveError,
)
from regolive.ir.nodes import Func
from regolive.runtime import PreparedQuery, Runtime
from regolive.server.errors import RequestError
from regolive.server.paths import Rules, follow, reference
from regolive.server.reply import Reply, error_reply, json_reply, result_text
from regolive.server.work import Job
from regolive.storage import Path, ReadTransaction
from regolive.syntax import parse_module
from regolive.values import UNDEFINED, Value, dumps, loads

log = logging.getLogger("regolive.server")

PROBE_QUERY = "x = 1"
"""The query of the health probe, as in OPA: it needs nothing but to be evaluated."""

_TRY_AGAIN = 30.0  # seconds after which a failure of the compiler itself is tried again
_PACKAGE = re.compile(r"^\s*package\s+([^\s#;]+)", re.MULTILINE)
_NO_INPUT = {"code": "api_usage_warning", "message": "'input' key missing from the request"}


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A request for the document at ``path``.

    Attributes:
        path: below ``data``.
        body: of a POST, as it came; None for a GET.
        input_text: the parameter ``input`` of a GET, or None.
        pretty: spread the reply over lines.
        strict: an error of a builtin is an error of the request.
    """

    path: Path
    body: bytes | None = None
    input_text: str | None = None
    pretty: bool = False
    strict: bool = False


class Documents:
    """Answers requests from a runtime. Prepared queries are bounded by the rules there are."""

    def __init__(self, runtime: Runtime) -> None:
        """
        Raises:
            PolicyError: the policies do not compile.
            FrontEndError: the compiler failed.
        """
        self.runtime = runtime
        self.rules = _rules(runtime)
        self._prepared: dict[Path, PreparedQuery | _Failure] = {}
        # Nothing else is taken under it, and no transaction is open: a compile takes its time.
        self._compiling = Mutex(
            "server.compile", guards="one compile at a time, held while it runs"
        )

    @property
    def prepared(self) -> int:
        """How many paths have been compiled."""
        return len(self._prepared)

    def answer(self, request: DataRequest, job: Job) -> Reply:
        """The reply to a request, whatever it is: errors are replies too."""
        try:
            return self._answer(request, job)
        except RequestError as error:
            return error_reply(error)
        except RegoliveError as error:
            log.info("%s: %s", job.name, error)
            return error_reply(error)
        except Exception as error:
            log.exception("%s failed", job.name)
            return error_reply(error)

    def _answer(self, request: DataRequest, job: Job) -> Reply:
        document = _input(request)
        warning = _NO_INPUT if request.body is not None and document is UNDEFINED else None
        value = self._value(request, document, job)
        if value is UNDEFINED:
            text = f'{{"warning":{dumps(warning)}}}' if warning else "{}"
        else:
            text = result_text(value, warning)
        return json_reply(text, pretty=request.pretty)

    def _value(self, request: DataRequest, document: Any, job: Job) -> Value:
        route = self.rules.route(request.path)
        if route.query is None:
            return self._base_document(request.path, job)
        query = self._prepare(route.query, job)
        while True:
            revision = self.runtime.store.revision
            result = query.evaluate(document, timeout=job.left, cancel=job.cancellation)
            if request.strict and result.builtin_errors:
                raise result.builtin_errors[0]
            if route.query:
                return follow(result.rego, route.rest)
            # All of `data`: what regopy plans for it leaves out the base documents. They are put
            # under the rules here, if they are still those that the rules saw.
            with self._read(job) as transaction:
                if transaction.revision == revision:
                    return merge(result.rego, transaction.root)

    def _base_document(self, path: Path, job: Job) -> Value:
        """What stands in the store at a path that no rule has to do with. Nothing is compiled."""
        refusal = self.rules.refusal(path)
        if refusal is not None:
            raise refusal
        with self._read(job) as transaction:
            try:
                return transaction.read(path)
            except NotFoundError:
                return UNDEFINED

    def _read(self, job: Job) -> ReadTransaction:
        try:
            return self.runtime.store.read(job.left)
        except LockTimeout as error:
            raise CancelledError("query ran past its deadline, waiting for the store") from error

    def _prepare(self, path: Path, job: Job) -> PreparedQuery:
        known = self._known(path)
        if known is None:
            if not self._compiling.acquire(job.left):
                raise CancelledError("query ran past its deadline, waiting for the compiler")
            try:
                known = self._known(path) or self._compile(path)
            finally:
                self._compiling.release()
            if not job.left:
                raise CancelledError("query ran past its deadline, while it was being compiled")
        if isinstance(known, _Failure):
            raise known.again()
        return known

    def _known(self, path: Path) -> PreparedQuery | _Failure | None:
        known = self._prepared.get(path)
        if isinstance(known, _Failure) and time.monotonic() > known.until:
            return None
        return known

    def _compile(self, path: Path) -> PreparedQuery | _Failure:
        compiled: PreparedQuery | _Failure
        try:
            compiled = self.runtime.prepare(reference(path))
        except PolicyError as error:  # it will not get better
            diagnostics = error.diagnostics
            compiled = _Failure(lambda: PolicyError(diagnostics), float("inf"))
        except FrontEndError as error:  # it may
            message = str(error)
            compiled = _Failure(lambda: FrontEndError(message), time.monotonic() + _TRY_AGAIN)
        self._prepared[path] = compiled
        return compiled


@dataclass(frozen=True, slots=True)
class _Failure:
    """A path that did not compile: remembered, so that asking for it again costs nothing.

    ``again`` makes the error anew (one that is raised again and again collects tracebacks), until
    ``until``, as ``time.monotonic``.
    """

    again: Callable[[], RegoliveError]
    until: float


def _rules(runtime: Runtime) -> Rules:
    bundle = runtime.bundle
    if bundle is not None and not runtime.modules:
        # Only what the bundle was built to answer can be asked.
        return Rules(tuple(plan.name.split("/")) for plan in bundle.policy.plans if plan.name)
    if not runtime.modules:
        return Rules()
    try:
        runtime.plan("data")  # what is wrong with any policy is told now
    except FrontEndError as error:
        return _rules_by_package(runtime, error)
    return Rules.of_modules(
        parse_module(text, name, v0_compatible=runtime.language.v0_compatible)
        for name, text in runtime.modules.items()
    )


def _rules_by_package(runtime: Runtime, reason: FrontEndError) -> Rules:
    """The compiler cannot take all modules at once, but may take a package with what it needs."""
    packages = set()
    for text in runtime.modules.values():
        match = _PACKAGE.search(text)
        if match is None:
            raise reason
        packages.add(entrypoint_path(f"data.{match[1]}"))
    functions: list[Func] = []
    left_out: dict[Path, str] = {}
    for package in sorted(packages):
        try:
            functions += runtime.plan(reference(package)).funcs
        except FrontEndError as error:
            left_out[package] = str(error).partition("\n")[0]
            log.warning("%s is not served: %s", reference(package), left_out[package])
    if not functions:
        raise reason
    return Rules.of_plan(functions, left_out)


def _input(request: DataRequest) -> Any:
    """The input document, or UNDEFINED."""
    if request.body is None:
        if request.input_text is None:
            return UNDEFINED
        return parse(request.input_text, "parameter contains malformed input document")
    what = "body contains malformed input document"
    if not request.body.strip():
        return UNDEFINED
    document = parse(request.body, what)
    if document is None:
        return UNDEFINED
    if not isinstance(document, dict):
        raise RequestError(
            f'{what}: expected an object, as {{"input": ...}}, found {_kind(document)}'
        )
    return document.get("input", UNDEFINED)


def parse(text: str | bytes, what: str) -> Any:
    """JSON of a request. Raises RequestError with the line and column where it is none."""
    try:
        # Decoded here: json would take the bytes for UTF-16 where they look like it.
        return loads(text.decode() if isinstance(text, bytes) else text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise RequestError(f"{what}: {place}: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise RequestError(f"{what}: not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise RequestError(f"{what}: nested too deeply") from error
    except ValueError as error:
        raise RequestError(f"{what}: {error}") from error


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "an array"
    if isinstance(value, str):
        return "a string"
    return "a boolean" if isinstance(value, bool) else "a number"
