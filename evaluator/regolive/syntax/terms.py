"""Terms: scalars, variables, references, calls, composites, comprehensions, infix operators.

Where Rego is ambiguous (``{a | b}`` is a comprehension, ``{a | b, c}`` a set) the less usual
reading is remembered by its bracket, so that what stands inside is read at most twice, not twice
for each level.
"""

from __future__ import annotations

from regolive.syntax import literals
from regolive.syntax import nodes as n
from regolive.syntax.cursor import Cursor, Dialect, Failed, token_name
from regolive.syntax.lexer import ALL_KEYWORDS, TOO_DEEP, Tokens

# How strongly an infix operator binds, and the builtin it calls.
INFIX: dict[str, tuple[int, str]] = {
    "==": (1, "equal"),
    "!=": (1, "neq"),
    "<": (1, "lt"),
    "<=": (1, "lte"),
    ">": (1, "gt"),
    ">=": (1, "gte"),
    "|": (2, "or"),
    "&": (3, "and"),
    "+": (4, "plus"),
    "-": (4, "minus"),
    "*": (5, "mul"),
    "/": (5, "div"),
    "%": (5, "rem"),
}

# A chain of operators is as deep a tree as it has operators: beyond what any tree may have
# (``parse.MAX_TREE_DEPTH``) there is no use in reading the rest of it.
MAX_CHAIN = 1000

_CONSTANTS = {"true": True, "false": False, "null": None}
_TAILS = frozenset({".", "[", "("})
_REF_HEADS = (n.Var, n.Array, n.Object, n.Set, n.ArrayComp, n.ObjectComp, n.SetComp, n.Call)


