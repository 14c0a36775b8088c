"""What the writer of a wrong policy probably meant."""

from __future__ import annotations

from regolive.syntax.cursor import Cursor, Failed

EMPTY = "a module begins with its package, as in `package example`"


def suggest(parser: Cursor, failed: Failed) -> str | None:
    """A sentence on what was probably meant, None if there is no telling."""
    return None
