"""Certificates and signing requests, with the fields that Go's ``crypto/x509`` gives them.

cryptography parses and refuses; what it does not hand out (the very bytes of names, of the key,
of extensions) is cut from the same DER. The results of the builtins are these fields as JSON.
"""

from __future__ import annotations

import base64
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import ObjectIdentifier

from regolive import BuiltinError
from regolive_std.encoding import unescape
from regolive_std.pem import BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Der, read_oid
from regolive_std.text import from_bytes, to_bytes

Oid = tuple[int, ...]

KEY_USAGE, BASIC_CONSTRAINTS, ALT_NAMES = (2, 5, 29, 15), (2, 5, 29, 19), (2, 5, 29, 17)
NAME_CONSTRAINTS, CRL_POINTS, AUTHORITY_KEY = (2, 5, 29, 30), (2, 5, 29, 31), (2, 5, 29, 35)
POLICY_CONSTRAINTS, EXTENDED_USAGE, SUBJECT_KEY = (2, 5, 29, 36), (2, 5, 29, 37), (2, 5, 29, 14)
POLICIES, POLICY_MAPPINGS, INHIBIT_ANY = (2, 5, 29, 32), (2, 5, 29, 33), (2, 5, 29, 54)
AUTHORITY_INFO = (1, 3, 6, 1, 5, 5, 7, 1, 1)
_EXTENSION_REQUEST = (1, 2, 840, 113549, 1, 9, 14)

_HANDLED = frozenset(
    (
        KEY_USAGE,
        BASIC_CONSTRAINTS,
        ALT_NAMES,
        NAME_CONSTRAINTS,
        CRL_POINTS,
        AUTHORITY_KEY,
        POLICY_CONSTRAINTS,
        EXTENDED_USAGE,
        SUBJECT_KEY,
        POLICIES,
        POLICY_MAPPINGS,
        INHIBIT_ANY,
        AUTHORITY_INFO,
    )
)

# Go's numbers for algorithms and usages.
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
_PUBLIC_KEYS = {
    "1.2.840.113549.1.1.1": 1,
    "1.2.840.10040.4.1": 2,
    "1.2.840.10045.2.1": 3,
    "1.3.101.112": 4,
}
USAGES = {
    "2.5.29.37.0": 0,
    **{f"1.3.6.1.5.5.7.3.{n}": n for n in range(1, 10)},
    "1.3.6.1.4.1.311.10.3.3": 10,
    "2.16.840.1.113730.4.1": 11,
    "1.3.6.1.4.1.311.2.1.22": 12,
    "1.3.6.1.4.1.311.61.1.1": 13,
}
_CURVES = frozenset(("secp224r1", "secp256r1", "secp384r1", "secp521r1"))


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: its contents are the value's bytes as they stand in the certificate."""

    oid: Oid
    critical: bool
    value: bytes


