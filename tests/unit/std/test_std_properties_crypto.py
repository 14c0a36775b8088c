"""Hashes, codes and tokens against ``cryptography``, RFC 2104 as it is written, and ``json``."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from hypothesis import given
from hypothesis import strategies as st

from regolive.values import dumps

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
long_texts = st.builds(lambda t, n: t * n, texts, st.integers(0, 40))

MD5, SHA1, SHA256 = hashes.MD5(), hashes.SHA1(), hashes.SHA256()
SHA384, SHA512 = hashes.SHA384(), hashes.SHA512()


def _hash(algorithm: HashAlgorithm, data: bytes) -> bytes:
    state = hashes.Hash(algorithm)
    state.update(data)
    return state.finalize()


def _rfc2104(algorithm: HashAlgorithm, block: int, key: bytes, data: bytes) -> bytes:
    """H(K XOR opad, H(K XOR ipad, text)), as RFC 2104 has it."""
    if len(key) > block:
        key = _hash(algorithm, key)
    key = key.ljust(block, b"\0")
    inner = _hash(algorithm, bytes(b ^ 0x36 for b in key) + data)
    return _hash(algorithm, bytes(b ^ 0x5C for b in key) + inner)


@given(long_texts)
def test_hashes(call: Any, text: str) -> None:
    data = text.encode()
    assert call("crypto.md5", text) == _hash(MD5, data).hex()
    assert call("crypto.sha1", text) == _hash(SHA1, data).hex()
    assert call("crypto.sha256", text) == _hash(SHA256, data).hex()


@given(long_texts, long_texts)
def test_codes_are_those_of_rfc_2104(call: Any, text: str, key: str) -> None:
    for name, algorithm, block in (
        ("md5", MD5, 64),
        ("sha1", SHA1, 64),
        ("sha256", SHA256, 64),
        ("sha512", SHA512, 128),
    ):
        expected = _rfc2104(algorithm, block, key.encode(), text.encode()).hex()
        assert call(f"crypto.hmac.{name}", text, key) == expected


@given(texts, texts)
def test_codes_are_equal_as_texts_are(call: Any, a: str, b: str) -> None:
    assert call("crypto.hmac.equal", a, b) == (a == b)
    assert call("crypto.hmac.equal", a, "".join(list(a)))
    assert not call("crypto.hmac.equal", a, a + "x")


# -- Tokens ----------------------------------------------------------------------------------

scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.integers().map(lambda n: n / 8)
)
documents = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
claims = st.dictionaries(
    texts.filter(lambda k: k not in ("exp", "nbf", "aud", "iss")), documents, max_size=4
)
ALGORITHMS = {"HS256": SHA256, "HS384": SHA384, "HS512": SHA512}
algorithms = st.sampled_from(sorted(ALGORITHMS))


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unpart(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _code(alg: str, secret: str, message: str) -> hmac.HMAC:
    state = hmac.HMAC(secret.encode(), ALGORITHMS[alg])
    state.update(message.encode())
    return state


def _token(alg: str, secret: str, payload: Any) -> str:
    """A token put together by hand."""
    header = json.dumps({"typ": "JWT", "alg": alg}).encode()
    message = f"{_part(header)}.{_part(json.dumps(payload).encode())}"
    return f"{message}.{_part(_code(alg, secret, message).finalize())}"


@given(algorithms, texts.filter(bool), claims)
def test_tokens_made_by_hand_are_taken(
    call: Any, alg: str, secret: str, payload: dict[str, Any]
) -> None:
    token = _token(alg, secret, payload)
    header = {"typ": "JWT", "alg": alg}
    assert call(f"io.jwt.verify_{alg.lower()}", token, secret)
    assert call("io.jwt.decode_verify", token, {"secret": secret}) == [True, header, payload]
    signature = _unpart(token.split(".")[2]).hex()
    assert call("io.jwt.decode", token) == [header, payload, signature]


@given(algorithms, texts.filter(bool), claims)
def test_tokens_made_here_are_taken_by_hand(
    call: Any, alg: str, secret: str, payload: dict[str, Any]
) -> None:
    jwk = {"kty": "oct", "k": _part(secret.encode())}
    token = call("io.jwt.encode_sign", {"alg": alg, "typ": "JWT"}, payload, jwk)
    head, body, tail = token.split(".")
    assert json.loads(_unpart(head)) == {"alg": alg, "typ": "JWT"}
    assert json.loads(_unpart(body)) == json.loads(dumps(payload))
    _code(alg, secret, f"{head}.{body}").verify(_unpart(tail))


@given(algorithms, texts.filter(bool), claims, st.integers(0), st.integers(1, 255))
def test_one_bit_makes_the_difference(
    call: Any, alg: str, secret: str, payload: dict[str, Any], at: int, mask: int
) -> None:
    head, body, tail = _token(alg, secret, payload).split(".")
    code = bytearray(_unpart(tail))
    code[at % len(code)] ^= mask
    assert not call(f"io.jwt.verify_{alg.lower()}", f"{head}.{body}.{_part(bytes(code))}", secret)
    assert not call(f"io.jwt.verify_{alg.lower()}", f"{head}.{body}.{tail}", secret + "x")


@given(algorithms, texts.filter(bool), texts.filter(bool), claims)
def test_the_secret_makes_the_difference(
    call: Any, alg: str, secret: str, other: str, payload: dict[str, Any]
) -> None:
    token = _token(alg, secret, payload)
    head, body, tail = token.split(".")
    try:
        _code(alg, other, f"{head}.{body}").verify(_unpart(tail))
    except InvalidSignature:
        expected = False
    else:
        expected = True
    assert call("io.jwt.decode_verify", token, {"secret": other})[0] is expected


@given(
    st.none() | st.integers(0, 20), st.none() | st.integers(0, 20), st.integers(0, 20), algorithms
)
def test_tokens_hold_from_nbf_until_exp(
    call: Any, exp: int | None, nbf: int | None, now: int, alg: str
) -> None:
    """RFC 7519: not on or after ``exp``; not before ``nbf``."""
    payload = {k: v for k, v in (("exp", exp), ("nbf", nbf)) if v is not None}
    token = _token(alg, "secret", payload)
    expected = (exp is None or now < exp) and (nbf is None or nbf <= now)
    asked = {"secret": "secret", "time": now * 10**9}
    assert call("io.jwt.decode_verify", token, asked)[0] is expected
