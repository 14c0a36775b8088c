"""What the incident's commands promise without a server: names, tables, what is told of them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from regolive.cli import main
from regolive_nats.incident import BROKEN_MANAGERS
from regolive_nats.incident import play as playing
from regolive_nats.incident.child import _SCENES
from regolive_nats.incident.faults import FAULTS, Outcome, Setting
from regolive_nats.incident.gates import Gate, SceneError, wait_until
from regolive_nats.incident.play import cell, document, play_all, settings


def test_each_fault_has_a_scene_and_each_of_the_managers_a_fault() -> None:
    assert list(_SCENES) == list(FAULTS)
    assert [f.name for f in FAULTS.values() if not f.family] == list(BROKEN_MANAGERS)


def test_what_is_fixed_is_documented_to_serve() -> None:
    for setting in settings(FAULTS):
        if setting.manager == "fixed":
            assert setting.expected == "served"
    assert Setting("creation-under-lock", "broken", "locking", "off").expected == "hang"
    assert Setting("creation-under-lock", "broken", "locking", "raise").expected == "explained"
    assert Setting("creation-under-lock", "broken", "snapshot", "off").expected == "served"


def test_a_story_has_each_cell_once() -> None:
    scenes = settings(FAULTS)
    assert len(scenes) == len(set(scenes)) == 8 * len(FAULTS)


def test_scenes_are_played_side_by_side_and_told_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def play(setting: Setting) -> Outcome:
        asked.append(setting.nats_url)
        return Outcome(setting.expected)

    monkeypatch.setattr(playing, "play", play)
    scenes = settings(["deaf-loop", "opa-1543"])
    told: list[object] = []
    results = play_all(scenes, ["nats://a", "nats://b"], told.append)
    assert [setting for setting, _ in results] == scenes
    assert len(told) == len(scenes)
    assert set(asked) <= {"", "nats://a", "nats://b"}
    assert asked.count("") == 8  # the relatives need no server


def test_cells() -> None:
    assert cell(Outcome("hang")) == "hang"
    assert cell(Outcome("explained", explained_ms=6.7)) == "explained in 7 ms"
    assert cell(Outcome("named", explained_ms=306.0)) == "named in 306 ms"


def test_a_document_says_whether_it_is_as_documented() -> None:
    setting = Setting("deaf-loop", "fixed", "snapshot", "off", "nats://secret")
    assert document(setting, Outcome("served"))["as_documented"] is True
    assert document(setting, Outcome("hang"))["as_documented"] is False
    assert "secret" not in json.dumps(document(setting, Outcome("served")))


def test_a_scene_that_does_not_come_about_is_an_error() -> None:
    with pytest.raises(SceneError, match="somebody comes"):
        wait_until(lambda: False, "somebody comes", limit=0.01)
    gate = Gate("g")
    gate.open()
    gate.pass_through()
    gate.wait_reached()
    assert gate.arrivals == 1


def test_a_process_that_dies_is_a_failed_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing.sys, "executable", "/bin/false")
    assert playing.play(Setting("deaf-loop")).verdict == "failed"


def test_the_list_names_all() -> None:
    done = CliRunner().invoke(main, ["incident", "list"])
    assert done.exit_code == 0
    for fault in FAULTS.values():
        assert fault.name in done.stdout
        assert fault.source in done.stdout
    listed = json.loads(CliRunner().invoke(main, ["incident", "list", "-f", "json"]).stdout)
    assert [row["fault"] for row in listed["faults"]] == list(FAULTS)


def test_an_unknown_fault_gets_a_suggestion() -> None:
    done = CliRunner().invoke(main, ["incident", "run", "creation-under-loc"])
    assert done.exit_code == 2
    assert "did you mean 'creation-under-lock'?" in done.output


def test_the_exit_code_tells_what_is_not_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "play", lambda setting, step: Outcome("served"))
    done = CliRunner().invoke(main, ["incident", "run", "opa-1543"])
    assert done.exit_code == 1
    assert "This is NOT as documented, which is: hang." in done.stdout
