"""What can go wrong between the plugin and NATS, under regolive's own root of errors."""

from __future__ import annotations

from regolive.errors import RegoliveError


class NatsError(RegoliveError):
    """The root of the errors of this plugin, and any answer of NATS that is not expected."""


class NatsUnavailableError(NatsError):
    """There is no connection to NATS now, or it was lost during the call. It may work later."""


class NatsTimeoutError(NatsError):
    """NATS did not answer within the time allowed."""


class BucketNotFoundError(NatsError):
    """NATS answered, and there is no such bucket."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        super().__init__(f"bucket {bucket!r} does not exist")


class StreamLostError(NatsError):
    """A watch stream has a gap or has gone silent. What it brought so far may be out of date."""


class ManagerStoppingError(NatsError):
    """A new bucket was asked of a manager that is stopping, or has stopped."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        super().__init__(f"bucket {bucket!r} is refused: the watcher manager is stopping")
