"""Keys and signatures of JSON Web Tokens: what joserfc and cryptography do, under OPA's rules.

OPA reads keys with lestrrat-go/jwx and lets a key through that a stricter library would refuse
(a small one, one for another curve); what it refuses is refused here too. The arithmetic is the
libraries' alone. Imported when the first token comes, because of cryptography's size.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from regolive import BuiltinError
from regolive.values import loads, type_name
from regolive_std import certificates, pem
from regolive_std.text import from_bytes, go_quote, to_bytes

# jwx's own bound on the keys of a set.
MAX_KEYS = 1000
# OpenSSL's bound on a modulus, which also bounds the time that a check of a private key takes.
MAX_RSA_BITS = 16384

_FAMILIES: dict[str, tuple[type[Any], str]] = {
    "HS": (OctKey, "[]byte"),
    "RS": (RSAKey, "*rsa.PrivateKey"),
    "PS": (RSAKey, "*rsa.PrivateKey"),
    "ES": (ECKey, "*ecdsa.PrivateKey"),
    "Ed": (OKPKey, "ed25519.PrivateKey"),
}
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
# The bytes of a coordinate on each of the curves.
_SIZES = {"P-256": 32, "P-384": 48, "P-521": 66}

ALGORITHMS = frozenset([f + size for f in ("HS", "RS", "PS", "ES") for size in _HASHES] + ["EdDSA"])
"""The algorithms that OPA knows; ``none`` is not among them."""

# What else a JWK may say that it is for; a key for something else is known and left out.
_OTHERS = (
    "none ES256K Ed25519 dir RSA1_5 RSA-OAEP RSA-OAEP-256 RSA-OAEP-384 RSA-OAEP-512 "
    "A128KW A192KW A256KW A128GCMKW A192GCMKW A256GCMKW A128GCM A192GCM A256GCM "
    "A128CBC-HS256 A192CBC-HS384 A256CBC-HS512 ECDH-ES ECDH-ES+A128KW ECDH-ES+A192KW "
    "ECDH-ES+A256KW PBES2-HS256+A128KW PBES2-HS384+A192KW PBES2-HS512+A256KW"
)
_KNOWN = ALGORITHMS.union(_OTHERS.split())


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key to verify with. ``key`` is None for one that no algorithm here can use.

    ``private``: the key came with its private half, which only ``io.jwt.decode_verify`` takes.
    """

    key: Key | None
    private: bool = False
    alg: str = ""
    kid: str = ""


def secret_key(secret: str) -> VerificationKey:
    """A key out of a shared secret."""
    data = to_bytes(secret)
    return VerificationKey(OctKey(data, data))


# -- Keys ------------------------------------------------------------------------------------


def parse_keys(text: str) -> tuple[VerificationKey, ...]:
    """The keys in a PEM certificate, a PEM public key, a JWK or a JWK set.

    Raises BuiltinError, in OPA's words where a test fixes them.
    """
    data = to_bytes(text)
    block, end = pem.decode(data)
    if block is None:
        try:
            return tuple(_verification_key(jwk) for jwk in _jwks(text) if _usable(jwk))
        except ValueError as error:
            where = "jwk.ParseString: failed to parse string"
            raise BuiltinError(f"failed to parse a JWK key (set): {where}: {error}") from None
    if end < len(data):
        raise BuiltinError("extra data after a PEM certificate block")
    if block.label == "CERTIFICATE":
        try:
            return (VerificationKey(wrap(certificates.parse(block.der).public_key)),)
        except ValueError as error:
            raise BuiltinError(f"failed to parse a PEM certificate: x509: {error}") from None
    if block.label == "PUBLIC KEY":
        try:
            pem.Der(block.der).inside().element(pem.SEQUENCE)
            public = serialization.load_der_public_key(block.der)
            certificates.check_curve(public)
            return (VerificationKey(wrap(public)),)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BuiltinError(f"failed to parse a PEM public key: x509: {error}") from None
    raise BuiltinError("failed to extract a Key from the PEM certificate")


def wrap(public: Any) -> Key | None:
    """cryptography's public key as joserfc's; None for a kind that JWTs do not use."""
    if isinstance(public, rsa.RSAPublicKey):
        return RSAKey(public, public)
    if isinstance(public, ec.EllipticCurvePublicKey):
        return ECKey(public, public)
    if isinstance(public, ed25519.Ed25519PublicKey):
        return OKPKey(public, public)
    return None


