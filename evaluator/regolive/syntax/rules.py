"""Rules: heads of every form, bodies, ``else`` chains, defaults.

What Rego v1 demands of a rule beyond v0's grammar (``if``, ``contains``) is collected in
``demands`` while parsing goes on: OPA reports it only if everything else is right.
"""

from __future__ import annotations

from itertools import pairwise

from regolive.syntax import hints
from regolive.syntax import nodes as n
from regolive.syntax.cursor import Dialect, Failed
from regolive.syntax.lexer import ALL_KEYWORDS, KEYWORDS_V1, Tokens
from regolive.syntax.logical import LogicalParser
from regolive.syntax.statements import NotARule, rule_from_expr
from regolive.syntax.terms import INFIX, value_name
from regolive.syntax.visitor import walk

_ASSIGN = frozenset({":=", "="})
_AFTER_BODYLESS = frozenset({";", "with", "in", ",", "and", "or", *INFIX})
# With these an expression that began with braces goes on.
_GOES_ON = frozenset({"=", ":=", ".", ",", "in", "and", "or", *INFIX})


class RuleParser(LogicalParser):
    """Parses rules."""

    __slots__ = ("demands", "misfits")

    def __init__(self, source: n.Source, tokens: Tokens, dialect: Dialect) -> None:
        super().__init__(source, tokens, dialect)
        # Statements that are no rules, and what v1 misses in rules.
        self.misfits: list[Failed] = []
        self.demands: list[Failed] = []

    def rules(self) -> list[n.Rule]:
        """The rules of the statement the cursor is at: several where there are several bodies."""
        first = self.at
        kind = self.kinds[first]
        if kind == "default" and not self.is_word_ref(first):
            return [self._default()]
        if kind in ALL_KEYWORDS and self.is_word_ref(first):
            self.word = first
        elif kind != "name":
            return self._statement(first)
        wildcards = self.wildcards
        head, contains, spaced = self._head()
        kind = self.kinds[self.at]
        has_if = kind == "if" and not self._is_dotted(self.at)
        bodyless = not has_if and kind != "{" and not contains
        if head is None or (bodyless and (spaced or kind in _AFTER_BODYLESS or head.value is None)):
            self.at = first
            self.wildcards = wildcards
            return self._statement(first)
        self._check_name(first, head)
        if bodyless:
            return [self._bodyless(first, head)]
        if not has_if and kind != "{":
            place = self.loc(first, first)
            body: n.Body = (n.Expr(place, n.Scalar(place, True), generated=True),)
            return [n.Rule(head.loc, head, body, generated_body=True)]
        return self._with_bodies(first, head, contains, has_if)

    def _with_bodies(self, first: int, head: n.Head, contains: bool, has_if: bool) -> list[n.Rule]:
        multi = contains
        if not has_if:
            self._demand_if(first, head)
            if not contains and head.args is None and len(head.ref.terms) == 2:
                # `p[x] { ... }` is a set; `p[x] = y { ... }` an object whose rules have no else.
                multi = True
                if head.value is None:
                    name, key = head.ref.terms
                    self._demand_contains(self.starts[first], name, key, True)
                    head.key = key
                    head.ref = n.Ref(name.loc, (name,))
        if head.value is None and head.key is None:
            head.value = n.Scalar(head.loc, True)
            head.generated_value = True
        if has_if:
            self.at += 1
            body = self._if_body()
        else:
            body = self._braced_body()
        rule = n.Rule(self.loc(first, self.at - 1), head, body)
        if self._is_else():
            self._check_else(head, multi)
            rule.else_ = self._else_chain(head)
            rule.loc = self.loc(first, self.at - 1)
        found = [rule]
        while self.kinds[self.at] == "{":
            if rule.else_ is not None:
                raise self.fail("expected else keyword")
            start = self.at
            if not has_if:
                self._demand_if(start, head)
            body = self._braced_body()
            found.append(n.Rule(self.loc(start, self.at - 1), self._again(head), body))
        return found

    def _is_dotted(self, at: int) -> bool:
        """Whether a keyword begins the next rule's name: ``if.x := 1`` (``if["x"]`` is a body)."""
        return self.kinds[at + 1] == "." and self.is_word_ref(at)

    def _is_else(self) -> bool:
        return self.kinds[self.at] == "else" and not self.is_word_ref(self.at)

    def _again(self, head: n.Head) -> n.Head:
        """The head for another body: the same, save that wildcards are other ones."""
        args = head.args
        if args is not None:
            args = tuple(
                n.Var(a.loc, self.wildcard()) if isinstance(a, n.Var) and a.is_wildcard else a
                for a in args
            )
        return n.Head(
            head.loc, head.ref, args, head.key, head.value, head.assign, head.generated_value
        )

    def _demand_if(self, first: int, head: n.Head) -> None:
        """Note that v1 wants ``if`` before the body the cursor is at."""
        sort = "rule" if head.args is None else "function"
        message = f"`if` keyword is required before {sort} body"
        terms = head.ref.terms
        text = self.text[head.loc.start : head.loc.end]
        if self.kinds[first] == "else":
            text = self._head_text(first)
        elif head.args is None and head.value is None and head.key is None and len(terms) == 2:
            text = hints.set_head(self.text, terms[0], terms[1])
        self.demands.append(self.fail(message, first, hints.with_body(text)))

    def _demand_contains(self, offset: int, name: n.Term, key: n.Term, condition: bool) -> None:
        """Note that v1 wants a set to be written with ``contains``."""
        message = "`contains` keyword is required for partial set rules"
        text = hints.set_head(self.text, name, key)
        hint = hints.with_body(text) if condition else hints.without_body(text)
        self.demands.append(Failed(message, offset, hint))

    def _check_name(self, first: int, head: n.Head) -> None:
        """Note that a rule is named as a keyword of v1."""
        if len(head.ref.terms) == 1 and head.name in KEYWORDS_V1:
            message = f"{head.name} keyword cannot be used for rule name"
            self.demands.append(self.fail(message, first))

    # Heads

    def _head(self) -> tuple[n.Head | None, bool, bool]:
        """A head: None if its name cannot be one; whether it is of a set; whether it is spaced.

        The value is None where nothing is written.
        """
        first = self.at
        following = first + 1
        kind = self.kinds[following]
        spaced = kind in (".", "[", "(") and not self.adjacent(following)
        if kind in INFIX and self.adjacent(following):
            self.at = following
            raise self.unexpected()
        if spaced:
            place = self.here()
            self.at = following
            name = place.text
            term = self.tail(n.Var(place, self.wildcard() if name == "_" else name), spaced=True)
        else:
            term = self.term()
        args: tuple[n.Term, ...] | None = None
        ref: n.Ref | None = None
        if isinstance(term, n.Call):
            ref, args = term.func, term.args or None
        elif isinstance(term, n.Ref):
            ref = term
        elif isinstance(term, n.Var):
            ref = n.Ref(term.loc, (term,))
        named = ref is not None and isinstance(ref.terms[0], n.Var)
        contains = False
        key: n.Term | None = None
        value: n.Term | None = None
        kind = self.kinds[self.at]
        if kind == "contains":
            if args is not None:
                raise self.unexpected(
                    "the contains keyword can only be used with multi-value rule definitions "
                    f"(e.g., {self._head_text(first)} contains <VALUE> {{ ... }})"
                )
            contains = True
            self.at += 1
            key = self.infix()
        elif kind in _ASSIGN:
            self.at += 1
            value = self.infix()
        if ref is None or not named:
            return None, contains, spaced
        where = self.loc(first, self.at - 1)
        return n.Head(where, ref, args, key, value, kind == ":="), contains, spaced

    def _head_text(self, first: int) -> str:
        return self.text[self.starts[first] : self.ends[self.at - 1]]

    # Bodies

    def _braced_body(self) -> n.Body:
        self.at += 1
        body = self.body("}")
        self.at += 1
        return body

    def _if_body(self) -> n.Body:
        """What follows ``if``: one expression, or a body in braces.

        Braces are a body, unless what begins with them is an expression that is not just a set.
        Whether it can be is seen from the tokens: what goes on behind the braces, and whether a
        bar or a colon stands directly in them.
        """
        at = self.at
        if self.kinds[at] != "{":
            return (self.literal(),)
        close = self.tokens.closes.get(at, -1)
        if (
            close < 0
            or at in self.tokens.marked
            or close == at + 1
            or self.kinds[close + 1] in _GOES_ON
            or (self.kinds[close + 1] in ("[", "(") and self.adjacent(close + 1))
        ):
            saved = self.at, self.wildcards
            try:
                expr = self.literal()
            except Failed as failed:
                is_set = at not in self.tokens.marked and close > at + 1
                if not is_set and close >= 0 and failed.offset > self.starts[close]:
                    raise  # the braces are a term, and something is wrong behind it
            else:
                if not isinstance(expr.term, n.Set):
                    return (expr,)
            self.at, self.wildcards = saved
        return self._braced_body()

    # Rules without a body

    def _bodyless(self, first: int, head: n.Head) -> n.Rule:
        """``p := value``, ``f(x) := value``, ``p[x] := value``."""
        if self._is_else():
            raise self.unexpected()
        value = head.value
        assert value is not None
        body = (n.Expr(value.loc, n.Scalar(value.loc, True), generated=True),)
        where = self.loc(first, self.at - 1)
        return n.Rule(where, head, body, generated_body=True)

    def _statement(self, first: int) -> list[n.Rule]:
        """A statement that is read as OPA's queries are, and may yet be a rule."""
        if self.kinds[first] == "contains":
            self.word = -1
        found = [self.literal()]
        while self.kinds[self.at] == ";":
            self.at += 1
            found.append(self.literal())
        try:
            if len(found) > 1:
                raise NotARule("multiple expressions cannot be used for rule head")
            rule = rule_from_expr(found[0], self.dialect.builtins)
        except NotARule as wrong:
            self.misfits.append(Failed(str(wrong), found[0].loc.start))
            return []
        head = rule.head
        self._check_name(first, head)
        if head.key is not None:
            self._demand_contains(rule.loc.start, head.ref.terms[0], head.key, False)
        elif head.generated_value and head.args is None:
            message = "rule must have value assignment and/or body declaration"
            self.demands.append(Failed(message, rule.loc.start))
        return [rule]

    def _default(self) -> n.Rule:
        first = self.at
        self.at += 1
        start = self.at
        if self.kinds[start] in ALL_KEYWORDS and self.is_word_ref(start):
            self.word = start
        elif self.kinds[start] != "name":
            raise self.fail("unexpected default keyword", first)
        head, contains, _ = self._head()
        if head is None:
            raise self.fail(f"invalid rule head: {self._head_text(start)}", first)
        if head.value is None:
            if contains or (len(head.ref.terms) == 2 and head.args is None):
                raise self.fail("illegal default rule (must have a value)", first)
            head.value = n.Scalar(head.loc, True)
            head.generated_value = True
        self._check_default(first, head, head.value)
        place = self.loc(first, first)
        body = (n.Expr(place, n.Scalar(place, True), generated=True),)
        where = self.loc(first, self.at - 1)
        return n.Rule(where, head, body, default=True, generated_body=True)

    def _check_default(self, first: int, head: n.Head, value: n.Term) -> None:
        todo: list[n.Node] = [value]
        while todo:
            node = todo.pop()
            if isinstance(node, (n.ArrayComp, n.SetComp, n.ObjectComp)):
                continue
            if isinstance(node, (n.Var, n.Ref, n.Call)):
                message = f"illegal default rule (value cannot contain {value_name(node)})"
                raise self.fail(message, first)
            for name in node.parts:
                below = getattr(node, name)
                todo.extend(reversed(below) if isinstance(below, tuple) else (below,))
        names: set[str] = set()
        for arg in head.args or ():
            if not isinstance(arg, n.Var) or value_name(arg) != "var":
                message = f"illegal default rule (arguments cannot contain {value_name(arg)})"
                raise self.fail(message, first)
            if arg.name in names:
                message = f"illegal default rule (arguments cannot be repeated {arg.name})"
                raise self.fail(message, first)
            names.add(arg.name)

    # Else

    def _check_else(self, head: n.Head, multi: bool) -> None:
        for step in head.ref.terms[1:]:
            if any(isinstance(node, n.Var) for node in walk(step)):
                raise self.fail("else keyword cannot be used on rules with variables in head")
        if multi:
            raise self.fail("else keyword cannot be used on multi-value rules")

    def _else_chain(self, head: n.Head) -> n.Rule:
        """The links of a chain, each the next of the one before."""
        links: list[n.Rule] = []
        while self._is_else():
            links.append(self._else(head))
            if links[-1].generated_body:
                break
        end = links[-1].loc.end
        for link, following in pairwise(links):
            link.else_ = following
            link.loc = n.Loc(self.source, link.loc.start, end)
        return links[0]

    def _else(self, head: n.Head) -> n.Rule:
        first = self.at
        place = self.here()
        made = self._again(head)
        made.loc = place
        made.generated_value = False
        self.at += 1
        kind = self.kinds[self.at]
        if kind in _ASSIGN:
            made.assign = kind == ":="
            self.at += 1
            made.value = self.infix()
            made.loc = self.loc(first, self.at - 1)
        elif kind == "{" or (kind == "if" and not self._is_dotted(self.at)):
            made.value = n.Scalar(place, True)
            made.generated_value = True
        else:
            raise self.unexpected("expected else value term or rule body")
        kind = self.kinds[self.at]
        generated = False
        if kind == "if" and not self._is_dotted(self.at):
            self.at += 1
            if self.kinds[self.at] == "{":
                body = self._braced_body()
            elif self.kinds[self.at] == "eof":
                raise self.unexpected("rule body expected")
            else:
                body = (self.literal(),)
        elif kind == "{":
            self._demand_if(first, head)
            body = self._braced_body()
        else:
            generated = True
            body = (n.Expr(made.loc, n.Scalar(made.loc, True), generated=True),)
        where = self.loc(first, self.at - 1)
        return n.Rule(where, made, body, generated_body=generated)