@dataclass(frozen=True)
class Certificate:
    """A certificate, parsed by cryptography, with the bytes of its parts."""

    loaded: x509.Certificate
    raw: bytes
    issuer: bytes
    subject: bytes
    key_info: bytes
    extensions: tuple[Extension, ...]
    public_key: Any = field(default=None)

    def extension(self, oid: Oid) -> Extension | None:
        """The extension of a kind."""
        return next((e for e in self.extensions if e.oid == oid), None)

    def value(self, oid: Oid) -> Any:
        """What cryptography makes of the extension of a kind; None without one."""
        if self.extension(oid) is None:
            return None
        name = ObjectIdentifier(".".join(map(str, oid)))
        return self._typed.get_extension_for_oid(name).value

    @cached_property
    def _typed(self) -> x509.Extensions:
        return self.loaded.extensions

    @cached_property
    def names(self) -> AltNames:
        """The alternative names."""
        return AltNames.of(self.value(ALT_NAMES))

    @cached_property
    def constraints(self) -> tuple[AltNames, AltNames]:
        """The permitted and the excluded names."""
        value = self.value(NAME_CONSTRAINTS)
        if value is None:
            return AltNames(), AltNames()
        return AltNames.of(value.permitted_subtrees), AltNames.of(value.excluded_subtrees)

    @cached_property
    def key_usage(self) -> int:
        """Go's bits of the key usage; 0 without the extension."""
        found = self.extension(KEY_USAGE)
        if found is None:
            return 0
        unused, *data = Der(found.value).contents(BIT_STRING)
        bits = "".join(f"{b:08b}" for b in data)[: len(data) * 8 - unused]
        return sum(1 << i for i, bit in enumerate(bits[:9]) if bit == "1")

    @cached_property
    def usages(self) -> tuple[list[int], list[Oid]]:
        """The extended usages: Go's numbers for those it knows, and the others."""
        known: list[int] = []
        unknown: list[Oid] = []
        for oid in self.value(EXTENDED_USAGE) or ():
            number = USAGES.get(oid.dotted_string)
            if number is None:
                unknown.append(_arcs(oid))
            else:
                known.append(number)
        return known, unknown

    @cached_property
    def authority(self) -> tuple[bool, int | None]:
        """Whether it is one that may sign others, and how long a path may follow."""
        value = self.value(BASIC_CONSTRAINTS)
        return (False, None) if value is None else (value.ca, value.path_length)

    @cached_property
    def policies(self) -> list[Oid]:
        """The certificate policies."""
        return [_arcs(p.policy_identifier) for p in self.value(POLICIES) or ()]

    @cached_property
    def mappings(self) -> list[tuple[Oid, Oid]]:
        """The policy mappings, from the issuer's policy to the subject's."""
        found = self.extension(POLICY_MAPPINGS)
        out = []
        if found is not None:
            reader = Der(found.value).inside()
            while reader:
                pair = reader.inside()
                out.append((pair.oid(), pair.oid()))
        return out

    @cached_property
    def policy_limits(self) -> tuple[int | None, int | None, int | None]:
        """After how many certificates policies must be explicit, unmapped, and not any."""
        value, inhibit = self.value(POLICY_CONSTRAINTS), self.value(INHIBIT_ANY)
        return (
            value.require_explicit_policy if value else None,
            value.inhibit_policy_mapping if value else None,
            inhibit.skip_certs if inhibit else None,
        )

    @cached_property
    def unhandled(self) -> list[Oid]:
        """The critical extensions that nothing here can honour."""
        out = []
        for found in self.extensions:
            if not found.critical:
                continue
            if found.oid == ALT_NAMES:
                handled = bool(self.names)
            elif found.oid == NAME_CONSTRAINTS:
                handled = not any(c.others for c in self.constraints)
            else:
                handled = found.oid in _HANDLED
            if not handled:
                out.append(found.oid)
        return out


@dataclass(frozen=True, slots=True)
class AltNames:
    """General names by kind, as far as Go knows them; ``others`` counts the rest."""

    dns: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[Any, ...] = ()
    uris: tuple[str, ...] = ()
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.dns or self.emails or self.addresses or self.uris)

    @classmethod
    def of(cls, names: Any) -> AltNames:
        """The names of an extension, or of a list of subtrees."""
        kinds: dict[type[Any], list[Any]] = {
            x509.DNSName: [],
            x509.RFC822Name: [],
            x509.IPAddress: [],
            x509.UniformResourceIdentifier: [],
        }
        others = 0
        for name in names or ():
            if type(name) in kinds:
                kinds[type(name)].append(name.value)
            else:
                others += 1
        return cls(*map(tuple, kinds.values()), others)


def _arcs(oid: ObjectIdentifier) -> Oid:
    return tuple(map(int, oid.dotted_string.split(".")))


# -- Reading ---------------------------------------------------------------------------------


def parse_all(der: bytes) -> list[Certificate]:
    """The certificates in a row of them. Raises BuiltinError."""
    reader = Der(der)
    out = []
    while reader:
        try:
            out.append(parse(reader.element(SEQUENCE)))
        except ValueError as error:
            raise BuiltinError(f"x509: malformed certificate: {error}") from None
    return out


