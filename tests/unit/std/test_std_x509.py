"""Certificates, requests and keys: OPA's answers, chains, and input that is none of these."""

from __future__ import annotations

import base64
import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from regolive.errors import BuiltinError
from regolive.values import dumps
from regolive_std import pem
from regolive_std.gourl import parse_url
from regolive_std.mailbox import parse_mailbox

PARSERS = (
    "crypto.x509.parse_certificates",
    "crypto.x509.parse_certificate_request",
    "crypto.x509.parse_rsa_private_key",
    "crypto.parse_private_keys",
)
WITH_OPTIONS = "crypto.x509.parse_and_verify_certificates_with_options"


def _lines(name: str) -> list[Any]:
    text = (Path(__file__).parent / name).read_text("utf-8")
    return [
        pytest.param(json.loads(line), id=str(n)) for n, line in enumerate(text.splitlines(), 1)
    ]


# -- OPA's answers ---------------------------------------------------------------------------


@pytest.mark.parametrize("entry", _lines("opa_certificates.jsonl"))
def test_builtin_answers_as_opa(entry: dict[str, Any], call: Any) -> None:
    """A line has OPA's value, or its error; without either, an error in words of our own."""
    if "value" in entry:
        result = call(entry["call"], *entry["args"])
        assert json.loads(dumps(result)) == entry["value"]
        return
    with pytest.raises(BuiltinError) as caught:
        call(entry["call"], *entry["args"])
    if "error" in entry:
        assert caught.value.message == entry["error"]


@pytest.mark.parametrize("entry", _lines("opa_chains.jsonl"))
def test_chain_is_verified_where_opa_verifies_it(entry: dict[str, Any], call: Any) -> None:
    verified, chain = call(WITH_OPTIONS, entry["certs"], entry["options"])
    assert verified is entry["verified"]
    assert [c["Subject"]["CommonName"] for c in chain] == entry["subjects"]


# -- Chains ----------------------------------------------------------------------------------

_KEYS = [ec.generate_private_key(ec.SECP256R1()) for _ in range(4)]
_NOW = 1_700_000_000_000_000_000
_UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), True)
_CA = (x509.BasicConstraints(True, None), True)


def _certificate(subject: int, issuer: int, *extensions: Any, **changes: Any) -> str:
    """A certificate of the n-th key, signed by another; PEM."""
    name = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"n{n}")]) for n in range(4)]
    years = changes.get("years", (2020, 2040))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name[subject])
        .issuer_name(name[issuer])
        .public_key(_KEYS[subject].public_key())
        .serial_number(subject + 1)
        .not_valid_before(datetime.datetime(years[0], 1, 1))
        .not_valid_after(datetime.datetime(years[1], 1, 1))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signed = builder.sign(_KEYS[changes.get("signer", issuer)], hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def _san(*names: str) -> Any:
    return x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), False


def _verified(call: Any, *certs: str, **options: Any) -> bool:
    result: bool = call(WITH_OPTIONS, "".join(certs), {"CurrentTime": _NOW, **options})[0]
    return result


def test_chain_holds(call: Any) -> None:
    root, middle = _certificate(0, 0, _CA), _certificate(1, 0, _CA)
    leaf = _certificate(2, 1, _san("a.example"))
    assert _verified(call, root, middle, leaf)
    assert _verified(call, root, _certificate(3, 0, _CA), middle, leaf)  # one that is not needed
    assert not _verified(call, root, leaf)
    assert _verified(call, middle, root, leaf)  # what comes first is trusted
    assert not _verified(call, root)
    assert not _verified(call)


@pytest.mark.parametrize(
    "middle",
    [
        pytest.param({"signer": 3}, id="signed by another key under the issuer's name"),
        pytest.param({"years": (2020, 2021)}, id="expired"),
        pytest.param({"years": (2035, 2040)}, id="not valid yet"),
        pytest.param({"extensions": []}, id="no authority"),
        pytest.param(
            {"extensions": [(x509.BasicConstraints(False, None), True)]},
            id="expressly no authority",
        ),
        pytest.param(
            {"extensions": [_CA, _UNKNOWN]},
            id="unknown critical extension",
        ),
        pytest.param(
            {"extensions": [_CA, (x509.NameConstraints([x509.DNSName("other")], None), True)]},
            id="name not permitted",
        ),
        pytest.param(
            {"extensions": [_CA, (x509.NameConstraints(None, [x509.DNSName("example")]), True)]},
            id="name excluded",
        ),
        pytest.param(
            {"extensions": [_CA, (x509.ExtendedKeyUsage([x509.OID_CLIENT_AUTH]), False)]},
            id="other usage",
        ),
    ],
)
def test_chain_with_a_bad_link_does_not_hold(middle: dict[str, Any], call: Any) -> None:
    extensions = middle.pop("extensions", [_CA])
    link = _certificate(1, 0, *extensions, **middle)
    leaf = _certificate(2, 1, _san("a.example"))
    assert not _verified(call, _certificate(0, 0, _CA), link, leaf)


def test_path_length(call: Any) -> None:
    short = _certificate(0, 0, (x509.BasicConstraints(True, 0), True))
    assert _verified(call, short, _certificate(1, 0, _san("a")))
    assert not _verified(call, short, _certificate(1, 0, _CA), _certificate(2, 1, _san("a")))


