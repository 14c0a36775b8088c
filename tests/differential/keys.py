"""Keys, signatures and certificates for operands. Keys are made once for each run."""

from __future__ import annotations

import base64
import datetime
import hmac
import ipaddress
import json
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.differential.draw import Draw

SECRETS = ("secret", "another secret", "", "é", "x" * 100)
_HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
_CURVES = {"256": ec.SECP256R1, "384": ec.SECP384R1, "521": ec.SECP521R1, "224": ec.SECP224R1}


@cache
def private_key(kind: str) -> Any:
    """``rsa``, ``rsa2``, ``ec256``, ``ec384``, ``ec521``, ``ec224`` or ``ed``."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    if kind == "ed":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(_CURVES[kind.removeprefix("ec")]())


KINDS = ("rsa", "rsa2", "ec256", "ec384", "ec521", "ed")
ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS += ("ES256", "ES384", "ES512", "EdDSA")
KIND_OF = {"RS": "rsa", "PS": "rsa", "Ed": "ed", "ES256": "ec256", "ES384": "ec384"}
KIND_OF["ES512"] = "ec521"


def kind_of(alg: str) -> str:
    """The kind of key that an algorithm takes; ``oct`` for a shared secret."""
    return KIND_OF.get(alg) or KIND_OF.get(alg[:2], "oct")


def b64(data: bytes) -> str:
    """URL base64 without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sign(alg: str, message: bytes, secret: str) -> bytes:
    """The signature of a message."""
    if alg.startswith("HS"):
        return hmac.digest(secret.encode(), message, f"sha{alg[2:]}")
    key = private_key(kind_of(alg))
    if alg == "EdDSA":
        return bytes(key.sign(message))
    digest = _HASHES[alg[2:]]()
    if alg.startswith("RS"):
        return bytes(key.sign(message, padding.PKCS1v15(), digest))
    if alg.startswith("PS"):
        salt = padding.PSS.DIGEST_LENGTH
        return bytes(key.sign(message, padding.PSS(padding.MGF1(digest), salt), digest))
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
    size = (key.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def token(alg: str, header: dict[str, Any], payload: Any, secret: str) -> str:
    """A token whose header says what it is given to say, signed with ``alg``."""
    body = payload if isinstance(payload, str) else json.dumps(payload)
    message = f"{b64(json.dumps(header).encode())}.{b64(body.encode())}"
    signature = b"" if alg == "none" else sign(alg, message.encode(), secret)
    return f"{message}.{b64(signature)}"


@cache
def public_pem(kind: str) -> str:
    """A public key in PEM."""
    public = private_key(kind).public_key()
    return str(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


@cache
def private_pem(kind: str, form: str) -> str:
    """A private key in PEM: ``pkcs8`` or ``traditional``."""
    layout = PrivateFormat.PKCS8 if form == "pkcs8" else PrivateFormat.TraditionalOpenSSL
    if kind == "ed":
        layout = PrivateFormat.PKCS8
    return str(private_key(kind).private_bytes(Encoding.PEM, layout, NoEncryption()).decode())


@cache
def jwk(kind: str, *, private: bool) -> dict[str, Any]:
    """A key as a JWK."""
    if kind == "oct":
        return dict(OctKey(SECRETS[0].encode(), SECRETS[0].encode()).as_dict(private=True))
    key = private_key(kind)
    cls: Any = RSAKey if kind.startswith("rsa") else OKPKey if kind == "ed" else ECKey
    made = cls(key, key) if private else cls(key.public_key(), key.public_key())
    return {k: v for k, v in made.as_dict(private=private).items() if k != "kid"}


# -- Certificates -----------------------------------------------------------------------------

_DAY = datetime.timedelta(days=1)
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
NAMES = ("example.com", "*.example.com", "www.example.com", "a.b.example.com", "localhost")
NAMES += ("*.com", "Example.COM", "1.2.3.4", "xn--bcher-kva.example", "under_score.example", "x.")


def _name(d: Draw, common: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    for oid, text in (
        (NameOID.COUNTRY_NAME, "CH"),
        (NameOID.ORGANIZATION_NAME, d.one(("Org", "Örg", "O, Inc.", 'Q"x'))),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Unit"),
        (NameOID.LOCALITY_NAME, "Zürich"),
        (NameOID.SERIAL_NUMBER, "42"),
        (NameOID.EMAIL_ADDRESS, "a@example.com"),
        (NameOID.STREET_ADDRESS, "1 Main"),
    ):
        if d.maybe(0.25):
            attributes.insert(d.below(len(attributes) + 1), x509.NameAttribute(oid, text))
    return x509.Name(attributes)


def _general_name(d: Draw) -> x509.GeneralName:
    kind = d.below(8)
    if kind < 4:
        return x509.DNSName(d.one(NAMES))
    if kind == 4:
        address = d.one(("10.0.0.1", "::1", "::ffff:1.2.3.4", "192.168.0.255"))
        return x509.IPAddress(ipaddress.ip_address(address))
    if kind == 5:
        return x509.RFC822Name(d.one(("a@example.com", "b@sub.example.com", "A@EXAMPLE.com")))
    if kind == 6:
        uris = ("https://example.com/a?b#c", "urn:x:y", "spiffe://td/w", "http://1.2.3.4/", "x:y")
        return x509.UniformResourceIdentifier(d.one(uris))
    return d.one(
        (
            x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dir")])),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3.4")),
            x509.DNSName("other.example"),
        )
    )


def _subtrees(d: Draw) -> list[x509.GeneralName] | None:
    options: list[x509.GeneralName] = [
        x509.DNSName("example.com"),
        x509.DNSName(".example.com"),
        x509.DNSName("com"),
        x509.RFC822Name("example.com"),
        x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
        x509.IPAddress(ipaddress.ip_network("::/0")),
        x509.UniformResourceIdentifier("example.com"),
    ]
    return d.some(lambda: d.one(options), 3, 1) if d.maybe(0.6) else None


def _extensions(d: Draw, builder: Any, *, authority: bool) -> Any:
    def add(extension: x509.ExtensionType, *, critical: bool = False) -> None:
        nonlocal builder
        builder = builder.add_extension(extension, critical=critical)

    if authority or d.maybe(0.3):
        ca = authority if d.maybe(0.95) else not authority
        length = d.one((None, None, 0, 1)) if ca else None
        add(x509.BasicConstraints(ca, length), critical=d.maybe(0.8))
    if d.maybe(0.5 if authority else 0.9):
        names = d.some(lambda: _general_name(d), 4, 1)
        add(x509.SubjectAlternativeName(names), critical=d.maybe(0.1))
    if d.maybe(0.5):
        bits = [d.maybe(0.5) for _ in range(9)]
        bits[5] = bits[5] or authority
        bits[7:] = [b and bits[4] for b in bits[7:]]
        add(x509.KeyUsage(*bits), critical=True)
    if d.maybe(0.15 if authority else 0.5):
        usages = [
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ExtendedKeyUsageOID.CODE_SIGNING,
            ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
            x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"),
        ]
        chosen = list(dict.fromkeys(d.some(lambda: d.one(usages), 3, 1)))
        add(x509.ExtendedKeyUsage(chosen), critical=d.maybe(0.2))
    if authority and d.maybe(0.2):
        permitted, excluded = _subtrees(d), _subtrees(d)
        if permitted or excluded:
            add(x509.NameConstraints(permitted, excluded), critical=d.maybe(0.8))
    if d.maybe(0.15):
        policies = ["1.2.3.4", "2.5.29.32.0", "1.2.3.5"][: d.small(1, 3)]
        add(
            x509.CertificatePolicies(
                [x509.PolicyInformation(x509.ObjectIdentifier(p), None) for p in policies]
            )
        )
    if d.maybe(0.1):
        url = x509.UniformResourceIdentifier("http://crl.example.com/x.crl")
        add(x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)]))
    if d.maybe(0.1):
        url = x509.UniformResourceIdentifier("http://ocsp.example.com/")
        method = d.one(("1.3.6.1.5.5.7.48.1", "1.3.6.1.5.5.7.48.2"))
        access = x509.AccessDescription(x509.ObjectIdentifier(method), url)
        add(x509.AuthorityInformationAccess([access]))
    if d.maybe(0.06):
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.99"), b"\x04\x01x")
        add(unknown, critical=d.maybe(0.3))
    return builder


