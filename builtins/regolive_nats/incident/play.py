"""Scenes played from outside: each in a child process, which ends in any case; and told as text.

What ``regolive incident`` shows comes from here.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, get_args

from regolive_nats.incident.faults import FAULTS, ManagerKind, Outcome, Setting, StoreKind

LIMIT = 25.0
"""Seconds after which a scene's process is killed. None takes a quarter of it."""

Step = Callable[[float, str], object]
Played = tuple[Setting, Outcome]


def play(setting: Setting, step: Step = lambda at, text: None) -> Outcome:
    """Play one scene in a process of its own.

    Args:
        setting: which, and with what.
        step: told the seconds since the beginning, and what has just come about.
    """
    command = [sys.executable, "-m", "regolive_nats.incident.child", json.dumps(asdict(setting))]
    errors: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        stderr = child.stderr
        reader = threading.Thread(target=lambda: errors.append(stderr.read()), daemon=True)
        reader.start()
        killer = threading.Timer(LIMIT, child.kill)
        killer.start()
        try:
            for line in child.stdout:
                document = json.loads(line)
                if "outcome" in document:
                    told = document["outcome"]
                    return Outcome(**{**told, "threads": tuple(told["threads"])})
                step(document["at"], document["step"])
        finally:
            killer.cancel()
            child.kill()
        reader.join(1.0)
    return Outcome("failed", finding=f"the scene's process ended: {''.join(errors)[-2000:]}")


def settings(faults: Iterable[str]) -> list[Setting]:
    """All scenes of a story, in the order of its table."""
    return [
        Setting(fault, manager, store, detect)
        for fault in faults
        for manager in get_args(ManagerKind)
        for store in get_args(StoreKind)
        for detect in ("off", "raise")
    ]


def play_all(
    scenes: Sequence[Setting], urls: Sequence[str], played: Callable[[Played], object]
) -> list[Played]:
    """Play scenes side by side, one at a time for each NATS server, and return them in order."""
    waiting: queue.SimpleQueue[Setting] = queue.SimpleQueue()
    for setting in scenes:
        waiting.put(setting)
    outcomes: dict[Setting, Outcome] = {}
    latch = threading.Lock()

    def work(url: str) -> None:
        while True:
            try:
                setting = waiting.get_nowait()
            except queue.Empty:
                return
            needs = "" if FAULTS[setting.fault].family else url
            outcome = play(replace(setting, nats_url=needs))
            with latch:
                outcomes[setting] = outcome
                played((setting, outcome))

    workers = [threading.Thread(target=work, args=(url,), name="scenes") for url in urls]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [(setting, outcomes[setting]) for setting in scenes]


def document(setting: Setting, outcome: Outcome) -> dict[str, Any]:
    """One scene as plain JSON."""
    told = {key: value for key, value in asdict(setting).items() if key != "nats_url"}
    return {
        **told,
        "expected": setting.expected,
        "as_documented": outcome.verdict == setting.expected,
        "outcome": asdict(outcome),
    }


def cell(outcome: Outcome) -> str:
    """An outcome in a table's cell."""
    if outcome.verdict in ("explained", "named") and outcome.explained_ms is not None:
        return f"{outcome.verdict} in {outcome.explained_ms:.0f} ms"
    return outcome.verdict
