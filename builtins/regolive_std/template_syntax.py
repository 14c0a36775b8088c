"""The syntax of Go's ``text/template``: text with actions in it, as a tree.

Read by ``template.py``. What is here follows the package's documentation
(https://pkg.go.dev/text/template): pipelines, variables, if, with, range, define, block, template,
break, continue, comments and the trimming of space.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from regolive import BuiltinError
from regolive_std.kept import kept_by_text


@dataclass(frozen=True, slots=True)
class Dot:
    """``.``: the current value."""


@dataclass(frozen=True, slots=True)
class Nil:
    """``nil``."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, number or boolean."""

    value: Any


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name``; plain ``$`` is the value that the template was given."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """``.a.b`` of an operand."""

    of: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each given the result of the one before; and the variables that get the last."""

    commands: tuple[tuple[Operand, ...], ...]
    variables: tuple[str, ...] = ()
    declares: bool = False


Operand: TypeAlias = Dot | Nil | Constant | Variable | Function | Fields | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    """Text to copy."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose result is printed."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Branch:
    """``if``, ``with`` or ``range``."""

    kind: str
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """``template``: another template printed here."""

    name: str
    pipe: Pipe | None


@dataclass(frozen=True, slots=True)
class Jump:
    """``break`` or ``continue``."""

    kind: str


Node: TypeAlias = Text | Action | Branch | Call | Jump

FUNCTIONS = frozenset(
    {
        "and",
        "or",
        "not",
        "len",
        "index",
        "slice",
        "print",
        "printf",
        "println",
        "html",
        "js",
        "urlquery",
        "call",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
    }
)
_KEYWORDS = frozenset(
    {
        "if",
        "else",
        "end",
        "with",
        "range",
        "define",
        "block",
        "template",
        "break",
        "continue",
    }
)
_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
    | (?P<string>"(?:[^"\\\n]|\\.)*")
    | (?P<raw>`[^`]*`)
    | (?P<char>'(?:[^'\\\n]|\\.[^']*)')
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
                   |(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))
    | (?P<field>\.\w+)
    | (?P<variable>\$\w*)
    | (?P<word>\w+)
    | (?P<mark>:=|[=|(),.])
    """,
    re.VERBOSE,
)
_COMMENT = re.compile(r"\{\{(-\s+)?/\*.*?\*/(\s+-)?\}\}", re.DOTALL)