def certificate(
    d: Draw, common: str, kind: str, issuer: tuple[x509.Name, str] | None, *, authority: bool
) -> tuple[x509.Certificate, tuple[x509.Name, str]]:
    """A certificate, and what it takes to issue with it: its name and the kind of its key."""
    subject = _name(d, common)
    by, with_kind = issuer or (subject, kind)
    start = NOW - d.one((365, 365, 365, -30)) * _DAY if d.maybe(0.3) else NOW - 365 * _DAY
    public = private_key(kind).public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(public)
        .serial_number(d.one((1, 42, 1 << 64, (1 << 100) + 7)))
        .not_valid_before(start)
        .not_valid_after(start + d.one((10, 3650, 20000)) * _DAY)
    )
    builder = _extensions(d, builder, authority=authority)
    if d.maybe(0.7):
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
    if issuer is not None and d.maybe(0.5):
        issuing = private_key(with_kind).public_key()
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing)
        builder = builder.add_extension(identifier, False)
    algorithm = None if with_kind == "ed" else d.one((hashes.SHA256(), hashes.SHA384()))
    return builder.sign(private_key(with_kind), algorithm), (subject, kind)


def chain(d: Draw) -> list[x509.Certificate]:
    """A root, perhaps intermediates, and a leaf."""
    root, issuer = certificate(d, "root", d.one(KINDS), None, authority=True)
    out = [root]
    for number in range(d.one((0, 0, 1, 1, 2))):
        one, issuer = certificate(d, f"ca {number}", d.one(KINDS), issuer, authority=True)
        out.append(one)
    leaf, _ = certificate(d, d.one(NAMES), d.one(KINDS), issuer, authority=False)
    return [*out, leaf]


def request(d: Draw) -> x509.CertificateSigningRequest:
    """A certificate request."""
    kind = d.one(KINDS)
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(d, d.one(NAMES)))
    builder = _extensions(d, builder, authority=False)
    algorithm = None if kind == "ed" else hashes.SHA256()
    return builder.sign(private_key(kind), algorithm)
