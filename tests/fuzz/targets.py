"""What is fuzzed, and what must hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from regolive.codegen import compile_policy
from regolive.compiler import CompileRequest, Language, check_modules
from regolive.compiler.native import NativeFrontEnd
from regolive.errors import Diagnostic, PolicyError
from regolive.plugins import Registry
from regolive.syntax import parse_module
from regolive_std import StdPlugin

FILE = "fuzz.rego"


class PropertyError(AssertionError):
    """What must hold of every text does not."""


def parser(text: str) -> None:
    """A text, as v1 and as v0, gives a tree or a policy error."""
    for v0_compatible in (False, True):
        try:
            parse_module(text, FILE, v0_compatible=v0_compatible)
        except PolicyError as error:
            check_diagnostics(text, error.diagnostics)


def compiler(text: str) -> None:
    """A text gives errors, or a plan that becomes code."""
    for language in (Language(), Language(v0_compatible=True, strict=True)):
        found = check_modules({FILE: text}, builtins=_registry().declared(), language=language)
        check_diagnostics(text, found, some=False)
        if found:
            continue
        request = CompileRequest(
            modules={FILE: text},
            entrypoints=("data",),
            query="x = data; y = input",
            builtins=_registry().declared(),
            language=language,
        )
        try:
            policy = NativeFrontEnd(store=False).compile(request)
        except PolicyError as error:
            # Like OPA, it makes no plan of some policies that its checks find nothing wrong with.
            check_diagnostics(text, error.diagnostics)
        else:
            compile_policy(policy, _registry().builtins)


def check_diagnostics(
    text: str, diagnostics: tuple[Diagnostic, ...] | list[Diagnostic], *, some: bool = True
) -> None:
    """Errors have a code, a text, and a place in the file. Raises PropertyError."""
    if some and not diagnostics:
        raise PropertyError("a policy error without a diagnostic")
    rows = text.count("\n") + 1
    for diagnostic in diagnostics:
        place = diagnostic.location
        if not diagnostic.code.startswith("rego_") or not diagnostic.message:
            raise PropertyError(f"not a diagnostic: {diagnostic!r}")
        if place is not None and (place.file != FILE or not 0 <= place.row <= rows + 1):
            raise PropertyError(f"a place outside of the text: {diagnostic!r}")
        str(diagnostic)


@cache
def _registry() -> Registry:
    registry = Registry()
    registry.register(StdPlugin, "std")
    return registry


TARGETS: dict[str, Callable[[str], None]] = {"parser": parser, "compiler": compiler}
