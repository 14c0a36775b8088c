"""What can go wrong with serving, beside what goes wrong in the engine."""

from __future__ import annotations

from regolive.errors import RegoliveError


class ServerError(RegoliveError):
    """The server cannot start, listen or stop. The message says why."""


class MissingExtraError(RegoliveError, ImportError):
    """The libraries for HTTP are not installed. The message says how to install them."""


class RequestError(RegoliveError):
    """A request that cannot be answered as it is.

    ``status`` is the HTTP status, ``code`` OPA's code for the reply.
    """

    def __init__(self, message: str, *, status: int = 400, code: str = "invalid_parameter") -> None:
        self.status = status
        self.code = code
        super().__init__(message)
