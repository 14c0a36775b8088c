"""Where policies may not go: ``allow_net``, and metadata services however they are reached."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from tests.http_site import HttpClient, Site

from regolive import BuiltinError, RegoSet
from regolive_std import StdPlugin
from regolive_std.http_ import HttpConfig
from regolive_std.http_hosts import is_off_limits

METADATA = "an address of a metadata service"


def names(monkeypatch: pytest.MonkeyPatch, **hosts: str) -> list[str]:
    """Have the system's resolver know these names, and say which it was asked for."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(host)
        found = hosts.get(str(host).partition(".")[0])
        return real(found if found is not None else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


# allow_net


def test_any_host_may_be_asked_unless_there_is_a_list(http: HttpClient, site: Site) -> None:
    request = {"method": "get", "url": site.url}
    assert http(request, allow_net=None)["status_code"] == 200
    assert http(request, allow_net=["other.example", "127.0.0.1"])["status_code"] == 200
    for allowed in ([], ["localhost"], [f"127.0.0.1:{site.port}"]):
        with pytest.raises(BuiltinError) as caught:
            http(request, allow_net=allowed)
        assert caught.value.message == "http.send: disallowed host: 127.0.0.1"
    assert len(site.asked) == 2


def test_hosts_are_compared_as_they_are_written(http: HttpClient, site: Site) -> None:
    url = f"http://LocalHost:{site.port}/"
    with pytest.raises(BuiltinError, match="disallowed host: LocalHost"):
        http({"method": "get", "url": url}, allow_net=["localhost"])


def test_an_address_in_brackets_is_compared_without_them(http: HttpClient) -> None:
    with pytest.raises(BuiltinError, match="connection refused"):
        http({"method": "get", "url": "http://[::1]:1/"}, allow_net=["::1"])


def test_a_redirect_may_only_lead_to_a_host_of_the_list(http: HttpClient, site: Site) -> None:
    url = site.route("/a", 302, b"", [("Location", f"http://localhost:{site.port}/b")])
    request = {"method": "get", "url": url, "enable_redirect": True}
    assert http(request, allow_net=["127.0.0.1", "localhost"])["status_code"] == 200
    with pytest.raises(BuiltinError) as caught:
        http(request, allow_net=["127.0.0.1"])
    place = f'"http://localhost:{site.port}/b"'
    assert caught.value.message == f"http.send: Get {place}: disallowed host: localhost"
    assert site.asked[-1].target == "/a"


def test_a_host_over_a_unix_socket_is_a_host(http: HttpClient) -> None:
    with pytest.raises(BuiltinError, match="disallowed host: h"):
        http({"method": "get", "url": "unix://h/?socket=s"}, allow_net=[])


# Metadata services


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.0.1",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
        "FD00:0EC2:0:0:0:0:0:254",
        "fd20:ce::254",
        "fe80::1",
        "fe80::1%eth0",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
    ],
)
def test_addresses_that_are_off_limits(address: str) -> None:
    assert is_off_limits(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.253.0.1", "::1", "fd00::1", "::ffff:127.0.0.1", "8.8.8.8", "x"],
)
def test_addresses_that_are_not(address: str) -> None:
    assert not is_off_limits(address)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[fe80::1]",
    ],
)
def test_an_address_in_a_url_is_refused(http: HttpClient, host: str) -> None:
    with pytest.raises(BuiltinError, match=METADATA):
        http.get(f"http://{host}/latest/meta-data/")


ODD = "2852039166 0xA9FEA9FE 0251.0376.0251.0376 169.254.43518 169.254.169.254. １６９.254.169.254"


