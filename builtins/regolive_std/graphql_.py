"""GraphQL: queries and schemas parsed, and queries checked against schemas.

graphql-core reads the texts. What is valid, and what is said of what is not, is OPA's. Schemas are
kept across queries, bounded in number; the modules behind are imported when a policy first asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from regolive import BuiltinContext, BuiltinError
from regolive.values import to_key
from regolive_std._declare import (
    BOOLEAN,
    STRING,
    object_of,
    one_of,
    std,
    tuple_of,
    unchecked,
    wrong_type,
)
from regolive_std.kept import Kept

if TYPE_CHECKING:
    from regolive_std.graphql_ast import QueryDocument, SchemaDocument
    from regolive_std.graphql_schema import Schema

_OBJECT = object_of()
Check = Callable[[], None]
_DOCUMENT = unchecked(one_of(STRING, _OBJECT))


@std("graphql.parse_query", args=[STRING], result=_OBJECT, result_name="output")
def graphql_parse_query(ctx: BuiltinContext, query: str) -> dict[Any, Any]:
    """The syntax tree of a GraphQL query.

    A text has at most 4 Mi characters and 300,000 tokens, and selections are at most 200 deep.

    Example:
        >>> graphql.parse_query("query q { a }").Operations[0].Name
        "q"
        >>> graphql.parse_query("{")
        error: eval_builtin_error: graphql.parse_query: Expected Name, found <EOF> in GraphQL string
        at location 1:2
    """
    from regolive_std.graphql_ast import to_object

    return to_object(_query(query, ctx.check))


@std("graphql.parse_schema", args=[STRING], result=_OBJECT, result_name="output")
def graphql_parse_schema(ctx: BuiltinContext, schema: str) -> dict[Any, Any]:
    """The syntax tree of a GraphQL schema, which need not be valid.

    A text has at most 4 Mi characters and 300,000 tokens.

    Example:
        >>> graphql.parse_schema("type Query { a: Int }").Definitions[0].Name
        "Query"
        >>> graphql.parse_schema("type")
        error: eval_builtin_error: graphql.parse_schema: Expected Name, found <EOF> in GraphQL
        string at location 1:5
    """
    return _schema_tree(schema, ctx.check)


@std(
    "graphql.parse",
    args=[_DOCUMENT, _DOCUMENT],
    result=tuple_of(_OBJECT, _OBJECT),
    result_name="output",
)
def graphql_parse(ctx: BuiltinContext, query: Any, schema: Any) -> list[Any]:
    """``[query, schema]``: the syntax trees of a query and of the schema that it is valid by.

    Example:
        >>> graphql.parse("{ a }", "type Query { a: Int }")[0].Operations[0].Operation
        "query"
        >>> graphql.parse("{ b }", "type Query { a: Int }")
        error: eval_builtin_error: graphql.parse: Cannot query field "b" on type "Query". Did you
        mean "a"? in GraphQL string at location 1:3
    """
    _check_operand(query, 0)
    document = _query(query, ctx.check)
    _check_operand(schema, 1)
    return _validated(ctx, document, schema)


@std(
    "graphql.parse_and_verify",
    args=[_DOCUMENT, _DOCUMENT],
    result=tuple_of(BOOLEAN, _OBJECT, _OBJECT),
    result_name="output",
)
def graphql_parse_and_verify(ctx: BuiltinContext, query: Any, schema: Any) -> list[Any]:
    """``[valid, query, schema]``: as ``graphql.parse``, with empty trees where it is not valid.

    Example:
        >>> graphql.parse_and_verify("{ a }", "type Query { a: Int }")[0]
        true
        >>> graphql.parse_and_verify("{ b }", "type Query { a: Int }")
        [false, {}, {}]
    """
    try:
        return [True, *_validated(ctx, _query(query, ctx.check), schema)]
    except BuiltinError:
        return [False, {}, {}]


@std("graphql.is_valid", args=[_DOCUMENT, _DOCUMENT], result=BOOLEAN, result_name="output")
def graphql_is_valid(ctx: BuiltinContext, query: Any, schema: Any) -> bool:
    """Whether a query is valid by a schema; each a text or a syntax tree.

    A fragment that is spread in a syntax tree is taken for a field, as in OPA.

    Example:
        >>> graphql.is_valid("{ name }", "type Query { name: String }")
        true
        >>> graphql.is_valid("{ age }", "type Query { name: String }")
        false
    """
    from regolive_std.graphql_rules import validate

    try:
        validate(_schema(schema, ctx.check), _query(query, ctx.check), ctx.check)
    except BuiltinError:
        return False
    return True


@std("graphql.schema_is_valid", args=[_DOCUMENT], result=BOOLEAN, result_name="output")
def graphql_schema_is_valid(ctx: BuiltinContext, schema: Any) -> bool:
    """Whether a schema is valid; a text or a syntax tree.

    Example:
        >>> graphql.schema_is_valid("type Query { name: String }")
        true
        >>> graphql.schema_is_valid("type Query { name: Nothing }")
        false
    """
    try:
        _schema(schema, ctx.check)
    except BuiltinError:
        return False
    return True


def _validated(ctx: BuiltinContext, document: QueryDocument, schema: Any) -> list[Any]:
    from regolive_std.graphql_ast import to_object
    from regolive_std.graphql_rules import validate

    tree = _schema_tree(schema, ctx.check)
    loaded = _schema(schema, ctx.check)
    shown = to_object(document)  # before validation notes its findings on the nodes
    validate(loaded, document, ctx.check)
    return [shown, tree]


def _check_operand(value: Any, operand: int) -> None:
    if value.__class__ not in (str, dict):
        raise wrong_type(operand, value, "string", "object")


# Both by what they were made of: a text or a tree.
_SCHEMAS: Kept[Schema] = Kept(32)
_TREES: Kept[dict[Any, Any]] = Kept(32)


def _schema(source: Any, check: Check) -> Schema:
    from regolive_std.graphql_schema import load_schema

    try:
        return _SCHEMAS.get(to_key(source), lambda: load_schema(_schema_document(source, check)))
    except RecursionError:
        raise BuiltinError("GraphQL schema is nested too deeply") from None


def _schema_tree(source: Any, check: Check) -> dict[Any, Any]:
    from regolive_std.graphql_ast import to_object

    try:
        return _TREES.get(to_key(source), lambda: to_object(_schema_document(source, check)))
    except RecursionError:
        raise BuiltinError("GraphQL schema is nested too deeply") from None


def _schema_document(source: Any, check: Check) -> SchemaDocument:
    from regolive_std import graphql_ast, graphql_convert, graphql_syntax

    if source.__class__ is str:
        return graphql_convert.schema_document(graphql_syntax.parse_schema(source, check))
    document: SchemaDocument = graphql_ast.from_object(graphql_ast.SchemaDocument, source)
    return document


def _query(source: Any, check: Check) -> QueryDocument:
    from regolive_std import graphql_ast, graphql_convert, graphql_syntax

    try:
        if source.__class__ is str:
            return graphql_convert.query_document(graphql_syntax.parse_query(source, check))
        document: QueryDocument = graphql_ast.from_object(graphql_ast.QueryDocument, source)
    except RecursionError:
        raise BuiltinError("GraphQL query is nested too deeply") from None
    return document
