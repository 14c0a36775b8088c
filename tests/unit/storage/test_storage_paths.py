"""Storage paths: text in and out, as OPA's storage API reads and writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import InvalidPathError, NotFoundError
from regolive.storage import format_path, parse_path
from regolive.storage.paths import lookup


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", ()),
        ("/a", ("a",)),
        ("/a/b", ("a", "b")),
        ("/a//b", ("a", "", "b")),
        ("/a/", ("a", "")),
        ("/a%2Fb/0/-", ("a/b", "0", "-")),
        ("/b~1c", ("b~1c",)),
        ("/caf%C3%A9", ("café",)),
        ("/a+b", ("a+b",)),
    ],
)
def test_text_is_read_as_a_path(text: str, path: tuple[str, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", "a/b", "a.b", "/a%", "/a%zz", "/%ff", None, ["a"]])
def test_text_that_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidPathError):
        parse_path(text)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))).map(tuple))
def test_what_is_written_is_read_back(path: tuple[str, ...]) -> None:
    if path != ("",):  # its text is that of the root, in OPA as here
        assert parse_path(format_path(path)) == path


DOCUMENT = {"a": {"b": [10, {"c": None}]}, "": 1}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), DOCUMENT),
        (("",), 1),
        (("a", "b", "0"), 10),
        (("a", "b", "1", "c"), None),
    ],
)
def test_a_path_leads_to_a_value(path: tuple[str, ...], value: object) -> None:
    assert lookup(DOCUMENT, path) == value


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("x",), "/x: document does not exist"),
        (("a", "b", "0", "deep"), "/a/b/0/deep: document does not exist"),
        (("a", "b", "1", "c", "d"), "/a/b/1/c/d: document does not exist"),
        (("a", "b", "2"), "/a/b/2: array index out of range"),
        (("a", "b", "-1"), "/a/b/-1: array index out of range"),
        (("a", "b", "-"), "/a/b/-: array index must be integer"),
        (("a", "b", "x y"), "/a/b/x%20y: array index must be integer"),
        (("a", "b", "9" * 5000), "array index must be integer"),
        (("a", "b", "²"), "array index must be integer"),
    ],
)
def test_a_path_to_nowhere_says_which_and_why(path: tuple[str, ...], message: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        lookup(DOCUMENT, path)
    assert message in str(caught.value)
