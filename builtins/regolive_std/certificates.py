"""Certificates, with the fields that Go's ``crypto/x509`` gives them.

cryptography parses and refuses; what it does not hand out (the very bytes of names, of the key,
of extensions) is cut from the same DER.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ObjectIdentifier

from regolive import BuiltinError
from regolive_std.gourl import parse_url
from regolive_std.mailbox import parse_mailbox
from regolive_std.pem import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE, SET, Der

Oid = tuple[int, ...]

KEY_USAGE, BASIC_CONSTRAINTS, ALT_NAMES = (2, 5, 29, 15), (2, 5, 29, 19), (2, 5, 29, 17)
NAME_CONSTRAINTS, CRL_POINTS, AUTHORITY_KEY = (2, 5, 29, 30), (2, 5, 29, 31), (2, 5, 29, 35)
POLICY_CONSTRAINTS, EXTENDED_USAGE, SUBJECT_KEY = (2, 5, 29, 36), (2, 5, 29, 37), (2, 5, 29, 14)
POLICIES, POLICY_MAPPINGS, INHIBIT_ANY = (2, 5, 29, 32), (2, 5, 29, 33), (2, 5, 29, 54)
AUTHORITY_INFO = (1, 3, 6, 1, 5, 5, 7, 1, 1)

# A serial number of 0 is fine with Go. The filter is for calls out of this module only.
warnings.filterwarnings("ignore", "Parsed a serial number", module=re.escape(__name__))

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
PUBLIC_KEYS = {
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
    serial: int
    issuer: bytes
    subject: bytes
    key_info: bytes
    extensions: tuple[Extension, ...]
    public_key: Any

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
        dns, emails, addresses, uris = map(tuple, kinds.values())
        return cls(dns, emails, addresses, uris, others)


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
    try:
        return _parse(der)
    except REFUSED as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


# What cryptography raises besides ValueError.
REFUSED = (
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
    TypeError,
)


def _parse(der: bytes) -> Certificate:
    loaded = x509.load_der_x509_certificate(der)
    body = Der(loaded.tbs_certificate_bytes).inside()
    if body.peek() == 0xA0:
        body.any()
    serial = int.from_bytes(body.contents(INTEGER), "big", signed=True)
    if serial < 0:
        raise ValueError("negative serial number")
    outer = Der(der).inside()
    outer.any()  # all that is signed
    if body.any()[1] != outer.any()[1]:
        raise ValueError("inner and outer signature algorithm identifiers don't match")
    issuer = body.element(SEQUENCE)
    body.any()  # validity
    subject = body.element(SEQUENCE)
    key_info = body.element(SEQUENCE)
    extensions: tuple[Extension, ...] = ()
    while body:
        tag, _, contents = body.any()
        if tag == 0xA3:
            extensions = tuple(read_extensions(Der(contents).inside()))
    out = Certificate(
        loaded=loaded,
        raw=der,
        serial=serial,
        issuer=issuer,
        subject=subject,
        key_info=key_info,
        extensions=extensions,
        public_key=read_public_key(loaded, loaded.public_key_algorithm_oid.dotted_string),
    )
    name_json(issuer)
    name_json(subject)
    _check_extensions(out)
    return out


def read_extensions(reader: Der) -> list[Extension]:
    """The extensions in a sequence of them. Raises ValueError."""
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
    if cert.extensions:
        _ = cert._typed
    for uri in cert.names.uris:
        if not domain_valid(parse_url(uri)["Host"]):
            raise ValueError(f"cannot parse URI {uri}: invalid domain")
    for names in cert.constraints:
        emails = [e for e in names.emails if "@" not in e]
        for domain in (*names.dns, *names.uris, *emails):
            if not domain_valid(domain.removeprefix(".")):
                raise ValueError(f"failed to parse constraint {domain}")
        if any(address(domain) is not None for domain in names.uris):
            raise ValueError("failed to parse URI constraint: cannot be IP address")
        if any("@" in e and parse_mailbox(e) is None for e in names.emails):
            raise ValueError("failed to parse rfc822Name constraint")
    for part in ("constraints", "key_usage", "usages", "authority", "policies", "mappings"):
        getattr(cert, part)
    _ = cert.policy_limits


def domain_valid(name: str) -> bool:
    """Whether a name can stand for a host, as Go sees it."""
    return not name or all(
        label and len(label) <= 63 and all("!" <= c <= "~" for c in label)
        for label in name.split(".")
    )


def address(text: str) -> Any:
    """The IP address that a text is, or None. IPv4 in IPv6 is IPv4 to Go."""
    try:
        return plain_address(ip_address(text)) if "%" not in text else None
    except ValueError:
        return None


def plain_address(found: Any) -> Any:
    """An address without the form of IPv6 around one of IPv4."""
    return getattr(found, "ipv4_mapped", None) or found


def read_public_key(loaded: Any, algorithm: str) -> Any:
    """The key; None for a kind that Go does not know. Raises ValueError."""
    if algorithm not in PUBLIC_KEYS:
        return None
    try:
        key = loaded.public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    check_curve(key)
    return key


def check_curve(key: Any) -> None:
    """Raises ValueError for a key on a curve that Go does not have."""
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        raise ValueError("unsupported elliptic curve")


# -- Names -----------------------------------------------------------------------------------

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


def name_json(raw: bytes) -> dict[str, Any]:
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
    out["Names"] = attributes or None
    return out