@pytest.mark.parametrize(
    ("host", "verified"),
    [
        ("a.example", True),
        ("A.EXAMPLE", True),
        ("a.example.", True),
        ("b.a.example", False),
        ("x.wild.example", True),
        ("x.y.wild.example", False),
        ("wild.example", False),
        ("*.wild.example", True),  # not a host name: compared as it stands, as in Go
        ("10.0.0.1", False),
        ("", True),
    ],
)
def test_host_name(host: str, verified: bool, call: Any) -> None:
    root, leaf = _certificate(0, 0, _CA), _certificate(1, 0, _san("a.example", "*.wild.example"))
    assert _verified(call, root, leaf, DNSName=host) is verified


def test_many_authorities_of_one_name_end(call: Any) -> None:
    """Every one could have signed every other: the search is bounded."""
    root = _certificate(0, 0, _CA)
    pool = [
        _certificate(1, 1, _CA, (x509.SubjectKeyIdentifier(bytes([n])), False)) for n in range(60)
    ]
    assert not _verified(call, root, *pool, _certificate(2, 1, _san("a")))


# -- Input that is none of these -------------------------------------------------------------

_KEY_PEM = _KEYS[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def test_keypair_must_belong_together(call: Any) -> None:
    own, other = _certificate(0, 0), _certificate(1, 1)
    assert call("crypto.x509.parse_keypair", own, _KEY_PEM)["PrivateKey"]["Curve"] == {}
    with pytest.raises(BuiltinError, match="private key does not match public key"):
        call("crypto.x509.parse_keypair", other, _KEY_PEM)
    with pytest.raises(BuiltinError, match="PEM inputs may have been switched"):
        call("crypto.x509.parse_keypair", _KEY_PEM, own)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_damaged_der_is_a_value_or_an_error(call: Any, data: st.DataObject) -> None:
    block, _ = pem.decode(data.draw(st.sampled_from(_GOOD)).encode())
    assert block is not None
    damaged = bytearray(block.der)
    for at in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=4)):
        damaged[at] = data.draw(st.integers(0, 255))
    del damaged[data.draw(st.integers(1, len(damaged))) :]
    text = base64.b64encode(bytes(damaged)).decode()
    for name in PARSERS:
        try:
            call(name, text)
        except BuiltinError:
            pass
    assert call(WITH_OPTIONS, text, {}) == [False, []]


_GOOD = [
    _certificate(0, 0, _CA, _san("a.example"), (x509.InhibitAnyPolicy(1), True)),
    _KEY_PEM,
    x509.CertificateSigningRequestBuilder()
    .subject_name(x509.Name([]))
    .add_extension(*_san("a"))
    .sign(_KEYS[0], hashes.SHA256())
    .public_bytes(Encoding.PEM)
    .decode(),
]


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("-----BEGIN END CERTIFICATE\n:=AQ \r\t"), max_size=200))
def test_text_like_pem_is_a_value_or_an_error(call: Any, text: str) -> None:
    for name in PARSERS:
        try:
            call(name, text)
        except BuiltinError:
            pass


def test_huge_text_without_blocks_ends(call: Any) -> None:
    for piece in ("-----BEGIN CERTIFICATE-----\n", "\n-----END CERTIFICATE-----\n", "A: b\n"):
        text = "-----BEGIN CERTIFICATE-----\n" + piece * 20_000
        assert call("crypto.parse_private_keys", text) == []


# -- The parts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "labels", "rest"),
    [
        ("-----BEGIN A-----\nQUE=\n-----END A-----\nx", ["A"], b"x"),
        ("junk\n-----BEGIN A-----\nQUE=\n-----END A-----", ["A"], b""),
        ("junk-----BEGIN A-----\nQUE=\n-----END A-----", [], None),
        ("-----BEGIN A-----\nB: c\n\nQU\n E=\n-----END A-----", ["A"], b""),
        ("-----BEGIN A-----\n-----END A-----\n", ["A"], b""),
        ("-----BEGIN A-----\nQUE=\n-----END B-----\n", [], None),
        ("-----BEGIN A-----\nQ!\n-----END A-----\n", [], None),
        ("-----BEGIN A-----\n" * 2 + "QUE=\n-----END A-----\n", ["A"], b""),
    ],
)
def test_pem_blocks(text: str, labels: list[str], rest: bytes | None) -> None:
    data = text.encode()
    assert [block.label for block in pem.blocks(data)] == labels
    block, end = pem.decode(data)
    assert (data[end:] if block else None) == rest


@given(st.binary(max_size=40))
def test_der_reader_reads_or_raises(data: bytes) -> None:
    reader = pem.Der(data)
    try:
        while reader:
            _, element, contents = reader.any()
            assert element.endswith(contents)
    except ValueError:
        pass


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('"a b"@x.y', ("a b", "x.y")),
        (r'"a\"b"@x', ('a"b', "x")),
        ("a@x", ("a", "x")),
        ("a.b@x", ("a.b", "x")),
        (".a@x", None),
        ("a..b@x", None),
        ("a", None),
        ("@x", None),
        ("a@x.", None),
        ("a@x..y", None),
    ],
)
def test_mailboxes(text: str, parts: tuple[str, str] | None) -> None:
    assert parse_mailbox(text) == parts


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            "HTTP://h/p%2fq?",
            {"Scheme": "http", "Host": "h", "RawPath": "/p%2fq", "ForceQuery": True},
        ),
        ("urn:a:b", {"Scheme": "urn", "Opaque": "a:b", "Path": ""}),
        ("x:/p", {"Path": "/p", "OmitHost": True}),
        ("//h:1/p#f", {"Host": "h:1", "Path": "/p", "Fragment": "f"}),
        ("http://u:p@h", {"User": {}, "Host": "h"}),
    ],
)
def test_urls(text: str, fields: dict[str, Any]) -> None:
    assert fields.items() <= parse_url(text).items()
