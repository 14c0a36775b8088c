"""Our own front end: sets compiled once, again only where something changed, and kept on disk."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import regolive_std
from regolive.compiler import CompileRequest, Language, UndefinedFunctionError, policyset
from regolive.compiler.cache import DiskCache
from regolive.compiler.native import NativeFrontEnd
from regolive.errors import PolicyError
from regolive.ir import write_policy
from regolive.plugins import Registry

ROLES = """package roles

admin(user) if user.name in data.admins

levels contains level if some level, _ in input.levels
"""
ALLOW = """package rbac

import data.roles

default allow := false

allow if roles.admin(input.user)
"""
OTHER = """package other

p := 1
"""
MODULES = {"roles.rego": ROLES, "rbac.rego": ALLOW, "other.rego": OTHER}


@pytest.fixture(scope="module")
def builtins() -> Mapping[str, Any]:
    registry = Registry()
    registry.register(regolive_std.StdPlugin, "std")
    return registry.declared()


@pytest.fixture
def ask(builtins) -> Callable[..., CompileRequest]:
    def request(
        modules: Mapping[str, str], *entrypoints: str, query: str | None = None, **more: Any
    ) -> CompileRequest:
        return CompileRequest(modules, entrypoints, query, builtins, **more)

    return request


class Work:
    """What the stages were asked to do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.parsed: list[str] = []
        self.resolved: list[str] = []
        parse, resolve = policyset.parse_module, policyset.resolve_module

        def parsing(text: str, name: str, **more: Any) -> Any:
            self.parsed.append(name)
            return parse(text, name, **more)

        def resolving(module: Any, *more: Any) -> Any:
            self.resolved.append(module.source.name)
            return resolve(module, *more)

        monkeypatch.setattr(policyset, "parse_module", parsing)
        monkeypatch.setattr(policyset, "resolve_module", resolving)

    def take(self) -> tuple[list[str], list[str]]:
        """What was parsed and resolved since this was asked last."""
        found = sorted(self.parsed), sorted(self.resolved)
        self.parsed.clear()
        self.resolved.clear()
        return found


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


def names(modules: Mapping[str, str]) -> list[str]:
    return sorted(modules)


def test_a_set_is_compiled_once_for_any_number_of_queries(ask, work) -> None:
    front_end = NativeFrontEnd(store=False)
    front_end.compile(ask(MODULES, "data.rbac.allow"))
    assert work.take() == (names(MODULES), names(MODULES))
    front_end.compile(ask(MODULES, "data.other.p"))
    front_end.compile(ask(dict(MODULES), query="x := data.other.p + 1"))
    assert work.take() == ([], [])


def test_a_plan_holds_what_the_query_asks_and_no_more(ask) -> None:
    policy = NativeFrontEnd(store=False).compile(ask(MODULES, "data.other.p"))
    assert [f.path[1:] for f in policy.funcs] == [("other", "p")]
    policy = NativeFrontEnd(store=False).compile(ask(MODULES, "rbac/allow"))
    assert {f.path[1:] for f in policy.funcs} == {("rbac", "allow"), ("roles", "admin")}


def test_another_body_compiles_its_module_again(ask, work) -> None:
    front_end = NativeFrontEnd(store=False)
    front_end.compile(ask(MODULES, "data.rbac.allow"))
    work.take()
    changed = {**MODULES, "other.rego": OTHER.replace("1", "2")}
    front_end.compile(ask(changed, "data.other.p"))
    assert work.take() == (["other.rego"], ["other.rego"])
    # What was there before is still there.
    front_end.compile(ask(MODULES, "data.other.p"))
    assert work.take() == ([], [])


def test_a_new_rule_is_told_to_its_package(ask, work) -> None:
    modules = {**MODULES, "rbac2.rego": "package rbac\n\nq := allow\n"}
    front_end = NativeFrontEnd(store=False)
    front_end.compile(ask(modules, "data.rbac.q"))
    work.take()
    front_end.compile(ask({**modules, "rbac.rego": ALLOW + "\nr := 1\n"}, "data.rbac.q"))
    assert work.take() == (["rbac.rego"], ["rbac.rego", "rbac2.rego"])


def test_another_function_is_told_to_all(ask, work) -> None:
    front_end = NativeFrontEnd(store=False)
    front_end.compile(ask(MODULES, "data.rbac.allow"))
    work.take()
    changed = {**MODULES, "roles.rego": ROLES.replace("admin(user)", "admin(user, level)")}
    with pytest.raises(PolicyError) as caught:
        front_end.compile(ask(changed, "data.rbac.allow"))
    assert work.take() == (["roles.rego"], names(MODULES))
    (found,) = caught.value.diagnostics
    assert found.code == "rego_type_error"
    assert "data.roles.admin" in found.message
    assert found.location is not None
    assert (found.location.file, found.location.row) == ("rbac.rego", 7)


def test_a_type_that_changes_is_seen_by_modules_that_did_not(ask, work) -> None:
    uses = "package uses\n\nq := upper(data.other.p)\n"
    front_end = NativeFrontEnd(store=False)
    strings = {"other.rego": 'package other\n\np := "a"\n', "uses.rego": uses}
    front_end.compile(ask(strings, "data.uses.q"))
    work.take()
    with pytest.raises(PolicyError, match="invalid argument"):
        front_end.compile(ask({"other.rego": OTHER, "uses.rego": uses}, "data.uses.q"))
    assert work.take() == (["other.rego"], ["other.rego"])
    front_end.compile(ask(strings, "data.uses.q"))


