"""URLs and requests of ``http.send``, read from anything: Go's reading, or Go's error."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.http_site import Asked, Handler, HttpClient, Site

from regolive import BuiltinError
from regolive_std.http_hosts import is_odd_address, is_off_limits, literal_address
from regolive_std.http_request import KEYS, HttpRequest, bad_header, cache_identity, read_request
from regolive_std.http_url import parse_http_url, redirected


@pytest.mark.parametrize(
    ("text", "shown", "host", "port", "target"),
    [
        ("http://h", "http://h", "h", 80, b"/"),
        ("HTTPS://H:8/a?b=c#d", "https://H:8/a?b=c#d", "H", 8, b"/a?b=c"),
        ("http://u:p@h/", "http://u:***@h/", "h", 80, b"/"),
        ("http://u@v@h/", "http://u%40v@h/", "h", 80, b"/"),
        ("http://[::1]:8/", "http://[::1]:8/", "::1", 8, b"/"),
        ("http://[fe80::1%25lo]/", "http://[fe80::1%25lo]/", "fe80::1%lo", 80, b"/"),
        ("http://h:/", "http://h/", "h", 80, b"/"),
        ("http://é/", "http://%C3%A9/", "é", 80, b"/"),
        ("http:opaque", "http:opaque", "", 80, b"/"),
        ("http:///a", "http:///a", "", 80, b"/a"),
        ("http:/a", "http:/a", "", 80, b"/a"),
        ("http://", "http:", "", 80, b"/"),
        ("//h/", "//h/", "h", 0, b"/"),
        ("a/b", "a/b", "", 0, b"a/b"),
    ],
)
def test_a_url_in_parts(text: str, shown: str, host: str, port: int, target: bytes) -> None:
    url = parse_http_url(text)
    assert (str(url), url.host, url.port_number, url.target) == (shown, host, port, target)


# RFC 3986, section 5.4.
RESOLVED = {
    "g": "/b/c/g",
    "./g": "/b/c/g",
    "g/": "/b/c/g/",
    "/g": "/g",
    "?y": "/b/c/d?y",
    "g?y": "/b/c/g?y",
    "#s": "/b/c/d?q",
    "g#s": "/b/c/g",
    "g?y#s": "/b/c/g?y",
    "": "/b/c/d?q",
    ".": "/b/c/",
    "./": "/b/c/",
    "..": "/b/",
    "../": "/b/",
    "../g": "/b/g",
    "../..": "/",
    "../../g": "/g",
    "../../../g": "/g",
    "/./g": "/g",
    "/../g": "/g",
    "g.": "/b/c/g.",
    "..g": "/b/c/..g",
    "./g/.": "/b/c/g/",
    "g/../h": "/b/c/h",
    "g?y/../x": "/b/c/g?y/../x",
}


@pytest.mark.parametrize("location", RESOLVED)
def test_a_location_is_resolved(location: str) -> None:
    target = redirected(parse_http_url("http://u:p@a:8/b/c/d?q#f"), location)
    assert (target.host, target.port, target.user) == ("a", "8", "u")
    assert target.target.decode() == RESOLVED[location]


@pytest.mark.parametrize(
    ("location", "shown"),
    [("//g/x", "http://g/x"), ("https://g", "https://g"), ("mailto:a@b", "mailto:a@b")],
)
def test_a_location_of_another_host(location: str, shown: str) -> None:
    assert str(redirected(parse_http_url("http://a/b?q"), location)) == shown


_CHARACTERS = "htps:/[]@.%?#1ax \n\0é\udc80+&=-"


@given(st.text(_CHARACTERS, max_size=30), st.text(_CHARACTERS, max_size=30))
@settings(max_examples=500)
def test_no_url_surprises(text: str, location: str) -> None:
    with contextlib.suppress(BuiltinError):
        url = parse_http_url("http://" + text)
        for one in (url, redirected(url, location)):
            assert one.target.isascii()
            assert b" " not in one.target
            assert "\n" not in str(one)
            assert one.port_number >= 0
            assert one.password is None or f":{one.password}@" not in str(one)


@given(st.ip_addresses().map(str) | st.text("0123456789abcdefx.:%[]", max_size=20))
@settings(max_examples=300)
def test_no_host_surprises(host: str) -> None:
    is_off_limits(host)
    # What a C library reads as an address, and Go does not, is one or the other, never both.
    assert not (is_odd_address(host) and literal_address(host) is not None)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)  # fmt: skip
_REQUESTS = st.dictionaries(
    st.sampled_from(sorted(KEYS)), _VALUES | st.text(_CHARACTERS, max_size=20)
).map(lambda keys: {"method": "get", "url": "http://h/"} | keys)


@given(_REQUESTS)
@settings(max_examples=200)
def test_no_request_surprises(request_: dict[str, Any]) -> None:
    with contextlib.suppress(BuiltinError):
        cache_identity(request_)
        read = read_request(request_)
        assert isinstance(read, HttpRequest)
        assert read.timeout is None or read.timeout > 0
        assert read.retries >= 0
        bad_header(read.headers)


_HEADERS = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999",
            b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Content-Encoding: gzip",
            b"Content-Type: application/json", b"Content-Type: application/yaml", b"Location: /",
            b"Location: http://[", b"Date: never", b"Cache-Control: max-age=9", b"ETag: x",
            b"Connection: close", b"X: \xff", b"X", b": x", b" x", b"\0: \0",
        ]
    ),
    max_size=4,
)  # fmt: skip
_ANSWERS = st.builds(
    lambda status, headers, body: b"\r\n".join([status, *headers, b"", body]),
    st.sampled_from(
        [b"HTTP/1.1 200 OK", b"HTTP/1.1 302 Found", b"HTTP/1.1 999 x", b"HTTP/1.0 204", b"HTTP/9"]
    ),
    _HEADERS,
    st.binary(max_size=40) | st.sampled_from([b"5\r\n[1,2]\r\n0\r\n\r\n", b"a: *a", b"[[[["]),
)


@given(answer=_ANSWERS | st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_no_answer_surprises(answer: bytes) -> None:
    def say(handler: Handler, asked: Asked) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    _HOSTILE.routes["/"] = say
    keys = {"enable_redirect": True, "timeout": "200ms", "cache": True}
    with contextlib.suppress(BuiltinError):
        response = _CLIENT.get(_HOSTILE.url + "/", **keys)
        assert 100 <= response["status_code"] <= 999
        assert set(response) == {"status", "status_code", "headers", "raw_body", "body"}


@pytest.fixture(scope="module", autouse=True)
def hostile() -> Any:
    """One server and one client for all answers."""
    global _HOSTILE, _CLIENT
    _HOSTILE, _CLIENT = Site(), HttpClient()
    yield
    _CLIENT.close()
    _HOSTILE.close()


_HOSTILE: Site
_CLIENT: HttpClient
