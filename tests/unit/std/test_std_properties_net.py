"""Networks, URIs and UUIDs against Python's ``ipaddress``, ``urllib.parse`` and ``uuid``."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from uuid import RESERVED_FUTURE, RESERVED_MICROSOFT, RESERVED_NCS, RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from regolive.values import UNDEFINED, RegoSet

# Of either version; what compares them has made sure that it is the same.
Address = Any
Network = Any

MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


# -- Texts of addresses and networks ---------------------------------------------------------


def _written(address: Address, way: int) -> str:
    """One of the ways to write an address."""
    if isinstance(address, ipaddress.IPv4Address):
        return f"::ffff:{address}" if way == 3 else str(address)
    return (str(address), address.exploded, str(address).upper(), address.exploded.upper())[way]


# A small world, so that networks meet; and the whole one.
low4 = st.builds(lambda n: ipaddress.IPv4Address(0x0A000000 + n), st.integers(0, 1023))
low6 = st.builds(lambda n: ipaddress.IPv6Address((0xFD << 120) + n), st.integers(0, 1023))
all4 = st.builds(ipaddress.IPv4Address, st.integers(0, 2**32 - 1))
all6 = st.builds(ipaddress.IPv6Address, st.integers(0, 2**128 - 1)).filter(
    lambda a: a not in MAPPED
)
addresses = st.one_of(low4, low6, all4, all6)
ways = st.integers(0, 3)


@st.composite
def networks(draw: Any, of: Any = addresses) -> tuple[str, Network]:
    """The text of a network, host bits and all, and what Python holds that it is."""
    address = draw(of)
    prefix = draw(st.integers(0, address.max_prefixlen))
    if address in low_world(address.version):
        prefix = max(prefix, address.max_prefixlen - 10)
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    # ``::/0`` and its like have the mapped addresses in them, which for Go are of IPv4.
    if network.version == 6 and network.overlaps(MAPPED):
        network = ipaddress.ip_network("fd00::/8")
        return "fd00::1/8", network
    way = draw(st.integers(0, 2))
    return f"{_written(address, way)}/{prefix}", network


def low_world(version: int) -> Network:
    """The part of the addresses that the small worlds are in."""
    return ipaddress.ip_network("10.0.0.0/22" if version == 4 else "fd00::/118")


@given(networks(), addresses, ways)
def test_contains_an_address(call: Any, pair: tuple[str, Network], a: Address, way: int) -> None:
    text, network = pair
    assert call("net.cidr_contains", text, _written(a, way)) == (a in network)


@given(networks(), networks())
def test_contains_and_intersects(
    call: Any, one: tuple[str, Network], other: tuple[str, Network]
) -> None:
    (x, a), (y, b) = one, other
    same = a.version == b.version
    inside = same and a.network_address <= b.network_address <= b.broadcast_address <= (
        a.broadcast_address
    )
    common = same and max(a[0], b[0]) <= min(a[-1], b[-1])
    assert call("net.cidr_contains", x, y) == call("net.cidr_overlap", x, y) == inside
    assert call("net.cidr_intersects", x, y) == call("net.cidr_intersects", y, x) == common


def _readable(text: str) -> bool:
    """Whether a text is a network in the one notation: an address, a slash, a count of bits."""
    host, slash, bits = text.partition("/")
    if not slash or "%" in host or not (bits.isascii() and bits.isdigit()):
        return False
    try:
        return int(bits) <= ipaddress.ip_address(host).max_prefixlen
    except ValueError:
        return False


@st.composite
def almost(draw: Any) -> str:
    """A network's text with one thing changed in it."""
    text, _ = draw(networks())
    at = draw(st.integers(0, len(text)))
    put = draw(st.sampled_from([*"0123456789abcdefgABCDEF.:/%- ", "", "::", "\n", "\u0663"]))
    return str(text[:at] + put + text[at + draw(st.integers(0, 2)) :])


@given(almost())
def test_texts_that_are_networks(call: Any, text: str) -> None:
    assert call("net.cidr_is_valid", text) == _readable(text)


# -- Many of them ----------------------------------------------------------------------------


@given(st.lists(networks(), max_size=8), st.booleans())
def test_merged_is_as_collapsed(call: Any, pairs: list[tuple[str, Network]], as_set: bool) -> None:
    expected: set[str] = set()
    for version in (4, 6):
        of_version: Any = [n for _, n in pairs if n.version == version]
        expected |= set(map(str, ipaddress.collapse_addresses(of_version)))
    texts = [t for t, _ in pairs]
    assert call("net.cidr_merge", RegoSet(texts) if as_set else texts) == RegoSet(expected)


@given(st.one_of(all4, all6), st.integers(0, 7))
def test_expanded_is_every_address(call: Any, address: Address, host_bits: int) -> None:
    text = f"{address}/{address.max_prefixlen - host_bits}"
    network = ipaddress.ip_network(text, strict=False)
    assert call("net.cidr_expand", text) == RegoSet(str(a) for a in network)


