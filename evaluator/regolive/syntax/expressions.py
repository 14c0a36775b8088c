"""Expressions and bodies: ``not``, ``some``, ``every``, ``with``, assignment and unification."""

from __future__ import annotations

from regolive.syntax import nodes as n
from regolive.syntax.lexer import KEYWORDS
from regolive.syntax.terms import TermParser

_EQUATIONS = {":=": "assign", "=": "eq"}
_MEMBER_2 = "member_2"


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
            elif kind == "eof" or not self.after_newline():
                raise self.unexpected(f"expected \\n or ; or {close}")

    def literal(self) -> n.Expr:
        """One expression, with ``not`` before and ``with`` behind."""
        kinds = self.kinds
        first = self.at
        kind = kinds[first]
        if kind in KEYWORDS and self.is_word_ref(first):
            self.word = first
            kind = "name"
        negated = kind == "not"
        if negated:
            self.at += 1
            kind = kinds[self.at]
        term: n.Term | n.SomeDecl | n.Every
        if kind == "some":
            if negated:
                raise self.unexpected("illegal negation of 'some'")
            term = self._some()
        elif kind == "every":
            if negated:
                raise self.unexpected("illegal negation of 'every'")
            term = self._every()
        else:
            term = self.infix()
            kind = kinds[self.at]
            if kind in _EQUATIONS:
                place = self.here()
                self.at += 1
                operator = n.Var(place, _EQUATIONS[kind])
                right = self.infix()
                term = n.Call(
                    n.Loc(self.source, term.loc.start, self.ends[self.at - 1]),
                    n.Ref(place, (operator,)),
                    (term, right),
                    kind,
                )
        withs = self._withs() if kinds[self.at] == "with" else ()
        return n.Expr(
            n.Loc(self.source, self.starts[first], self.ends[self.at - 1]), term, negated, withs
        )

    def _withs(self) -> tuple[n.With, ...]:
        found: list[n.With] = []
        while self.kinds[self.at] == "with" and not self.is_word_ref(self.at):
            first = self.at
            self.at += 1
            if self.kinds[self.at] != "name":
                raise self.unexpected("expected identifier")
            target = self.term()
            if not isinstance(target, (n.Var, n.Ref)):
                raise self.unexpected("expected with target path")
            if self.kinds[self.at] != "as":
                raise self.unexpected("expected as keyword")
            self.at += 1
            value = self.infix()
            found.append(n.With(self.loc(first, self.at - 1), target, value))
        return tuple(found)

    def _some(self) -> n.SomeDecl:
        first = self.at
        self.at += 1
        saved = self.at, self.wildcards
        term = self.infix()
        if isinstance(term, n.Call):
            if term.infix != "in":
                raise self.unexpected("expected `x in xs` or `x, y in xs` expression")
            return n.SomeDecl(self.loc(first, first), (term,))
        self.at, self.wildcards = saved
        symbols: list[n.Term] = []
        while True:
            if self.kinds[self.at] != "name":
                raise self.unexpected("expected var")
            place = self.here()
            symbols.append(n.Var(place, place.text))
            self.at += 1
            if self.kinds[self.at] != ",":
                return n.SomeDecl(self.loc(first, first), tuple(symbols))
            self.at += 1

    def _every(self) -> n.Every:
        first = self.at
        self.at += 1
        term = self.infix()
        if not isinstance(term, n.Call) or term.infix != "in":
            raise self.unexpected("expected `x[, y] in xs { ... }` expression")
        *names, domain = term.args
        key = names[0] if len(names) == 2 else None
        value = names[-1]
        if key is not None and not isinstance(key, n.Var):
            raise self.unexpected("expected key to be a variable")
        if not isinstance(value, n.Var):
            raise self.unexpected("expected value to be a variable")
        if self.kinds[self.at] != "{":
            raise self.unexpected("missing body")
        self.at += 1
        body = self.body("}")
        self.at += 1
        return n.Every(self.loc(first, first), key, value, domain, body)
