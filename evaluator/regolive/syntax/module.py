"""Modules and queries: packages, imports, statements, and going on after an error."""

from __future__ import annotations

from regolive.syntax import nodes as n
from regolive.syntax.cursor import Dialect, Failed
from regolive.syntax.lexer import (
    ALL_KEYWORDS,
    FUTURE_V0,
    FUTURE_V1,
    KEYWORDS_V0,
    KEYWORDS_V1,
    Tokens,
)
from regolive.syntax.rules import RuleParser
from regolive.syntax.terms import value_name

ROOTS = ("data", "future", "input", "rego")


class ModuleParser(RuleParser):
    """Parses a whole module, or a query."""

    __slots__ = ("failures", "rego_version")

    def __init__(self, source: n.Source, tokens: Tokens, dialect: Dialect) -> None:
        super().__init__(source, tokens, dialect)
        self.rego_version = dialect.version
        # Errors of the grammar, in their order.
        self.failures: list[Failed] = []

    def statements(self) -> tuple[list[n.Package], list[n.Import], list[n.Rule]]:
        """All statements of a module; what is wrong is in ``failures`` and other lists."""
        packages: list[n.Package] = []
        imports: list[n.Import] = []
        rules: list[n.Rule] = []
        kinds = self.kinds
        while kinds[self.at] != "eof":
            first = self.at
            kind = kinds[first]
            try:
                if kind == "import" and not self._is_ref(first):
                    imports.append(self.import_())
                elif kind == "package" and not self._is_ref(first):
                    packages.append(self._package())
                    if first:
                        self.misfits.append(self.fail("unexpected package", first))
                else:
                    rules += self.rules()
            except Failed as failed:
                self.failures.append(failed)
                self._recover(first, failed)
        if kinds[0] != "eof" and (kinds[0] != "package" or self._is_ref(0)):
            self.misfits.insert(0, self.fail("package expected", 0))
        return packages, imports, rules

    def _is_ref(self, at: int) -> bool:
        return self.kinds[at + 1] in (".", "[") and self.adjacent(at + 1)

    # Going on

    def _recover(self, first: int, failed: Failed) -> None:
        """Go on at the next line that begins like a statement and no deeper than the last did."""
        source = self.source
        indent = source.row_col(self.starts[first])[1]
        wrong = self.tokens.at(failed.offset)
        at = max(first, wrong) + 1
        # A bracket was not closed, perhaps, and the error is in the head of the next rule.
        if self.kinds[wrong] in ("if", "contains", ":=", "{"):
            while wrong > first + 1 and not self._begins_line(wrong):
                wrong -= 1
        if wrong > first and self._begins_statement(wrong, indent):
            at = wrong
        at = min(at, len(self.kinds) - 1)
        while self.kinds[at] != "eof" and not self._begins_statement(at, indent):
            at += 1
        self.at = at

    def _begins_line(self, at: int) -> bool:
        return at == 0 or self.text.find("\n", self.ends[at - 1], self.starts[at]) >= 0

    def _begins_statement(self, at: int, indent: int) -> bool:
        if self.kinds[at] not in ("name", "import", "default", "package"):
            return False
        return self._begins_line(at) and self.source.row_col(self.starts[at])[1] <= indent

    # Packages and imports

    def _package(self) -> n.Package:
        first = self.at
        self.at += 1
        path = self._path(first + 1, "expecting var")
        head = path[0]
        assert isinstance(head, n.Var)
        where = self.loc(first + 1, self.at - 1)
        steps = (n.Var(head.loc, "data"), n.Scalar(head.loc, head.name), *path[1:])
        return n.Package(self.loc(first, self.at - 1), n.Ref(where, steps))

    def _path(self, start: int, expected: str) -> tuple[n.Term, ...]:
        """The steps of a package or an import: a name, then strings."""
        kind = self.kinds[start]
        if kind in ALL_KEYWORDS and self.dialect.keywords_in_refs:
            self.word = start
        elif kind != "name":
            raise self.unexpected()
        term = self.term()
        if isinstance(term, n.Var):
            return (term,)
        if not isinstance(term, n.Ref):
            raise self.unexpected() if expected == "expecting var" else self.fail("expected path")
        head = term.terms[0]
        if not isinstance(head, n.Var):
            raise Failed(f"unexpected {value_name(head)} token: {expected}", head.loc.start)
        for step in term.terms[1:]:
            if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
                message = f"unexpected {value_name(step)} token: expecting string"
                raise Failed(message, step.loc.start)
        return term.terms

    def import_(self) -> n.Import:
        """An import. Those of keywords change how what follows is read."""
        first = self.at
        self.at += 1
        start = first + 1
        path = self._path(start, "expecting string")
        ref = n.Ref(self.loc(start, self.at - 1), path)
        head = path[0]
        assert isinstance(head, n.Var)
        if head.name not in ROOTS:
            raise self.fail(
                "unexpected import path, must begin with one of: {data, future, input, rego}, "
                f"got: {'_' if head.is_wildcard else head.name}",
                start,
            )
        alias = None
        if self.kinds[self.at] == "as":
            alias = self._alias()
        else:
            if head.name != "future":
                self._check_last(path)
            if self.kinds[self.at] in FUTURE_V0 | FUTURE_V1:
                # OPA reads an import's path, and one token beyond, without these keywords.
                self.kinds[self.at] = "name"
        found = n.Import(self.loc(first, self.at - 1), ref, alias)
        if head.name == "rego":
            self._import_version(found)
        elif head.name == "future":
            self._import_keywords(found)
        return found

    def _alias(self) -> str:
        self.at += 1
        if self.kinds[self.at] != "name":
            raise self.unexpected("expected var")
        term = self.term()
        if not isinstance(term, n.Var) or value_name(term) != "var":
            raise self.unexpected("expected var")
        return term.name

    def _check_last(self, path: tuple[n.Term, ...]) -> None:
        last = path[-1]
        name = last.name if isinstance(last, n.Var) else str(getattr(last, "value", ""))
        if name in (KEYWORDS_V1 if self.dialect.version else KEYWORDS_V0):
            raise Failed(
                f"unexpected import path, must not end with a keyword, got: {name}",
                last.loc.start,
                "import a different path or use an alias",
            )

    def _import_version(self, item: n.Import) -> None:
        where = item.path.loc.start
        if not self.dialect.rego_v1_import:
            message = "invalid import, `rego.v1` is not supported by current capabilities"
            raise Failed(message, where)
        names = _names(item.path)
        if names != ("v1",):
            got = ".".join(("rego", *names))
            raise Failed(f"invalid import `{got}`, must be `rego.v1`", where)
        if self.dialect.version:
            return
        if item.alias is not None:
            raise Failed("`rego` imports cannot be aliased", where)
        self.rego_version = 1
        self.tokens.enable(FUTURE_V0, self.text, self.at + 1)

    def _import_keywords(self, item: n.Import) -> None:
        where = item.path.loc.start
        names = _names(item.path)
        if names[:1] != ("keywords",):
            raise Failed("invalid import, must be `future.keywords`", where)
        if item.alias is not None:
            raise Failed("`future` imports cannot be aliased", where)
        allowed = self.dialect.future | FUTURE_V0
        words = allowed
        if len(names) == 2:
            if names[1] not in allowed:
                known = " ".join(sorted(allowed))
                raise Failed(f"unexpected keyword, must be one of [{known}]", where)
            words = frozenset(names[1:])
        self.enable(words)

    def enable(self, words: frozenset[str]) -> None:
        """Read words as keywords, from the token behind the next on (OPA is one token ahead)."""
        if "not" in words:
            self.not_bodies = True
        if "and" in words or "or" in words:
            self.logical = True
        if "every" in words:
            words |= {"in"}
        self.tokens.enable(words, self.text, self.at + 1)

    # Queries

    def query(self) -> tuple[n.Body, tuple[n.Import, ...]]:
        """A query: expressions, and imports before or between them."""
        imports: list[n.Import] = []
        found: list[n.Expr] = []
        while self.kinds[self.at] != "eof":
            first = self.at
            if self.kinds[first] == "import" and not self._is_ref(first):
                imports.append(self.import_())
                continue
            found.append(self.literal())
            while self.kinds[self.at] == ";":
                self.at += 1
                found.append(self.literal())
        if not found:
            raise self.fail("empty query")
        return tuple(found), tuple(imports)


def _names(path: n.Ref) -> tuple[str, ...]:
    """The steps of a path behind its head."""
    return tuple(str(step.value) for step in path.terms[1:] if isinstance(step, n.Scalar))
