"""The front end regopy (rego-cpp), run in a process of its own.

regopy plans Rego as OPA does, but prints its errors, crashes on some policies and checks little.
This file sees to the process; ``regopy_errors`` reads its errors, ``regopy_normalise`` puts its
plans right, and ``calls`` makes up for the checks.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from regolive.compiler import calls, regopy_normalise
from regolive.compiler.frontend import QUERY_FILE, CompileRequest, entrypoint_name
from regolive.compiler.needed import needed_modules
from regolive.compiler.process import Worker, WorkerError
from regolive.compiler.regopy_errors import Texts, diagnose
from regolive.errors import Diagnostic, FrontEndError, IRError, PolicyError
from regolive.ir.nodes import Policy

log = logging.getLogger("regolive.compiler")

SCRIPT = Path(__file__).with_name("regopy_worker.py")
TIMEOUT = 30.0


class RegopyFrontEnd:
    """Compiles through regopy. Safe to use from several threads.

    One worker process is kept between compiles; it ends by itself after a minute without work.
    Compiles at the same time get a worker each.
    """

    name = "regopy"
    plans_data = False

    def __init__(self, *, timeout: float = TIMEOUT, script: Path = SCRIPT) -> None:
        """
        Args:
            timeout: seconds that a compile may take.
            script: the worker's program; tests put another in its place.
        """
        self.timeout = timeout
        self.script = script
        # At most one idle worker. List operations are atomic, so this needs no lock.
        self.idle: list[Worker] = []
        self.crashed: set[int] = set()  # fingerprints of sets of modules that regopy crashed on
        # One that is forgotten, or still there when Python ends, closes its worker too.
        weakref.finalize(self, _close, self.idle)

    def compile(self, request: CompileRequest) -> Policy:
        """Compile modules, entrypoints and query to one plan.

        regopy crashes on some modules: it does on every `with` around a rule that refers to
        another rule, so on most tests. Then the modules that the query cannot need are left out.

        Raises:
            PolicyError: the policy is wrong; carries every diagnostic that was found.
            FrontEndError: regopy crashed, took too long or answered nonsense.
        """
        if request.language.v0_compatible:
            raise FrontEndError("regopy compiles Rego v1 only; these modules are in Rego v0")
        fingerprint = hash(tuple(request.modules.items()))
        if fingerprint not in self.crashed:
            try:
                return self.compile_all(request)
            except FrontEndError as error:
                fewer = needed_modules(request)
                if len(fewer) == len(request.modules):
                    raise
                self.crashed.add(fingerprint)
                log.warning(
                    "%s; compiling without the modules that a query does not refer to",
                    str(error).splitlines()[0],
                )
        return self.compile_all(replace(request, modules=needed_modules(request)))

    def compile_all(self, request: CompileRequest) -> Policy:
        """Compile all modules of a request."""
        entrypoints = tuple(dict.fromkeys(map(_entrypoint, request.entrypoints)))
        if not entrypoints and request.query is None:
            raise FrontEndError("nothing to compile: neither an entrypoint nor a query")
        # regopy keeps only the last part of a file's name: it gets names that are unique.
        names = {f"module{i}.rego": name for i, name in enumerate(request.modules)}
        modules = dict(zip(names, request.modules.values(), strict=True))
        texts = Texts(modules, names, request.query)
        answer, printed = self.ask(
            {
                "modules": list(modules.items()),
                "entrypoints": list(entrypoints),
                "query": request.query,
            },
            texts,
        )
        if "plan" not in answer:
            raise self.refusal(answer, printed, texts)
        sources = dict(request.modules)
        if request.query is not None:
            sources[QUERY_FILE] = request.query
        try:
            raw = regopy_normalise.read_raw_plan(
                answer["plan"], sources=sources, names=names, query_file=QUERY_FILE
            )
        except (IRError, ValueError, TypeError, AttributeError) as error:
            raise FrontEndError(
                f"regopy made a plan of {_listed(request.modules)} that is not valid: {error}"
            ) from error
        return finish(raw, request)

    def ask(self, request: dict[str, Any], texts: Texts) -> tuple[dict[str, Any], str]:
        while True:
            worker, warm = self.worker()
            try:
                answer = worker.ask(request, self.timeout)
            except WorkerError as error:
                if error.stale and warm:
                    continue  # the idle worker ended itself at just this moment
                # A crash after an error: the error is what the user needs.
                diagnostics = diagnose([], error.printed, texts)
                if diagnostics:
                    raise PolicyError(diagnostics) from error
                raise FrontEndError(
                    f"regopy failed on {_listed(texts.names.values())}: {error}"
                    + (f"\n{error.printed.strip()[-2000:]}" if error.printed.strip() else "")
                ) from error
            except BaseException:
                worker.process.kill()
                worker.close()
                raise
            if self.idle:
                worker.close()
            else:
                self.idle.append(worker)
            return answer

    def worker(self) -> tuple[Worker, bool]:
        try:
            worker = self.idle.pop()
        except IndexError:
            pass
        else:
            if worker.usable:
                return worker, True
            worker.close()
        try:
            return Worker(self.script), False
        except WorkerError as error:
            raise FrontEndError(f"regopy cannot be run: {error}") from error

    def refusal(self, answer: dict[str, Any], printed: str, texts: Texts) -> Exception:
        if "unavailable" in answer:
            return FrontEndError(f"regopy cannot be imported: {answer['unavailable']}")
        trees = answer.get("errors")
        if isinstance(trees, list) and trees:
            return PolicyError(diagnose([str(tree) for tree in trees], printed, texts))
        shown = _listed(texts.names.values())
        return FrontEndError(f"regopy answered nonsense for {shown}: {answer!r:.200}")

    def close(self) -> None:
        """End the idle worker. The front end can be used again afterwards."""
        _close(self.idle)


def _close(workers: list[Worker]) -> None:
    while workers:
        workers.pop().close()


def finish(raw: regopy_normalise.RawPlan, request: CompileRequest) -> Policy:
    """The plan put right and checked.

    Raises:
        PolicyError: what regopy did not check is wrong.
    """
    policy = regopy_normalise.function_names(raw.policy)
    policy = regopy_normalise.positions(policy)
    fresh = regopy_normalise.fresh_locals(policy)
    policy = calls.Calls(policy, request.builtins, raw.known, fresh).resolve()
    calls.check_recursion(policy)
    calls.check_safety(policy)
    policy = regopy_normalise.package_entrypoints(policy)
    policy = regopy_normalise.dynamic_calls(policy, fresh)
    policy = regopy_normalise.scans(policy, fresh)
    return regopy_normalise.query_plan(policy, fresh)


def _entrypoint(text: str) -> str:
    try:
        return entrypoint_name(text)
    except ValueError as error:
        raise PolicyError([Diagnostic("rego_compile_error", str(error))]) from error


def _listed(names: Iterable[str]) -> str:
    shown = sorted(names)
    if not shown:
        return "a query without modules"
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
