"""The ways into the parser: text in, a tree or a PolicyError out."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable
from dataclasses import replace
from itertools import islice

from regolive.errors import Diagnostic, Location, PolicyError
from regolive.syntax import hints
from regolive.syntax import nodes as n
from regolive.syntax.annotations import attach, read_annotations
from regolive.syntax.cursor import Cursor, Dialect, Failed
from regolive.syntax.lexer import FUTURE_V1, KEYWORDS_V0, KEYWORDS_V1, TOO_DEEP, lex
from regolive.syntax.module import ModuleParser
from regolive.syntax.places import position

CODE = "rego_parse_error"
MAX_DIAGNOSTICS = 500
"""How many errors of one module are reported: a text that is no policy has one in every word."""

MAX_TREE_DEPTH = 200
"""How deep trees are at most (links of ``else`` chains do not count), whatever the text."""


def parse_module(
    text: str,
    file: str = "",
    *,
    v0_compatible: bool = False,
    features: Collection[str] | None = None,
    future_keywords: Collection[str] | None = None,
    builtins: Container[str] = frozenset(),
    annotations: bool = True,
) -> n.Module:
    """The tree of a module.

    Args:
        text: the module's text.
        file: its name in places and errors.
        v0_compatible: read it as Rego v0, unless it imports ``rego.v1``.
        features: the features of the language that are allowed, by OPA's names
            (``keywords_in_refs``, ``template_strings``, ``rego_v1``); None for all.
        future_keywords: what may be imported from ``future.keywords`` beyond the keywords of v1;
            None for all.
        builtins: names of builtins: a statement such as ``print("x")`` is no rule of that name.
        annotations: read ``METADATA`` blocks; else they are comments only.

    Raises:
        PolicyError: with all that is wrong with the syntax (code ``rego_parse_error``). The first
            diagnostic is the one OPA reports first.
    """
    source = n.Source(file, text)
    dialect = replace(_dialect(v0_compatible, features, future_keywords), builtins=builtins)
    if dialect.version and features is not None and "rego_v1" not in features:
        message = "illegal capabilities: rego_v1 feature required for parsing v1 Rego"
        raise PolicyError([Diagnostic(CODE, message)])
    parser = ModuleParser(source, lex(text, _keywords(dialect)), dialect)
    try:
        packages, imports, rules = parser.statements()
    except RecursionError:
        raise _too_deep(parser) from None
    failures = parser.failures
    comments = tuple(
        n.Comment(n.Loc(source, start, end), text[start + 1 : end].rstrip("\r"))
        for start, end in parser.tokens.comments
    )
    blocks: list[n.Annotations] = []
    if annotations:
        blocks, wrong = read_annotations(source, comments)
        failures += wrong
    rest = parser.misfits + (parser.demands if parser.rego_version else [])
    # OPA reads a text up to the first error of the grammar, and what else is wrong only if there
    # is none. So nothing that stands before such an error is reported with it.
    start = min((failed.offset for failed in failures), default=0)
    failures += [failed for failed in rest if failed.offset >= start]
    if not failures and not packages:
        raise PolicyError([Diagnostic(CODE, "empty module", Location(file), None, hints.EMPTY)])
    if not failures:
        failures += attach(blocks, packages, imports, rules)
    if failures:
        raise PolicyError(_diagnostics(parser, failures))
    module = n.Module(
        n.Loc(source, 0, len(text)),
        packages[0],
        tuple(imports),
        tuple(rules),
        comments,
        tuple(blocks),
        parser.rego_version,
    )
    _check_depth(parser, [module])
    return module


def parse_query(
    text: str, file: str = "<query>", *, v0_compatible: bool = False
) -> tuple[n.Body, tuple[n.Import, ...]]:
    """A query: its expressions, and the imports that stand before them.

    Raises:
        PolicyError: what is wrong with it.
    """
    parser = _parser(text, file, v0_compatible)
    try:
        body, imports = parser.query()
    except Failed as failed:
        raise PolicyError(_diagnostics(parser, [failed])) from None
    except RecursionError:
        raise _too_deep(parser) from None
    _check_depth(parser, body)
    return body, imports


def parse_term(text: str, file: str = "<term>", *, v0_compatible: bool = False) -> n.Term:
    """One term.

    Raises:
        PolicyError: the text is not a term, or more than one.
    """
    parser = _parser(text, file, v0_compatible)
    try:
        term = parser.infix()
        if parser.kinds[parser.at] != "eof":
            raise parser.unexpected("expected the end of the term")
    except Failed as failed:
        raise PolicyError(_diagnostics(parser, [failed])) from None
    except RecursionError:
        raise _too_deep(parser) from None
    _check_depth(parser, [term])
    return term


def parse_ref(text: str, file: str = "<ref>", *, v0_compatible: bool = False) -> n.Ref:
    """A reference, which may be a single variable.

    Raises:
        PolicyError: the text is something else.
    """
    term = parse_term(text, file, v0_compatible=v0_compatible)
    if isinstance(term, n.Var):
        return n.Ref(term.loc, (term,))
    if not isinstance(term, n.Ref):
        parser = _parser(text, file, v0_compatible)
        raise PolicyError(_diagnostics(parser, [Failed("expected a reference", 0)]))
    return term


def _parser(text: str, file: str, v0_compatible: bool) -> ModuleParser:
    dialect = _dialect(v0_compatible, None, None)
    return ModuleParser(n.Source(file, text), lex(text, _keywords(dialect)), dialect)


def _dialect(
    v0_compatible: bool,
    features: Collection[str] | None,
    future_keywords: Collection[str] | None,
) -> Dialect:
    version = 0 if v0_compatible else 1
    future = FUTURE_V1 if future_keywords is None else FUTURE_V1 & frozenset(future_keywords)
    if features is None:
        # As OPA's capabilities are by default: v0 has no template strings.
        return Dialect(version, future, template_strings=version == 1)
    return Dialect(
        version,
        future,
        "keywords_in_refs" in features,
        "template_strings" in features,
        "rego_v1_import" in features or "rego_v1" in features,
    )


def _keywords(dialect: Dialect) -> frozenset[str]:
    return KEYWORDS_V1 if dialect.version else KEYWORDS_V0


def _diagnostics(parser: Cursor, failures: Iterable[Failed]) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for failed in islice(failures, MAX_DIAGNOSTICS):
        cause = failed.cause
        if cause is None:
            found.append(_diagnostic(parser, failed))
        else:
            row, col = position(parser.source, cause.offset)
            failed.hint = f"what is expected here goes wrong in row {row}, column {col}"
            found += [_diagnostic(parser, failed), _diagnostic(parser, cause)]
    return found


def _diagnostic(parser: Cursor, failed: Failed) -> Diagnostic:
    source = parser.source
    row, col = position(source, failed.offset)
    hint = failed.hint or hints.suggest(parser, failed)
    line = source.line(row)
    place = Location(source.name, row, col)
    return Diagnostic(CODE, failed.message, place, line if line.strip() else None, hint)


def _too_deep(parser: Cursor) -> PolicyError:
    failed = parser.fail(TOO_DEEP)
    return PolicyError(_diagnostics(parser, [failed]))


def _check_depth(parser: Cursor, roots: Iterable[n.Node]) -> None:
    """Refuse a tree that is too deep for who walks it by recursion.

    Brackets have a limit of their own; this is about long chains of operators and calls, so that
    nearly every tree is spared.
    """
    if parser.tokens.depth * 3 + parser.longest + 10 < MAX_TREE_DEPTH:
        return
    todo = [(root, 0) for root in roots]
    while todo:
        node, depth = todo.pop()
        if depth > MAX_TREE_DEPTH:
            failed = Failed(TOO_DEEP, node.loc.start)
            raise PolicyError(_diagnostics(parser, [failed]))
        for name in node.parts:
            value = getattr(node, name)
            below = depth if name == "else_" else depth + 1
            if value.__class__ is tuple:
                todo.extend((item, below) for item in value)
            elif value is not None:
                todo.append((value, below))