@pytest.mark.parametrize("host", ODD.split())
def test_an_address_written_oddly_is_no_host(http: HttpClient, host: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        http.get(f"http://{host}/")
    assert "no such host" in caught.value.message or METADATA in caught.value.message


def test_a_name_that_resolves_to_one_is_refused(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, evil="169.254.169.254")
    with pytest.raises(BuiltinError) as caught:
        http.get("http://evil.test/")
    assert f"disallowed host: evil.test (169.254.169.254): {METADATA}" in caught.value.message
    response = http.get("http://evil.test/", raise_error=False)
    assert response["error"]["code"] == "eval_http_send_network_error"


def test_to_allow_a_name_is_not_to_allow_where_it_leads(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, evil="169.254.169.254")
    with pytest.raises(BuiltinError, match=METADATA):
        http({"method": "get", "url": "http://evil.test/"}, allow_net=["evil.test"])
    with pytest.raises(BuiltinError, match=METADATA):
        http({"method": "get", "url": "http://169.254.169.254/"}, allow_net=["169.254.169.254"])


@pytest.mark.parametrize("location", ["http://169.254.169.254/", "http://evil.test/"])
def test_a_redirect_to_one_is_refused(
    http: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    names(monkeypatch, evil="::ffff:169.254.169.254")
    url = site.route("/a", 302, b"", [("Location", location)])
    with pytest.raises(BuiltinError, match=METADATA):
        http.get(url, enable_redirect=True)


def test_what_is_connected_to_is_what_was_looked_at(
    http: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name that resolves to something else the next time gains nothing by it: it is asked once.
    asked = names(monkeypatch, turncoat="127.0.0.1")
    http.get(f"http://turncoat.test:{site.port}/")
    assert asked == ["turncoat.test"]


def test_through_a_proxy_an_address_is_refused_before_the_proxy_is_asked(
    http: HttpClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", site.url)
    for host in ("169.254.169.254", "[fd00:ec2::254]"):
        with pytest.raises(BuiltinError, match=METADATA):
            http.get(f"http://{host}/")
    assert site.asked == []


def test_the_configuration_can_allow_a_host_by_name(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, local="169.254.1.1")
    http.http.configure(HttpConfig(metadata_hosts=frozenset({"local.test"})))
    reached: list[Any] = []

    def connect(family: int, address: Any, budget: Any, limit: float) -> Any:
        reached.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("regolive_std.http_network._connect", connect)
    with pytest.raises(BuiltinError, match=r"dial tcp 169\.254\.1\.1:80: connect: connection ref"):
        http.get("http://Local.test/")
    assert reached == [("169.254.1.1", 80)]
    with pytest.raises(BuiltinError, match=METADATA):
        http.get("http://169.254.1.1/")


# net.lookup_ip_addr


def test_a_lookup_heeds_the_list(call: Any) -> None:
    from regolive.codegen.frame import Env, Frame

    def lookup(name: str, allow_net: list[str] | None) -> Any:
        hosts = None if allow_net is None else frozenset(allow_net)
        frame = Frame(Env(True, None, None, hosts), None, None)  # type: ignore[arg-type]
        return call("net.lookup_ip_addr", name, frame=frame)

    assert "127.0.0.1" in lookup("localhost", ["localhost"])
    assert lookup("127.0.0.1", None) == RegoSet(["127.0.0.1"])
    assert lookup("::ffff:1.2.3.4", None) == RegoSet(["1.2.3.4"])
    assert lookup("::1", None) == RegoSet(["::1"])
    with pytest.raises(BuiltinError) as caught:
        lookup("localhost", ["127.0.0.1"])
    assert caught.value.message == "net.lookup_ip_addr: disallowed host: localhost"


@pytest.mark.parametrize("name", ["", "127.1", "0x7f000001", "a b", "x" * 300])
def test_what_is_no_name_has_no_addresses(call: Any, name: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        call("net.lookup_ip_addr", name)
    assert caught.value.message == f"net.lookup_ip_addr: lookup {name}: no such host"


def test_the_plugin_tells_what_it_keeps() -> None:
    told = StdPlugin().regolive_status()
    assert told["http_send"]["transports"] == 0
    assert told["http_send"]["cache"]["entries"] == 0