def test_modules_that_go_leave_nothing(ask) -> None:
    front_end = NativeFrontEnd(store=False)
    front_end.compile(ask(MODULES, "data.rbac.allow"))
    fewer = {name: text for name, text in MODULES.items() if name != "roles.rego"}
    with pytest.raises(UndefinedFunctionError) as caught:
        front_end.compile(ask(fewer, "data.rbac.allow"))
    assert caught.value.names == ("data.roles.admin",)


def test_all_that_is_wrong_is_told_at_once(ask) -> None:
    wrong = {
        "a.rego": "package a\n\np := )\n\nq := 1\n",
        "b.rego": "package b\n\np if\n",
    }
    with pytest.raises(PolicyError) as caught:
        NativeFrontEnd(store=False).compile(ask(wrong, "data.a.q"))
    files = {d.location.file for d in caught.value.diagnostics if d.location}
    assert files == {"a.rego", "b.rego"}


def test_a_wrong_query_is_told_of_its_own_text(ask) -> None:
    front_end = NativeFrontEnd(store=False)
    with pytest.raises(PolicyError) as caught:
        front_end.compile(ask(MODULES, query="x := data.other.p\ny == z"))
    assert {d.code for d in caught.value.diagnostics} == {"rego_unsafe_var_error"}
    assert {(d.location.file, d.location.row) for d in caught.value.diagnostics} == {("<query>", 2)}


def test_other_demands_are_another_set(ask, work) -> None:
    front_end = NativeFrontEnd(store=False)
    front_end.compile(ask({"o.rego": OTHER}, "data.other.p"))
    strict = Language(strict=True)
    front_end.compile(ask({"o.rego": OTHER}, "data.other.p", language=strict))
    assert work.take() == (["o.rego", "o.rego"], ["o.rego", "o.rego"])
    unused = {"o.rego": "package other\n\nimport data.foo\n\np := 1\n"}
    front_end.compile(ask(unused, "data.other.p"))
    with pytest.raises(PolicyError, match="unused"):
        front_end.compile(ask(unused, "data.other.p", language=strict))


def test_rego_v0_is_a_matter_of_the_language(ask) -> None:
    old = {"o.rego": "package old\n\np[x] { x := input[_] }\n"}
    with pytest.raises(PolicyError):
        NativeFrontEnd(store=False).compile(ask(old, "data.old.p"))
    NativeFrontEnd(store=False).compile(ask(old, "data.old.p", language=Language(True)))


# on disk


def large() -> dict[str, str]:
    """Modules that are worth a file."""
    filler = "\n".join(f"# a comment that makes the module longer, {n}" for n in range(1000))
    return {**MODULES, "filler.rego": f"package filler\n\n{filler}\n\np := 1\n"}


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "sets")


def test_a_set_from_the_disk_gives_the_same_plans(ask, work, cache) -> None:
    modules = large()
    cold = NativeFrontEnd(cache)
    queries = [{"query": "x := data.rbac.allow"}, {"query": "data.roles.levels[x]"}]
    planned = [write_policy(cold.compile(ask(modules, **q))) for q in queries]
    work.take()
    warm = NativeFrontEnd(cache)
    assert [write_policy(warm.compile(ask(modules, **q))) for q in queries] == planned
    assert work.take() == ([], [])
    # What is wrong with a query is found over a set from the disk too.
    for query in ("upper(data.other.p)", "data.roles.admin(1, 2, 3)", "data.nowhere.f(1)", "x"):
        with pytest.raises(PolicyError) as before:
            cold.compile(ask(modules, query=query))
        with pytest.raises(PolicyError) as after:
            warm.compile(ask(modules, query=query))
        assert before.value.diagnostics == after.value.diagnostics


def test_small_sets_and_wrong_ones_are_not_stored(ask, cache) -> None:
    front_end = NativeFrontEnd(cache)
    front_end.compile(ask(MODULES, "data.other.p"))
    with pytest.raises(PolicyError):
        front_end.compile(ask({**large(), "wrong.rego": "package"}, "data.other.p"))
    assert not cache.directory.exists()


def test_another_text_builtin_or_language_is_another_entry(ask, cache, builtins) -> None:
    modules = large()
    fewer = {name: decl for name, decl in builtins.items() if name != "http.send"}
    for request in (
        ask(modules, "data.other.p"),
        ask({**modules, "other.rego": OTHER.replace("1", "2")}, "data.other.p"),
        ask(modules, "data.other.p", language=Language(strict=True)),
        CompileRequest(modules, ("data.other.p",), None, fewer),
    ):
        NativeFrontEnd(cache).compile(request)
    assert len(list(cache.directory.iterdir())) == 4


def test_an_entry_that_is_no_set_is_compiled_again(ask, cache, caplog, work) -> None:
    modules = large()
    NativeFrontEnd(cache).compile(ask(modules, "data.other.p"))
    (path,) = cache.directory.iterdir()
    cache.store(path.stem, b"a whole entry, of something else")
    work.take()
    with caplog.at_level(logging.WARNING, "regolive.compiler"):
        NativeFrontEnd(cache).compile(ask(modules, "data.other.p"))
    assert "compiling again" in caplog.text
    assert work.take() == (names(modules), names(modules))
    NativeFrontEnd(cache).compile(ask(modules, "data.other.p"))
    assert work.take() == ([], [])


def test_processes_compile_the_same_set_at_once(tmp_path: Path) -> None:
    for name, text in large().items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-c", "from regolive.cli import main; main()", "eval", "-f", "raw"]
    command += ["-d", str(tmp_path), "data.other.p"]
    started = [
        subprocess.Popen(
            command,
            env={"REGOLIVE_CACHE_DIR": str(tmp_path / "sets"), "PATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        out, errors = process.communicate(timeout=60)
        assert (out, errors, process.returncode) == ("1\n", "", 0)
    assert len(list((tmp_path / "sets").iterdir())) == 1
