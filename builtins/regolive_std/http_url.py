"""URLs as ``http.send`` takes them: where to connect, what to ask for, and how errors show them.

Read as Go's ``net/url`` reads them (``uri.py``), down to which characters a request line keeps.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from urllib.parse import quote_from_bytes, unquote_to_bytes

from regolive_std.text import from_bytes, to_bytes
from regolive_std.uri import parse_uri

_PORTS = {"http": 80, "https": 443}
# What a path keeps as it is, in Go's own encoding and where the path is written so already.
_PATH = "$&+,/:;=@"
_WRITTEN = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@!'()*[]%"
)
_FRAGMENT = _PATH + "!()*?"
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """A URL in parts.

    Attributes:
        text: as it was written.
        scheme: in lower case; any, or empty.
        user: decoded user name, None if there is none; ``password`` likewise.
        host: decoded host name or address, without brackets. Compared with ``allow_net`` as it is.
        port: as written, maybe empty.
        bracketed: the host is an IPv6 address in brackets.
        rooted: two slashes stand before the host, even if it is empty.
        path: encoded for the request line; ``query`` too, None without a question mark.
        fragment: decoded; it goes nowhere but into messages.
        opaque: what follows the scheme where no slash does, as in ``mailto:a@b``.
    """

    text: str
    scheme: str
    user: str | None
    password: str | None
    host: str
    port: str
    bracketed: bool
    rooted: bool
    path: str
    query: str | None
    fragment: str
    opaque: str = ""

    @property
    def port_number(self) -> int:
        """The port to connect to. May be above 65535, which is no port."""
        return int(self.port) if self.port else _PORTS.get(self.scheme, 0)

    @property
    def authority(self) -> str:
        """Host and port as the ``Host`` header has them."""
        host = f"[{self.host.partition('%')[0]}]" if self.bracketed else self.host
        return f"{host}:{self.port}" if self.port else host

    @property
    def target(self) -> bytes:
        """Path and query as the request line has them."""
        target = self.path or "/"
        if self.query is not None:
            # Go sends what it was given; a space or a control character would end the line.
            target += "?" + quote_from_bytes(to_bytes(self.query), safe=_VISIBLE)
        return target.encode("ascii")

    @property
    def credentials(self) -> str | None:
        """The ``Authorization`` header that user and password stand for."""
        if self.user is None:
            return None
        pair = to_bytes(f"{self.user}:{self.password or ''}")
        return "Basic " + base64.b64encode(pair).decode()

    def __str__(self) -> str:
        """As Go shows it in errors: encoded, and without the password."""
        out = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            out += self.opaque
        elif self.host or self.user is not None or (self.rooted and self.path):
            out += "//"
            if self.user is not None:
                out += quote_from_bytes(to_bytes(self.user), safe="$&+,;=")
                out += ":***@" if self.password is not None else "@"
            host = quote_from_bytes(to_bytes(self.host), safe="!$&'()*+,;=:[]<>\"")
            out += f"[{host}]" if self.bracketed else host
            out += f":{self.port}" if self.port else ""
        out += self.path
        out += "" if self.query is None else f"?{self.query}"
        if self.fragment:
            out += "#" + quote_from_bytes(to_bytes(self.fragment), safe=_FRAGMENT)
        return out

    @property
    def referer(self) -> str:
        """The URL as a ``Referer`` header has it: without the user. Go leaves the fragment in."""
        return str(replace(self, user=None, password=None))


def parse_http_url(text: str) -> HttpUrl:
    """Take a URL apart. Raises BuiltinError with Go's text (``parse "...": ...``) for what is none.

    What can be parsed need not be one that HTTP can be asked of: it may have no host.
    """
    parts = parse_uri(text)
    scheme = parts.get("scheme", "")
    rest, _, _ = text.partition("#")
    rest = rest[len(scheme) + 1 :] if scheme else rest
    rest, asked, query = rest.partition("?")
    opaque = rest if scheme and rest and not rest.startswith("/") else ""
    user = password = None
    host = port = ""
    bracketed = False
    rooted = rest.startswith("//") and bool(scheme or not rest.startswith("///"))
    if rooted:
        authority, slash, tail = rest[2:].partition("/")
        rest = slash + tail
        userinfo, at, named = authority.rpartition("@")
        if at:
            name, colon, secret = userinfo.partition(":")
            user = _decoded(name)
            password = _decoded(secret) if colon else None
        host, port = parts.get("hostname", ""), parts.get("port", "")
        bracketed = named.startswith("[")
    return HttpUrl(
        text,
        scheme,
        user,
        password,
        host,
        port,
        bracketed,
        rooted,
        "" if opaque else _encoded(rest, parts.get("path", "")),
        query if asked else None,
        parts.get("fragment", ""),
        opaque,
    )


def redirected(base: HttpUrl, location: str) -> HttpUrl:
    """Where a ``Location`` header leads from a URL (RFC 3986, section 5.2).

    Raises BuiltinError if it is no URL, naming what the header says, not what it leads to.
    """
    if parse_uri(location).get("scheme"):
        return parse_http_url(location)
    if location.startswith("//") and not location.startswith("///"):
        return parse_http_url(f"{base.scheme}:{location}")
    found = _ROOT.match(base.text)
    root, (old_path, old_query, _) = (found[1], _split(found[2])) if found else ("", ("", "", ""))
    path, query, fragment = _split(location)
    if not path:
        path, query = old_path, query or old_query
    elif path.startswith("/"):
        path = _without_dots(path)
    else:
        path = _without_dots(old_path[: old_path.rfind("/") + 1] + path)
    return parse_http_url(root + path + query + fragment)


# Scheme, user, host and port of a URL; and all that follows.
_ROOT = re.compile(r"([^/?#]*//[^/?#]*)(.*)\Z", re.DOTALL)
_REST = re.compile(r"([^?#]*)(\?[^#]*)?(#.*)?\Z", re.DOTALL)


def _split(rest: str) -> tuple[str, str, str]:
    """Path, query with its question mark, fragment with its mark."""
    found = _REST.match(rest)
    assert found is not None  # it matches anything
    return found[1], found[2] or "", found[3] or ""


def _without_dots(path: str) -> str:
    """A path from the root, with its ``.`` and ``..`` resolved (RFC 3986, section 5.2.4)."""
    kept: list[str] = []
    segments = path.removeprefix("/").split("/")
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _decoded(text: str) -> str:
    return from_bytes(unquote_to_bytes(to_bytes(text)))


def _encoded(written: str, path: str) -> str:
    """A path for the request line: as written where that is well encoded."""
    if all(b in _WRITTEN for b in to_bytes(written)):
        return written
    return quote_from_bytes(to_bytes(path), safe=_PATH + "~")
