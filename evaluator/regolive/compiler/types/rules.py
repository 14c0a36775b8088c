"""Inference: the types of rules, path by path, and the types in a query's body."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from regolive.compiler.program import Finding, ResolvedModule, ResolvedQuery
from regolive.compiler.types.algebra import merged
from regolive.compiler.types.annotations import Scopes
from regolive.compiler.types.build import path_of
from regolive.compiler.types.checker import QUERY_EQUATIONS, BodyChecker
from regolive.compiler.types.env import TypeEnv, TypePath
from regolive.compiler.types.model import ANY, Part, function, object_type, set_of
from regolive.compiler.types.signatures import Signatures
from regolive.compiler.types.terms import Types
from regolive.syntax import nodes as n


@dataclass(frozen=True, slots=True)
class Group:
    """The rules of one path (the constant part of it), and the module each is from."""

    path: TypePath
    rules: Sequence[tuple[ResolvedModule, n.Rule]]
    refs: Sequence[n.Ref] = ()
    """Their references into ``data``."""

    def same(self, other: Group) -> bool:
        """Whether both consist of the same rules: the same objects."""
        return len(self.rules) == len(other.rules) and all(
            a is c and b is d for (a, b), (c, d) in zip(self.rules, other.rules, strict=True)
        )


def groups_of(modules: Iterable[ResolvedModule]) -> dict[TypePath, Group]:
    """The rules of some modules by their paths."""
    found: dict[TypePath, tuple[list[tuple[ResolvedModule, n.Rule]], list[n.Ref]]] = {}
    for module in modules:
        for rule, refs in zip(module.rules, module.refs, strict=True):
            path = path_of(rule)
            group = found.get(path)
            if group is None:
                group = found[path] = ([], [])
            group[0].append((module, rule))
            group[1].extend(refs)
    return {path: Group(path, rules, refs) for path, (rules, refs) in found.items()}


def infer(
    groups: Iterable[Group], env: TypeEnv, signatures: Signatures, scopes: Scopes
) -> tuple[list[Finding], set[TypePath]]:
    """Infer the types of rules and put them into the environment, in place of what was there.

    Args:
        groups: all rules of the paths that are to be inferred, after those they refer to
            (``dependencies.order``).
        env: what is known of all other paths.
        signatures: the builtins.
        scopes: the schemas, and the annotations of all modules.

    Returns:
        What is wrong, and the paths whose type is now another: rules that refer to those have to be
        inferred again, others have not.
    """
    findings: list[Finding] = []
    changed: set[TypePath] = set()
    for group in groups:
        made: list[Part] = []
        for module, rule in group.rules:
            _rule(module, rule, len(group.path), env, signatures, scopes, findings, made)
        if env.put(group.path, merged(made)):
            changed.add(group.path)
    return findings, changed


def _rule(
    module: ResolvedModule,
    rule: n.Rule,
    constant: int,
    env: TypeEnv,
    signatures: Signatures,
    scopes: Scopes,
    findings: list[Finding],
    made: list[Part],
) -> None:
    overlay, for_else = scopes.overlay(module, rule, env, findings)
    step: n.Rule | None = rule
    while step is not None:
        checker = BodyChecker(env, signatures, module.names, overlay)
        types: Types = {}
        checker.check(step.body, types)
        if checker.findings:
            # Nothing is known of a rule that is wrong; what refers to it is not wrong for that.
            findings += checker.findings
            made.append(ANY)
        else:
            made.append(_made(step.head, constant, checker, types))
        step, overlay = step.else_, for_else


def _made(head: n.Head, constant: int, checker: BodyChecker, types: Types) -> Part:
    """The type of what a rule makes, once the variables of its body have theirs."""
    if head.args:  # without parameters it is a rule, and not called
        for arg in head.args:
            _anything(arg, types)
        args = [checker.type_of(arg, types) for arg in head.args]
        return function(args, _value(head, checker, types))
    if head.key is not None:
        key = checker.type_of(head.key, types)
        t: Part = None if key is None else set_of(key)
    else:
        t = _value(head, checker, types)
    for step in reversed(head.ref.terms[constant + 1 :]):
        if t is None:
            return None
        t = object_type((), (checker.type_of(step, types), t))
    return t


def _value(head: n.Head, checker: BodyChecker, types: Types) -> Part:
    return None if head.value is None else checker.type_of(head.value, types)


def _anything(term: n.Term, types: Types) -> None:
    """Variables of a parameter that the body says nothing of can be anything."""
    todo = [term]
    while todo:
        part = todo.pop()
        if isinstance(part, n.Var):
            types.setdefault(part.name, ANY)
        elif isinstance(part, n.Object):
            todo += part.flat
        elif isinstance(part, n.Array | n.Set):
            todo += part.items


def check_query(query: ResolvedQuery, env: TypeEnv, signatures: Signatures) -> list[Finding]:
    """What is wrong with the types in a query. The environment is not changed."""
    checker = BodyChecker(env, signatures, query.names, equations=QUERY_EQUATIONS)
    checker.check(query.body, {})
    return checker.findings
