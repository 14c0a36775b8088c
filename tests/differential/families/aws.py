"""``aws``: requests to sign, whole and with something missing."""

from __future__ import annotations

from typing import Any

from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num

_URLS = ("https://b.s3.amazonaws.com/key", "https://example.com",
    "http://example.com:8080/a b/c?x=1&a=2",
    "https://example.com/%7Ea/é?q=%20", "https://example.com/?b=2&a=1&a=0", "example.com", "",
    ":",
    "https://example.com//a/../b", "https://EXAMPLE.com/?x",
    "https://e.com/a;b?c=d e")  # fmt: skip
_CONFIG = {
    "aws_access_key": "AKIDEXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "aws_service": "s3",
    "aws_region": "us-east-1",
}


def _request(d: Draw) -> dict[str, Any]:
    out: dict[str, Any] = {"method": d.one(("get", "GET", "post", "PUT", "delete")),
        "url": d.one(_URLS)}  # fmt: skip
    if d.maybe(0.4):
        out["headers"] = {
            d.one(("a", "X-B", "content-type", "Host", "x-amz-date", "é")): d.one(("v", "",
            " a  b ", 1))
            for _ in range(d.small(0, 3))
        }  # fmt: skip
    if d.maybe(0.3):
        out["body"] = d.json(1)
    if d.maybe(0.3):
        out["raw_body"] = d.text()
    if d.maybe(0.05):
        del out[d.one(list(out))]
    if d.maybe(0.05):
        out[d.one(("method", "url", "headers", "body", "raw_body", "other"))] = d.scalar()
    return out


def _config(d: Draw) -> dict[str, Any]:
    out: dict[str, Any] = dict(_CONFIG)
    if d.maybe(0.5):
        out["aws_service"] = d.one(("es", "s3", "sts", "lambda", "glacier", "es-serverless"))
    if d.maybe(0.2):
        out["aws_session_token"] = d.one(("token", "", 1))
    if d.maybe(0.2):
        out["disable_payload_signing"] = d.one((True, False, "x"))
    if d.maybe(0.08):
        del out[d.one(list(out))]
    if d.maybe(0.05):
        out[d.one(list(out))] = d.scalar()
    return out


def _sign(d: Draw) -> list[Any]:
    times = (0, 1440938160000000000, 1 << 62, -1, Num("1.5"), 1 << 64, Num("1e18"))
    return [_request(d), _config(d), d.one(times[:3]) if d.maybe(0.95) else d.one(times)]


FAMILIES: dict[str, dict[str, Operands]] = {"aws": {"providers.aws.sign_req": _sign}}
