"""The files of a bundle, from a directory or a ``.tar.gz``, read into memory and nowhere else.

Nothing is unpacked to disk. What is read is counted as it comes out of the decompressor, so that
neither a header that lies nor a small archive of great size gets past the limit.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from regolive.errors import BundleError

DEFAULT_LIMIT = 256 * 1024 * 1024
"""Bytes that a bundle may hold when it is unpacked."""


def read_files(path: str | os.PathLike[str], limit_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Name (no leading slash, segments joined by ``/``) and content of each file of a bundle.

    Raises:
        BundleError: not readable, over the limit, or with members that a bundle cannot have.
    """
    where = Path(path)
    if where.is_dir():
        return _directory(where, limit_bytes)
    if not where.exists():
        raise BundleError(f"{where}: there is no such file or directory")
    return _archive(where, limit_bytes)


def _too_big(where: Path, limit: int) -> BundleError:
    return BundleError(
        f"{where}: more than {limit} bytes when unpacked; raise the limit if that is intended"
    )


def _directory(root: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    real_root = root.resolve()
    total = 0

    def refuse(error: OSError) -> None:
        raise BundleError(f"{root}: {error}") from error

    for folder, folders, files in os.walk(root, onerror=refuse):
        # Kubernetes mounts keep the real files in folders named "..2024_01_01", and link to them.
        folders[:] = sorted(name for name in folders if not name.startswith(".."))
        for file in sorted(files):
            if file.startswith(".."):
                continue
            full = Path(folder, file)
            name = full.relative_to(root).as_posix()
            real = full.resolve()
            if not real.is_relative_to(real_root):
                raise BundleError(f"{root}: {name}: a link that leads out of the bundle")
            if not real.is_file():
                raise BundleError(f"{root}: {name}: not a regular file")
            try:
                with real.open("rb") as stream:
                    content = stream.read(limit - total + 1)
            except OSError as error:
                raise BundleError(f"{root}: {name}: {error}") from error
            total += len(content)
            if total > limit:
                raise _too_big(root, limit)
            yield name, content


class _Counted(io.RawIOBase):
    """A stream that ends with an error once more than the limit has been read from it."""

    def __init__(self, stream: gzip.GzipFile, where: Path, limit: int) -> None:
        self.stream = stream
        self.where = where
        self.limit = limit
        self.total = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        left = self.limit - self.total + 1
        content = self.stream.read(left if size is None or size < 0 else min(size, left))
        self.total += len(content)
        if self.total > self.limit:
            raise _too_big(self.where, self.limit)
        return content


def _archive(where: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    seen: set[str] = set()
    try:
        with where.open("rb") as packed, gzip.GzipFile(fileobj=packed) as unpacked:
            counted = _Counted(unpacked, where, limit)
            # "r|": front to back, never seeking, so that every byte passes the counter once.
            with tarfile.open(fileobj=counted, mode="r|") as archive:
                for member in archive:
                    name = _member_name(member, where)
                    if member.isdir():
                        continue
                    if name in seen:
                        raise BundleError(f"{where}: {name}: twice in the archive")
                    seen.add(name)
                    content = archive.extractfile(member)
                    if content is None:
                        raise BundleError(f"{where}: {name}: has no content")
                    yield name, content.read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise BundleError(f"{where}: not a readable .tar.gz archive: {error}") from error


def _member_name(member: tarfile.TarInfo, where: Path) -> str:
    """The member's path below the archive's root.

    OPA writes names with a leading slash, and means the root of the bundle by it.
    """
    shown = f"{where}: member {member.name!r}"
    if member.issym() or member.islnk():
        raise BundleError(f"{shown}: a link (to {member.linkname!r}); bundles have none")
    if not (member.isfile() or member.isdir()) or member.issparse():
        # (A sparse file can be larger than the bytes that are counted for it.)
        raise BundleError(f"{shown}: neither a plain file nor a directory")
    if "\\" in member.name or "\0" in member.name:
        raise BundleError(f"{shown}: a character that file names in bundles cannot have")
    segments = [segment for segment in member.name.split("/") if segment not in ("", ".")]
    if ".." in segments:
        raise BundleError(f"{shown}: leads out of the bundle")
    if not segments and not member.isdir():
        raise BundleError(f"{shown}: has no name")
    if segments and len(segments[0]) == 2 and segments[0][1] == ":":
        raise BundleError(f"{shown}: an absolute path")
    return "/".join(segments)
