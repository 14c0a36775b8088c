"""Policies and data from files: what ``opa eval --data PATH`` loads, loaded the same way.

A ``.rego`` file is a module. A JSON or YAML file is data: at the root if it was named itself, and
under the names of the directories between if it was found in a directory that was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from regolive.errors import RegoliveError
from regolive.values import loads

_DATA_SUFFIXES = (".json", ".yaml", ".yml")


class SourceError(RegoliveError):
    """A policy or data file that cannot be read. The message names the file, and the line."""


@dataclass(slots=True)
class Sources:
    """Modules by file name, and the base documents."""

    modules: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def load_paths(paths: Iterable[str | os.PathLike[str]]) -> Sources:
    """Read files and directories (with all below them; hidden ones are left out).

    Raises SourceError for a path that does not exist, a file that cannot be parsed, and two files
    that give one path of the data different values.
    """
    found = Sources()
    owners: dict[tuple[str, ...], str] = {}
    for path in paths:
        for file, prefix in _files(Path(path)):
            if file.suffix == ".rego":
                found.modules[str(file)] = _text(file)
            else:
                document = _document(file)
                for name in reversed(prefix):
                    document = {name: document}
                if not isinstance(document, dict):
                    raise SourceError(
                        f"{file}: the document must be an object, to stand at the root of data; "
                        f"it is {type(document).__name__}"
                    )
                _merge(found.data, document, str(file), (), owners)
    return found


def load_schemas(path: str | os.PathLike[str]) -> dict[tuple[str, ...], Any]:
    """JSON schemas by path: a file is the schema of ``input``, under the empty path; of a directory
    each file stands under its directories' names and its own, without the suffix.

    Raises SourceError for a path that does not exist, and a file that cannot be parsed.
    """
    place = Path(path)
    if place.is_file():
        return {(): _document(place)}
    return {
        (*prefix, file.stem): _document(file)
        for file, prefix in _files(place)
        if file.suffix in _DATA_SUFFIXES
    }


def _files(path: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    if path.is_file():
        if path.suffix != ".rego" and path.suffix not in _DATA_SUFFIXES:
            raise SourceError(f"{path}: expected a .rego, .json, .yaml or .yml file")
        yield path, ()
        return
    if not path.is_dir():
        raise SourceError(f"{path}: no such file or directory")
    for root, directories, names in os.walk(path):
        directories[:] = sorted(d for d in directories if not d.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            if not name.startswith(".") and (
                file.suffix == ".rego" or file.suffix in _DATA_SUFFIXES
            ):
                yield file, Path(root).relative_to(path).parts


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{file}: not UTF-8: {error}") from error
    except OSError as error:
        raise SourceError(f"{file}: {error.strerror}") from error


def _document(file: Path) -> Any:
    text = _text(file)
    try:
        if file.suffix == ".json":
            return loads(text)
        return check_json(yaml.safe_load(text), str(file))
    except yaml.YAMLError as error:
        raise SourceError(f"{file}: {error}") from error
    except ValueError as error:
        raise SourceError(f"{file}: {error}") from error


def _merge(
    into: dict[str, Any],
    more: Mapping[str, Any],
    file: str,
    path: tuple[str, ...],
    owners: dict[tuple[str, ...], str],
) -> None:
    for key, value in more.items():
        here = (*path, key)
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge(old, value, file, here, owners)
        elif key in into and old != value:
            where = "/".join(here)
            other = next(
                (owners[here[:n]] for n in range(len(here), 0, -1) if here[:n] in owners), "?"
            )
            raise SourceError(f"{file}: data/{where} is given another value by {other}")
        else:
            into[key] = value
            owners[here] = file


def check_json(document: Any, what: str) -> Any:
    """A copy of a JSON document. Raises SourceError naming the first place that is not JSON."""
    try:
        return json.loads(json.dumps(document, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        place = _first_bad(document, what) or f"{what}: {error}"
        raise SourceError(place) from error


def _first_bad(value: Any, path: str, depth: int = 0) -> str | None:
    if depth > 200:
        return f"{path}: nested too deeply, or in itself"
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str | int | float | bool | None):
                return f"{path}: key {key!r:.60} is not a string"
            bad = _first_bad(item, f"{path}/{key}", depth + 1)
            if bad:
                return bad
        return None
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            bad = _first_bad(item, f"{path}/{index}", depth + 1)
            if bad:
                return bad
        return None
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return f"{path}: {value!r:.60} ({type(value).__name__}) is not JSON"
    return None
