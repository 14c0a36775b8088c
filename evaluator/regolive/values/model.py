"""Rego's types that JSON does not have: undefined, sets, and keys that are not strings.

JSON documents stay the objects a JSON parser makes. Only two things need help. Python holds that
``1 == True``, where Rego does not; and Python cannot hash a list or a dict, where Rego puts them
into sets and uses them as keys. So booleans and composites are wrapped in :class:`Key` wherever
they stand in a hash table, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, final

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

# A Rego value. Python's type system cannot say "None, bool, int, float, Decimal, str, list of
# these, dict of these, RegoSet of these" without costing every reader more than it gives.
Value: TypeAlias = Any


@final
class Undefined:
    """The type of :data:`UNDEFINED`: the absence of a value, never a value itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNDEFINED"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNDEFINED"  # pickles and copies to the one instance


UNDEFINED: Final = Undefined()


@final
class Key:
    """A boolean or composite value standing as a key of a hash table, under Rego's equality."""

    __slots__ = ("_hash", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self._hash = _hash(value)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            other.__class__ is Key and self._hash == other._hash and equal(self.value, other.value)
        )

    def __repr__(self) -> str:
        return f"Key({self.value!r})"


TRUE_KEY: Final = object.__new__(Key)
FALSE_KEY: Final = object.__new__(Key)


def to_key(value: Value) -> Any:
    """The hash-table key for a value: itself if Python's equality agrees with Rego's."""
    cls = value.__class__
    if cls is str or cls is int or cls is float or value is None or cls is Decimal:
        return value
    if value is True:
        return TRUE_KEY
    if value is False:
        return FALSE_KEY
    return Key(value)


def from_key(key: Any) -> Value:
    """The value that :func:`to_key` made ``key`` from."""
    return key.value if key.__class__ is Key else key


@final
class RegoSet(Generic[T]):
    """A Rego set. Immutable by convention once built.

    ``keys`` is the Python set of keys (:func:`to_key`) underneath: set algebra is done on it.
    """

    __slots__ = ("keys",)

    keys: set[Any]

    def __init__(self, values: Iterable[T] = ()) -> None:
        self.keys = {to_key(v) for v in values}

    @classmethod
    def of_keys(cls, keys: set[Any]) -> RegoSet[T]:
        """Wrap a set of keys without copying it."""
        made = object.__new__(cls)
        made.keys = keys
        return made

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[T]:
        return map(from_key, self.keys)

    def __contains__(self, value: object) -> bool:
        return to_key(value) in self.keys

    def __eq__(self, other: object) -> bool:
        return other.__class__ is RegoSet and self.keys == other.keys

    __hash__ = None  # type: ignore[assignment]  # goes into a hash table as a Key

    def __repr__(self) -> str:
        from regolive.values.order import sorted_values

        return f"RegoSet({sorted_values(self)!r})"


def obj_items(obj: dict[Any, Value]) -> Iterator[tuple[Value, Value]]:
    """The items of an object with its keys as values, in no particular order."""
    return ((from_key(k), v) for k, v in obj.items())


def equal(a: Value, b: Value) -> bool:
    """Rego's equality: ``1 == 1.0``, ``1 != true``, and so for what composites contain."""
    if a is b:
        return True
    if a != b:  # numbers compare exactly across types; unequal for Python is unequal for Rego
        return False
    return _same_bools(a, b)


def _same_bools(a: Value, b: Value) -> bool:
    """For values that Python holds equal: no boolean stands where the other has a number."""
    cls = a.__class__
    if cls is str:
        return True
    if cls is bool or b.__class__ is bool:
        return cls is b.__class__
    if cls is list:
        return all(map(_same_bools, a, b))
    if cls is dict:
        return all(_same_bools(v, b[k]) for k, v in a.items())
    return True  # numbers, null; sets are made of keys, which are equal as Rego has it


# How many parts of a composite a hash looks at further down than two levels.
_ROOM = 200


def _hash(value: Value, depth: int = 2, room: int = _ROOM) -> int:
    """A hash that looks two levels into a composite, and further while there is ``room``.

    Composites that differ only further down share a hash, and equality tells them apart: hashing
    all of a large document would cost more than the comparisons it saves. Small ones are looked
    through, so that many that are alike at the top do not all have to be compared. ``room`` is
    divided among elements, whatever their order.
    """
    cls = value.__class__
    if cls is dict:
        # In no order: equal objects may have come by their keys in different orders.
        total = len(value)
        below = (room - 1) // total if total else 0
        for k, v in value.items():
            inner = v.__class__
            if inner is str:
                total += hash((k, v))
            elif inner is dict or inner is list or inner is RegoSet:
                deeper = depth > 1 or below > 0
                total += hash((k, _hash(v, depth - 1, below) if deeper else len(v)))
            else:
                total += hash((k, v))
        return hash((0xB, total))
    if cls is list:
        if not value:
            return hash((0xA,))
        below = (room - 1) // len(value)
        if depth < 2 and below <= 0 and value[0].__class__ in _COMPOSITES:
            return len(value)
        try:
            return hash((0xA, *value))
        except TypeError:
            if depth < 2 and below <= 0:
                return len(value)
            inside = (
                _hash(v, depth - 1, below) if v.__class__ in _COMPOSITES else v for v in value
            )
            return hash((0xA, *inside))
    if cls is RegoSet:
        return hash((0xC, frozenset(value.keys)))
    if cls is bool:
        return 0x5EED if value else 0x5EEC
    return hash(value)


_COMPOSITES = frozenset({dict, list, RegoSet})

# Made above, so that to_key can name them; filled in here, now that _hash is defined.
Key.__init__(TRUE_KEY, True)
Key.__init__(FALSE_KEY, False)
