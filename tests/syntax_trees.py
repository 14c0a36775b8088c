"""Random trees as the parser could have made them, for printing and reading again.

A seed makes a tree: a generator of our own, because a strategy for every kind of node inside every
other takes longer to draw from than the test takes.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hypothesis import strategies as st

from regolive.syntax import nodes as n
from regolive.syntax.visitor import walk

_LOC = n.Loc(n.Source("generated", ""), 0, 0)
_OPERATORS = {
    **{"==": "equal", "!=": "neq", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"},
    **{"|": "or", "&": "and", "+": "plus", "-": "minus", "*": "mul", "/": "div", "%": "rem"},
}
_NAMES = ("x", "y", "f", "input", "data", "contains", "_a1")
_LOCALS = ("x", "y", "k")
_NUMBERS = ("0", "1", "-1", "1.50", "-0.5", "1e3", ".5", "12345678901234567890123")
_STRINGS = (
    *("", "a", "if", "a b", "{x}", '"', "\\", "\\{", "\n", "é", "\ufeff", "\x00", "#", "`"),
    *("\x7f", "\u2028", "\U0001f600", "${", "x}", "\\n", "'"),
)


def modules(*, logical: bool) -> st.SearchStrategy[n.Module]:
    """Modules; with ``and``, ``or`` and bodies of ``not`` imported and used if ``logical``."""
    return st.integers(0, 2**64).map(lambda seed: _Maker(Random(seed), logical).module())


def _ref(*terms: n.Term) -> n.Ref:
    return n.Ref(_LOC, terms)


def _var(name: str) -> n.Var:
    return n.Var(_LOC, name)


class _Maker:
    """Makes nodes at random; ``depth`` says how much more may stand inside of one."""

    def __init__(self, random: Random, logical: bool) -> None:
        self.random = random
        self.logical = logical

    def module(self) -> n.Module:
        """A module with one to three rules."""
        package = n.Package(_LOC, _ref(_var("data"), n.Scalar(_LOC, "p")))
        future = n.Import(_LOC, _ref(_var("future"), n.Scalar(_LOC, "keywords")))
        rules = tuple(self.rule() for _ in range(self.random.randint(1, 3)))
        module = n.Module(_LOC, package, (future,) if self.logical else (), rules)
        # Wildcards are named as the parser does it: in the order of the text.
        found = [node for node in walk(module) if isinstance(node, n.Var) and node.name == "$"]
        for index, node in enumerate(found):
            node.name = f"${index}"
        return module

    def some(self, make: Callable[[], n.Term], least: int, most: int) -> tuple[n.Term, ...]:
        """A few terms."""
        return tuple(make() for _ in range(self.random.randint(least, most)))

    # Rules

    def rule(self) -> n.Rule:
        """A rule with a body, and now and then an ``else`` chain."""
        head = self.head()
        rule = n.Rule(_LOC, head, self.body(2))
        if head.key is None and head.args is None and len(head.ref.terms) == 1:
            link: n.Rule | None = None
            for _ in range(self.random.choice((0, 0, 1, 2))):
                made = n.Head(_LOC, head.ref, value=self.term(1), assign=True)
                link = n.Rule(_LOC, made, self.body(1), link)
            rule.else_ = link
        return rule

    def head(self) -> n.Head:
        """A head of any form."""
        name, value = _var("r"), self.term(2)
        steps = (n.Scalar(_LOC, "if"), n.Scalar(_LOC, "s"), self.term(1))
        match self.random.randrange(7):
            case 0:
                return n.Head(_LOC, _ref(name), key=value)
            case 1:
                return n.Head(_LOC, _ref(name, *steps), key=value)
            case 2:
                return n.Head(_LOC, _ref(name, steps[-1]), value=value, assign=True)
            case 3:
                return n.Head(_LOC, _ref(name, *steps), value=value)
            case 4:
                args = self.some(lambda: self.term(1), 1, 3)
                return n.Head(_LOC, _ref(name), args, value=value, assign=True)
            case 5:
                return n.Head(_LOC, _ref(name), value=n.Scalar(_LOC, True), generated_value=True)
        return n.Head(_LOC, _ref(name), value=value, assign=True)

    # Expressions

    def body(self, depth: int) -> n.Body:
        """A body of one to three expressions."""
        return tuple(self.expr(depth) for _ in range(self.random.randint(1, 3)))

    def expr(self, depth: int) -> n.Expr:
        """An expression of any kind."""
        if self.logical and depth and self.random.random() < 0.5:
            return n.Expr(_LOC, self.connective(depth), withs=self.withs())
        match self.random.randrange(6):
            case 0:
                return n.Expr(_LOC, self.some_decl(depth), withs=())
            case 1 if depth:
                domain = self.term(depth - 1)
                key = _var(self.random.choice(_LOCALS)) if self.random.random() < 0.5 else None
                every = n.Every(_LOC, key, _var("v"), domain, self.body(depth - 1))
                return n.Expr(_LOC, every, withs=self.withs())
        return self.plain(depth, negated=not self.logical and self.random.random() < 0.2)

    def plain(self, depth: int, negated: bool = False) -> n.Expr:
        """A term, an assignment or a unification."""
        term = self.term(depth)
        if self.random.random() < 0.3:
            sign, name = self.random.choice(((":=", "assign"), ("=", "eq")))
            term = n.Call(_LOC, _ref(_var(name)), (term, self.term(depth)), sign)
        return n.Expr(_LOC, term, negated, self.withs())

    def withs(self) -> tuple[n.With, ...]:
        """Mostly none."""
        found: list[n.With] = []
        while self.random.random() < 0.15:
            target = self.random.choice(
                (_var("input"), _var("f"), _ref(_var("data"), n.Scalar(_LOC, "x y")))
            )
            found.append(n.With(_LOC, target, self.term(1)))
        return tuple(found)

    def some_decl(self, depth: int) -> n.SomeDecl:
        """Variables, or a membership."""
        if self.random.random() < 0.5:
            names = [self.random.choice((*_LOCALS, "$")) for _ in range(self.random.randint(1, 2))]
            return n.SomeDecl(_LOC, tuple(map(_var, names)))
        return n.SomeDecl(_LOC, (self.membership(depth),))

    def connective(self, depth: int) -> n.Not | n.Logical:
        """``not``, ``and`` or ``or`` with operands of any kind."""
        if self.random.random() < 0.3:
            return n.Not(_LOC, *self.operand(depth - 1))
        (left, first), (right, second) = self.operand(depth - 1), self.operand(depth - 1)
        word = self.random.choice(("and", "or"))
        return n.Logical(_LOC, word, left, right, first, second)

    def operand(self, depth: int) -> tuple[n.Body, bool]:
        """A body, and whether it stands in braces."""
        if self.random.random() < 0.3:
            return self.body(depth), True
        if depth and self.random.random() < 0.5:
            return (n.Expr(_LOC, self.connective(depth), withs=self.withs()),), False
        return (self.plain(depth),), False

    # Terms

    def term(self, depth: int) -> n.Term:
        """A term of any kind."""
        if not depth or self.random.random() < 0.3:
            return self.leaf()
        inner = depth - 1
        match self.random.randrange(10):
            case 0:
                return self.ref(inner)
            case 1:
                return n.Call(_LOC, _ref(_var("f")), self.some(lambda: self.term(inner), 0, 3))
            case 2 | 3:
                sign = self.random.choice(tuple(_OPERATORS))
                operands = (self.term(inner), self.term(inner))
                return n.Call(_LOC, _ref(_var(_OPERATORS[sign])), operands, sign)
            case 4:
                return self.membership(inner)
            case 5:
                return self.template(inner)
            case 6:
                return self.comprehension(inner)
        items = self.some(lambda: self.term(inner), 0, 3)
        match self.random.randrange(3):
            case 0:
                return n.Array(_LOC, items)
            case 1:
                return n.Set(_LOC, items)
        return n.Object(_LOC, tuple(t for item in items for t in (item, self.term(inner))))

    def leaf(self) -> n.Term:
        """A variable or a constant."""
        match self.random.randrange(5):
            case 0:
                return n.Number(_LOC, self.random.choice(_NUMBERS))
            case 1:
                return n.Scalar(_LOC, self.random.choice((None, True, False)))
            case 2:
                return n.Scalar(_LOC, self.random.choice(_STRINGS))
            case 3:
                return _var("$")
        return _var(self.random.choice(_NAMES))

    def ref(self, depth: int) -> n.Ref:
        """A reference, to a variable or into another term."""
        head = self.term(depth)
        if isinstance(head, n.Scalar | n.Number | n.Ref | n.TemplateString):
            head = _var("x")
        return _ref(head, *self.some(lambda: self.term(depth), 1, 3))

    def membership(self, depth: int) -> n.Call:
        """``x in xs`` or ``k, v in xs``."""
        operands = self.some(lambda: self.term(depth), 2, 3)
        name = n.Scalar(_LOC, f"member_{len(operands)}")
        return n.Call(_LOC, _ref(_var("internal"), name), operands, "in")

    def comprehension(self, depth: int) -> n.Term:
        """A comprehension of any kind."""
        head, body = self.term(depth), self.body(depth)
        match self.random.randrange(3):
            case 0:
                return n.ArrayComp(_LOC, head, body)
            case 1:
                return n.SetComp(_LOC, head, body)
        return n.ObjectComp(_LOC, head, self.term(depth), body)

    def template(self, depth: int) -> n.TemplateString:
        """Texts and values in turns."""
        raw = self.random.random() < 0.3
        items: list[n.Scalar | n.Expr] = []
        for _ in range(self.random.randint(0, 2)):
            items += [self.text(raw), n.Expr(_LOC, self.term(depth))]
        if self.random.random() < 0.5:
            items.append(self.text(raw))
        return n.TemplateString(_LOC, tuple(items), raw)

    def text(self, raw: bool) -> n.Scalar:
        """Text that can stand in a template."""
        if raw:
            return n.Scalar(_LOC, self.random.choice(("a", "{x}", '"', "\n", "\\n", "é", "}")))
        return n.Scalar(_LOC, self.random.choice([text for text in _STRINGS if text]))
