"""Some of the incident's scenes, played as ``regolive incident`` plays them. All: make incident."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from regolive.cli import main
from regolive.testing import NatsServer
from regolive_nats.incident.faults import Setting
from regolive_nats.incident.play import play

pytestmark = [pytest.mark.integration, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def nats_url() -> Iterator[str]:
    with NatsServer() as server:
        yield server.url


def test_the_original_hangs_as_the_operator_saw_it(nats_url: str) -> None:
    outcome = play(Setting("creation-under-lock", "broken", "locking", "off", nats_url))
    assert outcome.verdict == "hang", outcome
    assert outcome.served == 0
    assert outcome.probes_failed > 0
    assert outcome.readers_stuck >= 8
    assert outcome.writer_wait > 1.0
    dump = "\n".join(outcome.threads)
    assert "holds lock 'nats.manager'" in dump
    assert "waits for lock 'store' to write (held by 'regolive-query-" in dump
    assert "background task 'nats.watch users', submitted by thread 'regolive-query-" in dump


@pytest.mark.parametrize("fault", ["creation-under-lock", "eviction-under-lock"])
def test_the_circle_is_explained_and_all_others_are_served(nats_url: str, fault: str) -> None:
    outcome = play(Setting(fault, "broken", "locking", "raise", nats_url))
    assert outcome.verdict == "explained", outcome
    assert "circular wait: 3 threads" in outcome.explanation
    assert "builtin nats.kv.watch_bucket" in outcome.explanation
    assert outcome.served == outcome.requests - 1
    assert outcome.probes_failed == 0
    assert outcome.explained_ms is not None
    assert outcome.explained_ms < 1000


@pytest.mark.parametrize("fault", ["loser-wipes-winner", "creation-outlives-stop"])
def test_wrong_data_needs_no_locking_store(nats_url: str, fault: str) -> None:
    outcome = play(Setting(fault, "broken", "snapshot", "raise", nats_url))
    assert outcome.verdict == "wrong data", outcome
    assert outcome.finding


@pytest.mark.parametrize(
    "fault",
    [
        "creation-under-lock",
        "loser-wipes-winner",
        "creation-outlives-stop",
        "eviction-under-lock",
        "deaf-loop",
    ],
)
def test_the_fixed_manager_serves_through_the_same_steps(nats_url: str, fault: str) -> None:
    outcome = play(Setting(fault, "fixed", "locking", "off", nats_url))
    assert outcome.verdict == "served", outcome
    assert outcome.served == outcome.requests
    assert outcome.probes_failed == 0


def test_a_loop_that_hears_nothing_is_named_by_the_watchdog(nats_url: str) -> None:
    outcome = play(Setting("deaf-loop", "broken", "snapshot", "raise", nats_url))
    assert outcome.verdict == "named", outcome
    assert "the watch loop of bucket 'users' to end" in outcome.explanation
    assert outcome.probes_failed == 0  # which is what makes it hard to find


def test_the_command_says_what_came_of_it() -> None:
    arguments = ["incident", "run", "opa-1543", "--detect", "raise", "--format", "json"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["as_documented"] is True
    assert told["outcome"]["verdict"] == told["expected"] == "explained"


def test_the_command_prints_the_circle() -> None:
    done = CliRunner().invoke(main, ["incident", "run", "pomerium-2151", "--detect", "raise"])
    assert done.exit_code == 0, done.output
    assert "circular wait: 2 threads would wait for each other in a circle" in done.stdout
    assert "requests served           8 of 9" in done.stdout
    assert "This is as documented." in done.stdout
