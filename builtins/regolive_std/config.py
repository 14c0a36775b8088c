"""The configuration section ``std``: what the standard builtins that reach outside may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from regolive.errors import ConfigError, nearest
from regolive_std.http_ import HttpConfig

SECTION = "plugins.std"


def load_config(section: Any) -> HttpConfig:
    """Check a ``std`` section. Raises ConfigError for all that is wrong with it."""
    problems: list[str] = []
    http = _section(section, SECTION, ["http_send"], problems).get("http_send")
    keys = list(HttpConfig.__dataclass_fields__)
    where = f"{SECTION}.http_send"
    values: dict[str, Any] = {}
    for key, value in _section(http, where, keys, problems).items():
        if key == "metadata_hosts":
            if isinstance(value, list | tuple) and all(isinstance(v, str) and v for v in value):
                values[key] = frozenset(host.lower() for host in value)
                continue
            expected = "an array of host names or addresses"
        else:
            if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                values[key] = value
                continue
            expected = "a number of bytes"
        problems.append(f"{where}.{key}: expected {expected}, found {value!r:.60}")
    if problems:
        raise ConfigError("\n".join(problems))
    return HttpConfig(**values)


def _section(value: Any, where: str, known: list[str], problems: list[str]) -> dict[str, Any]:
    """The keys of a section that there are; the others are problems."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        problems.append(f"{where}: expected an object, found {type(value).__name__}")
        return {}
    good = {}
    for key, inner in value.items():
        if key in known:
            good[key] = inner
            continue
        near = nearest(str(key), known)
        hint = f"did you mean {near!r}?" if near else f"known keys: {', '.join(known)}"
        problems.append(f"{where}.{key}: unknown key; {hint}")
    return good
