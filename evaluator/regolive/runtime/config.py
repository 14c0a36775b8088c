"""The runtime's configuration: from a YAML or JSON file, or a mapping.

Every key is checked: an unknown one is an error that names the key and the nearest known one.
What stands under ``plugins:`` belongs to the plugins, each to check its own section.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from regolive.errors import ConfigError, nearest


@dataclass(frozen=True, slots=True)
class Config:
    """What a runtime can be told.

    ``store``: "snapshot" or "locking". ``strict_builtin_errors``: an error of a builtin is one of
    the query. ``background_threads``: how many threads run plugins' background work at most.
    ``front_end``: the compiler for Rego text ("regolive" or "regopy"). ``v0_compatible``: policies
    are Rego v0; ``strict``: refuse what OPA's strict mode refuses; ``schema``: a file with the JSON
    schema of ``input``, or a directory of schemas for annotations. ``capabilities``: a file, in the
    format of OPA's ``capabilities.json``, that says what policies may use.
    ``wait_graph``: what is done about a circular wait ("raise", "report" or "off"), and
    ``watchdog_threshold`` after how many seconds any wait is reported (null: never); both hold for
    the whole process, and stay as they are if left out.
    ``plugins``: a section for each plugin.
    """

    store: str = "snapshot"
    strict_builtin_errors: bool = False
    background_threads: int = 4
    front_end: str = "regolive"
    v0_compatible: bool = False
    strict: bool = False
    schema: str | None = None
    capabilities: str | None = None
    wait_graph: str | None = None
    watchdog_threshold: float | str | None = "keep"
    plugins: Mapping[str, Any] = field(default_factory=dict)


def load_config(source: Config | Mapping[str, Any] | str | os.PathLike[str] | None) -> Config:
    """Read and check a configuration. Raises ConfigError for all that is wrong with it at once."""
    if source is None:
        return Config()
    if isinstance(source, Config):
        return source
    if isinstance(source, Mapping):
        return _check(source, "configuration")
    path = Path(source)
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON is YAML
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if document is None:
        return Config()
    if not isinstance(document, Mapping):
        raise ConfigError(f"{path}: expected an object, found {type(document).__name__}")
    return _check(document, str(path))


_EXPECTED = {
    "store": (str, "'snapshot' or 'locking'"),
    "strict_builtin_errors": (bool, "true or false"),
    "background_threads": (int, "a whole number of at least 1"),
    "front_end": (str, "the name of a front end"),
    "v0_compatible": (bool, "true or false"),
    "strict": (bool, "true or false"),
    "schema": (str | None, "the path of a JSON schema, or of a directory of schemas"),
    "capabilities": (str | None, "the path of a capabilities file"),
    "wait_graph": (str, "'raise', 'report' or 'off'"),
    "watchdog_threshold": (int | float | None, "seconds, or null for no watchdog"),
    "plugins": (Mapping, "an object with a section for each plugin"),
}


def _check(document: Mapping[str, Any], where: str) -> Config:
    known = [f.name for f in fields(Config)]
    problems = unknown_keys(document, known, where)
    for key, (kind, expected) in _EXPECTED.items():
        if key not in document:
            continue
        value = document[key]
        bad = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        bad = bad or (key == "store" and value not in ("snapshot", "locking"))
        bad = bad or (key == "wait_graph" and value not in ("raise", "report", "off"))
        bad = bad or (key == "watchdog_threshold" and isinstance(value, bool))
        bad = bad or (key == "background_threads" and value < 1)
        if bad:
            problems.append(f"{where}: {key}: expected {expected}, found {value!r:.60}")
    if problems:
        raise ConfigError("\n".join(problems))
    return Config(**document)


def unknown_keys(document: Mapping[str, Any], known: Iterable[str], where: str) -> list[str]:
    """A message for each key that is not known."""
    names = list(known)
    problems = []
    for key in document:
        if key not in names:
            near = nearest(str(key), names)
            hint = f"; did you mean {near!r}?" if near else f"; known keys: {', '.join(names)}"
            problems.append(f"{where}: unknown key {key!r}{hint}")
    return problems
