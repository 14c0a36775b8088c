"""Builtins that tests count, and policies compiled from Rego or from hand-built IR."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.probe import Probe

import regolive_std
from regolive.codegen import CompiledPolicy, compile_policy
from regolive.compiler import CompileRequest
from regolive.compiler.regopy import RegopyFrontEnd
from regolive.ir import nodes as ir
from regolive.plugins import Registry


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
def registry(probe: Probe) -> Registry:
    registry = Registry()
    registry.register(regolive_std.StdPlugin, "std")
    registry.register(probe, "probe")
    return registry


@pytest.fixture(scope="session")
def front_end() -> Iterator[RegopyFrontEnd]:
    front_end = RegopyFrontEnd()
    yield front_end
    front_end.close()


@pytest.fixture
def compiled(registry: Registry, front_end: RegopyFrontEnd) -> Callable[..., CompiledPolicy]:
    """``compiled(text, query)`` compiles the module ``t.rego`` and a query."""

    def compiled(text: str, query: str) -> CompiledPolicy:
        declarations = {
            name: ir.BuiltinDecl(name, declaration["decl"])
            for name, declaration in registry.declarations().items()
        }
        request = CompileRequest({"t.rego": text}, (), query, declarations)
        return compile_policy(front_end.compile(request), registry.builtins)

    return compiled
