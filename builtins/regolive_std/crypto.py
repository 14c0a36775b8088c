"""Hashes and message authentication codes, in hexadecimal."""

from __future__ import annotations

import hashlib
import hmac

from regolive_std._declare import std
from regolive_std.text import to_bytes


@std("crypto.md5", result_name="y")
def crypto_md5(x: str) -> str:
    """The MD5 hash of a string.

    Example:
        >>> crypto.md5("abc")
        "900150983cd24fb0d6963f7d28e17f72"
    """
    return hashlib.md5(to_bytes(x), usedforsecurity=False).hexdigest()


@std("crypto.sha1", result_name="y")
def crypto_sha1(x: str) -> str:
    """The SHA-1 hash of a string.

    Example:
        >>> crypto.sha1("abc")
        "a9993e364706816aba3e25717850c26c9cd0d89d"
    """
    return hashlib.sha1(to_bytes(x), usedforsecurity=False).hexdigest()


@std("crypto.sha256", result_name="y")
def crypto_sha256(x: str) -> str:
    """The SHA-256 hash of a string.

    Example:
        >>> crypto.sha256("abc")
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    """
    return hashlib.sha256(to_bytes(x)).hexdigest()


def _hmac(x: str, key: str, algorithm: str) -> str:
    return hmac.digest(to_bytes(key), to_bytes(x), algorithm).hex()


@std("crypto.hmac.md5", result_name="y")
def crypto_hmac_md5(x: str, key: str) -> str:
    """The HMAC of a string with MD5.

    Example:
        >>> crypto.hmac.md5("message", "key")
        "4e4748e62b463521f6775fbf921234b5"
    """
    return _hmac(x, key, "md5")


@std("crypto.hmac.sha1", result_name="y")
def crypto_hmac_sha1(x: str, key: str) -> str:
    """The HMAC of a string with SHA-1.

    Example:
        >>> crypto.hmac.sha1("message", "key")
        "2088df74d5f2146b48146caf4965377e9d0be3a4"
    """
    return _hmac(x, key, "sha1")


@std("crypto.hmac.sha256", result_name="y")
def crypto_hmac_sha256(x: str, key: str) -> str:
    """The HMAC of a string with SHA-256.

    Example:
        >>> crypto.hmac.sha256("message", "key")
        "6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a"
    """
    return _hmac(x, key, "sha256")


@std("crypto.hmac.sha512", result_name="y")
def crypto_hmac_sha512(x: str, key: str) -> str:
    """The HMAC of a string with SHA-512.

    Example:
        >>> substring(crypto.hmac.sha512("message", "key"), 0, 16)
        "e477384d7ca229dd"
    """
    return _hmac(x, key, "sha512")


@std("crypto.hmac.equal", result_name="result")
def crypto_hmac_equal(mac1: str, mac2: str) -> bool:
    """Whether two codes are the same, in a time that does not tell where they differ.

    Example:
        >>> crypto.hmac.equal("a1", "a1")
        true
        >>> crypto.hmac.equal("a1", "a2")
        false
    """
    return hmac.compare_digest(to_bytes(mac1), to_bytes(mac2))
