"""``http.send``: what is sent, what comes back, and what is an error."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from tests.http_site import Handler, HttpClient, Site, hang_up

from regolive import BuiltinError, RegoSet
from regolive.errors import BuiltinTypeError
from regolive_std.http_request import KEYS

JSON = ("Content-Type", "application/json")


# What is sent


def test_a_response_is_an_object_of_its_parts(http: HttpClient, site: Site) -> None:
    url = site.route("/a", 200, b'{"x": 1}', [JSON, ("X-Two", "1"), ("x-two", "2")])
    assert http.get(url) == {
        "status": "200 OK",
        "status_code": 200,
        "headers": {
            "content-type": ["application/json"],
            "content-length": ["8"],
            "x-two": ["1", "2"],
        },
        "raw_body": '{"x": 1}',
        "body": {"x": 1},
    }


def test_a_method_is_sent_in_upper_case(http: HttpClient, site: Site) -> None:
    for method in ("get", "Post", "DELETE", "frob", ""):
        http({"method": method, "url": site.url})
    assert [asked.method for asked in site.asked] == ["GET", "POST", "DELETE", "FROB", "GET"]


@pytest.mark.parametrize(
    ("keys", "sent"),
    [
        ({"body": {"b": [1, 2.5], "a": "<é>"}}, b'{"a":"\\u003c\xc3\xa9\\u003e","b":[1,2.5]}'),
        ({"body": None}, b"null"),
        ({"body": "text"}, b'"text"'),
        ({"body": RegoSet(["b", "a"])}, b'["a","b"]'),
        ({"raw_body": "as it is: é"}, "as it is: é".encode()),
        ({"raw_body": "raw", "body": {"a": 1}}, b"raw"),
        ({"raw_body": "\udcff"}, b"\xff"),
        ({}, b""),
    ],
)
def test_a_body_is_json_and_a_raw_body_is_not(
    http: HttpClient, site: Site, keys: dict[str, Any], sent: bytes
) -> None:
    http({"method": "post", "url": site.url, **keys})
    assert site.asked[0].body == sent
    assert site.asked[0].headers["content-length"] == str(len(sent))


def test_headers_are_sent_and_host_among_them(http: HttpClient, site: Site) -> None:
    http.get(site.url, headers={"X-One": "1", "host": "elsewhere.example", "User-Agent": "me"})
    headers = site.asked[0].headers
    assert headers["x-one"] == "1"
    assert headers["host"] == "elsewhere.example"
    assert headers["user-agent"] == "me"


def test_the_client_speaks_for_itself_where_the_policy_does_not(
    http: HttpClient, site: Site
) -> None:
    http.get(site.url, headers={"Content-Length": "99", "Transfer-Encoding": "chunked"})
    http.get(site.url, headers={"User-Agent": ""})
    first, second = (asked.headers for asked in site.asked)
    assert first["user-agent"].startswith("regolive/")
    assert first["host"] == f"127.0.0.1:{site.port}"
    assert "content-length" not in first
    assert "transfer-encoding" not in first
    assert "user-agent" not in second
    assert "accept" not in first


def test_the_user_in_a_url_is_sent_as_credentials(http: HttpClient, site: Site) -> None:
    http.get(site.url.replace("//", "//us:p%40w@"))
    http.get(site.url.replace("//", "//us@"), headers={"Authorization": "Bearer t"})
    assert site.asked[0].headers["authorization"] == "Basic dXM6cEB3"
    assert site.asked[1].headers["authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("", "/"),
        ("?x", "/?x"),
        ("/a b?q=c d#f", "/a%20b?q=c%20d"),
        ("/%2f%41", "/%2f%41"),
        ("/é%2f", "/%C3%A9/"),
        ("/a//../b", "/a//../b"),
    ],
)
def test_a_target_is_what_go_makes_of_the_url(
    http: HttpClient, site: Site, written: str, target: str
) -> None:
    http.get(site.url + written)
    assert site.asked[0].target == target


# What comes back


@pytest.mark.parametrize(
    ("kind", "keys", "body", "decoded"),
    [
        ("application/json", {}, b'{"a": 1}', {"a": 1}),
        ("Application/JSON; charset=utf-8", {}, b"[1]", [1]),
        ("application/problem+json", {}, b"1", 1),
        ("text/json", {}, b"1", None),
        ("application/jsonx", {}, b"1", None),
        (None, {}, b"1", None),
        ("text/plain", {"force_json_decode": True}, b"1", 1),
        ("application/json", {}, b"{bad", None),
        ("application/json", {}, b"", None),
        ("application/json", {}, b"{} {}", {}),
        ("application/json", {}, b"\xef\xbb\xbf{}", None),
        ("application/json", {}, b'"\xff"', "\ufffd"),
        ("application/json", {}, b"[" * 20_000, None),
        ("application/yaml", {}, b"a: [1, yes]", {"a": [1, True]}),
        ("application/x-yaml; x=1", {}, b"a: 1", {"a": 1}),
        ("text/yaml", {}, b"a: 1", None),
        ("text/plain", {"force_yaml_decode": True}, b"a: 1", {"a": 1}),
        ("application/yaml", {}, b"{bad", None),
        ("application/yaml", {}, b"a: \xff", None),
        ("application/json", {"force_yaml_decode": True}, b"a: 1", None),
        ("application/yaml", {"force_json_decode": True}, b"a: 1", None),
    ],
)
def test_a_body_is_decoded_by_its_type_or_by_force(
    http: HttpClient, site: Site, kind: str | None, keys: dict[str, Any], body: bytes, decoded: Any
) -> None:
    url = site.route("/a", 200, body, [("Content-Type", kind)] if kind else [])
    response = http.get(url, **keys)
    assert response["body"] == decoded
    assert response["raw_body"].encode("utf-8", "surrogateescape") == body


@pytest.mark.parametrize(
    ("status", "reason", "shown"),
    [(204, None, "204 No Content"), (404, None, "404 Not Found"), (500, "Oh no", "500 Oh no")],
)
def test_any_status_is_a_response(
    http: HttpClient, site: Site, status: int, reason: str | None, shown: str
) -> None:
    response = http.get(site.route("/a", status, reason=reason))
    assert (response["status"], response["status_code"]) == (shown, status)


def test_head_has_headers_and_no_body(http: HttpClient, site: Site) -> None:
    site.route("/a", 200, b'{"a": 1}', [JSON])
    response = http({"method": "head", "url": site.url + "/a"})
    assert response["body"] is None
    assert response["raw_body"] == ""
    assert response["headers"]["content-length"] == ["8"]


def test_compression_is_undone_where_the_client_asked_for_it(http: HttpClient, site: Site) -> None:
    packed = gzip.compress(b'{"a": 1}')
    url = site.route("/a", 200, packed, [JSON, ("Content-Encoding", "gzip")])
    response = http.get(url)
    assert site.asked[0].headers["accept-encoding"] == "gzip"
    assert response["body"] == {"a": 1}
    assert set(response["headers"]) == {"content-type"}
    # The policy asked for it by itself: it gets what was sent.
    response = http.get(url, headers={"Accept-Encoding": "gzip"})
    assert response["headers"]["content-encoding"] == ["gzip"]
    assert response["body"] is None


@pytest.mark.parametrize(
    ("packed", "told"),
    [
        (b"short", "unexpected EOF"),
        (b"not gzip, but long enough for it", "gzip: invalid header"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-5], "unexpected EOF"),
    ],
)
def test_broken_compression_is_an_error(
    http: HttpClient, site: Site, packed: bytes, told: str
) -> None:
    url = site.route("/a", 200, packed, [("Content-Encoding", "gzip")])
    with pytest.raises(BuiltinError, match=told):
        http.get(url)


def test_several_gzip_members_are_one_body(http: HttpClient, site: Site) -> None:
    packed = gzip.compress(b"[1,") + gzip.compress(b"2]")
    url = site.route("/a", 200, packed, [JSON, ("Content-Encoding", "gzip")])
    assert http.get(url)["body"] == [1, 2]


def test_what_concerns_the_connection_is_no_header_of_the_response(
    http: HttpClient, site: Site
) -> None:
    body = b"2\r\n[1\r\n1\r\n]\r\n0\r\nX-T: y\r\n\r\n"
    sent = [JSON, ("Transfer-Encoding", "chunked"), ("Trailer", "X-T"), ("Connection", "Close")]
    response = http.get(site.route("/a", 200, body, sent))
    assert response["body"] == [1]
    assert set(response["headers"]) == {"content-type"}


def raw(site: Site, content: bytes) -> str:
    """A server that says just this, and hangs up."""

    def say(handler: Handler, asked: Any) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    site.routes["/raw"] = say
    return site.url + "/raw"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "EOF"),
        (b"garbage\r\n\r\n", 'malformed HTTP response "garbage"'),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "malformed MIME header line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "unexpected EOF"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "bad Content-Length"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "invalid byte in chunk"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, "connection broken"),
    ],
)
def test_a_server_that_does_not_speak_http_is_an_error(
    http: HttpClient, site: Site, content: bytes, told: str
) -> None:
    with pytest.raises(BuiltinError) as caught:
        http.get(raw(site, content))
    assert told in caught.value.message


def test_a_response_that_is_too_large_is_an_error(http: HttpClient, site: Site) -> None:
    from regolive_std.http_ import HttpConfig

    http.http.configure(HttpConfig(max_response_bytes=1000))
    assert http.get(site.route("/a", 200, b"x" * 1000))["status_code"] == 200
    packed = gzip.compress(b"x" * 1001)
    url = site.route("/b", 200, packed, [("Content-Encoding", "gzip")])
    with pytest.raises(BuiltinError, match=r"more than 1000 bytes: .*max_response_bytes"):
        http.get(url)


# Errors


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({}, 'missing required request parameters(s): {"method", "url"}'),
        ({"method": "get"}, 'missing required request parameters(s): {"url"}'),
        ({"bad": 1, "abad": 1}, 'invalid request parameters(s): {"abad", "bad"}'),
        ({"method": "get", "url": "x", 1: 2}, "invalid request parameters(s): {1}"),
    ],
)
def test_keys_are_checked(http: HttpClient, request_: dict[Any, Any], told: str) -> None:
    with pytest.raises(BuiltinTypeError) as caught:
        http(request_)
    assert caught.value.message == f"http.send: operand 1 {told}"


@pytest.mark.parametrize("key", sorted(KEYS - {"body", "url", "caching_mode", "headers"}))
def test_a_value_of_a_wrong_type_is_an_error_that_names_it(
    http: HttpClient, site: Site, key: str
) -> None:
    request: dict[str, Any] = {"method": "get", "url": site.url, "headers": {"a": "b"}}
    request[key] = {"no": "such thing"}
    if key == "force_cache_duration_seconds":
        request["force_cache"] = True
    with pytest.raises(BuiltinError) as caught:
        http(request)
    message = caught.value.message
    if key in ("tls_use_system_certs", "tls_insecure_skip_verify", "enable_redirect"):
        assert message == (
            'http.send: strconv.ParseBool: parsing "{\\"no\\": \\"such thing\\"}": invalid syntax'
        )
    elif key == "force_cache_duration_seconds":
        assert message.startswith("http.send: strconv.ParseInt: parsing ")
    else:
        assert key in message
    assert site.asked == []


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"method": 1}, '"method" must be a string'),
        ({"method": "foo bar"}, 'net/http: invalid method "FOO BAR"'),
        ({"url": 1}, '"url" must be a string'),
        ({"raw_body": 1}, '"raw_body" must be a string'),
        ({"headers": "x"}, "invalid type for headers key"),
        ({"headers": {"a": 1}}, 'invalid type for headers value "1"'),
        ({"headers": {"a": ["x", 1, None]}}, 'invalid type for headers value ["x" "1" <nil>]'),
        ({"headers": {"a": {"b": True}}}, 'headers value map["b":%!q(bool=true)]'),
        ({"headers": {"a": None}}, "invalid type for headers value %!q(<nil>)"),
        ({"headers": {"X a": "1"}}, 'net/http: invalid header field name "X a"'),
        ({"headers": {"X-a": "1\n2"}}, 'net/http: invalid header field value for "X-A"'),
        ({"timeout": True}, "'timeout' must be one of {string, number} but got boolean"),
        ({"timeout": "x"}, 'invalid timeout value "x": time: invalid duration "x"'),
        ({"timeout": 1.5}, "invalid timeout number value 1.5, must be int64"),
        ({"max_retry_attempts": -1}, 'invalid value -1 for field "max_retry_attempts"'),
        ({"max_retry_attempts": "x"}, 'invalid value "x" for field "max_retry_attempts"'),
        ({"raise_error": "x"}, "invalid value for raise_error field"),
        ({"cache": "true"}, 'invalid value for "cache" field'),
        ({"force_cache": True}, "'force_cache_duration_seconds' parameter is missing"),
        (
            {"force_cache": True, "force_cache_duration_seconds": 1.5},
            'strconv.ParseInt: parsing "1.5": invalid syntax',
        ),
        (
            {"headers": {}, "cache_ignored_headers": ["a", 1]},
            "cache_ignored_headers must be an array of strings",
        ),
    ],
)
def test_errors_have_opas_words(
    http: HttpClient, site: Site, keys: dict[str, Any], told: str
) -> None:
    with pytest.raises(BuiltinError) as caught:
        http({"method": "get", "url": site.url, **keys})
    assert caught.value.message.startswith("http.send: ")
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:1/", "dial tcp 127.0.0.1:1: connect: connection refused"),
        ("http://us:pw@127.0.0.1:1/", '"http://us:***@127.0.0.1:1/": dial tcp'),
        ("http://127.0.0.1:99999/", "dial tcp: address 99999: invalid port"),
        ("ftp://x/", 'unsupported protocol scheme "ftp"'),
        ("x", 'unsupported protocol scheme ""'),
        ("http:///a", "http: no Host in request URL"),
        ("http://127.1/", "dial tcp: lookup 127.1: no such host"),
        ("http://0x7f000001/", "no such host"),
        ("http://2130706433/", "no such host"),
    ],
)
def test_what_cannot_be_asked_is_an_error_of_the_network(
    http: HttpClient, url: str, told: str
) -> None:
    with pytest.raises(BuiltinError) as caught:
        http.get(url)
    assert told in caught.value.message
    response = http.get(url, raise_error=False)
    assert response["status_code"] == 0
    assert response["error"]["code"] == "eval_http_send_network_error"
    assert told in response["error"]["message"]


@pytest.mark.parametrize("url", ["http://[::1", ":x", "http://a b/", "http://h:x/", "http://h/%z"])
def test_what_is_no_url_is_an_error_of_the_request(http: HttpClient, url: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        http.get(url)
    assert caught.value.message.startswith(f'http.send: parse "{url}": ')
    response = http.get(url, raise_error=False)
    assert response["error"]["code"] == "eval_http_send_internal_error"
    assert f'eval_builtin_error: http.send: parse "{url}": ' in response["error"]["message"]


def test_an_error_that_is_not_raised_is_all_of_the_response(http: HttpClient) -> None:
    response = http({"method": "get", "raise_error": False})
    assert response == {
        "status_code": 0,
        "error": {
            "code": "eval_http_send_internal_error",
            "message": "eval_type_error: http.send: operand 1 missing required request "
            'parameters(s): {"url"}',
        },
    }


# Within a query


def test_the_same_request_is_sent_once_in_a_query(http: HttpClient, site: Site) -> None:
    frame = http.frame()
    first = http.get(site.url, frame=frame, headers={"a": "b"})
    assert http.get(site.url, frame=frame, headers={"a": "b"}) is first
    http.get(site.url, frame=frame, headers={"a": "c"})
    http.get(site.url, frame=frame, headers={"a": "b"}, timeout="5s")
    assert len(site.asked) == 3
    http.get(site.url, headers={"a": "b"})  # another query
    assert len(site.asked) == 4


@pytest.mark.parametrize(
    ("status", "sent"),
    [(200, 1), (204, 1), (301, 1), (404, 1), (501, 1), (201, 2), (302, 2), (400, 2), (500, 2)],
)
def test_some_responses_hold_for_the_query_and_others_do_not(
    http: HttpClient, site: Site, status: int, sent: int
) -> None:
    frame = http.frame()
    url = site.route("/a", status)
    for _ in range(2):
        http.get(url, frame=frame)
    assert len(site.asked) == sent


def test_a_failure_holds_for_the_query(http: HttpClient, site: Site) -> None:
    site.routes["/a"] = hang_up
    frame = http.frame()
    for _ in range(2):
        with pytest.raises(BuiltinError, match="EOF"):
            http.get(site.url + "/a", frame=frame)
    assert len(site.asked) == 1
    responses = [http.get(site.url + "/a", frame=frame, raise_error=False) for _ in range(2)]
    assert responses[0] == responses[1]
    assert len(site.asked) == 2


def test_headers_can_be_left_out_of_the_comparison(http: HttpClient, site: Site) -> None:
    frame = http.frame()

    def send(headers: dict[str, str], ignored: list[str] | None) -> None:
        keys: dict[str, Any] = {} if ignored is None else {"cache_ignored_headers": ignored}
        http.get(site.url, frame=frame, headers=headers, **keys)

    send({"a": "1", "b": "1"}, ["a"])
    send({"a": "2", "b": "1"}, ["a"])
    send({"b": "1"}, None)
    assert len(site.asked) == 1
    send({"a": "1", "b": "2"}, ["a"])
    send({"A": "1", "b": "1"}, ["a"])
    assert len(site.asked) == 3


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_response_unless_it_is_to_be_followed(
    http: HttpClient, site: Site, status: int
) -> None:
    url = site.route("/a", status, b"", [("Location", "/b")])
    response = http.get(url)
    assert response["status_code"] == status
    assert response["headers"]["location"] == ["/b"]
    assert http.get(url, enable_redirect=True)["body"] == {"path": "/b"}
    assert site.asked[-1].headers["referer"] == url


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "post", "GET", b""),
        (302, "put", "GET", b""),
        (303, "head", "HEAD", b""),
        (307, "post", "POST", b'{"a":1}'),
        (308, "put", "PUT", b'{"a":1}'),
    ],
)
def test_method_and_body_of_a_redirected_request(
    http: HttpClient, site: Site, status: int, method: str, then: str, body: bytes
) -> None:
    site.route("/a", status, b"", [("Location", "/b")])
    request = {"method": method, "url": site.url + "/a", "enable_redirect": True}
    if method != "head":
        request |= {"body": {"a": 1}, "headers": {"Content-Type": "x/y"}}
    http(request)
    last = site.asked[-1]
    assert (last.method, last.target, last.body) == (then, "/b", body)
    assert ("content-type" in last.headers) == bool(body)


@pytest.mark.parametrize(
    ("location", "target"),
    [("c", "/a/c"), ("../c", "/c"), ("?q", "/a/b?q"), ("/é", "/%C3%A9"), ("./x/../y", "/a/y")],
)
def test_a_location_may_be_relative(
    http: HttpClient, site: Site, location: str, target: str
) -> None:
    sent = location.encode().decode("latin-1")  # http.server writes headers as Latin-1

    def once(handler: Handler, asked: Any) -> None:
        if len(site.asked) == 1:
            handler.answer(302, b"", [("Location", sent)])
        else:
            handler.answer()

    site.routes["/a/b"] = once
    http.get(site.url + "/a/b", enable_redirect=True)
    assert site.asked[-1].target == target


def test_secrets_do_not_follow_to_another_host(http: HttpClient, site: Site) -> None:
    elsewhere = Site()
    other = f"http://localhost:{elsewhere.port}/b"
    secrets = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Other": "1", "Host": "h.example"}
    try:
        url = site.route("/a", 302, b"", [("Location", other)])
        http.get(url, enable_redirect=True, headers=secrets)
        headers = elsewhere.asked[0].headers
        assert "authorization" not in headers
        assert "cookie" not in headers
        assert headers["x-other"] == "1"
        assert headers["host"] == f"localhost:{elsewhere.port}"
    finally:
        elsewhere.close()
    url = site.route("/a", 302, b"", [("Location", "/b")])
    http.get(url, enable_redirect=True, headers=secrets)
    headers = site.asked[-1].headers
    assert headers["authorization"] == "Bearer x"
    assert headers["host"] == "h.example"


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("http://[::1", 'failed to parse Location header "http://[::1": parse'),
        ("ftp://x/", 'Get "ftp://x/": unsupported protocol scheme "ftp"'),
        ("http://127.0.0.1:1/", 'Get "http://127.0.0.1:1/": dial tcp'),
    ],
)
def test_a_redirect_that_leads_nowhere_is_an_error(
    http: HttpClient, site: Site, location: str, told: str
) -> None:
    url = site.route("/a", 302, b"", [("Location", location)])
    with pytest.raises(BuiltinError) as caught:
        http.get(url, enable_redirect=True)
    assert told in caught.value.message
    response = http.get(url, enable_redirect=True, raise_error=False)
    assert response["error"]["code"] == "eval_http_send_network_error"


def test_a_redirect_without_a_place_is_a_response(http: HttpClient, site: Site) -> None:
    assert http.get(site.route("/a", 302), enable_redirect=True)["status_code"] == 302


def test_redirects_end(http: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from regolive_std import http_send

    monkeypatch.setattr(http_send, "_MOST_REDIRECTS", 20)
    site.route("/a", 302, b"", [("Location", "/a")])
    with pytest.raises(BuiltinError, match="stopped after 20 redirects"):
        http.get(site.url + "/a", enable_redirect=True, timeout=0)
    assert len(site.asked) == 20


# Other ways


def test_a_request_over_a_unix_socket(
    http: HttpClient, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # such paths must be short
    site = Site(unix_socket="s.sock")
    try:
        response = http.get("unix://h/a?x=1&socket=s.sock&y=2")
        assert response["body"] == {"path": "/a?x=1&y=2"}
        assert site.asked[0].headers["host"] == "h"
    finally:
        site.close()
    with pytest.raises(BuiltinError, match=r"dial unix no\.sock: connect: no such file"):
        http.get("unix://h/?socket=no%2Esock")
    with pytest.raises(BuiltinError, match='unsupported protocol scheme "unix"'):
        http.get("unix://h/")


def test_a_proxy_of_the_environment(
    http: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", site.url.replace("//", "//u:p@"))
    response = http.get("http://example.test/a")
    assert response["body"] == {"path": "http://example.test/a"}
    assert site.asked[0].headers["proxy-authorization"] == "Basic dTpw"
    monkeypatch.setenv("NO_PROXY", "other.test, .test")
    with pytest.raises(BuiltinError, match=r"lookup example\.test: no such host"):
        http.get("http://example.test/a")


@pytest.mark.parametrize(
    ("host", "no_proxy", "direct"),
    [
        ("localhost", "", True),
        ("127.0.0.8", "", True),
        ("[::1]", "", True),
        ("a.example", "", False),
        ("a.example", "*", True),
        ("a.example", "example", True),
        ("a.example", ".example", True),
        ("example", ".example", False),
        ("aexample", "example", False),
        ("a.example:81", "a.example:80", False),
        ("a.example", "a.example:80", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", True),
    ],
)
def test_which_hosts_are_asked_directly(
    monkeypatch: pytest.MonkeyPatch, host: str, no_proxy: str, direct: bool
) -> None:
    from regolive_std.http_proxy import proxy_for
    from regolive_std.http_url import parse_http_url

    for name in ("HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    found = proxy_for(parse_http_url(f"http://{host}/"))
    assert found == (None if direct else "http://proxy.example:3128")


def test_a_response_can_be_asked_for_with_data_of_json(http: HttpClient, site: Site) -> None:
    request = json.loads(json.dumps({"method": "get", "url": site.url, "timeout": 5e9}))
    assert http(request)["status_code"] == 200
