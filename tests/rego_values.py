"""Hypothesis strategies for Rego values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from regolive.values import RegoSet, parse_number, to_key

numbers_written = st.one_of(
    st.integers(-20, 20).map(str),
    st.integers().map(str),
    st.integers(-(10**30), 10**30).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.builds(
        "{}.{}e{}".format, st.integers(-99, 99), st.integers(0, 10**22), st.integers(-40, 40)
    ),
)
"""Texts of numbers, as JSON or a policy has them."""

numbers = st.one_of(
    st.integers(-3, 3), st.sampled_from([0.5, 1.0, -2.0]), numbers_written.map(parse_number)
)

scalars = st.one_of(
    st.none(), st.booleans(), numbers, st.sampled_from(["", "a", "b", "é"]), st.text(max_size=3)
)


def _objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(values, values), max_size=3).map(
        lambda items: {to_key(k): v for k, v in items}
    )


values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        _objects(inner),
        st.lists(inner, max_size=3).map(RegoSet),
    ),
    max_leaves=8,
)
"""Any Rego value."""

json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
"""Any Rego value that JSON can say."""
