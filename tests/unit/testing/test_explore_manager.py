"""The manager of watchers under the explorer: a part of ``python -m tests.explore``."""

from __future__ import annotations

import pytest
from tests.explore.programs import FOUND_BY, SCENARIOS, Scenario

from regolive.testing import explore
from regolive_nats.incident import BROKEN_MANAGERS
from regolive_nats.manager import WatcherManager

PART = 200  # schedules of each scenario; the long form runs many times as many


@pytest.mark.parametrize("store", ["locking", "snapshot"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name.replace(" ", "-"))
def test_the_fixed_manager_has_no_fault(scenario: Scenario, store: str) -> None:
    program = scenario.program(WatcherManager, store)
    explore(program, preemptions=2, schedules=PART, random=25, seed=1).require()


@pytest.mark.parametrize("fault", BROKEN_MANAGERS)
def test_each_fault_is_found(fault: str) -> None:
    """Within the bound of two preemptions, in the way that it showed itself."""
    name, store, kind, words = FOUND_BY[fault]
    scenario = next(each for each in SCENARIOS if each.name == name)
    failure = explore(scenario.program(BROKEN_MANAGERS[fault], store), preemptions=2).failure
    assert failure is not None
    assert failure.kind == kind
    assert words in failure.message
    again = explore(scenario.program(BROKEN_MANAGERS[fault], store), replay=failure.schedule)
    assert again.failure is not None
    assert again.failure.message == failure.message


@pytest.mark.parametrize("fault", ["creation-under-lock", "eviction-under-lock"])
def test_the_circle_of_the_incident_is_drawn(fault: str) -> None:
    """Creator to store to query to manager and back: what took 180 seconds to be noticed."""
    name, store, *_ = FOUND_BY[fault]
    scenario = next(each for each in SCENARIOS if each.name == name)
    failure = explore(scenario.program(BROKEN_MANAGERS[fault], store)).failure
    assert failure is not None
    circle = failure.picture.splitlines()[0]
    assert "creator -> 'store' -> query" in circle
    assert "query -> 'nats.manager' -> creator" in circle
