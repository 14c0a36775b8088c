"""Compiled policy sets on disk: bytes by key, safe when processes write at once.

What is kept are pickles, so a directory that somebody else could write to is not used. An entry
carries a checksum: a damaged one is told of, removed, and compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import stat
import tempfile
from pathlib import Path

import platformdirs

log = logging.getLogger("regolive.compiler")

ENVIRONMENT = "REGOLIVE_CACHE_DIR"
"""The environment variable that names another directory, or ``off``."""

_MAGIC = b"regolive set 1\n"
_DIGEST = hashlib.sha256().digest_size
_SUFFIX = ".set"


class DiskCache:
    """A directory of entries, bounded in size: the least recently used go first.

    Nothing here raises: a cache that cannot be read or written is a cache without entries.
    """

    def __init__(self, directory: Path, limit: int = 256 << 20) -> None:
        """
        Args:
            directory: made when the first entry is stored.
            limit: bytes that all entries together may take.
        """
        self.directory = directory
        self.limit = limit
        self._told = False

    def load(self, key: str) -> bytes | None:
        """The bytes stored under a key; None where there are none, or they are damaged."""
        path = self._path(key)
        try:
            if not self._trusted():
                return None
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._tell("cannot be read", error)
            return None
        head = len(_MAGIC) + _DIGEST
        payload = content[head:]
        expected = _MAGIC + hashlib.sha256(payload).digest()
        if content[:head] != expected:
            self.discard(key, "its checksum is wrong")
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used just now: among the last to go
        return payload

    def discard(self, key: str, why: str) -> None:
        """Remove an entry that is of no use, with a warning that says why."""
        path = self._path(key)
        log.warning("compiled policies in %s are damaged (%s): compiling again", path, why)
        with contextlib.suppress(OSError):
            path.unlink()

    def store(self, key: str, payload: bytes) -> None:
        """Keep bytes under a key. Readers see the whole entry or none of it."""
        temporary = None
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._trusted():
                return
            handle, temporary = tempfile.mkstemp(dir=self.directory, suffix=".new")
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(payload).digest())
                file.write(payload)
            os.replace(temporary, self._path(key))
            temporary = None
            self._prune()
        except OSError as error:
            self._tell("cannot be written", error)
        finally:
            if temporary is not None:
                with contextlib.suppress(OSError):
                    os.unlink(temporary)

    def _path(self, key: str) -> Path:
        return self.directory / (key + _SUFFIX)

    def _trusted(self) -> bool:
        """Whether nobody else can have put something there: what is loaded is a pickle."""
        if not hasattr(os, "getuid"):
            return True  # Windows: the user's cache directory is the user's by its access list
        found = self.directory.stat()
        if found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return True
        self._tell("is not used: others can write to it", None)
        return False

    def _prune(self) -> None:
        entries = []
        for entry in os.scandir(self.directory):
            with contextlib.suppress(OSError):  # another process removed it
                if entry.name.endswith((_SUFFIX, ".new")):
                    found = entry.stat()
                    entries.append((found.st_mtime, found.st_size, entry.path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self.limit:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
            total -= size

    def _tell(self, what: str, error: OSError | None) -> None:
        if not self._told:
            self._told = True
            why = f": {error.strerror}" if error is not None else ""
            log.warning("the cache of compiled policies in %s %s%s", self.directory, what, why)


def default_cache() -> DiskCache | None:
    """The user's cache directory, or what the environment says; None for ``off``."""
    named = os.environ.get(ENVIRONMENT)
    if named == "off":
        return None
    if named:
        return DiskCache(Path(named))
    return DiskCache(platformdirs.user_cache_path("regolive") / "sets")
