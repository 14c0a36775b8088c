"""Plugins that are right, and those that are broken: named, and the rest goes on."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any

import pytest
from tests.frames import new_frame

from regolive import (
    UNDEFINED,
    BuiltinContext,
    BuiltinError,
    Number,
    RegoSet,
    builtin,
    hookimpl,
)
from regolive.errors import PluginError
from regolive.plugins import Registry, load_registry, read_spec


def plugin(*functions: Callable[..., Any], name: str = "mine") -> types.ModuleType:
    module = types.ModuleType(name)
    module.regolive_builtins = hookimpl(lambda: list(functions))  # type: ignore[attr-defined]
    return module


@builtin("mine.twice")
def twice(value: int) -> int:
    """Two times."""
    return 2 * value


def call(function: Callable[..., Any], *operands: Any, strict: bool = False) -> Any:
    registry = Registry()
    registry.register(plugin(function))
    (bound,) = registry.builtins.values()
    return bound.call(new_frame(strict=strict), *operands)


def test_types_come_from_the_annotations() -> None:
    @builtin("mine.f", nondeterministic=True)
    def f(
        ctx: BuiltinContext,
        a: str,
        b: list[int],
        c: dict[str, Any],
        d: RegoSet[str],
        e: int | str | None,
        n: Number,
    ) -> bool | list[str]:
        """What it does."""
        return True

    spec = read_spec(f)
    assert spec.arity == 6
    assert spec.wants_context
    assert spec.doc == "What it does."
    declared = spec.declaration()
    assert declared["nondeterministic"] is True
    types_ = [{k: v for k, v in a.items() if k != "name"} for a in declared["decl"]["args"]]
    assert types_ == [
        {"type": "string"},
        {"type": "array", "dynamic": {"type": "number"}},
        {"type": "object", "dynamic": {"key": {"type": "string"}, "value": {"type": "any"}}},
        {"type": "set", "of": {"type": "string"}},
        {"type": "any", "of": [{"type": "number"}, {"type": "string"}, {"type": "null"}]},
        {"type": "number"},
    ]
    assert [a["name"] for a in declared["decl"]["args"]] == ["a", "b", "c", "d", "e", "n"]


def test_the_function_stays_callable_as_it_was_written() -> None:
    assert twice(4) == 8


def unresolved(value: "Nowhere") -> int:  # type: ignore[name-defined]  # noqa: F821, UP037
    return 1


def bare(value) -> int:  # type: ignore[no-untyped-def]
    return 1


def no_result(value: int):  # type: ignore[no-untyped-def]
    return 1


def many(*values: int) -> int:
    return 1


def complex_number(value: complex) -> int:
    return 1


@pytest.mark.parametrize(
    ("function", "name", "said"),
    [
        (unresolved, "mine.f", "annotation cannot be resolved"),
        (bare, "mine.f", "parameter 'value' has no annotation"),
        (no_result, "mine.f", "the result has no annotation"),
        (many, "mine.f", "parameter 'values' must be positional"),
        (complex_number, "mine.f", "complex.* does not name a Rego type"),
        (twice, "not a name", "'not a name' is not a name a policy can call"),
    ],
)
def test_a_bad_builtin_is_named_with_its_plugin(
    function: Callable[..., Any], name: str, said: str
) -> None:
    copy = types.FunctionType(function.__code__, function.__globals__, function.__name__)
    copy.__annotations__ = dict(function.__annotations__)
    with pytest.raises(PluginError, match=said) as caught:
        Registry().register(plugin(builtin(name)(copy)))
    assert caught.value.plugin == "mine"


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"type": "strin"}, "declares no type: .*array, object, set"),
        ("string", "'string' declares no type"),
        ({"type": "array", "dynamic": {"type": "int"}}, "'int'.* declares no type"),
        ({"type": "array", "static": 1}, "'static' is a list"),
        ({"type": "any", "of": "string"}, "'of' is a list"),
        ({"type": "object", "dynamic": {"key": {"type": "any"}}}, "a key and a value"),
    ],
)
def test_a_bad_declaration_is_named_with_its_builtin(declared: Any, said: str) -> None:
    def operand(value: Any) -> int:
        return 1

    def result(value: int) -> Any:
        return 1

    with pytest.raises(PluginError, match=f"builtin 'mine.f': value: .*{said}"):
        Registry().register(plugin(builtin("mine.f", args=[declared])(operand)))
    with pytest.raises(PluginError, match=f"builtin 'mine.f': result: .*{said}"):
        Registry().register(plugin(builtin("mine.f", result=declared)(result)))


def test_what_a_declaration_leaves_open_is_anything() -> None:
    made = builtin("mine.f", args=[{"type": "object"}], result={"type": "array"})(lambda value: [])
    declared = read_spec(made).declaration()["decl"]
    anything = {"type": "any"}
    assert declared["args"][0]["dynamic"] == {"key": anything, "value": anything}
    assert declared["result"] == {"type": "array", "dynamic": anything}


def test_what_is_no_builtin_at_all() -> None:
    with pytest.raises(PluginError, match="decorate it with @builtin"):
        Registry().register(plugin(lambda x: x))


def test_a_builtin_twice() -> None:
    with pytest.raises(PluginError, match=r"defines the builtin 'mine\.twice' twice"):
        Registry().register(plugin(twice, twice))
    registry = Registry()
    registry.register(plugin(twice, name="first"))
    with pytest.raises(PluginError, match="already defined by plugin 'first'") as caught:
        registry.register(plugin(twice, name="second"))
    assert caught.value.plugin == "second"
    assert registry.builtins["mine.twice"].plugin == "first"
    assert [name for name, _ in registry.plugins()] == ["first"]


def test_a_misspelt_hook_is_said() -> None:
    class Misspelt:
        @hookimpl
        def regolive_builtin(self) -> list[Any]:
            return []

        @hookimpl
        def regolive_stop(self) -> None: ...

    with pytest.raises(PluginError, match="regolive_builtin"):
        Registry().register(Misspelt())


def test_a_hook_with_a_wrong_parameter_is_said() -> None:
    class Wrong:
        @hookimpl
        def regolive_start(self, hots: Any) -> None: ...

    with pytest.raises(PluginError, match="hots"):
        Registry().register(Wrong())


def test_a_plugin_without_a_hook_is_a_mistake() -> None:
    with pytest.raises(PluginError, match="implements no hook"):
        Registry().register(types.ModuleType("empty"))


def test_a_class_is_made_anew_for_each_registry() -> None:
    class Stateful:
        @hookimpl
        def regolive_stop(self) -> None: ...

    made = []
    for _ in range(2):
        registry = Registry()
        registry.register(Stateful)
        made += [p for _, p in registry.plugins()]
    assert isinstance(made[0], Stateful)
    assert made[0] is not made[1]


def test_a_class_that_cannot_be_made() -> None:
    class Broken:
        def __init__(self) -> None:
            raise OSError("no disk")

        @hookimpl
        def regolive_stop(self) -> None: ...

    with pytest.raises(PluginError, match="cannot be created: OSError: no disk"):
        Registry().register(Broken)


# discovery


class Point:
    """An entry point that gives an object, or fails to."""

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target

    def load(self) -> Any:
        if isinstance(self.target, Exception):
            raise self.target
        return self.target


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Point]]:
    points: list[Point] = []
    monkeypatch.setattr(metadata, "entry_points", lambda group: points)
    return points


def test_a_broken_plugin_leaves_the_others_working(
    installed: list[Point], caplog: pytest.LogCaptureFixture
) -> None:
    installed += [
        Point("bad", ImportError("no module named 'geoip2'")),
        Point("good", plugin(twice)),
        Point("late", plugin(twice)),
        Point("odd", plugin(lambda x: x)),
    ]
    with caplog.at_level(logging.ERROR):
        registry = load_registry()
    assert [p.plugin for p in registry.problems] == ["bad", "late", "odd"]
    assert "cannot be imported: ImportError: no module named 'geoip2'" in str(registry.problems[0])
    assert "plugin 'bad'" in caplog.text
    assert set(registry.builtins) == {"mine.twice"}
    assert registry.builtins["mine.twice"].call(new_frame(), 4) == 8


def test_a_standard_name_cannot_be_taken_by_coming_first(installed: list[Point]) -> None:
    installed += [Point("aaa", plugin(twice)), Point("std", plugin(twice))]
    registry = load_registry()
    assert registry.builtins["mine.twice"].plugin == "std"
    assert [p.plugin for p in registry.problems] == ["aaa"]


def test_a_broken_plugin_that_was_passed_in_is_an_error_at_once() -> None:
    with pytest.raises(PluginError):
        load_registry([plugin(lambda x: x)], discover=False)


# calls


def test_operands_are_checked_before_the_function_is_called() -> None:
    assert call(twice, 4) == 8
    assert call(twice, "4") is UNDEFINED
    assert call(twice, True) is UNDEFINED
    with pytest.raises(BuiltinError, match=r"mine\.twice: operand 1 must be number but got string"):
        call(twice, "4", strict=True)


@pytest.mark.parametrize("bad", [object(), {1: object()}, [complex(1)], float("nan"), b"bytes"])
def test_a_result_that_is_no_rego_value_names_the_plugin(bad: Any) -> None:
    @builtin("mine.bad")
    def give() -> Any:
        return bad

    assert call(give) is UNDEFINED
    with pytest.raises(BuiltinError, match=r"mine\.bad.*plugin 'mine'"):
        call(give, strict=True)


def test_a_result_of_another_type_than_declared() -> None:
    @builtin("mine.wrong")
    def give() -> str:
        return 1  # type: ignore[return-value]

    with pytest.raises(BuiltinError, match="its declaration says string"):
        call(give, strict=True)


def test_python_sets_and_tuples_become_regos() -> None:
    @builtin("mine.sets")
    def give() -> Any:
        return {"a": {1, 2}, "b": (1, True)}

    made = call(give)
    assert made["a"] == RegoSet([1, 2])
    assert made["b"] == [1, True]


def test_a_memoised_builtin_runs_once_for_equal_operands() -> None:
    seen = []

    @builtin("mine.memo", memoize=True)
    def memo(value: Any) -> Any:
        seen.append(value)
        return value

    registry = Registry()
    registry.register(plugin(memo))
    bound, frame = registry.builtins["mine.memo"], new_frame()
    for value in ([1], [1.0], [True], "a", "a"):
        bound.call(frame, value)
    assert len(seen) == 3
    bound.call(new_frame(), "a")
    assert len(seen) == 4


def test_each_plugin_has_a_cache_of_its_own_for_a_query() -> None:
    @builtin("mine.count")
    def count(ctx: BuiltinContext) -> int:
        ctx.cache["n"] = ctx.cache.get("n", 0) + 1
        return int(ctx.cache["n"])

    registry = Registry()
    registry.register(plugin(count, name="one"))
    frame = new_frame()
    bound = registry.builtins["mine.count"]
    assert [bound.call(frame), bound.call(frame), bound.call(new_frame())] == [1, 2, 1]
