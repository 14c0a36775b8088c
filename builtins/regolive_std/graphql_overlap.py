"""Fields of one name in a GraphQL query: whether their answers can stand in one place.

The rule "Field Selection Merging" (section 5.3.2 of the specification): what is selected under one
name, in one place or through fragments, must be the same field with the same arguments, unless it
is selected on objects that are never the same. Which pairs are compared, and so what is reported
how often, is as in OPA; it takes two lists, or two objects, for the same argument whatever is in
them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from regolive_std.graphql_ast import (
    Argument,
    Field,
    FragmentDefinition,
    FragmentSpread,
    InlineFragment,
    Position,
    Selection,
    Type,
)
from regolive_std.graphql_schema import Schema


@dataclass(slots=True)
class _Conflict:
    """Two fields that conflict: why, or the conflicts among what is selected in them."""

    name: str
    position: Position | None
    why: str = ""
    inner: list[_Conflict] = field(default_factory=list)

    def reason(self) -> str:
        if not self.inner:
            return self.why
        return " and ".join(
            f'subfields "{one.name}" conflict because {one.reason()}' for one in self.inner
        )


@dataclass(slots=True)
class _Collected:
    """The fields of a selection by the names of their answers, and the fragments it spreads."""

    fields: dict[str, list[Field]] = field(default_factory=dict)
    spreads: list[FragmentSpread] = field(default_factory=list)

    def same_fields(self, other: _Collected) -> bool:
        return self.fields.keys() == other.fields.keys() and all(
            len(own) == len(theirs) and all(a is b for a, b in zip(own, theirs, strict=True))
            for own, theirs in zip(self.fields.values(), other.fields.values(), strict=True)
        )


def _collect(selections: list[Selection]) -> _Collected:
    out = _Collected()

    def collect(selections: list[Selection]) -> None:
        for selection in selections:
            if isinstance(selection, Field):
                out.fields.setdefault(selection.response_name, []).append(selection)
            elif isinstance(selection, InlineFragment):
                collect(selection.selection_set)
            else:
                out.spreads.append(selection)

    collect(selections)
    return out


class Overlap:
    """The rule for one document. ``step`` is called for each comparison."""

    def __init__(
        self,
        schema: Schema,
        report: Callable[[str, Position | None], None],
        step: Callable[[], None],
    ) -> None:
        self._schema = schema
        self._report = report
        self._step = step
        # Pairs of fragments that were compared, and whether only as never the same objects.
        self._pairs: dict[tuple[str, str], bool] = {}
        self._collected: dict[str, _Collected] = {}
        # Fragments that were compared with the fields at hand.
        self._compared: set[str] = set()

    def check(self, selections: list[Selection]) -> None:
        """Report the conflicts within a selection."""
        if not selections:
            return
        here = _collect(selections)
        found: list[_Conflict] = []
        for fields in here.fields.values():
            if _all_alike(fields):
                continue
            for at, one in enumerate(fields):
                for other in fields[at + 1 :]:
                    self._compare(found, one, other, apart=False)
        self._compared = set()
        for at, spread in enumerate(here.spreads):
            self._with_fragment(found, here, spread, apart=False)
            for other_spread in here.spreads[at + 1 :]:
                self._fragments(found, spread, other_spread, apart=False)
        for conflict in found:
            self._report(
                f'Fields "{conflict.name}" conflict because {conflict.reason()}. Use different '
                "aliases on the fields to fetch both if this was intentional.",
                conflict.position,
            )

    def _with_fragment(
        self, found: list[_Conflict], here: _Collected, spread: FragmentSpread, *, apart: bool
    ) -> None:
        """Fields with those of a fragment, and of the fragments in it."""
        if spread.name in self._compared:
            return
        self._compared.add(spread.name)
        if spread.definition is None:
            return
        there = self._of_fragment(spread.definition)
        if here.same_fields(there):
            return
        self._between(found, here, there, apart=apart)
        for inner in there.spreads:
            if inner.name != spread.name:
                self._with_fragment(found, here, inner, apart=apart)

    def _fragments(
        self, found: list[_Conflict], one: FragmentSpread, other: FragmentSpread, *, apart: bool
    ) -> None:
        """Two fragments, and the fragments in them."""
        self._step()
        if one.name == other.name:
            return
        before = self._pairs.get((one.name, other.name))
        # Compared as maybe the same objects, they have been compared as never the same ones too.
        if before is not None and (apart or not before):
            return
        self._pairs[one.name, other.name] = self._pairs[other.name, one.name] = apart
        if one.definition is None or other.definition is None:
            return
        here = self._of_fragment(one.definition)
        there = self._of_fragment(other.definition)
        self._between(found, here, there, apart=apart)
        for inner in there.spreads:
            self._fragments(found, one, inner, apart=apart)
        for inner in here.spreads:
            self._fragments(found, inner, other, apart=apart)

    def _of_fragment(self, fragment: FragmentDefinition) -> _Collected:
        if fragment.name not in self._collected:
            self._collected[fragment.name] = _collect(fragment.selection_set)
        return self._collected[fragment.name]

    def _between(
        self, found: list[_Conflict], here: _Collected, there: _Collected, *, apart: bool
    ) -> None:
        for name, fields in here.fields.items():
            for one in fields:
                for other in there.fields.get(name, ()):
                    self._compare(found, one, other, apart=apart)

    def _compare(self, found: list[_Conflict], one: Field, other: Field, *, apart: bool) -> None:
        """``apart``: they are selected on objects that are never the same."""
        self._step()
        if one.parent is None or other.parent is None:
            return
        if not apart:
            apart = (
                one.parent.name != other.parent.name
                and one.parent.kind == other.parent.kind == "OBJECT"
                and one.definition is not None
                and other.definition is not None
            )
        conflict = _Conflict(one.response_name, other.position)
        if not apart and one.name != other.name:
            conflict.why = f'"{one.name}" and "{other.name}" are different fields'
        elif not apart and not _same_arguments(one.arguments, other.arguments):
            conflict.why = "they have differing arguments"
        elif (
            one.definition is not None
            and other.definition is not None
            and self._types_conflict(one.definition.type, other.definition.type)
        ):
            conflict.why = (
                f'they return conflicting types "{one.definition.type}" and '
                f'"{other.definition.type}"'
            )
        else:
            conflict.inner = self._inner(one.selection_set, other.selection_set, apart=apart)
        if conflict.why or conflict.inner:
            found.append(conflict)

    def _inner(
        self, one: list[Selection], other: list[Selection], *, apart: bool
    ) -> list[_Conflict]:
        """The conflicts between what is selected in two fields."""
        found: list[_Conflict] = []
        here, there = _collect(one), _collect(other)
        self._between(found, here, there, apart=apart)
        for spread in there.spreads:
            self._compared = set()
            self._with_fragment(found, here, spread, apart=apart)
        for spread in here.spreads:
            self._compared = set()
            self._with_fragment(found, there, spread, apart=apart)
        for spread in here.spreads:
            for other_spread in there.spreads:
                self._fragments(found, spread, other_spread, apart=apart)
        return found

    def _types_conflict(self, one: Type, other: Type) -> bool:
        if one.elem is not None and other.elem is not None:
            return self._types_conflict(one.elem, other.elem)
        if one.elem is not None or other.elem is not None or one.non_null != other.non_null:
            return True
        first, second = self._schema.type_of(one), self._schema.type_of(other)
        if first is None or second is None or not (first.is_leaf and second.is_leaf):
            return False
        return first.name != second.name


def _all_alike(fields: list[Field]) -> bool:
    """Whether fields are one field, with nothing in it: then nothing can conflict."""
    first = fields[0]
    return len(fields) == 1 or all(
        item.name == first.name
        and item.parent is first.parent
        and not item.arguments
        and not item.selection_set
        for item in fields
    )


def _same_arguments(one: list[Argument], other: list[Argument]) -> bool:
    return len(one) == len(other) and all(
        any(_same_argument(argument, against) for against in other) for argument in one
    )


def _same_argument(one: Argument, other: Argument) -> bool:
    if one.name != other.name or one.value is None or other.value is None:
        return False
    return one.value.kind == other.value.kind and one.value.raw == other.value.raw
