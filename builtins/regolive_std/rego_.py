"""Policies about policies: the tree of a Rego module as a value."""

from __future__ import annotations

from typing import Any

from regolive import BuiltinError
from regolive.errors import Diagnostic, PolicyError
from regolive.syntax import parse_module, to_opa_json
from regolive_std._declare import ANY, STRING, object_of, std


@std("rego.parse_module", result=object_of(STRING, ANY), result_name="output")
def rego_parse_module(filename: str, rego: str) -> dict[str, Any]:
    """The tree of a Rego module, in the form of OPA's AST; an error if it is not Rego.

    ``METADATA`` blocks are not read: they are among the comments.

    Example:
        >>> rego.parse_module("a.rego", "package a.b").package.path[2].value
        "b"
    """
    try:
        module = parse_module(rego, filename, annotations=False)
    except PolicyError as error:
        count = len(error.diagnostics)
        told = "1 error occurred" if count == 1 else f"{count} errors occurred"
        texts = "\n".join(map(_text, error.diagnostics))
        raise BuiltinError(f"rego.parse_module: {told}: {texts}") from None
    return to_opa_json(module)


def _text(diagnostic: Diagnostic) -> str:
    place = diagnostic.location
    where = f"{place}: " if place is not None else ""
    return f"{where}{diagnostic.code}: {diagnostic.message}"
