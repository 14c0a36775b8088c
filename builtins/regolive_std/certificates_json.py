"""Certificates and signing requests as Go's ``json.Marshal`` writes them: what OPA returns."""

from __future__ import annotations

import base64
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from regolive import BuiltinError
from regolive_std.certificates import (
    ALT_NAMES,
    AUTHORITY_INFO,
    AUTHORITY_KEY,
    BASIC_CONSTRAINTS,
    CRL_POINTS,
    NAME_CONSTRAINTS,
    POLICIES,
    PUBLIC_KEYS,
    REFUSED,
    SUBJECT_KEY,
    AltNames,
    Certificate,
    Extension,
    Oid,
    name_json,
    plain_address,
    read_extensions,
    read_public_key,
)
from regolive_std.gourl import parse_url, url_text
from regolive_std.pem import INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Der, read_oid

_EXTENSION_REQUEST = (1, 2, 840, 113549, 1, 9, 14)

# Go's numbers for signature algorithms.
_SIGNATURES = {
    "1.2.840.113549.1.1.4": 2,
    "1.2.840.113549.1.1.5": 3,
    "1.3.14.3.2.29": 3,
    "1.2.840.113549.1.1.11": 4,
    "1.2.840.113549.1.1.12": 5,
    "1.2.840.113549.1.1.13": 6,
    "1.2.840.10040.4.3": 7,
    "2.16.840.1.101.3.4.3.2": 8,
    "1.2.840.10045.4.1": 9,
    "1.2.840.10045.4.3.2": 10,
    "1.2.840.10045.4.3.3": 11,
    "1.2.840.10045.4.3.4": 12,
    "1.3.101.112": 16,
}
_PSS = "1.2.840.113549.1.1.10"
_PSS_SALTS = {("sha256", 32): 13, ("sha384", 48): 14, ("sha512", 64): 15}


def b64(data: bytes) -> str:
    """Bytes as Go writes them in JSON."""
    return base64.b64encode(data).decode()


def _or_null(items: Any) -> Any:
    """Go's empty slices are nil, and nil is null."""
    return list(items) or None


def certificate_json(cert: Certificate, *, uri_strings: bool) -> dict[str, Any]:
    """A certificate as Go's ``json.Marshal`` writes it, with OPA's ``URIStrings`` if asked."""
    loaded = cert.loaded
    permitted, excluded = cert.constraints
    ca, path_length = cert.authority
    basic = cert.extension(BASIC_CONSTRAINTS) is not None
    explicit, unmapped, inhibit = cert.policy_limits
    subject_key, authority_key = cert.value(SUBJECT_KEY), cert.value(AUTHORITY_KEY)
    issuer_key = authority_key.key_identifier if authority_key else None
    usages, other_usages = cert.usages
    out: dict[str, Any] = {
        "Raw": b64(cert.raw),
        "RawTBSCertificate": b64(loaded.tbs_certificate_bytes),
        "RawSubjectPublicKeyInfo": b64(cert.key_info),
        "RawSubject": b64(cert.subject),
        "RawIssuer": b64(cert.issuer),
        **_signed_json(loaded, loaded.public_key_algorithm_oid.dotted_string, cert.public_key),
        "Version": loaded.version.value + 1,
        "SerialNumber": cert.serial,
        "Issuer": name_json(cert.issuer),
        "Subject": name_json(cert.subject),
        "NotBefore": loaded.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "NotAfter": loaded.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "KeyUsage": cert.key_usage,
        **_extensions_json(cert.extensions),
        "UnhandledCriticalExtensions": _or_null(map(list, cert.unhandled)),
        "ExtKeyUsage": _or_null(usages),
        "UnknownExtKeyUsage": _or_null(map(list, other_usages)),
        "BasicConstraintsValid": basic,
        "IsCA": ca,
        "MaxPathLen": path_length if path_length is not None else -1 if basic else 0,
        "MaxPathLenZero": path_length == 0,
        "SubjectKeyId": b64(subject_key.digest) if subject_key else None,
        "AuthorityKeyId": b64(issuer_key) if issuer_key is not None else None,
        **_links_json(cert),
        **_names_json(cert.names),
        **_constraints_json("Permitted", permitted),
        **_constraints_json("Excluded", excluded),
        "PermittedDNSDomainsCritical": _critical(cert, NAME_CONSTRAINTS),
        "PolicyIdentifiers": _identifiers(cert),
        "Policies": _or_null(".".join(map(str, p)) for p in cert.policies),
        "InhibitAnyPolicy": inhibit or 0,
        "InhibitAnyPolicyZero": inhibit == 0,
        "InhibitPolicyMapping": unmapped or 0,
        "InhibitPolicyMappingZero": unmapped == 0,
        "RequireExplicitPolicy": explicit or 0,
        "RequireExplicitPolicyZero": explicit == 0,
        "PolicyMappings": _or_null(
            {
                "IssuerDomainPolicy": ".".join(map(str, issuer)),
                "SubjectDomainPolicy": ".".join(map(str, subject)),
            }
            for issuer, subject in cert.mappings
        ),
    }
    if uri_strings:
        out["URIStrings"] = _or_null(url_text(uri) for uri in cert.names.uris)
    return out


def _identifiers(cert: Certificate) -> list[list[int]] | None:
    # The one list that Go makes before it has anything to put in.
    return None if cert.extension(POLICIES) is None else [list(p) for p in cert.policies]


def _critical(cert: Certificate, oid: Oid) -> bool:
    found = cert.extension(oid)
    return found is not None and found.critical


def _signed_json(loaded: Any, algorithm: str, key: Any) -> dict[str, Any]:
    return {
        "Signature": b64(loaded.signature),
        "SignatureAlgorithm": signature_number(loaded),
        "PublicKeyAlgorithm": PUBLIC_KEYS.get(algorithm, 0),
        "PublicKey": public_key_json(key),
    }


