"""The configuration section: names and defaults of opa-nats, problems together, no secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from regolive.errors import ConfigError
from regolive_nats.config import NatsConfig, load_config
from regolive_nats.durations import format_duration, parse_duration


def problems(section: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(section)
    return str(caught.value).splitlines()


def test_defaults_are_those_of_opa_nats() -> None:
    config = load_config({})
    assert config == NatsConfig() == load_config(None)
    assert config.server_url == "nats://localhost:4222"
    assert config.ttl == 600
    assert config.refresh_interval == 30
    assert config.max_reconnect_attempts == 10
    assert config.reconnect_wait == 2
    assert config.max_bucket_watchers == 10
    assert config.root_bucket == ""
    assert not config.tls_insecure


def test_every_key() -> None:
    config = load_config(
        {
            "server_url": "nats://a:4222, tls://b",
            "username": "u",
            "password": "p",
            "ttl": "1h30m",
            "refresh_interval": "250ms",
            "reconnect_wait": "1.5s",
            "request_timeout": "3s",
            "max_reconnect_attempts": -1,
            "max_bucket_watchers": 25,
            "root_bucket": "permit-groups-default",
            "tls_insecure": True,
        }
    )
    assert config.servers == ["nats://a:4222", "tls://b"]
    assert (config.ttl, config.refresh_interval, config.reconnect_wait) == (5400, 0.25, 1.5)
    assert config.authentication == "username and password"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("0", 0),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("1us", 1e-6),
        ("1µs", 1e-6),
        ("3ns", 3e-9),
        ("-1m", -60),
        ("+1m", 60),
    ],
)
def test_durations_as_go_reads_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "m", "1d", "1h 30m", "ten", "1m-3s", "١m", "-", "."])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_durations_for_people() -> None:
    assert [format_duration(s) for s in (0, 0.25, 30, 90, 600, 5400)] == [
        "0s",
        "250ms",
        "30s",
        "1m30s",
        "10m",
        "1h30m",
    ]


def test_unknown_key_names_the_nearest() -> None:
    (line,) = problems({"server_ulr": "nats://x"})
    assert line == "plugins.nats.server_ulr: unknown key; did you mean 'server_url'?"
    (line,) = problems({"zzz": 1})
    assert line.startswith("plugins.nats.zzz: unknown key; known keys: server_url, ")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("ttl", 600, "expected a duration"),
        ("ttl", "ten", "expected a duration"),
        ("ttl", "-1s", "at least 0"),
        ("reconnect_wait", "0", "more than 0"),
        ("max_bucket_watchers", 0, "whole number of at least 1"),
        ("max_bucket_watchers", True, "whole number"),
        ("max_bucket_watchers", "10", "whole number"),
        ("max_reconnect_attempts", -2, "or -1"),
        ("tls_insecure", "yes", "true or false"),
        ("root_bucket", "a.b", "name of a bucket"),
        ("server_url", "localhost:4222", "a URL"),
        ("server_url", "nats://", "a URL"),
        ("server_url", "nats://h:port", "a URL"),
        ("server_url", 4222, "a URL"),
        ("username", 7, "expected a string"),
        ("tls_ca_cert", "/no/such/file", "a file that can be read"),
    ],
)
def test_wrong_values_name_key_and_expectation(key: str, value: Any, expected: str) -> None:
    section = {key: value} | ({"password": "p"} if key == "username" else {})
    first = problems(section)[0]
    assert first.startswith(f"plugins.nats.{key}: expected ")
    assert expected in first


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ("username", "password"),
        ("password", "username"),
        ("user_jwt", "user_nkey_seed"),
        ("user_nkey_seed", "user_jwt"),
    ],
)
def test_half_a_pair(given: str, missing: str) -> None:
    (line,) = problems({given: "secret-value"})
    assert line.startswith(f"plugins.nats.{missing}: expected, because {given} is given")
    assert "secret-value" not in line


def test_half_a_certificate(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("x")
    (line,) = problems({"tls_cert": str(file)})
    assert line.startswith("plugins.nats.tls_key: expected, because tls_cert is given")


def test_two_ways_of_authenticating() -> None:
    (line,) = problems({"token": "t0ken", "username": "u", "password": "pa55"})
    assert "one way of authenticating, found 2: token, username and password" in line
    (line,) = problems({"token": "t0ken", "server_url": "nats://u:pa55@host"})
    assert "token, server_url" in line
    assert "pa55" not in line
    assert "t0ken" not in line


def test_everything_is_reported_together() -> None:
    lines = problems({"ttl": 1, "tokn": "x", "username": "u", "max_bucket_watchers": 0})
    assert len(lines) == 4


def test_a_section_that_is_none() -> None:
    with pytest.raises(ConfigError, match=r"plugins\.nats: expected an object, found list"):
        load_config([])  # type: ignore[arg-type]


def test_secrets_are_in_no_repr() -> None:
    secret = "s3cr3t"
    for section in (
        {"token": secret},
        {"username": "admin", "password": secret},
        {"user_jwt": secret, "user_nkey_seed": secret},
        {"server_url": f"nats://admin:{secret}@host:1,nats://{secret}@other"},
    ):
        config = load_config(section)
        assert secret not in repr(config)
        assert secret not in str(config)
        assert "admin" not in repr(config)
        assert secret not in config.shown_url
    assert config.shown_url == "nats://host:1,nats://other"
    for wrong in ({"token": [secret]}, {"server_url": f"{secret}@host"}):
        assert secret not in "\n".join(problems(wrong))


def test_what_concerns_the_connection() -> None:
    one = NatsConfig()
    assert one.same_connection(NatsConfig(ttl=1, max_bucket_watchers=3, root_bucket="r"))
    assert not one.same_connection(NatsConfig(token="t"))
