"""Terms: scalars, variables, references, calls, composites, comprehensions, and infix operators."""

from __future__ import annotations

import json

from regolive.syntax import nodes as n
from regolive.syntax.cursor import Cursor, Failed
from regolive.syntax.lexer import KEYWORDS, MAX_DEPTH, Tokens

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

_CONSTANTS = {"true": True, "false": False, "null": None}
_TAILS = frozenset({".", "[", "("})


class TermParser(Cursor):
    """Parses terms. ``body`` is the part of the parser above."""

    __slots__ = ("refused", "word")

    def __init__(self, source: n.Source, tokens: Tokens) -> None:
        super().__init__(source, tokens)
        # Brackets that were tried as a comprehension and are none: not tried again when what is
        # around them is read again, which keeps nested tries from doubling the time for each level.
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

    def infix(self, pairs: bool = True) -> n.Term:
        """A term with infix operators. ``pairs``: ``k, v in xs`` may stand here."""
        left = self.binary(1)
        kind = self.kinds[self.at]
        if (kind == "in" and not self.is_word_ref(self.at)) or (kind == "," and pairs):
            return self._membership(left, pairs)
        return left

    def is_word_ref(self, at: int) -> bool:
        """Whether a keyword begins a reference, and so is a name: ``if.x``, ``not["y"]``."""
        return self.kinds[at + 1] in (".", "[") and self.starts[at + 1] == self.ends[at]

    def binary(self, level: int) -> n.Term:
        """A term with infix operators that bind at least as strongly as ``level``."""
        first = self.at
        left = self.term()
        kinds = self.kinds
        found = INFIX.get(kinds[self.at])
        if found is None:
            return left
        start = left.loc.start if kinds[first] != "(" else self.starts[first]
        length = 0
        while found is not None and found[0] >= level:
            at = self.at
            length += 1
            if length > MAX_DEPTH:
                raise self.fail("nested too deeply: too many operators in one expression")
            self.at = at + 1
            right = self.binary(found[0] + 1)
            operator = n.Var(self.loc(at, at), found[1])
            left = n.Call(
                n.Loc(self.source, start, self.ends[self.at - 1]),
                n.Ref(operator.loc, (operator,)),
                (left, right),
                kinds[at],
            )
            found = INFIX.get(kinds[self.at])
        return left

    def _membership(self, left: n.Term, pairs: bool) -> n.Term:
        start = left.loc.start
        length = 0
        while True:
            operands = (left,)
            if pairs and self.kinds[self.at] == ",":
                saved = self.at, self.wildcards
                self.at += 1
                try:
                    second = self.binary(1)
                except Failed:
                    second = None
                if second is None or self.kinds[self.at] != "in":
                    self.at, self.wildcards = saved
                    return left
                operands = (left, second)
            if self.kinds[self.at] != "in" or self.is_word_ref(self.at):
                return left
            length += 1
            if length > MAX_DEPTH:
                raise self.fail("nested too deeply: too many operators in one expression")
            place = self.here()
            self.at += 1
            domain = self.binary(1)
            func = n.Ref(
                place,
                (n.Var(place, "internal"), n.Scalar(place, f"member_{len(operands) + 1}")),
            )
            left = n.Call(
                n.Loc(self.source, start, self.ends[self.at - 1]), func, (*operands, domain), "in"
            )
            if self.kinds[self.at] != "in":
                return left

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
            if name == "_":
                name = f"${self.wildcards}"
                self.wildcards += 1
            made = n.Var(n.Loc(self.source, start, end), name)
        elif kind == "string":
            made = n.Scalar(n.Loc(self.source, start, end), self._string(start, end))
        elif kind == "number":
            return self._no_tail(n.Number(n.Loc(self.source, start, end), self.text[start:end]))
        elif kind == "{":
            made = self._braces(at)
            following = self.at
        elif kind == "[":
            made = self._brackets(at)
            following = self.at
        elif kind == "(":
            made = self.infix()
            if self.kinds[self.at] != ")":
                raise self.unexpected("non-terminated expression")
            self.at = following = self.at + 1
        elif at == self.word:
            made = n.Var(n.Loc(self.source, start, end), kind)
        elif kind in _CONSTANTS:
            made = n.Scalar(n.Loc(self.source, start, end), _CONSTANTS[kind])
        elif kind == "-":
            return self._minus(at)
        elif kind == ".":
            return self._point(at, "")
        elif kind == "raw":
            made = n.Scalar(n.Loc(self.source, start, end), self.text[start + 1 : end - 1])
        elif kind == "template":
            made = self._template(at)
            following = self.at
        elif kind == "contains":
            made = n.Var(n.Loc(self.source, start, end), kind)
        else:
            self.at = at
            raise self.unexpected()
        kind = self.kinds[following]
        if kind in _TAILS and self.starts[following] == self.ends[following - 1]:
            return self.tail(made)
        return made

    def _no_tail(self, term: n.Term) -> n.Term:
        at = self.at
        if self.kinds[at] in _TAILS and self.starts[at] == self.ends[at - 1]:
            raise self.fail_at("illegal ref (head cannot be number)", term.loc.start)
        return term

    def _minus(self, at: int) -> n.Term:
        kind = self.kinds[self.at]
        if kind == ".":
            return self._point(self.at, "-")
        loc = self.loc(at, at)
        if kind == "number":
            self.at += 1
            text = "-" + self.text[self.starts[self.at - 1] : self.ends[self.at - 1]]
            return self._no_tail(n.Number(self.loc(at, self.at - 1), text))
        operand = self.term()
        operator = n.Var(loc, "minus")
        return n.Call(
            n.Loc(self.source, loc.start, operand.loc.end),
            n.Ref(loc, (operator,)),
            (n.Number(loc, "0"), operand),
            "-",
        )

    def _point(self, at: int, sign: str) -> n.Term:
        self.at = at + 1
        if self.kinds[at + 1] != "number":
            raise self.unexpected("expected number")
        self.at = at + 2
        text = self.text[self.starts[at + 1] : self.ends[at + 1]]
        return self._no_tail(n.Number(self.loc(at - 1 if sign else at, at + 1), f"{sign}.{text}"))

    def _string(self, start: int, end: int) -> str:
        inside = self.text[start + 1 : end - 1]
        if "\\" not in inside:
            return inside
        try:
            return str(json.loads(self.text[start:end]))
        except ValueError:
            raise self.fail_at("illegal escape sequence", start) from None

    def tail(self, head: n.Term, spaced: bool = False) -> n.Term:
        """The steps and arguments that follow a term without a space."""
        start = head.loc.start
        kinds, starts, ends = self.kinds, self.starts, self.ends
        source = self.source
        if head.__class__ in (n.Scalar, n.Ref):
            name = "ref" if head.__class__ is n.Ref else "string"
            raise self.fail_at(f"illegal ref (head cannot be {name})", start)
        steps = [head]
        calls = 0
        while True:
            at = self.at
            if starts[at] != ends[at - 1] and not spaced:
                break
            spaced = False
            kind = kinds[at]
            if kind == ".":
                at += 1
                step = kinds[at]
                if starts[at] != ends[at - 1] or not (step == "name" or step in KEYWORDS):
                    self.at = at
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
                if calls > MAX_DEPTH:
                    raise self.fail("nested too deeply: too many calls in one expression")
                call = self._call(steps)
                following = self.at
                if kinds[following] in (".", "[") and starts[following] == ends[following - 1]:
                    steps = [call]
                else:
                    return call
            else:
                break
        if len(steps) == 1:
            return head
        return n.Ref(n.Loc(source, start, ends[self.at - 1]), tuple(steps))

    def _call(self, steps: list[n.Term]) -> n.Term:
        first = steps[0]
        at = self.at
        self.at = at + 1
        args = self._list(")", at)
        place = n.Loc(self.source, first.loc.start, self.ends[self.at - 1])
        if len(steps) == 1 and not args and isinstance(first, n.Var) and first.name == "set":
            return n.Set(place, ())
        func = n.Ref(n.Loc(self.source, first.loc.start, self.ends[at - 1]), tuple(steps))
        return n.Call(place, func, tuple(args))

    # Composites

    def _list(self, close: str, opened: int) -> list[n.Term]:
        """Terms with commas, up to and with the closing bracket. A last comma is allowed."""
        found: list[n.Term] = []
        kinds = self.kinds
        if kinds[self.at] == close:
            self.at += 1
            return found
        while True:
            found.append(self.infix(False))
            kind = kinds[self.at]
            if kind == ",":
                self.at += 1
                if kinds[self.at] != close:
                    continue
            elif kind != close:
                raise self.unexpected(f'expected "," or "{close}"')
            self.at += 1
            return found

    def _brackets(self, at: int) -> n.Term:
        """What stands in square brackets: an array or an array comprehension."""
        if at in self.tokens.marked and at not in self.refused:
            saved = self.at, self.wildcards
            head = self._comprehension_head()
            if head is not None:
                body = self._comprehension_body("]", at, saved)
                if body is not None:
                    return n.ArrayComp(self.loc(at, self.at - 1), head, body)
            self.at, self.wildcards = saved
        if self.kinds[self.at] == ",":
            self.at += 1
            if self.kinds[self.at] == "]":
                raise self.unexpected()
        items = self._list("]", at)
        return n.Array(self.loc(at, self.at - 1), tuple(items))

    def _comprehension_head(self) -> n.Term | None:
        """A term and the bar behind it; None if there is no bar."""
        try:
            head = self.term()
        except Failed:
            return None
        if self.kinds[self.at] != "|":
            return None
        self.at += 1
        return head

    def _comprehension_body(self, close: str, opened: int, saved: tuple[int, int]) -> n.Body | None:
        """A body and its bracket; None where the bar is rather an operator (``{a | b, c}``)."""
        try:
            body = self.body(close)
        except Failed:
            if self.kinds[self.at] != ",":
                raise
            self.refused.add(opened)
            return None
        self.at += 1
        return body

    def _braces(self, at: int) -> n.Term:
        """What stands in braces: a set, an object, or a comprehension of these."""
        kinds = self.kinds
        if kinds[self.at] == "}":
            self.at += 1
            return n.Object(self.loc(at, at + 1), ())
        if kinds[self.at] == ",":
            self.at += 1
            if kinds[self.at] == "}":
                raise self.unexpected()
        marked = at in self.tokens.marked
        if marked and at not in self.refused:
            saved = self.at, self.wildcards
            head = self._comprehension_head()
            if head is not None:
                body = self._comprehension_body("}", at, saved)
                if body is not None:
                    return n.SetComp(self.loc(at, self.at - 1), head, body)
            self.at, self.wildcards = saved
        first = self.infix(False)
        if kinds[self.at] == ":":
            return self._object(at, first)
        items = [first]
        if kinds[self.at] == ",":
            self.at += 1
            items += self._list("}", at)
        elif kinds[self.at] == "}":
            self.at += 1
        else:
            raise self.unexpected("non-terminated set")
        return n.Set(self.loc(at, self.at - 1), tuple(items))

    def _object(self, at: int, key: n.Term) -> n.Term:
        kinds = self.kinds
        self.at += 1
        if at not in self.refused:
            saved = self.at, self.wildcards
            head = self._comprehension_head()
            if head is not None:
                body = self._comprehension_body("}", at, saved)
                if body is not None:
                    return n.ObjectComp(self.loc(at, self.at - 1), key, head, body)
            self.at, self.wildcards = saved
        flat = [key, self.infix(False)]
        while kinds[self.at] == ",":
            self.at += 1
            if kinds[self.at] == "}":
                break
            flat.append(self.infix(False))
            if kinds[self.at] != ":":
                raise self.unexpected('expected ":"')
            self.at += 1
            flat.append(self.infix(False))
        if kinds[self.at] != "}":
            raise self.unexpected("non-terminated object")
        self.at += 1
        return n.Object(self.loc(at, self.at - 1), tuple(flat))

    def _template(self, at: int) -> n.Term:
        items: list[n.Scalar | n.Expr] = []
        raw = self.text[self.ends[at] - 1] == "`"
        while True:
            kind = self.kinds[self.at]
            place = self.here()
            self.at += 1
            if kind == "template text":
                text = place.text.replace("\\{", "{")
                if not raw:
                    text = self._unescape(text, place.start)
                items.append(n.Scalar(place, text))
            elif kind == "template{":
                items.append(self.literal())
                if self.kinds[self.at] != "template}":
                    raise self.unexpected("expected }")
                self.at += 1
            elif kind == "template end":
                return n.TemplateString(self.loc(at, self.at - 1), tuple(items), raw)
            else:
                self.at -= 1
                raise self.unexpected()

    def _unescape(self, text: str, start: int) -> str:
        if "\\" not in text:
            return text
        try:
            return str(json.loads(f'"{text}"'))
        except ValueError:
            raise self.fail_at("illegal escape sequence", start) from None
