"""GraphQL texts into graphql-core's nodes: its lexer and parser, held to what OPA accepts.

graphql-core is ahead of OPA in what it lets pass (descriptions of operations, empty selections,
directives on directives) and behind in little; where they differ, OPA decides. The errors say what
OPA says, at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from graphql import GraphQLSyntaxError
from graphql.language import ast
from graphql.language.ast import Token
from graphql.language.lexer import Lexer
from graphql.language.parser import Parser
from graphql.language.source import Source
from graphql.language.token_kind import TokenKind

from regolive import BuiltinError
from regolive_std.text import go_quote

T = TypeVar("T")

# Bounds of one document, in characters, tokens and comments. OPA has none.
MAX_LENGTH = 4 << 20
MAX_TOKENS = 300_000

Check = Callable[[], None]
"""Called every now and then: it raises if the policy's query has been cancelled."""


def syntax_error(message: str, line: int, column: int) -> BuiltinError:
    """An error at a place, as OPA words it."""
    if column < 1:
        return BuiltinError(f"GraphQL parse error: input:{line}:{column}: {message}")
    return BuiltinError(f"{message} in GraphQL string at location {line}:{column}")


def parse_query(text: str, check: Check) -> ast.DocumentNode:
    """A document of operations and fragments. Raises BuiltinError with OPA's text."""
    return _parse(text, check, _Parser.query_document)


def parse_schema(text: str, check: Check) -> ast.DocumentNode:
    """A document of types. Raises BuiltinError with OPA's text."""
    return _parse(text, check, _Parser.schema_document)


def _parse(
    text: str, check: Check, document: Callable[[_Parser], ast.DocumentNode]
) -> ast.DocumentNode:
    if len(text) > MAX_LENGTH:
        raise BuiltinError(f"GraphQL text of {len(text)} characters: at most {MAX_LENGTH}")
    # Bytes that are no UTF-8 are replaced where OPA reads them.
    text = _SURROGATES.sub("\ufffd", text)
    try:
        return document(_Parser(text, check))
    except RecursionError:
        raise BuiltinError("GraphQL document is nested too deeply") from None
    except GraphQLSyntaxError as error:
        # What is left to graphql-core: its bounds.
        raise BuiltinError(error.message) from None


_SURROGATES = re.compile("[\ud800-\udfff]")


class _Invalid:
    """The kind of a token that is none."""

    value = "<Invalid>"


_INVALID: Any = _Invalid()

