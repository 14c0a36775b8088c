"""Responses of ``http.send`` that are kept from query to query: for how long, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import pytest
from tests.http_site import Asked, Handler, HttpClient, Site

from regolive import BuiltinError
from regolive_std.http_ import HttpConfig
from regolive_std.http_cache import Entry, ResponseCache
from regolive_std.http_request import read_request
from regolive_std.http_response import HttpResponse

Headers = Iterable[tuple[str, str]]


class Counter:
    """Answers with the number of the answer; or that nothing was modified, if it is asked so."""

    def __init__(self, http: HttpClient, site: Site) -> None:
        self.http, self.site = http, site
        self.headers: Callable[[], Headers] = lambda: []
        self.unmodified: Callable[[], Headers] | None = None
        self.status = 200
        self.answers = 0
        site.routes["/n"] = self.answer

    def answer(self, handler: Handler, asked: Asked) -> None:
        conditional = asked.headers.keys() & {"if-none-match", "if-modified-since"}
        if self.unmodified is not None and conditional:
            handler.answer(304, b"", self.unmodified())
            return
        self.answers += 1
        headers = [("Content-Type", "application/json"), *self.headers()]
        handler.answer(self.status, b"%d" % self.answers, headers)

    def date(self, seconds: float = 0) -> str:
        """The clock's time, or another, as headers have it."""
        return formatdate(self.http.now + seconds, usegmt=True)

    def ask(self, **keys: Any) -> Any:
        """Each call is a query of its own."""
        return self.http.get(self.site.url + "/n", **({"cache": True} | keys))

    def body(self, **keys: Any) -> Any:
        return self.ask(**keys)["body"]


@pytest.fixture
def counter(http: HttpClient, site: Site) -> Counter:
    return Counter(http, site)


FORCE = {"force_cache": True, "force_cache_duration_seconds": 60}


# Freshness


@pytest.mark.parametrize(
    ("headers", "fresh"),
    [
        ({}, False),
        ({"Date": 0}, False),
        ({"Cache-Control": "max-age=100"}, False),
        ({"Date": 0, "Cache-Control": "max-age=100"}, True),
        ({"Date": 0, "Cache-Control": "private, max-age=100"}, True),
        ({"Date": 0, "Cache-Control": "no-cache, max-age=100"}, True),
        ({"Date": 0, "Cache-Control": "max-age=0, max-age=100"}, True),
        ({"Date": 0, "Cache-Control": "max-age=100, max-age=0"}, False),
        ({"Date": 0, "Cache-Control": "Max-Age=100"}, False),
        ({"Date": 0, "Cache-Control": 'max-age="100"'}, False),
        ({"Date": 0, "Cache-Control": "max-age=x"}, False),
        ({"Date": 0, "Cache-Control": "max-age=-1"}, False),
        ({"Date": 0, "Cache-Control": "s-maxage=100"}, False),
        ({"Date": 0, "Cache-Control": "no-store, max-age=100"}, False),
        ({"Date": -50, "Cache-Control": "max-age=20"}, False),
        ({"Date": -50, "Cache-Control": "max-age=100"}, True),
        ({"Date": "x", "Cache-Control": "max-age=100"}, False),
        ({"Date": 0, "Expires": 100}, True),
        ({"Expires": 100}, True),
        ({"Date": 0, "Expires": -100}, False),
        ({"Date": 0, "Expires": "0"}, False),
        ({"Date": 0, "Expires": 100, "Cache-Control": "max-age=0"}, False),
        ({"Date": 0, "Expires": -100, "Cache-Control": "max-age=100"}, True),
    ],
)
def test_headers_say_for_how_long_a_response_is_kept(
    counter: Counter, headers: dict[str, Any], fresh: bool
) -> None:
    shown = {k: counter.date(v) if isinstance(v, int) else v for k, v in headers.items()}
    counter.headers = shown.items
    assert [counter.body(), counter.body()] == ([1, 1] if fresh else [1, 2])


def test_a_response_ages(counter: Counter) -> None:
    counter.headers = lambda: [("Date", counter.date()), ("Cache-Control", "max-age=10")]
    assert counter.body() == 1
    counter.http.now += 9
    assert counter.body() == 1
    counter.http.now += 1
    assert counter.body() == 2
    assert counter.body() == 2


def test_without_cache_nothing_is_kept(counter: Counter) -> None:
    counter.headers = lambda: [("Date", counter.date()), ("Cache-Control", "max-age=10")]
    assert [counter.body(cache=False), counter.body(cache=False)] == [1, 2]
    assert counter.http.cache_entries() == 0


