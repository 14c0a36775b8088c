"""What all parts of the parser share: the tokens, the place in them, and how a failure is told."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from regolive.syntax import nodes as n
from regolive.syntax.lexer import ALL_KEYWORDS, Tokens

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
    "template": "template-string-part",
    "template text": "template-string-part",
    "template{": "{",
    "template}": "}",
    "template end": "template-string-end",
}


def token_name(kind: str) -> str:
    """OPA's name of a kind of token: ``assign token``, ``if keyword``."""
    sort = "keyword" if kind in ALL_KEYWORDS else "token"
    return f"{_NAMES.get(kind, kind)} {sort}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a text may use, beside the version it is written in.

    ``future`` is what may be imported from ``future.keywords``, ``builtins`` the names that a rule
    without body and value cannot have; the features have OPA's names.
    """

    version: int = 1
    future: frozenset[str] = frozenset()
    keywords_in_refs: bool = True
    template_strings: bool = True
    rego_v1_import: bool = True
    builtins: Container[str] = frozenset()


class Failed(Exception):
    """The text is not what the grammar wants here.

    ``cause`` is the failure behind this one, where OPA reports another. ``soft``: OPA goes on
    behind it, so that it is not hidden by what OPA makes of the text around.
    """

    def __init__(
        self, message: str, offset: int, hint: str | None = None, cause: Failed | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint
        self.cause = cause
        self.soft = False


class Cursor:
    """A place in the tokens of a source, and the number of wildcards seen before it."""

    __slots__ = (
        "at",
        "dialect",
        "ends",
        "hidden",
        "kinds",
        "longest",
        "source",
        "starts",
        "text",
        "tokens",
        "wildcards",
    )

    def __init__(self, source: n.Source, tokens: Tokens, dialect: Dialect) -> None:
        self.source = source
        self.text = source.text
        self.tokens = tokens
        self.dialect = dialect
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.at = 0
        self.wildcards = 0
        # The longest chain of operators or calls: each makes the tree a level deeper.
        self.longest = 0
        # What failed where a token was tried as the beginning of something: the failure that OPA
        # reports at such a token has it as its cause.
        self.hidden: dict[int, Failed] = {}

    def loc(self, start: int, end: int) -> n.Loc:
        """The place from the start of token ``start`` to the end of token ``end``."""
        return n.Loc(self.source, self.starts[start], self.ends[end])

    def here(self) -> n.Loc:
        """The place of the token the cursor is at."""
        return n.Loc(self.source, self.starts[self.at], self.ends[self.at])

    def read(self, at: int) -> str:
        """The text of a token."""
        return self.text[self.starts[at] : self.ends[at]]

    def adjacent(self, at: int) -> bool:
        """Whether nothing stands between a token and the one before it."""
        return self.starts[at] == self.ends[at - 1]

    def after_newline(self) -> bool:
        """Whether there is a line break between the token before and the one the cursor is at."""
        at = self.at
        return self.text.find("\n", self.ends[at - 1], self.starts[at]) >= 0

    def wildcard(self) -> str:
        """The name of the next wildcard."""
        name = f"${self.wildcards}"
        self.wildcards += 1
        return name

    def is_word_ref(self, at: int) -> bool:
        """Whether a keyword begins a reference, and so is a name: ``if.x``, ``not["y"]``."""
        return (
            self.kinds[at + 1] in (".", "[")
            and self.starts[at + 1] == self.ends[at]
            and self.dialect.keywords_in_refs
        )

    def fail(self, message: str, at: int | None = None, hint: str | None = None) -> Failed:
        """A failure at a token; at the current one unless told."""
        index = self.at if at is None else at
        return Failed(message, self.starts[index], hint, self.hidden.get(index))

    def unexpected(self, expected: str = "", hint: str | None = None) -> Failed:
        """A failure at the current token, which is not what was expected."""
        at = self.at
        kind = self.kinds[at]
        if kind == "illegal":
            return self.fail(self.tokens.problems[at], hint=hint)
        message = f"unexpected {token_name(kind)}"
        return self.fail(f"{message}: {expected}" if expected else message, hint=hint)

    def unexpected_space(self, expected: str) -> Failed:
        """A failure at the current token, or at the white space before it, if there is any."""
        at = self.at
        if self.starts[at] == self.ends[at - 1]:
            return self.unexpected(expected)
        return Failed(f"unexpected whitespace token: {expected}", self.ends[at - 1])