_NUMBER = re.compile(r"-?(?:0(?![0-9])|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# How far a number that is none can be read.
_NUMBER_START = re.compile(r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:(?<=[0-9])[eE][+-]?)?)?")
_STRING = re.compile(
    r'"((?:[\t\x20\x21\x23-\x5b\x5d-\U0010ffff]|\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt]))*)("?)'
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NAME = re.compile("[A-Za-z0-9_]+")
_COMMENT = re.compile("#[\t\x20-\U0010ffff]*")
_BLOCK_ODD = re.compile(
    r'(?P<escape>\\""")|\r\n?|\n|(?P<quotes>"{3,})|(?P<bad>[\x00-\x08\x0b\x0c\x0e-\x1f])'
)


class _Lexer(Lexer):
    """graphql-core's lexer with OPA's tokens. What is no token is one of the kind ``<Invalid>``."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        # What would be said of the tokens that are none, by their place.
        self.refused: dict[int, str] = {}
        self._line_in_block = -1  # where a line of a block string began

    def _column(self, at: int) -> int:
        # OPA counts from after the carriage return, but not where a block string has one.
        start = self.line_start
        if self.source.body[start - 2 : start] == "\r\n" and start != self._line_in_block:
            start -= 1
        return 1 + at - start

    def create_token(
        self, kind: TokenKind, start: int, end: int, value: str | None = None
    ) -> Token:
        """A token with its place."""
        return Token(kind, start, end, self.line, self._column(start), value)

    def read_next_token(self, start: int) -> Token:
        """The token at a place, or after the blanks there."""
        try:
            return super().read_next_token(start)
        except GraphQLSyntaxError as error:
            at = next(iter(error.positions or ()), start)
            char = self.source.body[at]
            if char < " ":
                said = f'Cannot contain the invalid character "\\u{ord(char):04x}"'
            elif char == "'":
                said = (
                    "Unexpected single quote character ('), "
                    'did you mean to use a double quote (")?'
                )
            else:
                said = f'Cannot parse the unexpected character "{_first_byte(char)}".'
            return self._refuse(at, at, said)

    def _refuse(self, start: int, at: int, said: str) -> Token:
        self.refused[start] = said
        return Token(_INVALID, start, len(self.source.body), self.line, self._column(at))

    def read_name(self, start: int) -> Token:
        """A name."""
        found = _NAME.match(self.source.body, start)
        assert found is not None
        return self.create_token(TokenKind.NAME, start, found.end(), found[0])

    def read_comment(self, start: int) -> Token:
        """A comment: up to a control character."""
        found = _COMMENT.match(self.source.body, start)
        assert found is not None
        return self.create_token(TokenKind.COMMENT, start, found.end(), found[0])

    def read_number(self, start: int, first_char: str) -> Token:
        """A number, whatever comes after it."""
        body = self.source.body
        found = _NUMBER.match(body, start)
        begun = _NUMBER_START.match(body, start)
        assert begun is not None
        if found is None or (begun.end() > found.end()):
            return self._refuse_number(start, begun.end())
        kind = TokenKind.FLOAT if found[1] or found[2] else TokenKind.INT
        return self.create_token(kind, start, found.end(), found[0])

    def _refuse_number(self, start: int, at: int) -> Token:
        following = self.source.body[at : at + 1]
        shown = f'"{_first_byte(following)}"' if following else "<EOF>"
        expected = "expected digit but got"
        if following.isdecimal():
            expected = "unexpected digit after 0"
        return self._refuse(start, at, f"Invalid number, {expected}: {shown}.")

    def read_string(self, start: int) -> Token:
        """A string. Its column is that of what is in it."""
        found = _STRING.match(self.source.body, start)
        assert found is not None
        if not found[2]:
            return self._refuse_string(start, found.end())
        value = _ESCAPE.sub(_unescaped, found[1])
        column = self._column(start + 1)
        return Token(TokenKind.STRING, start, found.end(), self.line, column, value)

    def _refuse_string(self, start: int, at: int) -> Token:
        rest = self.source.body[at + 1 :]
        match self.source.body[at : at + 1]:
            case "" | "\n" | "\r":
                said = "Unterminated string."
            case "\\" if not rest:
                at, said = at + 1, "Invalid character escape sequence."
            case "\\":
                # An escape that is none is found out after its backslash.
                escape = rest[:1] if rest[:1] != "u" else rest if len(rest) < 6 else rest[:5]
                at, said = at + 1, f"Invalid character escape sequence: \\{escape}."
            case char:
                said = f'Invalid character within String: "\\u{ord(char):04x}".'
        return self._refuse(start, at, said)

    def read_block_string(self, start: int) -> Token:
        """A block string. Its line is the last, its column counts from there."""
        body = self.source.body
        at, parts, lines = start + 3, [""], []
        while True:
            found = _BLOCK_ODD.search(body, at)
            if found is None or found["bad"]:
                end = found.start() if found else len(body)
                said = "Unterminated string."
                if found:
                    said = f'Invalid character within String: "\\u{ord(found[0]):04x}".'
                return self._refuse(start, end, said)
            parts.append(body[at : found.start()])
            at = found.end()
            if found["quotes"]:
                parts.append('"' * (len(found["quotes"]) - 3))
                lines.append("".join(parts))
                break
            if found["escape"]:
                parts.append('"""')
                continue
            lines.append("".join(parts))
            parts = []
            self.line += 1
            self.line_start = self._line_in_block = at
        column = self._column(start + 3)
        return Token(TokenKind.BLOCK_STRING, start, at, self.line, column, _dedented(lines))


def _dedented(lines: list[str]) -> str:
    """The lines of a block string without their common indentation and blank lines around them.

    The first line counts for the indentation too, as OPA has it (the specification does not).
    """
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip(" \t")]
    common = min(indents, default=0)
    lines = [lines[0], *(line[common:] for line in lines[1:])]
    while lines and not lines[0].strip(" \t"):
        del lines[0]
    while lines and not lines[-1].strip(" \t"):
        del lines[-1]
    return "\n".join(lines)


def _first_byte(char: str) -> str:
    """What OPA shows of a character: its first byte, taken for a character."""
    return chr(char.encode()[0])


def _unescaped(escape: re.Match[str]) -> str:
    if escape[1]:
        char = chr(int(escape[1], 16))
        return "\ufffd" if "\ud800" <= char <= "\udfff" else char
    return _ESCAPED.get(escape[2], escape[2])


def _shown(token: Token) -> str:
    """A token as OPA's errors show it."""
    return f"{token.kind.value} {go_quote(token.value)}" if token.value else token.kind.value


