"""What goes wrong with a request on the wire, in the words of Go's client."""

from __future__ import annotations

import re

import httpcore


class NetworkError(Exception):
    """A request could not be sent, or was not answered.

    Attributes:
        text: as a response shows it where ``raise_error`` is false.
        raised: as the error of the builtin says it.
        transient: another attempt may succeed.
    """

    def __init__(self, text: str, *, transient: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.raised = text
        self.transient = transient

    def again(self) -> NetworkError:
        """The same error, to be raised once more."""
        error = NetworkError(self.text, transient=self.transient)
        error.raised = self.raised
        return error


# What h11 says, and Go.
_SAID = (
    (re.compile(r"illegal status line: bytearray\(b'(.*)'\)"), 'malformed HTTP response "{}"'),
    (re.compile(r"illegal header line: bytearray\(b'(.*)'\)"), "malformed MIME header line: {}"),
    (re.compile(r"illegal chunk header"), "invalid byte in chunk length"),
)
_BROKEN = "net/http: HTTP/1.x transport connection broken: "


def protocol_error(error: Exception, *, body: bool = False) -> str:
    """Go's words for an error of httpcore; ``body``: it came while the body was read."""
    text = str(error)
    if isinstance(error, httpcore.ReadError | httpcore.WriteError):
        return text
    if text.startswith("Server disconnected without sending"):
        return "EOF"
    if "peer closed connection" in text:
        return "unexpected EOF"
    if isinstance(error, httpcore.LocalProtocolError):
        return f"net/http: {text}"
    for pattern, template in _SAID:
        found = pattern.match(text)
        if found:
            text = template.format(*found.groups())
            break
    return text if body else f"{_BROKEN}{text}"
