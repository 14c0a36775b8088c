"""GraphQL documents as OPA shows them: the nodes, and their way to and from Rego objects.

The names of the nodes' fields, and which of them are left out where they are empty, are OPA's
(those of the Go library gqlparser). A position is known for what was parsed from text, and never
shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from regolive import BuiltinError
from regolive.values import type_name

T = TypeVar("T")


class Position(NamedTuple):
    """A place in a text: row and column from 1, in characters."""

    line: int
    column: int


# Kinds of values, by OPA's numbers.
VARIABLE, INT, FLOAT, STRING, BLOCK, BOOLEAN, NULL, ENUM, LIST, OBJECT = range(10)


# What is not in the document: where a node stands, and what validation finds out about it.
Hidden = Annotated[T, "hidden"]
# Shown as a group of comments.
Comments = Annotated[list[str], "comments"]


@dataclass(slots=True, eq=False)
class Type:
    """``Int``, ``[Int]``, ``Int!``."""

    named_type: str = ""
    elem: Type | None = None
    non_null: bool = False
    position: Hidden[Position | None] = None

    @property
    def name(self) -> str:
        """The name of the innermost type."""
        found = self
        while not found.named_type and found.elem is not None:
            found = found.elem
        return found.named_type

    def __str__(self) -> str:
        inner = self.named_type or f"[{self.elem}]"
        return f"{inner}!" if self.non_null else inner

    def fits(self, wanted: Type) -> bool:
        """Whether what is of this type can stand where another is wanted."""
        if self.named_type != wanted.named_type:
            return False
        if self.elem is not None and (wanted.elem is None or not self.elem.fits(wanted.elem)):
            return False
        return self.non_null or not wanted.non_null


@dataclass(slots=True, eq=False)
class Value:
    """A value of any kind: its text in ``raw``, or what it is made of in ``children``."""

    raw: str = ""
    children: list[Child] = field(default_factory=list)
    kind: int = VARIABLE
    comment: Comments = field(default_factory=list)
    expected_type_has_default: bool = False
    position: Hidden[Position | None] = None
    # Known once it has been validated.
    definition: Hidden[Definition | None] = None
    expected_type: Hidden[Type | None] = None
    variable_definition: Hidden[VariableDefinition | None] = None


@dataclass(slots=True, eq=False)
class Child:
    """An element of a list, or a field of an object."""

    name: str = ""
    value: Value | None = None
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class Argument:
    """``name: value`` of a field or directive."""

    name: str = ""
    value: Value | None = None
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class Directive:
    """``@name(argument: value)``."""

    name: str = ""
    arguments: list[Argument] = field(default_factory=list)
    location: str = ""
    position: Hidden[Position | None] = None
    definition: Hidden[DirectiveDefinition | None] = None


@dataclass(slots=True, eq=False)
class VariableDefinition:
    """``$variable: Type = default``."""

    variable: str = ""
    type: Type = field(default_factory=Type)
    default_value: Value | None = None
    directives: list[Directive] = field(default_factory=list)
    comment: Comments = field(default_factory=list)
    used: bool = False
    position: Hidden[Position | None] = None
    definition: Hidden[Definition | None] = None


@dataclass(slots=True, eq=False)
class Field:
    """A field that is asked for; ``alias`` is its name where it has no other."""

    alias: str = ""
    name: str = ""
    arguments: list[Argument] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)
    selection_set: list[Selection] = field(default_factory=list)
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None
    definition: Hidden[FieldDefinition | None] = None
    parent: Hidden[Definition | None] = None

    @property
    def response_name(self) -> str:
        """What the field is called in the answer."""
        return self.alias or self.name


@dataclass(slots=True, eq=False)
class FragmentSpread:
    """``...name``."""

    name: str = ""
    directives: list[Directive] = field(default_factory=list)
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None
    definition: Hidden[FragmentDefinition | None] = None
    parent: Hidden[Definition | None] = None


@dataclass(slots=True, eq=False)
class InlineFragment:
    """``... on Type { }``."""

    type_condition: str = ""
    directives: list[Directive] = field(default_factory=list)
    selection_set: list[Selection] = field(default_factory=list)
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None
    parent: Hidden[Definition | None] = None


Selection = Field | FragmentSpread | InlineFragment


@dataclass(slots=True, eq=False)
class OperationDefinition:
    """``query``, ``mutation`` or ``subscription``."""

    operation: str = ""
    name: str = ""
    variable_definitions: list[VariableDefinition] = field(default_factory=list)
    directives: list[Directive] = field(default_factory=list)
    selection_set: list[Selection] = field(default_factory=list)
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class FragmentDefinition:
    """``fragment name on Type { }``."""

    name: str = ""
    variable_definition: list[VariableDefinition] = field(default_factory=list)
    type_condition: str = ""
    directives: list[Directive] = field(default_factory=list)
    selection_set: list[Selection] = field(default_factory=list)
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None
    definition: Hidden[Definition | None] = None


@dataclass(slots=True, eq=False)
class QueryDocument:
    """What a client asks."""

    operations: list[OperationDefinition] = field(default_factory=list)
    fragments: list[FragmentDefinition] = field(default_factory=list)
    comment: Comments = field(default_factory=list)


@dataclass(slots=True, eq=False)
class ArgumentDefinition:
    """An argument that a field or directive takes."""

    description: str = ""
    name: str = ""
    default_value: Value | None = None
    type: Type = field(default_factory=Type)
    directives: list[Directive] = field(default_factory=list)
    before_description_comment: Comments = field(default_factory=list)
    after_description_comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class FieldDefinition:
    """A field of a type; one of an input object has a default, one of another has arguments."""

    description: str = ""
    name: str = ""
    arguments: list[ArgumentDefinition] = field(default_factory=list)
    default_value: Value | None = None
    type: Type = field(default_factory=Type)
    directives: list[Directive] = field(default_factory=list)
    before_description_comment: Comments = field(default_factory=list)
    after_description_comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class EnumValueDefinition:
    """A value of an enum."""

    description: str = ""
    name: str = ""
    directives: list[Directive] = field(default_factory=list)
    before_description_comment: Comments = field(default_factory=list)
    after_description_comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class Definition:
    """A type of any kind, or what extends one."""

    kind: str = ""
    description: str = ""
    name: str = ""
    directives: list[Directive] = field(default_factory=list)
    interfaces: list[str] = field(default_factory=list)
    fields: list[FieldDefinition] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    enum_values: list[EnumValueDefinition] = field(default_factory=list)
    built_in: bool = False
    before_description_comment: Comments = field(default_factory=list)
    after_description_comment: Comments = field(default_factory=list)
    end_of_definition_comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None
    # Where each of ``types`` stands.
    type_positions: Hidden[list[Position | None]] = field(default_factory=list)

    @property
    def is_leaf(self) -> bool:
        """Whether values of the type have no fields."""
        return self.kind in ("ENUM", "SCALAR")

    @property
    def is_composite(self) -> bool:
        """Whether the type is for results, and has fields."""
        return self.kind in ("OBJECT", "INTERFACE", "UNION")

    @property
    def is_input(self) -> bool:
        """Whether values of the type can be passed."""
        return self.kind in ("SCALAR", "ENUM", "INPUT_OBJECT")


@dataclass(slots=True, eq=False)
class DirectiveDefinition:
    """``directive @name on PLACE``."""

    description: str = ""
    name: str = ""
    arguments: list[ArgumentDefinition] = field(default_factory=list)
    locations: list[str] = field(default_factory=list)
    is_repeatable: bool = False
    before_description_comment: Comments = field(default_factory=list)
    after_description_comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class OperationTypeDefinition:
    """``query: Type`` in a schema."""

    operation: str = ""
    type: str = ""
    comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class SchemaDefinition:
    """``schema { }``, or what extends it."""

    description: str = ""
    directives: list[Directive] = field(default_factory=list)
    operation_types: list[OperationTypeDefinition] = field(default_factory=list)
    before_description_comment: Comments = field(default_factory=list)
    after_description_comment: Comments = field(default_factory=list)
    end_of_definition_comment: Comments = field(default_factory=list)
    position: Hidden[Position | None] = None


@dataclass(slots=True, eq=False)
class SchemaDocument:
    """What a server offers."""

    schema: list[SchemaDefinition] = field(default_factory=list)
    schema_extension: list[SchemaDefinition] = field(default_factory=list)
    directives: list[DirectiveDefinition] = field(default_factory=list)
    definitions: list[Definition] = field(default_factory=list)
    extensions: list[Definition] = field(default_factory=list)
    comment: Comments = field(default_factory=list)


class _Entry(NamedTuple):
    """How a field of a node stands in a document."""

    attribute: str
    name: str
    kind: Any  # a scalar type, a node's class, Selection, or Comments
    many: bool


@lru_cache(maxsize=64)
def _layout(cls: Any) -> tuple[_Entry, ...]:
    hints = get_type_hints(cls, include_extras=True)
    out = []
    for entry in fields(cls):
        hint = hints[entry.name]
        name = "".join(part.capitalize() for part in entry.name.split("_"))
        marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        if "hidden" in marks:
            continue
        if "comments" in marks:
            out.append(_Entry(entry.name, name, Comments, many=True))
        elif get_origin(hint) is list:
            out.append(_Entry(entry.name, name, get_args(hint)[0], many=True))
        else:
            kinds = [kind for kind in get_args(hint) or (hint,) if kind is not type(None)]
            out.append(_Entry(entry.name, name, kinds[0], many=False))
    return tuple(out)


def to_object(node: Any) -> dict[Any, Any]:
    """A node as a Rego object."""
    out: dict[Any, Any] = {}
    for attribute, name, kind, many in _layout(node.__class__):
        value = getattr(node, attribute)
        if many:
            if not value:
                continue
            if kind is Comments:
                value = {"List": [{"Value": text} for text in value]}
            elif kind is not str:
                # What has nothing in it is left out, elements of lists too.
                value = [shown for shown in map(to_object, value) if shown]
                if not value:
                    continue
        elif is_dataclass(kind):
            value = to_object(value) if value is not None else None
            if not value:
                continue
        out[name] = value
    return out


# Nodes whose keys Go's library reads itself, and as they are; in others their case does not matter.
_EXACT = (OperationDefinition, FragmentDefinition, InlineFragment, Field)


def from_object(cls: Any, value: Any) -> Any:
    """A node of a class from a Rego object. Raises BuiltinError for what cannot be one.

    Keys that a node does not have do not matter, and what is missing is empty, but for the types of
    fields, arguments and variables.
    """
    untyped: list[str] = []
    node = _node(cls, value, untyped)
    if untyped:
        raise BuiltinError(f"graphql: {untyped[0]} has no type")
    return node


def _node(cls: Any, value: Any, untyped: list[str]) -> Any:
    if value.__class__ is not dict:
        raise _mismatch(value, cls.__name__)
    node = cls()
    names = {entry.name: entry for entry in _layout(cls)}
    exact = cls in _EXACT
    if not exact:
        names |= {name.lower(): entry for name, entry in names.items()}
    for key, held in value.items():
        entry = None
        if key.__class__ is str:
            entry = names.get(key) or (None if exact else names.get(key.lower()))
        if entry is None or held is None:
            continue
        where = f"{cls.__name__}.{entry.name}"
        if not entry.many:
            read = _read(entry.kind, held, where, untyped)
        elif entry.kind is Comments:
            read = list(_read_comments(held))
        elif held.__class__ is not list:
            raise _mismatch(held, where)
        elif entry.kind == Selection:
            read = list(_read_selections(held))
        else:
            read = [_read(entry.kind, item, where, untyped) for item in held]
        setattr(node, entry.attribute, read)
    typed = isinstance(node, VariableDefinition | FieldDefinition | ArgumentDefinition)
    if typed and not node.type.name:
        untyped.append(cls.__name__)
    return node


def _read(kind: Any, value: Any, where: str, untyped: list[str]) -> Any:
    if is_dataclass(kind):
        return _node(kind, value, untyped)
    if value.__class__ is not kind:
        raise _mismatch(value, where)
    return value


def _read_selections(items: list[Any]) -> Iterator[Selection]:
    """Selections as OPA takes them: a field if it can be one, whatever it was when it was shown.

    So a fragment that is spread in a document from ``graphql.parse_query`` is a field there.
    """
    for item in items:
        for cls in (Field, FragmentSpread, InlineFragment):
            try:
                yield from_object(cls, item)
            except BuiltinError:
                continue
            break


def _read_comments(group: Any) -> Iterator[str]:
    items = group.get("List") if group.__class__ is dict else None
    for item in items if items.__class__ is list else ():
        text = item.get("Value") if item.__class__ is dict else None
        if text.__class__ is str:
            yield text


def _mismatch(value: Any, where: str) -> BuiltinError:
    found = {"boolean": "bool"}.get(type_name(value), type_name(value))
    return BuiltinError(f"json: cannot unmarshal {found} into Go struct field {where}")
