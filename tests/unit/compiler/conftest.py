"""One front end for all tests of the compiler, and a way to run what it makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from regolive import UNDEFINED, builtin, hookimpl
from regolive.codegen.frame import Env, Frame
from regolive.codegen.unit import compile_policy
from regolive.compiler import CompileRequest
from regolive.compiler.regopy import RegopyFrontEnd
from regolive.errors import PolicyError
from regolive.ir.nodes import BuiltinDecl, Policy
from regolive.plugins import Registry
from regolive.values import to_json

_ANY = {"type": "any"}


def _declared(name: str, operands: int, function: Callable[..., Any]) -> Any:
    return builtin(name, args=[_ANY] * operands, result=_ANY)(function)


class Builtins:
    """A plugin with few builtins: some that regopy knows too, and some it has never heard of."""

    @hookimpl
    def regolive_builtins(self) -> list[Any]:
        return [
            _declared("acme.double", 1, lambda x: x * 2),
            _declared("acme.flag", 1, lambda x: x),
            _declared("acme.zero", 0, lambda: 0),
            _declared("acme.pair", 2, lambda x, y: [x, y]),
            _declared("acme.nothing", 1, lambda x: UNDEFINED),
            _declared("plus", 2, lambda x, y: x + y),
            _declared("gt", 2, lambda x, y: x > y),
            _declared("neq", 2, lambda x, y: x != y),
            _declared("count", 1, _count),
            _declared("startswith", 2, lambda x, y: x.startswith(y)),
            _declared("internal.member_2", 2, lambda x, y: x in list(y)),
            _declared("internal.print", 1, lambda x: None),
            _declared("internal.template_string", 1, _template),
            _declared("json.unmarshal", 1, lambda x: x),
        ]


def _count(x: Any) -> int:
    return len(x)


def _template(parts: list[Any]) -> str:
    return "".join(str(next(iter(part), "<undefined>")) for part in parts)


@pytest.fixture(scope="session")
def front_end() -> Iterator[RegopyFrontEnd]:
    front_end = RegopyFrontEnd()
    yield front_end
    front_end.close()


@pytest.fixture(scope="session")
def registry() -> Registry:
    registry = Registry()
    registry.register(Builtins(), "test")
    return registry


@pytest.fixture(scope="session")
def compile(front_end: RegopyFrontEnd, registry: Registry) -> Callable[..., Policy]:
    """``compile(*modules, query=..., entry=...)`` gives the plan."""
    builtins = {
        name: BuiltinDecl(name, bound.spec.declaration()["decl"])
        for name, bound in registry.builtins.items()
    }

    def compile(*modules: str, query: str | None = None, entry: str | None = None) -> Policy:
        return front_end.compile(
            CompileRequest(
                modules={f"m{i}.rego": text for i, text in enumerate(modules)},
                entrypoints=(entry,) if entry else (),
                query=query,
                builtins=builtins,
            )
        )

    return compile


@pytest.fixture(scope="session")
def run(compile: Callable[..., Policy], registry: Registry) -> Callable[..., list[Any]]:
    """``run(*modules, query=..., input=..., data=...)`` gives the query's bindings."""

    def run(
        *modules: str,
        query: str | None = None,
        entry: str | None = None,
        plan: str = "eval",
        input: Any = UNDEFINED,
        data: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        compiled = compile_policy(compile(*modules, query=query, entry=entry), registry.builtins)
        documents = dict(data or {})
        frame = Frame(Env(False, _no_background), SimpleNamespace(root=documents), None)
        name = plan if query else next(iter(compiled.entries))
        results = compiled.entries[name].plan(frame, input, documents)
        return [to_json(result) for result in results]

    return run


def _no_background(*_: Any, **__: Any) -> Any:
    raise AssertionError("no background work here")


@pytest.fixture
def refused(compile: Callable[..., Policy]) -> Callable[..., PolicyError]:
    """``refused(*modules, query=..., entry=...)`` gives the error."""

    def refused(*modules: str, query: str | None = None, entry: str | None = None) -> PolicyError:
        if query is None and entry is None:
            query = "x := 1"
        with pytest.raises(PolicyError) as caught:
            compile(*modules, query=query, entry=entry)
        return caught.value

    return refused
