"""Values in GraphQL queries: whether they are of the types that are expected where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isinf

from regolive import BuiltinError
from regolive_std.graphql_ast import (
    BLOCK,
    BOOLEAN,
    ENUM,
    FLOAT,
    INT,
    LIST,
    NULL,
    OBJECT,
    STRING,
    VARIABLE,
    Definition,
    OperationDefinition,
    Position,
    Type,
    Value,
)
from regolive_std.graphql_schema import Schema
from regolive_std.graphql_words import did_you_mean, or_list, suggestions, value_text

Report = Callable[[str, Position | None], None]

_SPECIFIED = frozenset({"Int", "Float", "String", "Boolean", "ID"})

# The specified scalars that a literal of a kind can be.
_LITERALS: dict[int, frozenset[str]] = {
    INT: frozenset({"Int", "Float", "ID"}),
    FLOAT: frozenset({"Float"}),
    STRING: frozenset({"String", "ID"}),
    BLOCK: frozenset({"String", "ID"}),
    BOOLEAN: frozenset({"Boolean"}),
}
_TRUTHS = frozenset(
    {"1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False"}
)


class ValueRules:
    """The rules that look at values, in the order of their names."""

    def __init__(self, schema: Schema, report: Report) -> None:
        self._schema = schema
        self._report = report

    def check(self, value: Value, operation: OperationDefinition | None) -> None:
        """All of them on one value, after those on what is in it."""
        variable = value.variable_definition
        # NoUndefinedVariables
        if value.kind == VARIABLE and operation is not None and variable is None:
            by = f' by operation "{operation.name}"' if operation.name else ""
            self._report(f'Variable "${value.raw}" is not defined{by}.', value.position)
        # UniqueInputFieldNames
        if value.kind == OBJECT:
            seen = set()
            for item in value.children:
                if item.name in seen:
                    self._report(
                        f'There can be only one input field named "{item.name}".', item.position
                    )
                seen.add(item.name)
        # ValuesOfCorrectType
        if value.definition is not None and value.expected_type is not None:
            self._type(value, value.definition, value.expected_type)
        # VariablesInAllowedPosition
        if operation is not None:
            self._allowed_position(value)
        if value.kind == OBJECT and value.definition is not None:
            self._variables_of_one_of(value, value.definition)

    def _type(self, value: Value, definition: Definition, expected: Type) -> None:
        text = value_text(value)
        if value.kind == NULL and expected.non_null:
            self._report(f'Expected value of type "{expected}", found {text}.', value.position)
        if definition.kind == "SCALAR" and definition.name not in _SPECIFIED:
            return  # what such a scalar can be is known to its server only
        if not _is_readable(value):
            self._unexpected(value, definition, expected)
        kind = value.kind
        if kind in _LITERALS:
            if kind in (STRING, BLOCK) and definition.kind == "ENUM":
                near = _nearest_value(definition, value.raw)
                self._report(
                    f'Enum "{expected}" cannot represent non-enum value: {text}.{near}',
                    value.position,
                )
            elif definition.name not in _LITERALS[kind]:
                self._unexpected(value, definition, expected)
        elif kind == LIST and expected.elem is None:
            self._unexpected(value, definition, expected)
        elif kind == ENUM:
            self._enum(value, definition, expected)
        elif kind == OBJECT:
            self._object(value, definition)

    def _enum(self, value: Value, definition: Definition, expected: Type) -> None:
        names = [one.name for one in definition.enum_values]
        if definition.kind != "ENUM":
            near = suggestions(value.raw, names)
            hint = f" Did you mean the enum value {or_list(near)}?" if near else ""
            self._unexpected(value, definition, expected, hint)
        elif value.raw not in names:
            near_text = _nearest_value(definition, value.raw)
            self._report(
                f'Value "{value.raw}" does not exist in "{expected}" enum.{near_text}',
                value.position,
            )

    def _object(self, value: Value, definition: Definition) -> None:
        given = {item.name for item in value.children}
        for item in definition.fields:
            if item.type.non_null and item.default_value is None and item.name not in given:
                self._report(
                    f'Field "{definition.name}.{item.name}" of required type "{item.type}" was '
                    "not provided.",
                    value.position,
                )
        for directive in definition.directives:
            if directive.name == "oneOf":
                self._one_of(value, definition)
        known = [item.name for item in definition.fields]
        for child in value.children:
            if child.name not in known:
                near = did_you_mean(child.name, known)
                self._report(
                    f'Field "{child.name}" is not defined by type "{definition.name}".{near}',
                    child.position,
                )

    def _one_of(self, value: Value, definition: Definition) -> None:
        if len(value.children) != 1:
            self._report(
                f'OneOf Input Object "{definition.name}" must specify exactly one key.',
                value.position,
            )
            return
        only = value.children[0].value
        if only is not None and only.kind == NULL:
            # OPA names the first field of the type, whichever is null.
            self._report(
                f'Field "{definition.name}.{definition.fields[0].name}" must be non-null.',
                only.position,
            )

    def _unexpected(
        self, value: Value, definition: Definition, expected: Type, hint: str = ""
    ) -> None:
        text = value_text(value)
        match str(expected):
            case "Int" | "Int!":
                sized = _whole(value.raw)
                if sized is not None and not -(1 << 31) <= sized < 1 << 31:
                    said = f"Int cannot represent non 32-bit signed integer value: {text}"
                else:
                    said = f"Int cannot represent non-integer value: {text}"
            case "String" | "String!" | "[String]":
                said = f"String cannot represent a non string value: {text}"
            case "Boolean" | "Boolean!":
                said = f"Boolean cannot represent a non boolean value: {text}"
            case "Float" | "Float!":
                said = f"Float cannot represent non numeric value: {text}"
            case "ID" | "ID!":
                said = f"ID cannot represent a non-string and non-integer value: {text}"
            case name if definition.kind == "ENUM":
                said = f'Enum "{name}" cannot represent non-enum value: {text}.'
            case name:
                said = f'Expected value of type "{name}", found {text}.'
        self._report(said + hint, value.position)

    def _allowed_position(self, value: Value) -> None:
        variable, expected = value.variable_definition, value.expected_type
        if value.kind != VARIABLE or expected is None or variable is None:
            return
        default = variable.default_value
        # Where there is a default, null may be passed for what must not be null.
        has_default = default is not None and default.kind != NULL
        nullable = has_default or value.expected_type_has_default
        wanted = Type(expected.named_type, expected.elem, expected.non_null and not nullable)
        if not variable.type.fits(wanted):
            self._report(
                f'Variable "${value.raw}" of type "{variable.type}" used in position expecting '
                f'type "{expected}".',
                value.position,
            )

    def _variables_of_one_of(self, value: Value, definition: Definition) -> None:
        if all(directive.name != "oneOf" for directive in definition.directives):
            return
        for item in value.children:
            child = item.value
            variable = child.variable_definition if child and child.kind == VARIABLE else None
            if child is not None and variable is not None and not variable.type.non_null:
                self._report(
                    f'Variable "${child.raw}" is of type "{variable.type}" but must be '
                    f'non-nullable to be used for OneOf Input Object "{definition.name}".',
                    variable.position or child.position,
                )


def _nearest_value(definition: Definition, name: str) -> str:
    names: Iterable[str] = (one.name for one in definition.enum_values)
    return did_you_mean(name, names, "Did you mean the enum value")


def _whole(raw: str) -> int | None:
    digits = raw.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()) or len(raw) - len(digits) > 1:
        return None
    # Python refuses to read integers of many thousand digits, and none is needed.
    return int(raw) if len(raw) < 100 else (-1 if raw.startswith("-") else 1) << 400


def _is_readable(value: Value) -> bool:
    """Whether Go can hold a value: integers of 64 bits, floats that are not infinite."""
    match value.kind:
        case k if k == INT:
            whole = _whole(value.raw)
            return whole is not None and -(1 << 63) <= whole < 1 << 63
        case k if k == FLOAT:
            try:
                return not isinf(float(value.raw))
            except ValueError:
                return False
        case k if k == BOOLEAN:
            return value.raw in _TRUTHS
        case k if k in (LIST, OBJECT):
            return all(item.value is None or _is_readable(item.value) for item in value.children)
        case k if k == VARIABLE:
            variable = value.variable_definition
            return (
                variable is None
                or variable.default_value is None
                or _is_readable(variable.default_value)
            )
        case k if not VARIABLE <= k <= OBJECT:
            raise BuiltinError(f"graphql: unknown value kind {k}")
    return True