@given(
    st.lists(networks(), max_size=4),
    st.lists(st.one_of(networks(), addresses), max_size=4),
    st.sampled_from(["array", "object", "set"]),
    st.sampled_from(["array", "object", "set"]),
)
def test_pairs_that_match(
    call: Any, outer: list[Any], inner: list[Any], kind: str, other_kind: str
) -> None:
    others = [o if isinstance(o, tuple) else (str(o), ipaddress.ip_network(str(o))) for o in inner]

    def named(pairs: list[tuple[str, Network]], kind: str) -> tuple[Any, list[Any]]:
        texts = [t for t, _ in pairs]
        if kind == "array":
            return texts, list(range(len(texts)))
        if kind == "set":
            return RegoSet(texts), list(texts)
        # In an object, the text may be the first of an array.
        return {f"k{i}": [t, "note"] for i, t in enumerate(texts)}, [
            f"k{i}" for i in range(len(texts))
        ]

    a, a_names = named(outer, kind)
    b, b_names = named(others, other_kind)
    expected = [
        [i, j]
        for i, (_, x) in zip(a_names, outer, strict=True)
        for j, (_, y) in zip(b_names, others, strict=True)
        if x.version == y.version and x[0] <= y[0] and y[-1] <= x[-1]
    ]
    assert call("net.cidr_contains_matches", a, b) == RegoSet(expected)


# -- URIs ------------------------------------------------------------------------------------

# No control characters, and no surrogates: they have no UTF-8.
printable = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs"]), max_size=6)
schemes = st.from_regex(r"[a-zA-Z][a-zA-Z0-9+.-]{0,5}", fullmatch=True)
names = st.from_regex(r"[a-zA-Z0-9-]{1,6}(\.[a-zA-Z0-9-]{1,4}){0,2}", fullmatch=True)
hosts = st.one_of(names, all4.map(str), st.one_of(low6, all6).map(lambda a: f"[{a}]"))
paths = st.lists(printable.map(lambda t: quote(t, safe="!$&'()*+,;=:@")), max_size=3).map(
    lambda segments: "".join(f"/{s}" for s in segments)
)
ports = st.none() | st.integers(0, 65535)
escaped = st.none() | printable.map(lambda t: quote(t, safe="&=/:?+"))


@given(schemes, st.none() | names, hosts, ports, paths, escaped, escaped)
def test_uris_are_split_as_pythons_are(
    call: Any,
    scheme: str,
    user: str | None,
    host: str,
    port: int | None,
    path: str,
    query: str | None,
    fragment: str | None,
) -> None:
    text = f"{scheme}://"
    text += f"{user}@" if user is not None else ""
    text += host
    text += f":{port}" if port is not None else ""
    text += path
    text += f"?{query}" if query is not None else ""
    text += f"#{fragment}" if fragment is not None else ""
    split = urlsplit(text)
    expected = {
        "scheme": split.scheme,
        "port": "" if split.port is None else str(split.port),
        "path": unquote(split.path),
        "raw_query": split.query,
        "fragment": unquote(split.fragment),
    }
    found = dict(call("uri.parse", text))
    assert found.pop("hostname").lower() == split.hostname
    assert unquote(found.pop("raw_path", "")) == unquote(expected["path"])
    assert found == {name: part for name, part in expected.items() if part}
    assert call("uri.is_valid", text)


# -- UUIDs -----------------------------------------------------------------------------------

VARIANTS = {
    RESERVED_NCS: "Reserved",
    RFC_4122: "RFC4122",
    RESERVED_MICROSOFT: "Microsoft",
    RESERVED_FUTURE: "Future",
}
uuids = st.builds(
    lambda n, version: UUID(int=n & ~(0xF << 76) | version << 76),
    st.integers(0, 2**128 - 1),
    st.sampled_from([1, 2, 1, 2, 4, 7, 0, 15]),
)


@given(uuids, st.integers(0, 4))
def test_uuids_are_read_as_pythons_are(call: Any, uuid: UUID, way: int) -> None:
    text = (str(uuid), uuid.hex, uuid.urn, f"{{{uuid}}}", str(uuid).upper())[way]
    found = call("uuid.parse", text)
    version = int(uuid.hex[12], 16)
    assert (found["version"], found["variant"]) == (version, VARIANTS[uuid.variant])
    if version not in (1, 2):
        assert found.keys() == {"version", "variant"}
        return
    assert found["clocksequence"] == uuid.clock_seq
    assert found["nodeid"].replace("-", "") == f"{uuid.node:012x}"
    since_1970 = (uuid.time - UUID("13814000-1dd2-11b2-8000-000000000000").time) * 100
    if abs(since_1970) < 2**63:
        assert found["time"] == since_1970


@given(uuids, st.integers(0, 35), st.sampled_from(["", "g", "--", " "]))
def test_what_is_no_uuid(call: Any, uuid: UUID, at: int, put: str) -> None:
    text = str(uuid)
    text = text[:at] + put + text[at + 1 :]
    assert call("uuid.parse", text) is UNDEFINED
