"""What the passes carry along: the names in sight, the statement at hand, and what was found.

A body becomes a list of items. An item is one statement with the sets of variables that decide
where it can stand (``safety``); the statements that evaluate its parts first go before it.
"""

from __future__ import annotations

import re
from typing import Final

from regolive.compiler.program import Exports, Finding, Path, Stage, diagnostic
from regolive.compiler.resolve.options import Options
from regolive.errors import Details
from regolive.syntax import nodes as n

_GENERATED = re.compile(r"__local[0-9]{1,9}__")


class Global:
    """What a name means that is no variable: a document, a package, a rule or a function.

    ``prefix`` are the terms that stand for it, of which the first is Var ``root``: data or input.
    ``path`` are the steps below ``data``, None for what is under ``input``.
    """

    __slots__ = ("imported", "path", "prefix", "root", "used")

    def __init__(
        self, prefix: tuple[n.Term, ...], path: Path | None, imported: n.Import | None = None
    ) -> None:
        self.prefix = prefix
        self.root = "input" if path is None else "data"
        self.path = path
        self.imported = imported
        self.used = False


class Pending:
    """The meaning of a name before it is declared, in a body that will declare it."""

    __slots__ = ()


PENDING: Final = Pending()

Binding = str | Global | Pending
"""What a name means: a variable's name in the resolved tree, or one of the above."""


class Declared:
    """A variable of a scope, and where and how (``assigned``, ``arg``, ...) it was declared."""

    __slots__ = ("kind", "loc", "name")

    def __init__(self, kind: str, loc: n.Loc, name: str) -> None:
        self.kind = kind
        self.loc = loc
        self.name = name


class Scope:
    """What a body declares, and the names it used before."""

    __slots__ = ("declared", "saved", "seen", "unused")

    def __init__(self, unused: int = 0) -> None:
        """``unused``: how many unused variables the rule has before it."""
        self.unused = unused
        self.declared: dict[str, Declared] = {}
        self.seen: set[str] = set()
        self.saved: list[tuple[str, Binding | None]] = []


_NONE: Final[set[str]] = set()


class Closure:
    """A body inside of a term or statement, whose order is decided with that of the outer body.

    ``field`` of ``node`` is where the ordered body goes. ``bound`` are variables that it starts
    with, ``heads`` those that it must bind for a comprehension's head, ``names`` all that are used.
    """

    __slots__ = ("bound", "field", "heads", "items", "names", "node")

    def __init__(
        self,
        node: n.Node,
        field: str,
        items: list[Item],
        *,
        bound: set[str] = _NONE,
        heads: set[str] = _NONE,
    ) -> None:
        self.node = node
        self.field = field
        self.items = items
        self.bound = bound
        self.heads = heads
        self.names = set(heads)
        for item in items:
            self.names |= item.names()


class Item:
    """One statement of a body.

    Variables: ``needs`` must be bound before; ``binds`` it binds whatever is known; ``args`` must
    be bound before or by itself. For ``=``, ``left`` and ``right`` are those of the two patterns:
    if one side is known, the other gets bound.

    ``loose`` and ``strict`` are where variables go while its terms are walked: those that a pattern
    can bind, and those that it cannot (elements of sets, keys of objects). With ``hoist``, parts
    that may be undefined are evaluated before, by statements in ``prefix``: under ``not`` that
    makes a difference. ``assigned`` is the place of ``x := ...`` where the statement is the call.
    ``patterns``: steps of references that are composites, with their variables.
    """

    __slots__ = (
        "args",
        "assigned",
        "binds",
        "closures",
        "evaluates",
        "expr",
        "hoist",
        "left",
        "loose",
        "needs",
        "patterns",
        "prefix",
        "right",
        "strict",
        "with_needs",
        "withs",
    )
    expr: n.Expr

    def __init__(self, withs: tuple[n.With, ...] = (), with_needs: set[str] | None = None) -> None:
        self.withs = withs
        self.with_needs = with_needs
        self.needs: set[str] = set() if with_needs is None else set(with_needs)
        self.binds: set[str] = set()
        self.loose = self.strict = self.args = set[str]()
        self.left: set[str] | None = None
        self.right: set[str] | None = None
        self.assigned: n.Loc | None = None
        self.hoist = False
        self.evaluates = False
        self.prefix: list[n.Expr] | None = None
        self.closures: list[Closure] | None = None
        self.patterns: list[tuple[n.Ref, int, set[str]]] | None = None

    def own_names(self) -> set[str]:
        """All variables outside of closures."""
        names = self.needs | self.args | self.binds
        if self.left is not None and self.right is not None:
            names |= self.left
            names |= self.right
        return names

    def names(self) -> set[str]:
        """All variables."""
        names = self.own_names()
        for closure in self.closures or ():
            names |= closure.names
        return names

    def tighten(self) -> None:
        """Make it bind nothing: everything must be bound before."""
        self.needs |= self.args | self.binds
        if self.left is not None and self.right is not None:
            self.needs |= self.left | self.right
            self.left = self.right = None
        self.args = set()
        self.binds = set()

    def pattern(self, ref: n.Ref, index: int, names: set[str]) -> None:
        """Note a step of a reference that is a composite with variables."""
        if self.patterns is None:
            self.patterns = []
        self.patterns.append((ref, index, names))

    def retarget(self, old: n.Term, new: n.Ref) -> None:
        """Take a reference for another that begins with the same steps."""
        self.patterns = self.patterns and [
            (new if ref is old else ref, index, names) for ref, index, names in self.patterns
        ]

    def close(self, closure: Closure) -> None:
        """Add a closure."""
        if self.closures is None:
            self.closures = []
        self.closures.append(closure)


