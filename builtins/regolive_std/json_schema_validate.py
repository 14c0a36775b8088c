"""Documents validated by compiled JSON schemas: the errors OPA gives, in its order.

Of the alternatives of ``anyOf``, ``oneOf`` and ``contains`` that all fail, the errors of one are
shown: the one with the best score. A check that was made counts 1, an error -2 (so that a check
that failed counts -1). Where OPA goes through an object in no order, this goes in the order of
keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context
from fractions import Fraction
from typing import Any

from regolive import BuiltinError
from regolive.values import bigfloat
from regolive_std import regex
from regolive_std.json_schema_compile import Schema, exact, literal
from regolive_std.json_schema_formats import is_format

# The way to a value from the root: (way to what it is in, its key); the root is None.
Path = tuple[Any, str] | None

# A reference to a reference, and so on: more than this is a circle.
_MAX_HOPS = 1_000

_TEXTS = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)  # nothing is rounded


def validate(schema: Schema, document: Any, check: Callable[[], None]) -> list[dict[str, str]]:
    """The errors of a JSON document, empty if it is valid.

    ``check`` is called every now and then: it raises if the query has been cancelled. Raises
    BuiltinError for a schema that refers to itself without end.
    """
    result = _Result()
    _Validation(check).node(schema, document, result, None)
    return [_shown(*error) for error in result.errors]


def _shown(kind: str, text: str, path: Path) -> dict[str, str]:
    where = _field(path)
    return {"error": f"{where}: {text}", "type": kind, "field": where, "desc": text}


def _field(path: Path) -> str:
    if path is None:
        return "(Root)"
    names = []
    while path is not None:
        path, name = path
        names.append(name)
    return ".".join(reversed(names))


class _Result:
    """Errors found, and the score of what was checked."""

    __slots__ = ("errors", "score")

    def __init__(self) -> None:
        self.errors: list[tuple[str, str, Path]] = []
        self.score = 0

    def add(self, kind: str, text: str, path: Path) -> None:
        self.errors.append((kind, text, path))
        self.score -= 2

    def merge(self, other: _Result) -> None:
        self.errors += other.errors
        self.score += other.score


def _best(results: Iterable[_Result]) -> _Result | None:
    return max(results, key=lambda r: r.score, default=None)


class _Validation:
    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._nodes = 0

    def alone(self, schema: Schema, value: Any, path: Path) -> _Result:
        """The result of one schema by itself."""
        result = _Result()
        self.node(schema, value, result, path)
        return result

    def node(self, schema: Schema, value: Any, result: _Result, path: Path) -> None:
        """Check a value by a schema."""
        self._nodes += 1
        if self._nodes & 255 == 0:
            self._check()
        hops = 0
        while schema.truth is None and schema.ref is not None:
            schema = schema.ref
            hops += 1
            if hops > _MAX_HOPS:
                raise BuiltinError("schema refers to itself without end")
        if schema.truth is not None:
            if not schema.truth:
                result.add("false", "False always fails validation", path)
            return
        given = _type(value)
        types = schema.types
        if types and given not in types and (given != "integer" or "number" not in types):
            expected = types[0] if len(types) == 1 else f"[{','.join(types)}]"
            text = f"Invalid type. Expected: {expected}, given: {given}"
            result.add("invalid_type", text, path)
            return
        self._combinations(schema, value, result, path)
        if given == "object":
            self._object(schema, value, result, path)
            self._literals(schema, value, result, path)
            for name, child in schema.properties:
                if name in value:
                    self.node(child, value[name], result, (path, name))
        elif given == "array":
            self._array(schema, value, result, path)
            self._literals(schema, value, result, path)
        elif given == "string":
            self._literals(schema, value, result, path)
            _string(schema, value, result, path)
        else:
            if given in ("integer", "number"):
                _number(schema, value, result, path)
            self._literals(schema, value, result, path)
        result.score += 1

    def _combinations(self, schema: Schema, value: Any, result: _Result, path: Path) -> None:
        if schema.any_of:
            self._any_of(schema, value, result, path)
        if schema.one_of:
            self._one_of(schema, value, result, path)
        if schema.all_of:
            found = [self.alone(option, value, path) for option in schema.all_of]
            for one in found:
                result.merge(one)
            if any(one.errors for one in found):
                result.add("number_all_of", "Must validate all the schemas (allOf)", path)
        if schema.not_ is not None and not self.alone(schema.not_, value, path).errors:
            result.add("number_not", "Must not validate the schema (not)", path)
        if schema.dependencies and value.__class__ is dict:
            self._dependencies(schema, value, result, path)
        if schema.if_ is not None:
            self._condition(schema, value, result, path)
        result.score += 1

    def _any_of(self, schema: Schema, value: Any, result: _Result, path: Path) -> None:
        failed = []
        for option in schema.any_of:
            one = self.alone(option, value, path)
            if not one.errors:
                return
            failed.append(one)
        result.add("number_any_of", "Must validate at least one schema (anyOf)", path)
        best = _best(failed)
        if best is not None:
            result.merge(best)

    def _one_of(self, schema: Schema, value: Any, result: _Result, path: Path) -> None:
        found = [self.alone(option, value, path) for option in schema.one_of]
        valid = sum(not one.errors for one in found)
        if valid == 1:
            return
        result.add("number_one_of", "Must validate one and only one schema (oneOf)", path)
        best = _best(found) if valid == 0 else None
        if best is not None:
            result.merge(best)

    def _dependencies(self, schema: Schema, value: Any, result: _Result, path: Path) -> None:
        for key, wanted in schema.dependencies.items():
            if key not in value:
                continue
            if isinstance(wanted, Schema):
                self.node(wanted, value, result, path)
                continue
            for name in wanted:
                if name not in value:
                    result.add("missing_dependency", f"Has a dependency on {name}", path)

    def _condition(self, schema: Schema, value: Any, result: _Result, path: Path) -> None:
        assert schema.if_ is not None
        holds = not self.alone(schema.if_, value, path).errors
        branch = schema.then if holds else schema.else_
        if branch is None:
            return
        one = self.alone(branch, value, path)
        if one.errors:
            if holds:
                text = 'Must validate "then" as "if" was valid'
                result.add("condition_then", text, path)
            else:
                text = 'Must validate "else" as "if" was not valid'
                result.add("condition_else", text, path)
            result.merge(one)

    def _literals(self, schema: Schema, value: Any, result: _Result, path: Path) -> None:
        if schema.const is not None or schema.enum is not None:
            text = literal(value)
            if schema.const is not None and text != schema.const:
                result.add("const", f"{_field(path)} does not match: {schema.const}", path)
            if schema.enum is not None and text not in schema.enum:
                allowed = ", ".join(schema.enum)
                text = f"{_field(path)} must be one of the following: {allowed}"
                result.add("enum", text, path)
        if schema.format and value.__class__ is str and not is_format(schema.format, value):
            result.add("format", f"Does not match format '{schema.format}'", path)
        result.score += 1

    def _array(self, schema: Schema, value: list[Any], result: _Result, path: Path) -> None:
        items = schema.items
        if isinstance(items, Schema):
            for at, item in enumerate(value):
                result.merge(self.alone(items, item, (path, str(at))))
        elif items:
            for at, (child, item) in enumerate(zip(items, value, strict=False)):
                result.merge(self.alone(child, item, (path, str(at))))
            more = schema.additional_items
            if isinstance(more, Schema):
                for at in range(len(items), len(value)):
                    result.merge(self.alone(more, value[at], (path, str(at))))
            elif not more and len(items) < len(value):
                text = "No additional items allowed on array"
                result.add("array_no_additional_items", text, path)
        if schema.min_items is not None and len(value) < schema.min_items:
            text = f"Array must have at least {schema.min_items} items"
            result.add("array_min_items", text, path)
        if schema.max_items is not None and len(value) > schema.max_items:
            text = f"Array must have at most {schema.max_items} items"
            result.add("array_max_items", text, path)
        if schema.unique_items:
            seen: dict[str, int] = {}
            for at, item in enumerate(value):
                text = literal(item)
                if text in seen:
                    result.add("unique", f"array items[{seen[text]},{at}] must be unique", path)
                seen[text] = at
        if schema.contains is not None:
            self._contains(schema.contains, value, result, path)
        result.score += 1

    def _contains(self, wanted: Schema, value: list[Any], result: _Result, path: Path) -> None:
        best: _Result | None = None
        for at, item in enumerate(value):
            one = self.alone(wanted, item, (path, str(at)))
            if not one.errors:
                return
            if best is None or one.score > best.score:
                best = one
        result.add("contains", "At least one of the items must match", path)
        if best is not None:
            result.merge(best)

    def _object(self, schema: Schema, value: dict[str, Any], result: _Result, path: Path) -> None:
        if schema.min_properties is not None and len(value) < schema.min_properties:
            text = f"Must have at least {schema.min_properties} properties"
            result.add("array_min_properties", text, path)
        if schema.max_properties is not None and len(value) > schema.max_properties:
            text = f"Must have at most {schema.max_properties} properties"
            result.add("array_max_properties", text, path)
        for name in schema.required:
            if name in value:
                result.score += 1
            else:
                result.add("required", f"{name} is required", path)
        if schema.pattern_properties or schema.additional_properties is not True:
            self._other_properties(schema, value, result, path)
        if schema.property_names is not None:
            for key in sorted(value):
                one = self.alone(schema.property_names, key, path)
                if one.errors:
                    text = f'Property name of "{key}" does not match'
                    result.add("invalid_property_name", text, path)
                    result.merge(one)
        result.score += 1

    def _other_properties(
        self, schema: Schema, value: dict[str, Any], result: _Result, path: Path
    ) -> None:
        described = {name for name, _ in schema.properties}
        more = schema.additional_properties
        for key in sorted(value):
            matched = False
            for pattern, child in schema.pattern_properties:
                if regex.matches(pattern, key):
                    matched = True
                    result.merge(self.alone(child, value[key], (path, key)))
            if matched:
                result.score += 1
            elif key in described:
                pass
            elif isinstance(more, Schema):
                result.merge(self.alone(more, value[key], (path, key)))
            elif not more:
                text = f"Additional property {key} is not allowed"
                result.add("additional_property_not_allowed", text, path)


def _type(value: Any) -> str:
    cls = value.__class__
    if cls is str:
        return "string"
    if cls is dict:
        return "object"
    if cls is list:
        return "array"
    if value is None:
        return "null"
    if cls is bool:
        return "boolean"
    return "integer" if _is_whole(value) else "number"


def _is_whole(number: Any) -> bool:
    if number.__class__ is int:
        return True
    if number.__class__ is float:
        return number.is_integer()
    return bool(number == number.to_integral_value())


def _string(schema: Schema, value: str, result: _Result, path: Path) -> None:
    if schema.min_length is not None and len(value) < schema.min_length:
        text = f"String length must be greater than or equal to {schema.min_length}"
        result.add("string_gte", text, path)
    if schema.max_length is not None and len(value) > schema.max_length:
        text = f"String length must be less than or equal to {schema.max_length}"
        result.add("string_lte", text, path)
    if schema.pattern is not None and not regex.matches(schema.pattern, value):
        result.add("pattern", f"Does not match pattern '{schema.pattern}'", path)
    result.score += 1


def _number(schema: Schema, value: Any, result: _Result, path: Path) -> None:
    if not schema.bounds_numbers:
        result.score += 1
        return
    number = exact(value)
    if schema.multiple_of is not None and (number / schema.multiple_of).denominator != 1:
        result.add("multiple_of", f"Must be a multiple of {_bound_text(schema.multiple_of)}", path)
    if schema.maximum is not None and number > schema.maximum:
        text = f"Must be less than or equal to {_bound_text(schema.maximum)}"
        result.add("number_lte", text, path)
    if schema.exclusive_maximum is not None and number >= schema.exclusive_maximum:
        result.add("number_lt", f"Must be less than {_bound_text(schema.exclusive_maximum)}", path)
    if schema.minimum is not None and number < schema.minimum:
        text = f"Must be greater than or equal to {_bound_text(schema.minimum)}"
        result.add("number_gte", text, path)
    if schema.exclusive_minimum is not None and number <= schema.exclusive_minimum:
        text = f"Must be greater than {_bound_text(schema.exclusive_minimum)}"
        result.add("number_gt", text, path)
    result.score += 1


def _bound_text(bound: Fraction) -> str:
    """A bound as Go prints it: ``big.Float``'s ``SetRat`` and ``%g``, the fewest digits."""
    if not bound:
        return "0"
    bits = max(bound.numerator.bit_length(), bound.denominator.bit_length(), bigfloat.BITS)
    digits, ten = bigfloat.shortest(bigfloat.ratio(bound.numerator, bound.denominator, bits), bits)
    decimal = _TEXTS.create_decimal(digits).scaleb(ten, _TEXTS).normalize(_TEXTS)
    if -4 <= decimal.adjusted() < 6:
        return format(decimal, "f")
    mantissa, _, power = format(decimal, "e").partition("e")
    return f"{mantissa}e{power[0]}{power[1:]:0>2}"
