"""The tree of a Rego module: one small class per kind of node, and nothing that evaluates.

Names are OPA's (``ast`` package): a term is a scalar, variable, reference, composite, comprehension
or call; an expression is a term or a statement with ``not`` and ``with`` around it; a rule is a
head with bodies. Operators are calls of the builtins they stand for: ``a + b`` is ``plus(a, b)``.

A tree is not changed once the parser has made it: the compiler's passes make new nodes and share
what stays the same. The classes are not frozen all the same, because a frozen dataclass takes three
times as long to make and a policy set has a hundred thousand nodes. Nodes compare by identity;
``regolive.syntax.visitor.same`` compares what they say.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias


class Source:
    """A text with its file name; turns offsets into rows and columns.

    ``offset_row`` and ``offset_col`` are for text that stands inside another.
    """

    __slots__ = ("_starts", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self._starts: list[int] | None = None

    def __getstate__(self) -> tuple[str, str]:
        return self.name, self.text

    def __setstate__(self, state: tuple[str, str]) -> None:
        self.name, self.text = state
        self._starts = None

    def row_col(self, offset: int) -> tuple[int, int]:
        """Row and column of an offset, both from 1; a column is one character (as in OPA)."""
        starts = self._starts
        if starts is None:
            starts = [0]
            at = self.text.find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = self.text.find("\n", at + 1)
            self._starts = starts
        row = bisect_right(starts, offset)
        return row, offset - starts[row - 1] + 1

    def line(self, row: int) -> str:
        """The text of a row, without its line break; empty for a row that does not exist."""
        self.row_col(0)
        assert self._starts is not None
        if not 1 <= row <= len(self._starts):
            return ""
        start = self._starts[row - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].removesuffix("\r")


class Loc:
    """A place: a source, and the offsets of the first character and the one after the last."""

    __slots__ = ("end", "source", "start")

    def __init__(self, source: Source, start: int, end: int) -> None:
        self.source = source
        self.start = start
        self.end = end

    @property
    def file(self) -> str:
        """The file name of the source."""
        return self.source.name

    @property
    def row(self) -> int:
        """The row the place begins in, from 1."""
        return self.source.row_col(self.start)[0]

    @property
    def col(self) -> int:
        """The column the place begins at, from 1."""
        return self.source.row_col(self.start)[1]

    @property
    def text(self) -> str:
        """What stands there."""
        return self.source.text[self.start : self.end]

    def __reduce__(self) -> tuple[type[Loc], tuple[Source, int, int]]:
        return Loc, (self.source, self.start, self.end)

    def __repr__(self) -> str:
        row, col = self.source.row_col(self.start)
        return f"{self.source.name}:{row}:{col}"


class GroupLoc(Loc):
    """The place of a term that begins with a parenthesis: ``(a + b)``, ``(a + b) * c``.

    It starts at what stands in the parenthesis, as in OPA; the text begins with the parenthesis.
    """

    __slots__ = ("outer",)

    def __init__(self, source: Source, start: int, end: int, outer: int) -> None:
        super().__init__(source, start, end)
        self.outer = outer

    @property
    def text(self) -> str:
        """What stands there, with the parentheses."""
        return self.source.text[self.outer : self.end]


@dataclass(slots=True, eq=False)
class Node:
    """The base of all nodes. ``parts`` names the fields that hold nodes or tuples of them."""

    loc: Loc
    parts: ClassVar[tuple[str, ...]] = ()

    def __reduce__(self) -> tuple[type[Node], tuple[Any, ...]]:
        # A third of the size and time of what pickle does by itself with slots.
        cls = self.__class__
        return cls, tuple([getattr(self, name) for name in cls.__match_args__])


# Terms


@dataclass(slots=True, eq=False)
class Term(Node):
    """The base of all terms."""


@dataclass(slots=True, eq=False)
class Scalar(Term):
    """``null``, a boolean or a string."""

    value: str | bool | None


@dataclass(slots=True, eq=False)
class Number(Term):
    """A number as written (``1e3`` stays ``1e3``); ``regolive.values.parse_number`` reads it."""

    text: str


@dataclass(slots=True, eq=False)
class Var(Term):
    """A variable. Each ``_`` is a variable of its own, named ``$0``, ``$1``, ... in its module.

    Names that the compiler makes begin with ``__local`` as OPA's do.
    """

    name: str

    @property
    def is_wildcard(self) -> bool:
        """Whether it was written ``_``."""
        return self.name[:1] == "$"

    @property
    def is_generated(self) -> bool:
        """Whether the compiler made it."""
        return self.name.startswith("__local")


@dataclass(slots=True, eq=False)
class Ref(Term):
    """A reference: a head (usually a variable), then one term for each step.

    ``a.b["c"][i]`` is Var a, Scalar "b", Scalar "c", Var i. A head may be any term but a scalar
    (a call, a composite, a comprehension). There are at least two terms, save for the operator of a
    call and for paths, which may be one variable.
    """

    terms: tuple[Term, ...]
    parts: ClassVar[tuple[str, ...]] = ("terms",)


@dataclass(slots=True, eq=False)
class Array(Term):
    items: tuple[Term, ...]
    parts: ClassVar[tuple[str, ...]] = ("items",)


@dataclass(slots=True, eq=False)
class Set(Term):
    items: tuple[Term, ...]
    parts: ClassVar[tuple[str, ...]] = ("items",)


@dataclass(slots=True, eq=False)
class Object(Term):
    """``pairs`` alternates between keys and values: (k1, v1, k2, v2, ...)."""

    flat: tuple[Term, ...]
    parts: ClassVar[tuple[str, ...]] = ("flat",)

    @property
    def pairs(self) -> list[tuple[Term, Term]]:
        """Key and value of each element, in the order written."""
        return list(zip(self.flat[::2], self.flat[1::2], strict=True))


@dataclass(slots=True, eq=False)
class ArrayComp(Term):
    head: Term
    body: Body
    parts: ClassVar[tuple[str, ...]] = ("head", "body")


@dataclass(slots=True, eq=False)
class SetComp(Term):
    head: Term
    body: Body
    parts: ClassVar[tuple[str, ...]] = ("head", "body")


@dataclass(slots=True, eq=False)
class ObjectComp(Term):
    key: Term
    value: Term
    body: Body
    parts: ClassVar[tuple[str, ...]] = ("key", "value", "body")


@dataclass(slots=True, eq=False)
class Call(Term):
    """``func(args)``. ``infix`` is the operator it was written with, if it was (``+``, ``==``)."""

    func: Ref
    args: tuple[Term, ...]
    infix: str | None = None
    parts: ClassVar[tuple[str, ...]] = ("func", "args")


@dataclass(slots=True, eq=False)
class TemplateString(Term):
    """``$"...{x}..."``: Scalars with text, and an Expr for each ``{...}``."""

    items: tuple[Scalar | Expr, ...]
    multi_line: bool
    parts: ClassVar[tuple[str, ...]] = ("items",)


# Expressions


@dataclass(slots=True, eq=False)
class SomeDecl(Node):
    """``some x, y`` (Vars), or ``some k, v in xs``: one Call of ``internal.member_2/3``."""

    symbols: tuple[Term, ...]
    parts: ClassVar[tuple[str, ...]] = ("symbols",)


@dataclass(slots=True, eq=False)
class Every(Node):
    """``every k, v in domain { body }``."""

    key: Var | None
    value: Var
    domain: Term
    body: Body
    parts: ClassVar[tuple[str, ...]] = ("key", "value", "domain", "body")


@dataclass(slots=True, eq=False)
class Not(Node):
    """``not`` as ``import future.keywords.not`` has it: holds where the body cannot be satisfied.

    The body is one expression, or in braces (``explicit``) any number. Without the import a
    negation is an Expr that is ``negated``. See OPA's policy reference, keyword ``not``.
    """

    body: Body
    explicit: bool = False
    parts: ClassVar[tuple[str, ...]] = ("body",)


@dataclass(slots=True, eq=False)
class Logical(Node):
    """``left and right`` or ``left or right`` (``operator``), which need an import of their own.

    Each side is one expression, or in braces (``explicit_left``, ``explicit_right``) any number. It
    holds or does not; it has no value, does not branch, and binds nothing outside. See OPA's policy
    reference, keywords ``and`` and ``or``.
    """

    operator: str
    left: Body
    right: Body
    explicit_left: bool = False
    explicit_right: bool = False
    parts: ClassVar[tuple[str, ...]] = ("left", "right")


@dataclass(slots=True, eq=False)
class With(Node):
    """``with target as value``. A target is a Ref or a Var (``input``, a function's name)."""

    target: Term
    value: Term
    parts: ClassVar[tuple[str, ...]] = ("target", "value")


@dataclass(slots=True, eq=False)
class Expr(Node):
    """One expression of a body. Calls of ``eq``, ``assign`` are ``=`` and ``:=``.

    ``generated``: the compiler or the parser made it, nobody wrote it.
    """

    term: Term | SomeDecl | Every | Not | Logical
    negated: bool = False
    withs: tuple[With, ...] = ()
    generated: bool = False
    parts: ClassVar[tuple[str, ...]] = ("term", "withs")


Body: TypeAlias = tuple[Expr, ...]


# Modules


@dataclass(slots=True, eq=False)
class Head(Node):
    """A rule's head.

    ``ref`` is the name with all its steps (``p``, ``p.q``, ``p[x].r``), relative to the package.
    One step without keys is a Ref of one Var. ``key`` is what a set rule contains
    (``p contains key``, v0's ``p[key]``), and then ``value`` is None. ``args`` are a function's
    parameters, None for what is no function. ``value`` is what it is: ``true``
    (``generated_value``) where nothing is written. ``assign``: written with ``:=``.
    """

    ref: Ref
    args: tuple[Term, ...] | None = None
    key: Term | None = None
    value: Term | None = None
    assign: bool = False
    generated_value: bool = False
    parts: ClassVar[tuple[str, ...]] = ("ref", "args", "key", "value")

    @property
    def name(self) -> str:
        """The first step of the name."""
        first = self.ref.terms[0]
        assert isinstance(first, Var)
        return first.name


@dataclass(slots=True, eq=False)
class Rule(Node):
    """A rule with one body; several bodies are several rules. ``else_`` is the next in the chain.

    ``generated_body``: nothing is written, so the body is ``true``. ``annotations`` are those of
    scope rule and document that stand before it.
    """

    head: Head
    body: Body
    else_: Rule | None = None
    default: bool = False
    generated_body: bool = False
    annotations: tuple[Annotations, ...] = ()
    parts: ClassVar[tuple[str, ...]] = ("head", "body", "else_")


@dataclass(slots=True, eq=False)
class Package(Node):
    """``path`` begins with Var ``data``: ``package a.b`` is data, "a", "b"."""

    path: Ref
    annotations: tuple[Annotations, ...] = ()
    parts: ClassVar[tuple[str, ...]] = ("path",)

    @property
    def names(self) -> tuple[str, ...]:
        """The steps below ``data``."""
        return tuple(t.value for t in self.path.terms[1:] if isinstance(t, Scalar))  # type: ignore[misc]


@dataclass(slots=True, eq=False)
class Import(Node):
    """``path`` begins with Var ``data``, ``input``, ``future`` or ``rego``."""

    path: Ref
    alias: str | None = None
    parts: ClassVar[tuple[str, ...]] = ("path",)


@dataclass(slots=True, eq=False)
class Comment(Node):
    """``text`` is what follows the ``#``."""

    text: str


@dataclass(slots=True, eq=False)
class Annotations(Node):
    """One ``# METADATA`` block.

    ``scope`` is "rule", "document", "package" or "subpackages". ``fields`` are the annotations in
    the form in which OPA's JSON has them (``title``, ``description``, ``organizations``,
    ``authors``, ``related_resources``, ``schemas``, ``entrypoint``, ``custom``, ``compile``), only
    those present.
    """

    scope: str
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Module(Node):
    """A parsed module. ``rego_version`` is 0 or 1: what its syntax was read as.

    ``annotations`` are all blocks of the module in their order, those of rules included.
    """

    package: Package
    imports: tuple[Import, ...]
    rules: tuple[Rule, ...]
    comments: tuple[Comment, ...] = ()
    annotations: tuple[Annotations, ...] = ()
    rego_version: int = 1
    parts: ClassVar[tuple[str, ...]] = ("package", "imports", "rules")

    @property
    def source(self) -> Source:
        """The text it was read from."""
        return self.loc.source
