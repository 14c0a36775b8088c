"""Certificates, certificate requests and private keys (``crypto.x509.*``).

The work is in ``certificates``, ``chains`` and ``private_keys``, imported at the first call
because of cryptography's size.
"""

from __future__ import annotations

from typing import Any

from regolive import BuiltinContext, BuiltinError, RegoSet
from regolive.values import sorted_items, sorted_values
from regolive_std import pem
from regolive_std._declare import ANY, BOOLEAN, STRING, array, object_of, std, tuple_of
from regolive_std.encoding import base64_decode
from regolive_std.text import to_bytes

_OBJECT = object_of(STRING, ANY)
_OBJECTS = array(_OBJECT)
_VERIFIED = tuple_of(BOOLEAN, _OBJECTS)
_BEGIN = b"-----BEGIN"

_USAGES = (
    "Any ServerAuth ClientAuth CodeSigning EmailProtection IPSECEndSystem IPSECTunnel IPSECUser "
    "TimeStamping OCSPSigning MicrosoftServerGatedCrypto NetscapeServerGatedCrypto "
    "MicrosoftCommercialCodeSigning MicrosoftKernelCodeSigning"
)
_KEY_USAGES = {f"KeyUsage{name}": number for number, name in enumerate(_USAGES.split())}


def _decoded(text: str) -> bytes:
    """PEM as it is, anything else out of base64."""
    data = to_bytes(text)
    return data if data.startswith(_BEGIN) else to_bytes(base64_decode(text))


def _certificates(text: str) -> list[Any]:
    from regolive_std import certificates

    data = _decoded(text)
    if data.startswith(_BEGIN):
        found = pem.blocks(data)
        for block in found:
            if block.label != "CERTIFICATE":
                raise BuiltinError(f"PEM block type is '{block.label}', expected CERTIFICATE")
        data = b"".join(block.der for block in found)
    return certificates.parse_all(data)


@std("crypto.x509.parse_certificates", result=_OBJECTS, result_name="output")
def x509_parse_certificates(certs: str) -> list[Any]:
    """The certificates in PEM, or in base64 of DER or PEM, with the fields that Go gives them.

    Example:
        >>> crypto.x509.parse_certificates(data.example.certificate)[0].DNSNames
        ["www.example.com"]
        >>> crypto.x509.parse_certificates("x")
        error: eval_builtin_error: crypto.x509.parse_certificates: illegal base64 data at input byte
        0
    """
    from regolive_std.certificates_json import certificate_json

    return [certificate_json(c, uri_strings=True) for c in _certificates(certs)]


def _verified(certs: list[Any], options: Any, *, uri_strings: bool) -> list[Any]:
    from regolive_std import chains
    from regolive_std.certificates_json import certificate_json

    try:
        chain = chains.verify(certs, options)
    except chains.NotVerified:
        return [False, []]
    return [True, [certificate_json(c, uri_strings=uri_strings) for c in chain]]


@std("crypto.x509.parse_and_verify_certificates", result=_VERIFIED, result_name="output")
def x509_parse_and_verify_certificates(ctx: BuiltinContext, certs: str) -> list[Any]:
    """``[true, chain]`` if the last certificate is the first one's, else ``[false, []]``.

    First the root, then intermediates, last the leaf, which must be for servers and valid now.

    Example:
        >>> crypto.x509.parse_and_verify_certificates(data.example.chain)[0]
        true
        >>> crypto.x509.parse_and_verify_certificates(data.example.certificate)
        [false, []]
    """
    from regolive_std.chains import Options

    try:
        found = _certificates(certs)
    except BuiltinError:
        return [False, []]
    return _verified(found, Options(ctx.now_ns), uri_strings=True)


@std(
    "crypto.x509.parse_and_verify_certificates_with_options",
    args=[STRING, _OBJECT],
    result=_VERIFIED,
)
def x509_parse_and_verify_certificates_with_options(
    ctx: BuiltinContext, certs: str, options: Any
) -> list[Any]:
    """As without options, which are ``DNSName``, ``CurrentTime`` (ns), ``KeyUsages``.

    ``MaxConstraintComparisons`` is taken and has no effect, as in OPA.

    Example:
        >>> crypto.x509.parse_and_verify_certificates_with_options(data.example.chain, {})[0]
        true
        >>> crypto.x509.parse_and_verify_certificates_with_options(data.example.chain, {"x": 1})
        error: eval_builtin_error: crypto.x509.parse_and_verify_certificates_with_options: invalid
        key option
    """
    try:
        found = _certificates(certs)
    except BuiltinError:
        return [False, []]
    return _verified(found, _options(options, ctx.now_ns), uri_strings=False)


