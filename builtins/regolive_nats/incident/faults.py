"""What is staged, and what is documented to come of it: what the commands hold each run to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ManagerKind = Literal["broken", "fixed"]
StoreKind = Literal["locking", "snapshot"]
Detect = Literal["raise", "report", "off"]
Verdict = Literal["served", "hang", "explained", "named", "wrong data", "one stuck", "failed"]
"""How a scene ended.

served: every request was answered, and rightly. hang: some were not, until it was broken up.
explained: the wait graph refused a wait (or reported it: then it hangs all the same), saying why.
named: it hung, and the watchdog said who is in the way. wrong data: nobody waits, and answers are
not what the bucket says. one stuck: one request was never answered, all others were. failed: the
scene itself did not come about.
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its name on the command line, a line about it, and where it was met.

    ``verdicts`` are those of the broken manager by store: with detection off, and with it on.
    """

    name: str
    title: str
    source: str
    verdicts: dict[StoreKind, tuple[Verdict, Verdict]]
    family: bool = False

    def expected(self, manager: ManagerKind, store: StoreKind, detect: Detect) -> Verdict:
        """What is documented to come of it."""
        if manager == "fixed":
            return "served"
        return self.verdicts[store][detect != "off"]


_CIRCLE: dict[StoreKind, tuple[Verdict, Verdict]] = {
    "locking": ("hang", "explained"),
    "snapshot": ("served", "served"),
}
_WRONG: dict[StoreKind, tuple[Verdict, Verdict]] = {
    "locking": ("wrong data", "wrong data"),
    "snapshot": ("wrong data", "wrong data"),
}

FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "creation-under-lock",
            "a watcher is created under the manager's lock",
            "the original incident",
            _CIRCLE,
        ),
        Fault(
            "loser-wipes-winner",
            "the second creator of a bucket removes what the first has loaded",
            "review of the first fix",
            _WRONG,
        ),
        Fault(
            "creation-outlives-stop",
            "a creation in flight enters its watcher after the stop",
            "review of the first fix",
            _WRONG,
        ),
        Fault(
            "eviction-under-lock",
            "the evicted watcher is stopped under the manager's lock",
            "review of the first fix",
            _CIRCLE,
        ),
        Fault(
            "deaf-loop",
            "stop waits for a watch loop that cannot see it",
            "review of the first fix",
            {"locking": ("hang", "named"), "snapshot": ("hang", "named")},
        ),
        Fault(
            "opa-1543",
            "masking a decision log opens a second read transaction",
            "open-policy-agent/opa issue 1543",
            _CIRCLE,
            family=True,
        ),
        Fault(
            "opa-envoy-279",
            "the same with its transaction closed: two locks taken in two orders",
            "open-policy-agent/opa-envoy-plugin pull request 279",
            _CIRCLE,
            family=True,
        ),
        Fault(
            "opa-9122",
            "a log line that nobody reads, written inside a transaction",
            "open-policy-agent/opa issue 9122",
            {"locking": ("hang", "named"), "snapshot": ("one stuck", "one stuck")},
            family=True,
        ),
        Fault(
            "pomerium-2151",
            "a record looked up in a read transaction of its own, inside an evaluation",
            "pomerium/pomerium pull request 2151",
            _CIRCLE,
            family=True,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Which scene to play, and with what. ``nats_url`` is "" for the scenes that need none."""

    fault: str
    manager: ManagerKind = "broken"
    store: StoreKind = "locking"
    detect: Detect = "off"
    nats_url: str = ""

    @property
    def expected(self) -> Verdict:
        """What is documented to come of it."""
        return FAULTS[self.fault].expected(self.manager, self.store, self.detect)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scene.

    Attributes:
        verdict: in a word.
        requests: how many queries were asked over HTTP, and ``served`` of them answered with 200.
        probes: how often the liveness probe asked, and ``probes_failed`` how often it was not
            answered with 200 within its limit.
        slowest_probe: seconds; that of its limit, for one that was not answered.
        readers_stuck: the most threads at once that waited to read the store.
        writer_wait: seconds of the longest wait to commit to it.
        explained_ms: milliseconds from the step that closes the circle (or begins the hang) to the
            explanation.
        explanation: the text of it, or "".
        finding: for answers that are wrong, what is.
        threads: how the threads stood then, one paragraph for each that waits or holds something.
    """

    verdict: Verdict
    requests: int = 0
    served: int = 0
    probes: int = 0
    probes_failed: int = 0
    slowest_probe: float = 0.0
    readers_stuck: int = 0
    writer_wait: float = 0.0
    explained_ms: float | None = None
    explanation: str = ""
    finding: str = ""
    threads: tuple[str, ...] = ()
