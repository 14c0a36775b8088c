"""graphql-core's nodes as those that OPA shows, with OPA's positions and comments.

A comment belongs to what follows it, where OPA keeps it at all: what stands between the words of a
definition is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphql.language import ast
from graphql.language.ast import Token
from graphql.language.token_kind import TokenKind

from regolive_std import graphql_ast as shown
from regolive_std.graphql_ast import Position


def query_document(node: ast.DocumentNode) -> shown.QueryDocument:
    """A document of operations and fragments."""
    out = shown.QueryDocument()
    for definition in node.definitions:
        if isinstance(definition, ast.OperationDefinitionNode):
            out.operations.append(_operation(definition))
        elif isinstance(definition, ast.FragmentDefinitionNode):
            out.fragments.append(_fragment(definition))
    return out


def schema_document(node: ast.DocumentNode) -> shown.SchemaDocument:
    """A document of types and directives."""
    out = shown.SchemaDocument()
    for definition in node.definitions:
        if isinstance(definition, ast.SchemaDefinitionNode):
            out.schema.append(_schema(definition))
        elif isinstance(definition, ast.SchemaExtensionNode):
            out.schema_extension.append(_schema(definition))
        elif isinstance(definition, ast.DirectiveDefinitionNode):
            out.directives.append(_directive_definition(definition))
        elif isinstance(definition, ast.TypeDefinitionNode):
            out.definitions.append(_definition(definition, extends=False))
        else:
            out.extensions.append(_definition(definition, extends=True))
    if node.loc is not None:
        last = node.loc.end_token
        while last.next is not None:
            last = last.next
        out.comment = _comment(last)
    return out


def _start(node: Any) -> Token:
    token: Token = node.loc.start_token
    return token


def _next(token: Token) -> Token:
    """The token after another, comments aside."""
    following = token.next
    while following is not None and following.kind is TokenKind.COMMENT:
        following = following.next
    return following or token


def _at(token: Token) -> Position:
    return Position(token.line, token.column)


def _comment(token: Token) -> list[str]:
    """The comments right before a token."""
    found: list[str] = []
    before = token.prev
    while before is not None and before.kind is TokenKind.COMMENT:
        found.append(before.value or "")
        before = before.prev
    return found[::-1]


def _operation(node: ast.OperationDefinitionNode) -> shown.OperationDefinition:
    token = _start(node)
    # A query in short has no comment.
    short = token.kind is TokenKind.BRACE_L
    return shown.OperationDefinition(
        operation=node.operation.value,
        name=node.name.value if node.name else "",
        variable_definitions=_variables(node.variable_definitions),
        directives=_directives(node.directives),
        selection_set=_selections(node.selection_set),
        comment=[] if short else _comment(token),
        position=_at(token),
    )


def _fragment(node: ast.FragmentDefinitionNode) -> shown.FragmentDefinition:
    token = _start(node)
    return shown.FragmentDefinition(
        name=node.name.value,
        variable_definition=_variables(node.variable_definitions),
        type_condition=node.type_condition.name.value,
        directives=_directives(node.directives),
        selection_set=_selections(node.selection_set),
        comment=_comment(token),
        position=_at(token),
    )


def _variables(
    nodes: Iterable[ast.VariableDefinitionNode] | None,
) -> list[shown.VariableDefinition]:
    return [
        shown.VariableDefinition(
            variable=node.variable.name.value,
            type=_type(node.type),
            default_value=_value(node.default_value) if node.default_value else None,
            directives=_directives(node.directives),
            comment=_comment(_start(node)),
            position=_at(_start(node)),
        )
        for node in nodes or ()
    ]


def _selections(node: ast.SelectionSetNode | None) -> list[shown.Selection]:
    return [_selection(item) for item in node.selections] if node else []


def _selection(node: ast.SelectionNode) -> shown.Selection:
    token = _start(node)
    directives = _directives(node.directives)
    if isinstance(node, ast.FieldNode):
        name = node.name.value
        return shown.Field(
            alias=node.alias.value if node.alias else name,
            name=name,
            arguments=_arguments(node.arguments),
            directives=directives,
            selection_set=_selections(node.selection_set),
            comment=_comment(token),
            position=_at(token),
        )
    if isinstance(node, ast.FragmentSpreadNode):
        return shown.FragmentSpread(
            name=node.name.value,
            directives=directives,
            comment=_comment(token),
            position=_at(_start(node.name)),
        )
    assert isinstance(node, ast.InlineFragmentNode)
    return shown.InlineFragment(
        type_condition=node.type_condition.name.value if node.type_condition else "",
        directives=directives,
        selection_set=_selections(node.selection_set),
        comment=_comment(token),
        position=_at(_next(token)),
    )


def _arguments(nodes: Iterable[ast.ArgumentNode] | None) -> list[shown.Argument]:
    return [
        shown.Argument(
            name=node.name.value,
            value=_value(node.value),
            comment=_comment(_start(node)),
            position=_at(_start(node)),
        )
        for node in nodes or ()
    ]


def _directives(nodes: Iterable[ast.DirectiveNode] | None) -> list[shown.Directive]:
    return [
        shown.Directive(
            name=node.name.value,
            arguments=_arguments(node.arguments),
            position=_at(_start(node.name)),
        )
        for node in nodes or ()
    ]


def _type(node: ast.TypeNode) -> shown.Type:
    non_null = isinstance(node, ast.NonNullTypeNode)
    if isinstance(node, ast.NonNullTypeNode):
        node = node.type
    token = _start(node)
    if isinstance(node, ast.ListTypeNode):
        elem, at = _type(node.type), _at(_next(token))
        return shown.Type(elem=elem, non_null=non_null, position=at)
    assert isinstance(node, ast.NamedTypeNode)
    return shown.Type(named_type=node.name.value, non_null=non_null, position=_at(token))


_SCALARS: dict[type[ast.ValueNode], int] = {
    ast.IntValueNode: shown.INT,
    ast.FloatValueNode: shown.FLOAT,
    ast.EnumValueNode: shown.ENUM,
}


def _value(node: ast.ValueNode) -> shown.Value:
    token = _start(node)
    out = shown.Value(position=_at(token))
    if isinstance(node, ast.VariableNode):
        out.raw, out.kind = node.name.value, shown.VARIABLE
    elif isinstance(node, ast.ListValueNode):
        out.kind, out.comment = shown.LIST, _comment(token)
        out.children = [shown.Child(value=_value(item)) for item in node.values]
    elif isinstance(node, ast.ObjectValueNode):
        out.kind, out.comment = shown.OBJECT, _comment(token)
        out.children = [
            shown.Child(
                name=item.name.value,
                value=_value(item.value),
                comment=_comment(_start(item)),
                position=_at(_start(item)),
            )
            for item in node.fields
        ]
    elif isinstance(node, ast.StringValueNode):
        out.raw, out.kind = node.value, shown.BLOCK if node.block else shown.STRING
    elif isinstance(node, ast.BooleanValueNode):
        out.raw, out.kind = "true" if node.value else "false", shown.BOOLEAN
    elif isinstance(node, ast.NullValueNode):
        out.raw, out.kind = "null", shown.NULL
    elif isinstance(node, ast.IntValueNode | ast.FloatValueNode | ast.EnumValueNode):
        out.raw, out.kind = node.value, _SCALARS[node.__class__]
    return out


def _described(node: Any, keyword: Token) -> dict[str, Any]:
    """Description and comments of what may be described; ``keyword`` is the token after that."""
    text = node.description.value if node.description else ""
    before = _comment(_start(node.description)) if node.description else []
    return {
        "description": text,
        "before_description_comment": before,
        "after_description_comment": _comment(keyword),
    }


def _member(node: Any) -> dict[str, Any]:
    """What fields, arguments and enum values have in common; an empty description is none."""
    token = _start(node.name)
    out = _described(node, token) | {"name": node.name.value, "position": _at(token)}
    if not out["description"]:
        out["before_description_comment"] = []
    return out | {"directives": _directives(node.directives)}


def _keyword(node: Any) -> Token:
    """The token that begins a definition after its description."""
    token = _start(node)
    return _next(token) if getattr(node, "description", None) else token


def _closing(node: Any, members: Any) -> list[str]:
    """The comments before the brace that ends a definition."""
    return _comment(node.loc.end_token) if members else []


def _schema(node: ast.SchemaDefinitionNode | ast.SchemaExtensionNode) -> shown.SchemaDefinition:
    keyword = _keyword(node)
    extends = isinstance(node, ast.SchemaExtensionNode)
    described: dict[str, Any] = {"after_description_comment": _comment(keyword)}
    if not extends:
        described = _described(node, keyword)
    return shown.SchemaDefinition(
        **described,
        directives=_directives(node.directives),
        operation_types=[
            shown.OperationTypeDefinition(
                operation=item.operation.value,
                type=item.type.name.value,
                comment=_comment(_start(item)),
                position=_at(_start(item)),
            )
            for item in node.operation_types or ()
        ],
        end_of_definition_comment=_closing(node, node.operation_types),
        position=_at(_next(_next(keyword) if extends else keyword)),
    )


_KINDS = {
    "scalar": "SCALAR",
    "object": "OBJECT",
    "interface": "INTERFACE",
    "union": "UNION",
    "enum": "ENUM",
    "input_object": "INPUT_OBJECT",
}


def _definition(node: Any, *, extends: bool) -> shown.Definition:
    keyword = _keyword(node)
    described: dict[str, Any] = {"after_description_comment": _comment(keyword)}
    if not extends:
        described = _described(node, keyword)
    kind = _KINDS[node.kind.removesuffix("_type_extension").removesuffix("_type_definition")]
    fields = getattr(node, "fields", None) or ()
    values = getattr(node, "values", None) or ()
    types = getattr(node, "types", None) or ()
    return shown.Definition(
        **described,
        kind=kind,
        name=node.name.value,
        directives=_directives(node.directives),
        interfaces=[item.name.value for item in getattr(node, "interfaces", None) or ()],
        fields=[_field(item) for item in fields],
        types=[item.name.value for item in types],
        type_positions=[_at(_start(item)) for item in types],
        enum_values=[shown.EnumValueDefinition(**_member(item)) for item in values],
        end_of_definition_comment=_closing(node, fields or values),
        position=_at(_start(node.name)),
    )


def _field(node: ast.FieldDefinitionNode | ast.InputValueDefinitionNode) -> shown.FieldDefinition:
    out = shown.FieldDefinition(**_member(node), type=_type(node.type))
    if isinstance(node, ast.FieldDefinitionNode):
        out.arguments = [_argument_definition(item) for item in node.arguments or ()]
    elif node.default_value is not None:
        out.default_value = _value(node.default_value)
    return out


def _argument_definition(node: ast.InputValueDefinitionNode) -> shown.ArgumentDefinition:
    return shown.ArgumentDefinition(
        **_member(node),
        type=_type(node.type),
        default_value=_value(node.default_value) if node.default_value else None,
    )


def _directive_definition(node: ast.DirectiveDefinitionNode) -> shown.DirectiveDefinition:
    return shown.DirectiveDefinition(
        **_described(node, _keyword(node)),
        name=node.name.value,
        arguments=[_argument_definition(item) for item in node.arguments or ()],
        locations=[item.value for item in node.locations],
        is_repeatable=node.repeatable,
        position=_at(_start(node.name)),
    )
