"""One scene in a process of its own: told line by line as JSON, and ended whatever hangs in it."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict

from regolive_nats.incident import family, scenes
from regolive_nats.incident.faults import Outcome, Setting
from regolive_nats.incident.stage import Say

_SCENES: dict[str, Callable[[Setting, Say], Outcome]] = {
    "creation-under-lock": scenes.creation_under_lock,
    "loser-wipes-winner": scenes.loser_wipes_winner,
    "creation-outlives-stop": scenes.creation_outlives_stop,
    "eviction-under-lock": scenes.eviction_under_lock,
    "deaf-loop": scenes.deaf_loop,
    "opa-1543": family.second_transaction,
    "opa-envoy-279": family.two_orders,
    "opa-9122": family.blocked_log,
    "pomerium-2151": family.record_lookup,
}


def main(argument: str) -> None:
    """Play the scene that the JSON text says, and end the process."""
    setting = Setting(**json.loads(argument))
    began = time.monotonic()
    latch = threading.Lock()

    def line(document: object) -> None:
        with latch:
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()

    def say(text: str) -> None:
        line({"at": round(time.monotonic() - began, 3), "step": text})

    def play() -> None:
        # Not in the main thread, so that the scene's threads have one that started them all.
        try:
            line({"outcome": asdict(_SCENES[setting.fault](setting, say))})
        except BaseException as error:
            found = f"{type(error).__name__}: {error}"
            line({"outcome": asdict(Outcome("failed", finding=found))})
        # What hangs in here hangs for good, in threads that no interpreter would end without.
        os._exit(0)

    threading.Thread(target=play, name="scene").start()


if __name__ == "__main__":
    main(sys.argv[1])
