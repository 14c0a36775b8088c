"""Expressions and bodies: ``not``, ``some``, ``every``, ``with``, assignment and unification."""

from __future__ import annotations

from regolive.syntax import nodes as n
from regolive.syntax.cursor import Failed
from regolive.syntax.lexer import ALL_KEYWORDS
from regolive.syntax.terms import TermParser, is_root

_EQUATIONS = {":=": "assign", "=": "eq"}
_MEMBER = {"member_2": 2, "member_3": 3}


def members(term: n.Term) -> tuple[n.Term, ...] | None:
    """The operands of ``x in xs`` or ``k, v in xs``; None for any other term."""
    if isinstance(term, n.Call):
        steps = term.func.terms
        head, last = steps[0], steps[-1]
        if (
            len(steps) == 2
            and isinstance(head, n.Var)
            and head.name == "internal"
            and isinstance(last, n.Scalar)
            and _MEMBER.get(str(last.value)) == len(term.args)
        ):
            return term.args
    return None


class ExpressionParser(TermParser):
    """Parses expressions and bodies."""

    __slots__ = ()

    def body(self, close: str) -> n.Body:
        """Expressions up to a closing bracket, which is left for the caller."""
        kinds = self.kinds
        if kinds[self.at] == close:
            raise self.fail("found empty body")
        found: list[n.Expr] = []
        while True:
            found.append(self.literal())
            kind = kinds[self.at]
            if kind == ";":
                self.at += 1
            elif kind == close:
                return tuple(found)
            elif not self.after_newline():
                raise self.unexpected(f"expected \\n or ; or {close}")

    def literal(self) -> n.Expr:
        """One expression, with ``not`` before and ``with`` behind."""
        first = self.at
        kind = self.kinds[first]
        if kind in ALL_KEYWORDS:
            if self.is_word_ref(first):
                self.word = first
            elif kind == "not":
                self.at += 1
                if self.kinds[self.at] in ("some", "every"):
                    raise self.unexpected(f"illegal negation of '{self.kinds[self.at]}'")
                return self._with_withs(first, self.expression(), negated=True)
            elif kind == "some":
                return self._some()
            elif kind == "every":
                return self._with_withs(first, self._every())
        return self._with_withs(first, self.expression())

    def _with_withs(
        self, first: int, term: n.Term | n.SomeDecl | n.Every, negated: bool = False
    ) -> n.Expr:
        withs = self.withs() if self.kinds[self.at] == "with" else ()
        where = n.Loc(self.source, self.starts[first], self.ends[self.at - 1])
        return n.Expr(where, term, negated, withs)

    def expression(self) -> n.Term:
        """A term, an assignment or a unification."""
        left = self.infix()
        at = self.at
        kind = self.kinds[at]
        if kind not in _EQUATIONS:
            return left
        place = n.Loc(self.source, self.starts[at], self.ends[at])
        self.at = at + 1
        right = self.infix()
        func = n.Ref(place, (n.Var(place, _EQUATIONS[kind]),))
        where = n.Loc(self.source, left.loc.start, self.ends[self.at - 1])
        return n.Call(where, func, (left, right), kind)

    def withs(self) -> tuple[n.With, ...]:
        """The modifiers of an expression, if there are any."""
        found: list[n.With] = []
        while self.kinds[self.at] == "with" and not self.is_word_ref(self.at):
            first = self.at
            self.at += 1
            if self.kinds[self.at] != "name":
                raise self.unexpected("expected ident")
            target = self.term()
            if not isinstance(target, (n.Var, n.Ref)):
                raise self.unexpected("expected with target path")
            if self.kinds[self.at] != "as":
                raise self.unexpected("expected as keyword")
            self.at += 1
            value = self.infix()
            found.append(n.With(self.loc(first, self.at - 1), target, value))
        return tuple(found)

    def _some(self) -> n.Expr:
        first = self.at
        place = self.here()
        self.at += 1
        saved = self.at, self.wildcards
        hidden = None
        term = None
        try:
            term = self.infix()
        except Failed as failed:
            hidden = failed
        if isinstance(term, n.Call):
            if members(term) is None:
                raise self.unexpected("expected `x in xs` or `x, y in xs` expression")
            return self._with_withs(first, n.SomeDecl(place, (term,)))
        self.at, self.wildcards = saved
        symbols: list[n.Term] = []
        while True:
            if self.kinds[self.at] != "name":
                raise self.unexpected("expected var")
            name = self.read(self.at)
            symbols.append(n.Var(self.here(), self.wildcard() if name == "_" else name))
            self.at += 1
            if self.kinds[self.at] != ",":
                if hidden is not None:
                    self.hidden[self.at] = hidden.cause or hidden
                return n.Expr(self.loc(first, self.at - 1), n.SomeDecl(place, tuple(symbols)))
            self.at += 1

    def _every(self) -> n.Every:
        place = self.here()
        self.at += 1
        term = self.infix()
        found = members(term)
        if found is None:
            raise self.unexpected("expected `x[, y] in xs { ... }` expression")
        *keys, value, domain = found
        key = keys[0] if keys else None
        if key is not None and (not isinstance(key, n.Var) or is_root(key)):
            raise self.unexpected("expected key to be a variable")
        if not isinstance(value, n.Var) or is_root(value):
            raise self.unexpected("expected value to be a variable")
        if self.kinds[self.at] != "{":
            raise self.unexpected("missing body")
        self.at += 1
        body = self.body("}")
        self.at += 1
        return n.Every(place, key, value, domain, body)
