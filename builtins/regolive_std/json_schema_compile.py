"""JSON schemas read into a tree that documents are validated by (drafts 4, 6 and 7).

What is checked of a schema, in which order, and the texts of the errors are OPA's: it takes a
schema that names no draft for one that mixes all three, so that ``exclusiveMinimum`` may be a
boolean or a number, and ``id`` or ``$id`` a name. Where OPA goes through an object in no order,
this goes in the order of keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import inf
from typing import Any

from regolive import BuiltinError
from regolive.values import MAX_DIGITS, as_fraction, dumps, format_number, is_number, quote
from regolive_std import regex
from regolive_std.json_schema_refs import Draft, Pool, Reference, draft_of, parse_reference

TYPES = ("array", "boolean", "integer", "number", "null", "object", "string")

# A schema as a whole, with everything that is behind its references.
_MAX_NODES = 50_000
# Of a number in a schema or document: as a fraction it has as many digits.
_MAX_EXPONENT = 100_000

# The draft of a schema that names none: everything of every draft holds.
_HYBRID = 1_000
_INT64 = 1 << 63


@dataclass(slots=True)
class Schema:
    """One schema, compiled. What a schema does not say is None, empty or False.

    ``truth`` is for the schemas ``true`` and ``false``. Where ``ref`` is set, nothing else counts.
    ``items`` is one schema for all items, or a list of schemas, one for each. ``const`` and
    ``enum`` are texts (:func:`literal`).
    """

    draft: Draft
    truth: bool | None = None
    ref: Schema | None = None
    types: list[str] = field(default_factory=list)
    # objects
    properties: list[tuple[str, Schema]] = field(default_factory=list)
    property_names: Schema | None = None
    pattern_properties: list[tuple[str, Schema]] = field(default_factory=list)
    additional_properties: Schema | bool = True
    dependencies: dict[str, Schema | list[str]] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    min_properties: int | None = None
    max_properties: int | None = None
    # arrays
    items: Schema | list[Schema] | None = None
    additional_items: Schema | bool = True
    contains: Schema | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    # numbers
    bounds_numbers: bool = False  # one of these is there
    multiple_of: Fraction | None = None
    minimum: Fraction | None = None
    exclusive_minimum: Fraction | None = None
    maximum: Fraction | None = None
    exclusive_maximum: Fraction | None = None
    # strings
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str = ""
    # any value
    const: str | None = None
    enum: list[str] | None = None
    one_of: list[Schema] = field(default_factory=list)
    any_of: list[Schema] = field(default_factory=list)
    all_of: list[Schema] = field(default_factory=list)
    not_: Schema | None = None
    if_: Schema | None = None
    then: Schema | None = None
    else_: Schema | None = None


def compile_schema(document: Any) -> Schema:
    """The compiled schema. ``document`` is JSON and becomes ours: it is changed.

    Raises BuiltinError with OPA's text for what is no schema.
    """
    pool = Pool()
    pool.add(document, Reference())
    root = Schema(draft_of(document) or _HYBRID)
    _Compiler(pool).schema(document, root)
    return root


def literal(value: Any) -> str:
    """A value as text, as ``const`` and ``enum`` compare it and show it: numbers are 64-bit floats.

    Raises BuiltinError for a number that is too large for one.
    """
    cls = value.__class__
    if cls is list:
        return "[" + ",".join(map(literal, value)) + "]"
    if cls is dict:
        return "{" + ",".join(f"{quote(k)}:{literal(value[k])}" for k in sorted(value)) + "}"
    return _float_text(value) if is_number(value) else dumps(value)


def _float_text(number: Any) -> str:
    """A number as Go's encoding/json writes a float64."""
    try:
        near = float(number)
    except OverflowError:
        near = inf
    if abs(near) == inf:
        raise BuiltinError(
            f"json: cannot unmarshal number {format_number(number)} into Go value of type float64"
        )
    if near == 0 or 1e-6 <= abs(near) < 1e21:
        return format(Decimal(repr(near)).normalize(), "f")
    mantissa, _, exponent = repr(near).partition("e")
    sign = "-" if exponent.startswith("-") else "+"
    return f"{mantissa}e{sign}{exponent.lstrip('+-0')}"


