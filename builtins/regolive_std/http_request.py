"""The request object of ``http.send``, read and checked: one place for every key there is.

Names, defaults and the texts of errors are OPA's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from regolive import BuiltinError
from regolive.errors import BuiltinTypeError
from regolive.values import as_integer, dumps, from_key, is_number, sorted_items, type_name
from regolive_std.durations import parse_duration
from regolive_std.encoding import unescape
from regolive_std.http_tls import TlsOptions, read_tls
from regolive_std.http_url import HttpUrl, parse_http_url
from regolive_std.text import go_quote, term_text, to_bytes

REQUIRED = ("method", "url")
KEYS = frozenset(
    {
        "method", "url", "body", "raw_body", "headers", "enable_redirect",
        "force_json_decode", "force_yaml_decode",
        "tls_use_system_certs", "tls_insecure_skip_verify", "tls_server_name",
        "tls_ca_cert", "tls_ca_cert_file", "tls_ca_cert_env_variable",
        "tls_client_cert", "tls_client_cert_file", "tls_client_cert_env_variable",
        "tls_client_key", "tls_client_key_file", "tls_client_key_env_variable",
        "timeout", "max_retry_attempts", "raise_error",
        "cache", "force_cache", "force_cache_duration_seconds", "caching_mode",
        "cache_ignored_headers",
    }
)  # fmt: skip
"""Every key that a request can have."""

TIMEOUT_VARIABLE = "HTTP_SEND_TIMEOUT"
"""The environment variable that changes the default of ``timeout``, as OPA has it."""

_DEFAULT_TIMEOUT = 5.0
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# Said by the client itself, whatever the policy says.
_OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "trailer"})
_INT64 = 1 << 63


@dataclass(frozen=True, slots=True)
class Caching:
    """How a response is kept from query to query.

    ``duration``: seconds that it counts as fresh whatever its headers say (``force_cache``); None:
    the headers decide. ``parsed``: kept as a document, not as text.
    """

    duration: int | None
    parsed: bool


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request that is ready to be sent.

    Attributes:
        method: in upper case.
        headers: name and value, of the policy's own; without ``Host``, which is ``host``.
        body: None for none.
        unix_socket: the path of the socket to connect to, instead of the URL's host.
        timeout: seconds for one attempt, None for no limit.
        retries: attempts after the first.
        caching: None if the response is not kept beyond the query.
    """

    method: str
    url: HttpUrl
    headers: tuple[tuple[str, str], ...]
    host: str | None
    body: bytes | None
    unix_socket: str | None
    tls: TlsOptions
    timeout: float | None
    retries: int
    redirects: bool
    decode_json: bool
    decode_yaml: bool
    caching: Caching | None


def check_keys(request: dict[Any, Any]) -> None:
    """That a request has the keys it needs, and no others. Raises BuiltinTypeError."""
    unknown = [k for k, _ in sorted_items(request) if k.__class__ is not str or k not in KEYS]
    if unknown:
        names = ", ".join(map(term_text, unknown))
        raise BuiltinTypeError(f"operand 1 invalid request parameters(s): {{{names}}}")
    missing = [k for k in REQUIRED if k not in request]
    if missing:
        names = ", ".join(map(go_quote, missing))
        raise BuiltinTypeError(f"operand 1 missing required request parameters(s): {{{names}}}")


def raises(request: Mapping[Any, Any]) -> bool:
    """Whether an error is to be raised, or to be the response. Raises BuiltinError."""
    value = request.get("raise_error", True)
    if value.__class__ is not bool:
        raise BuiltinError("invalid value for raise_error field")
    return value is True


def cache_identity(request: dict[Any, Any]) -> dict[Any, Any]:
    """What makes requests the same to the caches: all of it but the headers to be ignored.

    Raises BuiltinError for a list of headers that is none.
    """
    if "cache_ignored_headers" not in request or "headers" not in request:
        return request
    ignored = request["cache_ignored_headers"]
    if ignored.__class__ is not list or not all(n.__class__ is str for n in ignored):
        raise BuiltinError("cache_ignored_headers must be an array of strings")
    identity = {k: v for k, v in request.items() if k != "cache_ignored_headers"}
    if identity["headers"].__class__ is dict:
        identity["headers"] = {k: v for k, v in identity["headers"].items() if k not in ignored}
    return identity


