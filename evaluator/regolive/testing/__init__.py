"""Helpers for tests, of regolive itself and of those who build on it."""

from regolive.testing.nats_server import NatsServer, NatsServerError

__all__ = ["NatsServer", "NatsServerError"]
