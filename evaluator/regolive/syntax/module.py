"""Modules and queries: the ways into the parser."""

from __future__ import annotations

from regolive.errors import Diagnostic, PolicyError
from regolive.syntax import nodes as n
from regolive.syntax.cursor import Failed
from regolive.syntax.lexer import KEYWORDS, lex
from regolive.syntax.rules import RuleParser

ROOTS = ("data", "future", "input", "rego")


class ModuleParser(RuleParser):
    """Parses a whole module."""

    __slots__ = ("diagnostics",)

    def module(self) -> n.Module:
        """The module. Raises PolicyError with everything that is wrong."""
        self.diagnostics: list[Diagnostic] = []
        rules: list[n.Rule] = []
        imports: list[n.Import] = []
        if self.kinds[0] == "eof":
            raise PolicyError([self.fail("empty module").diagnostic])
        package: n.Package | None = None
        try:
            package = self._package()
        except Failed as failed:
            self.diagnostics.append(failed.diagnostic)
            self._recover()
        while self.kinds[self.at] != "eof":
            try:
                if self.kinds[self.at] == "import" and not self.is_word_ref(self.at):
                    imports.append(self._import())
                elif self.kinds[self.at] == "package" and not self.is_word_ref(self.at):
                    raise self.fail("unexpected package")
                else:
                    rules += self.rules()
            except Failed as failed:
                self.diagnostics.append(failed.diagnostic)
                self._recover()
        if self.diagnostics or package is None:
            raise PolicyError(self.diagnostics)
        return n.Module(
            n.Loc(self.source, 0, len(self.text)),
            package,
            tuple(imports),
            tuple(rules),
            tuple(
                n.Comment(n.Loc(self.source, start, end), self.text[start + 1 : end])
                for start, end in self.tokens.comments
            ),
        )

    def _recover(self) -> None:
        """Go on at the next line that begins like a statement, outside of all brackets."""
        kinds, starts = self.kinds, self.starts
        self.at += 1
        while kinds[self.at] != "eof":
            start = starts[self.at]
            if (start == 0 or self.text[start - 1] == "\n") and (
                kinds[self.at] in ("name", "import", "default")
            ):
                return
            self.at += 1

    def _package(self) -> n.Package:
        first = self.at
        if self.kinds[first] != "package":
            raise self.fail("package expected")
        self.at += 1
        if self.kinds[self.at] != "name":
            raise self.unexpected()
        term = self.term()
        terms = term.terms if isinstance(term, n.Ref) else (term,)
        if not isinstance(term, (n.Ref, n.Var)) or not isinstance(terms[0], n.Var):
            raise self.unexpected()
        for step in terms[1:]:
            if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
                raise self.fail_at("unexpected token: expecting string", step.loc.start)
        head = terms[0]
        path = (n.Var(head.loc, "data"), n.Scalar(head.loc, head.name), *terms[1:])
        return n.Package(self.loc(first, self.at - 1), n.Ref(term.loc, path))

    def _import(self) -> n.Import:
        first = self.at
        self.at += 1
        start = self.at
        if self.kinds[start] in KEYWORDS:
            self.word = start
        elif self.kinds[start] != "name":
            raise self.unexpected()
        term = self.term()
        terms = term.terms if isinstance(term, n.Ref) else (term,)
        if not isinstance(term, (n.Ref, n.Var)):
            raise self.unexpected("expected path")
        head = terms[0]
        if not isinstance(head, n.Var) or head.name not in ROOTS:
            raise self.fail(
                "unexpected import path, must begin with one of: {data, future, input, rego}", start
            )
        for step in terms[1:]:
            if not isinstance(step, n.Scalar) or not isinstance(step.value, str):
                raise self.fail_at("unexpected token: expecting string", step.loc.start)
        alias = None
        if self.kinds[self.at] == "as":
            self.at += 1
            if self.kinds[self.at] != "name":
                raise self.unexpected("expected var")
            alias = self.here().text
            self.at += 1
        path = n.Ref(term.loc, tuple(terms))
        return n.Import(self.loc(first, self.at - 1), path, alias)


def parse_module(text: str, file: str = "", *, v0_compatible: bool = False) -> n.Module:
    """The tree of a module.

    Args:
        text: the module's text.
        file: its name in places and errors.
        v0_compatible: read it as Rego v0, unless it imports ``rego.v1``.

    Raises:
        PolicyError: with all that is wrong with the syntax (code ``rego_parse_error``).
    """
    return ModuleParser(n.Source(file, text), lex(text)).module()


def parse_query(
    text: str, file: str = "<query>", *, v0_compatible: bool = False
) -> tuple[n.Body, tuple[n.Import, ...]]:
    """A query: its expressions, and the imports that stand before them."""
    parser = ModuleParser(n.Source(file, text), lex(text))
    imports: list[n.Import] = []
    try:
        while parser.kinds[parser.at] == "import" and not parser.is_word_ref(parser.at):
            imports.append(parser._import())
        found: list[n.Expr] = []
        while parser.kinds[parser.at] != "eof":
            found.append(parser.literal())
            if parser.kinds[parser.at] == ";":
                parser.at += 1
            elif parser.kinds[parser.at] != "eof" and not parser.after_newline():
                raise parser.unexpected("expected \\n or ; or eof")
        if not found:
            raise parser.fail("empty query")
    except Failed as failed:
        raise PolicyError([failed.diagnostic]) from None
    return tuple(found), tuple(imports)


def parse_term(text: str, file: str = "<term>") -> n.Term:
    """One term. Raises PolicyError."""
    parser = ModuleParser(n.Source(file, text), lex(text))
    try:
        term = parser.infix()
        if parser.kinds[parser.at] != "eof":
            raise parser.unexpected("expected the end")
    except Failed as failed:
        raise PolicyError([failed.diagnostic]) from None
    return term


def parse_ref(text: str, file: str = "<ref>") -> n.Ref:
    """A reference, possibly of one variable. Raises PolicyError."""
    term = parse_term(text, file)
    if isinstance(term, n.Var):
        return n.Ref(term.loc, (term,))
    if not isinstance(term, n.Ref):
        parser = ModuleParser(term.loc.source, lex(text))
        raise PolicyError([parser.fail_at("expected a reference", term.loc.start).diagnostic])
    return term
