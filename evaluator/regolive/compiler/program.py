"""What the compiler's stages hand to each other: resolved modules and queries, the tree of rules.

A resolved rule is an ``n.Rule`` of which more can be said than of a parsed one; ``ResolvedModule``
lists it. The type checker and the planner read nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from regolive.errors import Details, Diagnostic, Location
from regolive.syntax import nodes as n

Path = tuple[str, ...]
"""Steps below ``data``: ``("rbac", "allow")``."""


@dataclass(frozen=True, slots=True)
class Exports:
    """What the modules of a set tell each other before any of them is resolved.

    ``rules``: by package, the first steps of the names of its rules (what a bare name in a module
    of that package may mean). ``functions``: by path, how many parameters a function takes.
    ``annotations``: by path, those of scope package, subpackages and document as values, which
    ``rego.metadata.chain`` of other modules shows. Two are equal if they say the same.
    ``values``: the paths of rules that are no functions, for what is said of calls of them.
    """

    rules: Mapping[Path, frozenset[str]]
    functions: Mapping[Path, int]
    annotations: Mapping[Path, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    values: frozenset[Path] = frozenset()


@dataclass(slots=True, eq=False)
class ResolvedModule:
    """A module whose rules are resolved:

    - ``head.ref`` begins with Var ``data`` and the package; its other steps are scalars or
      variables.
    - Every reference begins with Var ``data``, Var ``input`` or a local variable, and its steps are
      scalars, variables, or composites of these. Variables in composite steps are bound before.
      All of a document is Var ``data``, Var ``input``. Imports are gone.
    - References inside of composites and of a call's operands (save those of ``eq`` and ``equal``
      themselves) have steps that bind nothing. Under ``not`` there are none: what may be undefined
      is evaluated before, by expressions that are not negated, as in OPA.
    - The operator of a call is a builtin's name (Var, then Scalars: ``plus``, ``io.jwt.decode``) or
      a reference into ``data``.
    - There are no calls inside of terms: each is an expression of its own before,
      ``f(x, __local3__)``, with one operand more than the function has, which is its result.
      ``x := f(y)`` is ``f(y, x)``.
    - An expression is a call, a term that must not be false, an Every, a Not or a Logical. ``=`` is
      a call of ``eq``, ``==`` of ``equal``; there is no ``:=``, no ``some``. ``print`` and template
      strings are calls of ``internal.print`` and ``internal.template_string``.
    - The domain of an Every is a variable.
    - The head's key and value, comprehension heads and ``with`` values need no evaluation: scalars,
      variables, composites of these. The value of a ``with`` on a function may be the reference of
      a function or rule, or a builtin's name: it is called in place of the function.
    - The body of a default rule is ``true``, unless its value has comprehensions: then it computes
      them.
    - Declared variables (parameters included) have names of their own in the module:
      ``__local7__``. ``names`` gives what each was called. Wildcards stay ``$0``, ``$1``, ...
    - Bodies are in an order in which every variable is bound before it is needed.

    ``refs`` has for each rule (its ``else`` chain included) the references into ``data`` that it
    makes: documents, functions, and what its ``with``s replace. ``replaced`` has the documents
    that are replaced.
    """

    source: n.Source
    package: Path
    rules: tuple[n.Rule, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    annotations: tuple[n.Annotations, ...] = ()
    refs: tuple[tuple[n.Ref, ...], ...] = ()
    replaced: tuple[n.Ref, ...] = ()

    @property
    def file(self) -> str:
        """The module's file name."""
        return self.source.name


@dataclass(slots=True, eq=False)
class ResolvedQuery:
    """A query's body, resolved as rules are.

    ``outputs`` are the variables whose values are results, by the name they are reported under.
    """

    source: n.Source
    body: n.Body
    outputs: Mapping[str, str]
    names: Mapping[str, str] = field(default_factory=dict)


class Stage(IntEnum):
    """The checks in the order of OPA 1.20 (``opa eval --instrument`` names its stages)."""

    REFERENCES = 1
    """Names: rules and imports."""
    HEAD_REFERENCES = 2
    """Heads with variables, where the capabilities do not have them."""
    KEYWORDS = 3
    """``input`` and ``data`` in place of a name."""
    IMPORTS = 4
    """Imports of one name."""
    TREE = 5
    LOCALS = 6
    """Declarations."""
    TEMPLATES = 7
    VOID_CALLS = 8
    PRINTS = 9
    TERMS = 10
    ANNOTATIONS = 11
    METADATA_CALLS = 12
    WITHS = 13
    """Targets and values of ``with``."""
    CONFLICTS = 14
    """Rules of one path that cannot be together."""
    FUNCTIONS = 15
    """Calls of functions that do not exist."""
    SAFE_HEADS = 16
    SAFE_BODIES = 17
    RECURSION = 18
    TYPES = 19
    DEPRECATED_BUILTINS = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic and the stage that found it.

    OPA's compiler ends with the first stage that finds something: of all findings of a policy set,
    those of the lowest stage are reported.
    """

    stage: Stage
    diagnostic: Diagnostic


class RuleTree:
    """The rules of all modules by their paths: a node for each step that is constant.

    ``rules`` are those whose constant part ends here; a step that is a constant but no string is a
    child too, under its Python value wrapped by ``step_key``.
    """

    __slots__ = ("children", "rules")

    def __init__(self) -> None:
        self.children: dict[object, RuleTree] = {}
        self.rules: list[n.Rule] = []

    def add(self, rule: n.Rule) -> None:
        """Put a rule under the constant part of its path."""
        node = self
        for term in rule.head.ref.terms[1:]:
            key = step_key(term)
            if key is None:
                break
            child = node.children.get(key)
            if child is None:
                child = node.children[key] = RuleTree()
            node = child
        node.rules.append(rule)

    def add_package(self, path: Path) -> None:
        """Put a package's node there, whatever rules it may have."""
        node = self
        for key in path:
            node = node.children.setdefault(key, RuleTree())

    def find(self, path: Iterable[object]) -> RuleTree | None:
        """The node of a path (strings, or what ``step_key`` makes), None where there is none."""
        node: RuleTree | None = self
        for key in path:
            if node is None:
                return None
            node = node.children.get(key)
        return node

    def walk(self) -> Iterator[RuleTree]:
        """This node and all below."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(node.children.values())


def step_key(term: n.Term) -> object | None:
    """A constant step as a key of the tree: a string itself; (kind, text) for others; None if not
    constant."""
    if isinstance(term, n.Scalar):
        return term.value if isinstance(term.value, str) else ("scalar", term.value)
    if isinstance(term, n.Number):
        return ("number", term.text)
    return None


def rule_tree(modules: Iterable[ResolvedModule]) -> RuleTree:
    """The tree of all rules of some modules. A package without rules is in it too: it is ``{}``."""
    tree = RuleTree()
    for module in modules:
        tree.add_package(module.package)
        for rule in module.rules:
            tree.add(rule)
    return tree


def diagnostic(
    code: str,
    message: str,
    loc: n.Loc | None,
    hint: str | None = None,
    details: Details | None = None,
) -> Diagnostic:
    """A diagnostic that points at a place and shows its line."""
    if loc is None:
        return Diagnostic(code, message, None, None, hint, details)
    row, col = loc.source.row_col(loc.start)
    place = Location(loc.file, row, col)
    return Diagnostic(code, message, place, loc.source.line(row), hint, details)
