"""Helpers for tests, of regolive itself and of those who build on it."""

from regolive.testing.explorer import (
    Exploration,
    Failure,
    Program,
    ScheduleFailure,
    checkpoint,
    explore,
)
from regolive.testing.nats_server import NatsServer, NatsServerError
from regolive.testing.plugins import explore_builtin
from regolive.testing.scheduling import ExplorerError
from regolive.testing.tracing import Step

__all__ = [
    "Exploration",
    "ExplorerError",
    "Failure",
    "NatsServer",
    "NatsServerError",
    "Program",
    "ScheduleFailure",
    "Step",
    "checkpoint",
    "explore",
    "explore_builtin",
]