def _options(given: dict[Any, Any], now_ns: int) -> Any:
    from regolive_std.chains import Options

    name = ""
    usages: tuple[int, ...] = ()
    for key, value in sorted_items(given):
        if key.__class__ is not str:
            continue
        if key == "DNSName":
            if value.__class__ is not str:
                raise BuiltinError("'DNSName' should be a string")
            name = value.strip('"')
        elif key == "CurrentTime":
            now_ns = _integer(key, value, "a valid int64 number")
        elif key == "MaxConstraintComparisons":
            _integer(key, value, "a valid number")
        elif key == "KeyUsages":
            usages = _key_usages(value)
        else:
            raise BuiltinError("invalid key option")
    return Options(now_ns, name, usages)


def _integer(key: str, value: Any, wanted: str) -> int:
    if value.__class__ in (str, bool, list, dict, RegoSet) or value is None:
        raise BuiltinError(f"'{key}' should be a number")
    if value.__class__ is not int or not -(1 << 63) <= value < 1 << 63:
        raise BuiltinError(f"'{key}' should be {wanted}")
    return int(value)


def _key_usages(value: Any) -> tuple[int, ...]:
    if value.__class__ not in (list, RegoSet):
        raise BuiltinError("'KeyUsages' should be an Array or Set")
    items = value if value.__class__ is list else sorted_values(value)
    names = [item.strip('"') for item in items if item.__class__ is str]
    unknown = [name for name in names if name not in _KEY_USAGES]
    if unknown:
        raise BuiltinError(f"invalid entries for 'KeyUsages' found: [{' '.join(unknown)}]")
    return tuple(_KEY_USAGES[name] for name in names)


@std("crypto.x509.parse_certificate_request", result=_OBJECT, result_name="output")
def x509_parse_certificate_request(csr: str) -> dict[str, Any]:
    """A certificate request in PEM, or in base64 of DER or PEM, with the fields Go gives it.

    Example:
        >>> crypto.x509.parse_certificate_request(data.example.request_pem).Subject.CommonName
        "www.example.com"
        >>> crypto.x509.parse_certificate_request("x")
        error: eval_builtin_error: crypto.x509.parse_certificate_request: illegal base64 data at
        input byte 0
    """
    from regolive_std.certificates_json import request_json

    label = "CERTIFICATE REQUEST"
    data = to_bytes(csr)
    if not data.startswith(f"-----BEGIN {label}-----".encode()):
        data = to_bytes(base64_decode(csr))
    block, _ = pem.decode(data)
    if block is not None:
        if block.label != label:
            raise BuiltinError("invalid PEM-encoded certificate signing request")
        data = block.der
    return request_json(data)


@std("crypto.x509.parse_keypair", args=[STRING, STRING], result=_OBJECT, result_name="output")
def x509_parse_keypair(cert: str, pem: str) -> dict[str, Any]:
    """A certificate and its private key, in PEM or in base64 of DER, if they belong together.

    Example:
        >>> object.keys(crypto.x509.parse_keypair(data.example.certificate, data.example.key))
        ["Certificate", "Leaf", "OCSPStaple", "PrivateKey", "SignedCertificateTimestamps",
        "SupportedSignatureAlgorithms"]
        >>> crypto.x509.parse_keypair("x", "y")
        error: eval_builtin_error: crypto.x509.parse_keypair: illegal base64 data at input byte 0
    """
    from regolive_std.keypair import keypair_json

    return keypair_json(_decoded(cert), _decoded(pem))


@std("crypto.x509.parse_rsa_private_key", result=_OBJECT, result_name="output")
def x509_parse_rsa_private_key(pem: str) -> dict[str, Any] | None:
    """The first private key in PEM, or in base64 of PEM, as a JWK; null if there is none.

    Example:
        >>> crypto.x509.parse_rsa_private_key(data.example.rsa_private_key).kty
        "RSA"
        >>> crypto.x509.parse_rsa_private_key("x")
        error: eval_builtin_error: crypto.x509.parse_rsa_private_key: illegal base64 data at input
        byte 0
    """
    if not pem:
        raise BuiltinError("input PEM data was empty")
    from regolive_std.private_keys import private_key_jwk, private_keys

    found = private_keys(_unwrapped(_decoded(pem)))
    return private_key_jwk(found[0]) if found else None


def _unwrapped(data: bytes) -> bytes:
    """What base64 encodes, if it is base64."""
    from regolive_std.text import from_bytes

    try:
        return to_bytes(base64_decode(from_bytes(data)))
    except BuiltinError:
        return data


@std("crypto.parse_private_keys", result=_OBJECTS, result_name="output")
def parse_private_keys(keys: str) -> list[Any] | None:
    """The private keys in PEM, or in base64 of PEM, with the fields that Go gives them.

    Example:
        >>> count(crypto.parse_private_keys(data.example.rsa_private_key))
        1
        >>> crypto.parse_private_keys("x")
        []
    """
    if not keys:
        return None
    from regolive_std.private_keys import private_key_json, private_keys

    return [private_key_json(key) for key in private_keys(_unwrapped(to_bytes(keys)))]
