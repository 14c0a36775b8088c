"""The configuration section ``nats``, with the names and defaults of the opa-nats plugin.

Everything that is wrong with a section is reported together, each with its key and what was
expected. Secrets are in no message and in no repr.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlsplit

from regolive.errors import ConfigError, nearest
from regolive_nats.durations import parse_duration

SECTION = "plugins.nats"
BUCKET_NAME = re.compile(r"[a-zA-Z0-9_-]+\Z")
"""What a bucket can be called (NATS ADR-8)."""

_SCHEMES = ("nats", "tls", "ws", "wss")
_SECRET = frozenset({"token", "password", "user_jwt", "user_nkey_seed", "server_url"})
_FILES = ("credentials", "tls_cert", "tls_key", "tls_ca_cert")
_DURATIONS = ("ttl", "refresh_interval", "reconnect_wait", "request_timeout")
_POSITIVE = ("reconnect_wait", "request_timeout")
_CONNECTION = (
    "server_url", "credentials", "token", "username", "password", "user_jwt", "user_nkey_seed",
    "tls_cert", "tls_key", "tls_ca_cert", "tls_insecure", "reconnect_wait",
    "max_reconnect_attempts",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class NatsConfig:
    """How to reach NATS, and how to follow its buckets. Durations are in seconds.

    ``server_url``: one URL, or several with commas between them. To authenticate: ``credentials``
    (path of a .creds file), ``token``, ``username`` with ``password``, or ``user_jwt`` with
    ``user_nkey_seed``; at most one of these. ``tls_cert``, ``tls_key`` and ``tls_ca_cert`` are
    paths of PEM files; ``tls_insecure`` accepts any certificate.

    ``ttl``: a bucket that no query has asked for in that long is not followed any more (0: keep
    it). ``refresh_interval``: how often a watcher compares its revision with the bucket's (0:
    never). ``reconnect_wait``: between attempts to connect. After ``max_reconnect_attempts`` in a
    row have failed, an error is logged and attempts become rarer (-1: they do not).
    ``max_bucket_watchers``: how many buckets are followed at once. ``root_bucket``: the bucket
    whose keys stand at the top of ``data`` ("": none). ``request_timeout``: the most that one
    request to NATS may take; a name of ours, opa-nats has none.
    """

    server_url: str = "nats://localhost:4222"
    credentials: str = ""
    token: str = ""
    username: str = ""
    password: str = ""
    user_jwt: str = ""
    user_nkey_seed: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    tls_ca_cert: str = ""
    tls_insecure: bool = False
    ttl: float = 600.0
    refresh_interval: float = 30.0
    max_reconnect_attempts: int = 10
    reconnect_wait: float = 2.0
    max_bucket_watchers: int = 10
    root_bucket: str = ""
    request_timeout: float = 5.0

    @property
    def servers(self) -> list[str]:
        """The URLs of ``server_url``. They may hold a password: not for logs."""
        return [url.strip() for url in self.server_url.split(",")]

    @property
    def shown_url(self) -> str:
        """``server_url`` as logs and errors may show it: without user, password or token."""
        return ",".join(map(_redact, self.servers))

    @property
    def authentication(self) -> str:
        """How it authenticates, in a word: never with what."""
        return next(iter(_ways(self)), "none")

    def same_connection(self, other: NatsConfig) -> bool:
        """Whether a connection made for one serves the other."""
        return all(getattr(self, key) == getattr(other, key) for key in _CONNECTION)

    def __repr__(self) -> str:
        hidden = ("token", "username", "password", "user_jwt", "user_nkey_seed", "server_url")
        shown = ", ".join(
            f"{f.name}={value!r}"
            for f in fields(self)
            if f.name not in hidden and (value := getattr(self, f.name)) != f.default
        )
        return (
            f"NatsConfig(server_url={self.shown_url!r}, authentication={self.authentication!r}"
            + (f", {shown})" if shown else ")")
        )


def load_config(section: Mapping[str, Any] | None) -> NatsConfig:
    """Check a ``nats`` section. Raises ConfigError for all that is wrong with it."""
    if section is None:
        return NatsConfig()
    if not isinstance(section, Mapping):
        raise ConfigError(f"{SECTION}: expected an object, found {type(section).__name__}")
    known = {f.name: f.default for f in fields(NatsConfig)}
    problems: list[str] = []
    values: dict[str, Any] = {}
    for key, value in section.items():
        if key not in known:
            near = nearest(str(key), list(known))
            hint = f"did you mean {near!r}?" if near else f"known keys: {', '.join(known)}"
            problems.append(f"{SECTION}.{key}: unknown key; {hint}")
            continue
        expected = _expected(key, value)
        if expected is not None:
            found = type(value).__name__ if key in _SECRET else f"{value!r:.60}"
            problems.append(f"{SECTION}.{key}: expected {expected}, found {found}")
        elif key in _DURATIONS:
            values[key] = parse_duration(value)
        else:
            values[key] = value
    config = NatsConfig(**values)
    problems += _combinations(config)
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def _expected(key: str, value: Any) -> str | None:
    """What should stand at ``key`` if ``value`` should not."""
    if key == "tls_insecure":
        return None if isinstance(value, bool) else "true or false"
    if key == "max_bucket_watchers":
        return None if _is_int(value, 1) else "a whole number of at least 1"
    if key == "max_reconnect_attempts":
        return None if _is_int(value, -1) else "a whole number of at least 0, or -1 for no limit"
    if key in _DURATIONS:
        return _expected_duration(key, value)
    if key == "server_url":
        good = isinstance(value, str) and all(map(_is_url, value.split(",")))
        return None if good else 'a URL such as "nats://localhost:4222" (or several, with commas)'
    if key == "root_bucket":
        good = isinstance(value, str) and (not value or bool(BUCKET_NAME.match(value)))
        return None if good else "the name of a bucket (letters, digits, - and _)"
    if not isinstance(value, str):
        return "the path of a file" if key in _FILES else "a string"
    if key in _FILES and value and not os.access(value, os.R_OK):
        return "the path of a file that can be read"
    return None


def _expected_duration(key: str, value: Any) -> str | None:
    expected = 'a duration such as "10m", "1h30m" or "250ms"'
    if not isinstance(value, str):
        return expected
    try:
        seconds = parse_duration(value)
    except ValueError:
        return expected
    if seconds < 0 or (seconds == 0 and key in _POSITIVE):
        return f"{expected}, {'more than' if key in _POSITIVE else 'at least'} 0"
    return None


def _is_int(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text.strip())
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.hostname)


def _redact(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(not a URL)"
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _ways(config: NatsConfig) -> list[str]:
    """The ways of authenticating that are configured, whole or in part."""
    ways = {
        "credentials": config.credentials,
        "token": config.token,
        "username and password": config.username or config.password,
        "user_jwt and user_nkey_seed": config.user_jwt or config.user_nkey_seed,
        "server_url": any("@" in urlsplit(u).netloc for u in config.servers),
    }
    return [name for name, given in ways.items() if given]


def _combinations(config: NatsConfig) -> list[str]:
    problems = []
    pairs = (("username", "password"), ("user_jwt", "user_nkey_seed"), ("tls_cert", "tls_key"))
    for pair in pairs:
        for present, absent in (pair, pair[::-1]):
            if getattr(config, present) and not getattr(config, absent):
                problems.append(
                    f"{SECTION}.{absent}: expected, because {present} is given: "
                    "they only work together"
                )
    ways = _ways(config)
    if len(ways) > 1:
        problems.append(
            f"{SECTION}: expected one way of authenticating, found {len(ways)}: {', '.join(ways)}"
        )
    return problems
