"""Which hosts a policy may reach: ``allow_net`` of the capabilities, and never metadata services.

A cloud's metadata service gives out the machine's credentials to whoever asks from the machine.
A policy that can be made to ask is the classical way to them, so their addresses are off limits
however they are written, resolved or redirected to, unless the configuration names the host.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from regolive import BuiltinError

# Link-local addresses (where the metadata services of AWS, Azure, Google, ... are), and those
# that stand elsewhere: AWS and Google over IPv6, Alibaba, Oracle.
_OFF_LIMITS_V4 = tuple(map(IPv4Network, ("169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32")))
_OFF_LIMITS_V6 = tuple(
    map(
        IPv6Network,
        ("fe80::/10", "fd00:ec2::254/128", "fd00:ec2::23/128", "fd20:ce::254/128"),
    )
)
# Networks whose addresses have an IPv4 address in their last 32 bits.
_EMBEDDING = tuple(map(IPv6Network, ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")))
_SIX_TO_FOUR = IPv6Network("2002::/16")


class DisallowedHostError(BuiltinError):
    """A host that the policy may not reach."""


def check_host(host: str, allow_net: Collection[str] | None) -> None:
    """That the capabilities allow a host, as it is written. Raises DisallowedHostError."""
    if allow_net is not None and host not in allow_net:
        raise DisallowedHostError(f"disallowed host: {host}")


def check_addresses(host: str, addresses: Iterable[str], named: Collection[str]) -> None:
    """That none of a host's addresses is off limits; ``named`` are the hosts that may be there.

    Raises DisallowedHostError.
    """
    if host in named:
        return
    for address in addresses:
        if is_off_limits(address):
            which = host if host == address else f"{host} ({address})"
            raise DisallowedHostError(
                f"disallowed host: {which}: an address of a metadata service; only "
                "plugins.std.http_send.metadata_hosts can allow it"
            )


def is_off_limits(address: str) -> bool:
    """Whether a metadata service is, or may be, at an address (textual, maybe with a zone)."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return any(parsed in network for network in _OFF_LIMITS_V4)
    if any(parsed in network for network in _OFF_LIMITS_V6):
        return True
    return any(embedded in network for embedded in _embedded(parsed) for network in _OFF_LIMITS_V4)


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address stands for, or leads to."""
    number = int(address)
    found = []
    if any(address in network for network in _EMBEDDING):
        found.append(IPv4Address(number & 0xFFFFFFFF))
    if address in _SIX_TO_FOUR:
        found.append(IPv4Address(number >> 80 & 0xFFFFFFFF))
    return found


def literal_address(host: str) -> str | None:
    """The address that a host name is, if it is one. Go knows only the usual ways to write it.

    An IPv4 address in the clothes of IPv6 is an IPv4 address, as in Go.
    """
    text, percent, zone = host.partition("%")
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None and not percent:
        return str(address.ipv4_mapped)
    return f"{address}{percent}{zone}"


def is_odd_address(host: str) -> bool:
    """Whether a host is an IPv4 address in a way that C libraries read and Go does not.

    ``127.1``, ``0x7f000001``, ``2130706433``: no host for OPA, and a way around lists of hosts.
    """
    if literal_address(host) is not None:
        return False
    try:
        socket.inet_aton(host)
    except (OSError, UnicodeError, ValueError):
        return False
    return True
