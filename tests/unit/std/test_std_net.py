"""Networks against ipaddress; URIs; versions; UUIDs; random numbers."""

from __future__ import annotations

import ipaddress
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regolive.errors import BuiltinError, CancelledError
from regolive.values import UNDEFINED, RegoSet

v4 = st.builds(
    lambda a, p: f"{ipaddress.IPv4Address(a)}/{p}", st.integers(0, 2**32 - 1), st.integers(0, 32)
)
# Not the mapped addresses, which Go takes for IPv4.
v6 = st.builds(
    lambda a, p: f"{ipaddress.IPv6Address(a)}/{p}",
    st.integers(2**64, 2**128 - 1),
    st.integers(0, 128),
)
near = st.builds(lambda a, p: f"10.0.{a}.0/{p}", st.integers(0, 7), st.integers(20, 26))


def _net(text: str) -> Any:
    return ipaddress.ip_network(text, strict=False)


@given(st.one_of(v4, v6, near), st.one_of(v4, v6, near))
def test_networks_as_pythons(call: Any, a: str, b: str) -> None:
    x, y = _net(a), _net(b)
    same = x.version == y.version
    assert call("net.cidr_contains", a, b) == (same and y.subnet_of(x))
    assert call("net.cidr_intersects", a, b) == (same and x.overlaps(y))
    assert call("net.cidr_contains", a, b.split("/", maxsplit=1)[0]) == (
        ipaddress.ip_address(b.split("/", maxsplit=1)[0]) in x
    )
    assert call("net.cidr_is_valid", a)


@given(st.lists(near, max_size=6))
def test_merge_is_the_fewest_networks(call: Any, networks: list[str]) -> None:
    expected = ipaddress.collapse_addresses(map(_net, networks))
    assert call("net.cidr_merge", networks) == RegoSet(map(str, expected))


@given(st.integers(0, 2**32 - 256), st.integers(24, 32))
def test_expand(call: Any, address: int, prefix: int) -> None:
    text = f"{ipaddress.IPv4Address(address)}/{prefix}"
    assert call("net.cidr_expand", text) == RegoSet(map(str, _net(text)))


def test_expanding_a_large_network_can_be_cancelled(call: Any, cancelled: Any) -> None:
    with pytest.raises(CancelledError):
        call("net.cidr_expand", "10.0.0.0/12", frame=cancelled())


def test_matches_name_their_indices(call: Any) -> None:
    cidrs = {"a": "10.0.0.0/8", "b": ["192.168.0.0/16", "note"]}
    ips = ["10.1.1.1", ["192.168.1.1", "x"]]
    assert call("net.cidr_contains_matches", cidrs, ips) == RegoSet([["a", 0], ["b", 1]])


def test_addresses_that_go_does_not_take(call: Any) -> None:
    for text in ("01.2.3.4/8", "1.2.3/8", "fe80::1%eth0/64", "1.2.3.4", "1.2.3.4/33", "/8"):
        assert not call("net.cidr_is_valid", text)
        with pytest.raises(BuiltinError, match="invalid CIDR address"):
            call("net.cidr_expand", text)


numbers = st.integers(0, 20)
tags = st.sampled_from(["", "-1", "-2", "-10", "-alpha", "-alpha.1", "-beta", "-rc.1.x"])
versions = st.builds(lambda a, b, c, t: f"{a}.{b}.{c}{t}", numbers, numbers, numbers, tags)


@given(versions, versions, versions)
def test_versions_are_in_an_order(call: Any, a: str, b: str, c: str) -> None:
    assert call("semver.is_valid", a)
    assert call("semver.compare", a, b) == -call("semver.compare", b, a)
    assert call("semver.compare", a, a + "+meta") == 0
    if call("semver.compare", a, b) <= 0 and call("semver.compare", b, c) <= 0:
        assert call("semver.compare", a, c) <= 0


def test_versions_in_the_order_of_the_specification(call: Any) -> None:
    order = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"]
    order += ["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"]
    for low, high in pairwise(order):
        assert call("semver.compare", low, high) == -1


def test_uuids(call: Any) -> None:
    frame = call.frame()
    one = call("uuid.rfc4122", "k", frame=frame)
    assert call("uuid.rfc4122", "k", frame=frame) == one
    assert call("uuid.rfc4122", "other", frame=frame) != one
    assert UUID(one).version == 4
    assert call("uuid.parse", one) == {"version": 4, "variant": "RFC4122"}
    timed = uuid1(node=0x010203040506, clock_seq=77)
    parsed = call("uuid.parse", str(timed))
    assert parsed["clocksequence"] == 77
    assert parsed["nodeid"] == "01-02-03-04-05-06"
    assert parsed["time"] == (timed.time - 0x01B21DD213814000) * 100
    assert call("uuid.parse", "nonsense") is UNDEFINED


@given(st.text(max_size=3), st.integers(-50, 50))
def test_random_numbers_repeat_within_a_query(call: Any, key: str, n: int) -> None:
    frame = call.frame()
    found = call("rand.intn", key, n, frame=frame)
    assert (
        call("rand.intn", key, n, frame=frame) == found == call("rand.intn", key, -n, frame=frame)
    )
    assert 0 <= found < max(abs(n), 1)


def test_uris(call: Any) -> None:
    assert call("uri.parse", "HTTPS://user:pw@example.com:8443/a%2Fb?q=1#top") == {
        "scheme": "https",
        "hostname": "example.com",
        "port": "8443",
        "path": "/a/b",
        "raw_path": "/a%2Fb",
        "raw_query": "q=1",
        "fragment": "top",
    }
    assert not call("uri.is_valid", "http://[::1")
    assert not call("uri.is_valid", "")
