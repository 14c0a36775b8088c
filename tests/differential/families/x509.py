"""``x509``: certificates, chains, requests and private keys, whole and damaged."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from tests.differential import keys
from tests.differential.draw import Draw, Operands
from tests.differential.notation import Num, SetOf

# Making a chain takes milliseconds: a stock of them is drawn from.
_STOCK = 400


@cache
def _chain(number: int) -> tuple[tuple[bytes, ...], str]:
    made = keys.chain(Draw(f"chain {number}"))
    pems = "".join(c.public_bytes(Encoding.PEM).decode() for c in made)
    return tuple(c.public_bytes(Encoding.DER) for c in made), pems


@cache
def _request(number: int) -> tuple[bytes, str]:
    made = keys.request(Draw(f"request {number}"))
    return made.public_bytes(Encoding.DER), made.public_bytes(Encoding.PEM).decode()


def _damaged(d: Draw, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(d.small(1, 2)):
        at = d.below(len(out))
        kind = d.below(4)
        if kind == 0:
            out[at] ^= 1 << d.below(8)
        elif kind == 1:
            out[at] = d.below(256)
        elif kind == 2:
            del out[at]
        else:
            out.insert(at, d.below(256))
    return bytes(out)


def _pem(label: str, der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"


def _formed(d: Draw, ders: list[bytes], label: str) -> str:
    """DER in one of the forms that OPA takes, or nearly."""
    if d.maybe(0.15):
        at = d.below(len(ders))
        ders[at] = _damaged(d, ders[at])
    form = d.below(10)
    if form < 5:
        text = "".join(_pem(label, der) for der in ders)
    elif form < 8:
        text = base64.b64encode(b"".join(ders)).decode()
    else:
        text = base64.b64encode("".join(_pem(label, der) for der in ders).encode()).decode()
    if d.maybe(0.04):
        text = d.one(("", "x", text[:-20], text + "junk", "\n" + text,
            text.replace("CERTIFICATE", "X")))  # fmt: skip
    return text


def _certificates(d: Draw) -> str:
    ders = list(_chain(d.below(_STOCK))[0])
    if d.maybe(0.1):
        d.random.shuffle(ders)
    if d.maybe(0.1):
        ders.pop(d.below(len(ders)))
    return _formed(d, ders, "CERTIFICATE") if ders else ""


_SECONDS = int(keys.NOW.timestamp())


def _options(d: Draw) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if d.maybe(0.9):
        days = d.one((0, 0, 0, 0, 100, -100, -1000, 20000))
        out["CurrentTime"] = (_SECONDS + days * 86400) * 10**9
    if d.maybe(0.5):
        out["DNSName"] = d.one((*keys.NAMES, "", "www.example.com.", "[::1]", "10.0.0.1",
            "WWW.example.com", "-", "a..b"))  # fmt: skip
    if d.maybe(0.4):
        usages = d.some(lambda: d.one(("KeyUsageServerAuth", "KeyUsageClientAuth",
            "KeyUsageAny", "KeyUsageCodeSigning")), 2)  # fmt: skip
        out["KeyUsages"] = usages if d.maybe(0.7) else SetOf(tuple(usages))
    if d.maybe(0.1):
        out["MaxConstraintComparisons"] = d.one((1, 1000, -1, Num("1.5"), "x"))
    if d.maybe(0.05):
        out[d.one(("CurrentTime", "DNSName", "KeyUsages", "Other"))] = d.one((1, "x",
            Num("1.5"), ["x"], None, 1 << 63))  # fmt: skip
    return out


def _private(d: Draw) -> str:
    kinds = d.some(lambda: d.one((*keys.KINDS, "ec224")), 2, 1)
    text = "".join(keys.private_pem(k, d.one(("pkcs8", "traditional"))) for k in kinds)
    if d.maybe(0.1):
        text += keys.public_pem(kinds[0])
    if d.maybe(0.1):
        lines = text.splitlines()
        body = "".join(line for line in lines if "-" not in line)
        der = base64.b64decode(body.partition("=")[0] + "==")
        text = _pem(lines[0][11:-5], _damaged(d, der))
    if d.maybe(0.3):
        text = base64.b64encode(text.encode()).decode()
    return d.one(("", "x", text[:-20], "\n" + text, text + "x")) if d.maybe(0.05) else text


def _keypair(d: Draw) -> list[Any]:
    kind = d.one(keys.KINDS)
    number = d.below(40)
    made = _self_signed(kind, number)
    other = kind if d.maybe(0.85) else d.one(keys.KINDS)
    private = keys.private_pem(other, d.one(("pkcs8", "traditional")))
    certificate = _formed(d, [made], "CERTIFICATE")
    if d.maybe(0.2):
        private = base64.b64encode(private.encode()).decode()
    return [certificate, d.mutated(private, "AZ09-\n") if d.maybe(0.05) else private]


@cache
def _self_signed(kind: str, number: int) -> bytes:
    made, _ = keys.certificate(Draw(f"pair {number}"), "pair", kind, None, authority=False)
    return bytes(made.public_bytes(Encoding.DER))


FAMILIES: dict[str, dict[str, Operands]] = {
    "x509": {
        "crypto.parse_private_keys": lambda d: [_private(d)],
        "crypto.x509.parse_and_verify_certificates": lambda d: [_certificates(d)],
        "crypto.x509.parse_and_verify_certificates_with_options": lambda d: [_certificates(d),
        _options(d)],
        "crypto.x509.parse_certificate_request": lambda d: [
            _formed(d, [_request(d.below(_STOCK))[0]], "CERTIFICATE REQUEST")
        ],
        "crypto.x509.parse_certificates": lambda d: [_certificates(d)],
        "crypto.x509.parse_keypair": _keypair,
        "crypto.x509.parse_rsa_private_key": lambda d: [_private(d)],
    },
}  # fmt: skip