def parse(der: bytes) -> Certificate:
    """The certificate. Raises ValueError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        loaded = x509.load_der_x509_certificate(der)
    body = Der(loaded.tbs_certificate_bytes).inside()
    if body.peek() == 0xA0:
        body.any()
    body.any()  # serial number
    body.any()  # signature algorithm
    issuer = body.element(SEQUENCE)
    body.any()  # validity
    subject = body.element(SEQUENCE)
    key_info = body.element(SEQUENCE)
    extensions: tuple[Extension, ...] = ()
    while body:
        tag, _, contents = body.any()
        if tag == 0xA3:
            extensions = tuple(_extensions(Der(contents).inside()))
    out = Certificate(loaded, der, issuer, subject, key_info, extensions, _public_key(loaded))
    _name(issuer)
    _name(subject)
    _check_extensions(out)
    return out


def _extensions(reader: Der) -> list[Extension]:
    out = []
    while reader:
        item = reader.inside()
        oid = item.oid()
        critical = item.peek() == 0x01 and item.any()[2] == b"\xff"
        out.append(Extension(oid, critical, item.contents(OCTET_STRING)))
    return out


def _check_extensions(cert: Certificate) -> None:
    """Decode everything once: an extension that is malformed spoils the certificate."""
    for found in cert.extensions:
        if found.critical and found.oid in (AUTHORITY_KEY, SUBJECT_KEY, AUTHORITY_INFO):
            raise ValueError("extension incorrectly marked critical")
    for uri in cert.names.uris:
        url(uri)
    for part in ("constraints", "key_usage", "usages", "authority", "policies", "mappings"):
        getattr(cert, part)
    _ = cert.policy_limits


def _public_key(loaded: Any) -> Any:
    """The key; None for a kind that Go does not know. Raises ValueError."""
    if loaded.public_key_algorithm_oid.dotted_string not in _PUBLIC_KEYS:
        return None
    try:
        key = loaded.public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        raise ValueError("unsupported elliptic curve")
    return key


# -- As JSON ---------------------------------------------------------------------------------


def _b64(data: bytes) -> str:
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
        "Raw": _b64(cert.raw),
        "RawTBSCertificate": _b64(loaded.tbs_certificate_bytes),
        "RawSubjectPublicKeyInfo": _b64(cert.key_info),
        "RawSubject": _b64(cert.subject),
        "RawIssuer": _b64(cert.issuer),
        **_signed_json(loaded, cert.public_key),
        "Version": loaded.version.value + 1,
        "SerialNumber": loaded.serial_number,
        "Issuer": _name(cert.issuer),
        "Subject": _name(cert.subject),
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
        "SubjectKeyId": _b64(subject_key.digest) if subject_key else None,
        "AuthorityKeyId": _b64(issuer_key) if issuer_key is not None else None,
        **_links_json(cert),
        **_names_json(cert.names),
        **_constraints_json("Permitted", permitted),
        **_constraints_json("Excluded", excluded),
        "PermittedDNSDomainsCritical": _critical(cert, NAME_CONSTRAINTS),
        "PolicyIdentifiers": _or_null(map(list, cert.policies)),
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


def _critical(cert: Certificate, oid: Oid) -> bool:
    found = cert.extension(oid)
    return found is not None and found.critical


def _signed_json(loaded: Any, key: Any) -> dict[str, Any]:
    return {
        "Signature": _b64(loaded.signature),
        "SignatureAlgorithm": signature_number(loaded),
        "PublicKeyAlgorithm": _PUBLIC_KEYS.get(loaded.public_key_algorithm_oid.dotted_string, 0),
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
    return _PSS_SALTS.get((digest, parameters._salt_length), 0)


def public_key_json(key: Any) -> Any:
    """A public key as Go writes it."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"N": numbers.n, "E": numbers.e}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return {"Curve": {}, "X": point.x, "Y": point.y}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _b64(key.public_bytes(Encoding.Raw, PublicFormat.Raw))
    if isinstance(key, dsa.DSAPublicKey):
        public = key.public_numbers()
        group = public.parameter_numbers
        return {"P": group.p, "Q": group.q, "G": group.g, "Y": public.y}
    return None


def _extensions_json(extensions: tuple[Extension, ...]) -> dict[str, Any]:
    return {
        "Extensions": _or_null(
            {"Id": list(e.oid), "Critical": e.critical, "Value": _b64(e.value)} for e in extensions
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
        "IPAddresses": _or_null(map(str, names.addresses)),
        "URIs": _or_null(map(url, names.uris)),
    }


def _constraints_json(which: str, names: AltNames) -> dict[str, Any]:
    return {
        f"{which}DNSDomains": _or_null(names.dns),
        f"{which}EmailAddresses": _or_null(names.emails),
        f"{which}URIDomains": _or_null(names.uris),
        f"{which}IPRanges": _or_null(
            {"IP": str(net.network_address), "Mask": _b64(net.netmask.packed)}
            for net in names.addresses
        ),
    }


_LISTS = {
    (2, 5, 4, 6): "Country",
    (2, 5, 4, 10): "Organization",
    (2, 5, 4, 11): "OrganizationalUnit",
    (2, 5, 4, 7): "Locality",
    (2, 5, 4, 8): "Province",
    (2, 5, 4, 9): "StreetAddress",
    (2, 5, 4, 17): "PostalCode",
}
_ENCODINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1E: "utf-16-be",
}


