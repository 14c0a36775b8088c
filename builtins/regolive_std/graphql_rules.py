"""Queries checked against a schema: the rules of the GraphQL specification (section 5) as OPA reads
them, in the order in which it reports what breaks them.

The document is walked operation by operation, fragments where they are spread and once more for
themselves: so what is wrong in a fragment is reported for each operation that uses it, as in OPA.
What a node stands for (its field, its type) is noted on it on the way; the checks of a node come
after those of what is in it, by the names of their rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from regolive import BuiltinError
from regolive_std.graphql_ast import (
    LIST,
    NULL,
    OBJECT,
    VARIABLE,
    Argument,
    ArgumentDefinition,
    Definition,
    Directive,
    Field,
    FieldDefinition,
    FragmentDefinition,
    FragmentSpread,
    InlineFragment,
    OperationDefinition,
    Position,
    QueryDocument,
    Selection,
    Type,
    Value,
    VariableDefinition,
)
from regolive_std.graphql_overlap import Overlap
from regolive_std.graphql_schema import Schema
from regolive_std.graphql_syntax import OPERATIONS
from regolive_std.graphql_values import ValueRules
from regolive_std.graphql_words import did_you_mean, or_list, quoted, suggestions
from regolive_std.text import go_quote

# Steps of validation: fragments can make a short document a long one.
_MAX_STEPS = 500_000

_TYPENAME = FieldDefinition(name="__typename", type=Type("String"))

# Lists of types in the introspection of types: this many within each other are too many.
_LISTS_OF_TYPES = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})
_MAX_LISTS = 3


def validate(schema: Schema, document: QueryDocument, check: Callable[[], None]) -> None:
    """Check a query. Raises BuiltinError with OPA's text for all that is wrong.

    ``check`` is called every now and then: it raises if the policy's query has been cancelled.
    """
    walk = _Walk(schema, document, check)
    try:
        walk.document()
    except RecursionError:
        raise BuiltinError("GraphQL query is nested too deeply") from None
    if walk.errors:
        raise BuiltinError(_all_errors(walk.errors))


def _all_errors(errors: Iterable[tuple[str, Position | None]]) -> str:
    lines = []
    for message, position in errors:
        place = f"input:{position.line}:{position.column}" if position else "input"
        lines.append(f"{place}: {message}\n")
    text = "".join(lines)
    # OPA takes the place of the first from the text of them all, where it has one.
    parts = text.split(":", 3)
    if len(parts) == 4 and parts[1].isdecimal() and parts[2].isdecimal():
        message = parts[3].lstrip(" ").removesuffix(".\n")
        return f"{message} in GraphQL string at location {parts[1]}:{parts[2]}"
    return f"GraphQL parse error: {text}"


class _Walk:
    """One walk over a document, and what it finds."""

    def __init__(self, schema: Schema, document: QueryDocument, check: Callable[[], None]) -> None:
        self.errors: list[tuple[str, Position | None]] = []
        self._schema = schema
        self._document = document
        self._check = check
        self._steps = 0
        self._fragments: dict[str, FragmentDefinition] = {}
        for fragment in document.fragments:
            self._fragments.setdefault(fragment.name, fragment)
        self._operation: OperationDefinition | None = None
        self._variables: dict[str, VariableDefinition] = {}
        self._spread: set[str] = set()
        self._values = ValueRules(schema, self._report)
        self._overlap = Overlap(schema, self._report, self._step)
        # What some rules remember from one node to the next.
        self._misplaced: set[tuple[str, Position | None]] = set()
        self._in_fragments = False
        self._used_fragments: set[str] = set()
        self._seen_fragments: set[str] = set()
        self._seen_operations: set[str] = set()
        self._searched_for_cycles: set[str] = set()

    def _report(self, message: str, position: Position | None) -> None:
        self.errors.append((message, position))

    def _step(self) -> None:
        self._steps += 1
        if self._steps & 255 == 0:
            self._check()
            if self._steps > _MAX_STEPS:
                raise BuiltinError("GraphQL query is too complex to validate")

    # The walk.

    def document(self) -> None:
        """Everything."""
        for operation in self._document.operations:
            self._spread = set()
            self._walk_operation(operation)
        for fragment in self._document.fragments:
            self._spread = set()
            definition = fragment.definition = self._schema.types.get(fragment.type_condition)
            self._walk_directives(fragment.directives, "FRAGMENT_DEFINITION")
            self._walk_selections(definition, fragment.selection_set)
            self._check_fragment(fragment)

    def _walk_operation(self, operation: OperationDefinition) -> None:
        kind = operation.operation or "query"
        if kind not in OPERATIONS:
            raise BuiltinError(f"graphql: unknown operation {go_quote(kind)}")
        self._operation = operation
        self._variables = {}
        for variable in operation.variable_definitions:
            self._variables.setdefault(variable.variable, variable)
            variable.definition = self._schema.type_of(variable.type)
            if variable.definition is None:
                self._report(f'Unknown type "{variable.type.name}".', variable.position)
            if variable.default_value is not None:
                variable.default_value.expected_type = variable.type
                variable.default_value.definition = variable.definition
        for variable in operation.variable_definitions:
            if variable.default_value is not None:
                self._walk_value(variable.default_value)
            self._walk_directives(variable.directives, "VARIABLE_DEFINITION")
        self._walk_directives(operation.directives, kind.upper())
        self._walk_selections(self._schema.roots.get(kind), operation.selection_set)
        self._check_operation(operation, kind)
        self._operation = None

    def _walk_directives(self, directives: list[Directive], place: str) -> None:
        for directive in directives:
            definition = directive.definition = self._schema.directives.get(directive.name)
            directive.location = place
            self._walk_arguments(directive.arguments, definition.arguments if definition else ())
            self._check_directive(directive)
        seen = set()
        for directive in directives:
            repeatable = directive.definition is not None and directive.definition.is_repeatable
            if directive.name in seen and not repeatable:
                self._report(
                    f'The directive "@{directive.name}" can only be used once at this location.',
                    directive.position,
                )
            seen.add(directive.name)

    def _walk_arguments(
        self, arguments: list[Argument], known: Iterable[ArgumentDefinition]
    ) -> None:
        if not arguments:
            return
        definitions: dict[str, ArgumentDefinition] = {}
        for definition in known:
            definitions.setdefault(definition.name, definition)
        for argument in arguments:
            value = argument.value
            if value is None:
                raise BuiltinError(f"graphql: argument {argument.name} has no value")
            wanted = definitions.get(argument.name)
            if wanted is not None:
                self._expect(value, wanted)
            self._walk_value(value)

    def _expect(self, value: Value, wanted: ArgumentDefinition | FieldDefinition) -> None:
        default = wanted.default_value
        value.expected_type = wanted.type
        value.expected_type_has_default = default is not None and default.kind != NULL
        value.definition = self._schema.type_of(wanted.type)

    def _walk_value(self, value: Value) -> None:
        self._step()
        if value.kind == VARIABLE and self._operation is not None:
            value.variable_definition = self._variables.get(value.raw)
            if value.variable_definition is not None:
                value.variable_definition.used = True
        elif value.kind in (OBJECT, LIST):
            expected = value.expected_type
            for item in value.children:
                child = item.value
                if child is None:
                    raise BuiltinError(f"graphql: {item.name or 'an element'} has no value")
                if value.kind == OBJECT and value.definition is not None:
                    wanted = _field(value.definition, item.name)
                    if wanted is not None:
                        self._expect(child, wanted)
                elif value.kind == LIST and expected is not None and expected.elem is not None:
                    child.expected_type = expected.elem
                    child.definition = value.definition
                self._walk_value(child)
        self._values.check(value, self._operation)

    def _walk_selections(self, parent: Definition | None, selections: list[Selection]) -> None:
        for selection in selections:
            self._step()
            if isinstance(selection, Field):
                self._walk_field(parent, selection)
            elif isinstance(selection, InlineFragment):
                selection.parent = inner = parent
                if selection.type_condition:
                    inner = self._schema.types.get(selection.type_condition)
                self._walk_directives(selection.directives, "INLINE_FRAGMENT")
                self._walk_selections(inner, selection.selection_set)
                self._check_inline_fragment(selection)
            else:
                self._walk_spread(parent, selection)

    def _walk_field(self, parent: Definition | None, item: Field) -> None:
        item.parent = parent
        item.definition = None
        if item.name == "__typename":
            item.definition = _TYPENAME
        elif parent is not None:
            item.definition = _field(parent, item.name)
        definition = item.definition
        inner = self._schema.type_of(definition.type) if definition else None
        self._walk_arguments(item.arguments, definition.arguments if definition else ())
        self._walk_directives(item.directives, "FIELD")
        self._walk_selections(inner, item.selection_set)
        self._check_field(item, parent, definition, inner)

    def _walk_spread(self, parent: Definition | None, spread: FragmentSpread) -> None:
        fragment = spread.definition = self._fragments.get(spread.name)
        spread.parent = parent
        self._walk_directives(spread.directives, "FRAGMENT_SPREAD")
        if fragment is not None and fragment.name not in self._spread:
            self._spread.add(fragment.name)
            inner = self._schema.types.get(fragment.type_condition)
            self._walk_directives(fragment.directives, "FRAGMENT_DEFINITION")
            self._walk_selections(inner, fragment.selection_set)
        # KnownFragmentNames
        if fragment is None:
            self._report(f'Unknown fragment "{spread.name}".', spread.position)
        # NoUnusedFragments
        if not self._in_fragments:
            self._used_fragments.add(spread.name)
        # PossibleFragmentSpreads
        if fragment is not None and self._is_impossible(parent, fragment.type_condition):
            assert parent is not None
            self._report(
                f'Fragment "{spread.name}" cannot be spread here as objects of type '
                f'"{parent.name}" can never be of type "{fragment.type_condition}".',
                spread.position,
            )

    # The rules of each kind of node, in the order of their names.

    def _check_operation(self, operation: OperationDefinition, kind: str) -> None:
        name, position = operation.name, operation.position
        variables = operation.variable_definitions
        # KnownRootType
        if kind not in self._schema.roots:
            shown = operation.operation
            self._report(f'Schema does not support operation type "{shown}"', position)
        # LoneAnonymousOperation
        if not name and len(self._document.operations) > 1:
            self._report("This anonymous operation must be the only defined operation.", position)
        # NoUnusedVariables
        where = f' in operation "{name}"' if name else ""
        for variable in variables:
            if not variable.used:
                self._report(
                    f'Variable "${variable.variable}" is never used{where}.', variable.position
                )
        self._overlap.check(operation.selection_set)
        # SingleFieldSubscriptions
        if kind == "subscription" and kind in self._schema.roots:
            self._check_subscription(operation)
        # UniqueOperationNames
        if name in self._seen_operations:
            self._report(f'There can be only one operation named "{name}".', position)
        self._seen_operations.add(name)
        # UniqueVariableNames
        seen: dict[str, int] = {}
        for variable in variables:
            times = seen[variable.variable] = seen.get(variable.variable, 0) + 1
            if times == 2:
                self._report(
                    f'There can be only one variable named "${variable.variable}".',
                    variable.position,
                )
        # VariablesAreInputTypes
        for variable in variables:
            if variable.definition is not None and not variable.definition.is_input:
                self._report(
                    f'Variable "${variable.variable}" cannot be non-input type "{variable.type}".',
                    variable.position,
                )

    def _check_subscription(self, operation: OperationDefinition) -> None:
        named = (
            f"Subscription {go_quote(operation.name)}"
            if operation.name
            else ("Anonymous Subscription")
        )
        fields: dict[str, Field] = {}
        self._top_fields(operation.selection_set, fields, set())
        found = list(fields.values())
        if len(found) > 1:
            self._report(f"{named} must select only one top level field.", found[1].position)
        for item in found:
            if item.name.startswith("__"):
                self._report(
                    f"{named} must not select an introspection top level field.", item.position
                )

    def _top_fields(
        self, selections: list[Selection], fields: dict[str, Field], inside: set[str]
    ) -> None:
        for selection in selections:
            self._step()
            if isinstance(selection, Field):
                fields.setdefault(selection.name, selection)
            elif isinstance(selection, InlineFragment):
                self._top_fields(selection.selection_set, fields, inside)
            elif selection.definition is None:
                return
            elif selection.definition.name not in inside:
                inside.add(selection.definition.name)
                self._top_fields(selection.definition.selection_set, fields, inside)

    def _check_field(
        self,
        item: Field,
        parent: Definition | None,
        definition: FieldDefinition | None,
        inner: Definition | None,
    ) -> None:
        # FieldsOnCorrectType
        if parent is not None and definition is None:
            self._report(
                f'Cannot query field "{item.name}" on type "{parent.name}".'
                + self._nearest_fields(parent, item.name),
                item.position,
            )
        # KnownArgumentNames
        if parent is not None and definition is not None:
            where = f'field "{parent.name}.{item.name}"'
            self._known_arguments(item.arguments, definition.arguments, where, item.position)
        # MaxIntrospectionDepth
        if item.name in ("__schema", "__type") and self._too_many_lists(item, set(), 0):
            self._report("Maximum introspection depth exceeded", item.position)
        # Within fragments it is checked where they are spread.
        if self._operation is not None:
            self._overlap.check(item.selection_set)
        if definition is not None:
            # ProvidedRequiredArguments
            where = f'Field "{item.name}"'
            self._required_arguments(item.arguments, definition.arguments, where, item.position)
            # ScalarLeafs
            if inner is not None:
                self._check_leaf(item, definition, inner)
        self._unique_arguments(item.arguments)

    def _check_leaf(self, item: Field, definition: FieldDefinition, inner: Definition) -> None:
        if inner.is_leaf and item.selection_set:
            self._report(
                f'Field "{item.name}" must not have a selection since type "{inner.name}" has no '
                "subfields.",
                item.position,
            )
        if not inner.is_leaf and not item.selection_set:
            self._report(
                f'Field "{item.name}" of type "{definition.type}" must have a selection of '
                f'subfields. Did you mean "{item.name} {{ ... }}"?',
                item.position,
            )

    def _nearest_fields(self, parent: Definition, name: str) -> str:
        """Which types a field is a field of, or which fields are called nearly so."""
        types = []
        if parent.kind in ("INTERFACE", "UNION"):
            types = self._types_with_field(parent, name)
        if types:
            return f" Did you mean to use an inline fragment on {or_list(quoted(types))}?"
        if parent.kind in ("OBJECT", "INTERFACE"):
            near = suggestions(name, [item.name for item in parent.fields])
            if near:
                return f" Did you mean {or_list(quoted(near))}?"
        return ""

    def _types_with_field(self, parent: Definition, name: str) -> list[str]:
        usage: dict[str, int] = {}
        objects = []
        for possible in self._schema.possible_types.get(parent.name, ()):
            if _field(possible, name) is None:
                continue
            objects.append(possible.name)
            for interface in possible.interfaces:
                found = self._schema.types.get(interface)
                if found is not None and _field(found, name) is not None:
                    usage[interface] = usage.get(interface, 0) + 1
        return sorted([*usage, *objects], key=lambda found: (-usage.get(found, 0), found))

    def _too_many_lists(self, selection: Selection, inside: set[str], depth: int) -> bool:
        self._step()
        if isinstance(selection, FragmentSpread):
            fragment = selection.definition
            if fragment is None or selection.name in inside:
                return False
            inside = inside | {selection.name}
            selections = fragment.selection_set
        else:
            selections = selection.selection_set
            if isinstance(selection, Field) and selection.name in _LISTS_OF_TYPES:
                depth += 1
                if depth >= _MAX_LISTS:
                    return True
        return any(self._too_many_lists(one, inside, depth) for one in selections)

    def _check_inline_fragment(self, fragment: InlineFragment) -> None:
        condition, position = fragment.type_condition, fragment.position
        definition = self._schema.types.get(condition)
        # FragmentsOnCompositeTypes
        if definition is not None and not definition.is_composite:
            self._report(
                f'Fragment cannot condition on non composite type "{condition}".', position
            )
        # KnownTypeNames
        if condition and definition is None:
            self._report(f'Unknown type "{condition}".', position)
        self._overlap.check(fragment.selection_set)
        # PossibleFragmentSpreads
        if self._is_impossible(fragment.parent, condition):
            assert fragment.parent is not None
            self._report(
                "Fragment cannot be spread here as objects of type "
                f'"{fragment.parent.name}" can never be of type "{condition}".',
                position,
            )

    def _is_impossible(self, parent: Definition | None, condition: str) -> bool:
        """Whether no object of a type can be of another type."""
        definition = self._schema.types.get(condition)
        if parent is None or not parent.is_composite:
            return False
        if definition is None or not definition.is_composite:
            return False
        possible = self._schema.possible_types
        here = [parent] if parent.kind == "OBJECT" else possible.get(parent.name, [])
        names = {one.name for one in here}
        return not any(one.name in names for one in possible.get(definition.name, ()))

    def _check_fragment(self, fragment: FragmentDefinition) -> None:
        name, position = fragment.name, fragment.position
        condition, definition = fragment.type_condition, fragment.definition
        # FragmentsOnCompositeTypes
        if definition is not None and condition and not definition.is_composite:
            self._report(
                f'Fragment "{name}" cannot condition on non composite type "{condition}".',
                position,
            )
        # KnownTypeNames
        if definition is None:
            near = did_you_mean(condition, sorted(self._schema.types))
            self._report(f'Unknown type "{condition}".{near}', position)
        # NoFragmentCycles
        self._find_cycles(fragment, [], {})
        # NoUnusedFragments
        self._in_fragments = True
        if name not in self._used_fragments:
            self._report(f'Fragment "{name}" is never used.', position)
        self._overlap.check(fragment.selection_set)
        # UniqueFragmentNames
        if name in self._seen_fragments:
            self._report(f'There can be only one fragment named "{name}".', position)
        self._seen_fragments.add(name)

    def _find_cycles(
        self, fragment: FragmentDefinition, way: list[str], inside: dict[str, int]
    ) -> None:
        """``way``: the fragments that were spread to come here. ``inside``: where each begins."""
        if fragment.name in self._searched_for_cycles:
            return
        self._searched_for_cycles.add(fragment.name)
        spreads = _spreads(fragment.selection_set)
        if not spreads:
            return
        inside[fragment.name] = len(way)
        for spread in spreads:
            self._step()
            name = spread.name
            if name not in inside:
                following = self._fragments.get(name)
                if following is not None:
                    self._find_cycles(following, [*way, name], inside)
                continue
            via = ", ".join(quoted(way[inside[name] :]))
            self._report(
                f'Cannot spread fragment "{name}" within itself{via and f" via {via}"}.',
                spread.position,
            )
        del inside[fragment.name]

    def _check_directive(self, directive: Directive) -> None:
        definition, position = directive.definition, directive.position
        named = f'directive "@{directive.name}"'
        if definition is None:
            # KnownDirectives
            self._report(f"Unknown {named}.", position)
        else:
            # KnownArgumentNames, KnownDirectives, ProvidedRequiredArguments
            self._known_arguments(directive.arguments, definition.arguments, named, position)
            place = (directive.name, position)
            if directive.location not in definition.locations and place not in self._misplaced:
                self._misplaced.add(place)
                self._report(f"D{named[1:]} may not be used on {directive.location}.", position)
            self._required_arguments(
                directive.arguments, definition.arguments, f"D{named[1:]}", position
            )
        self._unique_arguments(directive.arguments)

    # Arguments, of fields and of directives.

    def _known_arguments(
        self,
        given: list[Argument],
        known: list[ArgumentDefinition],
        where: str,
        position: Position | None,
    ) -> None:
        names = [definition.name for definition in known]
        for argument in given:
            if argument.name not in names:
                near = did_you_mean(argument.name, names)
                self._report(f'Unknown argument "{argument.name}" on {where}.{near}', position)

    def _required_arguments(
        self,
        given: list[Argument],
        known: list[ArgumentDefinition],
        where: str,
        position: Position | None,
    ) -> None:
        names = {argument.name for argument in given}
        for wanted in known:
            if wanted.type.non_null and wanted.default_value is None and wanted.name not in names:
                self._report(
                    f'{where} argument "{wanted.name}" of type "{wanted.type}" is required, '
                    "but it was not provided.",
                    position,
                )

    def _unique_arguments(self, arguments: list[Argument]) -> None:
        seen: dict[str, int] = {}
        for argument in arguments:
            times = seen[argument.name] = seen.get(argument.name, 0) + 1
            if times == 2:
                self._report(
                    f'There can be only one argument named "{argument.name}".', argument.position
                )


def _field(definition: Definition, name: str) -> FieldDefinition | None:
    return next((item for item in definition.fields if item.name == name), None)


def _spreads(selections: list[Selection]) -> list[FragmentSpread]:
    """The fragments spread in a selection, level by level, the last first of what is nested."""
    found = []
    todo = [selections]
    while todo:
        for selection in todo.pop():
            if isinstance(selection, FragmentSpread):
                found.append(selection)
            else:
                todo.append(selection.selection_set)
    return found
