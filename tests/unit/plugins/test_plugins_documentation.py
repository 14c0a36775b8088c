"""Docstrings in parts: a sentence, details, examples."""

from __future__ import annotations

from inspect import cleandoc

import pytest

from regolive.plugins.documentation import Documentation, Example, read_documentation


def test_a_docstring_may_be_one_sentence() -> None:
    assert read_documentation("What it\ndoes.") == Documentation("What it does.")
    assert read_documentation("") == Documentation("")


def test_details_stand_between_the_sentence_and_the_examples() -> None:
    found = read_documentation("It does.\n\nMore.\n\nAnd more.\n\nExample:\n    >>> f(1)\n    2")
    assert found == Documentation("It does.", "More.\n\nAnd more.", (Example("f(1)", "2"),))


def test_examples_have_results_errors_or_nothing() -> None:
    doc = cleandoc(
        """It does.

        Examples:
            >>> f(1)
            [1,
             2]
            >>> f(2)
            undefined

            >>> f("x")
            error: eval_builtin_error: f:
            no x
        """
    )
    found = read_documentation(doc)
    first, second, third = found.examples
    assert first == Example("f(1)", result="[1, 2]")
    assert second == Example("f(2)")
    assert third == Example('f("x")', error="eval_builtin_error: f: no x")
    assert found.results == (first, second)
    assert found.errors == (third,)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (">>> f(1)\n", "the example 'f(1)' has no result"),
        (">>> f(1)\n>>> f(2)\n2", "the example 'f(1)' has no result"),
        (">>> \n1", "an example has no expression"),
        ("f(1)\n>>> f(1)\n1", "an example begins with '>>>', not with 'f(1)'"),
    ],
)
def test_an_example_in_parts_is_an_error(section: str, told: str) -> None:
    with pytest.raises(ValueError, match="example") as caught:
        read_documentation(f"It does.\n\nExample:\n{section}")
    assert told in str(caught.value)


def test_a_section_of_another_form_is_text() -> None:
    found = read_documentation("It does.\n\nExample:\n    f(1) is 2")
    assert found == Documentation("It does.", "Example:\n    f(1) is 2")
