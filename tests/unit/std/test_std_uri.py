"""URIs: hosts and ports as Go 1.26 reads them, recorded from OPA 1.20.2."""

from __future__ import annotations

from typing import Any

import pytest

from regolive.errors import BuiltinError
from regolive_std.uri import request_target


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://a[b]/", 'parse "http://a[b]/": invalid IP-literal'),
        ("http://[::1", "parse \"http://[::1\": missing ']' in host"),
        ("http://[::1]80/", 'parse "http://[::1]80/": invalid port "80" after host'),
        ("http://[1.2.3.4]/", 'parse "http://[1.2.3.4]/": invalid IP-literal'),
        ("http://a:b:80/", 'parse "http://a:b:80/": invalid port ":b:80" after host'),
        ("http://a:80:90/", 'parse "http://a:80:90/": invalid port ":80:90" after host'),
        ("http://u<@h/", 'parse "http://u<@h/": net/url: invalid userinfo'),
        ("a\n#b", 'parse "a\\n": net/url: invalid control character in URL'),
        ("%zz#\n", 'parse "%zz": invalid URL escape "%zz"'),
        ("a#%zz", 'parse "a#%zz": invalid URL escape "%zz"'),
        ("http://%41/", 'parse "http://%41/": invalid URL escape "%41"'),
        ("http://a b/", 'parse "http://a b/": invalid character " " in host name'),
        (":x", 'parse ":x": missing protocol scheme'),
        ("1:b", 'parse "1:b": first path segment in URL cannot contain colon'),
    ],
)
def test_what_is_wrong_with_a_uri(call: Any, text: str, said: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        call("uri.parse", text)
    assert caught.value.message == f"uri.parse: {said}"
    assert call("uri.is_valid", text) is False


@pytest.mark.parametrize(
    ("text", "hostname", "port"),
    [
        ("http://[::1]:80/x", "::1", "80"),
        ("http://[::1%25eth0]/", "::1%eth0", None),
        ("x://a:b:80/", "a:b", "80"),
        ("http://u@h:/", "h", None),
        ("http://%C3%A9/", "é", None),
    ],
)
def test_host_and_port(call: Any, text: str, hostname: str, port: str | None) -> None:
    parts = call("uri.parse", text)
    assert (parts["hostname"], parts.get("port")) == (hostname, port)


def test_a_fragment_may_have_control_characters(call: Any) -> None:
    assert call("uri.parse", "a#\n")["fragment"] == "\n"


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://u:p@ex.com:80/a b/%41?x=1 2#f", ("ex.com:80", "/a%20b/A", "x=1 2")),
        ("http://h/a%2fb/!'()*", ("h", "/a%2fb/!'()*", "")),
        ("http://[::1]:8/", ("[::1]:8", "/", "")),
        ("mailto:a@b?c", ("", "", "c")),
        ("///x/y", ("", "///x/y", "")),
        ("//h/x", ("h", "/x", "")),
    ],
)
def test_what_a_request_has_of_a_url(text: str, target: tuple[str, str, str]) -> None:
    assert request_target(text) == target
