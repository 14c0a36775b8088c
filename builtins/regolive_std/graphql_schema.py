"""GraphQL schemas: types by name, checked as OPA checks them.

What makes a schema valid is OPA's reading of the specification: a type may be extended that is not
defined, there need be no ``Query``, and fields of interfaces are compared as it compares them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from regolive import BuiltinError
from regolive_std.graphql_ast import (
    NULL,
    ArgumentDefinition,
    Definition,
    Directive,
    DirectiveDefinition,
    FieldDefinition,
    Position,
    SchemaDefinition,
    SchemaDocument,
    Type,
)

# What every schema has, from the GraphQL specification (section 4, Introspection; 3.5, 3.13).
_BUILT_IN = """
scalar Int scalar Float scalar String scalar Boolean scalar ID

directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "No longer supported")
    on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT

type __Schema {
    description: String types: [__Type!]! queryType: __Type! mutationType: __Type
    subscriptionType: __Type directives: [__Directive!]!
}
type __Type {
    kind: __TypeKind! name: String description: String specifiedByURL: String
    fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!]
    possibleTypes: [__Type!] enumValues(includeDeprecated: Boolean = false): [__EnumValue!]
    inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type
    isOneOf: Boolean
}
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field {
    name: String! description: String args(includeDeprecated: Boolean = false): [__InputValue!]!
    type: __Type! isDeprecated: Boolean! deprecationReason: String
}
type __InputValue {
    name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean!
    deprecationReason: String
}
type __EnumValue {
    name: String! description: String isDeprecated: Boolean! deprecationReason: String
}
type __Directive {
    name: String! description: String isRepeatable: Boolean!
    locations: [__DirectiveLocation!]! args(includeDeprecated: Boolean = false): [__InputValue!]!
}
enum __DirectiveLocation {
    QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION FRAGMENT_SPREAD INLINE_FRAGMENT
    VARIABLE_DEFINITION SCHEMA SCALAR OBJECT FIELD_DEFINITION ARGUMENT_DEFINITION INTERFACE UNION
    ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION
}
"""
# Directives of our own that a schema may define again: the last definition counts.
_MAY_REDEFINE = frozenset({"include", "skip", "deprecated", "specifiedBy", "defer", "oneOf"})

_ROOTS = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}


@dataclass(slots=True)
class Schema:
    """A schema: its types and directives by name, and the types that operations start from."""

    types: dict[str, Definition] = field(default_factory=dict)
    directives: dict[str, DirectiveDefinition] = field(default_factory=dict)
    # By the kind of operation: query, mutation, subscription.
    roots: dict[str, Definition] = field(default_factory=dict)
    # The types that a value may have whose type is an interface, a union, or an object.
    possible_types: dict[str, list[Definition]] = field(default_factory=dict)

    def type_of(self, found: Type) -> Definition | None:
        """The definition of the innermost type."""
        return self.types.get(found.name)


@lru_cache(maxsize=1)
def _built_in() -> SchemaDocument:
    from regolive_std import graphql_convert, graphql_syntax

    document = graphql_convert.schema_document(graphql_syntax.parse_schema(_BUILT_IN, lambda: None))
    for definition in document.definitions:
        definition.built_in = True
    return document


def load_schema(document: SchemaDocument) -> Schema:
    """A checked schema. The document becomes a part of it.

    Raises BuiltinError with OPA's text for the first thing that is wrong.
    """
    built_in = _built_in()
    definitions = [_own(d) for d in built_in.definitions] + document.definitions
    schema = Schema()
    for definition in definitions:
        if definition.name in schema.types:
            raise _error(definition.position, f"Cannot redeclare type {definition.name}.")
        schema.types[definition.name] = definition
    definitions += _extend(schema, document)
    for definition in definitions:
        _note_possible_types(schema, definition)
    for directive in built_in.directives + document.directives:
        if directive.name in schema.directives and directive.name not in _MAY_REDEFINE:
            raise _error(directive.position, f"Cannot redeclare directive {directive.name}.")
        schema.directives[directive.name] = directive
    checks = _Checks(schema)
    if len(document.schema) > 1:
        raise _error(
            document.schema[1].position,
            "Cannot have multiple schema entry points, consider schema extensions instead.",
        )
    for definition_of_schema in document.schema + document.schema_extension:
        checks.schema(definition_of_schema)
    for name in sorted(schema.types):
        checks.definition(schema.types[name])
    for name in sorted(schema.directives):
        directive = schema.directives[name]
        checks.name(directive.position, name)
        checks.arguments(directive.arguments, of=directive)
    if not document.schema:
        for operation, name in _ROOTS.items():
            if name in schema.types:
                schema.roots.setdefault(operation, schema.types[name])
    if "query" in schema.roots:
        schema.roots["query"].fields += _introspection()
    return schema


def _own(definition: Definition) -> Definition:
    """A copy of a built-in definition that may be extended."""
    return replace(
        definition,
        directives=list(definition.directives),
        interfaces=list(definition.interfaces),
        fields=list(definition.fields),
        enum_values=list(definition.enum_values),
    )


def _extend(schema: Schema, document: SchemaDocument) -> list[Definition]:
    """Add extensions to what they extend. Returns the types that are nothing else."""
    fresh = []
    for extension in document.extensions:
        definition = schema.types.get(extension.name)
        if definition is None:
            definition = Definition(
                kind=extension.kind, name=extension.name, position=extension.position
            )
            schema.types[extension.name] = definition
            fresh.append(definition)
        if definition.kind != extension.kind:
            raise _error(
                extension.position,
                f"Cannot extend type {extension.name} because the base type is a "
                f"{definition.kind}, not {extension.kind}.",
            )
        definition.directives += extension.directives
        definition.interfaces += extension.interfaces
        definition.fields += extension.fields
        definition.types += extension.types
        definition.type_positions += extension.type_positions
        definition.enum_values += extension.enum_values
    return fresh


def _note_possible_types(schema: Schema, definition: Definition) -> None:
    if definition.kind == "UNION":
        members = [schema.types[name] for name in definition.types if name in schema.types]
        schema.possible_types.setdefault(definition.name, []).extend(members)
    elif definition.kind in ("OBJECT", "INPUT_OBJECT", "INTERFACE"):
        for interface in definition.interfaces:
            schema.possible_types.setdefault(interface, []).append(definition)
        if definition.kind != "INTERFACE":
            schema.possible_types.setdefault(definition.name, []).append(definition)


def _introspection() -> list[FieldDefinition]:
    """The fields that the root of queries has besides its own."""
    name = ArgumentDefinition(name="name", type=Type("String", non_null=True))
    return [
        FieldDefinition(name="__schema", type=Type("__Schema", non_null=True)),
        FieldDefinition(name="__type", type=Type("__Type"), arguments=[name]),
    ]


def _error(position: Position | None, message: str) -> BuiltinError:
    line, column = position or (-1, -1)
    return BuiltinError(
        f"Error in gqlparser SchemaDocument to Schema conversion: input:{line}:{column}: {message}"
    )


class _Checks:
    """What a schema must be. Each check raises for the first thing that is wrong."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def schema(self, definition: SchemaDefinition) -> None:
        """``schema`` or an extension of it: its types exist."""
        for root in definition.operation_types:
            found = self._schema.types.get(root.type)
            if found is None:
                raise _error(
                    root.position,
                    f"Schema root {root.operation} refers to a type {root.type} "
                    "that does not exist.",
                )
            self._schema.roots[root.operation] = found
        self.directives(definition.directives, "SCHEMA")

    def name(self, position: Position | None, name: str) -> None:
        """No name begins with two underscores."""
        if name.startswith("__"):
            raise _error(
                position,
                f'Name "{name}" must not begin with "__", which is reserved by GraphQL '
                "introspection.",
            )

    def definition(self, definition: Definition) -> None:
        """A type of any kind."""
        place = (
            "INPUT_FIELD_DEFINITION" if definition.kind == "INPUT_OBJECT" else "FIELD_DEFINITION"
        )
        for item in definition.fields:
            self.name(item.position, item.name)
            self._exists(item.type)
            self.arguments(item.arguments)
            self.directives(item.directives, place)
        for name in definition.types:
            self._union_member(definition, name)
        for name in definition.interfaces:
            self._implements(definition, name)
        self._members(definition)
        self._unique_members(definition)
        if not definition.built_in:
            self.name(definition.position, definition.name)
        # Extensions are places of their own, and what they add is not told apart any more: a
        # directive may come twice.
        self.directives(definition.directives, definition.kind, once=False)

    def arguments(
        self, arguments: list[ArgumentDefinition], of: DirectiveDefinition | None = None
    ) -> None:
        """The arguments of a field or of a directive."""
        for argument in arguments:
            self.name(argument.position, argument.name)
            kind = self._exists(argument.type).kind
            if kind not in ("SCALAR", "ENUM", "INPUT_OBJECT"):
                raise _error(
                    argument.position,
                    f"cannot use {argument.type} as argument {argument.name} because {kind} is "
                    "not a valid input type",
                )
            self.directives(argument.directives, "ARGUMENT_DEFINITION", of)

    def directives(
        self,
        directives: list[Directive],
        place: str,
        inside: DirectiveDefinition | None = None,
        *,
        once: bool = True,
    ) -> None:
        """The directives at one place. ``inside``: the directive whose definition it is in."""
        seen = set()
        for directive in directives:
            name, position = directive.name, directive.position
            self.name(position, name)
            if inside is not None and name == inside.name:
                raise _error(position, f"Directive {name} cannot refer to itself.")
            definition = self._schema.directives.get(name)
            if definition is None:
                raise _error(position, f"Undefined directive {name}.")
            if once and name in seen and not definition.is_repeatable:
                raise _error(
                    position, f"The directive {name} can only be used once at this location."
                )
            seen.add(name)
            if place not in definition.locations:
                raise _error(position, f"Directive {name} is not applicable on {place}.")
            self._directive_arguments(directive, definition)

    def _directive_arguments(self, directive: Directive, definition: DirectiveDefinition) -> None:
        known = {argument.name for argument in definition.arguments}
        given: dict[str, Any] = {}
        for argument in directive.arguments:
            if argument.name not in known:
                raise _error(
                    argument.position,
                    f"Undefined argument {argument.name} for directive {directive.name}.",
                )
            given.setdefault(argument.name, argument.value)
        for wanted in definition.arguments:
            if not wanted.type.non_null or wanted.default_value is not None:
                continue
            if wanted.name in given and given[wanted.name] is None:
                raise BuiltinError(f"graphql: argument {wanted.name} has no value")
            if wanted.name not in given or given[wanted.name].kind == NULL:
                raise _error(
                    directive.position,
                    f"Argument {wanted.name} for directive {directive.name} cannot be null.",
                )

    def _exists(self, found: Type) -> Definition:
        definition = self._schema.type_of(found)
        if definition is None:
            raise _error(found.position, f"Undefined type {found.name}.")
        return definition

    def _union_member(self, definition: Definition, name: str) -> None:
        member = self._schema.types.get(name)
        if member is None:
            raise _error(definition.position, f'Undefined type "{name}".')
        if member.kind != "OBJECT":
            raise _error(definition.position, f'{definition.kind} type "{name}" must be OBJECT.')

    def _members(self, definition: Definition) -> None:
        """There are fields or values, and the fields' types can be where they are."""
        kind, name = definition.kind, definition.name
        position = definition.position
        if kind in ("OBJECT", "INTERFACE"):
            if not definition.fields:
                raise _error(position, f"{kind} {name}: must define one or more fields.")
            for item in definition.fields:
                found = self._exists(item.type)
                if not (found.is_leaf or found.is_composite):
                    raise _error(
                        item.position,
                        f"{kind} {name}: field must be one of "
                        "SCALAR, OBJECT, INTERFACE, UNION, ENUM.",
                    )
        elif kind == "ENUM":
            if not definition.enum_values:
                raise _error(
                    position, f"{kind} {name}: must define one or more unique enum values."
                )
            for value in definition.enum_values:
                if value.name in ("true", "false", "null"):
                    raise _error(position, f"{kind} {name}: non-enum value {value.name}.")
                self.directives(value.directives, "ENUM_VALUE")
        elif kind == "INPUT_OBJECT":
            if not definition.fields:
                raise _error(position, f"{kind} {name}: must define one or more input fields.")
            for item in definition.fields:
                found = self._exists(item.type)
                if not found.is_input:
                    raise _error(
                        item.position,
                        f"{found.kind} {item.name}: field must be one of "
                        "SCALAR, ENUM, INPUT_OBJECT.",
                    )

    def _unique_members(self, definition: Definition) -> None:
        twice = _first_twice([item.name for item in definition.fields])
        if twice is not None:
            item = definition.fields[twice]
            raise _error(
                item.position, f"Field {definition.name}.{item.name} can only be defined once."
            )
        twice = _first_twice([value.name for value in definition.enum_values])
        if twice is not None:
            value = definition.enum_values[twice]
            raise _error(
                value.position,
                f"Enum value {definition.name}.{value.name} can only be defined once.",
            )
        twice = _first_twice(definition.types)
        if twice is not None:
            position = definition.position
            if len(definition.type_positions) == len(definition.types):
                position = definition.type_positions[twice] or position
            raise _error(
                position,
                f"Union type {definition.name} can only include type "
                f"{definition.types[twice]} once.",
            )

    def _implements(self, definition: Definition, name: str) -> None:
        """What an interface asks of a type that implements it."""
        interface = self._schema.types.get(name)
        if interface is None:
            raise _error(definition.position, f'Undefined type "{name}".')
        if interface.kind != "INTERFACE":
            raise _error(definition.position, f'"{name}" is a non interface type {interface.kind}.')
        fields = _by_name(definition.fields)
        for wanted in interface.fields:
            self._implements_field(definition, name, wanted, fields.get(wanted.name))
        for further in interface.interfaces:
            if further in definition.interfaces:
                continue
            if further == definition.name:
                raise _error(
                    definition.position,
                    f"Type {definition.name} cannot implement {name} because it would create a "
                    "circular reference.",
                )
            raise _error(
                definition.position,
                f"Type {definition.name} must implement {further} because it is implemented by "
                f"{name}.",
            )

    def _implements_field(
        self,
        definition: Definition,
        interface: str,
        wanted: FieldDefinition,
        found: FieldDefinition | None,
    ) -> None:
        so = f"For {definition.name} to implement {interface}"
        if found is None:
            raise _error(definition.position, f"{so} it must have a field called {wanted.name}.")
        if not self._is_covariant(wanted.type, found.type):
            raise _error(
                found.position, f"{so} the field {wanted.name} must have type {wanted.type}."
            )
        arguments, known = _by_name(found.arguments), _by_name(wanted.arguments)
        for argument in wanted.arguments:
            own = arguments.get(argument.name)
            same = f"{so} the field {wanted.name} must have the same arguments but"
            if own is None:
                raise _error(found.position, f"{same} it is missing {argument.name}.")
            if not argument.type.fits(own.type):
                raise _error(own.position, f"{same} {argument.name} has the wrong type.")
        for own in found.arguments:
            if own.type.non_null and own.default_value is None and own.name not in known:
                raise _error(
                    own.position,
                    f"{so} any additional arguments on {found.name} must be optional or have a "
                    f"default value but {own.name} is required.",
                )

    def _is_covariant(self, wanted: Type, found: Type) -> bool:
        if wanted.non_null and not found.non_null:
            return False
        if wanted.named_type:
            if wanted.named_type == found.named_type:
                return True
            possible = self._schema.possible_types.get(wanted.named_type, ())
            return any(one.name == found.named_type for one in possible)
        if wanted.elem is None or found.elem is None:
            return False
        return self._is_covariant(wanted.elem, found.elem)


def _by_name(items: list[Any]) -> dict[str, Any]:
    """Items by name; the first of a name counts."""
    out: dict[str, Any] = {}
    for item in items:
        out.setdefault(item.name, item)
    return out


def _first_twice(names: list[str]) -> int | None:
    """The place of the second of the first name that comes twice."""
    places: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name, []).append(at)
    return next((found[1] for found in places.values() if len(found) > 1), None)
