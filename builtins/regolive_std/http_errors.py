"""What goes wrong with a request on the wire, in the words of Go's client."""

from __future__ import annotations


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
