"""URIs, taken apart as Go's ``net/url`` does it."""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import Any

from regolive import BuiltinError
from regolive_std._declare import BOOLEAN, STRING, object_of, std, unchecked
from regolive_std.address_words import address_problem
from regolive_std.encoding import unescape
from regolive_std.text import go_quote, to_bytes

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_PORT = re.compile(r":[0-9]*\Z")
_USERINFO = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*\Z")
# ASCII characters that may stand in a host as they are.
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:\[\]<>\"%-]*\Z")
_PLAIN_PATH = frozenset((ascii_letters + digits + "-_.~$&+,/:;=@").encode())


def parse_uri(text: str) -> dict[str, str]:
    """The parts of a URI by name. Raises BuiltinError with Go's text for what is none."""
    rest, _, fragment = text.partition("#")
    try:
        out = _parts(rest)
    except BuiltinError as error:
        raise BuiltinError(f"parse {go_quote(rest)}: {error.message}") from None
    try:
        return out | {"fragment": unescape(fragment, plus=False)}
    except BuiltinError as error:
        raise BuiltinError(f"parse {go_quote(text)}: {error.message}") from None


def _parts(rest: str) -> dict[str, str]:
    if any(c < " " or c == "\x7f" for c in rest):
        raise BuiltinError("net/url: invalid control character in URL")
    if rest == "*":
        return {"path": "*", "raw_path": "*"}
    scheme = ""
    found = _SCHEME.match(rest)
    if rest.startswith(":"):
        raise BuiltinError("missing protocol scheme")
    if found and rest[found.end() : found.end() + 1] == ":":
        scheme = found[0].lower()
        rest = rest[found.end() + 1 :]
    out = {"scheme": scheme}
    rest, _, out["raw_query"] = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return out  # opaque: mailto:someone
        if ":" in rest.partition("/")[0]:
            raise BuiltinError("first path segment in URL cannot contain colon")
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        out["hostname"], out["port"] = _authority(scheme, authority)
    path = unescape(rest, plus=False)
    out["path"] = path
    if path:
        # Go keeps the path as written only where its own encoding would differ.
        out["raw_path"] = path if _encoded_path(path) == rest else rest
    return out


def _authority(scheme: str, authority: str) -> tuple[str, str]:
    userinfo, at, host = authority.rpartition("@")
    name = _host(scheme, host)
    if at and not _USERINFO.match(userinfo):
        raise BuiltinError("net/url: invalid userinfo")
    if at:
        unescape(userinfo, plus=False)
    port = ""
    found = _PORT.search(name)
    if found:
        name, port = name[: found.start()], found[0][1:]
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    return name, port


def _host(scheme: str, host: str) -> str:
    """Host and port, decoded."""
    bracket = host.rfind("[")
    if bracket > 0:
        raise BuiltinError("invalid IP-literal")
    if bracket == 0:
        close = host.rfind("]")
        if close < 0:
            raise BuiltinError("missing ']' in host")
        port = _checked_port(host[close + 1 :])
        address, percent, zone = host[1:close].partition("%25")
        address = _decoded_host(address) + _decoded_host(percent + zone, zone=True)
        _check_address(address)
        return f"[{address}]{port}"
    if ":" in host:
        # More colons were let pass once, and still are where the scheme is not the web's.
        strict = scheme in ("http", "https")
        _checked_port(host[host.find(":") if strict else host.rfind(":") :])
    return _decoded_host(host)


def _checked_port(port: str) -> str:
    if port and not _PORT.match(port):
        raise BuiltinError(f"invalid port {go_quote(port)} after host")
    return port


_IN_HOST = re.compile(r"%(.?.?)|([\x00-\x7f])")


def _decoded_host(text: str, *, zone: bool = False) -> str:
    """What may be escaped in a host: only what is not ASCII; in a zone, what may stand there."""
    for found in _IN_HOST.finditer(text):
        char = found[2]
        if char is None:
            unescape(found[0], plus=False)
            code = int(found[1], 16)
            allowed = chr(code) == " " or _HOST.match(chr(code)) if zone else code >= 0x80
            if code != 0x25 and not (allowed or (zone and code >= 0x80)):
                raise BuiltinError(f"invalid URL escape {go_quote(found[0])}")
        elif not _HOST.match(char):
            raise BuiltinError(f"invalid character {go_quote(char)} in host name")
    return unescape(text, plus=False)


def _check_address(text: str) -> None:
    """In brackets there is an IPv6 address."""
    problem = address_problem(text)
    if problem is not None:
        raise BuiltinError(f"invalid host: {problem}")
    if ":" not in text:
        raise BuiltinError("invalid IP-literal")


def _encoded_path(path: str) -> str:
    return "".join(chr(b) if b in _PLAIN_PATH else f"%{b:02X}" for b in to_bytes(path))


_TARGET = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:(?=/)(?://([^/?#]*))?|//(?!/)([^/?#]*))?([^?#]*)")


def request_target(text: str) -> tuple[str, str, str]:
    """Host with port, escaped path, and query of a URL, as Go puts them into a request.

    The path stays as written where that is well escaped. Raises BuiltinError for what is no URL.
    """
    parts = parse_uri(text)
    found = _TARGET.match(text)
    if found is None or "path" not in parts:
        return "", "", parts.get("raw_query", "")
    host = unescape((found[1] or found[2] or "").rpartition("@")[2], plus=False)
    path = found[3]
    if not all(b in _PLAIN_PATH or b in b"!'()*[]%" for b in to_bytes(path)):
        path = _encoded_path(parts["path"])
    return host, path, parts.get("raw_query", "")


@std("uri.parse", result=object_of(STRING, STRING))
def uri_parse(uri: str) -> dict[str, str]:
    """The parts of a URI: scheme, hostname, port, path, raw_path, raw_query, fragment.

    Example:
        >>> uri.parse("https://example.com:8080/a%20b?q=1#top")
        {"fragment": "top", "hostname": "example.com", "path": "/a b", "port": "8080", "raw_path":
        "/a b", "raw_query": "q=1", "scheme": "https"}
        >>> uri.parse("https://[::1")
        error: eval_builtin_error: uri.parse: parse "https://[::1": missing ']' in host
    """
    return {name: part for name, part in parse_uri(uri).items() if part}


@std("uri.is_valid", args=[unchecked(STRING)], result=BOOLEAN)
def uri_is_valid(uri: Any) -> bool:
    """Whether a value is a string that can be taken apart as a URI; not the empty one.

    Example:
        >>> uri.is_valid("https://example.com")
        true
        >>> uri.is_valid("https://[::1")
        false
    """
    if uri.__class__ is not str or not uri:
        return False
    try:
        parse_uri(uri)
    except BuiltinError:
        return False
    return True
