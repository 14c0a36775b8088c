"""Rules: heads of every form, bodies, ``else`` chains, defaults."""

from __future__ import annotations

from regolive.syntax import nodes as n
from regolive.syntax.expressions import ExpressionParser
from regolive.syntax.lexer import KEYWORDS

_ASSIGN = frozenset({":=", "="})


class RuleParser(ExpressionParser):
    """Parses rules."""

    __slots__ = ()

    def rules(self) -> list[n.Rule]:
        """The rule the cursor is at; several where it has several bodies."""
        first = self.at
        if self.kinds[first] == "default" and not self.is_word_ref(first):
            return [self._default()]
        head, contains = self._head(default=False)
        kind = self.kinds[self.at]
        has_if = kind == "if" and not self._is_dotted(self.at)
        if has_if:
            self.at += 1
            body = self._if_body()
        elif kind == "{":
            raise self.fail(
                f"`if` keyword is required before {'function' if head.args is not None else 'rule'} body",
                first,
            )
        else:
            return [self._bodyless(first, head, contains)]
        rule = n.Rule(self.loc(first, self.at - 1), head, body)
        if self.kinds[self.at] == "else" and not self.is_word_ref(self.at):
            rule.else_ = self._else_chain(head, contains)
            rule.loc = self.loc(first, self.at - 1)
        found = [rule]
        while self.kinds[self.at] == "{":
            if rule.else_ is not None:
                raise self.unexpected("expected else keyword")
            start = self.at
            self.at += 1
            body = self.body("}")
            self.at += 1
            found.append(n.Rule(self.loc(start, self.at - 1), head, body))
        return found

    def _is_dotted(self, at: int) -> bool:
        """Whether a keyword begins the next rule's name: ``if.x := 1`` (``if["x"]`` is a body)."""
        return self.kinds[at + 1] == "." and self.starts[at + 1] == self.ends[at]

    def _true(self, loc: n.Loc) -> n.Scalar:
        return n.Scalar(loc, True)

    def _bodyless(self, first: int, head: n.Head, contains: bool) -> n.Rule:
        if head.generated_value and head.args is None:
            if len(head.ref.terms) == 1:
                raise self.fail("var cannot be used for rule name", first)
            raise self.fail("`contains` keyword is required for partial set rules", first)
        kind = self.kinds[self.at]
        if kind == ";":
            raise self.fail("multiple expressions cannot be used for rule head", first)
        if kind == "else" and not self.is_word_ref(self.at):
            raise self.unexpected()
        place = head.value.loc if head.value is not None else head.loc
        body = (n.Expr(place, self._true(place), generated=True),)
        return n.Rule(self.loc(first, self.at - 1), head, body, generated_body=True)

    def _if_body(self) -> n.Body:
        """What follows ``if``: one expression, or a body in braces.

        Braces are a body, unless what begins with them is an expression that is not just a set.
        """
        at = self.at
        if self.kinds[at] == "{":
            close = self.tokens.closes.get(at)
            if (
                close is None
                or at in self.tokens.marked
                or close == at + 1
                or self._goes_on(close + 1)
            ):
                saved = self.at, self.wildcards
                expr = self._try_literal()
                if expr is not None and not isinstance(expr.term, n.Set):
                    return (expr,)
                self.at, self.wildcards = saved
            self.at += 1
            body = self.body("}")
            self.at += 1
            return body
        return (self.literal(),)

    def _goes_on(self, at: int) -> bool:
        """Whether the token can go on with an expression."""
        kind = self.kinds[at]
        if kind in _GOES_ON:
            return True
        return kind in ("[", "(") and self.starts[at] == self.ends[at - 1]

    def _head(self, default: bool) -> tuple[n.Head, bool]:
        first = self.at
        kind = self.kinds[first]
        if kind in KEYWORDS and self.is_word_ref(first):
            self.word = first
        elif self.kinds[first] != "name":
            raise self.unexpected()
        term = self._head_term()
        args: tuple[n.Term, ...] | None = None
        if isinstance(term, n.Call):
            ref, args = term.func, term.args
        elif isinstance(term, n.Ref):
            ref = term
        else:
            ref = n.Ref(term.loc, (term,))
        if not isinstance(ref.terms[0], n.Var):
            raise self.fail("invalid rule head", first)
        kind = self.kinds[self.at]
        if kind == "contains" and not self._is_dotted(self.at):
            if args is not None:
                raise self.unexpected(
                    "the contains keyword can only be used with multi-value rule definitions"
                )
            self.at += 1
            key = self.infix()
            return n.Head(self.loc(first, self.at - 1), ref, None, key), True
        if kind in _ASSIGN:
            self.at += 1
            value = self.infix()
            loc = self.loc(first, self.at - 1)
            return n.Head(loc, ref, args, None, value, kind == ":="), False
        loc = self.loc(first, self.at - 1)
        return n.Head(loc, ref, args, None, self._true(loc), generated_value=True), False

    def _head_term(self) -> n.Term:
        """The name of a rule. A space is allowed before its first bracket."""
        at = self.at
        following = at + 1
        if self.kinds[following] == "[" and self.starts[following] != self.ends[at]:
            place = self.here()
            self.at += 1
            return self.tail(n.Var(place, place.text), spaced=True)
        return self.term()

    def _default(self) -> n.Rule:
        first = self.at
        self.at += 1
        head, contains = self._head(default=True)
        if contains:
            raise self.fail("illegal default rule (must have a value)", first)
        loc = self.loc(first, self.at - 1)
        place = self.loc(first, first)
        body = (n.Expr(place, self._true(place), generated=True),)
        return n.Rule(loc, head, body, default=True, generated_body=True)

    def _else_chain(self, head: n.Head, contains: bool) -> n.Rule | None:
        if contains:
            raise self.fail("else keyword cannot be used on multi-value rules")
        links: list[n.Rule] = []
        while self.kinds[self.at] == "else" and not self.is_word_ref(self.at):
            first = self.at
            self.at += 1
            kind = self.kinds[self.at]
            value: n.Term
            written = kind in _ASSIGN
            if written:
                self.at += 1
                value = self.infix()
            else:
                value = self._true(self.loc(first, first))
            loc = self.loc(first, self.at - 1)
            made = n.Head(loc, head.ref, head.args, None, value, kind == ":=", not written)
            generated = False
            if self.kinds[self.at] == "if" and not self._is_dotted(self.at):
                self.at += 1
                body = self._if_body()
            elif self.kinds[self.at] == "{":
                raise self.fail("`if` keyword is required before rule body", first)
            elif written:
                generated = True
                body = (n.Expr(loc, self._true(loc), generated=True),)
            else:
                raise self.unexpected("expected else value term or rule body")
            links.append(n.Rule(self.loc(first, self.at - 1), made, body, generated_body=generated))
        for index in range(len(links) - 1, 0, -1):
            links[index - 1].else_ = links[index]
        return links[0]

    def _try_literal(self) -> n.Expr | None:
        from regolive.syntax.cursor import Failed

        try:
            return self.literal()
        except Failed:
            return None


_GOES_ON = frozenset(
    {"==", "!=", "<", "<=", ">", ">=", "|", "&", "+", "-", "*", "/", "%", "=", ":=", ".", ",", "in"}
)
