"""The section ``std`` of the configuration, and the plugin's life in a runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.http_site import Site

from regolive import ConfigError, Runtime
from regolive_std import StdPlugin
from regolive_std.config import load_config
from regolive_std.http_ import HttpConfig

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_the_defaults_are_those_of_no_section() -> None:
    assert load_config(None) == load_config({}) == load_config({"http_send": {}}) == HttpConfig()


def test_a_section_is_read() -> None:
    section = {"metadata_hosts": ["A.example"], "max_cache_bytes": 0, "max_response_bytes": 5}
    assert load_config({"http_send": section}) == HttpConfig(frozenset({"a.example"}), 0, 5)


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ([], "plugins.std: expected an object, found list"),
        ({"http": {}}, "plugins.std.http: unknown key; did you mean 'http_send'?"),
        ({"http_send": 1}, "plugins.std.http_send: expected an object, found int"),
        (
            {"http_send": {"max_cash_bytes": 1}},
            "plugins.std.http_send.max_cash_bytes: unknown key; did you mean 'max_cache_bytes'?",
        ),
        ({"http_send": {"max_cache_bytes": -1}}, "expected a number of bytes, found -1"),
        ({"http_send": {"max_response_bytes": True}}, "expected a number of bytes, found True"),
        ({"http_send": {"metadata_hosts": "a"}}, "expected an array of host names or addresses"),
        ({"http_send": {"metadata_hosts": [""]}}, "expected an array of host names or addresses"),
    ],
)
def test_what_is_wrong_is_named(section: Any, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(section)
    assert told in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"x": 1, "http_send": {"metadata_hosts": 1, "max_cache_bytes": "a"}})
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize("key", HttpConfig.__dataclass_fields__)
def test_every_key_is_told_of_in_the_documents(key: str) -> None:
    assert f"`{key}`" in (DOCS / "configuration.md").read_text()


@pytest.fixture
def runtime(site: Site) -> Callable[..., Runtime]:
    def runtime(**http_send: Any) -> Runtime:
        return Runtime(
            modules={"p.rego": "package p\nr := http.send(input)"},
            plugins=[StdPlugin],
            discover=False,
            config={"plugins": {"std": {"http_send": http_send}}},
        )

    return runtime


def test_a_runtime_sends_and_closes_what_it_opened(
    runtime: Callable[..., Runtime], site: Site
) -> None:
    with runtime() as running:
        asks = running.prepare("data.p.r")
        for n in range(3):
            found = asks.evaluate({"method": "get", "url": site.url, "headers": {"n": str(n)}})
            assert found.value["status_code"] == 200
        assert site.connections == 1
        told = running.status()["plugins"]["StdPlugin"]["status"]["http_send"]
        assert told["transports"] == 1
    assert site.closings.acquire(timeout=30)


def test_a_runtime_takes_up_a_new_section(runtime: Callable[..., Runtime], site: Site) -> None:
    with runtime() as running:
        asks = running.prepare("data.p.r")
        request = {"method": "get", "url": site.url}
        assert asks.evaluate(request).defined
        running.reconfigure({"plugins": {"std": {"http_send": {"max_response_bytes": 3}}}})
        again = asks.evaluate(request)
        assert not again.defined
        assert "max_response_bytes" in str(again.builtin_errors[0])
        with pytest.raises(ConfigError):
            running.reconfigure({"plugins": {"std": {"http_send": {"max_response_bytes": "x"}}}})


def test_before_the_start_the_configuration_holds_too(
    runtime: Callable[..., Runtime], site: Site
) -> None:
    resting = runtime(max_response_bytes=3)
    try:
        found = resting.evaluate("data.p.r", {"method": "get", "url": site.url})
        assert "max_response_bytes" in str(found.builtin_errors[0])
    finally:
        resting.stop()


def test_an_error_says_where_in_the_policy_it_is(
    runtime: Callable[..., Runtime], site: Site
) -> None:
    resting = runtime()
    try:
        found = resting.evaluate("data.p.r", {"method": "get", "raise_error": False})
        message = found.value["error"]["message"]
        assert message.startswith("p.rego:2: eval_type_error: http.send: operand 1 missing")
    finally:
        resting.stop()


def test_the_time_limit_of_a_query_is_that_of_its_requests(
    runtime: Callable[..., Runtime], site: Site
) -> None:
    import threading

    from regolive import CancelledError

    done = threading.Event()
    site.routes["/wait"] = lambda handler, asked: done.wait(30)
    resting = runtime()
    try:
        request = {"method": "get", "url": site.url + "/wait", "timeout": 0}
        with pytest.raises(CancelledError):
            resting.evaluate("data.p.r", request, timeout=0.2)
    finally:
        done.set()
        resting.stop()