def _usable(jwk: dict[str, Any]) -> bool:
    return not jwk.get("alg") or jwk["alg"] in ALGORITHMS


def _jwks(text: str) -> list[dict[str, Any]]:
    """The JWKs of a JWK or a set, each checked. Raises ValueError."""
    try:
        found = loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            "jwk.Parse: failed to parse sole key: jwk.ParseKey: jwk.Parse: failed to probe data: "
            f"probe: failed to unmarshal data: {error}"
        ) from None
    if not isinstance(found, dict) or "keys" not in found:
        try:
            return [_check(found)]
        except ValueError as error:
            raise ValueError(f"jwk.Parse: failed to parse sole key: {error}") from None
    keys = found["keys"]
    if not isinstance(keys, list):
        raise ValueError(  # noqa: TRY004
            'jwk.Parse: failed to unmarshal JWK set: failed to decode "keys"'
        )
    if len(keys) > MAX_KEYS:
        raise ValueError(
            f'jwk.Parse: failed to unmarshal JWK set: too many keys in "keys" array: max {MAX_KEYS}'
        )
    checked = []
    for at, key in enumerate(keys):
        try:
            checked.append(_check(key))
        except ValueError as error:
            raise ValueError(
                f'jwk.Parse: failed to unmarshal JWK set: failed to decode key #{at} in "keys": '
                f"{error}"
            ) from None
    return checked


_TEXTS = ("kid", "use", "alg", "crv", "x5t", "x5t#S256", "x5u")
_MATERIAL: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "RSA": (("n", "e"), ("d", "p", "q", "dp", "dq", "qi")),
    "EC": (("x", "y"), ("d",)),
    "OKP": (("x",), ("d",)),
    "oct": (("k",), ()),
}


def _check(jwk: Any) -> dict[str, Any]:
    """A JWK as jwx takes it, its material decoded to bytes. Raises ValueError."""
    if not isinstance(jwk, dict):
        text = "jwk.ParseKey: jwk.Parse: failed to probe data: not an object"
        raise ValueError(text)  # noqa: TRY004
    kty = jwk.get("kty", "")
    if not isinstance(kty, str) or kty not in _MATERIAL:
        raise ValueError(f"jwk.ParseKey: invalid key type from JSON ({kty})")
    out: dict[str, Any] = {"kty": kty}
    for name in _TEXTS:
        value = jwk.get(name)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"jwk.ParseKey: failed to decode value for key {name}: not a string")
        if value:
            out[name] = value
    operations = jwk.get("key_ops", [])
    operations = [] if operations is None else operations
    if not isinstance(operations, list) or not all(isinstance(o, str) for o in operations):
        raise ValueError("jwk.ParseKey: failed to decode value for key key_ops: not strings")
    if "alg" in jwk and jwk["alg"] not in _KNOWN:
        raise ValueError("jwk.ParseKey: failed to decode value for key alg: invalid key value")
    _check_chain(jwk.get("x5c", []))
    required, optional = _MATERIAL[kty]
    for name in required + optional:
        if name in jwk:
            out[name] = _material(name, jwk[name])
    for name in required:
        if not out.get(name):
            raise ValueError(f"jwk.ParseKey: required field {name} is missing")
    if "d" in out and not out["d"]:
        raise ValueError('jwk.ParseKey: jwk.Parse: key validation failed: missing "d" value')
    _check_kind(kty, out)
    return out


def _check_chain(chain: Any) -> None:
    """The certificates that come with a key are not used, but they must be some."""
    if not isinstance(chain, list) or not all(isinstance(c, str) for c in chain):
        raise ValueError("jwk.ParseKey: failed to decode value for key x5c: expected JSON array")
    for at, text in enumerate(chain):
        try:
            certificates.parse(base64.b64decode("".join(text.split()), validate=True))
        except ValueError as error:
            raise ValueError(
                "jwk.ParseKey: failed to decode value for key x5c: failed to decode certificate "
                f"at index {at}: {error}"
            ) from None


