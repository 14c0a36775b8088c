"""A policy set: modules compiled together, once, and the queries that are planned over them.

``compile_set`` runs the stages over all modules. Given the set that was compiled before, it does
again only what a change can have touched: a module is parsed again if its text changed, resolved
again if what the other modules tell it changed, and types are inferred again of rules that changed
or refer to something of another type.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from regolive.compiler import stored
from regolive.compiler.frontend import (
    PLAIN,
    QUERY_FILE,
    Language,
    UndefinedFunctionError,
    entrypoint_path,
)
from regolive.compiler.planner import Planner
from regolive.compiler.program import (
    Exports,
    Finding,
    Path,
    ResolvedModule,
    ResolvedQuery,
    RuleTree,
    Stage,
    rule_tree,
)
from regolive.compiler.resolve import (
    Options,
    check_set,
    exports,
    resolve_module,
    resolve_query,
)
from regolive.compiler.types import (
    Inferred,
    Schemas,
    Signatures,
    TypeEnv,
    check_query,
    infer_modules,
)
from regolive.concurrency import Mutex
from regolive.errors import Diagnostic, PolicyError
from regolive.ir.nodes import BuiltinDecl, Policy
from regolive.syntax import nodes as n
from regolive.syntax import parse_module, parse_query
from regolive.syntax.visitor import same

_UNDEFINED = "undefined function "


@dataclass(frozen=True, slots=True)
class Demands:
    """What a set is compiled for: the builtins there are, and the language. Compared by equality.

    ``features`` and ``keywords`` are those that capabilities allow; None for all.
    """

    builtins: Mapping[str, BuiltinDecl]
    language: Language = PLAIN
    features: frozenset[str] | None = None
    keywords: frozenset[str] | None = None

    def options(self) -> Options:
        """The resolver's options."""
        return Options(builtins=self.builtins, strict=self.language.strict, features=self.features)


@dataclass(frozen=True, slots=True)
class Unit:
    """One module of a set, as the stages left it."""

    text: str
    parsed: n.Module
    resolved: ResolvedModule
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Checked:
    """Modules with what all stages say of them.

    ``diagnostics`` are those of the stage that OPA would have ended with, empty for none; ``types``
    is None if an earlier stage found something.
    """

    units: dict[str, Unit]
    exports: Exports
    tree: RuleTree
    types: Inferred | None
    diagnostics: list[Diagnostic] = field(default_factory=list)


class PolicySet:
    """Modules that are compiled, and a planner over them. Safe to use from several threads."""

    __slots__ = (
        "_env",
        "_lock",
        "_options",
        "_planner",
        "_signatures",
        "checked",
        "demands",
        "exports",
        "modules",
        "tree",
    )

    def __init__(
        self,
        modules: Mapping[str, str],
        demands: Demands,
        exported: Exports,
        tree: RuleTree,
        env: TypeEnv | bytes,
        checked: Checked | None,
    ) -> None:
        """
        Args:
            modules: the texts by file name.
            demands: what they were compiled for.
            exported: what the modules tell each other, and a query.
            tree: the resolved rules.
            env: the types of rules; bytes where it comes from the disk, and is read when needed.
            checked: what the stages left; None for a set from the disk.
        """
        self.modules = dict(modules)
        self.demands = demands
        self.exports = exported
        self.tree = tree
        self.checked = checked
        self._env = env
        self._options = demands.options()
        self._signatures = Signatures(demands.builtins)
        self._planner = Planner(tree, demands.builtins)
        self._lock = Mutex("compiler.policy_set", guards="the types, while bytes become them")

    def serves(self, modules: Mapping[str, str], demands: Demands) -> bool:
        """Whether this set is what compiling these modules would give."""
        return self.modules == modules and self.demands == demands

    def plan(self, entrypoints: Sequence[str], query: str | None) -> Policy:
        """Plan entrypoints and a query.

        Raises:
            PolicyError: the query is wrong, or an entrypoint is none.
        """
        try:
            paths = [self._entrypoint(text) for text in entrypoints]
            if query is None:
                return self._planner.plan(paths)
            body, imports = parse_query(query, QUERY_FILE)
            source = n.Source(QUERY_FILE, query)
            resolved, findings = resolve_query(body, imports, source, self.exports, self._options)
            if not findings:
                findings = check_query(resolved, self.env, self._signatures)
            if findings:
                raise policy_error(reported(findings))
            return self._planner.plan(paths, resolved)
        except RecursionError:
            raise too_deep() from None

    def _entrypoint(self, text: str) -> Path:
        """The path of an entrypoint, which is checked as the query that it is."""
        try:
            path = entrypoint_path(text)
        except ValueError as error:
            raise PolicyError([Diagnostic("rego_compile_error", str(error))]) from error
        source = n.Source(QUERY_FILE, text)
        loc = n.Loc(source, 0, len(text))
        ref = n.Ref(loc, (n.Var(loc, "data"), *[n.Scalar(loc, step) for step in path]))
        query = ResolvedQuery(source, (n.Expr(loc, ref),), {})
        findings = check_query(query, self.env, self._signatures)
        if findings:
            raise policy_error(reported(findings))
        return path

    @property
    def env(self) -> TypeEnv:
        """The types of the set's rules."""
        env = self._env
        if isinstance(env, TypeEnv):
            return env
        with self._lock:
            if isinstance(self._env, bytes):
                self._env = pickle.loads(self._env)
            assert isinstance(self._env, TypeEnv)
            return self._env

    def dump(self) -> bytes | None:
        """The set as bytes for the disk; None for one that cannot be written."""
        if self.checked is None:
            return None
        resolved = [unit.resolved for unit in self.checked.units.values()]
        try:
            return stored.dump(resolved, self.exports, self.tree, self.env)
        except RecursionError:
            return None  # nested so deeply that pickle gives up; compiling does not