def _name(raw: bytes) -> dict[str, Any]:
    """A distinguished name as Go's ``pkix.Name``. Raises ValueError."""
    attributes: list[Any] = []
    out: dict[str, Any] = dict.fromkeys(_LISTS.values())
    out |= {"SerialNumber": "", "CommonName": "", "ExtraNames": None}
    sets = Der(raw).inside()
    while sets:
        relative = sets.inside(SET)
        while relative:
            pair = relative.inside()
            oid = pair.oid()
            tag, _, contents = pair.any()
            if tag not in _ENCODINGS:
                raise ValueError("invalid attribute value: unsupported string type")
            text = contents.decode(_ENCODINGS[tag])
            attributes.append({"Type": list(oid), "Value": text})
            if oid in _LISTS:
                name = _LISTS[oid]
                out[name] = [*(out[name] or ()), text]
            elif oid == (2, 5, 4, 3):
                out["CommonName"] = text
            elif oid == (2, 5, 4, 5):
                out["SerialNumber"] = text
    out["Names"] = _or_null(attributes)
    return out


# -- URLs ------------------------------------------------------------------------------------

_PATH = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~$&+,/:;=@")
_FRAGMENT = _PATH | frozenset(b"!()*?")


def _escaped(text: str, plain: frozenset[int]) -> str:
    return "".join(chr(b) if b in plain else f"%{b:02X}" for b in to_bytes(text))


def url(text: str) -> dict[str, Any]:
    """A URL as Go's ``url.URL``. Raises ValueError for what is none."""
    out: dict[str, Any] = dict.fromkeys(
        ("Scheme", "Opaque", "Host", "Path", "RawPath", "RawQuery", "Fragment", "RawFragment"), ""
    )
    out |= {"User": None, "ForceQuery": False, "OmitHost": False}
    if any(c <= " " or c >= "\x7f" for c in text):
        raise ValueError("cannot parse URI: invalid character")
    try:
        rest, _, fragment = text.partition("#")
        out["Fragment"] = unescape(fragment, plus=False)
        if _escaped(out["Fragment"], _FRAGMENT) != fragment:
            out["RawFragment"] = fragment
        head, colon, tail = rest.partition(":")
        if colon and head[:1].isalpha() and head.replace("+", "").replace("-", "").replace(
            ".", ""
        ).isalnum():
            out["Scheme"], rest = head.lower(), tail
        elif colon and "/" not in head and "?" not in head:
            raise ValueError("cannot parse URI: missing protocol scheme")
        rest, asked, out["RawQuery"] = rest.partition("?")
        out["ForceQuery"] = bool(asked) and not out["RawQuery"]
        if out["Scheme"] and rest and not rest.startswith("/"):
            out["Opaque"] = rest
            return out
        if rest.startswith("//") and (out["Scheme"] or not rest.startswith("///")):
            authority, slash, path = rest[2:].partition("/")
            user, at, out["Host"] = authority.rpartition("@")
            rest = slash + path
            if at:
                unescape(user, plus=False)
                out["User"] = {}  # its fields are private in Go
        elif out["Scheme"] and rest.startswith("/"):
            out["OmitHost"] = True
        out["Path"] = unescape(rest, plus=False)
        if _escaped(out["Path"], _PATH) != rest:
            out["RawPath"] = rest
    except BuiltinError as error:
        raise ValueError(f"cannot parse URI: {error.message}") from None
    return out


def url_text(text: str) -> str:
    """The text of a URL as Go writes it again."""
    head, colon, rest = text.partition(":")
    return head.lower() + colon + rest.removesuffix("#")


# -- Requests --------------------------------------------------------------------------------


def request_json(der: bytes) -> dict[str, Any]:
    """A certificate request as Go's ``json.Marshal`` writes it. Raises BuiltinError."""
    try:
        loaded = x509.load_der_x509_csr(der)
        body = Der(loaded.tbs_certrequest_bytes).inside()
        version = int.from_bytes(body.contents(INTEGER), "big")
        subject, key_info = body.element(SEQUENCE), body.element(SEQUENCE)
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
                extensions += _extensions(pair.inside(SET).inside())
        names = AltNames()
        if any(e.oid == ALT_NAMES for e in extensions):
            found = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            names = AltNames.of(found.value)
        return {
            "Raw": _b64(der),
            "RawTBSCertificateRequest": _b64(loaded.tbs_certrequest_bytes),
            "RawSubjectPublicKeyInfo": _b64(key_info),
            "RawSubject": _b64(subject),
            "Version": version,
            **_signed_json(_WithKeyOid(loaded, key_info), _request_key(loaded, key_info)),
            "Subject": _name(subject),
            "Attributes": _or_null(parsed),
            **_extensions_json(tuple(extensions)),
            **_names_json(names),
        }
    except ValueError as error:
        raise BuiltinError(f"asn1: structure error: {error}") from None