def _check_kind(kty: str, jwk: dict[str, Any]) -> None:
    if kty == "RSA":
        n, e = _int(jwk["n"]), _int(jwk["e"])
        if not n or n.bit_length() > MAX_RSA_BITS:
            raise ValueError("jwk.ParseKey: jwk.Parse: key validation failed: rsa modulus")
        if not e & 1 or e.bit_length() >= 64:
            raise ValueError(
                "jwk.ParseKey: jwk.Parse: key validation failed: invalid rsa public exponent: "
                "must be a positive odd integer"
            )
        if "d" in jwk and not (jwk.get("p") and jwk.get("q")):
            raise ValueError('missing "p" or "q" value')
    elif kty == "EC":
        if jwk.get("crv") not in _SIZES:
            raise ValueError(f"jwk.ParseKey: invalid curve {jwk.get('crv', '')}")
        size = _SIZES[jwk["crv"]]
        half = "Private" if "d" in jwk else "Public"
        for name in ("x", "y", "d"):
            if name in jwk and len(jwk[name]) != size:
                raise ValueError(
                    "jwk.ParseKey: jwk.Parse: key validation failed: key validation failed: "
                    f'jwk.ECDSA{half}Key: invalid "{name}" length ({len(jwk[name])}) for curve '
                    f'"{jwk["crv"]}"'
                )
        public_part(jwk)
    elif kty == "OKP":
        if jwk.get("crv") not in ("Ed25519", "X25519"):
            raise ValueError(f"invalid curve algorithm {jwk.get('crv', '')}")
        if len(jwk["x"]) != 32 or len(jwk.get("d", b" " * 32)) != 32:
            raise ValueError(f"{jwk['crv'].lower()}: wrong key size")
        if jwk["crv"] == "Ed25519" and "d" in jwk:
            seed = ed25519.Ed25519PrivateKey.from_private_bytes(jwk["d"])
            if seed.public_key().public_bytes_raw() != jwk["x"]:
                raise ValueError("ed25519: invalid x value given d value")


def _material(name: str, value: Any) -> bytes:
    """Bytes in base64, of either alphabet, padded or not."""
    if value is None:
        return b""
    if isinstance(value, str):
        text = value.replace("\r", "").replace("\n", "")
        padded = text.endswith("=")
        if padded == (len(text) % 4 == 0) or not padded:
            alphabet = b"+/" if "+" in text or "/" in text else b"-_"
            try:
                full = text if padded else text + "=" * (-len(text) % 4)
                return base64.b64decode(full, alphabet, validate=True)
            except (binascii.Error, ValueError):
                pass
    raise ValueError(
        f"jwk.ParseKey: failed to decode value for key {name}: expected base64 encoded []byte"
    )