def signature_number(loaded: Any) -> int:
    """Go's number for the algorithm that something is signed with; 0 for an unknown one."""
    oid = loaded.signature_algorithm_oid.dotted_string
    if oid != _PSS:
        return _SIGNATURES.get(oid, 0)
    try:
        parameters = loaded.signature_algorithm_parameters
        digest = loaded.signature_hash_algorithm.name
    except (ValueError, UnsupportedAlgorithm):
        return 0
    if not isinstance(parameters, padding.PSS) or parameters.mgf._algorithm.name != digest:
        return 0
    salt: Any = parameters._salt_length
    return _PSS_SALTS.get((digest, salt), 0)


def public_key_json(key: Any) -> Any:
    """A public key as Go writes it."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"N": numbers.n, "E": numbers.e}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return {"Curve": {}, "X": point.x, "Y": point.y}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return b64(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    if isinstance(key, dsa.DSAPublicKey):
        public = key.public_numbers()
        group = public.parameter_numbers
        return {"P": group.p, "Q": group.q, "G": group.g, "Y": public.y}
    return None


def _extensions_json(extensions: tuple[Extension, ...]) -> dict[str, Any]:
    return {
        "Extensions": _or_null(
            {"Id": list(e.oid), "Critical": e.critical, "Value": b64(e.value)} for e in extensions
        ),
        "ExtraExtensions": None,
    }


def _links_json(cert: Certificate) -> dict[str, Any]:
    ocsp, issuers = [], []
    for access in cert.value(AUTHORITY_INFO) or ():
        if isinstance(access.access_location, x509.UniformResourceIdentifier):
            if access.access_method == x509.OID_OCSP:
                ocsp.append(access.access_location.value)
            elif access.access_method == x509.OID_CA_ISSUERS:
                issuers.append(access.access_location.value)
    points = []
    for point in cert.value(CRL_POINTS) or ():
        for name in point.full_name or ():
            if not isinstance(name, x509.UniformResourceIdentifier):
                break
            points.append(name.value)
    return {
        "OCSPServer": _or_null(ocsp),
        "IssuingCertificateURL": _or_null(issuers),
        "CRLDistributionPoints": _or_null(points),
    }


def _names_json(names: AltNames) -> dict[str, Any]:
    return {
        "DNSNames": _or_null(names.dns),
        "EmailAddresses": _or_null(names.emails),
        "IPAddresses": _or_null(str(plain_address(a)) for a in names.addresses),
        "URIs": _or_null(map(parse_url, names.uris)),
    }


def _constraints_json(which: str, names: AltNames) -> dict[str, Any]:
    return {
        f"{which}DNSDomains": _or_null(names.dns),
        f"{which}EmailAddresses": _or_null(names.emails),
        f"{which}URIDomains": _or_null(names.uris),
        f"{which}IPRanges": _or_null(
            {"IP": str(net.network_address), "Mask": b64(net.netmask.packed)}
            for net in names.addresses
        ),
    }


def request_json(der: bytes) -> dict[str, Any]:
    """A certificate request as Go's ``json.Marshal`` writes it. Raises BuiltinError."""
    try:
        loaded = x509.load_der_x509_csr(der)
        body = Der(loaded.tbs_certrequest_bytes).inside()
        version = int.from_bytes(body.contents(INTEGER), "big")
        subject, key_info = body.element(SEQUENCE), body.element(SEQUENCE)
        algorithm = ".".join(map(str, Der(key_info).inside().inside().oid()))
        attributes = Der(body.contents(0xA0)) if body else Der(b"")
        parsed: list[Any] = []
        extensions: list[Extension] = []
        while attributes:
            raw = attributes.element(SEQUENCE)
            attribute = _attribute(raw)
            if attribute is not None:
                parsed.append(attribute)
            pair = Der(raw).inside()
            if pair.oid() == _EXTENSION_REQUEST:
                extensions += read_extensions(pair.inside(SET).inside())
        names = AltNames()
        if any(e.oid == ALT_NAMES for e in extensions):
            found = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            names = AltNames.of(found.value)
        return {
            "Raw": b64(der),
            "RawTBSCertificateRequest": b64(loaded.tbs_certrequest_bytes),
            "RawSubjectPublicKeyInfo": b64(key_info),
            "RawSubject": b64(subject),
            "Version": version,
            **_signed_json(loaded, algorithm, read_public_key(loaded, algorithm)),
            "Subject": name_json(subject),
            "Attributes": _or_null(parsed),
            **_extensions_json(tuple(extensions)),
            **_names_json(names),
        }
    except (ValueError, *REFUSED) as error:
        raise BuiltinError(f"asn1: structure error: {error}") from None


def _attribute(raw: bytes) -> dict[str, Any] | None:
    """An attribute as a set of name sequences; None for one of another form, which Go skips."""
    try:
        pair = Der(raw).inside()
        oid = pair.oid()
        values = []
        items = pair.inside(SET)
        while items:
            names = []
            item = items.inside()
            while item:
                one = item.inside()
                names.append({"Type": list(one.oid()), "Value": _plain(*one.any())})
            values.append(names)
    except ValueError:
        return None
    return {"Type": list(oid), "Value": values}


def _plain(tag: int, _: bytes, contents: bytes) -> Any:
    if tag == 0x01:
        return contents != b"\0"
    if tag == INTEGER:
        return int.from_bytes(contents, "big", signed=True)
    if tag == OCTET_STRING:
        return b64(contents)
    if tag == OID:
        return list(read_oid(contents))
    if tag in (0x0C, 0x12, 0x13, 0x14, 0x16):
        return contents.decode("latin-1" if tag == 0x14 else "utf-8")
    return None
