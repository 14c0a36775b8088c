"""Private keys out of PEM text, loaded by cryptography, shown as Go or as a JWK shows them."""

from __future__ import annotations

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from regolive import BuiltinError
from regolive_std import pem
from regolive_std.certificates_json import b64, public_key_json

# What follows the version number in each of the formats.
_SECOND = {"RSA PRIVATE KEY": pem.INTEGER, "PRIVATE KEY": pem.SEQUENCE}
_SECOND["EC PRIVATE KEY"] = pem.OCTET_STRING

_CURVES = (ec.SECP224R1, ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def private_keys(data: bytes) -> list[Any]:
    """The private keys among the PEM blocks of a text. Raises BuiltinError for a broken one."""
    return [
        load_private_key(block.der, _SECOND[block.label])
        for block in pem.blocks(data)
        if block.label in _SECOND
    ]


def load_private_key(der: bytes, second: int | None = None) -> Any:
    """A private key; ``second`` is the tag that tells its format. Raises BuiltinError."""
    try:
        if second is not None:  # the version, then what tells the formats apart
            fields = pem.Der(der).inside()
            fields.any()
            fields.element(second)
        key = load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"x509: failed to parse private key: {error}") from None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if not isinstance(key.curve, _CURVES):
            raise BuiltinError("x509: unknown elliptic curve")
    elif not isinstance(
        key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
    ):
        raise BuiltinError("x509: PKCS#8 wrapping contained private key with unknown algorithm")
    return key


def private_key_json(key: Any) -> Any:
    """A private key as Go's ``json.Marshal`` writes it."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        return {
            **public_key_json(key.public_key()),
            "D": numbers.d,
            "Primes": [numbers.p, numbers.q],
            "Precomputed": {
                "Dp": numbers.dmp1,
                "Dq": numbers.dmq1,
                "Qinv": numbers.iqmp,
                "CRTValues": [],
            },
        }
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {**public_key_json(key.public_key()), "D": key.private_numbers().private_value}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        seed = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        return b64(seed + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    return {}  # X25519: all of it is private in Go


def private_key_jwk(key: Any) -> dict[str, Any]:
    """A private key as a JWK. Raises BuiltinError for a curve that has none."""
    kinds: dict[type[Any], Any] = {rsa.RSAPrivateKey: RSAKey, ec.EllipticCurvePrivateKey: ECKey}
    kind = next((k for cls, k in kinds.items() if isinstance(key, cls)), OKPKey)
    try:
        return dict(kind(key, key).as_dict(private=True))
    except (JoseError, ValueError, KeyError) as error:
        raise BuiltinError(f"jwk.Import: failed to get algorithm for the key: {error}") from None
