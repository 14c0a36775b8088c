"""The keywords that a policy imports from the future: ``and``, ``or``, and ``not`` with a body.

An operand is an expression, a body in braces, a group in parentheses, or one of these negated. What
stands in parentheses or braces may as well be a term (``(a) == b``, ``{1} == x``): it is read as an
operand first where an operator can tell, and as a term if that does not work out.
"""

from __future__ import annotations

from regolive.syntax import nodes as n
from regolive.syntax.cursor import Dialect, Failed
from regolive.syntax.expressions import ExpressionParser
from regolive.syntax.lexer import Tokens
from regolive.syntax.terms import value_name

_OPERATORS = ("and", "or")
_EMPTY = "found empty body"


class _Operand:
    """A side of an operator: a body, whether it stood in braces, and the token it begins at."""

    __slots__ = ("body", "explicit", "first")

    def __init__(self, body: n.Body, explicit: bool, first: int) -> None:
        self.body = body
        self.explicit = explicit
        self.first = first


def _is_print(expr: n.Expr) -> bool:
    """Whether an expression is a call of ``print``, which always succeeds."""
    term = expr.term
    if expr.negated or not isinstance(term, n.Call) or len(term.func.terms) != 1:
        return False
    func = term.func.terms[0]
    return isinstance(func, n.Var) and func.name == "print"


def _is_plain_not(expr: n.Expr) -> bool:
    """Whether an expression is ``not`` and a single expression without operators."""
    term = expr.term
    if not isinstance(term, n.Not) or term.explicit:
        return False
    return not isinstance(term.body[0].term, n.Logical)