@pytest.mark.parametrize(
    ("status", "kept"), [(200, True), (404, True), (501, True), (201, False), (500, False)]
)
def test_only_some_statuses_are_kept(counter: Counter, status: int, kept: bool) -> None:
    counter.status = status
    for keys in ({"cache": True}, FORCE):
        counter.answers = 0
        counter.headers = lambda: [("Date", counter.date()), ("Cache-Control", "max-age=10")]
        assert [counter.body(**keys), counter.body(**keys)] == ([1, 1] if kept else [1, 2])


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({}, {}, True),
        ({"method": "post"}, {"method": "post"}, True),
        ({"headers": {"a": "1"}}, {"headers": {"a": "2"}}, False),
        ({}, {"timeout": "9s"}, False),
        ({}, {"caching_mode": "deserialized"}, False),
        (
            {"headers": {"a": "1"}, "cache_ignored_headers": ["a"]},
            {"headers": {"a": "2"}, "cache_ignored_headers": ["a"]},
            True,
        ),
    ],
)
def test_what_makes_requests_the_same(
    counter: Counter, first: dict[str, Any], second: dict[str, Any], same: bool
) -> None:
    counter.headers = lambda: [("Date", counter.date()), ("Cache-Control", "max-age=10")]
    assert [counter.body(**first), counter.body(**second)] == ([1, 1] if same else [1, 2])


# Forced


def test_a_duration_can_be_forced(counter: Counter) -> None:
    counter.headers = lambda: [("Cache-Control", "no-store"), ("Date", "x")]
    assert [counter.body(**FORCE), counter.body(**FORCE)] == [1, 1]
    counter.http.now += 60
    assert counter.body(**FORCE) == 2


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_forced_duration_may_be_over_at_once(counter: Counter, seconds: int) -> None:
    keys = FORCE | {"force_cache_duration_seconds": seconds}
    assert [counter.body(**keys), counter.body(**keys)] == [1, 2]


# Asking again


def test_a_stale_response_is_asked_about(counter: Counter) -> None:
    counter.headers = lambda: [
        ("Date", counter.date()),
        ("Cache-Control", "max-age=0"),
        ("ETag", '"v1"'),
        ("Last-Modified", counter.date(-1000)),
    ]
    counter.unmodified = lambda: [("Date", counter.date()), ("X-New", "1")]
    first, second = counter.ask(), counter.ask()
    asked = counter.site.asked[1].headers
    assert asked["if-none-match"] == '"v1"'
    assert asked["if-modified-since"] == counter.date(-1000)
    assert second["status"] == "200 OK"
    assert second["body"] == first["body"] == 1
    assert second["headers"]["x-new"] == ["1"]
    assert second["headers"]["etag"] == ['"v1"']


@pytest.mark.parametrize("mode", ["serialized", "deserialized"])
def test_an_answer_that_nothing_changed_renews_the_response(counter: Counter, mode: str) -> None:
    counter.headers = lambda: [("Date", counter.date()), ("ETag", '"v1"')]
    counter.unmodified = lambda: [("Date", counter.date()), ("Cache-Control", "max-age=10")]
    responses = [counter.ask(caching_mode=mode) for _ in range(4)]
    assert [r["body"] for r in responses] == [1, 1, 1, 1]
    assert len(counter.site.asked) == 2
    assert responses[3]["headers"]["cache-control"] == ["max-age=10"]


def test_the_tag_to_ask_with_is_the_last_that_was_told(counter: Counter) -> None:
    counter.headers = lambda: [("Date", counter.date()), ("ETag", '"v1"')]
    counter.unmodified = lambda: [("ETag", '"v2"'), ("Cache-Control", "no-store")]
    for _ in range(3):
        counter.body()
    tags = [asked.headers.get("if-none-match") for asked in counter.site.asked]
    assert tags == [None, '"v1"', '"v2"']


def test_a_response_that_changed_takes_the_place_of_the_old(counter: Counter) -> None:
    counter.headers = lambda: [("ETag", f'"v{counter.answers}"')]
    assert [counter.body() for _ in range(3)] == [1, 2, 3]
    tags = [asked.headers.get("if-none-match") for asked in counter.site.asked]
    assert tags == [None, '"v1"', '"v2"']


def test_a_response_that_cannot_be_kept_drops_the_old(counter: Counter) -> None:
    counter.headers = lambda: [("ETag", '"v1"')]
    counter.body()
    counter.status = 500
    assert counter.ask()["status_code"] == 500
    assert counter.http.cache_entries() == 0


