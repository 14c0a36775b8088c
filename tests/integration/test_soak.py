"""A few seconds of the soak and of the stress, on both stores. ``make soak`` runs a minute."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.soak.profile import SOAK, STRESS, Profile
from tests.soak.run import StoreKind, run

# What waits for each other waits for ever; a second, as in the long runs, is little on a machine
# that runs other tests as well.
_PATIENT = 5.0
SHORT = replace(SOAK, seconds=3, threads=6, buckets=15, watchers=5, wait_threshold=_PATIENT)
SHORT_STRESS = replace(
    STRESS, seconds=3, threads=16, buckets=24, watchers=4, mortal=6, wait_threshold=_PATIENT
)


@pytest.mark.integration
@pytest.mark.timeout(100)
@pytest.mark.parametrize("profile", [SHORT, SHORT_STRESS], ids=["soak", "stress"])
@pytest.mark.parametrize("store", ["snapshot", "locking"])
def test_nothing_is_torn_stuck_or_left(profile: Profile, store: StoreKind) -> None:
    outcome = run(profile, store)
    assert outcome.ok, "\n".join([str(outcome.counts), *outcome.problems])
    assert outcome.queries
    assert outcome.buckets_compared
