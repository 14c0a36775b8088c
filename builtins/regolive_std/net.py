"""IP addresses and networks, read as Go's ``net`` package reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv6Address,
    summarize_address_range,
)
from typing import Any, NamedTuple

from regolive import BuiltinContext, BuiltinError, RegoSet
from regolive.errors import BuiltinTypeError
from regolive.values import sorted_items, sorted_values, type_name
from regolive_std._declare import (
    ANY,
    BOOLEAN,
    STRING,
    array,
    object_of,
    one_of,
    set_of,
    std,
    tuple_of,
    unchecked,
)
from regolive_std.kept import kept_by_text

_MAPPED = 0xFFFF << 32  # ::ffff:0:0/96, IPv4 addresses in the clothes of IPv6


class _Network(NamedTuple):
    """A network: address family in bits, first address, prefix length."""

    bits: int
    first: int
    prefix: int

    @property
    def last(self) -> int:
        return self.first | ((1 << (self.bits - self.prefix)) - 1)

    def contains(self, bits: int, address: int) -> bool:
        return bits == self.bits and self.first <= address <= self.last

    def __str__(self) -> str:
        return f"{_show(self.bits, self.first)}/{self.prefix}"


def _show(bits: int, address: int) -> str:
    if bits == 32:
        return str(IPv4Address(address))
    return str(IPv6Address(address))


def parse_address(text: str) -> tuple[int, int, int] | None:
    """(bits, address, bits as written); a mapped address is an IPv4 address, as in Go."""
    try:
        if ":" not in text:
            return 32, int(IPv4Address(text)), 32
        if "%" in text:
            return None
        address = int(IPv6Address(text))
    except AddressValueError:
        return None
    if address >> 32 == 0xFFFF:
        return 32, address & 0xFFFFFFFF, 128
    return 128, address, 128


@kept_by_text(1024)
def _parse_network(text: str) -> _Network | None:
    host, slash, length = text.partition("/")
    if not slash or not (length.isascii() and length.isdigit() and len(length) < 8):
        return None
    found = parse_address(host)
    prefix = int(length)
    if found is None or prefix > found[2]:
        return None
    bits, address, written = found
    if bits != written:
        if prefix < 96:  # so wide that it is a network of IPv6 after all
            bits, address = 128, _MAPPED | address
        else:
            prefix -= 96
    keep = ((1 << prefix) - 1) << (bits - prefix)
    return _Network(bits, address & keep, prefix)


def _network(text: Any) -> _Network:
    if text.__class__ is not str:
        raise BuiltinTypeError(f"operand 1 must be string but got {type_name(text)}")
    found = _parse_network(text)
    if found is None:
        raise BuiltinError(f"invalid CIDR address: {text}")
    return found


def _contains(cidr: Any, other: Any) -> bool:
    outer = _network(cidr)
    if other.__class__ is not str:
        raise BuiltinTypeError(f"operand 1 must be string but got {type_name(other)}")
    address = parse_address(other)
    if address is not None:
        return outer.contains(address[0], address[1])
    inner = _parse_network(other)
    if inner is None:
        raise BuiltinError(f"not a valid textual representation of an IP address or CIDR: {other}")
    return outer.contains(inner.bits, inner.first) and inner.last <= outer.last


# Looked at one after the other; OPA's errors say "operand 1" of either.
_TWO = (unchecked(STRING), unchecked(STRING))


@std("net.cidr_contains", args=_TWO, result=BOOLEAN, result_name="result")
def net_cidr_contains(cidr: Any, cidr_or_ip: Any) -> bool:
    """Whether a network contains an address or a whole network.

    Example:
        >>> net.cidr_contains("10.0.0.0/8", "10.1.2.3")
        true
        >>> net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")
        true
        >>> net.cidr_contains("10.0.0.0/8", "nowhere")
        error: eval_builtin_error: net.cidr_contains: not a valid textual representation of an IP
        address or CIDR: nowhere
    """
    return _contains(cidr, cidr_or_ip)


@std("net.cidr_overlap", args=_TWO, result=BOOLEAN, deprecated=True)
def net_cidr_overlap(cidr: Any, cidr_or_ip: Any) -> bool:
    """Whether a network contains another (deprecated: ``net.cidr_contains``).

    Example:
        >>> net.cidr_overlap("10.0.0.0/8", "10.1.2.3")
        true
    """
    return _contains(cidr, cidr_or_ip)


@std("net.cidr_intersects", args=_TWO, result=BOOLEAN, result_name="result")
def net_cidr_intersects(cidr1: Any, cidr2: Any) -> bool:
    """Whether two networks have addresses in common.

    Example:
        >>> net.cidr_intersects("10.0.0.0/8", "10.1.0.0/16")
        true
        >>> net.cidr_intersects("10.0.0.0/8", "11.0.0.0/8")
        false
        >>> net.cidr_intersects("10.0.0.0/8", "10")
        error: eval_builtin_error: net.cidr_intersects: invalid CIDR address: 10
    """
    a, b = _network(cidr1), _network(cidr2)
    return a.contains(b.bits, b.first) or b.contains(a.bits, a.first)


@std("net.cidr_is_valid", args=[unchecked(STRING)], result=BOOLEAN, result_name="result")
def net_cidr_is_valid(cidr: Any) -> bool:
    """Whether a value is a string with a network.

    Example:
        >>> net.cidr_is_valid("fd00::/8")
        true
        >>> net.cidr_is_valid("10.0.0.1")
        false
    """
    return cidr.__class__ is str and _parse_network(cidr) is not None


# OPA has no bound; a million addresses take 150 MB.
_MAX_HOST_BITS = 20


@std("net.cidr_expand", result=set_of(STRING), result_name="hosts")
def net_cidr_expand(ctx: BuiltinContext, cidr: str) -> RegoSet[str]:
    """Every address of a network.

    Example:
        >>> net.cidr_expand("192.0.2.0/30")
        ["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"]
        >>> net.cidr_expand("192.0.2.0")
        error: eval_builtin_error: net.cidr_expand: invalid CIDR address: 192.0.2.0
    """
    network = _network(cidr)
    if network.bits - network.prefix > _MAX_HOST_BITS:
        raise BuiltinError(f"more than {1 << _MAX_HOST_BITS:,} addresses in {cidr}")
    out: set[str] = set()
    for address in range(network.first, network.last + 1):
        if address & 4095 == 0:
            ctx.check()
        out.add(_show(network.bits, address))
    return RegoSet.of_keys(out)


_ONE = one_of(STRING, array())
_MANY = unchecked(one_of(STRING, array(_ONE), object_of(STRING, _ONE), set_of(_ONE)))


def _match_terms(operand: int, value: Any) -> Iterator[tuple[Any, Any]]:
    """The networks of an operand, each with the index that the result names it by."""
    pairs: Iterable[tuple[Any, Any]]
    cls = value.__class__
    if cls is str:
        yield value, value
        return
    if cls is list:
        pairs = enumerate(value)
    elif cls is RegoSet:
        pairs = ((v, v) for v in sorted_values(value))
    elif cls is dict:
        pairs = sorted_items(value)
    else:
        return
    for index, element in pairs:
        if element.__class__ is str:
            yield element, index
        elif element.__class__ is list and element:
            yield element[0], index
        else:
            raise BuiltinError(f"operand {operand}: element must be string or non-empty array")


@std(
    "net.cidr_contains_matches",
    args=[_MANY, _MANY],
    result=set_of(tuple_of(ANY, ANY)),
    result_name="output",
)
def net_cidr_contains_matches(ctx: BuiltinContext, cidrs: Any, cidrs_or_ips: Any) -> RegoSet[Any]:
    """The pairs of indices of networks and what they contain.

    Example:
        >>> net.cidr_contains_matches(["10.0.0.0/8", "fd00::/8"], ["10.1.2.3"])
        [[0, 0]]
        >>> net.cidr_contains_matches({"a": "10.0.0.0/8"}, {"10.1.2.3"})
        [["a", "10.1.2.3"]]
    """
    out = []
    for cidr, index in _match_terms(1, cidrs):
        ctx.check()
        for other, other_index in _match_terms(2, cidrs_or_ips):
            if _contains(cidr, other):
                out.append([index, other_index])
    return RegoSet(out)


class _Range(NamedTuple):
    """Addresses in a row, those of IPv4 mapped into IPv6: a network of IPv6 may contain them.

    ``text``: the network as it was given, unless ranges were merged.
    """

    first: int
    last: int
    text: str | None


def _merge_element(value: Any) -> _Range:
    if value.__class__ is not str:
        raise BuiltinError("element must be string")
    address = parse_address(value)
    if address is None:
        network = _network(value)
        mapped = _MAPPED if network.bits == 32 else 0
        return _Range(network.first | mapped, network.last | mapped, str(network))
    bits, number, _ = address
    if bits != 32:
        raise BuiltinError("IPv6 invalid: needs prefix length")
    # Go's default mask, by the old classes of networks.
    top = number >> 24
    prefix = 8 if top < 0x80 else 16 if top < 0xC0 else 24
    size = 1 << (32 - prefix)
    first = number & -size | _MAPPED
    return _Range(first, first + size - 1, f"{IPv4Address(number)}/{prefix}")


@std(
    "net.cidr_merge",
    args=[unchecked(one_of(array({"type": "any", "of": [STRING]}), set_of(STRING)))],
    result=set_of(STRING),
    result_name="output",
)
def net_cidr_merge(addrs: Any) -> RegoSet[str]:
    """The fewest networks that have the addresses of some networks and addresses.

    Example:
        >>> net.cidr_merge(["192.0.2.0/25", "192.0.2.128/25"])
        ["192.0.2.0/24"]
        >>> net.cidr_merge(["fd00::1"])
        error: eval_builtin_error: net.cidr_merge: IPv6 invalid: needs prefix length
    """
    if addrs.__class__ not in (list, RegoSet):
        raise BuiltinError("operand must be an array")
    elements = addrs if addrs.__class__ is list else sorted_values(addrs)
    ranges = [_merge_element(a) for a in elements]
    ranges.sort(key=lambda r: (r.last, r.first))
    merged: list[_Range] = []
    for one in reversed(ranges):
        following = merged[-1] if merged else None
        if following is not None and max(following.first - 1, 0) <= one.last:
            merged[-1] = _Range(min(one.first, following.first), following.last, None)
        else:
            merged.append(one)
    out: set[str] = set()
    for r in merged:
        if r.text is not None:
            out.add(r.text)
        elif r.first >> 32 == r.last >> 32 == 0xFFFF:
            first, last = (IPv4Address(a & 0xFFFFFFFF) for a in (r.first, r.last))
            out.update(map(str, summarize_address_range(first, last)))
        else:
            out.update(map(str, summarize_address_range(IPv6Address(r.first), IPv6Address(r.last))))
    return RegoSet.of_keys(out)