class _Parser:
    """One pass over a template. ``templates`` gets what ``define`` and ``block`` name."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.templates: dict[str, tuple[Node, ...]] = {}
        self.tokens: list[tuple[str, str]] = []
        self.variables: list[str] = ["$"]
        self.loops = 0
        self.depth = 0  # of blocks around what is read; templates are defined outside of any
        self.trim_next = False

    def fail(self, what: str) -> BuiltinError:
        line = self.source.count("\n", 0, self.at) + 1
        return BuiltinError(f"template: template:{line}: {what}")

    # -- text and actions ----------------------------------------------------------------------

    def text(self) -> str:
        """The text up to the next action or the end, trimmed as its neighbours ask."""
        start = self.at
        found = self.source.find("{{", start)
        self.at = len(self.source) if found < 0 else found
        text = self.source[start : self.at]
        if self.trim_next:
            text = text.lstrip(" \t\r\n")
        self.trim_next = False
        if re.match(r"\{\{-[ \t\r\n]", self.source[self.at :]):
            text = text.rstrip(" \t\r\n")
        return text

    def action(self) -> bool:
        """Read the action that begins here into ``tokens``; False for a comment."""
        comment = _COMMENT.match(self.source, self.at)
        if comment:
            self.at = comment.end()
            self.trim_next = comment[2] is not None
            return False
        self.at += 2
        if re.match(r"-[ \t\r\n]", self.source[self.at :]):
            self.at += 1
        self.tokens = []
        while not self.source.startswith("}}", self.at):
            if re.match(r"[ \t\r\n]-\}\}", self.source[self.at :]):
                self.trim_next = True
                self.at += 2
                break
            found = _TOKEN.match(self.source, self.at)
            if not found:
                rest = self.source[self.at :]
                if not rest:
                    raise self.fail("unclosed action")
                raise self.fail(f"bad character U+{ord(rest[0]):04X} '{rest[0]}'")
            self.tokens.append((found.lastgroup or "", found[0]))
            self.at = found.end()
        self.at += 2
        return True

    def space(self) -> bool:
        """Pass over space."""
        spaces = bool(self.tokens) and self.tokens[0][0] == "space"
        if spaces:
            self.tokens.pop(0)
        return spaces

    def peek(self) -> tuple[str, str]:
        self.space()
        return self.tokens[0] if self.tokens else ("", "")

    # -- nodes -----------------------------------------------------------------------------------

    def nodes(self, *ends: str) -> tuple[tuple[Node, ...], str]:
        """Nodes up to one of the words that end them (or the end of the source)."""
        self.depth += bool(ends)
        try:
            return self.listed(ends)
        finally:
            self.depth -= bool(ends)

    def listed(self, ends: tuple[str, ...]) -> tuple[tuple[Node, ...], str]:
        out: list[Node] = []
        scope = len(self.variables)
        while True:
            text = self.text()
            if text:
                out.append(Text(text))
            if self.at >= len(self.source):
                if ends:
                    raise self.fail("unexpected EOF")
                return tuple(out), ""
            if not self.action():
                continue
            kind, word = self.peek()
            if kind == "word" and word in ("end", "else"):
                if word not in ends:
                    raise self.fail(f"unexpected {{{{{word}}}}}")
                self.tokens.pop(0)
                del self.variables[scope:]
                return tuple(out), word
            node = self.node(kind, word)
            if node is not None:
                out.append(node)

    def node(self, kind: str, word: str) -> Node | None:
        if kind == "word" and word in _KEYWORDS:
            self.tokens.pop(0)
            if word in ("if", "with", "range"):
                return self.branch(word)
            if word in ("break", "continue"):
                self.finish(word)
                if not self.loops:
                    raise self.fail(f"{{{{{word}}}}} outside {{{{range}}}}")
                return Jump(word)
            if word == "define" and self.depth:
                raise self.fail("unexpected <define> in command")
            return self.named(word)
        return Action(self.pipe())

    def named(self, word: str) -> Node | None:
        """``define``, ``block``, ``template``."""
        kind, text = self.peek()
        if kind not in ("string", "raw"):
            raise self.fail(f"unexpected {text!r} in {word} clause")
        self.tokens.pop(0)
        name = _string(kind, text)
        pipe = self.pipe() if word != "define" and self.peek()[0] else None
        if word == "template":
            return Call(name, pipe)
        self.finish(f"{word} clause")
        outer, self.variables = self.variables, ["$"]
        loops, self.loops = self.loops, 0
        nodes, _ = self.nodes("end")
        self.finish("end")
        self.add(name, nodes)
        self.variables, self.loops = outer, loops
        return Call(name, pipe) if word == "block" else None

    def add(self, name: str, nodes: tuple[Node, ...]) -> None:
        """A template may be defined again if one of the two is nothing but space."""
        known = self.templates.get(name)
        if known is not None and not _blank(known):
            if not _blank(nodes):
                raise self.fail(f'template: multiple definition of template "{name}"')
            return
        self.templates[name] = nodes

    def branch(self, kind: str) -> Branch:
        scope = len(self.variables)
        pipe = self.pipe(for_range=kind == "range")
        self.loops += kind == "range"
        body, ended = self.nodes("end", "else")
        self.loops -= kind == "range"
        otherwise: tuple[Node, ...] = ()
        if ended == "else":
            following = self.peek()[1]
            if following and following == kind and kind in ("if", "with"):
                self.tokens.pop(0)
                otherwise = (self.branch(kind),)  # reads the one end of the whole chain
            else:
                self.finish("else")
                otherwise, _ = self.nodes("end")
                self.finish("end")
        else:
            self.finish("end")
        del self.variables[scope:]
        return Branch(kind, pipe, body, otherwise)

    def finish(self, where: str) -> None:
        if self.peek()[0]:
            raise self.fail(f"unexpected {self.peek()[1]!r} in {where}")

    # -- pipelines -------------------------------------------------------------------------------

    def pipe(self, *, for_range: bool = False, nested: bool = False) -> Pipe:
        """A pipeline, with the variables it sets in front."""
        names, declares = self.declaration(for_range)
        commands = [self.command()]
        while self.peek()[1] == "|":
            self.tokens.pop(0)
            commands.append(self.command())
            if not isinstance(commands[-1][0], Function | Fields | Variable | Dot | Pipe):
                raise self.fail(f"non executable command in pipeline stage {len(commands)}")
        if nested:
            if self.peek()[1] != ")":
                raise self.fail("unclosed left paren")
            self.tokens.pop(0)
        else:
            self.finish("command")
        if declares:
            self.variables += names
        return Pipe(tuple(commands), names, declares)

    def declaration(self, for_range: bool) -> tuple[tuple[str, ...], bool]:
        words = [t for t in self.tokens if t[0] != "space"]
        if not words or words[0][0] != "variable":
            return (), False
        names = [words[0][1]]
        used = 1
        if for_range and len(words) > 2 and words[1][1] == "," and words[2][0] == "variable":
            names.append(words[2][1])
            used = 3
        if len(words) <= used or words[used][1] not in (":=", "="):
            return (), False
        declares = words[used][1] == ":="
        if not declares:
            for name in names:
                self.known(name)
        self.tokens = _after(self.tokens, used + 1)
        return tuple(names), declares

    def known(self, name: str) -> str:
        if name not in self.variables:
            raise self.fail(f'undefined variable "{name}"')
        return name

    def command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while True:
            kind, text = self.peek()
            if not kind or text in ("|", ")"):
                break
            operands.append(self.operand())
            if self.tokens and self.tokens[0][0] != "space" and self.tokens[0][1] not in "|)":
                raise self.fail(f"unexpected {self.tokens[0][1]!r} in operand")
        if not operands:
            raise self.fail("missing value for command")
        return tuple(operands)

    def operand(self) -> Operand:
        kind, text = self.tokens.pop(0)
        found: Operand
        if kind in ("string", "raw"):
            found = Constant(_string(kind, text))
        elif kind == "char":
            found = Constant(ord(ast.literal_eval(text)))
        elif kind == "number":
            found = Constant(_number(text))
        elif kind == "variable":
            found = Variable(self.known(text))
        elif kind == "field":
            found = Fields(Dot(), (text[1:],))
        elif kind == "word":
            found = self.word(text)
        elif text == ".":
            found = Dot()
        elif text == "(":
            found = self.pipe(nested=True)
        else:
            raise self.fail(f"unexpected {text!r} in operand")
        names = []
        while self.tokens and self.tokens[0][0] == "field":
            names.append(self.tokens.pop(0)[1][1:])
        if not names:
            return found
        if isinstance(found, Fields):
            return Fields(found.of, found.names + tuple(names))
        return Fields(found, tuple(names))

    def word(self, text: str) -> Operand:
        if text in ("true", "false"):
            return Constant(text == "true")
        if text == "nil":
            return Nil()
        if text not in FUNCTIONS:
            raise self.fail(f'function "{text}" not defined')
        return Function(text)


def _blank(nodes: tuple[Node, ...]) -> bool:
    return all(isinstance(node, Text) and not node.text.strip(" \t\r\n") for node in nodes)


def _after(tokens: list[tuple[str, str]], words: int) -> list[tuple[str, str]]:
    """The tokens behind a number of words."""
    for at, token in enumerate(tokens):
        if token[0] != "space":
            words -= 1
        if not words:
            return tokens[at + 1 :]
    return []


def _string(kind: str, text: str) -> str:
    if kind == "raw":
        return text[1:-1].replace("\r", "")
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        raise BuiltinError(f"template: template: invalid syntax in {text}") from None


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    try:
        return int(plain, 0)
    except ValueError:
        pass
    try:
        number = float(plain)
    except ValueError:
        raise BuiltinError(f"template: template: bad number syntax: {text!r}") from None
    # Go reads 1e3 as an integer constant, for it is one.
    return int(number) if number.is_integer() and abs(number) < 1 << 63 else number


@kept_by_text(128)
def parse(source: str) -> tuple[tuple[Node, ...], dict[str, tuple[Node, ...]]]:
    """A template's nodes, and those of the templates it defines. Raises BuiltinError."""
    parser = _Parser(source)
    nodes, _ = parser.nodes()
    return nodes, parser.templates