def exact(number: Any) -> Fraction:
    """A number's exact value. Raises BuiltinError for one whose fraction would be too large."""
    if number.__class__ is Decimal:
        if len(number.as_tuple().digits) > MAX_DIGITS:
            raise BuiltinError(f"number of more than {MAX_DIGITS:,} digits in a schema or document")
        if abs(number.adjusted()) > _MAX_EXPONENT:
            raise BuiltinError(f"exponent of more than {_MAX_EXPONENT:,} in a schema or document")
    return as_fraction(number)


class _Compiler:
    """Reads schemas; each that is referred to once, under its absolute name."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._referred: dict[str, Schema] = {}
        self._nodes = 0

    def schema(self, document: Any, to: Schema) -> None:
        """Read one schema into ``to``."""
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise BuiltinError(f"schema has more than {_MAX_NODES} schemas in it")
        if isinstance(document, bool) and to.draft >= 6:
            to.truth = document
            return
        if not isinstance(document, dict):
            raise BuiltinError("Expected: Valid Schema, given: Invalid JSON")
        self._head(document, to.draft)
        if self._reference(document, to):
            return
        _types(document, to)
        self._children_of_objects(document, to)
        self._children_of_arrays(document, to)
        _numbers(document, to)
        _strings(document, to)
        _sizes_of_objects(document, to)
        _sizes_of_arrays(document, to)
        if "contains" in document and to.draft >= 6:
            to.contains = self._child(document["contains"], to)
        _literals(document, to)
        self._combinations(document, to)

    def _child(self, document: Any, parent: Schema) -> Schema:
        child = Schema(parent.draft)
        self.schema(document, child)
        return child

    def _head(self, document: dict[str, Any], draft: Draft) -> None:
        """What names or explains, and the schemas that are only referred to."""
        old_name = draft == 4 or (draft == _HYBRID and "id" in document)
        name = _string(document, "id" if old_name else "$id")
        if name is not None:
            parse_reference(name)
        definitions = document.get("definitions", {})
        if not isinstance(definitions, dict):
            raise invalid_type("Array Of Schemas", "definitions")
        for key in sorted(definitions):
            if not isinstance(definitions[key], bool | dict):
                raise invalid_type("Array Of Schemas", "definitions")
            self.schema(definitions[key], Schema(draft))
        _string(document, "title")
        _string(document, "description")

    def _reference(self, document: dict[str, Any], to: Schema) -> bool:
        """Follow ``$ref``. True if that is all there is to read."""
        text = _string(document, "$ref")
        if text is None:
            return False
        reference = parse_reference(text)
        known = self._referred.get(str(reference))
        if known is not None:
            to.ref = known
            return False  # OPA checks here what stands beside it, and where it is new it does not
        target = self._referred[str(reference)] = Schema(to.draft)
        found, draft = self._pool.find(reference)
        if not isinstance(found, bool | dict):
            raise BuiltinError("Valid Schema must be of type object")
        target.draft = draft or to.draft
        self.schema(found, target)
        to.ref = target
        return True

    def _children_of_objects(self, document: dict[str, Any], to: Schema) -> None:
        properties = document.get("properties", {})
        if not isinstance(properties, dict):
            raise BuiltinError("Properties must be of type object")
        to.properties = [(key, self._child(properties[key], to)) for key in sorted(properties)]
        to.additional_properties = self._flag_or_schema(document, "additionalProperties", to)
        patterns = document.get("patternProperties", {})
        if not isinstance(patterns, dict):
            raise invalid_type("Valid Schema", "patternProperties")
        for pattern in sorted(patterns):
            if not _is_regex(pattern):
                raise BuiltinError(f"Invalid regex pattern '{pattern}'")
            to.pattern_properties.append((pattern, self._child(patterns[pattern], to)))
        if "propertyNames" in document and to.draft >= 6:
            names = document["propertyNames"]
            if not isinstance(names, bool | dict):
                raise invalid_type("Valid Schema", "patternProperties")
            to.property_names = self._child(names, to)
        self._dependencies(document, to)

    def _dependencies(self, document: dict[str, Any], to: Schema) -> None:
        dependencies = document.get("dependencies", {})
        if not isinstance(dependencies, dict):
            raise BuiltinError("dependencies must be of type object")
        for key in sorted(dependencies):
            wanted = dependencies[key]
            if isinstance(wanted, bool | dict):
                to.dependencies[key] = self._child(wanted, to)
            elif isinstance(wanted, list) and all(isinstance(name, str) for name in wanted):
                to.dependencies[key] = wanted
            else:
                raise BuiltinError("Dependency must be of type Schema Or Array Of Strings")

    def _children_of_arrays(self, document: dict[str, Any], to: Schema) -> None:
        items = document.get("items", [])
        if isinstance(items, bool | dict):
            to.items = self._child(items, to)
        elif isinstance(items, list):
            to.items = []
            for item in items:
                if not isinstance(item, bool | dict):
                    raise invalid_type("Valid Schema/Array Of Schemas", "items")
                to.items.append(self._child(item, to))
        else:
            raise invalid_type("Valid Schema/Array Of Schemas", "items")
        to.additional_items = self._flag_or_schema(document, "additionalItems", to)

    def _flag_or_schema(self, document: dict[str, Any], key: str, to: Schema) -> Schema | bool:
        value = document.get(key, True)
        if isinstance(value, bool):
            return value
        if not isinstance(value, dict):
            raise invalid_type("boolean/Valid Schema", key)
        return self._child(value, to)

    def _combinations(self, document: dict[str, Any], to: Schema) -> None:
        for key, schemas in (("oneOf", to.one_of), ("anyOf", to.any_of), ("allOf", to.all_of)):
            for option in _list(document, key) or ():
                schemas.append(self._child(option, to))
        to.not_ = self._schema_at(document, "not", to)
        if to.draft >= 7:
            to.if_ = self._schema_at(document, "if", to)
            to.then = self._schema_at(document, "then", to)
            to.else_ = self._schema_at(document, "else", to)

    def _schema_at(self, document: dict[str, Any], key: str, to: Schema) -> Schema | None:
        if key not in document:
            return None
        if not isinstance(document[key], bool | dict):
            raise BuiltinError(f"{key} must be of an object")
        return self._child(document[key], to)


def _types(document: dict[str, Any], to: Schema) -> None:
    types = document.get("type", [])
    for name in types if isinstance(types, list) else [types]:
        if not isinstance(name, str):
            raise invalid_type("type", "string/Array Of Strings")
        if name not in TYPES:
            raise BuiltinError(
                f"has a primitive type that is NOT VALID -- given: /{name}/ "
                f"Expected valid values are:[{' '.join(TYPES)}]"
            )
        if name in to.types:
            raise BuiltinError(f"{name} type is duplicated")
        to.types.append(name)


def _numbers(document: dict[str, Any], to: Schema) -> None:
    if "multipleOf" in document:
        to.multiple_of = _fraction(document["multipleOf"])
        if to.multiple_of is None:
            raise invalid_type("Number", "multipleOf")
        if to.multiple_of <= 0:
            raise BuiltinError("multipleOf must be strictly greater than 0")
    to.minimum, to.exclusive_minimum = _bound(document, "minimum", "exclusiveMinimum", to.draft)
    to.maximum, to.exclusive_maximum = _bound(document, "maximum", "exclusiveMaximum", to.draft)
    bounds = (to.multiple_of, to.minimum, to.exclusive_minimum, to.maximum, to.exclusive_maximum)
    to.bounds_numbers = any(bound is not None for bound in bounds)


def _bound(
    document: dict[str, Any], key: str, exclusive: str, draft: Draft
) -> tuple[Fraction | None, Fraction | None]:
    """The bound that numbers may reach, and the one that they may not."""
    bound = None
    if key in document:
        bound = _fraction(document[key])
        if bound is None:
            raise BuiltinError(f"{key} must be of a Number")
    if exclusive not in document:
        return bound, None
    value = document[exclusive]
    if isinstance(value, bool) and draft in (4, _HYBRID):
        # Draft 4: whether the bound itself is excluded.
        if bound is None:
            raise BuiltinError(f"{exclusive} cannot be used without {key}")
        return (None, bound) if value else (bound, None)
    if is_number(value) and draft != 4:
        return bound, _fraction(value)
    expected = {4: "boolean", _HYBRID: "boolean/number"}.get(draft, "number")
    raise invalid_type(expected, exclusive)


def _strings(document: dict[str, Any], to: Schema) -> None:
    to.min_length = _size(document, "minLength")
    to.max_length = _size(document, "maxLength")
    _in_order("minLength", to.min_length, "maxLength", to.max_length)
    to.pattern = _string(document, "pattern")
    if to.pattern is not None and not _is_regex(to.pattern):
        raise BuiltinError("pattern must be a valid regex")
    to.format = _string(document, "format") or ""


def _sizes_of_objects(document: dict[str, Any], to: Schema) -> None:
    to.min_properties = _size(document, "minProperties")
    to.max_properties = _size(document, "maxProperties")
    _in_order("minProperties", to.min_properties, "maxProperties", to.max_properties)
    for name in _list(document, "required") or ():
        if not isinstance(name, str):
            raise invalid_type("string", "required")
        if name in to.required:
            raise BuiltinError("required items must be unique")
        to.required.append(name)


def _sizes_of_arrays(document: dict[str, Any], to: Schema) -> None:
    to.min_items = _size(document, "minItems")
    to.max_items = _size(document, "maxItems")
    unique = document.get("uniqueItems", False)
    if not isinstance(unique, bool):
        raise BuiltinError("uniqueItems must be of a boolean")
    to.unique_items = unique


def _literals(document: dict[str, Any], to: Schema) -> None:
    if "const" in document and to.draft >= 6:
        to.const = literal(document["const"])
    values = _list(document, "enum")
    if values is not None:
        to.enum = list(map(literal, values))
        if len(set(to.enum)) < len(to.enum):
            raise BuiltinError("enum items must be unique")


def _is_regex(pattern: str) -> bool:
    try:
        regex.compiled(pattern)
    except BuiltinError:
        return False
    return True


def _in_order(low: str, least: int | None, high: str, most: int | None) -> None:
    if least is not None and most is not None and least > most:
        raise BuiltinError(f"{low} cannot be greater than {high}")


def _fraction(value: Any) -> Fraction | None:
    return exact(value) if is_number(value) else None


def _size(document: dict[str, Any], key: str) -> int | None:
    if key not in document:
        return None
    value = document[key]
    if value.__class__ is not int or not -_INT64 <= value < _INT64:
        raise BuiltinError(f"{key} must be of an integer")
    if value < 0:
        raise BuiltinError(f"{key} must be greater than or equal to 0")
    return int(value)


def _string(document: dict[str, Any], key: str) -> str | None:
    if key not in document:
        return None
    value = document[key]
    if not isinstance(value, str):
        raise invalid_type("string", key)
    return value


def _list(document: dict[str, Any], key: str) -> list[Any] | None:
    if key not in document:
        return None
    value = document[key]
    if not isinstance(value, list):
        raise BuiltinError(f"{key} must be of an array")
    return value


def invalid_type(expected: str, given: str) -> BuiltinError:
    """The error for a keyword of the wrong type, in OPA's words."""
    return BuiltinError(f"Invalid type. Expected: {expected}, given: {given}")
