"""A second opinion: the same policies compiled by two front ends, and what they answer differently.

Asked are the policies' tests, and with given inputs every rule that is no function. What one of the
two refuses is told with its message: of a policy that it does not take, it has no opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from regolive.codegen import CompiledPolicy, Env, Frame, compile_policy
from regolive.compiler import CompileRequest, FrontEnd, Language, entrypoint_name
from regolive.compiler.frontend import PLAIN
from regolive.compiler.needed import needed_modules
from regolive.errors import EvalError, FrontEndError, IRError, Location, PolicyError
from regolive.plugins import BoundBuiltin, declare
from regolive.storage import SnapshotStore
from regolive.syntax import parse_module
from regolive.syntax.paths import rule_paths
from regolive.values import UNDEFINED, dumps, equal

_REFUSED = (PolicyError, FrontEndError, IRError)


@dataclass(frozen=True, slots=True)
class Question:
    """A rule that both are asked for. ``path`` is its reference, ``data.rbac.allow``."""

    path: str
    location: Location
    test: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What two front ends answer differently: values as JSON text, ``undefined``, or error codes.

    ``input`` is the number of the input (from 0), None for a test.
    """

    question: Question
    input: int | None
    answers: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the second front end did not compile, and what it said."""

    question: Question
    message: str


@dataclass(slots=True)
class Report:
    """The outcome. ``agreed`` counts answers that are the same.

    ``varying`` are rules that two runs answer differently by themselves: they call builtins that
    are not deterministic, so nothing is compared.
    """

    names: tuple[str, str]
    agreed: int = 0
    differences: list[Difference] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    varying: list[Question] = field(default_factory=list)


class CrossCheck:
    """Compiles with ``first``, whose word is the policy's meaning, and with ``second``."""

    def __init__(
        self,
        modules: Mapping[str, str],
        builtins: Mapping[str, BoundBuiltin],
        first: FrontEnd,
        second: FrontEnd,
        *,
        language: Language = PLAIN,
        data: Mapping[str, Any] | None = None,
        inputs: Sequence[Any] = (),
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """
        Args:
            modules: Rego texts by file name.
            builtins: what policies can call.
            first: the front end whose refusal is an error.
            second: the one that gives the second opinion.
            language: which Rego the modules are in.
            data: the base documents.
            inputs: input documents to ask every rule with.
            progress: called with how many questions are done, and of how many.
        """
        self.modules = modules
        self.builtins = builtins
        self.first, self.second = first, second
        self.store = SnapshotStore(dict(data or {}))
        self.language = language
        self.inputs = inputs
        self.progress = progress
        self.declarations = declare(builtins)
        self.report = Report((first.name, second.name))

    def run(self) -> Report:
        """Ask everything.

        Raises:
            PolicyError: the first front end refuses the policies.
        """
        asked = [q for q in questions(self.modules, self.language) if q.test or self.inputs]
        if not asked:
            self._compile(self.first, [], query="true")  # its checks are worth having all the same
            return self.report
        ours = self._compile(self.first, asked)
        for done, (question, theirs) in enumerate(self._second(asked), 1):
            if theirs is not None:
                self._compare(question, ours, theirs)
            self.progress(done, len(asked))
        return self.report

    def _compile(
        self,
        front_end: FrontEnd,
        asked: Sequence[Question],
        *,
        query: str | None = None,
        needed_only: bool = False,
    ) -> CompiledPolicy:
        request = CompileRequest(
            modules=self.modules,
            entrypoints=tuple(dict.fromkeys(q.path for q in asked)),
            query=query,
            builtins=self.declarations,
            language=self.language,
        )
        if needed_only:
            request = replace(request, modules=needed_modules(request))
        return compile_policy(front_end.compile(request), self.builtins)

    def _second(
        self, asked: Sequence[Question]
    ) -> Iterator[tuple[Question, CompiledPolicy | None]]:
        """Each question with the second front end's code for it, None where it refuses.

        All at once where it takes all; else each module by itself, with what it needs: what is
        refused is modules, so a module that is takes no other's answers away.
        """
        try:
            compiled = self._compile(self.second, asked)
        except _REFUSED:
            pass
        else:
            yield from ((question, compiled) for question in asked)
            return
        by_file: dict[str, list[Question]] = {}
        for question in asked:
            by_file.setdefault(question.location.file, []).append(question)
        for group in by_file.values():
            try:
                found = self._compile(self.second, group, needed_only=True)
            except _REFUSED as error:
                self.report.refusals += [Refusal(q, str(error)) for q in group]
                yield from ((question, None) for question in group)
            else:
                yield from ((question, found) for question in group)

    def _compare(self, question: Question, ours: CompiledPolicy, theirs: CompiledPolicy) -> None:
        documents: list[tuple[int | None, Any]] = (
            [(None, UNDEFINED)] if question.test else list(enumerate(self.inputs))
        )
        for number, document in documents:
            a = self._answer(ours, question, document)
            b = self._answer(theirs, question, document)
            if _same(a, b):
                self.report.agreed += 1
            elif not _same(a, self._answer(ours, question, document)):
                self.report.varying.append(question)
                return
            else:
                self.report.differences.append(Difference(question, number, (_show(a), _show(b))))

    def _answer(self, compiled: CompiledPolicy, question: Question, document: Any) -> Any:
        plan = compiled.entries[entrypoint_name(question.path)].plan
        with self.store.read() as transaction:
            frame = Frame(Env(False, _no_background), transaction, None)
            try:
                rows = plan(frame, document, transaction.root)
            except EvalError as error:
                return error
            except RecursionError:
                return EvalError("nested too deeply")
        return rows[0]["result"] if rows else UNDEFINED


def questions(modules: Mapping[str, str], language: Language = PLAIN) -> list[Question]:
    """The rules of some modules that have a constant path and are no functions, each once.

    Raises:
        PolicyError: a module does not parse.
    """
    found: dict[str, Question] = {}
    for name, text in modules.items():
        module = parse_module(text, name, v0_compatible=language.v0_compatible)
        for steps, rule in rule_paths(module):
            if rule.head.args is not None:
                continue
            path = "data" + "".join(f"[{dumps(step)}]" for step in steps)
            row, col = rule.loc.source.row_col(rule.loc.start)
            test = steps[-1].startswith("test_")
            found.setdefault(path, Question(path, Location(name, row, col), test))
    return list(found.values())


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, EvalError) or isinstance(b, EvalError):
        return isinstance(a, EvalError) and isinstance(b, EvalError) and a.code == b.code
    if a is UNDEFINED or b is UNDEFINED:
        return a is b
    return equal(a, b)


def _show(answer: Any) -> str:
    if isinstance(answer, EvalError):
        return str(answer)
    return "undefined" if answer is UNDEFINED else dumps(answer)


def _no_background(*_: Any, **__: Any) -> Any:
    raise FrontEndError("a cross-check runs nothing in the background")
