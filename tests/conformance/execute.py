"""One case, run one way, inside a worker."""

from __future__ import annotations

import contextlib
import importlib
import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from regolive.codegen import Env, Frame, compile_policy
from regolive.compiler import QUERY_PLAN, CompileRequest, FrontEnd, UndefinedFunctionError
from regolive.compiler.native import NativeFrontEnd
from regolive.compiler.regopy import RegopyFrontEnd
from regolive.errors import EvalError, FrontEndError, PolicyError
from regolive.ir import nodes as ir
from regolive.ir.reader import read_policy
from regolive.plugins import Registry
from regolive.storage import open_store
from regolive.values import UNDEFINED
from tests.conformance.cases import Case
from tests.conformance.compare import check_error, check_result, wanted_error

Way = Literal["plan", "modules", "regopy"]
"""From OPA's own plan; from the modules, through our compiler; from the modules, through regopy."""

WAYS: tuple[Way, ...] = ("plan", "modules", "regopy")
Status = Literal["passed", "failed", "missing", "refused"]

# The plans were compiled with modules of these names; OPA's suite calls them test-0.rego, ...
_PLANNED_NAME = re.compile(r"module-(\d+)\.rego\Z")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a case went. ``reason`` says why it did not pass; ``missing`` names builtins."""

    status: Status
    reason: str = ""
    missing: tuple[str, ...] = ()


class Memory:
    """A limit on this process's memory, which can be lifted for what it starts."""

    def __init__(self, mebibytes: int) -> None:
        """``mebibytes`` of address space; 0, or a system without such limits: none."""
        self.size = mebibytes << 20
        self.restrict()

    def restrict(self) -> None:
        """Hold to the limit from now on: what goes beyond is a MemoryError."""
        self._set(self.size)

    def lift(self) -> None:
        """Let go of the limit."""
        self._set(-1)  # RLIM_INFINITY

    def _set(self, size: int) -> None:
        if not self.size:
            return
        with contextlib.suppress(ImportError, OSError, ValueError):
            import resource

            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (size, hard))


class _Regopy(RegopyFrontEnd):
    """Regopy, remembering whether what it was asked last came out as a plan.

    A policy refused after that was refused by our own checks, and that is no fault of regopy's.
    """

    def __init__(self, memory: Memory, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.memory = memory
        self.planned = False

    def worker(self) -> Any:
        # rego-cpp's allocator reserves far more address space than it uses.
        self.memory.lift()
        try:
            return super().worker()
        finally:
            self.memory.restrict()

    def ask(self, *args: Any) -> Any:
        self.planned = False
        answer = super().ask(*args)
        self.planned = "plan" in answer[0]
        return answer


class Executor:
    """Runs cases. Holds what is expensive to make: the registry and the front end's process."""

    def __init__(self, plugins: Iterable[str], memory: Memory, compile_timeout: float) -> None:
        """``plugins`` are modules to import and register besides the standard builtins."""
        registry = Registry()
        registry.register(importlib.import_module("regolive_std").StdPlugin, "std")
        if not registry.builtins:
            raise RuntimeError("regolive_std has no builtins: is it the package of this tree?")
        for name in ("tests.conformance.suite_builtins", *plugins):
            registry.register(importlib.import_module(name), name)
        self.builtins = registry.builtins
        self.declarations = registry.declared()
        self.own = NativeFrontEnd(store=False)
        self.regopy = _Regopy(memory, compile_timeout)

    def run(self, case: Case, way: Way) -> Outcome:
        """The outcome of a case; no exception of what is under test leaves this."""
        try:
            if way == "plan":
                policy = self._planned(case)
            else:
                policy = self._compiled(case, self.own if way == "modules" else self.regopy)
            if isinstance(policy, Outcome):
                return policy
            missing = sorted({b.name for b in policy.builtins} - set(self.builtins))
            if missing:
                return Outcome("missing", f"no builtin {', '.join(missing)}", tuple(missing))
            want = case.want_plan_result if way == "plan" else case.want_result
            return self._evaluated(case, policy, want)
        except MemoryError:
            return Outcome("failed", "out of memory")
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{where.filename.rsplit('/', 1)[-1]}:{where.lineno}"
            return Outcome("failed", f"{type(error).__name__}: {error} ({place})")

    def _planned(self, case: Case) -> ir.Policy | Outcome:
        if case.plan is None:
            return Outcome("refused", "the case has no plan")
        policy = read_policy(case.plan)
        files = tuple(_PLANNED_NAME.sub(r"test-\1.rego", name) for name in policy.files)
        return replace(policy, files=files)

    def _compiled(self, case: Case, front_end: FrontEnd) -> ir.Policy | Outcome:
        # A builtin that is missing here is declared by the case's plan: so what a compiler refuses
        # does not depend on which builtins exist yet.
        declared = {
            b["name"]: ir.BuiltinDecl(b["name"], b["decl"])
            for b in ((case.plan or {}).get("static") or {}).get("builtin_funcs") or ()
        }
        request = CompileRequest(
            modules={f"test-{i}.rego": text for i, text in enumerate(case.modules)},
            query=case.query,
            builtins={**declared, **self.declarations},
        )
        try:
            return front_end.compile(request)
        except (PolicyError, FrontEndError) as error:
            if front_end is self.regopy and not self.regopy.planned:
                return Outcome("refused", str(error))
            if isinstance(error, UndefinedFunctionError) and not any(
                name.startswith("data.") for name in error.names
            ):
                # The suite's policies are right: a function that is not theirs is a builtin's.
                return Outcome("missing", str(error), error.names)
            return Outcome("failed", f"refused: {error}")

    def _evaluated(self, case: Case, policy: ir.Policy, want: Any) -> Outcome:
        document = self._input(case)
        compiled = compile_policy(policy, self.builtins)
        name = QUERY_PLAN if QUERY_PLAN in compiled.entries else case.entrypoints[0]
        with open_store("snapshot", case.data).read() as transaction:
            frame = Frame(Env(case.strict_error, _no_background), transaction, None)
            try:
                rows = compiled.entries[name].plan(frame, document, transaction.root)
            except EvalError as error:
                wrong = check_error(case, error)
            else:
                if case.wants_error:
                    wrong = f"want error {wanted_error(case)}, got {len(rows)} results"
                else:
                    wrong = check_result(case, rows, want)
        return Outcome("passed") if wrong is None else Outcome("failed", wrong)

    def _input(self, case: Case) -> Any:
        if case.input_term is None:
            return case.input
        request = CompileRequest(
            modules={}, query=f"x = {case.input_term}", builtins=self.declarations
        )
        compiled = compile_policy(self.own.compile(request), self.builtins)
        with open_store("snapshot", {}).read() as transaction:
            frame = Frame(Env(False, _no_background), transaction, None)
            (row,) = compiled.entries[QUERY_PLAN].plan(frame, UNDEFINED, transaction.root)
        return row["x"]

    def close(self) -> None:
        """End regopy's process."""
        self.regopy.close()
        self.own.close()


def _no_background(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a compliance case has no background work")