def _int(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def public_part(jwk: dict[str, Any]) -> Key:
    """The public key of a checked JWK. Raises ValueError where cryptography refuses it."""
    kty = jwk["kty"]
    if kty == "oct":
        return OctKey(jwk["k"], jwk["k"])
    names = _MATERIAL[kty][0] + (("crv",) if "crv" in jwk else ())
    material = {n: jwk[n] if n == "crv" else _text(jwk[n]) for n in names}
    kind: Any = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}[kty]
    try:
        raw = kind.binding.import_from_dict({"kty": kty, **material})
    except (JoseError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from None
    key: Key = kind(raw, raw)
    return key


def _verification_key(jwk: dict[str, Any]) -> VerificationKey:
    key: Key | None
    try:
        key = public_part(jwk)
    except ValueError:
        # Go takes such a key (a very small one), and fails when it verifies with it.
        key = None
    private = "d" in jwk
    return VerificationKey(key, private, jwk.get("alg", ""), jwk.get("kid", ""))


# -- Signing ---------------------------------------------------------------------------------


def signing_key(text: str) -> dict[str, Any]:
    """The first JWK of a JWK or a set. Raises BuiltinError."""
    try:
        keys = _jwks(text)
    except ValueError as error:
        raise BuiltinError(str(error)) from None
    if not keys:
        raise BuiltinError("no keys found in JWK set")
    return keys[0]


def _private_part(jwk: dict[str, Any]) -> Key:
    kty = jwk["kty"]
    material = {"kty": kty, **{n: jwk[n] for n in ("crv",) if n in jwk}}
    names = [n for n in sum(_MATERIAL[kty], ()) if n in jwk]
    material |= {n: _text(jwk[n]) for n in names}
    if kty == "RSA":
        p, q, d = _int(jwk["p"]), _int(jwk["q"]), _int(jwk["d"])
        if not 1 < p < 1 << MAX_RSA_BITS or not 1 < q < 1 << MAX_RSA_BITS:
            raise ValueError("crypto/rsa: invalid primes")
        # Optional; those that are there are checked against the rest.
        crt = (rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q))
        for name, number in zip(("dp", "dq", "qi"), crt, strict=True):
            if name not in jwk:
                material[name] = _text(number.to_bytes((number.bit_length() + 7) // 8 or 1, "big"))
    kind: Any = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}[kty]
    raw = kind.binding.import_from_dict(material)
    key: Key = kind(raw, raw)
    return key


def sign(jwk: dict[str, Any], alg: str, message: bytes) -> bytes:
    """The signature of a message. Raises BuiltinError for a key that does not fit the algorithm."""
    kind, wanted = _FAMILIES[alg[:2]]
    sort = {"RSA": "rsa", "EC": "ecdsa", "OKP": "okp", "oct": "symmetric"}[jwk["kty"]]
    half = "" if jwk["kty"] == "oct" else "Private" if "d" in jwk else "Public"
    unfit = f"jwsbb.Sign: invalid key type *jwk.{sort}{half}Key. {wanted} is required"
    if jwk["kty"] != kind.key_type or (half == "Public") or jwk.get("crv") == "X25519":
        raise BuiltinError(unfit)
    try:
        if jwk["kty"] == "oct":
            key: Key = OctKey(jwk["k"], jwk["k"])
        else:
            key = _private_part(jwk)
        return JWSRegistry.algorithms[alg].sign(message, key)
    except (ValueError, TypeError, ZeroDivisionError, JoseError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"jwsbb.Sign: {error}") from None


# -- Verifying -------------------------------------------------------------------------------


def verify_jws(key: VerificationKey, alg: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature holds under the algorithm that a token's header names (RFC 7515).

    A key is never used for the algorithms of another family: a public RSA key is no HMAC secret.
    """
    if alg not in ALGORITHMS and alg != "Ed25519":
        return False
    if not isinstance(key.key, _FAMILIES[alg[:2]][0]):
        return False
    if alg.startswith("ES"):
        # Any curve that Go has, but both halves of the signature as long as the curve's numbers.
        public: Any = key.key.public_key
        if len(signature) != 2 * ((public.key_size + 7) // 8):
            return False
        return verify_as(VerificationKey(key.key), alg, message, signature)
    try:
        return bool(JWSRegistry.algorithms[alg].verify(message, signature, key.key))
    except (ValueError, JoseError, UnsupportedAlgorithm):
        return False


def verify_as(key: VerificationKey, alg: str, message: bytes, signature: bytes) -> bool:
    """Whether a signature holds under the algorithm that a builtin is named for.

    OPA checks these by hand: a salt of any length for PSS, any curve for ECDSA, and the two
    halves of the signature however long they are. A private key is of the wrong type.
    """
    if key.private or not isinstance(key.key, _FAMILIES[alg[:2]][0]):
        return False
    public: Any = key.key.public_key
    try:
        if alg == "EdDSA":
            if not isinstance(public, ed25519.Ed25519PublicKey):
                return False
            public.verify(signature, message)
            return True
        digest = _HASHES[alg[2:]]()
        if alg[0] == "E":
            half = len(signature) // 2
            r, s = _int(signature[:half]), _int(signature[half:])
            public.verify(encode_dss_signature(r, s), message, ec.ECDSA(digest))
        elif alg[0] == "P":
            pss = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
            public.verify(signature, message, pss, digest)
        else:
            public.verify(signature, message, padding.PKCS1v15(), digest)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


# -- Headers ---------------------------------------------------------------------------------


_NUMBERISH = re.compile(r"[0-9.eE+-]+")


def _first_keys(text: str) -> Any:
    return json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)))


def header_text(headers: str, name: str) -> str:
    """A string in a JSON header. Raises BuiltinError, in jwx's words."""
    try:
        # jwx's parser takes any characters of a number for one, and the first of equal keys.
        found = 0 if _NUMBERISH.fullmatch(headers.strip()) else _first_keys(headers)
    except (ValueError, RecursionError) as error:
        detail = "cannot parse empty string" if not headers.strip() else str(error)
        tail = go_quote(from_bytes(to_bytes(headers)[:80]))
        raise BuiltinError(f"cannot parse JSON: {detail}; unparsed tail: {tail}") from None
    if not isinstance(found, dict) or name not in found:
        raise BuiltinError(f'jwsbb: header "{name}" not found')
    value = found[name]
    if not isinstance(value, str):
        kind = type_name(value)
        raise BuiltinError(f"value doesn't contain string; it contains {kind}")
    return value
