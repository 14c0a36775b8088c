"""Configuration, sources, and the life of a runtime and its plugins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from regolive import ConfigError, RegoliveError, Runtime, hookimpl
from regolive.errors import PluginError
from regolive.plugins import PluginHost
from regolive.runtime import SourceError, load_config, load_paths

Make = Callable[..., Runtime]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"stor": "snapshot"}, "unknown key 'stor'; did you mean 'store'?"),
        ({"xyzzy": 1}, "unknown key 'xyzzy'; known keys: store, "),
        ({"store": "redis"}, "store: expected 'snapshot' or 'locking', found 'redis'"),
        ({"background_threads": 0}, "background_threads: expected a whole number of at least 1"),
        ({"background_threads": True}, "background_threads: expected a whole number"),
        ({"strict_builtin_errors": "yes"}, "strict_builtin_errors: expected true or false"),
        ({"plugins": []}, "plugins: expected an object with a section for each plugin"),
    ],
)
def test_wrong_configuration_is_said(config: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    assert said in str(caught.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"stor": 1, "background_threads": "two", "front_end": 3})
    assert len(str(caught.value).splitlines()) == 3


def test_configuration_from_files(tmp_path: Path) -> None:
    path = tmp_path / "regolive.yaml"
    path.write_text("store: locking\nplugins:\n  x: {a: 1}\n")
    assert load_config(path).store == "locking"
    assert load_config(str(path)).plugins == {"x": {"a": 1}}
    path.write_text("")
    assert load_config(path) == load_config(None)
    for text, said in (("[1]", "expected an object"), ("a: [", "regolive.yaml")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=said):
            load_config(path)
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: No such file"):
        load_config(tmp_path / "nowhere.yaml")


# sources


def test_directories_name_the_data_in_them(tmp_path: Path, runtime: Make) -> None:
    (tmp_path / "org" / "team").mkdir(parents=True)
    (tmp_path / "org" / "team" / "data.json").write_text('{"a": 1}')
    (tmp_path / "org" / "more.yaml").write_text("b: 2")
    (tmp_path / "p.rego").write_text("package p\n\nx := data.org.team.a + data.org.b\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "bad.json").write_text("{")
    made = runtime(policies=tmp_path)
    assert made.evaluate("data.p.x").value == 3
    found = load_paths([tmp_path / "org" / "team" / "data.json"])
    assert found.data == {"a": 1}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("bad.json", '{"a": }', "bad.json"),
        ("bad.yaml", "a: [", "bad.yaml"),
        ("list.json", "[1]", "must be an object"),
        ("notes.txt", "x", "expected a .rego, .json, .yaml or .yml file"),
        ("bytes.rego", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_a_bad_source_is_named(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SourceError) as caught:
        load_paths([path])
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or directory"):
        load_paths([tmp_path / "nowhere"])


def test_two_files_that_disagree_are_both_named(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"a": {"b": 1}}')
    (tmp_path / "two.json").write_text('{"a": {"b": 2}}')
    with pytest.raises(SourceError, match=r"two\.json: data/a/b .*one\.json"):
        load_paths([tmp_path / "one.json", tmp_path / "two.json"])
    (tmp_path / "two.json").write_text('{"a": {"c": 2}}')
    assert load_paths([tmp_path]).data == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"a": [1, {2, 3}]}, "data/a/1"),
        ({"a": float("nan")}, "data/a"),
        ({("a",): 1}, "is not a string"),
        ({"a": object()}, "data/a"),
    ],
)
def test_data_that_is_not_json_is_refused_with_its_place(
    runtime: Make, data: Any, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        runtime(data=data)


# life


class Recorder:
    """A plugin that notes what happens to it."""

    def __init__(self, log: list[str], name: str, *, fail: str = "") -> None:
        self.log = log
        self.__name__ = name
        self.fail = fail
        self.host: PluginHost | None = None

    def note(self, what: str) -> None:
        self.log.append(f"{self.__name__} {what}")
        if what == self.fail:
            raise OSError(f"{what} failed")

    @hookimpl
    def regolive_config_sections(self) -> list[str]:
        return [self.__name__]

    @hookimpl
    def regolive_configure(self, config: Mapping[str, Any]) -> None:
        if config.get(self.__name__, {}).get("bad"):
            raise ConfigError(f"{self.__name__}: bad")

    @hookimpl
    def regolive_start(self, host: PluginHost) -> None:
        self.host = host
        self.note("start")

    @hookimpl
    def regolive_reconfigure(self, config: Mapping[str, Any]) -> None:
        self.note(f"reconfigure {config.get(self.__name__)}")

    @hookimpl
    def regolive_stop(self) -> None:
        self.note("stop")

    @hookimpl
    def regolive_status(self) -> dict[str, Any]:
        return {"fine": True}


def test_plugins_start_in_order_and_stop_in_reverse(runtime: Make) -> None:
    log: list[str] = []
    with runtime(plugins=[Recorder(log, "one"), Recorder(log, "two")]) as made:
        assert made.start() is made  # again is nothing
        assert made.status()["started"] is True
        assert made.status()["plugins"]["one"] == {"status": {"fine": True}}
    made.stop()
    assert log == ["one start", "two start", "two stop", "one stop"]
    assert made.status()["started"] is False


def test_a_plugin_that_cannot_start_stops_those_before_it(runtime: Make) -> None:
    log: list[str] = []
    made = runtime(plugins=[Recorder(log, "one"), Recorder(log, "two", fail="start")])
    with pytest.raises(PluginError, match="'two': cannot start: start failed"):
        made.start()
    assert log == ["one start", "two start", "one stop"]
    assert made.status()["started"] is False


def test_a_plugin_that_cannot_stop_does_not_keep_others(
    runtime: Make, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    with runtime(plugins=[Recorder(log, "one"), Recorder(log, "two", fail="stop")]):
        pass
    assert log[-2:] == ["two stop", "one stop"]
    assert "plugin 'two' failed to stop" in caplog.text


def test_background_work_is_joined_at_stop(runtime: Make) -> None:
    log: list[str] = []
    plugin = Recorder(log, "one")
    gate, before = threading.Event(), threading.active_count()
    with runtime(plugins=[plugin]):
        assert plugin.host is not None
        task = plugin.host.background(gate.wait, 30)
        gate.set()
    assert task.done
    assert threading.active_count() <= before
    with pytest.raises(RegoliveError, match="not started"):
        plugin.host.background(gate.wait)


def test_reconfiguring_checks_first_and_changes_nothing_if_it_is_bad(runtime: Make) -> None:
    log: list[str] = []
    with runtime(plugins=[Recorder(log, "one")]) as made:
        made.reconfigure({"plugins": {"one": {"x": 1}}})
        assert log[-1] == "one reconfigure {'x': 1}"
        with pytest.raises(ConfigError, match="one: bad"):
            made.reconfigure({"plugins": {"one": {"bad": True}}})
        with pytest.raises(ConfigError, match="store cannot change while running"):
            made.reconfigure({"store": "locking"})
        assert made.config.plugins == {"one": {"x": 1}}
        assert len(log) == 2


def test_a_section_that_no_plugin_has(runtime: Make) -> None:
    with pytest.raises(ConfigError, match=r"plugins\.oen: no plugin has this .*'one'"):
        runtime(plugins=[Recorder([], "one")], config={"plugins": {"oen": {}}})