class Work:
    """The state of resolving one module or query."""

    __slots__ = (
        "arities",
        "called",
        "computed",
        "counter",
        "depth",
        "env",
        "eq",
        "exports",
        "findings",
        "foreign",
        "free",
        "functions",
        "head",
        "hidden",
        "item",
        "names",
        "options",
        "out",
        "package",
        "refs",
        "replaced",
        "rule",
        "rules",
        "scope",
        "shadows",
        "strict",
        "templated",
        "undeclared",
        "unsafe",
        "unused",
        "used",
        "v1",
        "varying",
    )

    def __init__(
        self,
        source: n.Source,
        package: Path,
        exports: Exports,
        options: Options,
        *,
        v1: bool = True,
    ) -> None:
        self.package = package
        self.exports = exports
        self.functions = exports.functions
        self.options = options
        self.arities = options.arities
        self.strict = options.strict
        self.v1 = v1
        self.findings: list[Finding] = []
        self.env: dict[str, Binding] = {}
        self.used: set[str] = set()
        self.names: dict[str, str] = {}
        # What the policy itself has named as the compiler names variables.
        self.foreign = frozenset[str]()
        self.counter = 0
        if "__local" in source.text:
            self.foreign = frozenset(_GENERATED.findall(source.text))
            self.counter = 1 + max([int(name[7:-2]) for name in self.foreign], default=-1)
        loc = n.Loc(source, 0, 0)
        self.eq = n.Ref(loc, (n.Var(loc, "eq"),))
        self.scope = Scope()
        self.item = Item()
        self.out: list[Item] = []
        self.refs: list[n.Ref] = []
        self.replaced: list[n.Ref] = []
        self.rule: n.Rule | None = None
        self.rules: tuple[n.Rule, ...] = ()
        # Variables of the rule at hand that are not safe, and where they stand first.
        self.unsafe: dict[str, n.Loc] = {}
        # What is not used in the rule at hand, which is reported if nothing else is wrong with its
        # declarations.
        self.unused: list[tuple[str, n.Loc]] = []
        # Parameters that are computed: the variables in their place, and what they are.
        self.computed: list[tuple[n.Var, n.Term]] = []
        # Whether a head is walked: what is called there may be a parameter's name.
        self.head = False
        # Whether some variable is called input or data. It hides the document, as in OPA from what
        # other names stand for too.
        self.hidden = False
        # Whether the reference walked last has steps that are not constant.
        self.varying = False
        # Places of undeclared variables, where print and template strings look for them.
        self.undeclared: list[n.Var] | None = None
        # The undeclared variables of the rule at hand, outside of print and template strings; and
        # those of template strings, which must be among them.
        self.free: set[str] = set()
        # Undeclared variables of a rule's body with the names of builtins, and calls of builtins
        # there: (name, place, whether it is a statement).
        self.shadows: set[str] = set()
        self.called: list[tuple[str, n.Loc, bool]] = []
        # How many bodies are around the one at hand.
        self.depth = 0
        self.templated: list[tuple[n.Var, n.Loc]] = []

    def find(
        self,
        stage: Stage,
        code: str,
        message: str,
        loc: n.Loc | None,
        hint: str | None = None,
        details: Details | None = None,
    ) -> None:
        """Note something that is wrong. ``code`` is OPA's, less ``rego_`` and ``_error``."""
        found = diagnostic(f"rego_{code}_error", message, loc, hint, details)
        self.findings.append(Finding(stage, found))

    def is_written(self, name: str) -> bool:
        """Whether a variable of the resolved tree is one of the policy's."""
        return not name.startswith("__local") or name in self.names or name in self.foreign

    def shown(self, name: str) -> str:
        """What the policy calls a variable of the resolved tree."""
        return "_" if name[:1] == "$" else self.names.get(name, name)

    def fresh(self) -> str:
        """A name that nothing else has."""
        name = f"__local{self.counter}__"
        self.counter += 1
        return name

    def hoist(self, term: n.Term) -> n.Var:
        """Evaluate a term before the statement at hand; the variable that has its value."""
        item = self.item
        loc = term.loc
        var = n.Var(loc, self.fresh())
        if item.prefix is None:
            item.prefix = []
        item.prefix.append(self.equation(loc, var, term, item.withs))
        return var

    def equation(
        self, loc: n.Loc, left: n.Term, right: n.Term, withs: tuple[n.With, ...] = ()
    ) -> n.Expr:
        """``left = right``, which nobody wrote."""
        return n.Expr(loc, n.Call(loc, self.eq, (left, right), "="), False, withs, True)