class TermParser(Cursor):
    """Parses terms. ``body`` and ``literal`` are in the parts of the parser above."""

    __slots__ = ("refused", "word")

    def __init__(self, source: n.Source, tokens: Tokens, dialect: Dialect) -> None:
        super().__init__(source, tokens, dialect)
        # Brackets that were tried as something that they are not.
        self.refused: set[int] = set()
        # The token at which a keyword may begin a reference, and is a name then.
        self.word = -1

    def body(self, close: str) -> n.Body:
        """A body up to a closing bracket, which is left for the caller."""
        raise NotImplementedError

    def literal(self) -> n.Expr:
        """One expression of a body."""
        raise NotImplementedError

    # Infix operators

    def infix(self, pairs: bool = True, first: n.Term | None = None) -> n.Term:
        """A term with infix operators.

        Args:
            pairs: ``k, v in xs`` may stand here.
            first: the first operand, if it has been read already.
        """
        left = self.term() if first is None else first
        kind = self.kinds[self.at]
        if kind in INFIX:
            left = self.binary(1, left)
            kind = self.kinds[self.at]
        if kind == "in" or (kind == "," and pairs):
            return self._membership(left, pairs)
        return left

    def binary(self, level: int, left: n.Term) -> n.Term:
        """What follows an operand with operators that bind at least as strongly as ``level``."""
        kinds, starts, ends, source = self.kinds, self.starts, self.ends, self.source
        start = left.loc.start
        length = 0
        while (found := INFIX.get(kinds[self.at])) is not None and found[0] >= level:
            at = self.at
            self.at = at + 1
            right = self.term()
            following = INFIX.get(kinds[self.at])
            if following is not None and following[0] > found[0]:
                right = self.binary(found[0] + 1, right)
            place = n.Loc(source, starts[at], ends[at])
            func = n.Ref(place, (n.Var(place, found[1]),))
            where = n.Loc(source, start, ends[self.at - 1])
            if isinstance(left.loc, n.GroupLoc):
                where = n.GroupLoc(source, start, where.end, left.loc.outer)
            left = n.Call(where, func, (left, right), kinds[at])
            length += 1
            if length > MAX_CHAIN:
                raise Failed(TOO_DEEP, starts[at])
        self.longest = max(self.longest, length)
        return left

    def operand(self) -> n.Term:
        """A term with infix operators other than ``in``."""
        left = self.term()
        return self.binary(1, left) if self.kinds[self.at] in INFIX else left

    def _membership(self, left: n.Term, pairs: bool) -> n.Term:
        """What follows an operand with ``in``: ``x in xs``, or ``k, v in xs`` if ``pairs``."""
        length = 0
        if pairs and self.kinds[self.at] == ",":
            comma = self.at
            saved = comma, self.wildcards
            try:
                self.at += 1
                second = self.operand()
                found = self._is_in()
                if found:
                    left = self._member((left, second))
            except Failed as failed:
                found = False
                self.hidden[comma] = failed
            if not found:
                self.at, self.wildcards = saved
                return left
        while self._is_in():
            left = self._member((left,))
            length += 1
        self.longest = max(self.longest, length)
        return left

    def _is_in(self) -> bool:
        return self.kinds[self.at] == "in" and not self.is_word_ref(self.at)

    def _member(self, operands: tuple[n.Term, ...]) -> n.Term:
        """The call that ``in`` stands for, from that word on."""
        place = self.here()
        self.at += 1
        domain = self.operand()
        first = operands[0].loc
        where = n.Loc(self.source, first.start, self.ends[self.at - 1])
        if isinstance(first, n.GroupLoc):
            where = n.GroupLoc(self.source, first.start, where.end, first.outer)
        name = n.Scalar(place, f"member_{len(operands) + 1}")
        func = n.Ref(place, (n.Var(place, "internal"), name))
        return n.Call(where, func, (*operands, domain), "in")

    # Terms

    def term(self) -> n.Term:
        """A term without infix operators."""
        at = self.at
        kind = self.kinds[at]
        start = self.starts[at]
        end = self.ends[at]
        self.at = following = at + 1
        made: n.Term
        if kind == "name":
            name = self.text[start:end]
            made = n.Var(n.Loc(self.source, start, end), self.wildcard() if name == "_" else name)
        elif kind == "string":
            value = literals.string(self.text[start:end], start)
            made = n.Scalar(n.Loc(self.source, start, end), value)
        elif kind == "number":
            text = self.text[start:end]
            literals.check_number(text, start)
            made = n.Number(n.Loc(self.source, start, end), text)
        elif kind == "{":
            made = self._braces(at)
            following = self.at
        elif kind == "[":
            made = self._brackets(at)
            following = self.at
        elif kind == "(":
            made = self.infix()
            if self.kinds[self.at] != ")":
                raise self._not_terminated("non-terminated expression")
            self.at = following = self.at + 1
            made.loc = n.GroupLoc(self.source, made.loc.start, self.ends[self.at - 1], start)
        elif at == self.word:
            made = n.Var(n.Loc(self.source, start, end), kind)
        elif kind in _CONSTANTS:
            made = n.Scalar(n.Loc(self.source, start, end), _CONSTANTS[kind])
        elif kind in ("-", "."):
            made = self._signed(at)
            following = self.at
        elif kind == "raw":
            made = n.Scalar(n.Loc(self.source, start, end), self.text[start + 1 : end - 1])
        elif kind == "template":
            made = self._template(at)
            following = self.at
        elif kind == "contains" or (
            kind in ("and", "or") and self.kinds[at + 1] == "(" and self.adjacent(at + 1)
        ):
            # `contains` is a keyword in heads only; `and(` and `or(` call the builtins.
            made = n.Var(n.Loc(self.source, start, end), kind)
        else:
            self.at = at
            raise self.unexpected()
        if self.kinds[following] in _TAILS and self.starts[following] == self.ends[following - 1]:
            return self.tail(made)
        return made

    def _not_terminated(self, message: str) -> Failed:
        at = self.at
        if self.kinds[at] == "illegal":
            message = self.tokens.problems[at]
        return self.fail(message)

    def _signed(self, at: int) -> n.Term:
        """What begins with a minus or a point."""
        kinds = self.kinds
        sign = ""
        if kinds[at] == "-":
            if kinds[at + 1] in ("name", "contains"):
                operand = self.term()
                place = self.loc(at, at)
                where = n.Loc(self.source, place.start, operand.loc.end)
                func = n.Ref(place, (n.Var(place, "minus"),))
                return n.Call(where, func, (n.Number(place, "0"), operand), "-")
            sign = "-"
            if kinds[self.at] == ".":
                self.at += 1
                sign = "-."
        else:
            sign = "."
        if kinds[self.at] != "number":
            raise self.unexpected("expected number")
        text = self.read(self.at)
        literals.check_number(text, self.starts[self.at], fraction=sign[-1] == ".")
        self.at += 1
        return n.Number(self.loc(at, self.at - 1), sign + text)

    def tail(self, head: n.Term, spaced: bool = False) -> n.Term:
        """The steps and arguments that follow a term; without a space, unless ``spaced``."""
        start = head.loc.start
        kinds, starts, ends = self.kinds, self.starts, self.ends
        source = self.source
        if not isinstance(head, _REF_HEADS) or (is_root(head) and kinds[self.at - 1] == ")"):
            raise Failed(f"illegal ref (head cannot be {value_name(head)})", start)
        steps: list[n.Term] = [head]
        calls = 0
        while True:
            at = self.at
            if starts[at] != ends[at - 1] and not spaced:
                break
            spaced = False
            kind = kinds[at]
            if kind == ".":
                at += 1
                self.at = at
                step = kinds[at]
                if starts[at] != ends[at - 1]:
                    raise self.unexpected_space("expected identifier")
                if step != "name" and not (step in ALL_KEYWORDS and self.dialect.keywords_in_refs):
                    raise self.unexpected("expected identifier")
                place = n.Loc(source, starts[at], ends[at])
                steps.append(n.Scalar(place, self.text[starts[at] : ends[at]]))
                self.at = at + 1
            elif kind == "[":
                self.at = at + 1
                steps.append(self.infix())
                if kinds[self.at] != "]":
                    raise self.unexpected('expected "]"')
                self.at += 1
            elif kind == "(":
                calls += 1
                call = self._call(steps)
                following = self.at
                if kinds[following] in (".", "[") and starts[following] == ends[following - 1]:
                    steps = [call]
                else:
                    self.longest = max(self.longest, calls)
                    return call
            else:
                break
        self.longest = max(self.longest, calls)
        return n.Ref(n.Loc(source, start, ends[self.at - 1]), tuple(steps))

    def _call(self, steps: list[n.Term]) -> n.Term:
        first = steps[0]
        at = self.at
        self.at = at + 1
        args = self._list(")")
        place = n.Loc(self.source, first.loc.start, self.ends[self.at - 1])
        if len(steps) == 1 and not args and isinstance(first, n.Var) and first.name == "set":
            return n.Set(place, ())
        func = n.Ref(n.Loc(self.source, first.loc.start, self.ends[at - 1]), tuple(steps))
        return n.Call(place, func, tuple(args))

    # Composites

    def _list(self, close: str, first: n.Term | None = None) -> list[n.Term]:
        """Terms with commas, up to and with the closing bracket. A last comma is allowed.

        ``first`` is the first operand, if it has been read already.
        """
        found: list[n.Term] = []
        kinds = self.kinds
        if first is None and kinds[self.at] == close:
            self.at += 1
            return found
        while True:
            found.append(self.infix(False, first))
            first = None
            kind = kinds[self.at]
            if kind == ",":
                self.at += 1
                if kinds[self.at] != close:
                    continue
            elif kind != close:
                raise self.unexpected(f'expected "," or "{close}"')
            self.at += 1
            return found

    def _leading_comma(self, close: str) -> bool:
        """Step over a comma that stands where an element should (Rego has always allowed it)."""
        if self.kinds[self.at] != ",":
            return False
        self.at += 1
        if self.kinds[self.at] == close:
            raise self.unexpected()
        return True

    def _comprehension_body(self, close: str, opened: int, strict: bool) -> n.Body | None:
        """A body and its bracket, from the bar on; None where the bar is rather an operator.

        ``strict``: only a comma tells that (``{a | b, c}``); else whatever cannot be a body.
        """
        saved = self.at, self.wildcards
        self.at += 1
        try:
            body = self.body(close)
        except Failed:
            if strict and self.kinds[self.at] != ",":
                raise
            self.refused.add(opened)
            self.at, self.wildcards = saved
            return None
        self.at += 1
        return body

    def _brackets(self, at: int) -> n.Term:
        """What stands in square brackets: an array or an array comprehension."""
        kinds = self.kinds
        if kinds[self.at] == "]":
            self.at += 1
            return n.Array(self.loc(at, at + 1), ())
        comma = self._leading_comma("]")
        head = self.term()
        if kinds[self.at] == "|" and not comma and at not in self.refused:
            body = self._comprehension_body("]", at, strict=True)
            if body is not None:
                return n.ArrayComp(self.loc(at, self.at - 1), head, body)
        items = self._list("]", head)
        return n.Array(self.loc(at, self.at - 1), tuple(items))

    def _braces(self, at: int) -> n.Term:
        """What stands in braces: a set, an object, or a comprehension of these."""
        kinds = self.kinds
        if kinds[self.at] == "}":
            self.at += 1
            return n.Object(self.loc(at, at + 1), ())
        comma = self._leading_comma("}")
        head = self.term()
        if kinds[self.at] == "|" and not comma and at not in self.refused:
            body = self._comprehension_body("}", at, strict=True)
            if body is not None:
                return n.SetComp(self.loc(at, self.at - 1), head, body)
        head = self.infix(False, head)
        kind = kinds[self.at]
        if kind == ":":
            return self._object(at, head, comma)
        items = [head]
        self.at += 1
        if kind == ",":
            items += self._list("}")
        elif kind != "}":
            self.at -= 1
            raise self.unexpected("non-terminated set")
        return n.Set(self.loc(at, self.at - 1), tuple(items))

    def _object(self, at: int, key: n.Term, comma: bool) -> n.Term:
        kinds = self.kinds
        first = self.at = self.at + 1
        value = self.term()
        if kinds[self.at] == "|" and not comma and at not in self.refused:
            body = self._comprehension_body("}", at, strict=False)
            if body is not None:
                return n.ObjectComp(self.loc(at, self.at - 1), key, value, body)
        plain = not comma and kinds[self.at] == ","
        flat = [key, self.infix(False, value)]
        if kinds[self.at] not in (",", "}"):
            raise self.unexpected("non-terminated object")
        try:
            self._pairs(flat)
        except Failed as failed:
            # Where an operator has no second operand, OPA goes on as if it were not there.
            at_end = kinds[self.at] in (",", "}", ":")
            if at_end and (kinds[self.at - 1] in INFIX or kinds[self.at - 1] == "in"):
                failed.soft = True
            if not plain or failed.soft:
                raise
            # OPA goes back to the first value, and reports that.
            self.at = first
            raise Failed(
                f"unexpected {token_name(kinds[first])}: non-terminated object",
                self.starts[first],
                cause=failed.cause or failed,
            ) from None
        return n.Object(self.loc(at, self.at - 1), tuple(flat))

    def _pairs(self, flat: list[n.Term]) -> None:
        """The pairs of an object behind the first, up to and with the closing brace."""
        kinds = self.kinds
        while kinds[self.at] == ",":
            self.at += 1
            if kinds[self.at] == "}":
                break
            flat.append(self.infix(False))
            if kinds[self.at] != ":":
                raise self.unexpected('expected ":"')
            self.at += 1
            flat.append(self.infix(False))
            if kinds[self.at] not in (",", "}"):
                raise self.unexpected('expected "," or "}"')
        self.at += 1

    def _template(self, at: int) -> n.Term:
        if not self.dialect.template_strings:
            raise self.fail("template strings are not supported by current capabilities", at)
        items: list[n.Scalar | n.Expr] = []
        raw = self.text[self.ends[at] - 1] == "`"
        start = self.starts[at]
        while True:
            here = self.at
            kind = self.kinds[here]
            self.at += 1
            if kind == "template text":
                # As in OPA, the first text begins where the template does, and each has its end.
                place = n.Loc(self.source, start, self.ends[here] + 1)
                items.append(n.Scalar(place, literals.template_text(self.read(here), raw, start)))
            elif kind == "template{":
                items.append(self._template_expr())
                start = self.ends[self.at - 1]
            elif kind == "template end":
                return n.TemplateString(self.loc(at, here), tuple(items), raw)
            else:
                self.at = here
                raise self.unexpected()

    def _template_expr(self) -> n.Expr:
        expr = self.literal()
        term = expr.term
        wrong = None
        if expr.negated:
            wrong = "negation ('not')"
        elif isinstance(term, n.Every):
            wrong = "'every'"
        elif isinstance(term, n.SomeDecl):
            wrong = "'some'"
        elif isinstance(term, n.Call) and term.infix == "=":
            wrong = "unification ('=')"
        elif isinstance(term, n.Call) and term.infix == ":=":
            wrong = "assignment (':=')"
        if wrong:
            message = f"unexpected {wrong} in template-string expression"
            raise Failed(message, expr.loc.start)
        if self.kinds[self.at] != "template}":
            raise self._not_terminated("expected } to end template string expression")
        self.at += 1
        return expr


_VALUE_NAMES: dict[type[n.Node], str] = {
    n.Number: "number",
    n.Ref: "ref",
    n.Array: "array",
    n.Object: "object",
    n.Set: "set",
    n.ArrayComp: "arraycomprehension",
    n.ObjectComp: "objectcomprehension",
    n.SetComp: "setcomprehension",
    n.Call: "call",
    n.TemplateString: "templatestring",
}


def value_name(term: n.Node) -> str:
    """OPA's name for what a term is: ``var``, ``ref``, ``arraycomprehension``, ..."""
    if isinstance(term, n.Scalar):
        value = term.value
        return "null" if value is None else "boolean" if isinstance(value, bool) else "string"
    if isinstance(term, n.Var):
        return "ref" if is_root(term) else "var"
    return _VALUE_NAMES[type(term)]


def is_root(term: n.Node) -> bool:
    """Whether a term is ``data`` or ``input``, which is a reference and no variable."""
    return isinstance(term, n.Var) and term.name in ("data", "input")