def read_request(request: Mapping[Any, Any]) -> HttpRequest:
    """The request that an object describes; ``check_keys`` has seen it. Raises BuiltinError."""
    caching = _caching(request)
    url_text = _string(request, "url")
    method = (_string(request, "method") or "").upper() or "GET"
    redirects = _flag(request, "enable_redirect")
    headers, host = _headers(request.get("headers"), present="headers" in request)
    body = to_bytes(dumps(request["body"])) if "body" in request else None
    raw_body = _string(request, "raw_body")
    if raw_body is not None:
        body = to_bytes(raw_body)
    decode_json, decode_yaml = (_boolean(request, f"force_{k}_decode") for k in ("json", "yaml"))
    timeout = _timeout(request)
    server_name = _string(request, "tls_server_name")
    tls = read_tls(
        lambda key: _string(request, key),
        use_system=_flag(request, "tls_use_system_certs")
        if "tls_use_system_certs" in request
        else None,
        insecure=_flag(request, "tls_insecure_skip_verify"),
        server_name=server_name or host,
    )
    url = parse_http_url(url_text or "")
    unix_socket = None
    if url.scheme == "unix":
        url, unix_socket = _over_socket(url)
    if not _TOKEN.match(method):
        raise BuiltinError(f"net/http: invalid method {go_quote(method)}")
    return HttpRequest(
        method=method,
        url=url,
        headers=headers,
        host=host,
        body=body,
        unix_socket=unix_socket,
        tls=tls,
        timeout=timeout,
        retries=_retries(request),
        redirects=redirects,
        decode_json=decode_json,
        decode_yaml=decode_yaml,
        caching=caching,
    )


def bad_header(headers: tuple[tuple[str, str], ...]) -> str | None:
    """What Go says of a header that cannot be sent; None if all can."""
    for name, value in headers:
        if not _TOKEN.match(name):
            return f"net/http: invalid header field name {go_quote(name)}"
        if _BAD_VALUE.search(value):
            return f"net/http: invalid header field value for {go_quote(name)}"
    return None


def _string(request: Mapping[Any, Any], key: str) -> str | None:
    value = request.get(key, "")
    if value.__class__ is not str:
        raise BuiltinError(f"{go_quote(key)} must be a string")
    return str(value) if key in request else None


def _boolean(request: Mapping[Any, Any], key: str) -> bool:
    value = request.get(key, False)
    if value.__class__ is not bool:
        raise BuiltinError(f"invalid value for {go_quote(key)} field")
    return value is True


def _flag(request: Mapping[Any, Any], key: str) -> bool:
    """A boolean that OPA reads from the text of the value: 1 and 0 will do."""
    text = term_text(request.get(key, False))
    if text not in ("true", "false", "1", "0"):
        raise BuiltinError(f"strconv.ParseBool: parsing {go_quote(text)}: invalid syntax")
    return text in ("true", "1")


def _timeout(request: Mapping[Any, Any]) -> float | None:
    if "timeout" not in request:
        return _default_timeout()
    value = request["timeout"]
    if value.__class__ is str:
        try:
            # Digits alone are nanoseconds.
            nanos = int(value) if value.isascii() and value.isdigit() else parse_duration(value)
        except BuiltinError as error:
            raise BuiltinError(
                f"invalid timeout value {go_quote(value)}: {error.message}"
            ) from None
    elif is_number(value):
        whole = as_integer(value)
        if whole is None or not -_INT64 <= whole < _INT64:
            raise BuiltinError(f"invalid timeout number value {term_text(value)}, must be int64")
        nanos = whole
    else:
        raise BuiltinTypeError(
            "operand 1 'timeout' must be one of {string, number} but got " + type_name(value)
        )
    # Go's client takes what is not positive for no limit.
    return nanos / 1e9 if nanos > 0 else None