class LogicalParser(ExpressionParser):
    """Parses expressions with the imported keywords."""

    __slots__ = ("groups_refused", "logical", "not_bodies")

    def __init__(self, source: n.Source, tokens: Tokens, dialect: Dialect) -> None:
        super().__init__(source, tokens, dialect)
        self.logical = False
        self.not_bodies = False
        # Parentheses that were tried as a group and hold a term.
        self.groups_refused: set[int] = set()

    def literal(self) -> n.Expr:
        """One expression of a body."""
        if not self.logical and not self.not_bodies:
            return super().literal()
        first = self.at
        kind = self.kinds[first]
        operand: _Operand | None = None
        if kind == "{" and self.logical:
            operand = self._leading_braces()
        elif kind == "(" and self.logical:
            operand = self._group(operand_context=False)
        elif kind == "not" and self.not_bodies and not self.is_word_ref(first):
            operand = self._negation(whole=True)
        if operand is not None:
            expr = self._finish(operand)
            if expr.withs and self._is_operator(self.kinds[self.at]) and _is_plain_not(expr):
                raise self._with_on_operand(expr.withs[0])
            expr.loc = self.loc(first, self.at - 1)
            if isinstance(expr.term, n.Not) and not expr.term.explicit:
                # As in OPA, `not` and what it negates stand in one place.
                for inner in expr.term.body:
                    inner.loc = expr.loc
            return expr
        expr = super().literal()
        is_operand = not isinstance(expr.term, (n.SomeDecl, n.Every))
        if not is_operand or not self._is_operator(self.kinds[self.at]):
            return expr
        if expr.withs:
            raise self._with_on_operand(expr.withs[0])
        self._refuse_braces(first)
        return self._finish(_Operand((expr,), False, first))

    def _finish(self, operand: _Operand) -> n.Expr:
        """An expression from its first operand: operators, and a ``with`` for all of it."""
        expr = self._chain(operand)
        if self.kinds[self.at] == "with":
            expr = self._add_withs(expr)
        return expr

    def _add_withs(self, expr: n.Expr) -> n.Expr:
        withs = self.withs()
        where = n.Loc(self.source, expr.loc.start, self.ends[self.at - 1])
        return n.Expr(where, expr.term, expr.negated, withs)

    # Operators

    def _chain(self, left: _Operand) -> n.Expr:
        """Operands with ``and`` and ``or`` between them."""
        left = self._ands(left)
        length = 0
        while self._is_operator("or"):
            self.at += 1
            right = self._ands(self._operand("or"))
            left = self._logical("or", left, right)
            length += 1
        self.longest = max(self.longest, length)
        return left.body[0]

    def _ands(self, left: _Operand) -> _Operand:
        length = 0
        while self._is_operator("and"):
            self.at += 1
            left = self._logical("and", left, self._operand("and"))
            length += 1
        self.longest = max(self.longest, length)
        return left

    def _is_operator(self, word: str) -> bool:
        at = self.at
        return self.kinds[at] == word and word in _OPERATORS and not self.is_word_ref(at)

    def _logical(self, operator: str, left: _Operand, right: _Operand) -> _Operand:
        for side in (left, right):
            if all(_is_print(expr) for expr in side.body):
                raise Failed(
                    f"operand of `{operator}` cannot consist only of calls to `print`",
                    side.body[0].loc.start,
                    "`print` produces no value and always succeeds, so the operand can never fail; "
                    "move it out of the operand, or add an expression that can fail",
                )
        where = self.loc(left.first, self.at - 1)
        term = n.Logical(where, operator, left.body, right.body, left.explicit, right.explicit)
        return _Operand((n.Expr(where, term),), False, left.first)

    # Operands

    def _operand(self, operator: str) -> _Operand:
        """An operand behind an operator; behind an opening parenthesis if that is empty."""
        first = self.at
        kind = self.kinds[first]
        if kind == "{":
            return self._braces_operand(operator)
        if kind == "not" and not self.is_word_ref(first):
            if self.not_bodies:
                return self._negation()
            self.at += 1
            expr = n.Expr(self.loc(first, first), self.expression(), negated=True)
            expr.loc = self.loc(first, self.at - 1)
            return _Operand((expr,), False, first)
        if kind == "(" and self.logical:
            group = self._group(operand_context=True)
            if group is not None:
                return group
        term = self.expression()
        return _Operand((n.Expr(self.loc(first, self.at - 1), term),), False, first)

    def _leading_braces(self) -> _Operand | None:
        """A body in braces that an operator follows; None where the braces are something else."""
        first = self.at
        close = self.tokens.closes.get(first)
        if close is None or self.kinds[close + 1] not in _OPERATORS:
            return None
        saved = self.at, self.wildcards
        try:
            operand = self._body_in_braces(first)
        except Failed:
            operand = None
        if operand is None or self.kinds[self.at] not in _OPERATORS:
            self.at, self.wildcards = saved
            return None
        self._refuse_union(operand, "")
        return operand

    def _body_in_braces(self, first: int) -> _Operand:
        self.at += 1
        body = self.body("}")
        self.at += 1
        return _Operand(body, True, first)

    def _braces_operand(self, operator: str) -> _Operand:
        first = self.at
        saved = self.at, self.wildcards
        try:
            operand = self._body_in_braces(first)
        except Failed as failed:
            if not operator or failed.message == _EMPTY:
                raise
            self.at, self.wildcards = saved
            self._explain_value(failed)
            text = self.text[self.starts[first] : self.ends[self.at - 1]]
            raise self._braces_are_value(first, text, operator) from None
        if operator:
            self._refuse_union(operand, "")
        return operand

    def _explain_value(self, failed: Failed) -> n.Term:
        """What braces that are no body hold; raises the failure of the body if it is nothing."""
        try:
            return self.infix()
        except Failed:
            raise failed from None

    def _negation(self, whole: bool = False) -> _Operand:
        """``not`` and what it negates, a body in braces or one expression.

        ``whole``: it stands at the beginning of an expression.
        """
        first = self.at
        self.at += 1
        kind = self.kinds[self.at]
        if kind in ("some", "every"):
            raise self.unexpected(f"illegal negation of '{kind}'")
        inner: _Operand | None = None
        if kind == "{":
            inner = self._negated_braces()
        elif kind == "(" and (self.logical or whole):
            inner = self._group(operand_context=True, prefix="not ")
        if inner is None:
            start = self.at
            term = self.expression()
            where = self.loc(start, self.at - 1)
            inner = _Operand((n.Expr(where, term),), False, start)
        where = self.loc(first, self.at - 1)
        node = n.Not(where, inner.body, inner.explicit)
        return _Operand((n.Expr(where, node),), False, first)

    def _negated_braces(self) -> _Operand:
        first = self.at
        saved = self.at, self.wildcards
        try:
            operand = self._body_in_braces(first)
        except Failed as failed:
            if failed.message == _EMPTY and self.kinds[first + 1] == "}":
                raise
            self.at, self.wildcards = saved
            term = self._explain_value(failed)
            while isinstance(term, n.Call) and term.infix:
                term = term.args[0]
            text = self.text[self.starts[first] : self.ends[self.at - 1]]
            raise self.fail(
                "`{...}` in an operand position must contain expression(s), "
                f"got: {value_name(term)}",
                first,
                f"write `not ({text})` to negate the value, or `not {{{text}}}` "
                "for a body holding it",
            ) from None
        self._refuse_union(operand, "not ")
        return operand

    # Groups

    def _group(self, operand_context: bool, prefix: str = "") -> _Operand | None:
        """Operands in parentheses; None where they hold a term, which is left to be read.

        ``operand_context``: what stands before can only have an operand behind it.
        """
        opened = self.at
        if opened in self.groups_refused:
            return None
        saved = self.at, self.wildcards
        self.at += 1
        if self.kinds[self.at] == ")":
            if operand_context:
                raise self.fail("empty parenthesized group", opened)
            self._no_group(opened, saved)
            return None
        try:
            inner = self._operand("")
        except Failed:
            self._no_group(opened, saved)
            return None
        if self._is_operator(self.kinds[self.at]):
            expr = self._finish(inner)
            return self._close_group(opened, _Operand((expr,), False, opened))
        if self.kinds[self.at] == "with" and not inner.explicit:
            return self._group_with(opened, saved, inner, operand_context)
        if inner.explicit:
            self._refuse_body(opened, saved, inner, prefix)
            self._no_group(opened, saved)
            return None
        expr = inner.body[0]
        if expr.negated or isinstance(expr.term, (n.Not, n.Logical)):
            return self._close_group(opened, _Operand(inner.body, False, opened))
        self._no_group(opened, saved)
        return None

    def _no_group(self, opened: int, saved: tuple[int, int]) -> None:
        self.at, self.wildcards = saved
        self.groups_refused.add(opened)

    def _close_group(self, opened: int, operand: _Operand) -> _Operand:
        if self.kinds[self.at] != ")":
            raise self.fail("expected ) to close parenthesized group")
        self.at += 1
        operand.first = opened
        return operand

    def _group_with(
        self, opened: int, saved: tuple[int, int], inner: _Operand, operand_context: bool
    ) -> _Operand | None:
        """``(a with input as x)``: a group if it is an operand."""
        expr = self._add_withs(inner.body[0])
        if self.kinds[self.at] in _OPERATORS:
            raise self._with_on_operand(expr.withs[0])
        group = self._close_group(opened, _Operand((expr,), False, opened))
        if operand_context or self.kinds[self.at] in _OPERATORS:
            return group
        self._no_group(opened, saved)
        return None

    # What is refused

    def _with_on_operand(self, item: n.With) -> Failed:
        word = self.kinds[self.at]
        return Failed(
            f"`with` modifier is not allowed on operand of `{word}`",
            item.loc.start,
            "Wrap the operand in `(...)` or `{...}` to scope, or move `with` after the "
            f"`{word}` expression to apply it to the whole expression",
        )

    def _refuse_braces(self, first: int) -> None:
        """A first operand that begins with a brace must be a body."""
        if self.kinds[first] != "{":
            return
        if self.at == first + 2:
            raise self.fail(_EMPTY, first)
        text = self.text[self.starts[first] : self.ends[self.at - 1]]
        raise self._braces_are_value(first, text, self.kinds[self.at])

    def _braces_are_value(self, first: int, text: str, operator: str) -> Failed:
        return self.fail(
            f"operand of `{operator}` cannot begin with `{{` unless the braces hold a body",
            first,
            f"wrap the operand to keep the value: `({text}) {operator} ...`",
        )

    def _refuse_union(self, operand: _Operand, prefix: str) -> None:
        """A body in braces must not look like a comprehension."""
        expr = operand.body[0]
        term = expr.term
        if not isinstance(term, n.Call) or term.infix != "|":
            return
        if self.text[expr.loc.start] == "(":
            return
        text = self.text[self.starts[operand.first] : self.ends[self.at - 1]]
        union = expr.loc.text
        raise self.fail(
            "ambiguous `{ ... | ... }` operand: read as a body holding a set-union expression, "
            "not as a comprehension",
            operand.first,
            f"write `{prefix}({text})` for the comprehension, or "
            f"`{prefix}{text.replace(union, f'({union})', 1)}` for the set union",
        )

    def _refuse_body(
        self, opened: int, saved: tuple[int, int], inner: _Operand, prefix: str
    ) -> None:
        """Braces in parentheses must be a value: ``({x})`` is a set."""
        text = self.text[self.starts[inner.first] : self.ends[self.at - 1]]
        self.at, self.wildcards = saved
        self.at += 1
        try:
            self.term()
        except Failed:
            raise self.fail(
                "`(...)` in an operand position cannot contain a body",
                opened,
                f"drop the parens to keep the body: `{prefix}{text}`",
            ) from None