def test_a_forced_response_is_asked_about_too(counter: Counter) -> None:
    counter.headers = lambda: [("ETag", '"v1"')]
    counter.unmodified = list
    assert counter.body(**FORCE) == 1
    counter.http.now += 100
    assert [counter.body(**FORCE), counter.body(**FORCE)] == [1, 1]
    assert len(counter.site.asked) == 2


def test_the_policys_own_conditions_are_left_alone(counter: Counter) -> None:
    counter.headers = lambda: [("ETag", '"v1"')]
    for _ in range(2):
        counter.ask(headers={"If-None-Match": '"mine"'})
    assert [a.headers["if-none-match"] for a in counter.site.asked] == ['"mine"', '"mine"']


# Modes


def test_a_parsed_response_is_kept_as_it_is(counter: Counter) -> None:
    keys = FORCE | {"caching_mode": "deserialized"}
    assert counter.ask(**keys) is counter.ask(**keys)


def test_a_serialized_response_is_parsed_for_each_query(counter: Counter) -> None:
    first, second = counter.ask(**FORCE), counter.ask(**FORCE)
    assert first == second
    assert first is not second


@pytest.mark.parametrize("mode", ["x", "", 1])
def test_with_a_mode_that_there_is_not_nothing_is_kept(counter: Counter, mode: Any) -> None:
    keys = FORCE | {"caching_mode": mode}
    assert [counter.body(**keys), counter.body(**keys)] == [1, 2]


# Errors


def test_errors_are_not_kept(http: HttpClient, site: Site) -> None:
    request = {"raise_error": False, "timeout": "5s", **FORCE}

    def fail_first(handler: Handler, asked: Asked) -> None:
        if len(site.asked) == 1:
            handler.close_connection = True
        else:
            handler.answer()

    site.routes["/a"] = fail_first
    assert http.get(site.url + "/a", **request)["status_code"] == 0
    assert http.get(site.url + "/a", **request)["status_code"] == 200


def test_a_host_that_is_not_allowed_is_not_served_from_memory(counter: Counter) -> None:
    counter.ask(**FORCE)
    frame = counter.http.frame(allow_net=["elsewhere.example"])
    with pytest.raises(BuiltinError, match=r"disallowed host: 127\.0\.0\.1"):
        counter.ask(**FORCE, frame=frame)


# Bounds


def entry(size: int) -> Entry:
    request = read_request({"method": "get", "url": "http://h/"})
    return Entry(request, HttpResponse("200 OK", 200, {}, b""), None, 1.0, size)


def test_the_least_recently_used_go_first() -> None:
    cache = ResponseCache(max_size=100, now=lambda: 0.0)
    for key in "abc":
        cache.put(key, entry(40))
    assert [key for key in "abc" if cache.get(key)] == ["b", "c"]
    cache.get("b")
    cache.put("d", entry(40))
    assert [key for key in "abcd" if cache.get(key)] == ["b", "d"]
    assert cache.status() == {"entries": 2, "size_bytes": 80, "max_size_bytes": 100}


def test_what_is_larger_than_the_bound_is_not_kept() -> None:
    cache = ResponseCache(max_size=100)
    cache.put("a", entry(10))
    cache.put("a", entry(101))
    assert cache.status()["entries"] == 0


def test_a_smaller_bound_drops_what_is_too_much() -> None:
    cache = ResponseCache(max_size=100)
    for key in "ab":
        cache.put(key, entry(40))
    cache.resize(50)
    assert cache.get("a") is None
    assert cache.get("b") is not None


def test_a_response_counts_with_its_body_and_headers(counter: Counter) -> None:
    counter.site.route("/big", 200, b"x" * 50_000, [("X-Big", "y" * 10_000)])
    counter.http.get(counter.site.url + "/big", **FORCE)
    assert 60_000 < counter.http.http.status()["cache"]["size_bytes"] < 65_000
    counter.http.http.configure(HttpConfig(max_cache_bytes=1000))
    assert counter.http.cache_entries() == 0


def test_many_threads_share_what_is_kept(counter: Counter) -> None:
    counter.http.http.start()
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda _: counter.body(**FORCE), range(64)))
    # Those that began before the first had ended asked by themselves.
    assert counter.answers <= 8
    assert set(bodies) <= set(range(1, counter.answers + 1))
    assert counter.body(**FORCE) in bodies