OPERATIONS = frozenset({"query", "mutation", "subscription"})
_LOCATIONS = frozenset(
    {
        *("QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD"),
        *("INLINE_FRAGMENT", "VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT"),
        *("FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE", "UNION", "ENUM", "ENUM_VALUE"),
        *("INPUT_OBJECT", "INPUT_FIELD_DEFINITION"),
    }
)
_EXTENSIBLE = frozenset({"schema", "scalar", "type", "interface", "union", "enum", "input"})


class _Parser(Parser):
    """graphql-core's parser with OPA's grammar and errors."""

    _lexer: _Lexer

    def __init__(self, text: str, check: Check) -> None:
        self._check = check
        super().__init__(
            Source(text),
            lexer=_Lexer(Source(text)),
            allow_empty_selection_sets=False,
            max_lexical_tokens=MAX_TOKENS,
            max_comments=MAX_TOKENS,
        )

    def advance_lexer(self) -> None:
        """To the next token."""
        super().advance_lexer()
        if self._token_counter & 1023 == 0:
            self._check()

    def query_document(self) -> ast.DocumentNode:
        """Operations and fragments, maybe none."""
        return self._definitions(self._executable)

    def schema_document(self) -> ast.DocumentNode:
        """Types, directives and what extends them, maybe none."""
        return self._definitions(self._type_system)

    def _definitions(self, parse: Callable[[], Any]) -> ast.DocumentNode:
        start = self._lexer.token
        self.advance_lexer()
        found = []
        while not self.peek(TokenKind.EOF):
            found.append(parse())
        return ast.DocumentNode(definitions=tuple(found), loc=self.loc(start))

    def _executable(self) -> ast.DefinitionNode:
        token = self._lexer.token
        if token.kind is TokenKind.BRACE_L:
            return self.parse_operation_definition()
        if token.kind is TokenKind.NAME and token.value in OPERATIONS:
            return self.parse_operation_definition()
        if token.kind is TokenKind.NAME and token.value == "fragment":
            return self.parse_fragment_definition()
        raise self.unexpected()

    def _type_system(self) -> Any:
        described = self.peek_description()
        token = self._lexer.lookahead() if described else self._lexer.token
        if token.kind is TokenKind.NAME:
            method = self._parse_type_system_definition_method_names.get(token.value or "")
            if method:
                return getattr(self, f"parse_{method}")()
            if token.value == "extend":
                # An empty description is none.
                if described and self._lexer.token.value:
                    raise self.unexpected(token.prev)
                if described:
                    self.advance_lexer()
                return self.parse_type_system_extension()
        raise self.unexpected(token)

    # What the errors say.

    def expect_token(self, kind: TokenKind) -> Token:
        """The next token, which must be of a kind."""
        token = self._lexer.token
        if token.kind is kind:
            self.advance_lexer()
            return token
        raise self._error(token, f"Expected {kind.value}, found {token.kind.value}")

    def expect_keyword(self, value: str) -> None:
        """The next token must be a keyword."""
        token = self._lexer.token
        if token.kind is TokenKind.NAME and token.value == value:
            self.advance_lexer()
            return
        raise self._error(token, f"Expected {go_quote(value)}, found {_shown(token)}")

    def unexpected(self, at_token: Token | None = None) -> BuiltinError:  # type: ignore[override]
        """The error for a token that cannot be here."""
        token = at_token or self._lexer.token
        return self._error(token, f"Unexpected {_shown(token)}")

    def _error(self, token: Token, message: str) -> BuiltinError:
        return syntax_error(message, token.line, token.column)

    def many(
        self, open_kind: TokenKind, parse_fn: Callable[[], T], close_kind: TokenKind
    ) -> tuple[T, ...]:
        """One or more."""
        self.expect_token(open_kind)
        if self.peek(close_kind):
            token = self._lexer.token
            raise self._error(token, f"expected at least one definition, found {token.kind.value}")
        found = [parse_fn()]
        while not self.expect_optional_token(close_kind):
            found.append(parse_fn())
        return tuple(found)

    def optional_many(
        self, open_kind: TokenKind, parse_fn: Callable[[], T], close_kind: TokenKind
    ) -> tuple[T, ...] | None:
        """None, or one or more."""
        return self.many(open_kind, parse_fn, close_kind) if self.peek(open_kind) else None

    # Where the grammars differ.

    def parse_operation_type(self) -> ast.OperationType:
        """``query``, ``mutation`` or ``subscription``; OPA's parser takes any token first."""
        token = self._lexer.token
        if token.start in self._lexer.refused:
            raise self._error(token, self._lexer.refused[token.start])
        if token.kind is not TokenKind.NAME or token.value not in OPERATIONS:
            raise self.unexpected()
        return super().parse_operation_type()

    def parse_variable_definition(self) -> ast.VariableDefinitionNode:
        """No description, and directives whose arguments may be variables."""
        start = self._lexer.token
        variable = self.parse_variable()
        self.expect_token(TokenKind.COLON)
        type_ = self.parse_type_reference()
        default = None
        if self.expect_optional_token(TokenKind.EQUALS):
            default = self.parse_const_value_literal()
        directives: Any = self.parse_directives(False)
        return ast.VariableDefinitionNode(
            variable=variable,
            type=type_,
            default_value=default,
            directives=directives,
            loc=self.loc(start),
        )

    def parse_fragment_definition(self) -> ast.FragmentDefinitionNode:
        """A fragment, which may have variables; where it is spread they get no values."""
        start = self._lexer.token
        self.expect_keyword("fragment")
        return ast.FragmentDefinitionNode(
            name=self.parse_fragment_name(),
            variable_definitions=self.parse_variable_definitions(),
            type_condition=self.parse_type_condition(),
            directives=self.parse_directives(False),
            selection_set=self.parse_selection_set(),
            loc=self.loc(start),
        )

    def parse_variable_value(self, is_const: bool) -> ast.VariableNode:
        """No variable in a constant."""
        if is_const:
            raise self.unexpected()
        return self.parse_variable()

    def parse_enum_value_name(self) -> ast.NameNode:
        """Any name: which cannot be values is found when the schema is checked."""
        return self.parse_name()

    def parse_schema_definition(self) -> ast.SchemaDefinitionNode:
        """``schema``, which may be empty."""
        start = self._lexer.token
        description = self.parse_description()
        self.expect_keyword("schema")
        return ast.SchemaDefinitionNode(
            description=description,
            directives=self.parse_const_directives(),
            operation_types=self.optional_many(
                TokenKind.BRACE_L, self.parse_operation_type_definition, TokenKind.BRACE_R
            )
            or (),
            loc=self.loc(start),
        )

    def parse_type_system_extension(self) -> ast.TypeSystemExtensionNode:
        """``extend`` of a type or of the schema."""
        token = self._lexer.lookahead()
        if token.kind is not TokenKind.NAME or token.value not in _EXTENSIBLE:
            raise self.unexpected(token)
        return super().parse_type_system_extension()

    def parse_interface_type_extension(self) -> ast.InterfaceTypeExtensionNode:
        """Directives and fields, but no further interfaces."""
        start = self._lexer.token
        self.expect_keyword("extend")
        self.expect_keyword("interface")
        name = self.parse_name()
        directives = self.parse_const_directives()
        fields = self.parse_fields_definition()
        if not (directives or fields):
            raise self.unexpected()
        return ast.InterfaceTypeExtensionNode(
            name=name, directives=directives, fields=fields, loc=self.loc(start)
        )

    def parse_input_object_type_extension(self) -> ast.InputObjectTypeExtensionNode:
        """Directives whose arguments may be variables, and fields."""
        start = self._lexer.token
        self.expect_keyword("extend")
        self.expect_keyword("input")
        name = self.parse_name()
        directives: Any = self.parse_directives(False)
        fields = self.parse_input_fields_definition()
        if not (directives or fields):
            raise self.unexpected()
        return ast.InputObjectTypeExtensionNode(
            name=name, directives=directives, fields=fields, loc=self.loc(start)
        )

    def parse_directive_definition(self) -> ast.DirectiveDefinitionNode:
        """A directive, which has no directives itself."""
        start = self._lexer.token
        description = self.parse_description()
        self.expect_keyword("directive")
        self.expect_token(TokenKind.AT)
        name = self.parse_name()
        arguments = self.parse_argument_defs()
        repeatable = self.expect_optional_keyword("repeatable")
        self.expect_keyword("on")
        return ast.DirectiveDefinitionNode(
            description=description,
            name=name,
            arguments=arguments,
            repeatable=repeatable,
            locations=self.parse_directive_locations(),
            loc=self.loc(start),
        )

    def parse_directive_location(self) -> ast.NameNode:
        """A place that OPA knows."""
        token = self._lexer.token
        name = self.parse_name()
        if name.value not in _LOCATIONS:
            raise self.unexpected(token)
        return name