def _default_timeout() -> float | None:
    text = os.environ.get(TIMEOUT_VARIABLE)
    if not text:
        return _DEFAULT_TIMEOUT
    try:
        nanos = parse_duration(text)
    except BuiltinError as error:
        raise BuiltinError(f"invalid value for {TIMEOUT_VARIABLE}: {error.message}") from None
    return nanos / 1e9 if nanos > 0 else None


def _retries(request: Mapping[Any, Any]) -> int:
    if "max_retry_attempts" not in request:
        return 0
    value = request["max_retry_attempts"]
    whole = as_integer(value) if is_number(value) else None
    if whole is None or whole < 0:
        raise BuiltinError(f'invalid value {term_text(value)} for field "max_retry_attempts"')
    return whole


def _caching(request: Mapping[Any, Any]) -> Caching | None:
    cache = _boolean(request, "cache")
    force = _boolean(request, "force_cache")
    duration: int | None = None
    if force:
        if "force_cache_duration_seconds" not in request:
            raise BuiltinError(
                "'force_cache' set but 'force_cache_duration_seconds' parameter is missing"
            )
        value = request["force_cache_duration_seconds"]
        duration = value if value.__class__ is int else None
        if duration is None:
            shown = go_quote(term_text(value))
            raise BuiltinError(f"strconv.ParseInt: parsing {shown}: invalid syntax")
    if not cache and not force:
        return None
    mode = request.get("caching_mode", "serialized")
    # Observed: with a mode that there is not, nothing is kept, and nothing is said.
    if mode not in ("serialized", "deserialized"):
        return None
    return Caching(duration, mode == "deserialized")


def _headers(value: Any, *, present: bool) -> tuple[tuple[tuple[str, str], ...], str | None]:
    """The headers to send, and ``Host`` if it is among them."""
    if not present:
        return (), None
    if value.__class__ is not dict:
        raise BuiltinError("invalid type for headers key")
    out: dict[str, tuple[str, str]] = {}
    for key, text in sorted_items(value):
        name = from_key(key)
        if name.__class__ is not str:
            name = term_text(name)
        if text.__class__ is not str:
            raise BuiltinError(f"invalid type for headers value {_go_quoted(text)}")
        if _TOKEN.match(name):
            name = "-".join(part.capitalize() for part in name.split("-"))
        out[name.lower()] = (name, text)
    host = out.pop("host", None)
    headers = (pair for lowered, pair in out.items() if lowered not in _OWN_HEADERS)
    return tuple(headers), host[1] if host else None


def _go_quoted(value: Any, *, inner: bool = False) -> str:
    """A value as Go's ``%q`` prints it, which is how OPA shows a header that is no string."""
    cls = value.__class__
    show: Callable[[Any], str] = lambda v: _go_quoted(v, inner=True)  # noqa: E731
    if value is None:
        return "<nil>" if inner else "%!q(<nil>)"
    if cls is bool:
        return f"%!q(bool={term_text(value)})"
    if cls is str:
        return go_quote(value)
    if cls is dict:
        items = (f"{show(from_key(k))}:{show(v)}" for k, v in sorted_items(value))
        return "map[" + " ".join(items) + "]"
    if cls is list:
        return "[" + " ".join(map(show, value)) + "]"
    return go_quote(term_text(value))


def _over_socket(url: HttpUrl) -> tuple[HttpUrl, str | None]:
    """``unix://host/path?socket=...`` is HTTP over that socket; without one it is no HTTP."""
    rest: list[str] = []
    socket: str | None = None
    for part in (url.query or "").split("&"):
        name, _, value = part.partition("=")
        if name == "socket" and socket is None:
            try:
                socket = unescape(value)
            except BuiltinError:
                return url, None
        else:
            rest.append(part)
    if socket is None:
        return url, None
    query = "&".join(filter(None, rest))
    text = f"http://{url.authority}{url.path}" + (f"?{query}" if query else "")
    return parse_http_url(text), socket
