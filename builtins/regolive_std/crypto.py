"""Hashes and message authentication codes, in hexadecimal."""

from __future__ import annotations

import hashlib
import hmac

from regolive_std._declare import std
from regolive_std.text import to_bytes


@std("crypto.md5", result_name="y")
def crypto_md5(x: str) -> str:
    """The MD5 hash of a string."""
    return hashlib.md5(to_bytes(x), usedforsecurity=False).hexdigest()


@std("crypto.sha1", result_name="y")
def crypto_sha1(x: str) -> str:
    """The SHA-1 hash of a string."""
    return hashlib.sha1(to_bytes(x), usedforsecurity=False).hexdigest()


@std("crypto.sha256", result_name="y")
def crypto_sha256(x: str) -> str:
    """The SHA-256 hash of a string."""
    return hashlib.sha256(to_bytes(x)).hexdigest()


def _hmac(x: str, key: str, algorithm: str) -> str:
    return hmac.digest(to_bytes(key), to_bytes(x), algorithm).hex()


@std("crypto.hmac.md5", result_name="y")
def crypto_hmac_md5(x: str, key: str) -> str:
    """The HMAC of a string with MD5."""
    return _hmac(x, key, "md5")


@std("crypto.hmac.sha1", result_name="y")
def crypto_hmac_sha1(x: str, key: str) -> str:
    """The HMAC of a string with SHA-1."""
    return _hmac(x, key, "sha1")


@std("crypto.hmac.sha256", result_name="y")
def crypto_hmac_sha256(x: str, key: str) -> str:
    """The HMAC of a string with SHA-256."""
    return _hmac(x, key, "sha256")


@std("crypto.hmac.sha512", result_name="y")
def crypto_hmac_sha512(x: str, key: str) -> str:
    """The HMAC of a string with SHA-512."""
    return _hmac(x, key, "sha512")


@std("crypto.hmac.equal", result_name="result")
def crypto_hmac_equal(mac1: str, mac2: str) -> bool:
    """Whether two codes are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(to_bytes(mac1), to_bytes(mac2))
