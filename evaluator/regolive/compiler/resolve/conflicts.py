"""Rules that cannot be together: of different kinds under one path, or under each other.

A path has complete rules, rules of a set, or a function; heads with variables are one kind more.
Below the path of a rule there can be no other, unless its own head goes on with a variable.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from regolive.compiler.program import Finding, ResolvedModule, RuleTree, Stage, diagnostic
from regolive.compiler.resolve.text import path_text, relative_text, rule_text
from regolive.syntax import nodes as n

_Kind = tuple[str, int, bool]


def check_conflicts(
    modules: Sequence[ResolvedModule], parsed: Sequence[n.Module], tree: RuleTree
) -> Iterator[Finding]:
    """What is wrong with the rules of a set among each other."""
    names = RuleNames(modules)
    packages = {module.source.name: module.package for module in parsed}
    for node in tree.walk():
        if node.rules:
            yield from _at(node, names, packages)
    yield from _packages(packages, tree)


class RuleNames:
    """How rules are written in messages: with the names of variables that their policy has."""

    def __init__(self, modules: Sequence[ResolvedModule]) -> None:
        self._modules = modules
        self._of: dict[int, ResolvedModule] | None = None

    def text(self, rule: n.Rule) -> str:
        """The path of a rule."""
        if self._of is None:
            self._of = {id(r): module for module in self._modules for r in module.rules}
        module = self._of.get(id(rule))
        return rule_text(rule, {} if module is None else module.names)


def _at(node: RuleTree, names: RuleNames, packages: Mapping[str, n.Package]) -> Iterator[Finding]:
    rules = node.rules
    first = rules[0]
    kinds = [_kind(rule) for rule in rules]
    below = list(_below(node)) if node.children else []
    ground = next((rule for rule, kind in zip(rules, kinds, strict=True) if not kind[2]), None)
    if ground is None:
        # What goes on with a variable shares its path with rules below, but not with functions.
        below = [rule for rule in below if rule.head.args is not None]
    if below:
        others = "".join(
            f"\n  rule {names.text(rule)} at {rule.loc.file}:{rule.loc.row}"
            for rule in sorted(below, key=lambda rule: (rule.loc.file, rule.loc.start))
        )
        message = f"rule {names.text(ground or first)} conflicts with:{others}"
        yield _finding(message, first.loc)
    elif len(rules) > 1:
        other = next((r for r, kind in zip(rules, kinds, strict=True) if kind != kinds[0]), None)
        if other is not None:
            yield _finding(f"conflicting rules {names.text(other)} found", first.loc)
        else:
            yield from _defaults(rules, names, packages)


def _kind(rule: n.Rule) -> _Kind:
    head = rule.head
    variables = any(isinstance(term, n.Var) for term in head.ref.terms[1:])
    if head.args is not None:
        return "function", len(head.args), variables
    return "set" if head.key is not None else "value", 0, variables


def _below(node: RuleTree) -> Iterator[n.Rule]:
    """The rules below a node, those nearest to it on each way down."""
    todo = list(node.children.values())
    while todo:
        child = todo.pop()
        if child.rules:
            yield from child.rules
        else:
            todo.extend(child.children.values())


def _defaults(
    rules: list[n.Rule], names: RuleNames, packages: Mapping[str, n.Package]
) -> Iterator[Finding]:
    defaults = [rule for rule in rules if rule.default]
    if len(defaults) > 1:
        places = ", ".join(f"{rule.loc.file}:{rule.loc.row}" for rule in defaults)
        message = f"multiple default rules {names.text(defaults[0])} found at {places}"
        # As in OPA, the place is the package's.
        yield _finding(message, _package_loc(defaults[0], packages))


def _package_loc(rule: n.Rule, packages: Mapping[str, n.Package]) -> n.Loc:
    package = packages.get(rule.loc.file)
    return rule.loc if package is None else package.loc


def _packages(packages: Mapping[str, n.Package], tree: RuleTree) -> Iterator[Finding]:
    """Packages whose path is that of a rule."""
    for path in dict.fromkeys(package.names for package in packages.values()):
        node = tree.find(path)
        for rule in node.rules if node is not None else ():
            if _kind(rule)[2]:
                continue
            own = packages.get(rule.loc.file)
            name = relative_text(rule, len(own.names) if own is not None else 0)
            message = (
                f"package {path_text(path[1:], path[0])} conflicts with rule {name} "
                f"defined at {rule.loc.file}:{rule.loc.row}"
            )
            yield _finding(message, _package_loc(rule, packages))


def _finding(message: str, loc: n.Loc) -> Finding:
    return Finding(Stage.CONFLICTS, diagnostic("rego_type_error", message, loc))