def compile_set(
    modules: Mapping[str, str], demands: Demands, previous: PolicySet | None = None
) -> PolicySet:
    """Compile modules. ``previous`` is a set that was compiled for the same demands.

    Raises:
        PolicyError: something is wrong with them; carries every diagnostic of the first stage that
            found something.
    """
    known = previous.checked if previous is not None else None
    checked = check(modules, demands, known)
    if checked.diagnostics:
        raise policy_error(checked.diagnostics)
    assert checked.types is not None
    return PolicySet(modules, demands, checked.exports, checked.tree, checked.types.env, checked)


def restore(modules: Mapping[str, str], demands: Demands, found: stored.Stored) -> PolicySet:
    """A set from what the disk kept of it."""
    return PolicySet(modules, demands, found.exports, found.tree, found.env, None)


def check(modules: Mapping[str, str], demands: Demands, previous: Checked | None = None) -> Checked:
    """Run the stages over modules, as far as OPA would run them.

    Raises:
        PolicyError: a module does not parse, or is nested too deeply.
    """
    try:
        return _check(modules, demands, previous)
    except RecursionError:
        raise too_deep() from None


def _check(modules: Mapping[str, str], demands: Demands, previous: Checked | None) -> Checked:
    known = previous.units if previous is not None else {}
    parsed = _parse(modules, demands, known)
    exported = exports(parsed.values())
    options = demands.options()
    units: dict[str, Unit] = {}
    findings: list[Finding] = []
    told = previous is not None and _tells_the_same(previous.exports, exported)
    for name, module in parsed.items():
        unit = known.get(name)
        package = module.package.names
        if (
            unit is None
            or unit.parsed is not module
            or not told
            or previous is None
            or previous.exports.rules.get(package) != exported.rules.get(package)
        ):
            resolved, found = resolve_module(module, exported, options)
            unit = Unit(modules[name], module, resolved, tuple(found))
        units[name] = unit
        findings += unit.findings
    resolved_modules = [unit.resolved for unit in units.values()]
    tree = rule_tree(resolved_modules)
    findings += check_set(resolved_modules, list(parsed.values()), tree, options)
    types = None
    if not any(finding.stage < Stage.TYPES for finding in findings):
        types = infer_modules(
            resolved_modules,
            Signatures(demands.builtins),
            Schemas(demands.language.schemas),
            previous.types if previous is not None else None,
        )
        findings += types.findings
    return Checked(units, exported, tree, types, reported(findings))


def _parse(
    modules: Mapping[str, str], demands: Demands, known: Mapping[str, Unit]
) -> dict[str, n.Module]:
    parsed: dict[str, n.Module] = {}
    wrong: list[Diagnostic] = []
    for name, text in modules.items():
        unit = known.get(name)
        if unit is not None and unit.text == text:
            parsed[name] = unit.parsed
            continue
        try:
            parsed[name] = parse_module(
                text,
                name,
                v0_compatible=demands.language.v0_compatible,
                features=demands.features,
                future_keywords=demands.keywords,
                builtins=demands.builtins,
            )
        except PolicyError as error:
            wrong += error.diagnostics
    if wrong:
        raise PolicyError(wrong)
    return parsed


def _tells_the_same(old: Exports, new: Exports) -> bool:
    """Whether what all modules are told is the same. Names of rules matter to a package only."""
    return (
        old.functions == new.functions
        and old.annotations.keys() == new.annotations.keys()
        and all(same(a, new.annotations[path]) for path, a in old.annotations.items())
    )


def reported(findings: Sequence[Finding]) -> list[Diagnostic]:
    """Of all findings, those of the stage that OPA's compiler would have ended with."""
    if not findings:
        return []
    first = min(finding.stage for finding in findings)
    return [finding.diagnostic for finding in findings if finding.stage == first]


def policy_error(diagnostics: Sequence[Diagnostic]) -> PolicyError:
    """The error that carries diagnostics; one of its own where functions are missing."""
    missing = [
        d.message.removeprefix(_UNDEFINED) for d in diagnostics if d.message.startswith(_UNDEFINED)
    ]
    if missing:
        return UndefinedFunctionError(diagnostics, list(dict.fromkeys(missing)))
    return PolicyError(diagnostics)


def too_deep() -> PolicyError:
    """The error for what is nested more deeply than Python can follow."""
    return PolicyError([Diagnostic("rego_compile_error", "a policy is nested too deeply")])
