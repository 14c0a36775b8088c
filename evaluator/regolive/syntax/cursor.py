"""What all parts of the parser share: the tokens, the place in them, and how a failure is told."""

from __future__ import annotations

from regolive.errors import Diagnostic, Location
from regolive.syntax import nodes as n
from regolive.syntax.lexer import Tokens

CODE = "rego_parse_error"


class Failed(Exception):
    """The text is not what the grammar wants here. The module parser catches it at the rule."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


_NAMES = {
    "name": "identifier",
    "raw": "string",
    ":=": "assign",
    "=": "eq",
    "==": "equal",
    "!=": "neq",
    "<": "lt",
    "<=": "lte",
    ">": "gt",
    ">=": "gte",
    "+": "plus",
    "-": "minus",
    "*": "mul",
    "/": "div",
    "%": "rem",
    "|": "or",
    "&": "and",
}


class Cursor:
    """A place in the tokens of a source, and the number of wildcards seen before it."""

    __slots__ = ("at", "ends", "kinds", "source", "starts", "text", "tokens", "wildcards")

    def __init__(self, source: n.Source, tokens: Tokens) -> None:
        self.source = source
        self.text = source.text
        self.tokens = tokens
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.at = 0
        self.wildcards = 0

    def loc(self, start: int, end: int) -> n.Loc:
        """The place from the start of token ``start`` to the end of token ``end``."""
        return n.Loc(self.source, self.starts[start], self.ends[end])

    def here(self) -> n.Loc:
        """The place of the token the cursor is at."""
        return n.Loc(self.source, self.starts[self.at], self.ends[self.at])

    def after_newline(self) -> bool:
        """Whether there is a line break between the token before and the one the cursor is at."""
        at = self.at
        return self.text.find("\n", self.ends[at - 1], self.starts[at]) >= 0

    def fail(self, message: str, at: int | None = None, hint: str | None = None) -> Failed:
        """A failure at a token; at the current one unless told."""
        return self.fail_at(message, self.starts[self.at if at is None else at], hint)

    def fail_at(self, message: str, offset: int, hint: str | None = None) -> Failed:
        """A failure at an offset."""
        row, col = self.source.row_col(offset)
        place = Location(self.source.name, row, col)
        return Failed(Diagnostic(CODE, message, place, self.source.line(row), hint))

    def unexpected(self, expected: str = "", hint: str | None = None) -> Failed:
        """A failure at the current token, which is not what was expected."""
        at = self.at
        kind = self.kinds[at]
        if kind == "illegal":
            return self.fail(self.tokens.problems[at], hint=hint)
        if kind in self.tokens_keywords():
            message = f"unexpected {kind} keyword"
        else:
            message = f"unexpected {_NAMES.get(kind, kind)} token"
        return self.fail(f"{message}: {expected}" if expected else message, hint=hint)

    def tokens_keywords(self) -> frozenset[str]:
        """The words that are keywords here."""
        from regolive.syntax.lexer import KEYWORDS

        return KEYWORDS
