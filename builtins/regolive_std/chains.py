"""Certificate chains, verified under the rules of Go's ``Certificate.Verify``.

Go takes the given root as a trust anchor and asks for less than the web's profile does (no
minimal key sizes, Ed25519, roots of version 1), so cryptography's own verifier would refuse
chains that OPA accepts. Path building and the checks on fields (RFC 5280, section 6) are here;
every signature is checked by cryptography.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from regolive_std.certificates import (
    ALT_NAMES,
    AUTHORITY_KEY,
    BASIC_CONSTRAINTS,
    NAME_CONSTRAINTS,
    SUBJECT_KEY,
    Certificate,
    Oid,
    address,
    domain_valid,
    plain_address,
)
from regolive_std.certificates_json import signature_number
from regolive_std.gourl import parse_url
from regolive_std.mailbox import parse_mailbox

# Go's bound on the work that one leaf can cause.
MAX_CANDIDATES = 100

_ANY_POLICY: Oid = (2, 5, 29, 32, 0)
_CERT_SIGN = 1 << 5
_ANY_USAGE, _SERVER_AUTH = 0, 1
# Go's numbers of the signature algorithms that it trusts in chains: no MD5, no SHA-1, no DSA.
_TRUSTED = frozenset((4, 5, 6, 10, 11, 12, 13, 14, 15, 16))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotVerified(Exception):
    """The chain does not hold; the text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a chain is verified for. ``time_ns``: nanoseconds since the epoch."""

    time_ns: int
    dns_name: str = ""
    usages: tuple[int, ...] = ()


def verify(certificates: Sequence[Certificate], options: Options) -> list[Certificate]:
    """The chain from the last certificate (the leaf) to the first (the root).

    What lies between are intermediates, needed or not. Raises NotVerified.
    """
    if len(certificates) < 2:
        raise NotVerified("must supply at least two certificates to be able to verify")
    root, leaf = certificates[0], certificates[-1]
    _check_validity(leaf, [], options, intermediate=False)
    if options.dns_name:
        _check_host(leaf, options.dns_name)
    if root.raw == leaf.raw:
        chains: Iterator[list[Certificate]] = iter([[leaf]])
    else:
        pool = list({c.raw: c for c in certificates[1:-1]}.values())
        chains = _Builder(root, pool, options).chains([leaf])
    reason = "certificate signed by unknown authority"
    for chain in chains:
        if not _policies_hold(chain):
            reason = "candidate chain with invalid policies"
        elif not _usages_hold(chain, options.usages):
            reason = "certificate specifies an incompatible key usage"
        else:
            try:
                _check_names(chain)
            except NotVerified as error:
                reason = str(error)
            else:
                return chain
    raise NotVerified(reason)


# -- Paths -----------------------------------------------------------------------------------


class _Builder:
    """Finds the paths from a leaf to the root, with a bound on the signatures looked at."""

    def __init__(self, root: Certificate, pool: list[Certificate], options: Options) -> None:
        self.root = root
        self.pool = pool
        self.options = options
        self.candidates = 0

    def chains(self, chain: list[Certificate]) -> Iterator[list[Certificate]]:
        """The paths that continue a chain, those through the root first."""
        child = chain[-1]
        for parent in _by_key(child, [self.root]):
            if self._may_continue(chain, parent, intermediate=False):
                yield [*chain, parent]
        for parent in _by_key(child, self.pool):
            if self._may_continue(chain, parent, intermediate=True):
                yield from self.chains([*chain, parent])

    def _may_continue(
        self, chain: list[Certificate], parent: Certificate, *, intermediate: bool
    ) -> bool:
        self.candidates += 1
        if self.candidates > MAX_CANDIDATES or parent.public_key is None:
            return False
        if any(_same_entity(parent, c) for c in chain) or not _signed_by(chain[-1], parent):
            return False
        try:
            _check_validity(parent, chain, self.options, intermediate=intermediate)
        except NotVerified:
            return False
        return True


def _by_key(child: Certificate, pool: list[Certificate]) -> list[Certificate]:
    """The possible issuers, those first whose key is the one that the child names."""
    wanted = _key_identifier(child, AUTHORITY_KEY, "key_identifier")

    def rank(parent: Certificate) -> int:
        key = _key_identifier(parent, SUBJECT_KEY, "digest")
        if key == wanted:
            return 0
        return 2 if key and wanted else 1

    return sorted((p for p in pool if p.subject == child.issuer), key=rank)


def _key_identifier(cert: Certificate, oid: Oid, attribute: str) -> bytes:
    return getattr(cert.value(oid), attribute, None) or b""


def _same_entity(one: Certificate, other: Certificate) -> bool:
    if one.subject != other.subject or one.key_info != other.key_info:
        return False
    names, others = one.extension(ALT_NAMES), other.extension(ALT_NAMES)
    return (names.value if names else None) == (others.value if others else None)


def _signed_by(child: Certificate, parent: Certificate) -> bool:
    basic = parent.extension(BASIC_CONSTRAINTS) is not None
    version = parent.loaded.version.value + 1
    if (version == 3 and not basic) or (basic and not parent.authority[0]):
        return False
    if parent.key_usage and not parent.key_usage & _CERT_SIGN:
        return False
    if signature_number(child.loaded) not in _TRUSTED:
        return False
    try:
        child.loaded.verify_directly_issued_by(parent.loaded)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return True


def _check_validity(
    cert: Certificate, chain: list[Certificate], options: Options, *, intermediate: bool
) -> None:
    if cert.unhandled:
        raise NotVerified("unhandled critical extension")
    loaded = cert.loaded
    if options.time_ns < _ns(loaded.not_valid_before_utc):
        raise NotVerified("certificate is not yet valid")
    if options.time_ns > _ns(loaded.not_valid_after_utc):
        raise NotVerified("certificate has expired")
    ca, path_length = cert.authority
    if intermediate and not ca:
        raise NotVerified("certificate is not authorized to sign other certificates")
    if path_length is not None and len(chain) - 1 > path_length:
        raise NotVerified("too many intermediates for path length constraint")


def _ns(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(seconds=1) * 1_000_000_000


# -- Usages and policies ---------------------------------------------------------------------


def _usages_hold(chain: list[Certificate], asked: Sequence[int]) -> bool:
    """Whether some usage asked for is allowed all the way down."""
    left = set(asked or (_SERVER_AUTH,))
    if _ANY_USAGE in left:
        return True
    for cert in reversed(chain):
        known, unknown = cert.usages
        if (known or unknown) and _ANY_USAGE not in known:
            left.intersection_update(known)
            if not left:
                return False
    return True


def _policies_hold(chain: list[Certificate]) -> bool:
    """Policy processing of RFC 5280, 6.1, with every policy acceptable to begin with.

    Only the deepest level of the policy tree is kept: with any policy acceptable, a policy is
    valid exactly when that level is not empty.
    """
    depth = len(chain) - 1
    if depth == 0:
        return True
    level: dict[Oid, set[Oid]] | None = {_ANY_POLICY: {_ANY_POLICY}}
    explicit = unmapped = inhibit = depth + 1
    for at in range(depth - 1, -1, -1):
        cert = chain[at]
        own = cert.issuer == cert.subject
        if not cert.policies:
            level = None
        if explicit == 0 and level is None:
            return False
        if level is not None:
            level = _next_level(level, cert, any_allowed=inhibit > 0 or (at > 0 and own))
            if at:
                for issuer, subject in cert.mappings:
                    if unmapped > 0 and _ANY_POLICY in (issuer, subject):
                        return False
                _map_policies(level, cert.mappings, allowed=unmapped > 0)
        if at:
            if not own:
                explicit, unmapped, inhibit = (max(n - 1, 0) for n in (explicit, unmapped, inhibit))
            limits = cert.policy_limits
            explicit, unmapped, inhibit = (
                n if limit is None else min(n, limit)
                for n, limit in zip((explicit, unmapped, inhibit), limits, strict=True)
            )
    explicit = max(explicit - 1, 0)
    if chain[0].policy_limits[0] == 0:
        explicit = 0
    return explicit > 0 or bool(level)


def _next_level(
    level: dict[Oid, set[Oid]], cert: Certificate, *, any_allowed: bool
) -> dict[Oid, set[Oid]]:
    expected: set[Oid] = set().union(*level.values())
    out: dict[Oid, set[Oid]] = {}
    for policy in cert.policies:
        if policy != _ANY_POLICY and (policy in expected or _ANY_POLICY in level):
            out[policy] = {policy}
    if _ANY_POLICY in cert.policies and any_allowed:
        for policy in expected - out.keys():
            out[policy] = {policy}
    return out


def _map_policies(
    level: dict[Oid, set[Oid]], mappings: list[tuple[Oid, Oid]], *, allowed: bool
) -> None:
    mapped: dict[Oid, set[Oid]] = {}
    for issuer, subject in mappings:
        if allowed:
            mapped.setdefault(issuer, set()).add(subject)
        else:
            level.pop(issuer, None)
    for issuer, subjects in mapped.items():
        if issuer in level or _ANY_POLICY in level:
            level[issuer] = subjects


# -- Names -----------------------------------------------------------------------------------


def _check_host(cert: Certificate, host: str) -> None:
    bare = host[1:-1] if len(host) >= 3 and host[0] == "[" and host[-1] == "]" else host
    ip = address(bare)
    if ip is not None:
        if any(ip == plain_address(a) for a in cert.names.addresses):
            return
        raise NotVerified(f"certificate is not valid for {bare}")
    name = _lower(host)
    parts = name.removesuffix(".").split(".")
    usable = _host_like(name.removesuffix("."), pattern=False)
    for pattern in map(_lower, cert.names.dns):
        if usable and _host_like(pattern, pattern=True):
            wanted = pattern.split(".")
            if len(wanted) == len(parts) and all(
                w == p or (i == 0 and w == "*")
                for i, (w, p) in enumerate(zip(wanted, parts, strict=True))
            ):
                return
        elif pattern == name and name not in ("", "."):
            return
    raise NotVerified(f"certificate is not valid for {host}")


def _lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def _host_like(host: str, *, pattern: bool) -> bool:
    labels = host.split(".")
    if host == "*" or not all(labels):
        return False
    if pattern and labels[0] == "*":
        labels = labels[1:]
    return all(label[0] != "-" and set(label) <= _HOST_CHARACTERS for label in labels)


def _check_names(chain: list[Certificate]) -> None:
    """Name constraints: each certificate's names against all authorities above it."""
    constrained = [c.extension(NAME_CONSTRAINTS) is not None for c in chain]
    for at, cert in enumerate(chain):
        above = [c for c, has in zip(chain[at + 1 :], constrained[at + 1 :], strict=True) if has]
        if cert.extension(ALT_NAMES) is None or not above:
            continue
        names = cert.names
        hosts = [_uri_host(uri) for uri in names.uris]
        mailboxes = []
        for email in names.emails:
            mailbox = parse_mailbox(email)
            if mailbox is None:
                raise NotVerified(f"cannot parse rfc822Name {email}")
            mailboxes.append((mailbox[0], mailbox[1].lower()))
        for text in (*names.dns, *hosts, *(domain for _, domain in mailboxes)):
            if not domain_valid(text):
                raise NotVerified(f"cannot parse name {text}")
        for authority in above:
            permitted, excluded = authority.constraints
            for sort, found in (
                ("addresses", names.addresses),
                ("dns", names.dns),
                ("uris", hosts),
                ("emails", mailboxes),
            ):
                wanted, banned = getattr(permitted, sort), getattr(excluded, sort)
                for name in found:
                    if wanted and not any(_within(sort, name, w) for w in wanted):
                        raise NotVerified(f"{name} is not permitted by any constraint")
                    if any(_within(sort, name, b, excluding=True) for b in banned):
                        raise NotVerified(f"{name} is excluded by a constraint")


def _within(sort: str, name: Any, constraint: Any, *, excluding: bool = False) -> bool:
    if sort == "addresses":
        return name.version == constraint.version and name in constraint
    if sort == "emails":
        if "@" in constraint:
            mailbox = parse_mailbox(constraint)
            return mailbox is not None and name == (mailbox[0], mailbox[1].lower())
        name = name[1]
    name, constraint = _lower(name), _lower(constraint)
    if not constraint or name == constraint:
        return True
    if name.endswith(constraint if constraint[0] == "." else "." + constraint):
        return True
    # A wildcard reaches what is excluded if one of the names it stands for does.
    _, dot, parent = constraint.partition(".")
    return bool(excluding and dot and name[:1] == "*" and name.partition(".")[2] == parent)


def _uri_host(uri: str) -> str:
    host: str = parse_url(uri)["Host"].lower()
    if not host:
        raise NotVerified(f"URI with empty host ({uri}) cannot be matched against constraints")
    if ":" in host and not host.endswith("]"):
        host = host.rpartition(":")[0].removeprefix("[").removesuffix("]")
    if host.startswith("[") or address(host) is not None:
        raise NotVerified(f"URI with IP ({uri}) cannot be matched against constraints")
    return host
