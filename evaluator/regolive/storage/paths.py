"""Paths into the store, and following one through a document.

A path is a tuple of strings, as in OPA's storage API; its text form is ``/a/b`` with each segment
URL-escaped. In an array a segment is a decimal index, and ``-`` is the place after the last one.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

from regolive.errors import InvalidPathError, NotFoundError

Path = tuple[str, ...]
"""Segments from the root of ``data``; the root is ``()``."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INDEX = re.compile(r"[+-]?[0-9]{1,18}")


def parse_path(text: str) -> Path:
    """The path that ``text`` writes: ``/servers/0/host``, segments URL-escaped, ``/`` the root.

    As OPA's `storage.ParsePathEscaped`: empty segments count, so ``/a/`` ends in an empty one.

    Raises:
        InvalidPathError: no leading slash, or an escape that is not one.
    """
    if not isinstance(text, str) or not text.startswith("/"):
        raise InvalidPathError(f"storage path {text!r} must be text that begins with '/'")
    if text == "/":
        return ()
    if _BAD_ESCAPE.search(text):
        raise InvalidPathError(f"storage path {text!r} has a '%' that escapes nothing")
    try:
        return tuple(unquote(segment, errors="strict") for segment in text[1:].split("/"))
    except UnicodeDecodeError as error:
        raise InvalidPathError(f"storage path {text!r} is not UTF-8: {error}") from None


def format_path(path: Path) -> str:
    """The text of ``path``, which `parse_path` reads back."""
    return "/" + "/".join(quote(str(segment), safe="$&+=:@") for segment in path)


def as_path(path: Path | str) -> Path:
    """``path`` itself, or the one its text writes.

    Raises:
        InvalidPathError: text that is no path, or something that is neither text nor tuple.
    """
    return path if isinstance(path, tuple) else parse_path(path)


def not_found(path: Path, hint: str = "document does not exist") -> NotFoundError:
    """The error for a path that leads nowhere, with OPA's words."""
    return NotFoundError(f"{format_path(path)}: {hint}")


def array_index(segment: str, length: int, path: Path) -> int:
    """``segment`` as an index into an array of ``length`` elements; ``path`` is for the error.

    Raises:
        NotFoundError: not an integer, or out of range.
    """
    if not isinstance(segment, str) or not _INDEX.fullmatch(segment):
        raise not_found(path, "array index must be integer")
    index = int(segment)
    if not 0 <= index < length:
        raise not_found(path, "array index out of range")
    return index


def lookup(document: Any, path: Path) -> Any:
    """The value at ``path`` inside ``document``.

    Raises:
        NotFoundError: there is none.
    """
    node = document
    for segment in path:
        if isinstance(node, dict):
            if segment not in node:
                raise not_found(path)
            node = node[segment]
        elif isinstance(node, list):
            node = node[array_index(segment, len(node), path)]
        else:
            raise not_found(path)
    return node
