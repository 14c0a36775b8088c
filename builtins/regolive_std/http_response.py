"""The response object of ``http.send``: what a server answered, as a policy sees it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any

from regolive import BuiltinContext, BuiltinError
from regolive.values import loads
from regolive_std.http_request import HttpRequest
from regolive_std.json_ import without_surrogates
from regolive_std.text import from_bytes
from regolive_std.yaml_ import yaml_unmarshal

# What is unpacked at once (bytes): between two looks at the clock and at the size.
_CHUNK = 1 << 16

# Bytes that are no UTF-8, as ``from_bytes`` leaves them. Go's JSON reads each as U+FFFD.
_BROKEN = re.compile("[\udc80-\udcff]")
# A member of a gzip stream begins with a header of this many bytes.
_GZIP_HEADER = 10

_YAML_TYPES = ("application/yaml", "application/x-yaml")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What a server answered.

    ``headers``: values by name in lower case. ``raw``: the body, unpacked if the request asked for
    compression by itself.
    """

    status: str
    code: int
    headers: dict[str, list[str]]
    raw: bytes


def render(ctx: BuiltinContext, request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """A response as the object that a policy gets."""
    body: Any = None
    if request.method != "HEAD":
        kind = next(iter(response.headers.get("content-type", ())), "").lower()
        kind = kind.partition(";")[0]
        if request.decode_json or kind == "application/json" or _is_json_kind(kind):
            body = _json(response.raw)
        elif request.decode_yaml or kind in _YAML_TYPES:
            body = _yaml(ctx, response.raw)
    return {
        "status": response.status,
        "status_code": response.code,
        "headers": response.headers,
        "raw_body": from_bytes(response.raw),
        "body": body,
    }


def failure(code: str, message: str) -> dict[str, Any]:
    """The response object for an error that is not to be raised."""
    return {"status_code": 0, "error": {"code": code, "message": message}}


def _is_json_kind(kind: str) -> bool:
    return kind.startswith("application/") and kind.endswith("+json")


def _json(raw: bytes) -> Any:
    """The first JSON value of a body; None if there is none, as OPA has it."""
    text = _BROKEN.sub("\ufffd", from_bytes(raw))
    try:
        try:
            return without_surrogates(loads(text), text)
        except JSONDecodeError as error:
            if not error.msg.startswith("Extra data"):
                return None
            return without_surrogates(loads(text[: error.pos]), text)
    except (ValueError, RecursionError):
        return None


def _yaml(ctx: BuiltinContext, raw: bytes) -> Any:
    try:
        return yaml_unmarshal(ctx, raw.decode())
    except (BuiltinError, UnicodeDecodeError):
        return None


def gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip as it comes, in pieces of limited size. Raises BuiltinError for what is none."""
    member: Any = None
    for chunk in chunks:
        rest = chunk
        while rest:
            if member is None:
                member = zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                part = member.decompress(rest, _CHUNK)
            except zlib.error:
                short = len(rest) < _GZIP_HEADER
                text = "unexpected EOF" if short else "gzip: invalid header"
                raise BuiltinError(text) from None
            if part:
                yield part
            # Several members in a row are one stream.
            rest = member.unused_data if member.eof else member.unconsumed_tail
            if member.eof:
                member = None
    if member is not None:
        raise BuiltinError("unexpected EOF")
