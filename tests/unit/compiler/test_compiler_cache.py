"""The cache of compiled policy sets on disk: whole entries or none, bounded, never in the way."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from regolive.compiler import cache as cache_module
from regolive.compiler.cache import ENVIRONMENT, DiskCache, default_cache


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "sets")


def entry(cache: DiskCache) -> Path:
    (found,) = cache.directory.glob("*.set")
    return found


def test_what_was_stored_is_loaded(cache: DiskCache) -> None:
    assert cache.load("a") is None
    cache.store("a", b"payload")
    cache.store("b", b"")
    assert cache.load("a") == b"payload"
    assert cache.load("b") == b""


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: b"",
        lambda content: content[:-3] + b"abc",
        lambda content: b"another format\n" + content,
    ],
    ids=["cut", "longer", "empty", "changed", "foreign"],
)
def test_a_damaged_entry_is_told_of_and_removed(cache, damage, caplog) -> None:
    cache.store("a", b"payload")
    path = entry(cache)
    path.write_bytes(damage(path.read_bytes()))
    with caplog.at_level(logging.WARNING, "regolive.compiler"):
        assert cache.load("a") is None
    assert "damaged" in caplog.text
    assert str(path) in caplog.text
    assert not path.exists()


def test_an_entry_written_again_replaces_the_old_one(cache: DiskCache) -> None:
    cache.store("a", b"one")
    cache.store("a", b"two")
    assert cache.load("a") == b"two"
    assert [p.name for p in cache.directory.iterdir()] == ["a.set"]


def test_the_least_recently_used_entries_go_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "sets", limit=3500)
    for number, name in enumerate("abc"):
        cache.store(name, bytes(1000))
        os.utime(cache.directory / f"{name}.set", (number, number))
    assert cache.load("a") is not None  # now the most recently used
    cache.store("d", bytes(1000))
    assert cache.load("b") is None
    assert [name for name in "acd" if cache.load(name) is not None] == ["a", "c", "d"]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX permissions")
def test_a_directory_that_others_can_write_to_is_not_used(cache: DiskCache, caplog) -> None:
    cache.store("a", b"payload")
    cache.directory.chmod(0o777)
    with caplog.at_level(logging.WARNING, "regolive.compiler"):
        assert cache.load("a") is None
        cache.store("b", b"payload")
    assert "others can write to it" in caplog.text
    cache.directory.chmod(0o700)
    assert cache.load("a") == b"payload"
    assert cache.load("b") is None


def test_a_directory_that_cannot_be_made_is_told_of_once(tmp_path: Path, caplog) -> None:
    (tmp_path / "file").write_text("")
    cache = DiskCache(tmp_path / "file" / "sets")
    with caplog.at_level(logging.WARNING, "regolive.compiler"):
        cache.store("a", b"payload")
        cache.store("b", b"payload")
        assert cache.load("a") is None
    assert caplog.text.count("cannot be") == 1


def test_processes_that_write_at_once_leave_a_whole_entry(cache: DiskCache) -> None:
    script = (
        "import sys; from pathlib import Path; from regolive.compiler.cache import DiskCache\n"
        "cache = DiskCache(Path(sys.argv[1]))\n"
        "sys.stdin.readline()\n"  # all begin together
        "for n in range(100):\n"
        "    cache.store('key', sys.argv[2].encode() * 50000)\n"
        "    found = cache.load('key')\n"
        "    assert found is not None and len(set(found)) == 1 and len(found) == 50000, found\n"
    )
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(cache.directory), letter],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for letter in "abc"
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
        assert "damaged" not in errors
    assert [p.name for p in cache.directory.iterdir()] == ["key.set"]


def test_the_environment_names_the_directory(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    found = default_cache()
    assert found is not None
    assert found.directory == tmp_path
    monkeypatch.setenv(ENVIRONMENT, "off")
    assert default_cache() is None
    monkeypatch.delenv(ENVIRONMENT)
    monkeypatch.setattr(cache_module.platformdirs, "user_cache_path", lambda name: tmp_path / name)
    found = default_cache()
    assert found is not None
    assert found.directory == tmp_path / "regolive" / "sets"
