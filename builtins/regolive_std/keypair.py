"""A certificate with its private key, as Go's ``tls.X509KeyPair`` puts them together."""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from regolive import BuiltinError
from regolive_std import pem
from regolive_std.certificates import parse_all
from regolive_std.certificates_json import b64, certificate_json
from regolive_std.private_keys import load_private_key, private_key_json


def keypair_json(certificates: bytes, key: bytes) -> dict[str, Any]:
    """Go's ``tls.Certificate`` as JSON, of PEM or DER. Raises BuiltinError."""
    chain = _certificates(certificates)
    private = load_private_key(_private_key(key))
    leaf = parse_all(chain[0])[0]
    if leaf.public_key is None:
        raise BuiltinError("tls: unknown public key algorithm")
    if not isinstance(private.public_key(), _kind(leaf.public_key)):
        raise BuiltinError("tls: private key type does not match public key type")
    if _bytes(private.public_key()) != _bytes(leaf.public_key):
        raise BuiltinError("tls: private key does not match public key")
    return {
        "Certificate": [b64(der) for der in chain],
        "PrivateKey": private_key_json(private),
        "SupportedSignatureAlgorithms": None,
        "OCSPStaple": None,
        "SignedCertificateTimestamps": None,
        "Leaf": certificate_json(leaf, uri_strings=False),
    }


def _kind(key: Any) -> type[Any]:
    return next(base for base in type(key).__mro__ if base is not object)


def _bytes(key: Any) -> bytes:
    data: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return data


def _certificates(data: bytes) -> list[bytes]:
    if not data.startswith(b"-----BEGIN "):
        return [data]
    labels = [block.label for block in pem.blocks(data)]
    found = [block.der for block in pem.blocks(data) if block.label == "CERTIFICATE"]
    if found:
        return found
    if not labels:
        raise BuiltinError("tls: failed to find any PEM data in certificate input")
    if len(labels) == 1 and labels[0].endswith("PRIVATE KEY"):
        raise BuiltinError(
            "tls: failed to find certificate PEM data in certificate input, but did find a "
            "private key; PEM inputs may have been switched"
        )
    raise BuiltinError(
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM '
        f"blocks of the following types: [{' '.join(labels)}]"
    )


def _private_key(data: bytes) -> bytes:
    if not data.startswith(b"-----BEGIN"):
        return data
    found = pem.blocks(data)
    for block in found:
        if block.label == "PRIVATE KEY" or block.label.endswith(" PRIVATE KEY"):
            return block.der
    if not found:
        raise BuiltinError("tls: failed to find any PEM data in key input")
    if len(found) == 1 and found[0].label == "CERTIFICATE":
        raise BuiltinError(
            "tls: found a certificate rather than a key in the PEM for the private key"
        )
    raise BuiltinError(
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after '
        f"skipping PEM blocks of the following types: [{' '.join(b.label for b in found)}]"
    )
