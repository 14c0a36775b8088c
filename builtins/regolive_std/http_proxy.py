"""Which proxy a URL is asked through: the environment says, read as Go's client reads it.

``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``, in upper case or lower; never for this machine.
"""

from __future__ import annotations

import os
from ipaddress import ip_address, ip_network

from regolive_std.http_hosts import literal_address
from regolive_std.http_network import DialError
from regolive_std.http_url import HttpUrl


def proxy_for(url: HttpUrl) -> str | None:
    """The URL of the proxy, None if the server is asked directly.

    Raises DialError in a CGI program, where ``HTTP_PROXY`` is what a client sent as ``Proxy``.
    """
    proxy = _variable(f"{url.scheme}_proxy")
    if not proxy or _direct(url.host.lower(), url.port_number):
        return None
    if proxy == os.environ.get("HTTP_PROXY") and os.environ.get("REQUEST_METHOD"):
        raise DialError(
            "refusing to use HTTP_PROXY value in CGI environment; see golang.org/s/cgihttpproxy"
        )
    return proxy if "://" in proxy else f"http://{proxy}"


def _variable(name: str) -> str:
    return os.environ.get(name.upper()) or os.environ.get(name) or ""


def _direct(host: str, port: int) -> bool:
    address = literal_address(host)
    if host == "localhost" or (address and ip_address(address.partition("%")[0]).is_loopback):
        return True
    for entry in _variable("no_proxy").lower().split(","):
        pattern = entry.strip()
        if not pattern:
            continue
        if pattern == "*":
            return True
        if address is not None and _is_within(address, pattern):
            return True
        name, colon, number = pattern.rpartition(":")
        if colon and number.isdigit() and "]" not in number:
            if int(number) != port:
                continue
            pattern = name
        pattern = pattern.strip("[]").removeprefix("*")
        # "example.com" is the host and all below it, ".example.com" only those below.
        if pattern == host or host.endswith(pattern if pattern[:1] == "." else f".{pattern}"):
            return True
    return False


def _is_within(address: str, pattern: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]) in ip_network(pattern, strict=False)
    except ValueError:
        return False
